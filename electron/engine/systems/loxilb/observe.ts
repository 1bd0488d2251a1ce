import {
  socketOf,
  type Metrics,
  type Observation,
  type ObservedEntity,
  type ObservedOf,
} from '../../../../shared/model/entity.ts';
import type { Link } from '../../../../shared/model/link.ts';
import type { EntityId } from '../../../../shared/model/ids.ts';
import { loadBalancerId, memberId, ruleId, ruleKey } from './identity.ts';
import { memberHealth, probeOf, probesByAddress, type ProbeIndex } from './member-health.ts';
import type { TrafficRate } from './rates.ts';
import { isIp, type Probe, type Rule, type RuleEndpoint, type TrafficCounter } from './wire.ts';

/** Past these the rest is left out and the observation says so. */
export const MAX_RULES = 20_000;
const MAX_MEMBERS = 60_000;

/** Sockets that one entity may have; a port range lists its first ones. */
const MAX_SOCKETS = 64;

export interface RulesInput {
  readonly connectionId: string;
  readonly rules: readonly Rule[];
  /** undefined: this LoxiLB does not tell (see `missing`). */
  readonly probes: readonly Probe[] | undefined;
  /** What could not be read, in words. */
  readonly missing: readonly string[];
  readonly asOf: number;
}

/** Rates of members, by entity id. Called once with all counters. */
export type RateSource = (counters: Iterable<readonly [string, TrafficCounter]>) => Map<string, TrafficRate>;

/** One rule that can be shown, with its members. */
interface Shown {
  readonly id: EntityId;
  readonly key: string;
  readonly rule: Rule;
  readonly members: readonly { readonly id: EntityId; readonly endpoint: RuleEndpoint }[];
}

/**
 * Rules as virtual IPs and members. The output is sorted by id, whatever order the server chose. Internal rules are left
 * out (LoxiLB makes them for firewall rules and owns them).
 */
export function observeRules(input: RulesInput, rates: RateSource): Observation {
  const missing = [...input.missing];
  const shown = select(input, missing);
  const members = shown.flatMap((one) => one.members);
  const rateOf = rates(
    members.flatMap(({ id, endpoint }) => (endpoint.counter ? [[id, endpoint.counter] as const] : [])),
  );
  const probes = probesByAddress(input.probes ?? []);
  const entities: ObservedEntity[] = [];
  const links: Link[] = [];
  for (const one of shown) {
    entities.push(virtualIp(one, rateOf), ...one.members.map((each) => member(one, each, probes, rateOf)));
    links.push(...linksOf(input.connectionId, one));
  }
  return {
    scope: 'rules',
    entities,
    links,
    asOf: input.asOf,
    ...(missing.length === 0 ? {} : { partial: missing.join('; ').slice(0, 500) }),
  };
}

/** Drops what cannot be shown and tells it in `missing`; sorts the rest. */
function select({ connectionId, rules }: RulesInput, missing: string[]): Shown[] {
  const shown = new Map<EntityId, Shown>();
  const counts = { unnameable: 0, twice: 0, past: 0 };
  const inOrder = rules
    .filter((rule) => !rule.internal)
    .map((rule) => ({ rule, key: ruleKey(rule) }))
    .sort((a, b) => compare(a.key, b.key));
  let memberCount = 0;
  for (const { rule, key } of inOrder) {
    const id = ruleId(connectionId, key);
    if (id === undefined) counts.unnameable++;
    else if (shown.has(id)) counts.twice++;
    else if (shown.size >= MAX_RULES || memberCount + rule.endpoints.length > MAX_MEMBERS) counts.past++;
    else {
      const members = selectMembers(connectionId, key, rule, counts);
      memberCount += members.length;
      shown.set(id, { id, key, rule, members });
    }
  }
  if (counts.past > 0)
    missing.push(`${counts.past} of ${inOrder.length} rules are past what Gantry shows of one load balancer`);
  if (counts.unnameable > 0)
    missing.push(`${counts.unnameable} rules or end points with an address or host too long to show`);
  if (counts.twice > 0) missing.push(`${counts.twice} rules or end points listed twice`);
  return [...shown.values()];
}

function selectMembers(
  connectionId: string,
  key: string,
  rule: Rule,
  counts: { unnameable: number; twice: number },
): Shown['members'] {
  const members = new Map<EntityId, RuleEndpoint>();
  for (const endpoint of rule.endpoints) {
    const id = memberId(connectionId, key, endpoint);
    if (id === undefined) counts.unnameable++;
    else if (members.has(id)) counts.twice++;
    else members.set(id, endpoint);
  }
  return [...members].map(([id, endpoint]) => ({ id, endpoint })).sort((a, b) => compare(a.id, b.id));
}

function virtualIp({ id, rule, members }: Shown, rateOf: Map<string, TrafficRate>): ObservedOf<'virtual-ip'> {
  return {
    id,
    kind: 'virtual-ip',
    name: cut(addressOf(rule), 1_000),
    // LoxiLB keeps health per end point only; what the members say is rolled up over the graph.
    ownHealth:
      members.length === 0
        ? { state: 'down', reason: 'the rule has no end points' }
        : { state: 'unknown', reason: 'LoxiLB reports health per end point, not per rule' },
    metrics: trafficOf(members, rateOf),
    addresses: [],
    sockets: socketsOf(rule),
    attrs: {
      ip: cut(rule.ip, 2_000),
      port: rule.port,
      ...(rule.portMax === undefined ? {} : { portMax: rule.portMax }),
      protocol: cut(rule.protocol, 2_000),
      ...(rule.name === '' ? {} : { ruleName: cut(rule.name, 2_000) }),
      algorithm: nameOf(algorithms, rule.sel, 'sel'),
      mode: nameOf(modes, rule.mode, 'mode'),
      monitored: rule.monitor,
      ...(rule.host === '' ? {} : { host: cut(rule.host, 2_000) }),
      ...(rule.security === 0 ? {} : { security: nameOf(securities, rule.security, 'security') }),
      ...(rule.bgp ? { bgp: true } : {}),
      ...(rule.managed ? { managed: true } : {}),
      ...(rule.egress ? { egress: true } : {}),
    },
  };
}

