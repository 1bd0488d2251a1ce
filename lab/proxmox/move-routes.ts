import type { LabGuest } from '../kit/world.ts';
import { macOf, parseSize, volumesOf, type Config, type GuestType } from './guest-config.ts';
import {
  flag,
  isOn,
  node,
  numberOf,
  optional,
  optionalText,
  storageId,
  text,
  textOf,
  vmid,
  type Values,
} from './params.ts';
import { badParameter, failure } from './pve-error.ts';
import { get, guestOf, guestPath, guestTypes, onGuest, route, type Call, type Route } from './route.ts';
import type { Cluster } from './state.ts';
import type { Worker } from './tasks.ts';

const COPY_MS = 4_000;
const SHORT_MS = 800;
const GiB = 2 ** 30;

const snapname = { ...optionalText, maxLength: 40 } as const;
const bwlimit = { type: 'integer', optional: true, minimum: 0 } as const;

/** Clone, migrate, resize, template, delete: what makes guests come, go and change place. */
export const moveRoutes: readonly Route[] = guestTypes.flatMap((type) => [
  route('POST', guestPath(type, '/clone'), onGuest('VM.Clone'), (call) => clone(call, type), {
    newid: vmid,
    full: flag,
    snapname,
    [type === 'lxc' ? 'hostname' : 'name']: optionalText,
    storage: optional(storageId),
    target: optional(node),
    pool: optionalText,
    description: optionalText,
    bwlimit: type === 'lxc' ? { ...bwlimit, type: 'number' } : bwlimit,
    ...(type === 'qemu' ? { format: { ...optionalText, enum: ['raw', 'qcow2', 'vmdk'] } } : {}),
  }),
  get(guestPath(type, '/migrate'), onGuest('VM.Migrate'), (call) => precheck(call, type), {
    target: optional(node),
  }),
  route('POST', guestPath(type, '/migrate'), onGuest('VM.Migrate'), (call) => migrate(call, type), {
    target: node,
    online: flag,
    ...(type === 'lxc'
      ? {
          restart: flag,
          timeout: { type: 'integer', optional: true },
          'target-storage': optionalText,
          bwlimit: { ...bwlimit, type: 'number' },
        }
      : { 'with-local-disks': flag, targetstorage: optionalText, migration_network: optionalText, bwlimit }),
  }),
  route('PUT', guestPath(type, '/resize'), onGuest('VM.Config.Disk'), (call) => resize(call, type), {
    disk: text,
    size: { ...text, pattern: /^\+?\d+(\.\d+)?[KMGT]?$/ },
    digest: { ...optionalText, maxLength: 40 },
  }),
  route('POST', guestPath(type, '/template'), onGuest('VM.Allocate'), (call) => template(call, type)),
  route('DELETE', guestPath(type), onGuest('VM.Allocate'), (call) => remove(call, type), {
    purge: flag,
    'destroy-unreferenced-disks': flag,
    ...(type === 'lxc' ? { force: flag } : { skiplock: { ...flag, rootOnly: true } }),
  }),
]);

function task(call: Call, guest: LabGuest, type: string, work: (worker: Worker) => Promise<void>): string {
  return call.cluster.tasks.start(guest.host, type, String(guest.vmid), call.caller, (worker) =>
    call.cluster.holding(guest, worker, () => work(worker)),
  );
}

function clone(call: Call, type: GuestType): string {
  const { cluster, values, caller } = call;
  const guest = guestOf(call, type);
  const newid = numberOf(values, 'newid') ?? 0;
  cluster.requireQuorum();
  if (!cluster.access.has(caller, `/vms/${newid}`, 'VM.Allocate'))
    cluster.access.require(caller, `/pool/${textOf(values, 'pool') ?? ''}`, ['VM.Allocate']);
  const full = 'full' in values ? isOn(values, 'full') : !guest.template;
  const from = textOf(values, 'snapname');
  if (!full && !guest.template && from === undefined)
    throw failure(
      `Linked clone feature for '${volumesOf(cluster.record(guest.vmid).config)[0]?.volid ?? ''}' is not available`,
    );
  if (!full && 'storage' in values)
    throw badParameter('storage', `parameter 'storage' not allowed for linked clones`);
  if (type === 'lxc' && full && guest.status === 'running' && from === undefined)
    throw failure('Full clone of a running container is only possible from a snapshot');
  cluster.requireUnlocked(guest);
  const other = cluster.world.guests.get(newid);
  if (other)
    throw failure(`unable to create ${type === 'lxc' ? 'CT' : 'VM'} ${newid}: config file already exists`);
  const host =
    textOf(values, 'target') === undefined ? guest.host : cluster.node(String(values['target'])).name;
  return task(call, guest, type === 'lxc' ? 'vzclone' : 'qmclone', async (worker) => {
    const copy = addCopy(cluster, guest, newid, host, values);
    try {
      if (type === 'lxc') await cluster.locked(guest, 'disk', () => worker.pause(full ? COPY_MS : SHORT_MS));
      else await worker.pause(full ? COPY_MS : SHORT_MS);
      worker.log(`${full ? 'full' : 'linked'} clone of ${guest.vmid} is ${newid}`);
      cluster.setLock(copy.vmid, undefined);
    } catch (thrown) {
      cluster.world.removeGuest(newid);
      throw thrown;
    }
  });
}

