import type { OwnHealth } from '../../../../shared/model/health.ts';
import type { Probe, Rule, RuleEndpoint } from './wire.ts';

export type ProbeIndex = ReadonlyMap<string, readonly Probe[]>;

export function probesByAddress(probes: readonly Probe[]): ProbeIndex {
  const index = new Map<string, Probe[]>();
  for (const probe of probes) {
    const same = index.get(probe.ip);
    if (same) same.push(probe);
    else index.set(probe.ip, [probe]);
  }
  return index;
}

/**
 * The probe that speaks for an end point: the one that LoxiLB made for the rule (named `<ip>_<type>_<port>`), else
 * another one on the same port, else a ping of the same address.
 */
export function probeOf(index: ProbeIndex, rule: Rule, endpoint: RuleEndpoint): Probe | undefined {
  const candidates = index.get(endpoint.ip) ?? [];
  const type = rule.probeType === '' ? rule.protocol : rule.probeType;
  const port = rule.probePort === 0 ? endpoint.port : rule.probePort;
  const ownName = `${endpoint.ip}_${type}_${port}`;
  return (
    candidates.find((probe) => probe.name === ownName) ??
    candidates.find((probe) => probe.port === port && probe.type === type) ??
    candidates.find((probe) => probe.port === port && probe.port !== 0) ??
    candidates.find((probe) => probe.type === 'ping')
  );
}

/**
 * What LoxiLB says of one end point. Its `state` means something only when the rule monitors; without that it is
 * "active" whatever happens, which proves nothing.
 */
export function memberHealth(rule: Rule, endpoint: RuleEndpoint, probe: Probe | undefined): OwnHealth {
  if (probe?.state === 'red') {
    return { state: 'maintenance', reason: `forced down: the host state of ${endpoint.ip} is red` };
  }
  if (!rule.monitor) return unmonitored(probe);
  switch (endpoint.state) {
    case 'active':
      return { state: 'healthy' };
    case 'inactive':
      return { state: 'down', reason: `end point is inactive${probeWords(probe)}` };
    default:
      return {
        state: 'unknown',
        reason: `LoxiLB reports the end point state "${endpoint.state.slice(0, 100).toWellFormed()}"`,
      };
  }
}

/**
 * A probe may run although the rule does not follow it. Its "nok" can only come from probing, so it counts; its "ok" is
 * also where every probe starts, active or not, so it does not.
 */
function unmonitored(probe: Probe | undefined): OwnHealth {
  if (probe?.state === 'nok') {
    return {
      state: 'down',
      reason: `${probeName(probe)} fails; the rule does not monitor, so it still sends traffic here`,
    };
  }
  return { state: 'unknown', reason: 'not probed: the rule does not monitor its end points' };
}

function probeWords(probe: Probe | undefined): string {
  return probe?.state === 'nok' ? `: ${probeName(probe)} fails` : '';
}

function probeName(probe: Probe): string {
  const type = probe.type.slice(0, 20).toWellFormed();
  return probe.port === 0 ? `${type} probe` : `${type} probe on port ${probe.port}`;
}
