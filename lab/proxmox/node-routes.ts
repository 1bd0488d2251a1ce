import type { LabHost } from '../kit/world.ts';
import { VERSION, versionData } from './cluster-routes.ts';
import { guestStatus } from './guest-status.ts';
import {
  flag,
  listOf,
  numberOf,
  optional,
  optionalText,
  storageId,
  text,
  textOf,
  type Params,
} from './params.ts';
import {
  get,
  Listed,
  nodeOf,
  onNode,
  onStorage,
  route,
  shuffled,
  subdirs,
  type Call,
  type Route,
} from './route.ts';
import { rrdRows, still, timeframes, wave, type Timeframe } from './rrd.ts';
import { storageEntry, storeList, type Store } from './stores.ts';

const AUDIT = onNode('Sys.Audit');

/** Parameters of every `rrddata` call. */
export const rrdParams: Params = {
  timeframe: { ...text, enum: timeframes },
  cf: { ...optionalText, enum: ['AVERAGE', 'MAX'] },
};

const services = ['corosync', 'cron', 'pve-cluster', 'pvedaemon', 'pveproxy', 'pvestatd', 'ssh'];

export const nodeRoutes: readonly Route[] = [
  get('/nodes/{node}', 'all', () =>
    subdirs(
      'lxc',
      'qemu',
      'storage',
      'tasks',
      'status',
      'version',
      'rrddata',
      'network',
      'services',
      'vzdump',
    ),
  ),
  get('/nodes/{node}/version', 'all', (call) => {
    nodeOf(call);
    return versionData();
  }),
  get('/nodes/{node}/status', AUDIT, status),
  get('/nodes/{node}/time', AUDIT, (call) => {
    nodeOf(call);
    const time = call.cluster.seconds();
    return { time, localtime: time, timezone: 'Etc/UTC' };
  }),
  get('/nodes/{node}/dns', AUDIT, (call) => {
    nodeOf(call);
    return { search: 'lab.internal', dns1: '10.2.0.1' };
  }),
  get('/nodes/{node}/services', AUDIT, (call) => {
    nodeOf(call);
    return services.map((service) => ({
      service,
      name: service,
      desc: `${service} service`,
      state: 'running',
      'active-state': 'active',
      'unit-state': 'enabled',
    }));
  }),
  get('/nodes/{node}/network', 'all', network, {
    type: {
      ...optionalText,
      enum: ['bridge', 'bond', 'eth', 'alias', 'vlan', 'any_bridge', 'any_local_bridge', 'include_sdn'],
    },
  }),
  get('/nodes/{node}/certificates/info', 'all', certificates),
  get('/nodes/{node}/disks/list', AUDIT, disks, {
    'include-partitions': flag,
    skipsmart: flag,
    type: { ...optionalText, enum: ['unused', 'journal_disks'] },
  }),
  get('/nodes/{node}/syslog', onNode('Sys.Syslog'), syslog, {
    start: { type: 'integer', optional: true, minimum: 0 },
    limit: { type: 'integer', optional: true, minimum: 0 },
    since: optionalText,
    until: optionalText,
    service: { ...optionalText, maxLength: 128 },
  }),
  get(
    '/nodes/{node}/rrddata',
    AUDIT,
    (call) => {
      const host = nodeOf(call);
      return rrdRows(call.values['timeframe'] as Timeframe, call.cluster.seconds(), {
        maxcpu: still(host.cpus),
        cpu: wave(host.cpuFraction),
        iowait: wave(0.01),
        loadavg: wave(host.cpuFraction * host.cpus),
        memtotal: still(host.memoryBytes),
        memused: wave(host.memoryUsedBytes),
        roottotal: still(call.cluster.stores.find('local').sizeBytes),
        rootused: still(call.cluster.stores.usedBytes(host.name, 'local')),
        netin: wave(12e6),
        netout: wave(30e6),
      });
    },
    rrdParams,
  ),
  route('POST', '/nodes/{node}/status', onNode('Sys.PowerMgmt'), power, {
    command: { ...text, enum: ['reboot', 'shutdown'] },
  }),
  get('/nodes/{node}/lxc', 'all', (call) => guests(call, 'lxc')),
  get('/nodes/{node}/qemu', 'all', (call) => guests(call, 'qemu'), { full: flag }),
  ...storageRoutes(),
];

function guests(call: Call, type: 'lxc' | 'qemu') {
  const { cluster, caller } = call;
  const host = nodeOf(call);
  const rows = [...cluster.world.guests.values()]
    .filter((guest) => guest.host === host.name && guest.type === type)
    .filter(({ vmid }) => cluster.access.has(caller, `/vms/${vmid}`, 'VM.Audit'))
    .map((guest) => guestStatus(cluster, guest));
  return shuffled(rows, cluster.context.random);
}