/** The new guest, locked until its disks are there: the same configuration with names, disks and MAC addresses of its own. */
function addCopy(cluster: Cluster, guest: LabGuest, newid: number, host: string, values: Values): LabGuest {
  const name = textOf(values, 'hostname') ?? textOf(values, 'name') ?? `${guest.name}-copy`;
  const source = cluster.record(guest.vmid);
  const from = textOf(values, 'snapname');
  const config =
    from === undefined ? source.config : source.snapshots.find((entry) => entry.name === from)?.config;
  if (!config) throw failure(`snapshot '${from ?? ''}' does not exist`);
  cluster.world.addGuest(
    {
      ...guest,
      vmid: newid,
      name,
      host,
      running: false,
      template: false,
      pool: textOf(values, 'pool') ?? guest.pool,
    },
    cluster.context.now(),
  );
  const copy = cluster.world.guests.get(newid);
  if (!copy) throw failure(`unable to create ${newid}`);
  const own: Config = {};
  for (const [key, value] of Object.entries(config)) {
    if (key === 'template' || key === 'lock') continue;
    own[key] =
      String(value) === value
        ? value.replaceAll(`-${guest.vmid}-`, `-${newid}-`).replaceAll(`:${guest.vmid}/`, `:${newid}/`)
        : value;
    const index = /^net(\d+)$/.exec(key)?.[1];
    if (index !== undefined)
      own[key] = String(own[key]).replace(/([0-9A-F]{2}:){5}[0-9A-F]{2}/, macOf(newid, Number(index)));
  }
  own[guest.type === 'lxc' ? 'hostname' : 'name'] = name;
  const description = textOf(values, 'description');
  if (description !== undefined) own['description'] = description;
  cluster.replaceConfig(copy, own);
  cluster.setLock(newid, guest.type === 'lxc' ? 'create' : 'clone');
  return copy;
}

/** Hyphens in the answer for containers, underscores for virtual machines. */
function precheck(call: Call, type: GuestType) {
  const { cluster } = call;
  const guest = guestOf(call, type);
  const others = [...cluster.world.hosts.values()].filter(
    ({ name, online }) => online && name !== guest.host,
  );
  const allowed = others.map(({ name }) => name);
  const running = guest.status === 'running' ? 1 : 0;
  if (type === 'lxc')
    return { running, 'allowed-nodes': allowed, 'not-allowed-nodes': {}, 'dependent-ha-resources': [] };
  const disks = volumesOf(cluster.record(guest.vmid).config).filter(({ volid }) =>
    volid.startsWith('local-lvm:'),
  );
  return {
    running,
    allowed_nodes: allowed,
    not_allowed_nodes: {},
    local_disks: disks.map(({ key, volid, sizeBytes }) => ({
      volid,
      size: sizeBytes,
      cdrom: 0,
      is_unused: 0,
      drivename: key,
      referenced_in_snapshot: 0,
    })),
    local_resources: [],
    'mapped-resources': [],
    'mapped-resource-info': {},
    'dependent-ha-resources': [],
    'has-dbus-vmstate': 0,
  };
}

