import type { LabGuest, LabHost } from '../kit/world.ts';
import type { Cluster } from './state.ts';
import { storeList } from './stores.ts';

export interface Metric {
  readonly timestamp: number;
  readonly id: string;
  readonly metric: string;
  readonly value: number;
  readonly type: 'gauge' | 'derive';
}

/** Names of growing counters; everything else is a value of the moment. */
const derived: ReadonlySet<string> = new Set(['net_in', 'net_out', 'disk_read', 'disk_write']);

/** The present values of one node: its own, its guests' and its storages'. `timestamp`: epoch seconds. */
export function metricsOf(cluster: Cluster, host: LabHost, timestamp: number): Metric[] {
  const rows: Metric[] = [];
  const add = (id: string, values: Readonly<Record<string, number>>) => {
    for (const [metric, value] of Object.entries(values))
      rows.push({ timestamp, id, metric, value, type: derived.has(metric) ? 'derive' : 'gauge' });
  };
  add(`node/${host.name}`, {
    cpu_current: host.cpuFraction,
    cpu_max: host.cpus,
    mem_total: host.memoryBytes,
    mem_used: Math.round(host.memoryUsedBytes),
    uptime: Math.max(0, timestamp - Math.floor(host.startedAt / 1_000)),
  });
  for (const guest of cluster.world.guests.values())
    if (guest.host === host.name) add(`${guest.type}/${guest.vmid}`, guestMetrics(guest, timestamp));
  for (const { storage, sizeBytes } of storeList)
    add(`storage/${host.name}/${storage}`, {
      disk_total: sizeBytes,
      disk_used: cluster.stores.usedBytes(host.name, storage),
    });
  return rows;
}

function guestMetrics(guest: LabGuest, timestamp: number): Record<string, number> {
  if (guest.status !== 'running')
    return { cpu_max: guest.cpus, mem_total: guest.memoryBytes, disk_total: guest.diskBytes, uptime: 0 };
  return {
    cpu_current: guest.cpuFraction,
    cpu_max: guest.cpus,
    mem_total: guest.memoryBytes,
    mem_used: Math.round(guest.memoryUsedBytes),
    disk_total: guest.diskBytes,
    disk_read: guest.diskReadBytes,
    disk_write: guest.diskWriteBytes,
    net_in: guest.netInBytes,
    net_out: guest.netOutBytes,
    uptime: Math.max(0, timestamp - Math.floor(guest.startedAt / 1_000)),
  };
}
