/**
 * The lab's small data centre: 3 Proxmox nodes, 30 guests, 15 services, 6 virtual IPs, one LLM balancer with 4
 * endpoints. One place says who has which address, so that all stand-in servers agree. Addresses are private and are
 * never dialled: `network.ts` maps the few that must really answer to loopback ports.
 */

export interface HostSpec {
  readonly name: string;
  readonly ip: string;
  readonly cpus: number;
  readonly memoryBytes: number;
}

export interface GuestSpec {
  readonly vmid: number;
  readonly type: 'lxc' | 'qemu';
  readonly name: string;
  readonly host: string;
  readonly ip: string;
  /** Further addresses on other networks. */
  readonly moreIps: readonly string[];
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly running: boolean;
  readonly template: boolean;
  /** QEMU only: whether the guest agent runs, and so whether Proxmox can tell the addresses. */
  readonly agent: boolean;
  readonly pool: string;
  readonly tags: readonly string[];
}

export interface InstanceSpec {
  /** Consul service id. */
  readonly id: string;
  readonly service: string;
  readonly vmid: number;
  readonly ip: string;
  readonly port: number;
  readonly meta: Readonly<Record<string, string>>;
}

export interface ServiceSpec {
  readonly name: string;
  readonly port: number;
  readonly tags: readonly string[];
  readonly protocol: 'http' | 'tcp';
}

export interface VirtualIpSpec {
  readonly name: string;
  readonly ip: string;
  readonly port: number;
  readonly service: string;
  /** LoxiLB `sel`. */
  readonly sel: number;
  /** LoxiLB `mode`. */
  readonly mode: number;
  /** Requests per second of the traffic generator. */
  readonly requestsPerSecond: number;
}

export interface LlmEndpointSpec {
  readonly name: string;
  readonly vmid: number;
  readonly ip: string;
  readonly port: number;
  readonly model: string;
  readonly quotaPercent: number;
  readonly priority: number;
  /** Median time of a whole answer, ms. */
  readonly latencyMs: number;
}

export interface Scenario {
  readonly datacenter: string;
  readonly loadBalancerVmid: number;
  readonly hosts: readonly HostSpec[];
  readonly guests: readonly GuestSpec[];
  readonly services: readonly ServiceSpec[];
  readonly instances: readonly InstanceSpec[];
  readonly virtualIps: readonly VirtualIpSpec[];
  readonly llmEndpoints: readonly LlmEndpointSpec[];
}

/** Consul metadata key by which an operator declares that an instance is what a Gantry connection manages. */
export const DECLARED_CONNECTION_META = 'gantry-connection';
export const LLM_CONNECTION_ID = 'llm';

const GiB = 2 ** 30;

const hosts: HostSpec[] = [1, 2, 3].map((n) => ({
  name: `pve-${n}`,
  ip: `10.2.0.${10 + n}`,
  cpus: 32,
  memoryBytes: 256 * GiB,
}));

/** vmid, type, name, host number, last byte of 10.1.0.x, pool, [service:port …] */
type GuestRow = readonly [number, 'lxc' | 'qemu', string, 1 | 2 | 3, number, string, readonly string[]];