function status(call: Call) {
  const host = nodeOf(call);
  const total = host.memoryBytes;
  const used = Math.round(host.memoryUsedBytes);
  const root = call.cluster.stores.find('local').sizeBytes;
  const rootUsed = call.cluster.stores.usedBytes(host.name, 'local');
  const load = host.cpuFraction * host.cpus;
  return {
    cpu: host.cpuFraction,
    wait: 0.01,
    idle: 0,
    // Three texts, not numbers.
    loadavg: [load, load * 0.95, load * 0.9].map((value) => value.toFixed(2)),
    uptime: Math.max(0, Math.floor((call.cluster.context.now() - host.startedAt) / 1_000)),
    memory: { total, used, free: total - used, available: total - used },
    swap: { total: 8 * 2 ** 30, used: 0, free: 8 * 2 ** 30 },
    ksm: { shared: 0 },
    rootfs: { total: root, used: rootUsed, free: root - rootUsed, avail: root - rootUsed },
    cpuinfo: {
      model: 'Lab CPU',
      cores: host.cpus / 2,
      cpus: host.cpus,
      sockets: 1,
      mhz: '2600.000',
      flags: 'aes',
      hvm: '1',
    },
    kversion: 'Linux 6.14.8-2-pve',
    'current-kernel': { sysname: 'Linux', release: '6.14.8-2-pve', version: '#1 SMP', machine: 'x86_64' },
    'boot-info': { mode: 'efi', secureboot: 0 },
    pveversion: `pve-manager/${VERSION}/5ac30304265fbd8e`,
  };
}

/** A node that is shut down stays away; one that reboots is away for two minutes. */
function power(call: Call): null {
  const { cluster, values } = call;
  const host = nodeOf(call);
  const REBOOT_MS = 120_000;
  cluster.world.setHostOnline(host.name, false);
  if (values['command'] === 'reboot')
    void cluster.tasks.pause(REBOOT_MS).then(
      () => cluster.world.setHostOnline(host.name, true),
      () => {}, // the lab has stopped
    );
  return null;
}

function network(call: Call) {
  const host = nodeOf(call);
  const type = textOf(call.values, 'type');
  const rows = [
    { iface: 'eno1', type: 'eth', active: 1, exists: 1, method: 'manual', method6: 'manual', priority: 1 },
    {
      iface: 'vmbr0',
      type: 'bridge',
      active: 1,
      autostart: 1,
      method: 'static',
      method6: 'manual',
      address: host.ip,
      netmask: '24',
      cidr: `${host.ip}/24`,
      gateway: '10.2.0.1',
      bridge_ports: 'eno1',
      priority: 2,
    },
    {
      iface: 'vmbr1',
      type: 'bridge',
      active: 1,
      autostart: 1,
      method: 'manual',
      method6: 'manual',
      priority: 3,
    },
  ];
  const wanted = type?.startsWith('any') || type === 'include_sdn' ? 'bridge' : type;
  return rows.filter((row) => wanted === undefined || row.type === wanted);
}

function certificates(call: Call) {
  nodeOf(call);
  const { cert, fingerprint } = call.cluster.context.tls.valid;
  return [
    {
      filename: 'pve-ssl.pem',
      fingerprint,
      pem: cert,
      subject: 'CN=pve.lab.internal',
      issuer: 'CN=pve.lab.internal',
      san: ['127.0.0.1', 'localhost', 'pve.lab.internal'],
      'public-key-type': 'id-ecPublicKey',
      'public-key-bits': 256,
    },
  ];
}

function disks(call: Call) {
  nodeOf(call);
  return ['nvme0n1', 'nvme1n1'].map((name, index) => ({
    devpath: `/dev/${name}`,
    size: 1_920_383_410_176,
    model: 'Lab NVMe',
    serial: `LAB000${index}`,
    type: 'nvme',
    rpm: 0,
    health: 'PASSED',
    wearout: 97 - index,
    used: index === 0 ? 'LVM' : 'ZFS',
    gpt: 1,
    mounted: 0,
    osdid: -1,
    'osdid-list': [],
    by_id_link: `/dev/disk/by-id/nvme-lab-${index}`,
  }));
}

function syslog(call: Call): Listed {
  const host = nodeOf(call);
  const lines = call.cluster.tasks
    .list()
    .filter((task) => task.node === host.name)
    .map((task, index) => ({
      n: index + 1,
      t: `${host.name} pvedaemon[${task.pid}]: starting task ${task.upid}`,
    }));
  const start = numberOf(call.values, 'start') ?? 0;
  return new Listed(lines.slice(start, start + (numberOf(call.values, 'limit') ?? 50)), lines.length);
}

