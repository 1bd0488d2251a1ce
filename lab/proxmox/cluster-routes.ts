import type { LabGuest, LabHost } from '../kit/world.ts';
import type { Caller } from './access.ts';
import { uptimeOf, guestBase } from './guest-status.ts';
import { numberOf, optional, optionalText, textOf, vmid } from './params.ts';
import { get, onRoot, shuffled, subdirs, type Call, type Route } from './route.ts';
import type { Cluster } from './state.ts';
import { storeList } from './stores.ts';
import { taskRow } from './task-routes.ts';

export const VERSION = '9.1.4';
const REPO_ID = '5ac30304265fbd8e';
/** Finished tasks that each node publishes to the cluster. */
const PUBLISHED_TASKS = 25;

export function versionData() {
  return { version: VERSION, release: '9.1', repoid: REPO_ID };
}

export const clusterRoutes: readonly Route[] = [
  get('/version', 'all', versionData),
  get('/cluster', 'all', () =>
    subdirs('resources', 'status', 'nextid', 'tasks', 'log', 'options', 'ha', 'backup', 'replication'),
  ),
  get('/cluster/resources', 'all', resources, {
    type: { ...optionalText, enum: ['vm', 'storage', 'node', 'sdn'] },
  }),
  get('/cluster/status', onRoot('Sys.Audit'), status),
  get(
    '/cluster/nextid',
    'all',
    // The id arrives as text.
    ({ cluster, values }) => String(cluster.freeId(numberOf(values, 'vmid'))),
    { vmid: optional(vmid) },
  ),
  get('/cluster/tasks', 'all', tasks),
  get('/cluster/log', 'all', ({ cluster, values }) => log(cluster, numberOf(values, 'max') ?? 50), {
    max: { type: 'integer', optional: true, minimum: 1 },
  }),
  get('/cluster/options', 'all', ({ cluster, caller }) =>
    cluster.access.has(caller, '/', 'Sys.Audit')
      ? { 'allowed-tags': [], keyboard: 'en-us', mac_prefix: 'BC:24:11', 'next-id': { lower: 100 } }
      : { 'allowed-tags': [] },
  ),
  get('/cluster/backup', 'all', () => []),
  get('/cluster/backup-info/not-backed-up', onRoot('Sys.Audit'), ({ cluster }) =>
    [...cluster.world.guests.values()].map(({ vmid, name, type }) => ({ vmid, name, type })),
  ),
  get('/cluster/replication', 'all', () => []),
  get('/nodes', 'all', ({ cluster, caller }) =>
    [...cluster.world.hosts.values()].map((host) => ({
      ...nodeRow(cluster, caller, host),
      ...(host.online ? { ssl_fingerprint: cluster.context.tls.valid.fingerprint } : {}),
    })),
  ),
];

function resources({ cluster, caller, values }: Call) {
  const wanted = textOf(values, 'type');
  const rows: object[] = [];
  if (wanted === undefined || wanted === 'node')
    for (const host of cluster.world.hosts.values()) rows.push(nodeRow(cluster, caller, host));
  if (wanted === undefined || wanted === 'vm')
    for (const guest of cluster.world.guests.values())
      if (cluster.access.has(caller, `/vms/${guest.vmid}`, 'VM.Audit')) rows.push(guestRow(cluster, guest));
  if (wanted === undefined || wanted === 'storage') rows.push(...storageRows(cluster, caller));
  if (wanted === undefined) rows.push(...poolRows(cluster, caller));
  if (wanted === 'sdn' || wanted === undefined) rows.push(...networkRows(cluster, caller));
  return shuffled(rows, cluster.context.random);
}

function nodeRow(cluster: Cluster, caller: Caller, host: LabHost) {
  const row = {
    id: `node/${host.name}`,
    type: 'node',
    node: host.name,
    status: host.online ? 'online' : 'offline',
  };
  // Numbers are for auditors; an offline node has none.
  if (!host.online || !cluster.access.has(caller, `/nodes/${host.name}`, 'Sys.Audit')) return row;
  return {
    ...row,
    level: '',
    cpu: host.cpuFraction,
    maxcpu: host.cpus,
    mem: Math.round(host.memoryUsedBytes),
    maxmem: host.memoryBytes,
    disk: cluster.stores.usedBytes(host.name, 'local'),
    maxdisk: cluster.stores.find('local').sizeBytes,
    uptime: Math.max(0, Math.floor((cluster.context.now() - host.startedAt) / 1_000)),
    'cgroup-mode': 2,
  };
}