function migrate(call: Call, type: GuestType): string {
  const { cluster, values, caller } = call;
  const guest = guestOf(call, type);
  const target = cluster.node(String(values['target'])).name;
  cluster.requireQuorum();
  if (target === guest.host) throw badParameter('target', 'target is local node.');
  const managed = cluster.ha.of(guest.vmid);
  if (managed && managed.state !== 'ignored')
    return cluster.tasks.start(guest.host, 'hamigrate', String(guest.vmid), caller, async (worker) => {
      worker.log(`Requesting HA migration for ${managed.sid} to node ${target}`);
      cluster.ha.move(managed, target, 'migrate');
    });
  cluster.requireUnlocked(guest);
  const running = guest.status === 'running';
  if (type === 'lxc' && running && !isOn(values, 'restart'))
    throw failure(
      isOn(values, 'online')
        ? 'lxc live migration is currently not implemented'
        : `can't migrate running container without --online or --restart`,
    );
  if (type === 'qemu' && running && !isOn(values, 'online'))
    throw failure(`can't migrate running VM without --online`);
  return task(call, guest, type === 'lxc' ? 'vzmigrate' : 'qmigrate', async (worker) => {
    const local = volumesOf(cluster.record(guest.vmid).config).filter(({ volid }) =>
      volid.startsWith('local-'),
    );
    if (type === 'qemu' && running && local.length > 0 && !isOn(values, 'with-local-disks'))
      throw failure(`can't live migrate attached local disks without with-local-disks option`);
    worker.log(`starting migration of ${type === 'lxc' ? 'CT' : 'VM'} ${guest.vmid} to node '${target}'`);
    await cluster.locked(guest, 'migrate', async () => {
      if (type === 'lxc' && running)
        cluster.world.setGuestStatus(guest.vmid, 'stopped', cluster.context.now());
      for (const { volid } of local) worker.log(`found local volume '${volid}' (in current VM config)`);
      await worker.pause(local.length > 0 ? COPY_MS : SHORT_MS);
      cluster.world.updateGuest(guest.vmid, { host: target });
    });
    if (type === 'lxc' && running) cluster.world.setGuestStatus(guest.vmid, 'running', cluster.context.now());
    worker.log('migration finished successfully');
  });
}

/** Growing only; `+2G` is relative. */
function resize(call: Call, type: GuestType): string {
  const { cluster, values } = call;
  const guest = guestOf(call, type);
  const record = cluster.record(guest.vmid);
  const key = String(values['disk']);
  const volume = volumesOf(record.config).find((entry) => entry.key === key);
  if (!volume) throw failure(`disk '${key}' does not exist`);
  if ('digest' in values && values['digest'] !== cluster.digest(guest.vmid))
    throw failure('detected modified configuration - file changed by other user? Try again.');
  cluster.requireUnlocked(guest);
  const wanted = String(values['size']);
  const sizeBytes = wanted.startsWith('+')
    ? volume.sizeBytes + parseSize(wanted.slice(1))
    : parseSize(wanted);
  if (sizeBytes < volume.sizeBytes) throw failure('unable to shrink disk size');
  if (sizeBytes === volume.sizeBytes) throw failure('disk is already at specified size');
  return task(call, guest, 'resize', async (worker) => {
    await worker.pause(SHORT_MS);
    record.config[key] = String(record.config[key]).replace(/size=[^,]+/, `size=${sizeBytes / GiB}G`);
    cluster.world.updateGuest(guest.vmid, { diskBytes: sizeBytes });
  });
}

/** A container's answer is null although a task runs; a virtual machine's is the UPID. */
function template(call: Call, type: GuestType): string | null {
  const { cluster } = call;
  const guest = guestOf(call, type);
  if (guest.template) throw failure(`you can't convert a template to a template`);
  if (guest.status === 'running')
    throw failure(`you can't convert a ${type === 'lxc' ? 'CT' : 'VM'} to template if it is running`);
  cluster.requireUnlocked(guest);
  const upid = task(call, guest, type === 'lxc' ? 'vztemplate' : 'qmtemplate', async (worker) => {
    await worker.pause(SHORT_MS);
    cluster.change(guest, new Map([['template', 1]]));
    cluster.world.updateGuest(guest.vmid, { template: true });
  });
  return type === 'lxc' ? null : upid;
}

function remove(call: Call, type: GuestType): string {
  const { cluster, values } = call;
  const guest = guestOf(call, type);
  const { vmid: id } = guest;
  const kind = type === 'lxc' ? 'CT' : 'VM';
  cluster.requireQuorum();
  if (cluster.record(id).config['protection'] === 1)
    throw failure(`can't remove ${kind} ${id} - protection mode enabled`);
  const managed = cluster.ha.of(id);
  if (managed && !isOn(values, 'purge'))
    throw failure(`unable to remove ${kind} ${id} - used in HA resources and purge parameter not set.`);
  cluster.requireUnlocked(guest);
  const running = guest.status === 'running';
  if (running && !isOn(values, 'force'))
    throw failure(
      type === 'lxc'
        ? `unable to destroy CT ${id} - container is running`
        : `VM ${id} is running - destroy failed`,
    );
  return task(call, guest, type === 'lxc' ? 'vzdestroy' : 'qmdestroy', async (worker) => {
    if (guest.status === 'running') cluster.world.setGuestStatus(id, 'stopped', cluster.context.now());
    for (const { volid } of volumesOf(cluster.record(id).config))
      worker.log(`Logical volume "${volid}" successfully removed.`);
    await worker.pause(SHORT_MS);
    if (managed) cluster.ha.remove(managed.sid);
    cluster.world.removeGuest(id);
  });
}
