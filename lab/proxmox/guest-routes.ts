import type { LabGuest } from '../kit/world.ts';
import { configParams, type GuestType, volumesOf } from './guest-config.ts';
import { guestStatus, qmpStatus } from './guest-status.ts';
import { rrdParams } from './node-routes.ts';
import {
  flag,
  isOn,
  listOf,
  optional,
  snapshotName,
  text,
  textOf,
  type Param,
  type Value,
} from './params.ts';
import { badParameters, failure } from './pve-error.ts';
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
import { rrdRows, still, wave, type Timeframe } from './rrd.ts';
import type { GuestRecord } from './state.ts';

const AUDIT = onGuest('VM.Audit');

/** Reading a guest, and its configuration both ways. */
export const guestRoutes: readonly Route[] = guestTypes.flatMap((type) => [
  get(guestPath(type), 'all', () => subdirs('config', 'status', 'snapshot', 'rrddata', 'pending')),
  get(guestPath(type, '/status'), 'all', () => subdirs('current', 'start', 'stop', 'shutdown', 'reboot')),
  get(guestPath(type, '/status/current'), AUDIT, (call) => current(call, type)),
  get(guestPath(type, '/config'), AUDIT, (call) => config(call, type), {
    current: flag,
    snapshot: optional(snapshotName),
  }),
  get(guestPath(type, '/pending'), AUDIT, (call) => pending(call, type)),
  get(guestPath(type, '/feature'), AUDIT, (call) => feature(call, type), {
    feature: { ...text, enum: ['snapshot', 'clone', 'copy'] },
    snapname: optional(snapshotName),
  }),
  get(guestPath(type, '/rrddata'), AUDIT, (call) => rrd(call, type), rrdParams),
  route(
    'PUT',
    guestPath(type, '/config'),
    configPermission(type),
    (call) => putConfig(call, type),
    configParams[type],
  ),
]);

/** Interfaces of a container as its kernel says them: only while it runs, else null. */
export const interfaceRoute: Route = get(guestPath('lxc', '/interfaces'), AUDIT, (call) => {
  const guest = guestOf(call, 'lxc');
  if (guest.status !== 'running') return null;
  const loopback = {
    name: 'lo',
    mac: '00:00:00:00:00:00',
    addresses: [
      { ip: '127.0.0.1', prefix: 8 },
      { ip: '::1', prefix: 128 },
    ],
  };
  const nets = [guest.ip, ...guest.moreIps].map((ip, index) => ({
    name: `eth${index}`,
    mac: `bc:24:11:${hex(guest.vmid >> 8)}:${hex(guest.vmid & 255)}:${hex(index)}`,
    addresses: [
      { ip, prefix: 24 },
      { ip: `fe80::be24:11ff:fe${hex(guest.vmid >> 8)}:${hex(guest.vmid & 255)}${hex(index)}`, prefix: 64 },
    ],
  }));
  return [loopback, ...nets].map(({ name, mac, addresses }) => {
    const v4 = addresses.find(({ ip }) => !ip.includes(':'));
    const v6 = addresses.find(({ ip }) => ip.includes(':'));
    return {
      name,
      hwaddr: mac,
      'hardware-address': mac,
      ...(v4 ? { inet: `${v4.ip}/${v4.prefix}` } : {}),
      ...(v6 ? { inet6: `${v6.ip}/${v6.prefix}` } : {}),
      'ip-addresses': addresses.map(({ ip, prefix }) => ({
        'ip-address': ip,
        prefix,
        'ip-address-type': ip.includes(':') ? 'inet6' : 'inet',
      })),
    };
  });
});

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function current(call: Call, type: GuestType) {
  const { cluster } = call;
  const guest = guestOf(call, type);
  const managed = cluster.ha.of(guest.vmid);
  const config = cluster.record(guest.vmid).config;
  return {
    ...guestStatus(cluster, guest),
    ha: managed ? { managed: 1, state: managed.crmState } : { managed: 0 },
    ...(type === 'qemu'
      ? {
          qmpstatus: qmpStatus(guest),
          ...(config['agent'] === undefined ? {} : { agent: 1 }),
          ...(guest.status === 'running'
            ? { 'running-machine': 'pc-i440fx-10.1+pve0', 'running-qemu': '10.1.2' }
            : {}),
        }
      : {}),
  };
}

function snapshotOf(record: GuestRecord, name: string) {
  const snapshot = record.snapshots.find((entry) => entry.name === name);
  if (!snapshot) throw failure(`snapshot '${name}' does not exist`);
  return snapshot;
}

