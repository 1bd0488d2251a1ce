import { z } from 'zod';
import { HealthSchema, OwnHealthSchema } from './health.ts';
import type { Link } from './link.ts';

const text = z.string().max(2_000);
const count = z.number();

/** Attributes per kind: what is said of an entity and rarely changes. Numbers that move are `metrics`. */
export const attrsSchemas = {
  /** A LoxiLB rule: address, port and protocol that clients call. */
  'virtual-ip': z.object({
    ip: text,
    port: count,
    portMax: count.optional(),
    protocol: text,
    /** Rule name; also LoxiLB's `servName`. */
    ruleName: text.optional(),
    algorithm: text,
    mode: text,
    /** Whether the balancer probes the members. Without it a member's "active" means nothing. */
    monitored: z.boolean(),
    host: text.optional(),
    security: text.optional(),
    bgp: z.boolean().optional(),
    managed: z.boolean().optional(),
    egress: z.boolean().optional(),
  }),
  /** A rule's end point. */
  member: z.object({ ip: text, port: count, weight: count, state: text, monitored: z.boolean() }),
  /** A running load balancer (a LoxiLB process). */
  'load-balancer': z.object({
    version: text.optional(),
    haState: text.optional(),
    haInstance: text.optional(),
    hostName: text.optional(),
  }),
  /** A network interface of a load balancer. */
  port: z.object({
    index: count.optional(),
    mac: text.optional(),
    mtu: count.optional(),
    link: z.boolean(),
    ips: z.array(text).max(64),
    portType: text.optional(),
  }),
  service: z.object({
    tags: z.array(text).max(256),
    serviceKind: text.optional(),
    instances: count,
    datacenter: text.optional(),
  }),
  instance: z.object({
    serviceName: text,
    nodeName: text,
    address: text,
    port: count,
    tags: z.array(text).max(256),
    checks: z.array(z.object({ id: text, name: text, status: text, output: text })).max(64),
    meta: z.record(z.string(), text).optional(),
  }),
  /** A Consul catalogue node. */
  node: z.object({
    address: text,
    checks: z.array(z.object({ id: text, name: text, status: text, output: text })).max(64),
    role: text.optional(),
    datacenter: text.optional(),
  }),
  /** An LXC container or a QEMU virtual machine. */
  guest: z.object({
    type: z.enum(['lxc', 'qemu']),
    vmid: count,
    hostName: text,
    status: text,
    template: z.boolean(),
    ips: z.array(text).max(64),
    /** Why `ips` may be incomplete: no guest agent, not running, forbidden. */
    addressNote: text.optional(),
    cpus: count.optional(),
    tags: z.array(text).max(64),
    pool: text.optional(),
    haState: text.optional(),
    lock: text.optional(),
  }),
  /** A Proxmox node: the machine that guests run on. */
  host: z.object({
    status: text,
    ips: z.array(text).max(64),
    cpus: count.optional(),
    version: text.optional(),
  }),
  storage: z.object({
    status: text,
    shared: z.boolean(),
    pluginType: text.optional(),
    content: z.array(text).max(32),
    hostName: text.optional(),
  }),
  'llm-balancer': z.object({
    version: text.optional(),
    routingMode: text,
    usableEndpoints: count,
    totalEndpoints: count,
  }),
  'llm-endpoint': z.object({
    baseUrl: text,
    enabled: z.boolean(),
    connected: z.boolean(),
    quotaPercent: count,
    priorityOrder: count,
    maxConcurrent: count,
    /** The sheet's derived state: disabled, idle, cooldown, probation, ok. */
    state: text,
    hasApiKey: z.boolean(),
  }),
  /** A client token of the LLM balancer; the token itself never enters the world. */
  'llm-client': z.object({
    tokenPreview: text,
    preferredEndpoint: text.optional(),
    requestPriority: count,
    maxLiveSharePercent: count,
  }),
} as const satisfies Record<string, z.ZodType>;

export type EntityKind = keyof typeof attrsSchemas;
export const entityKinds = Object.keys(attrsSchemas) as [EntityKind, ...EntityKind[]];
export const EntityKindSchema = z.enum(entityKinds);
export type AttrsOf<K extends EntityKind> = z.infer<(typeof attrsSchemas)[K]>;

