import type { LabGuest } from '../kit/world.ts';
import { volumesOf } from './guest-config.ts';
import type { Cluster } from './state.ts';

/** Counters are whole bytes. */
const whole = (value: number) => Math.round(value);

/** Seconds since the guest's start; 0 when it is off. */
export function uptimeOf(cluster: Cluster, guest: LabGuest): number {
  return guest.status === 'running'
    ? Math.max(0, Math.floor((cluster.context.now() - guest.startedAt) / 1_000))
    : 0;
}

/** What list, status and the cluster's resources say alike. Values that are zero or empty are left out where the API does so. */
export function guestBase(cluster: Cluster, guest: LabGuest) {
  const record = cluster.record(guest.vmid);
  const lock = cluster.lockOf(guest.vmid);
  const running = guest.status === 'running';
  const moving = running && guest.paused !== true;
  return {
    vmid: guest.vmid,
    name: guest.name,
    status: guest.status,
    cpu: moving ? guest.cpuFraction : 0,
    mem: running ? whole(guest.memoryUsedBytes) : 0,
    maxmem: guest.memoryBytes,
    // A virtual machine's disk use is not known to its host.
    disk: guest.type === 'lxc' && running ? whole(guest.diskBytes * 0.35) : 0,
    maxdisk: volumesOf(record.config)[0]?.sizeBytes ?? guest.diskBytes,
    netin: running ? whole(guest.netInBytes) : 0,
    netout: running ? whole(guest.netOutBytes) : 0,
    diskread: running ? whole(guest.diskReadBytes) : 0,
    diskwrite: running ? whole(guest.diskWriteBytes) : 0,
    uptime: uptimeOf(cluster, guest),
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
    ...(lock === undefined ? {} : { lock }),
    ...(guest.type === 'qemu' && running ? { memhost: whole(guest.memoryUsedBytes * 1.04) } : {}),
  };
}

/** A row of `/nodes/{node}/lxc` or `/qemu`, and the core of `status/current`. */
export function guestStatus(cluster: Cluster, guest: LabGuest) {
  const running = guest.status === 'running';
  return {
    ...guestBase(cluster, guest),
    cpus: guest.cpus,
    ...(guest.template ? { template: 1 } : {}),
    ...(running ? { pid: 10_000 + guest.vmid } : {}),
    ...(guest.type === 'lxc' ? { type: 'lxc', swap: 0, maxswap: 512 * 2 ** 20 } : {}),
    ...pressure(guest),
  };
}

/** Pressure is text for containers and a number for virtual machines. */
function pressure(guest: LabGuest) {
  const busy = guest.status === 'running' ? guest.cpuFraction * 4 : 0;
  const rows: [string, number][] = [
    ['pressurecpusome', busy],
    ['pressureiosome', busy / 10],
    ['pressureiofull', 0],
    ['pressurememorysome', 0],
    ['pressurememoryfull', 0],
  ];
  if (guest.type === 'qemu') return Object.fromEntries([...rows, ['pressurecpufull', 0]]);
  return Object.fromEntries(rows.map(([key, value]) => [key, value.toFixed(2)]));
}

/** The state of a virtual machine's process, which cluster-wide lists do not tell. */
export function qmpStatus(guest: LabGuest): string {
  if (guest.status === 'stopped') return 'stopped';
  return guest.paused === true ? 'paused' : 'running';
}