function member(
  { rule }: Shown,
  { id, endpoint }: Shown['members'][number],
  probes: ProbeIndex,
  rateOf: Map<string, TrafficRate>,
): ObservedOf<'member'> {
  const probe = probeOf(probes, rule, endpoint);
  const socket = socketOf(endpoint.ip, endpoint.port);
  const metrics = trafficMetrics(endpoint.counter, rateOf.get(id));
  if (probe?.averageDelayMs !== undefined) metrics.probeDelayMs = probe.averageDelayMs;
  return {
    id,
    kind: 'member',
    name: cut(socket, 1_000),
    ownHealth: memberHealth(rule, endpoint, probe),
    metrics,
    addresses: [],
    sockets: endpoint.port > 0 && isIp(endpoint.ip) ? [socket] : [],
    attrs: {
      ip: cut(endpoint.ip, 2_000),
      port: endpoint.port,
      weight: endpoint.weight,
      state: cut(endpoint.state, 2_000),
      monitored: rule.monitor,
    },
  };
}

function linksOf(connectionId: string, { id, key, rule, members }: Shown): Link[] {
  const balancer = loadBalancerId(connectionId);
  const label = rule.name === '' ? key : `${cut(rule.name, 100)} (${key})`;
  const reported = (from: EntityId, to: EntityId, kind: Link['kind'], evidence: string): Link => ({
    from,
    to,
    kind,
    rule: 'reported',
    evidence: cut(evidence, 500),
    confidence: 'certain',
  });
  return [
    reported(id, balancer, 'runs-on', `${connectionId} lists the rule ${label}`),
    ...members.flatMap((each) => {
      const socket = socketOf(each.endpoint.ip, each.endpoint.port);
      const routes = `${socket} is an end point of the rule ${label}, weight ${each.endpoint.weight}`;
      const checks = `the rule ${label} monitors its end point ${socket}`;
      return [
        reported(id, each.id, 'routes-to', routes),
        ...(rule.monitor ? [reported(balancer, each.id, 'checks', checks)] : []),
      ];
    }),
  ];
}

/** `10.0.0.5:443`, a range as `10.0.0.5:8000-8010`, a rule for one host as `shop.example on 10.0.0.5:443`. */
function addressOf(rule: Rule): string {
  const range = rule.portMax === undefined ? '' : `-${rule.portMax}`;
  const host = rule.host === '' ? '' : `${cut(rule.host, 253)} on `;
  return `${host}${socketOf(rule.ip, rule.port)}${range}`;
}

/** None for ICMP (port 0) and for rules on every address of the node (0.0.0.0, ::), which would join anything. */
function socketsOf(rule: Rule): string[] {
  if (rule.port === 0 || rule.ip === '0.0.0.0' || rule.ip === '::' || !isIp(rule.ip)) return [];
  const count = Math.min(MAX_SOCKETS, Math.max(1, (rule.portMax ?? rule.port) - rule.port + 1));
  return Array.from({ length: count }, (_, index) => socketOf(rule.ip, rule.port + index));
}

function trafficMetrics(counter: TrafficCounter | undefined, rate: TrafficRate | undefined): Metrics {
  const metrics: Metrics = {};
  if (counter) {
    metrics.bytesTotal = counter.bytes;
    metrics.packetsTotal = counter.packets;
  }
  if (rate) {
    metrics.bytesPerSecond = rate.bytesPerSecond;
    metrics.packetsPerSecond = rate.packetsPerSecond;
  }
  return metrics;
}

/**
 * A virtual IP's numbers are those of its members together, as LoxiLB has none per rule: the totals shrink when a member
 * leaves, the rates do not.
 */
function trafficOf(members: Shown['members'], rateOf: Map<string, TrafficRate>): Metrics {
  let counter: TrafficCounter | undefined;
  let rate: TrafficRate | undefined;
  for (const { id, endpoint } of members) {
    const one = endpoint.counter;
    if (one) {
      counter = { bytes: one.bytes + (counter?.bytes ?? 0), packets: one.packets + (counter?.packets ?? 0) };
    }
    const own = rateOf.get(id);
    if (own) {
      rate = {
        bytesPerSecond: own.bytesPerSecond + (rate?.bytesPerSecond ?? 0),
        packetsPerSecond: own.packetsPerSecond + (rate?.packetsPerSecond ?? 0),
      };
    }
  }
  return trafficMetrics(counter, rate);
}

const algorithms = ['rr', 'hash', 'priority', 'persist', 'lc', 'n2', 'n3'];
const modes = ['default', 'onearm', 'fullnat', 'dsr', 'fullproxy', 'hostonearm'];
const securities = ['plain', 'https', 'e2ehttps'];

/** LoxiLB's own command line's words; a number that a newer version or another flavour added stays a number. */
function nameOf(names: readonly string[], value: number, field: string): string {
  return names[value] ?? `${field} ${value}`;
}

/** At most `max` characters, never half of one. */
export function cut(text: string, max: number): string {
  return text.slice(0, max).toWellFormed();
}

/** By code unit: the same everywhere, unlike a locale's order. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
