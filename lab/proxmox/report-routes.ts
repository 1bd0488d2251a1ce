import { createHash } from 'node:crypto';
import { VERSION } from './cluster-routes.ts';
import { metricsOf } from './metrics.ts';
import { flag, listOf, isOn, numberOf, optional, optionalText, vmid, type Param } from './params.ts';
import { get, guestOf, guestPath, nodeOf, onGuest, onNode, onRoot, type Call, type Route } from './route.ts';

const count: Param = { type: 'integer', optional: true, minimum: 0 };
const ROOT_AUDIT = onRoot('Sys.Audit');
const GiB = 2 ** 30;
const POOL_BYTES = 1_788 * GiB;

/** What can be read of nodes, hardware and accounts beside inventory and configuration. */
export const reportRoutes: readonly Route[] = [
  // Nobody of the lab has a second factor: the list holds only accounts that do.
  get('/access/tfa', 'all', () => []),
  get('/cluster/metrics/export', ROOT_AUDIT, metrics, {
    history: flag,
    'local-only': flag,
    'node-list': optionalText,
    'start-time': { type: 'integer', optional: true },
  }),
  get('/nodes/{node}/disks/zfs', ROOT_AUDIT, zfs),
  get('/nodes/{node}/scan/zfs', { path: '/storage', privileges: ['Datastore.Allocate'] }, (call) =>
    zfs(call).flatMap(({ name }) => [{ pool: name }, { pool: `${name}/archive` }]),
  ),
  get('/nodes/{node}/hardware/pci', { path: '/', privileges: ['Sys.Audit', 'Sys.Modify'], any: true }, pci, {
    'pci-class-blacklist': optionalText,
    verbose: flag,
  }),
  get('/nodes/{node}/hosts', ROOT_AUDIT, hosts),
  get('/nodes/{node}/journal', onNode('Sys.Syslog'), journal, {
    lastentries: count,
    since: count,
    until: count,
    startcursor: optionalText,
    endcursor: optionalText,
  }),
  get('/nodes/{node}/report', onNode('Sys.Audit'), report),
  get('/nodes/{node}/subscription', 'all', (call) => {
    nodeOf(call);
    return { status: 'notfound', message: 'There is no subscription key', url: 'https://www.proxmox.com/' };
  }),
  get(
    '/nodes/{node}/replication',
    'all',
    // The guests' disks are not on ZFS, so that nothing can be replicated.
    (call) => {
      nodeOf(call);
      return [];
    },
    { guest: optional(vmid) },
  ),
  get('/nodes/{node}/aplinfo', 'all', (call) => {
    nodeOf(call);
    return [appliance];
  }),
  get(
    '/nodes/{node}/capabilities/qemu/cpu',
    'all',
    (call) => {
      nodeOf(call);
      return cpuModels;
    },
    { arch: { ...optionalText, enum: ['x86_64', 'aarch64'] } },
  ),
  get(guestPath('qemu', '/cloudinit'), onGuest('VM.Audit'), cloudInit),
];

const cpuModels = [
  { name: 'host', vendor: 'default', custom: 0 },
  { name: 'kvm64', vendor: 'default', custom: 0 },
  { name: 'x86-64-v2-AES', vendor: 'default', custom: 0 },
  { name: 'x86-64-v3', vendor: 'default', custom: 0 },
  { name: 'EPYC-Milan', vendor: 'AuthenticAMD', custom: 0 },
];

/** The catalogue entry of the template that lies on every node's `local`. */
const appliance = {
  template: 'debian-12-standard_12.7-1_amd64.tar.zst',
  package: 'debian-12-standard',
  version: '12.7-1',
  os: 'debian-12',
  section: 'system',
  type: 'lxc',
  architecture: 'amd64',
  headline: 'Debian 12 Bookworm (standard)',
  description: 'A small Debian system.',
  infopage: 'https://pve.proxmox.com/wiki/Linux_Container',
  location: 'http://download.proxmox.com/images/system/debian-12-standard_12.7-1_amd64.tar.zst',
  source: 'http://download.proxmox.com/images',
  sha512sum: createHash('sha512').update('debian-12-standard_12.7-1_amd64').digest('hex'),
};

/** With `history` the last half hour in steps of ten seconds, newer than `start-time`; without it the present. */
function metrics({ cluster, values }: Call) {
  const STEP = 10;
  const SPAN = 30 * 60;
  const end = Math.floor(cluster.seconds() / STEP) * STEP;
  const from = Math.max(end - SPAN, numberOf(values, 'start-time') ?? 0);
  const wanted = listOf(values, 'node-list');
  const nodes = [...cluster.world.hosts.values()]
    .filter(({ online }) => online)
    .filter(({ name }) => !isOn(values, 'local-only') || name === cluster.localNode())
    .filter(({ name }) => wanted.length === 0 || wanted.includes(name));
  const data = nodes.flatMap((host) => {
    const now = metricsOf(cluster, host, end);
    if (!isOn(values, 'history')) return now;
    // The stand-in keeps no past: gauges stand still, and counters are as they are now.
    const times = Array.from({ length: SPAN / STEP }, (_, index) => end - index * STEP).reverse();
    return times
      .filter((timestamp) => timestamp > from)
      .flatMap((timestamp) => now.map((row) => ({ ...row, timestamp })));
  });
  return { data };
}

