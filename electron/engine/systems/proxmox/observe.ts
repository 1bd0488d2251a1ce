import type { Metrics, Observation, ObservedEntity, ObservedOf } from '../../../../shared/model/entity.ts';
import { entityId } from '../../../../shared/model/ids.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { usable } from './addresses.ts';
import type { GuestFacts } from './guest-memory.ts';
import { guestHealth, hostHealth, storageHealth } from './health.ts';
import type { ClusterStatus, GuestRow, HostRow, Resources, StorageRow } from './wire.ts';

export const SCOPE = 'resources';

/** More than these are left out, and said to be. Proxmox itself is not built for more than a few dozen nodes. */
export const MAX_GUESTS = 20_000;
export const MAX_HOSTS = 500;
export const MAX_STORAGES = 5_000;

/** All that is known of a cluster at one time. */
export interface Picture {
  readonly connectionId: string;
  /** Epoch ms. */
  readonly asOf: number;
  readonly resources: Resources;
  /** undefined: could not be read. */
  readonly status: ClusterStatus | undefined;
  /** Node → its version. */
  readonly versions: ReadonlyMap<string, string>;
  factsOf(vmid: number): GuestFacts;
  /** What is missing, in words. */
  readonly gaps: readonly string[];
}

/** The cluster as entities and links, sorted by id. */
export function observeCluster(picture: Picture): Observation {
  const { resources, connectionId, asOf } = picture;
  const gaps = [...picture.gaps];
  const ids = idsOf(connectionId);
  const capped = <T>(rows: readonly T[], max: number, noun: string): readonly T[] => {
    if (rows.length > max) gaps.push(`${rows.length - max} of ${rows.length} ${noun} are left out`);
    return rows.slice(0, max);
  };
  const guests = capped(
    sortedBy(resources.guests, ({ vmid }) => vmid),
    MAX_GUESTS,
    'guests',
  );
  const hosts = capped(
    sortedBy(resources.hosts, ({ node }) => node),
    MAX_HOSTS,
    'nodes',
  );
  const stores = capped([...groupStorages(resources.storages).entries()], MAX_STORAGES, 'storages');
  if (resources.unreadable > 0) gaps.push(`${resources.unreadable} rows of the answer could not be read`);

  const nodeStatus = new Map(resources.hosts.map(({ node, status }) => [node, status]));
  const facts = new Map(guests.map(({ vmid }) => [vmid, picture.factsOf(vmid)]));
  const pending = [...facts.values()].filter((fact) => fact.pending).length;
  if (pending > 0) gaps.push(`${pending} guests are not asked for their addresses yet`);
  const live = new Set(
    [...facts.values()].filter(({ current }) => current).flatMap(({ addresses }) => addresses),
  );

  const entities: ObservedEntity[] = [
    ...hosts.map((row) => hostEntity(ids, picture, row)),
    ...guests.map((row) => guestEntity(ids, row, factsOf(facts, row.vmid, live), nodeStatus.get(row.node))),
    ...stores.map(([ownId, rows]) =>
      storageEntity(connectionId, ownId, rows, (node) => nodeStatus.get(node)),
    ),
  ];
  const known = new Set(entities.map(({ id }) => id));
  const links = [
    ...guests.map((row) => guestLink(ids, row)),
    ...stores.flatMap(([ownId, rows]) => storageLinks(ids, connectionId, ownId, rows)),
  ].filter(({ to }) => known.has(to));
  const note = gaps.join('; ').slice(0, 500);
  return {
    scope: SCOPE,
    entities: sortedBy(entities, ({ id }) => id),
    links: sortedBy(links, ({ from }) => from),
    asOf,
    ...(note === '' ? {} : { partial: note }),
  };
}