const rows: readonly GuestRow[] = [
  [101, 'lxc', 'checkout-a', 1, 11, 'shop', ['checkout:8080', 'cart:8081']],
  [102, 'lxc', 'checkout-b', 2, 12, 'shop', ['checkout:8080', 'cart:8081']],
  [111, 'lxc', 'catalog-a', 1, 21, 'shop', ['catalog:8080', 'search:8082']],
  [112, 'lxc', 'catalog-b', 2, 22, 'shop', ['catalog:8080', 'search:8082']],
  [113, 'lxc', 'web-a', 1, 23, 'edge', ['web:8080']],
  [114, 'lxc', 'web-b', 2, 24, 'edge', ['web:8080']],
  [115, 'lxc', 'web-c', 3, 25, 'edge', ['web:8080']],
  [116, 'lxc', 'api-a', 1, 26, 'edge', ['api:8443']],
  [117, 'lxc', 'api-b', 2, 27, 'edge', ['api:8443']],
  [118, 'lxc', 'api-c', 3, 28, 'edge', ['api:8443']],
  [120, 'qemu', 'payments-a', 2, 31, 'core', ['payments:9000']],
  [121, 'qemu', 'payments-b', 3, 32, 'core', ['payments:9000']],
  [122, 'lxc', 'orders-a', 1, 33, 'core', ['orders:8080', 'inventory:8083']],
  [123, 'lxc', 'orders-b', 2, 34, 'core', ['orders:8080', 'inventory:8083']],
  [124, 'lxc', 'orders-c', 3, 35, 'core', ['orders:8080']],
  [130, 'qemu', 'orders-db-a', 2, 41, 'data', ['orders-db:5432']],
  [131, 'qemu', 'orders-db-b', 3, 42, 'data', ['orders-db:5432']],
  [132, 'lxc', 'auth-a', 1, 43, 'core', ['auth:8443', 'users:8084']],
  [133, 'lxc', 'auth-b', 2, 44, 'core', ['auth:8443', 'users:8084']],
  [134, 'lxc', 'auth-c', 3, 45, 'core', ['auth:8443', 'notify:8085']],
  [135, 'lxc', 'notify-b', 1, 46, 'core', ['notify:8085']],
  [140, 'lxc', 'llm-lb', 2, 51, 'llm', ['llm-gateway:8090']],
  [141, 'lxc', 'llm-lb-standby', 3, 52, 'llm', ['llm-gateway:8090']],
  [150, 'qemu', 'llm-a', 1, 61, 'llm', ['llm-models:8000']],
  [151, 'qemu', 'llm-b', 2, 62, 'llm', ['llm-models:8000']],
  [152, 'qemu', 'llm-c', 3, 63, 'llm', ['llm-models:8000']],
  [153, 'qemu', 'llm-d', 3, 64, 'llm', ['llm-models:8000']],
  [100, 'lxc', 'lb-1', 1, 2, 'edge', []],
  [190, 'qemu', 'build-runner', 3, 90, 'tools', []],
  [900, 'lxc', 'debian-12-base', 1, 0, 'templates', []],
];

const LOAD_BALANCER_VMID = 100;

const guests: GuestSpec[] = rows.map(([vmid, type, name, host, lastByte, pool]) => ({
  vmid,
  type,
  name,
  host: `pve-${host}`,
  ip: lastByte === 0 ? '' : `10.1.0.${lastByte}`,
  moreIps: vmid === LOAD_BALANCER_VMID ? ['10.0.0.2'] : [],
  cpus: pool === 'llm' && type === 'qemu' ? 16 : type === 'qemu' ? 4 : 2,
  memoryBytes: (pool === 'llm' && type === 'qemu' ? 64 : type === 'qemu' ? 8 : 2) * GiB,
  diskBytes: (type === 'qemu' ? 64 : 16) * GiB,
  running: pool !== 'tools' && pool !== 'templates',
  template: pool === 'templates',
  agent: type === 'qemu' && name !== 'orders-db-b',
  pool,
  tags: pool === 'templates' ? [] : ['prod', pool],
}));

