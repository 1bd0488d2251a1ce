import { poolMembers } from './access-routes.ts';
import { VERSION } from './cluster-routes.ts';
import { optional, optionalText, storageId, text, textOf, vmid, type Params } from './params.ts';
import { failure } from './pve-error.ts';
import { pruneMarks } from './prune.ts';
import { get, nodeOf, onNode, onRoot, onStorage, type Call, type Route } from './route.ts';
import { storageEntry, type VolumeRow } from './stores.ts';

const nodeOptions = ['acme', 'ballooning-target', 'description', 'startall-onboot-delay', 'wakeonlan'];
const pruneParams: Params = {
  'prune-backups': optionalText,
  type: { ...optionalText, enum: ['qemu', 'lxc'] },
  vmid: optional(vmid),
};

/** Reading one pool, user, storage, volume or archive, and what a node is made of. */
export const detailRoutes: readonly Route[] = [
  get('/pools/{poolid}', { path: '/pool/{poolid}', privileges: ['Pool.Audit'] }, pool, {
    type: { ...optionalText, enum: ['qemu', 'lxc', 'storage'] },
  }),
  get('/access/users/{userid}', 'all', user, { userid: { ...text, maxLength: 64 } }),
  // Everybody's rights are their own here.
  get('/access/groups', 'all', () => []),
  get(
    '/cluster/ha/rules',
    onRoot('Sys.Audit'),
    // Any node may run any resource.
    () => [],
    { resource: optionalText, type: { ...optionalText, enum: ['node-affinity', 'resource-affinity'] } },
  ),
  get(
    '/storage/{storage}',
    { path: '/storage/{storage}', privileges: ['Datastore.Allocate'] },
    ({ cluster, values }) => storageEntry(cluster.stores.find(String(values['storage']))),
  ),
  get('/nodes/{node}/storage/{storage}/content/{volume}', 'all', volume),
  get('/nodes/{node}/storage/{storage}/prunebackups', onStorage, prune, pruneParams),
  get('/nodes/{node}/vzdump/extractconfig', 'all', archivedConfig, { volume: text }),
  get(
    '/nodes/{node}/config',
    onRoot('Sys.Audit'),
    (call) => {
      nodeOf(call);
      // No option was ever set.
      return {};
    },
    { property: { ...optionalText, enum: nodeOptions } },
  ),
  get('/nodes/{node}/hardware/usb', onRoot('Sys.Modify'), usb),
  get('/nodes/{node}/apt/update', onNode('Sys.Modify'), (call) => {
    nodeOf(call);
    // The nodes are up to date.
    return [];
  }),
  get('/nodes/{node}/apt/versions', onNode('Sys.Audit'), versions),
];

function pool({ cluster, values }: Call) {
  const poolid = String(values['poolid']);
  const members = poolMembers(cluster, poolid);
  if (members.length === 0) throw failure(`pool '${poolid}' does not exist`);
  const type = textOf(values, 'type');
  return { members: members.filter((member) => type === undefined || type === member.type) };
}

/** Secrets of tokens are never told. */
function user({ cluster, caller, values }: Call) {
  cluster.access.require(caller, '/access/groups', ['User.Modify', 'Sys.Audit'], true);
  const userid = String(values['userid']);
  const found = cluster.access.users.get(userid);
  if (!found) throw failure(`no such user ('${userid}')`);
  return {
    enable: 1,
    expire: 0,
    groups: [],
    tokens: Object.fromEntries(
      Object.entries(found.tokens).map(([id, { privsep }]) => [id, { expire: 0, privsep: privsep ? 1 : 0 }]),
    ),
    ...(found.comment === undefined ? {} : { comment: found.comment }),
  };
}

function volume(call: Call) {
  const given = String(call.values['volume']);
  const volid = given.includes(':') ? given : `${String(call.values['storage'])}:${given}`;
  const row = volumeOf(call, String(call.values['storage']), volid);
  const { cluster } = call;
  return {
    path: pathOf(cluster.stores.find(String(call.values['storage'])).settings, row),
    size: row.size,
    used: row.size,
    format: row.format,
    ...(row.notes === undefined ? {} : { notes: row.notes }),
    ...(row.protected === undefined ? {} : { protected: row.protected }),
  };
}

/** A volume that the caller may use. */
function volumeOf({ cluster, caller, values }: Call, storage: string, volid: string): VolumeRow {
  const host = cluster.node(String(values['node']));
  const at = `/storage/${storage}`;
  const row = cluster.stores.volumes(host.name, storage).find((entry) => entry.volid === volid);
  if (row?.content === 'backup') {
    cluster.access.require(caller, at, ['Datastore.AllocateSpace']);
    cluster.access.require(caller, `/vms/${row.vmid}`, ['VM.Backup']);
  } else cluster.access.require(caller, at, ['Datastore.Audit', 'Datastore.AllocateSpace'], true);
  if (!row) throw failure(`volume '${volid}' does not exist`);
  return row;
}

const folders: Readonly<Record<string, string>> = {
  backup: 'dump',
  images: 'images',
  iso: 'template/iso',
  rootdir: 'images',
  vztmpl: 'template/cache',
};

function pathOf(settings: Readonly<Record<string, string>>, { volid, content }: VolumeRow): string {
  const name = volid.slice(volid.indexOf(':') + 1);
  const base = settings['path'];
  if (base === undefined) return `/dev/${settings['vgname']}/${name}`;
  // Files carry their kind in front, disks the number of their guest.
  return `${base}/${folders[content]}/${name.replace(/^(backup|iso|vztmpl)\//, '')}`;
}

function prune(call: Call) {
  const { cluster, values } = call;
  const type = textOf(values, 'type');
  const rows = cluster.stores
    .volumes(nodeOf(call).name, String(values['storage']))
    .filter((row) => row.content === 'backup' && row.subtype === (type ?? row.subtype))
    .filter((row) => row.vmid === (values['vmid'] ?? row.vmid));
  return pruneMarks(rows, textOf(values, 'prune-backups') ?? 'keep-all=1');
}

/** The guest's configuration as it was when the archive was made. */
function archivedConfig(call: Call): string {
  const volid = String(call.values['volume']);
  const storage = volid.split(':')[0] ?? '';
  if (!storageId.pattern?.test(storage)) throw failure(`unable to parse volume ID '${volid}'`);
  const { config } = volumeOf(call, storage, volid);
  if (config === undefined) throw failure(`volume '${volid}' is no backup`);
  return config;
}

/** Nothing is plugged in: the controller's own hub only. */
function usb(call: Call) {
  nodeOf(call);
  return [
    {
      busnum: 1,
      devnum: 1,
      level: 0,
      port: 0,
      class: 9,
      speed: '480',
      vendid: '1d6b',
      prodid: '0002',
      product: 'xHCI Host Controller',
    },
  ];
}

function versions(call: Call) {
  nodeOf(call);
  return [
    {
      Package: 'pve-manager',
      Title: 'Virtual Environment Management Tools',
      Description: 'Virtual Environment Management Tools',
      Version: VERSION,
      OldVersion: VERSION,
      ManagerVersion: VERSION,
      Arch: 'all',
      Origin: 'Proxmox',
      Priority: 'optional',
      Section: 'admin',
      CurrentState: 'Installed',
    },
  ];
}