function storageRoutes(): Route[] {
  return [
    get(
      '/storage',
      'all',
      ({ cluster, caller, values }) =>
        storeList
          .filter(({ type }) => type === (textOf(values, 'type') ?? type))
          .filter((store) => maySee(cluster.access.privileges(caller, `/storage/${store.storage}`)))
          .map(storageEntry),
      { type: optionalText },
    ),
    get('/nodes/{node}/storage', 'all', storages, {
      content: optionalText,
      enabled: flag,
      format: flag,
      storage: optional(storageId),
      target: optionalText,
    }),
    get('/nodes/{node}/storage/{storage}', onStorage, () => subdirs('content', 'status', 'rrddata')),
    get('/nodes/{node}/storage/{storage}/status', onStorage, (call) =>
      storageRow(call, nodeOf(call), storeOf(call)),
    ),
    get('/nodes/{node}/storage/{storage}/content', onStorage, content, {
      content: optionalText,
      vmid: { type: 'integer', optional: true, minimum: 100 },
    }),
    route('DELETE', '/nodes/{node}/storage/{storage}/content/{volume}', 'all', removeVolume, {
      delay: { type: 'integer', optional: true, minimum: 1, maximum: 30 },
    }),
    get(
      '/nodes/{node}/storage/{storage}/rrddata',
      onStorage,
      (call) => {
        const host = nodeOf(call);
        const store = storeOf(call);
        return rrdRows(call.values['timeframe'] as Timeframe, call.cluster.seconds(), {
          total: still(store.sizeBytes),
          used: still(call.cluster.stores.usedBytes(host.name, store.storage)),
        });
      },
      rrdParams,
    ),
  ];
}

function maySee(privileges: ReadonlyMap<string, unknown>): boolean {
  return privileges.has('Datastore.Audit') || privileges.has('Datastore.AllocateSpace');
}

function storeOf({ cluster, values }: Call): Store {
  return cluster.stores.find(String(values['storage']));
}

function storages(call: Call) {
  const { cluster, caller, values } = call;
  const host = nodeOf(call);
  const kinds = listOf(values, 'content');
  const rows = storeList
    .filter(({ storage }) => storage === (textOf(values, 'storage') ?? storage))
    .filter((store) => kinds.length === 0 || kinds.some((kind) => store.content.includes(kind)))
    .filter((store) => maySee(cluster.access.privileges(caller, `/storage/${store.storage}`)))
    .map((store) => ({ storage: store.storage, ...storageRow(call, host, store) }));
  return shuffled(rows, cluster.context.random);
}

function storageRow({ cluster }: Call, host: LabHost, store: Store) {
  const used = cluster.stores.usedBytes(host.name, store.storage);
  return {
    type: store.type,
    content: store.content.join(','),
    enabled: 1,
    active: 1,
    shared: store.shared ? 1 : 0,
    total: store.sizeBytes,
    used,
    avail: store.sizeBytes - used,
    used_fraction: used / store.sizeBytes,
  };
}

function content(call: Call) {
  const host = nodeOf(call);
  const kinds = listOf(call.values, 'content');
  const vmid = numberOf(call.values, 'vmid');
  return call.cluster.stores
    .volumes(host.name, storeOf(call).storage)
    .filter((row) => kinds.length === 0 || kinds.includes(row.content))
    .filter((row) => vmid === undefined || row.vmid === vmid)
    .map((row) => ({ ...row, config: undefined }));
}

/** The volume's name is one percent-encoded segment. Quick, so that a caller who is willing to wait gets null. */
function removeVolume(call: Call): string | null {
  const { cluster, caller, values } = call;
  const host = nodeOf(call);
  const store = storeOf(call);
  cluster.access.require(
    caller,
    `/storage/${store.storage}`,
    ['Datastore.Allocate', 'Datastore.AllocateSpace'],
    true,
  );
  const given = String(values['volume']);
  const volid = given.includes(':') ? given : `${store.storage}:${given}`;
  if (values['delay'] !== undefined) {
    cluster.stores.removeFile(host.name, store.storage, volid);
    return null;
  }
  const id = volid.replace(/[:/]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`);
  return cluster.tasks.start(host.name, 'imgdel', id, caller, async (worker) => {
    await worker.pause(500);
    cluster.stores.removeFile(host.name, store.storage, volid);
    worker.log(`Removed volume '${volid}'`);
  });
}
