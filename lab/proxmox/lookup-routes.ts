import { clusterLevel, guestLevel, levelDigest, nodeLevel, ruleRows, type Level } from './firewall.ts';
import { flag, text, textOf } from './params.ts';
import { badParameter, failure } from './pve-error.ts';
import { get, guestOf, guestPath, guestTypes, nodeOf, onGuest, onRoot, onNode } from './route.ts';
import type { Call, Permission, Route } from './route.ts';

const objectName = { ...text, maxLength: 64, pattern: /^[A-Za-z][A-Za-z0-9\-_]+$/ };
const position = { pos: { type: 'integer', minimum: 0 } } as const;
const ROOT_AUDIT = onRoot('Sys.Audit');
type LevelOf = (call: Call) => Level;

/** Reading one thing by its name: firewall objects, disks, pools and generated files. */
export const lookupRoutes: readonly Route[] = [
  ...rule('/cluster/firewall', ROOT_AUDIT, ({ cluster }) => clusterLevel(cluster)),
  ...objects('/cluster/firewall', ROOT_AUDIT, ({ cluster }) => clusterLevel(cluster)),
  get(
    '/cluster/firewall/groups/{group}',
    ROOT_AUDIT,
    ({ cluster, values }) => {
      const level = clusterLevel(cluster);
      const group = level.groups.find((entry) => entry.group === values['group']);
      if (!group) throw failure(`no such security group '${String(values['group'])}'`);
      return ruleRows(group.rules, levelDigest(level));
    },
    { group: { ...objectName, maxLength: 18 } },
  ),
  ...rule('/nodes/{node}/firewall', onNode('Sys.Audit'), (call) => {
    nodeOf(call);
    return nodeLevel;
  }),
  ...guestTypes.flatMap((type) => {
    const at = guestPath(type, '/firewall');
    const levelOf = (call: Call) => guestLevel(call.cluster, guestOf(call, type));
    return [...rule(at, onGuest('VM.Audit'), levelOf), ...objects(at, onGuest('VM.Audit'), levelOf)];
  }),
  get('/nodes/{node}/disks/smart', ROOT_AUDIT, smart, {
    disk: { ...text, pattern: /^\/dev\/[a-zA-Z0-9/]+$/ },
    healthonly: flag,
  }),
  get('/nodes/{node}/disks/zfs/{name}', ROOT_AUDIT, pool),
  get(guestPath('qemu', '/cloudinit/dump'), onGuest('VM.Audit'), cloudInitFile, {
    type: { ...text, enum: ['user', 'network', 'meta'] },
  }),
];

function rule(at: string, permission: Permission, levelOf: LevelOf): Route[] {
  return [
    get(
      `${at}/rules/{pos}`,
      permission,
      (call) => {
        const level = levelOf(call);
        const row = ruleRows(level.rules, levelDigest(level))[Number(call.values['pos'])];
        if (!row) throw badParameter('pos', `no rule at position ${String(call.values['pos'])}`);
        return row;
      },
      position,
    ),
  ];
}

function objects(at: string, permission: Permission, levelOf: LevelOf): Route[] {
  const params = { name: objectName };
  return [
    get(
      `${at}/aliases/{name}`,
      permission,
      (call) => {
        const level = levelOf(call);
        const alias = level.aliases.find(({ name }) => name === call.values['name']);
        if (!alias) throw badParameter('name', 'no such alias');
        return { ...alias, digest: levelDigest(level) };
      },
      params,
    ),
    get(
      `${at}/ipset/{name}`,
      permission,
      (call) => {
        const level = levelOf(call);
        const set = level.sets.find(({ name }) => name === call.values['name']);
        if (!set) throw failure(`no such IPSet '${String(call.values['name'])}'`);
        return set.cidrs.map((cidr) => ({ cidr, digest: levelDigest(level) }));
      },
      params,
    ),
  ];
}

/** NVMe disks have no attribute table: their state comes as text. */
function smart(call: Call) {
  nodeOf(call);
  const index = ['/dev/nvme0n1', '/dev/nvme1n1'].indexOf(String(call.values['disk']));
  if (index < 0) throw failure(`disk '${String(call.values['disk'])}' not found`);
  if (call.values['healthonly'] === 1) return { health: 'PASSED' };
  return { health: 'PASSED', type: 'text', text: `Percentage Used: ${3 + index}%\n` };
}

function pool(call: Call) {
  nodeOf(call);
  const name = String(call.values['name']);
  if (name !== 'tank') throw failure(`cannot open '${name}': no such pool`);
  const fine = { state: 'ONLINE', read: 0, write: 0, cksum: 0, msg: '' };
  return {
    name,
    state: 'ONLINE',
    errors: 'No known data errors',
    children: [{ name, ...fine, leaf: 0, children: [{ name: 'nvme1n1', ...fine, leaf: 1 }] }],
  };
}

/** One of the files on the cloud-init drive, as it follows from the configuration. */
function cloudInitFile(call: Call): string {
  const guest = guestOf(call, 'qemu');
  const { config } = call.cluster.record(guest.vmid);
  switch (textOf(call.values, 'type')) {
    case 'user':
      return `#cloud-config\nhostname: ${guest.name}\nmanage_etc_hosts: true\n`;
    case 'meta':
      return `instance-id: ${call.cluster.digest(guest.vmid)}\n`;
    default: {
      const address = /ip=([^,]+)/.exec(String(config['ipconfig0'] ?? ''))?.[1];
      const subnet = address === undefined ? 'type: dhcp4' : `type: static\n      address: '${address}'`;
      return `version: 1\nconfig:\n  - type: physical\n    name: eth0\n    subnets:\n    - ${subnet}\n`;
    }
  }
}
