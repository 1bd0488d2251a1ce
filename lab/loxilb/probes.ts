import { canonicalIp } from './address.ts';
import { numberOf, textOf, type Body, type Fields } from './body.ts';
import { CoreError, omitEmpty } from './reply.ts';
import type { LabEndpoint, LabRule } from './rule-body.ts';

type HostState = 'green' | 'yellow' | 'red';

interface LabProbe {
  readonly ip: string;
  readonly name: string;
  type: string;
  port: number;
  request: string;
  response: string;
  durationSeconds: number;
  retries: number;
  madeByOperator: boolean;
  /** How many rules' end points it serves, and whether one of them wants it to run. */
  references: number;
  active: boolean;
  failures: number;
  up: boolean;
  hostState: HostState;
  dueAt: number;
  backoffMs: number;
  delaysMs: number[];
}

/** Whether something answers: the lab's world decides. */
export type Reach = (probe: { readonly ip: string; readonly type: string; readonly port: number }) => boolean;

export interface ProbeTiming {
  /** Added to the wait of an inactive host with each failure, and its limit. */
  readonly backoffStepMs: number;
  readonly backoffLimitMs: number;
}

export const endpointFields: Fields = {
  hostName: { type: 'string', required: true },
  name: { type: 'string' },
  inactiveReTries: { type: 'integer' },
  probeType: { type: 'string', enum: ['tcp', 'udp', 'sctp', 'ping', 'http', 'https', 'none'] },
  probeReq: { type: 'string' },
  probeResp: { type: 'string' },
  probeDuration: { type: 'integer' },
  probePort: { type: 'integer' },
};

export const hostStateFields: Fields = {
  hostName: { type: 'string' },
  epPort: { type: 'integer' },
  epProto: { type: 'string' },
  state: { type: 'string' },
};

/** Health probes: one table for those that rules need and those that operators made. */
export class ProbeTable {
  readonly #probes = new Map<string, LabProbe>();
  readonly #reach: Reach;
  readonly #random: () => number;
  readonly #timing: ProbeTiming;

  constructor(reach: Reach, random: () => number, timing: ProbeTiming) {
    this.#reach = reach;
    this.#random = random;
    this.#timing = timing;
  }

  /** Makes, keeps and drops the probes that rules own. Call after every change of a rule. */
  follow(rules: readonly LabRule[], now: number): void {
    for (const probe of this.#probes.values()) {
      probe.references = 0;
      probe.active = probe.madeByOperator;
    }
    for (const rule of rules) {
      for (const endpoint of rule.endpoints) this.#refer(rule, endpoint, now);
    }
    for (const [name, probe] of this.#probes) {
      if (probe.references === 0 && !probe.madeByOperator) this.#probes.delete(name);
    }
  }