/** The pool on each node's second disk. */
function zfs(call: Call) {
  nodeOf(call);
  const alloc = Math.round(POOL_BYTES * 0.21);
  return [
    {
      name: 'tank',
      size: POOL_BYTES,
      alloc,
      free: POOL_BYTES - alloc,
      frag: 3,
      dedup: 1,
      health: 'ONLINE',
    },
  ];
}

function pci(call: Call) {
  nodeOf(call);
  const bare = [
    { id: '0000:01:00.0', class: '0x010802', vendor: '0x144d', device: '0xa80a', iommugroup: 12 },
    { id: '0000:02:00.0', class: '0x010802', vendor: '0x144d', device: '0xa80a', iommugroup: 13 },
    { id: '0000:03:00.0', class: '0x020000', vendor: '0x8086', device: '0x1572', iommugroup: 14 },
    { id: '0000:00:1f.0', class: '0x060100', vendor: '0x8086', device: '0xa30e', iommugroup: -1 },
  ];
  const given = call.values['pci-class-blacklist'];
  // Memory controllers, bridges and processors are left out unless asked for.
  const hidden = given === undefined ? ['05', '06', '0b'] : listOf(call.values, 'pci-class-blacklist');
  const vendors: Readonly<Record<string, string>> = { '0x144d': 'Samsung', '0x8086': 'Intel' };
  const rows = bare.filter((row) => !hidden.some((prefix) => row.class.startsWith(`0x${prefix}`)));
  if (call.values['verbose'] === 0) return rows;
  return rows.map((row) => ({ ...row, vendor_name: vendors[row.vendor] ?? '' }));
}

function hosts(call: Call) {
  nodeOf(call);
  const lines = [...call.cluster.world.hosts.values()].map(
    ({ ip, name }) => `${ip} ${name}.lab.internal ${name}`,
  );
  const data = ['127.0.0.1 localhost', ...lines, ''].join('\n');
  return { data, digest: createHash('sha1').update(data).digest('hex') };
}

/** Lines between two cursors: the first and the last entry are no lines but places to go on from. */
function journal(call: Call): string[] {
  const host = nodeOf(call);
  const { values, cluster } = call;
  const since = numberOf(values, 'since') ?? 0;
  const until = numberOf(values, 'until') ?? Infinity;
  const lines = cluster.tasks
    .list()
    .reverse() // a journal goes forward in time
    .filter((task) => task.node === host.name && task.starttime >= since && task.starttime <= until)
    .map(({ pid, upid }) => `${host.name} pvedaemon[${pid}]: starting task ${upid}`);
  const last = numberOf(values, 'lastentries') ?? lines.length;
  const cursor = (index: number) => `s=lab;i=${index.toString(16)};b=${host.name}`;
  const shown = last === 0 ? [] : lines.slice(-last);
  return [cursor(lines.length - shown.length), ...shown, cursor(lines.length)];
}

function report(call: Call): string {
  const host = nodeOf(call);
  const guests = [...call.cluster.world.guests.values()].filter((guest) => guest.host === host.name);
  return [
    '==== general system info ====',
    `# hostname\n${host.name}`,
    `# pveversion\npve-manager/${VERSION}`,
    '==== info about virtual guests ====',
    ...guests.map(({ type, vmid: id, name, status }) => `${type} ${id} ${name} ${status}`),
    '',
  ].join('\n');
}

/** Keys that cloud-init reads, as they are and as they will be; a password never shows. */
function cloudInit(call: Call) {
  const guest = guestOf(call, 'qemu');
  const { config, pending } = call.cluster.record(guest.vmid);
  const concerns = /^(ipconfig\d+|ci\w+|nameserver|searchdomain|sshkeys)$/;
  const shown = (key: string, value: unknown) => (key === 'cipassword' ? '**********' : String(value));
  const keys = new Set([...Object.keys(config), ...pending.keys()].filter((key) => concerns.test(key)));
  return [...keys].map((key) => {
    const next = pending.get(key);
    return {
      key,
      ...(key in config ? { value: shown(key, config[key]) } : {}),
      ...(next === null ? { delete: 1 } : {}),
      ...(next === undefined || next === null ? {} : { pending: shown(key, next) }),
    };
  });
}
