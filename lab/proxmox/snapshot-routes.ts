import type { LabGuest } from '../kit/world.ts';
import { volumesOf, type GuestType } from './guest-config.ts';
import { flag, isOn, optionalText, snapshotName, textOf } from './params.ts';
import { badParameter, failure } from './pve-error.ts';
import {
  anyOnGuest,
  get,
  guestOf,
  guestPath,
  guestTypes,
  onGuest,
  route,
  subdirs,
  type Call,
  type Route,
} from './route.ts';
import type { Snapshot } from './state.ts';

const RESERVED = new Set(['current', 'pending', 'vzdump']);
const SNAPSHOT_MS = 1_500;

export const snapshotRoutes: readonly Route[] = guestTypes.flatMap((type) => {
  const kind = type === 'lxc' ? 'vz' : 'qm';
  return [
    get(guestPath(type, '/snapshot'), onGuest('VM.Audit'), (call) => list(call, type)),
    route(
      'POST',
      guestPath(type, '/snapshot'),
      onGuest('VM.Snapshot'),
      (call) => create(call, type, `${kind}snapshot`),
      {
        snapname: snapshotName,
        description: optionalText,
        ...(type === 'qemu' ? { vmstate: flag } : {}),
      },
    ),
    get(guestPath(type, '/snapshot/{snapname}'), 'all', () => subdirs('config', 'rollback')),
    route(
      'DELETE',
      guestPath(type, '/snapshot/{snapname}'),
      onGuest('VM.Snapshot'),
      (call) => remove(call, type, `${kind}delsnapshot`),
      { force: flag },
    ),
    route(
      'POST',
      guestPath(type, '/snapshot/{snapname}/rollback'),
      anyOnGuest('VM.Snapshot', 'VM.Snapshot.Rollback'),
      (call) => rollback(call, type, `${kind}rollback`),
      { start: flag },
    ),
    get(
      guestPath(type, '/snapshot/{snapname}/config'),
      anyOnGuest('VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'),
      (call) => {
        const { name, snaptime, description, config } = snapshotOf(call, guestOf(call, type));
        return { ...config, snaptime, description, name };
      },
    ),
    route(
      'PUT',
      guestPath(type, '/snapshot/{snapname}/config'),
      onGuest('VM.Snapshot'),
      (call) => {
        const snapshot = snapshotOf(call, guestOf(call, type));
        snapshot.description = textOf(call.values, 'description') ?? snapshot.description;
        return null;
      },
      { description: optionalText },
    ),
  ];
});

function snapshotOf({ cluster, values }: Call, guest: LabGuest): Snapshot {
  const name = String(values['snapname']);
  const snapshot = cluster.record(guest.vmid).snapshots.find((entry) => entry.name === name);
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  return snapshot;
}

/** Snapshots, and the present as the pseudo entry `current` that hangs on the newest of its line. */
function list(call: Call, type: GuestType) {
  const guest = guestOf(call, type);
  const record = call.cluster.record(guest.vmid);
  return [
    ...record.snapshots.map(({ name, description, snaptime, parent, vmstate }) => ({
      name,
      description,
      snaptime,
      ...(parent === undefined ? {} : { parent }),
      ...(type === 'qemu' ? { vmstate: vmstate ? 1 : 0 } : {}),
    })),
    {
      name: 'current',
      description: 'You are here!',
      digest: call.cluster.digest(guest.vmid),
      running: guest.status === 'running' ? 1 : 0,
      ...(record.parent === undefined ? {} : { parent: record.parent }),
    },
  ];
}

function create(call: Call, type: GuestType, task: string): string {
  const { cluster, caller, values } = call;
  const guest = guestOf(call, type);
  const record = cluster.record(guest.vmid);
  const name = String(values['snapname']);
  cluster.requireQuorum();
  if (RESERVED.has(name))
    throw badParameter('snapname', `unable to use snapshot name '${name}' (reserved name)`);
  cluster.requireUnlocked(guest);
  return cluster.tasks.start(guest.host, task, String(guest.vmid), caller, (worker) =>
    cluster.holding(guest, worker, async () => {
      if (record.snapshots.some((entry) => entry.name === name))
        throw failure(`snapshot name '${name}' already used`);
      const capable = volumesOf(record.config).every(
        ({ volid }) => volid.startsWith('local-lvm:') || volid.endsWith('.qcow2'),
      );
      if (!capable) throw failure('snapshot feature is not available');
      await cluster.locked(guest, 'snapshot', async () => {
        const vmstate = isOn(values, 'vmstate') && guest.status === 'running';
        if (vmstate) worker.log('saving VM state and RAM using storage');
        await worker.pause(vmstate ? SNAPSHOT_MS * 3 : SNAPSHOT_MS);
        const { lock: _, ...config } = record.config;
        record.snapshots.push({
          name,
          description: textOf(values, 'description') ?? '',
          snaptime: cluster.seconds(),
          parent: record.parent,
          vmstate,
          config,
        });
        record.parent = name;
      });
    }),
  );
}

function remove(call: Call, type: GuestType, task: string): string {
  const { cluster, caller } = call;
  const guest = guestOf(call, type);
  const record = cluster.record(guest.vmid);
  cluster.requireUnlocked(guest);
  return cluster.tasks.start(guest.host, task, String(guest.vmid), caller, (worker) =>
    cluster.holding(guest, worker, async () => {
      const snapshot = snapshotOf(call, guest);
      await cluster.locked(guest, 'snapshot-delete', () => worker.pause(SNAPSHOT_MS));
      record.snapshots.splice(record.snapshots.indexOf(snapshot), 1);
      // Those that hung on it hang on its parent now.
      for (const [index, entry] of record.snapshots.entries())
        if (entry.parent === snapshot.name) record.snapshots[index] = { ...entry, parent: snapshot.parent };
      if (record.parent === snapshot.name) record.parent = snapshot.parent;
    }),
  );
}

/** A running guest is stopped hard first. A snapshot with RAM runs afterwards by itself. */
function rollback(call: Call, type: GuestType, task: string): string {
  const { cluster, caller, values } = call;
  const guest = guestOf(call, type);
  const snapshot = snapshotOf(call, guest);
  cluster.requireUnlocked(guest);
  return cluster.tasks.start(guest.host, task, String(guest.vmid), caller, (worker) =>
    cluster.holding(guest, worker, async () => {
      if (guest.status === 'running')
        cluster.world.setGuestStatus(guest.vmid, 'stopped', cluster.context.now());
      await cluster.locked(guest, 'rollback', () => worker.pause(SNAPSHOT_MS));
      cluster.replaceConfig(guest, snapshot.config);
      cluster.record(guest.vmid).parent = snapshot.name;
      if (isOn(values, 'start') || snapshot.vmstate)
        cluster.world.setGuestStatus(guest.vmid, 'running', cluster.context.now());
    }),
  );
}
