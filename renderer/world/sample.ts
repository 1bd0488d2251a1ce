import type { AttrsOf, EntityKind, EntityOf, Entity } from '../../shared/model/entity.ts';
import type { HealthState } from '../../shared/model/health.ts';
import type { Link, LinkKind } from '../../shared/model/link.ts';
import type { WorldPatch, WorldSnapshot } from '../../shared/model/world.ts';

/** Small, valid pieces of a world for tests and for the development page. Never imported by the product. */

const attrsSamples: { readonly [K in EntityKind]: AttrsOf<K> } = {
  'virtual-ip': {
    ip: '10.0.0.6',
    port: 443,
    protocol: 'tcp',
    algorithm: 'rr',
    mode: 'fullnat',
    monitored: true,
  },
  member: { ip: '10.1.0.22', port: 8080, weight: 1, state: 'active', monitored: true },
  'load-balancer': { version: '0.9.8', haState: 'MASTER', haInstance: 'default' },
  port: { link: true, ips: [] },
  service: { tags: [], instances: 2 },
  instance: {
    serviceName: 'catalog',
    nodeName: 'ct-112',
    address: '10.1.0.22',
    port: 8080,
    tags: [],
    checks: [],
  },
  node: { address: '10.1.0.22', checks: [] },
  guest: {
    type: 'lxc',
    vmid: 112,
    hostName: 'pve-2',
    status: 'running',
    template: false,
    ips: [],
    tags: [],
  },
  host: { status: 'online', ips: ['10.9.0.2'] },
  storage: { status: 'available', shared: false, content: [] },
  'llm-balancer': { routingMode: 'quota', usableEndpoints: 4, totalEndpoints: 4 },
  'llm-endpoint': {
    baseUrl: 'http://10.1.0.61:9000/v1',
    enabled: true,
    connected: true,
    quotaPercent: 25,
    priorityOrder: 1,
    maxConcurrent: 8,
    state: 'ok',
    hasApiKey: true,
  },
  'llm-client': { tokenPreview: 'sk-…1f', requestPriority: 5, maxLiveSharePercent: 100 },
};

export interface EntityOptions<K extends EntityKind> {
  readonly name?: string;
  readonly state?: HealthState;
  readonly reason?: string;
  readonly since?: number;
  readonly causes?: string[];
  readonly attrs?: Partial<AttrsOf<K>>;
  readonly connectionId?: string;
  readonly sourceId?: string;
  readonly addresses?: string[];
  readonly sockets?: string[];
  readonly metrics?: Entity['metrics'];
}

/** An entity of a kind; healthy since 0 unless said otherwise. */
export function sampleEntity<K extends EntityKind>(
  kind: K,
  id: string,
  options: EntityOptions<K> = {},
): EntityOf<K> {
  const state = options.state ?? 'healthy';
  const connectionId = options.connectionId ?? id.split('/')[1] ?? 'lab';
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  const entity = {
    kind,
    id,
    name: options.name ?? id.slice(id.lastIndexOf('/') + 1),
    connectionId,
    sourceId: options.sourceId ?? `${connectionId}/main`,
    ownHealth: { state, ...reason },
    health: { state, ...reason, since: options.since ?? 0, causes: options.causes ?? [] },
    metrics: options.metrics ?? {},
    addresses: options.addresses ?? [],
    sockets: options.sockets ?? [],
    attrs: { ...attrsSamples[kind], ...options.attrs },
  };
  return entity as unknown as EntityOf<K>;
}

export function sampleLink(from: string, kind: LinkKind, to: string, more: Partial<Link> = {}): Link {
  return { from, to, kind, rule: 'reported', evidence: 'reported', confidence: 'certain', ...more };
}

export function sampleSnapshot(more: Partial<WorldSnapshot> = {}): WorldSnapshot {
  return {
    type: 'snapshot',
    seq: 1,
    environmentId: 'lab',
    at: 1_000_000,
    connections: [],
    sources: [],
    entities: [],
    links: [],
    ...more,
  };
}

export function samplePatch(seq: number, more: Partial<WorldPatch> = {}): WorldPatch {
  return {
    type: 'patch',
    seq,
    at: 1_000_000 + seq,
    connections: [],
    removedConnections: [],
    sources: [],
    removedSources: [],
    entities: [],
    removedEntities: [],
    links: [],
    removedLinks: [],
    ...more,
  };
}