  #refer(rule: LabRule, endpoint: LabEndpoint, now: number): void {
    const wanted = ruleProbe(rule, endpoint);
    const name = defaultName(wanted);
    let probe = this.#probes.get(name);
    if (!probe) {
      probe = newProbe({ ...wanted, name }, now);
      probe.request = rule.probeRequest;
      probe.response = rule.probeResponse;
      this.#probes.set(name, probe);
    }
    if (!probe.madeByOperator) {
      probe.durationSeconds = rule.probeTimeoutSeconds;
      probe.retries = rule.probeRetries;
    }
    probe.references++;
    probe.active ||= rule.monitor || rule.mode === 1 || rule.mode === 2 || rule.mode === 5;
  }

  /** One sweep over the probes that are due. */
  sweep(now: number): void {
    for (const probe of this.#probes.values()) {
      if (!probe.active || probe.type === 'none' || now < probe.dueAt) continue;
      if (this.#reach(probe)) {
        Object.assign(probe, { up: true, failures: 0, backoffMs: 0 });
        probe.dueAt = now + probe.durationSeconds * 1_000;
        if (probe.type === 'ping') probe.delaysMs = [...probe.delaysMs.slice(-9), 0.2 + this.#random()];
      } else {
        probe.failures++;
        if (probe.failures >= probe.retries) probe.up = false;
        // Only a host that is already inactive is tried less and less often.
        if (!probe.up) {
          probe.backoffMs = Math.min(
            probe.backoffMs + this.#timing.backoffStepMs,
            this.#timing.backoffLimitMs,
          );
        }
        probe.dueAt = now + (probe.up ? probe.durationSeconds * 1_000 : probe.backoffMs);
      }
    }
  }

  /** Whether traffic goes there: always so, unless the rule monitors and the probe fails or is forced down. */
  isActive(rule: LabRule, endpoint: LabEndpoint): boolean {
    if (!rule.monitor) return true;
    const probe = this.#probes.get(defaultName(ruleProbe(rule, endpoint)));
    return probe === undefined || (probe.up && probe.hostState !== 'red');
  }

  /** POST: makes or updates. @throws CoreError */
  put(body: Body, now: number): void {
    // Plain addresses only, whatever the specification says of CIDR.
    const ip = canonicalIp(textOf(body, 'hostName'));
    const type = textOf(body, 'probeType');
    const port = numberOf(body, 'probePort') & 0xffff;
    const durationSeconds = numberOf(body, 'probeDuration');
    const retries = numberOf(body, 'inactiveReTries');
    if (ip === undefined) throw new CoreError('malformed-host args error: hostName');
    if (type === '') throw new CoreError('malformed-host args error: probeType');
    if (['tcp', 'udp', 'sctp'].includes(type) && port === 0) throw new CoreError('host-args probePort error');
    if (durationSeconds < 0 || durationSeconds > 86_400)
      throw new CoreError('host-args duration range error');
    if (retries < 0 || retries > 100) throw new CoreError('host-args retries range error');
    const name = textOf(body, 'name') || defaultName({ ip, type, port });
    const probe = this.#probes.get(name) ?? newProbe({ ip, type, port, name }, now);
    Object.assign(probe, { type, port, madeByOperator: true, active: true, dueAt: now });
    probe.request = textOf(body, 'probeReq');
    probe.response = textOf(body, 'probeResp');
    probe.durationSeconds = durationSeconds || probe.durationSeconds;
    probe.retries = retries || probe.retries;
    this.#probes.set(name, probe);
  }

  /** @throws CoreError when there is none or a rule needs it. */
  remove(ip: string, name: string, type: string, port: number): void {
    const host = canonicalIp(ip) ?? ip;
    const key = name || defaultName({ ip: host, type, port });
    const probe = this.#probes.get(key);
    if (!probe || probe.ip !== host) throw new CoreError('ephost-notfound error');
    if (probe.references > 0) throw new CoreError('LB rule-referred error');
    this.#probes.delete(key);
  }

  /** The drain switch. @throws CoreError */
  setHostState(body: Body): void {
    const ip = canonicalIp(textOf(body, 'hostName'));
    const state = textOf(body, 'state');
    const port = numberOf(body, 'epPort');
    const protocol = textOf(body, 'epProto');
    if (ip === undefined || port > 0 !== (protocol !== '')) throw new CoreError('host-args error');
    if (state !== 'green' && state !== 'yellow' && state !== 'red') throw new CoreError('invalid host state');
    const probes = [...this.#probes.values()].filter(
      (probe) => probe.ip === ip && (port === 0 || (probe.port === port && probe.type === protocol)),
    );
    if (probes.length === 0) throw new CoreError('host-notfound error');
    for (const probe of probes) probe.hostState = state;
  }

  clear(): void {
    this.#probes.clear();
  }

  render(): Record<string, unknown>[] {
    return [...this.#probes.values()].map((probe) =>
      omitEmpty({
        hostName: probe.ip,
        name: probe.name,
        inactiveReTries: probe.retries,
        probeType: probe.type,
        probeReq: probe.request,
        probeResp: probe.response,
        probeDuration: probe.durationSeconds,
        probePort: probe.port,
        ...delays(probe.delaysMs),
        currState: stateOf(probe),
      }),
    );
  }

  /** Probes by state, for metrics. */
  count(): { healthy: number; unhealthy: number } {
    const all = [...this.#probes.values()];
    const healthy = all.filter((probe) => stateOf(probe) === 'ok').length;
    return { healthy, unhealthy: all.length - healthy };
  }
}

function stateOf(probe: LabProbe): 'ok' | 'nok' | 'red' {
  if (probe.hostState === 'red') return 'red';
  return probe.up ? 'ok' : 'nok';
}

function ruleProbe(rule: LabRule, endpoint: LabEndpoint) {
  if (rule.probeType !== '') return { ip: endpoint.ip, type: rule.probeType, port: rule.probePort };
  if (rule.protocol === 'icmp') return { ip: endpoint.ip, type: 'ping', port: 0 };
  return { ip: endpoint.ip, type: rule.protocol, port: endpoint.port };
}

function defaultName({ ip, type, port }: { ip: string; type: string; port: number }): string {
  return `${ip}_${type}_${port}`;
}

function newProbe(
  { ip, type, port, name }: { ip: string; type: string; port: number; name: string },
  now: number,
): LabProbe {
  return {
    ip,
    name,
    type,
    port,
    request: '',
    response: '',
    durationSeconds: 60,
    retries: 2,
    madeByOperator: false,
    references: 0,
    active: false,
    failures: 0,
    up: true,
    hostState: 'green',
    dueAt: now,
    backoffMs: 0,
    delaysMs: [],
  };
}

function delays(delaysMs: readonly number[]) {
  if (delaysMs.length === 0) return {};
  const average = delaysMs.reduce((sum, delay) => sum + delay, 0) / delaysMs.length;
  return {
    minDelay: goDuration(Math.min(...delaysMs)),
    avgDelay: goDuration(average),
    maxDelay: goDuration(Math.max(...delaysMs)),
  };
}

/** As Go prints it: "310µs" below a millisecond, "1.2ms" from there on. */
function goDuration(ms: number): string {
  return ms < 1 ? `${Math.round(ms * 1_000)}µs` : `${Number(ms.toFixed(3))}ms`;
}
