import type { SystemKind } from '../shared/model/connection.ts';
import type { Observation, ObservedEntity, ObservedOf } from '../shared/model/entity.ts';
import type { OwnHealth } from '../shared/model/health.ts';
import { entityId } from '../shared/model/ids.ts';
import type { Link, LinkKind } from '../shared/model/link.ts';
import { seeded } from './random.ts';

/** What one connection says in one scope: the input of the engine's world. */
export interface Said {
  readonly connectionId: string;
  readonly system: SystemKind;
  readonly observation: Observation;
}

/** When everything in the fixture was seen: epoch ms, fixed, so that two runs are the same. */
export const FIXTURE_AT = Date.UTC(2026, 0, 15, 12, 0, 0);

const names = [
  'checkout', 'catalog', 'payments', 'orders-db', 'search', 'cart', 'accounts', 'billing', 'mail', 'media',
  'inventory', 'pricing', 'reviews', 'sessions', 'reports', 'ledger',
]; // prettier-ignore
const pools = ['shop', 'core', 'data', 'edge', 'ai'];

/** Shares of a world, per guest; chosen so that each system tells about as much as in a real one. */
const GUESTS_PER_HOST = 30;
const INSTANCES_PER_SERVICE = 4;
const SERVICES_WITH_VIRTUAL_IP = 0.3;
const INSTANCES_WITH_MEMBER = 0.65;
const GUESTS_WITH_AGENT = 0.85;
/** Entities for each guest that the shares above come to. */
const ENTITIES_PER_GUEST = 3.75;

class Scope {
  readonly entities: ObservedEntity[] = [];
  readonly links: Link[] = [];
  readonly connectionId: string;
  readonly system: SystemKind;
  readonly scope: string;

  constructor(connectionId: string, system: SystemKind, scope: string) {
    this.connectionId = connectionId;
    this.system = system;
    this.scope = scope;
  }

  id(type: string, own: string | number): string {
    return entityId(this.system, this.connectionId, type, own);
  }

  link(from: string, kind: LinkKind, to: string): void {
    this.links.push({
      from,
      to,
      kind,
      rule: 'reported',
      evidence: `${this.connectionId} says so`,
      confidence: 'certain',
    });
  }

  said(): Said {
    const { connectionId, system, scope, entities, links } = this;
    return { connectionId, system, observation: { scope, entities, links, asOf: FIXTURE_AT } };
  }
}

interface Draft {
  readonly random: () => number;
  readonly proxmox: Scope;
  readonly consul: Scope;
  readonly loxilb: Scope;
  readonly llm: Scope;
  /** Running guests that may carry instances. */
  readonly places: {
    readonly id: string;
    readonly name: string;
    readonly ip: string;
    readonly up: boolean;
  }[];
}

/**
 * A coherent world with exactly `count` entities in four systems, joined by addresses as real ones are: virtual IPs with
 * members, services with instances, guests on hosts, LLM balancers with endpoints and clients. About one in fifty
 * things is not well. Deterministic by `seed`.
 */
export function fixture(count: number, seed = 1): Said[] {
  const draft: Draft = {
    random: seeded(seed),
    proxmox: new Scope('pve', 'proxmox', 'resources'),
    consul: new Scope('consul', 'consul', 'catalog'),
    loxilb: new Scope('lb', 'loxilb', 'rules'),
    llm: new Scope('llm', 'llm-balancer', 'state'),
    places: [],
  };
  const guests = Math.max(4, Math.round((count - 20) / ENTITIES_PER_GUEST));
  const hosts = Math.max(1, Math.round(guests / GUESTS_PER_HOST));
  for (let h = 0; h < hosts; h++) addHost(draft, h);
  for (let g = 0; g < guests; g++) addGuest(draft, g, hosts, true);
  addServices(draft, Math.round(guests / INSTANCES_PER_SERVICE));
  addLlm(draft, Math.max(2, Math.round(count / 400)), Math.max(2, Math.round(count / 250)));
  const scopes = [draft.proxmox, draft.consul, draft.loxilb, draft.llm];
  const total = () => scopes.reduce((sum, scope) => sum + scope.entities.length, 0);
  // Guests that nothing is routed to fill up to the exact number, as in every real cluster.
  for (let g = guests; total() < count; g++) addGuest(draft, g, hosts, false);
  if (total() > count)
    throw new Error(`the shares of the fixture give ${total()} entities instead of ${count}`);
  return scopes.map((scope) => scope.said());
}

