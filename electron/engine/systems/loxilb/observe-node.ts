import type { Metrics, Observation, ObservedEntity, ObservedOf } from '../../../../shared/model/entity.ts';
import type { OwnHealth } from '../../../../shared/model/health.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { loadBalancerId, portId } from './identity.ts';
import { compare, cut } from './observe.ts';
import type { TrafficRate } from './rates.ts';
import type { Device, DeviceAddress, HaInstance, NetworkPort } from './wire.ts';

/** Past this the rest of the ports is left out and the observation says so. */
export const MAX_PORTS = 2_000;

const MAX_ADDRESSES = 64;

export interface NodeInput {
  readonly connectionId: string;
  readonly version: string | undefined;
  readonly device: Device | undefined;
  /** undefined in these three: not readable, see `missing`. */
  readonly ha: readonly HaInstance[] | undefined;
  readonly ports: readonly NetworkPort[] | undefined;
  readonly addresses: readonly DeviceAddress[] | undefined;
  /** What could not be read, in words. */
  readonly missing: readonly string[];
  readonly asOf: number;
  /** Rates of ports by entity id. */
  readonly rateOf: ReadonlyMap<string, TrafficRate>;
}

/** The LoxiLB process itself and its network ports, sorted by id. */
export function observeNode(input: NodeInput): Observation {
  const missing = [...input.missing];
  const ports = shownPorts(input, missing);
  const balancer = loadBalancerId(input.connectionId);
  const links = ports.map(({ id, port }): Link => ({
    from: id,
    to: balancer,
    kind: 'runs-on',
    rule: 'reported',
    evidence: cut(`${input.connectionId} lists the port ${port.name}`, 500),
    confidence: 'certain',
  }));
  const entities: ObservedEntity[] = [
    loadBalancer(input),
    ...ports.map(({ id, port }) => portEntity(id, port, input.rateOf.get(id))),
  ];
  return {
    scope: 'node',
    entities,
    links,
    asOf: input.asOf,
    ...(missing.length === 0 ? {} : { partial: missing.join('; ').slice(0, 500) }),
  };
}

function shownPorts({ connectionId, ports = [] }: NodeInput, missing: string[]) {
  const byId = new Map<string, NetworkPort>();
  for (const port of ports) {
    const id = portId(connectionId, port.name);
    if (id !== undefined && !byId.has(id)) byId.set(id, port);
  }
  const all = [...byId].map(([id, port]) => ({ id, port })).sort((a, b) => compare(a.id, b.id));
  const leftOut = ports.length - Math.min(all.length, MAX_PORTS);
  if (leftOut > 0) missing.push(`${leftOut} of ${ports.length} ports are left out`);
  return all.slice(0, MAX_PORTS);
}

function loadBalancer(input: NodeInput): ObservedOf<'load-balancer'> {
  const { connectionId, device, version } = input;
  const instance = primaryInstance(input.ha ?? []);
  const uptimeSeconds = device?.uptimeSeconds;
  return {
    id: loadBalancerId(connectionId),
    kind: 'load-balancer',
    name: cut(device?.hostName ?? connectionId, 1_000),
    ownHealth: haHealth(input.ha),
    metrics: uptimeSeconds === undefined ? {} : { uptimeSeconds },
    addresses: ownAddresses(input.addresses ?? [], input.ports ?? []),
    sockets: [],
    attrs: {
      ...(version === undefined ? {} : { version: cut(version, 2_000) }),
      ...(instance ? { haState: cut(instance.state, 2_000), haInstance: cut(instance.instance, 2_000) } : {}),
      ...(device?.hostName === undefined ? {} : { hostName: cut(device.hostName, 2_000) }),
    },
  };
}

/** `llb-inst0` is the instance that every node has; others only by configuration. */
function primaryInstance(ha: readonly HaInstance[]): HaInstance | undefined {
  const sorted = [...ha].sort((a, b) => compare(a.instance, b.instance));
  return sorted.find(({ instance }) => instance === 'llb-inst0') ?? sorted[0];
}

/**
 * A LoxiLB that answers works, unless its HA state says otherwise. A node outside of any cluster is "NOT_DEFINED" and
 * has no fault; "BACKUP" stands by as it should.
 */
function haHealth(ha: readonly HaInstance[] | undefined): OwnHealth {
  if (ha === undefined) return { state: 'unknown', reason: 'its HA state cannot be read' };
  const at = (state: string) => ha.filter((instance) => instance.state === state);
  const [fault] = at('FAULT');
  if (fault) return { state: 'down', reason: `HA state FAULT (${cut(fault.instance, 100)})` };
  const [stopped] = at('STOP');
  if (stopped) return { state: 'degraded', reason: `HA state STOP (${cut(stopped.instance, 100)})` };
  const odd = ha.find(({ state }) => !knownHaStates.has(state));
  if (odd)
    return { state: 'unknown', reason: `HA state "${cut(odd.state, 100)}" (${cut(odd.instance, 100)})` };
  return { state: 'healthy' };
}

const knownHaStates: ReadonlySet<string> = new Set(['MASTER', 'BACKUP', 'NOT_DEFINED']);

/**
 * Addresses by which the machine below can be found. Those of `lo` are left out: LoxiLB installs its virtual IPs there,
 * and they move between nodes.
 */
function ownAddresses(addresses: readonly DeviceAddress[], ports: readonly NetworkPort[]): string[] {
  const all = [
    ...addresses.filter(({ device }) => device !== 'lo').flatMap(({ ips }) => ips),
    ...ports.filter(({ name }) => name !== 'lo').flatMap(({ ips }) => ips),
  ];
  return [...new Set(all)].filter(isOwn).sort(compare).slice(0, MAX_ADDRESSES);
}

function isOwn(ip: string): boolean {
  return !/^127\.|^169\.254\.|^::1$|^fe[89ab][0-9a-f]:/i.test(ip);
}

function portEntity(id: string, port: NetworkPort, rate: TrafficRate | undefined): ObservedOf<'port'> {
  const metrics: Metrics = {
    receivedBytes: port.received.bytes,
    sentBytes: port.sent.bytes,
    packetsTotal: port.received.packets + port.sent.packets,
    errorsTotal: port.errors,
    ...rate,
  };
  return {
    id,
    kind: 'port',
    name: cut(port.name, 1_000),
    ownHealth: portHealth(port),
    metrics,
    // The load balancer owns the addresses; two owners would make every match ambiguous.
    addresses: [],
    sockets: [],
    attrs: {
      ...(port.index === undefined ? {} : { index: port.index }),
      ...(port.mac === undefined ? {} : { mac: cut(port.mac, 2_000) }),
      ...(port.mtu === undefined ? {} : { mtu: port.mtu }),
      link: port.link,
      ips: port.ips.slice(0, MAX_ADDRESSES),
      ...(port.type === undefined ? {} : { portType: port.type }),
    },
  };
}

const syncFailures: Readonly<Record<number, string>> = {
  1: 'create error',
  2: 'remove error',
  3: 'change error',
};

function portHealth(port: NetworkPort): OwnHealth {
  if (!port.enabled) return { state: 'down', reason: 'the port is off' };
  if (!port.link) return { state: 'down', reason: 'the port has no link' };
  const failure = syncFailures[port.sync];
  if (failure) return { state: 'degraded', reason: `data plane: ${failure}` };
  if (port.sync === 0) return { state: 'healthy' };
  return {
    state: 'unknown',
    reason: port.sync === 5 ? 'data plane: change in progress' : `data plane: sync state ${port.sync}`,
  };
}