const services: ServiceSpec[] = [
  { name: 'web', port: 8080, tags: ['edge', 'http'], protocol: 'http' },
  { name: 'api', port: 8443, tags: ['edge', 'http'], protocol: 'http' },
  { name: 'checkout', port: 8080, tags: ['shop', 'http'], protocol: 'http' },
  { name: 'cart', port: 8081, tags: ['shop', 'http'], protocol: 'http' },
  { name: 'catalog', port: 8080, tags: ['shop', 'http'], protocol: 'http' },
  { name: 'search', port: 8082, tags: ['shop', 'http'], protocol: 'http' },
  { name: 'payments', port: 9000, tags: ['core', 'http'], protocol: 'http' },
  { name: 'orders', port: 8080, tags: ['core', 'http'], protocol: 'http' },
  { name: 'inventory', port: 8083, tags: ['core', 'http'], protocol: 'http' },
  { name: 'orders-db', port: 5432, tags: ['data', 'postgres'], protocol: 'tcp' },
  { name: 'auth', port: 8443, tags: ['core', 'http'], protocol: 'http' },
  { name: 'users', port: 8084, tags: ['core', 'http'], protocol: 'http' },
  { name: 'notify', port: 8085, tags: ['core', 'http'], protocol: 'http' },
  { name: 'llm-gateway', port: 8090, tags: ['llm', 'http'], protocol: 'http' },
  { name: 'llm-models', port: 8000, tags: ['llm', 'http'], protocol: 'http' },
];

const instances: InstanceSpec[] = rows.flatMap(([vmid, , , , lastByte, , serves]) =>
  serves.map((entry) => {
    const [service = '', port = '0'] = entry.split(':');
    return {
      // Consul's usual id: the service name with a number that is unique among its instances.
      id: `${service}-${instanceNumber(service, vmid)}`,
      service,
      vmid,
      ip: `10.1.0.${lastByte}`,
      port: Number(port),
      meta:
        vmid === 140
          ? { version: '3.0.0', [DECLARED_CONNECTION_META]: LLM_CONNECTION_ID }
          : { version: '1.4.2' },
    };
  }),
);

function instanceNumber(service: string, vmid: number): number {
  return rows.filter(
    ([id, , , , , , serves]) => id <= vmid && serves.some((s) => s.startsWith(`${service}:`)),
  ).length;
}

export const scenario: Scenario = {
  datacenter: 'lab',
  loadBalancerVmid: LOAD_BALANCER_VMID,
  hosts,
  guests,
  services,
  instances,
  virtualIps: [
    {
      name: 'checkout',
      ip: '10.0.0.5',
      port: 443,
      service: 'checkout',
      sel: 0,
      mode: 2,
      requestsPerSecond: 410,
    },
    {
      name: 'catalog',
      ip: '10.0.0.6',
      port: 443,
      service: 'catalog',
      sel: 4,
      mode: 2,
      requestsPerSecond: 280,
    },
    {
      name: 'orders-db',
      ip: '10.0.0.7',
      port: 5432,
      service: 'orders-db',
      sel: 3,
      mode: 1,
      requestsPerSecond: 31,
    },
    { name: 'web', ip: '10.0.0.8', port: 443, service: 'web', sel: 0, mode: 2, requestsPerSecond: 620 },
    { name: 'llm', ip: '10.0.0.9', port: 443, service: 'llm-gateway', sel: 2, mode: 2, requestsPerSecond: 6 },
    { name: 'api', ip: '10.0.0.10', port: 443, service: 'api', sel: 4, mode: 2, requestsPerSecond: 350 },
  ],
  llmEndpoints: [
    {
      name: 'llm-a',
      vmid: 150,
      ip: '10.1.0.61',
      port: 8000,
      model: 'm-large',
      quotaPercent: 40,
      priority: 1,
      latencyMs: 220,
    },
    {
      name: 'llm-b',
      vmid: 151,
      ip: '10.1.0.62',
      port: 8000,
      model: 'm-large',
      quotaPercent: 30,
      priority: 2,
      latencyMs: 240,
    },
    {
      name: 'llm-c',
      vmid: 152,
      ip: '10.1.0.63',
      port: 8000,
      model: 'm-small',
      quotaPercent: 20,
      priority: 3,
      latencyMs: 90,
    },
    {
      name: 'llm-d',
      vmid: 153,
      ip: '10.1.0.64',
      port: 8000,
      model: 'm-small',
      quotaPercent: 10,
      priority: 4,
      latencyMs: 110,
    },
  ],
};