function sortedBy<T>(rows: readonly T[], key: (row: T) => string | number): T[] {
  return [...rows].sort((a, b) => {
    const left = key(a);
    const right = key(b);
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

/**
 * A guest's facts without the addresses that another guest has now: a stopped guest's lease may have gone to somebody else,
 * and a clone has the configuration of its source.
 */
function factsOf(all: ReadonlyMap<number, GuestFacts>, vmid: number, live: ReadonlySet<string>): GuestFacts {
  const facts = all.get(vmid);
  if (!facts) throw new RangeError(`no facts of guest ${vmid}`);
  return facts.current ? facts : { ...facts, addresses: facts.addresses.filter((ip) => !live.has(ip)) };
}

/** Ids of one connection's hosts and guests. Each is made once an observation: with thousands of guests that is felt. */
interface Ids {
  host(node: string): string;
  guest(row: GuestRow): string;
}

function idsOf(connectionId: string): Ids {
  const hosts = new Map<string, string>();
  const guests = new Map<number, string>();
  const once = <K>(made: Map<K, string>, key: K, type: string, ownId: string | number) => {
    const known = made.get(key);
    if (known !== undefined) return known;
    const id = entityId('proxmox', connectionId, type, ownId);
    made.set(key, id);
    return id;
  };
  return {
    host: (node) => once(hosts, node, 'node', node),
    guest: ({ type, vmid }) => once(guests, vmid, type, vmid),
  };
}

function hostEntity(ids: Ids, { status, versions }: Picture, row: HostRow): ObservedOf<'host'> {
  const address = status?.addresses.get(row.node);
  const ips = address === undefined ? [] : usable([address]);
  return {
    id: ids.host(row.node),
    kind: 'host',
    name: row.node,
    ownHealth: hostHealth(row, status?.quorate),
    metrics: row.status === 'online' ? usageMetrics(row) : {},
    addresses: ips,
    sockets: [],
    attrs: {
      status: row.status,
      ips,
      ...optional('cpus', row.maxcpu),
      ...optional('version', versions.get(row.node)),
    },
  };
}

function guestEntity(
  ids: Ids,
  row: GuestRow,
  facts: GuestFacts,
  nodeStatus: string | undefined,
): ObservedOf<'guest'> {
  const { type, vmid, status } = row;
  const ips = [...facts.addresses];
  const isRunning = status === 'running';
  const prefix = type === 'lxc' ? 'ct' : 'vm';
  return {
    id: ids.guest(row),
    kind: 'guest',
    name: row.name === undefined ? `${prefix} ${vmid}` : `${prefix} ${vmid} ${row.name}`,
    ownHealth: guestHealth(row, facts, nodeStatus),
    metrics: isRunning ? guestMetrics(row) : limitMetrics(row),
    addresses: ips,
    sockets: [],
    attrs: {
      type,
      vmid,
      hostName: row.node,
      status: isRunning ? (facts.runState ?? status) : status,
      template: row.template,
      ips,
      tags: row.tags,
      ...optional('addressNote', facts.addressNote),
      ...optional('cpus', row.maxcpu),
      ...optional('pool', row.pool),
      ...optional('haState', row.hastate),
      ...optional('lock', row.lock),
    },
  };
}

/** A virtual machine's disk use is not known to its host: it says 0. */
function guestMetrics(row: GuestRow): Metrics {
  const metrics = usageMetrics(row);
  if (row.type === 'qemu') delete metrics.diskBytes;
  return metrics;
}

function limitMetrics({ maxmem, maxdisk }: GuestRow): Metrics {
  return { ...optional('memoryLimitBytes', maxmem), ...optional('diskLimitBytes', maxdisk) };
}

/** Filled in place, not by spreads: it is done for every guest at every reading. */
function usageMetrics(row: GuestRow | HostRow): Metrics {
  const metrics: Metrics = {};
  if (row.cpu !== undefined) metrics.cpuFraction = row.cpu;
  if (row.mem !== undefined) metrics.memoryBytes = row.mem;
  if (row.maxmem !== undefined) metrics.memoryLimitBytes = row.maxmem;
  if (row.disk !== undefined) metrics.diskBytes = row.disk;
  if (row.maxdisk !== undefined) metrics.diskLimitBytes = row.maxdisk;
  if (row.uptime !== undefined) metrics.uptimeSeconds = row.uptime;
  if (row.netin !== undefined) metrics.receivedBytes = row.netin;
  if (row.netout !== undefined) metrics.sentBytes = row.netout;
  return metrics;
}

/** Leaves a key out where there is no value. */
function optional<K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [key in K]?: V };
}

/**
 * Rows per storage, by the id it has here: a shared storage is listed once a node and is one thing; a local one is a thing of
 * its node, whatever others are called.
 */
function groupStorages(rows: readonly StorageRow[]): Map<string, StorageRow[]> {
  const groups = new Map<string, StorageRow[]>();
  for (const row of sortedBy(rows, ({ node, storage }) => `${storage} ${node}`)) {
    const ownId = row.shared ? row.storage : `${row.node}/${row.storage}`;
    const group = groups.get(ownId);
    if (group) group.push(row);
    else groups.set(ownId, [row]);
  }
  return groups;
}

function storageEntity(
  connectionId: string,
  ownId: string,
  rows: readonly StorageRow[],
  nodeStatus: (node: string) => string | undefined,
): ObservedOf<'storage'> {
  // The row of a node that reports knows the sizes.
  const row = rows.find(({ status }) => status === 'available') ?? rows[0];
  if (!row) throw new RangeError(`storage ${ownId} has no row`);
  return {
    id: entityId('proxmox', connectionId, 'storage', ownId),
    kind: 'storage',
    name: row.shared ? row.storage : `${row.storage} (${row.node})`,
    ownHealth: storageHealth(rows, nodeStatus),
    metrics: { ...optional('diskBytes', row.disk), ...optional('diskLimitBytes', row.maxdisk) },
    addresses: [],
    sockets: [],
    attrs: {
      status: row.status,
      shared: row.shared,
      content: row.content,
      ...optional('pluginType', row.plugintype),
      ...(row.shared ? {} : { hostName: row.node }),
    },
  };
}

function guestLink(ids: Ids, row: GuestRow): Link {
  const noun = row.type === 'lxc' ? 'container' : 'virtual machine';
  return {
    from: ids.guest(row),
    to: ids.host(row.node),
    kind: 'runs-on',
    rule: 'reported',
    evidence: `Proxmox lists ${noun} ${row.vmid} on node ${row.node}`,
    confidence: 'certain',
  };
}

/** A local storage is gone with its node. A shared one is not: it hangs on none of them. */
function storageLinks(ids: Ids, connectionId: string, ownId: string, rows: readonly StorageRow[]): Link[] {
  return rows
    .filter(({ shared }) => !shared)
    .map(({ node, storage }) => ({
      from: entityId('proxmox', connectionId, 'storage', ownId),
      to: ids.host(node),
      kind: 'runs-on',
      rule: 'reported',
      evidence: `Proxmox lists storage ${storage} as local to node ${node}`,
      confidence: 'certain',
    }));
}