/** What runs on a silent node is not known: no numbers, state `unknown`. */
function guestRow(cluster: Cluster, guest: LabGuest) {
  const identity = {
    id: `${guest.type}/${guest.vmid}`,
    type: guest.type,
    vmid: guest.vmid,
    node: guest.host,
    name: guest.name,
    template: guest.template ? 1 : 0,
    ...(guest.pool === '' ? {} : { pool: guest.pool }),
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
  };
  const managed = cluster.ha.of(guest.vmid);
  const hastate = managed ? { hastate: managed.crmState } : {};
  if (cluster.world.hosts.get(guest.host)?.online !== true)
    return { ...identity, ...hastate, status: 'unknown' };
  const uptime = uptimeOf(cluster, guest);
  return { ...guestBase(cluster, guest), ...identity, ...hastate, maxcpu: guest.cpus, uptime };
}

function storageRows(cluster: Cluster, caller: Caller) {
  const rows: object[] = [];
  for (const host of cluster.world.hosts.values()) {
    for (const store of storeList) {
      const path = `/storage/${store.storage}`;
      const privileges = cluster.access.privileges(caller, path);
      if (!privileges.has('Datastore.Audit') && !privileges.has('Datastore.AllocateSpace')) continue;
      rows.push({
        id: `storage/${host.name}/${store.storage}`,
        type: 'storage',
        storage: store.storage,
        node: host.name,
        plugintype: store.type,
        content: shuffled(store.content, cluster.context.random).join(','),
        shared: store.shared ? 1 : 0,
        status: host.online ? 'available' : 'unknown',
        ...(host.online
          ? { disk: cluster.stores.usedBytes(host.name, store.storage), maxdisk: store.sizeBytes }
          : {}),
      });
    }
  }
  return rows;
}

function poolRows(cluster: Cluster, caller: Caller) {
  const pools = new Set([...cluster.world.guests.values()].map(({ pool }) => pool).filter(Boolean));
  return [...pools]
    .filter((pool) => cluster.access.has(caller, `/pool/${pool}`, 'Pool.Audit'))
    .map((pool) => ({ id: `/pool/${pool}`, type: 'pool', pool }));
}

function networkRows(cluster: Cluster, caller: Caller) {
  return [...cluster.world.hosts.values()]
    .filter(() => cluster.access.has(caller, '/sdn/zones/localnetwork', 'SDN.Audit'))
    .map((host) => ({
      id: `network/${host.name}/zone/localnetwork`,
      type: 'network',
      network: 'localnetwork',
      'network-type': 'zone',
      'zone-type': 'simple',
      node: host.name,
      status: host.online ? 'ok' : 'unknown',
    }));
}

function status({ cluster }: Call) {
  const hosts = [...cluster.world.hosts.values()];
  const local = cluster.localNode();
  const rows = [
    {
      type: 'cluster',
      id: 'cluster',
      name: cluster.world.scenario.datacenter,
      version: hosts.length,
      nodes: hosts.length,
      quorate: cluster.isQuorate() ? 1 : 0,
    },
    ...hosts.map((host, index) => ({
      type: 'node',
      id: `node/${host.name}`,
      name: host.name,
      ip: host.ip,
      nodeid: index + 1,
      online: host.online ? 1 : 0,
      local: host.name === local ? 1 : 0,
      level: '',
    })),
  ];
  return shuffled<object>(rows, cluster.context.random);
}

function tasks({ cluster, caller }: Call) {
  const seesAll = cluster.access.has(caller, '/', 'Sys.Audit');
  const finished = new Map<string, number>();
  const rows = cluster.tasks.list().filter((task) => {
    if (!seesAll && task.user !== caller.user) return false;
    if (task.endtime === undefined) return true;
    const count = (finished.get(task.node) ?? 0) + 1;
    finished.set(task.node, count);
    return count <= PUBLISHED_TASKS;
  });
  return rows.map((task) => ({ ...taskRow(task), saved: task.endtime === undefined ? '0' : '1' }));
}

function log(cluster: Cluster, max: number) {
  return cluster.tasks
    .list()
    .slice(0, max)
    .map((task, index) => ({
      uid: index + 1,
      time: task.starttime,
      pri: 6,
      tag: 'pvedaemon',
      pid: task.pid,
      node: task.node,
      user: task.user,
      msg: `starting task ${task.upid}`,
    }));
}