function config(call: Call, type: GuestType) {
  const { cluster, values } = call;
  const guest = guestOf(call, type);
  const record = cluster.record(guest.vmid);
  const name = textOf(values, 'snapshot');
  if (name !== undefined) return { ...snapshotOf(record, name).config, digest: cluster.digest(guest.vmid) };
  const merged = { ...record.config };
  // By default what is asked for is shown, not what runs.
  if (!isOn(values, 'current'))
    for (const [key, value] of record.pending) {
      if (value === null) delete merged[key];
      else merged[key] = value;
    }
  return { ...merged, digest: cluster.digest(guest.vmid) };
}

function pending(call: Call, type: GuestType) {
  const guest = guestOf(call, type);
  const record = call.cluster.record(guest.vmid);
  const keys = new Set([...Object.keys(record.config), ...record.pending.keys()]);
  return [...keys].map((key) => {
    const value = record.config[key];
    const change = record.pending.get(key);
    return {
      key,
      ...(value === undefined ? {} : { value: String(value) }),
      ...(change === undefined ? {} : change === null ? { delete: 1 } : { pending: String(change) }),
    };
  });
}

function configPermission(type: GuestType) {
  const common = [
    'VM.Config.Disk',
    'VM.Config.CPU',
    'VM.Config.Memory',
    'VM.Config.Network',
    'VM.Config.Options',
  ];
  return anyOnGuest(
    ...common,
    ...(type === 'qemu' ? ['VM.Config.CDROM', 'VM.Config.HWType', 'VM.Config.Cloudinit'] : []),
  );
}

/** Synchronous; null. Refused when the caller's digest is not of this configuration. */
function putConfig(call: Call, type: GuestType): null {
  const { cluster, values } = call;
  const guest = guestOf(call, type);
  cluster.requireQuorum();
  const { delete: _, revert: __, digest, skiplock, force: ___, ...keys } = values;
  const removed = listOf(values, 'delete');
  const reverted = listOf(values, 'revert');
  if (Object.keys(keys).filter((key) => !(key in pathKeys)).length + removed.length + reverted.length === 0)
    throw badParameters({ '': 'no options specified' });
  if (digest !== undefined && digest !== cluster.digest(guest.vmid))
    throw failure(
      type === 'lxc'
        ? 'detected modified configuration - file changed by other user? Try again.'
        : 'checksum mismatch (file change by other user?)',
    );
  if (skiplock !== 1) cluster.requireUnlocked(guest);
  if ('unprivileged' in keys) throw badParameters({ unprivileged: 'cannot be changed' });
  const record = cluster.record(guest.vmid);
  for (const key of reverted) record.pending.delete(key);
  const changes = new Map<string, Value | null>(removed.map((key) => [key, null]));
  for (const [key, value] of Object.entries(keys))
    if (!(key in pathKeys)) changes.set(key, stored(key, value));
  cluster.change(guest, changes);
  return null;
}

const pathKeys: Readonly<Record<string, Param>> = { node: text, vmid: text };

/** Tags are kept lower-case and separated by semicolons, however they were sent. */
function stored(key: string, value: Value): Value {
  return key === 'tags'
    ? [
        ...new Set(
          String(value)
            .toLowerCase()
            .split(/[;,\s]+/)
            .filter(Boolean),
        ),
      ].join(';')
    : value;
}

function feature(call: Call, type: GuestType) {
  const { cluster } = call;
  const guest = guestOf(call, type);
  // Thin volumes and qcow2 files can be snapshotted; raw files on a network share cannot.
  const volumes = volumesOf(cluster.record(guest.vmid).config);
  const hasFeature = volumes.every(({ volid }) => volid.startsWith('local-lvm:') || volid.endsWith('.qcow2'));
  const shared = volumes.every(({ volid }) => volid.startsWith('nfs-shared:'));
  const nodes = shared ? [...cluster.world.hosts.keys()] : [guest.host];
  return { hasFeature: hasFeature ? 1 : 0, ...(type === 'qemu' ? { nodes } : {}) };
}

function rrd(call: Call, type: GuestType) {
  const { cluster } = call;
  // Not forwarded to the guest's node: every member has the statistics.
  const guest = cluster.world.guests.get(Number(call.values['vmid']));
  if (!guest || guest.type !== type) throw failure(`no such guest '${String(call.values['vmid'])}'`);
  return rrdRows(call.values['timeframe'] as Timeframe, cluster.seconds(), rates(guest));
}

function rates(guest: LabGuest) {
  const on = guest.status === 'running' ? 1 : 0;
  return {
    maxcpu: still(guest.cpus),
    cpu: wave(guest.cpuFraction),
    maxmem: still(guest.memoryBytes),
    mem: wave(guest.memoryUsedBytes),
    maxdisk: still(guest.diskBytes),
    disk: still(guest.type === 'lxc' ? guest.diskBytes * 0.35 : 0),
    netin: wave(180_000 * on),
    netout: wave(420_000 * on),
    diskread: wave(20_000 * on),
    diskwrite: wave(50_000 * on),
  };
}