const healthy: OwnHealth = { state: 'healthy' };
const nothing = { metrics: {}, addresses: [] as string[], sockets: [] as string[] };

function addHost({ proxmox, random }: Draft, h: number): void {
  const name = `pve-${h + 1}`;
  const ip = `10.9.${h >> 8}.${h & 255}`;
  proxmox.entities.push({
    ...nothing,
    kind: 'host',
    id: proxmox.id('node', name),
    name,
    ownHealth: healthy,
    addresses: [ip],
    metrics: {
      cpuFraction: 0.2 + random() * 0.5,
      memoryBytes: (90 + random() * 90) * 2 ** 30,
      memoryLimitBytes: 256 * 2 ** 30,
    },
    attrs: { status: 'online', ips: [ip], cpus: 64, version: '8.4' },
  });
  for (const kind of ['local', 'zfs']) {
    const own = `${name}/${kind}`;
    proxmox.entities.push({
      ...nothing,
      kind: 'storage',
      id: proxmox.id('storage', own),
      name: own,
      ownHealth: healthy,
      metrics: { diskBytes: random() * 8e12, diskLimitBytes: 8e12 },
      attrs: { status: 'available', shared: false, content: ['images'], hostName: name },
    });
    proxmox.link(proxmox.id('storage', own), 'runs-on', proxmox.id('node', name));
  }
}

function guestHealth(chance: number): OwnHealth {
  if (chance < 0.004) return { state: 'down', reason: 'guest is stopped' };
  if (chance < 0.008) return { state: 'maintenance', reason: 'locked for backup' };
  return healthy;
}

function addGuest(
  { proxmox, consul, places, random }: Draft,
  g: number,
  hosts: number,
  useful: boolean,
): void {
  const vmid = 100 + g;
  const type = random() < 0.7 ? 'lxc' : 'qemu';
  const hostName = `pve-${(g % hosts) + 1}`;
  const name = `${names[g % names.length]}-${Math.floor(g / names.length) + 1}`;
  const ip = `10.${16 + (g >> 16)}.${(g >> 8) & 255}.${g & 255}`;
  const id = proxmox.id(type, vmid);
  const ownHealth = guestHealth(random());
  const up = ownHealth.state !== 'down';
  const cpus = 2 ** (1 + Math.floor(random() * 3));
  proxmox.entities.push({
    ...nothing,
    kind: 'guest',
    id,
    name: `${type === 'lxc' ? 'ct' : 'vm'} ${vmid} ${name}`,
    ownHealth,
    addresses: [ip],
    metrics: up ? { cpuFraction: random() * 0.8, memoryBytes: random() * 4e9 } : {},
    attrs: {
      type,
      vmid,
      hostName,
      status: up ? 'running' : 'stopped',
      template: false,
      ips: [ip],
      cpus,
      tags: [],
      pool: pools[Math.floor(g / 8) % pools.length],
    },
  });
  proxmox.link(id, 'runs-on', proxmox.id('node', hostName));
  if (!useful) return;
  places.push({ id, name, ip, up });
  if (random() >= GUESTS_WITH_AGENT) return;
  consul.entities.push({
    ...nothing,
    kind: 'node',
    id: consul.id('node', name),
    name,
    ownHealth: healthy,
    addresses: [ip],
    attrs: { address: ip, checks: [], datacenter: 'dc1' },
  });
}

function addServices(draft: Draft, count: number): void {
  for (let s = 0; s < count; s++) {
    const name = s < names.length ? names[s]! : `${names[s % names.length]}-${Math.floor(s / names.length)}`;
    const { consul, random, places } = draft;
    const own = 2 + Math.floor(random() * (2 * INSTANCES_PER_SERVICE - 3));
    const instances: ObservedOf<'instance'>[] = [];
    for (let i = 0; i < own; i++) {
      const place = places[(s * INSTANCES_PER_SERVICE + i) % places.length]!;
      instances.push(addInstance(draft, name, i, place));
    }
    consul.entities.push({
      ...nothing,
      kind: 'service',
      id: consul.id('service', name),
      name,
      ownHealth: healthy,
      metrics: { requestsPerSecond: random() * 5_000 },
      attrs: { tags: [], instances: own, datacenter: 'dc1' },
    });
    if (random() < SERVICES_WITH_VIRTUAL_IP) addVirtualIp(draft, s, name, instances);
  }
}