/**
 * Numbers that move, with the unit in the key (`cpuFraction`, `memoryBytes`, `requestsPerSecond`, `latencyMs`). A
 * change here alone re-draws a label; it never re-joins or re-rolls anything. Closed list, so screens can name
 * and format each.
 */
export const metricNames = [
  'bytesTotal',
  'packetsTotal',
  'bytesPerSecond',
  'packetsPerSecond',
  'receivedBytes',
  'sentBytes',
  'errorsTotal',
  'cpuFraction',
  'memoryBytes',
  'memoryLimitBytes',
  'diskBytes',
  'diskLimitBytes',
  'uptimeSeconds',
  'requestsTotal',
  'failuresTotal',
  'requestsPerSecond',
  'tokensPerSecond',
  'promptTokensTotal',
  'completionTokensTotal',
  'latencyMs',
  'inFlight',
  'cooldownRemainingSeconds',
  'consecutiveFailures',
  'probeDelayMs',
] as const;
export type MetricName = (typeof metricNames)[number];
export const MetricsSchema = z.partialRecord(z.enum(metricNames), z.number());
export type Metrics = z.infer<typeof MetricsSchema>;

const observedBase = {
  id: z.string().max(1_000),
  name: z.string().max(1_000),
  ownHealth: OwnHealthSchema,
  metrics: MetricsSchema,
  /** IP addresses that this thing owns (guests, hosts, nodes, load balancers). Join key. */
  addresses: z.array(z.string()).max(64),
  /** `ip:port` that this thing answers on (`[v6]:port`). Join key; see `socketOf`. */
  sockets: z.array(z.string()).max(64),
  /** Connection id that this thing is, by the operator's own declaration (a tag or metadata). Join key. */
  declaredConnection: z.string().optional(),
};

const worldBase = {
  ...observedBase,
  connectionId: z.string(),
  /** Id of the source (see freshness.ts) that vouches for it. */
  sourceId: z.string(),
  /** Rolled up over the graph; `ownHealth` is what the system itself said. */
  health: HealthSchema,
};

/** One object schema per kind over a common base, told apart by `kind`. */
function unionOver<S extends z.ZodRawShape>(base: S) {
  const of = <K extends EntityKind>(kind: K) =>
    z.object({ ...base, kind: z.literal(kind), attrs: attrsSchemas[kind] });
  return z.discriminatedUnion('kind', [
    of('virtual-ip'),
    of('member'),
    of('load-balancer'),
    of('port'),
    of('service'),
    of('instance'),
    of('node'),
    of('guest'),
    of('host'),
    of('storage'),
    of('llm-balancer'),
    of('llm-endpoint'),
    of('llm-client'),
  ]);
}

/** What a system's `observe.ts` says of one entity. */
export const ObservedEntitySchema = unionOver(observedBase);
export type ObservedEntity = z.infer<typeof ObservedEntitySchema>;
export type ObservedOf<K extends EntityKind> = Extract<ObservedEntity, { kind: K }>;

/** An entity of the world: observed, plus where it came from and its rolled-up health. */
export const EntitySchema = unionOver(worldBase);
export type Entity = z.infer<typeof EntitySchema>;
export type EntityOf<K extends EntityKind> = Extract<Entity, { kind: K }>;

/** One complete answer for one scope of one connection: replaces all that this scope said before. */
export interface Observation {
  readonly scope: string;
  readonly entities: readonly ObservedEntity[];
  readonly links: readonly Link[];
  /** Epoch ms when the answer was complete. */
  readonly asOf: number;
  /** Set when the answer is known not to be everything: what is missing. */
  readonly partial?: string;
}

/** `10.1.0.5:8080` or `[fd00::5]:8080`: the one spelling used for joins. */
export function socketOf(ip: string, port: number): string {
  const bare = ip.startsWith('[') ? ip.slice(1, -1) : ip;
  return bare.includes(':') ? `[${bare.toLowerCase()}]:${port}` : `${bare}:${port}`;
}