function addInstance(
  { consul, random }: Draft,
  service: string,
  i: number,
  place: Draft['places'][number],
): ObservedOf<'instance'> {
  const own = `${service}-${i + 1}`;
  const port = 8_000 + ((own.length * 37 + i * 11) % 900);
  const chance = random();
  const ownHealth: OwnHealth = !place.up
    ? { state: 'down', reason: 'check tcp: connection refused' }
    : chance < 0.006
      ? { state: 'degraded', reason: 'check http: warning, answers take 2.1 s' }
      : chance < 0.01
        ? { state: 'maintenance', reason: 'maintenance mode' }
        : healthy;
  const instance: ObservedOf<'instance'> = {
    ...nothing,
    kind: 'instance',
    id: consul.id('instance', own),
    name: own,
    ownHealth,
    sockets: [`${place.ip}:${port}`],
    metrics: {},
    attrs: { serviceName: service, nodeName: place.name, address: place.ip, port, tags: [], checks: [] },
  };
  consul.entities.push(instance);
  consul.link(consul.id('service', service), 'routes-to', instance.id);
  consul.link(instance.id, 'runs-on', consul.id('node', place.name));
  return instance;
}

function addVirtualIp(
  draft: Draft,
  s: number,
  name: string,
  instances: readonly ObservedOf<'instance'>[],
): void {
  const { loxilb, random } = draft;
  const ip = `10.0.${s >> 8}.${s & 255}`;
  const id = loxilb.id('virtual-ip', `${ip}:443`);
  loxilb.entities.push({
    ...nothing,
    kind: 'virtual-ip',
    id,
    name: `${ip}:443`,
    ownHealth: { state: 'unknown', reason: 'told per member' },
    sockets: [`${ip}:443`],
    metrics: { bytesPerSecond: random() * 1e8 },
    attrs: {
      ip,
      port: 443,
      protocol: 'tcp',
      ruleName: name,
      algorithm: 'rr',
      mode: 'fullnat',
      monitored: true,
    },
  });
  for (const instance of instances) {
    if (random() > INSTANCES_WITH_MEMBER + 0.3) continue;
    const { address, port } = instance.attrs;
    const member = loxilb.id('member', `${ip}:443-${address}:${port}`);
    const down = instance.ownHealth.state === 'down';
    loxilb.entities.push({
      ...nothing,
      kind: 'member',
      id: member,
      name: `${address}:${port}`,
      ownHealth: down ? { state: 'down', reason: 'probe fails' } : healthy,
      sockets: [`${address}:${port}`],
      metrics: { bytesPerSecond: random() * 1e7 },
      attrs: { ip: address, port, weight: 1, state: down ? 'inactive' : 'active', monitored: true },
    });
    loxilb.link(id, 'routes-to', member);
  }
}

/** One balancer on the first guest, its endpoints on the next ones, and the clients that call it. */
function addLlm({ llm, places, random }: Draft, endpoints: number, clients: number): void {
  const balancer = llm.id('balancer', 'main');
  const at = places[0]!;
  llm.entities.push({
    ...nothing,
    kind: 'llm-balancer',
    id: balancer,
    name: 'llm-balancer',
    ownHealth: healthy,
    sockets: [`${at.ip}:8090`],
    metrics: { requestsPerSecond: 62 },
    attrs: { routingMode: 'quota', usableEndpoints: endpoints, totalEndpoints: endpoints, version: '2.3.0' },
  });
  for (let e = 0; e < endpoints; e++) {
    const place = places[(e + 1) % places.length]!;
    const id = llm.id('endpoint', e + 1);
    llm.entities.push({
      ...nothing,
      kind: 'llm-endpoint',
      id,
      name: `gpu-${e + 1}`,
      ownHealth: healthy,
      sockets: [`${place.ip}:9000`],
      metrics: { tokensPerSecond: 200 + random() * 900, inFlight: Math.floor(random() * 8) },
      attrs: {
        baseUrl: `http://${place.ip}:9000/v1`,
        enabled: true,
        connected: true,
        quotaPercent: Math.round(100 / endpoints),
        priorityOrder: e,
        maxConcurrent: 8,
        state: 'ok',
        hasApiKey: true,
      },
    });
    llm.link(balancer, 'routes-to', id);
  }
  for (let c = 0; c < clients; c++) {
    const id = llm.id('client', c + 1);
    llm.entities.push({
      ...nothing,
      kind: 'llm-client',
      id,
      name: `team-${c + 1}`,
      ownHealth: healthy,
      metrics: { requestsPerSecond: random() * 20 },
      attrs: { tokenPreview: 'sk-…', requestPriority: 5, maxLiveSharePercent: 100 },
    });
    llm.link(id, 'routes-to', balancer);
  }
}
