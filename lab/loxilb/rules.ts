import { CoreError } from './reply.ts';
import type { LabEndpoint, LabRule } from './rule-body.ts';

export type RuleKeyParts = Pick<LabRule, 'host' | 'ip' | 'protocol' | 'port' | 'portMax' | 'block'>;

const MAX_ENDPOINTS = 32;

/** What tells rules apart. The name is no part of it. */
function keyOf(rule: RuleKeyParts): string {
  return [rule.ip, rule.port, rule.portMax, rule.protocol, rule.block, rule.host].join('|');
}

/** LoxiLB's rules with the semantics of its POST and DELETE. `onChange` is called after each change. */
export class RuleTable {
  readonly #rules = new Map<string, LabRule>();
  /** Rules with removed end points that linger, hidden: the next identical POST counts as a change. */
  readonly #lingering = new Set<string>();
  readonly #onChange: () => void;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  all(): LabRule[] {
    return [...this.#rules.values()];
  }

  get(key: RuleKeyParts): LabRule | undefined {
    return this.#rules.get(keyOf(key));
  }

  /** `oper` 0. @throws CoreError */
  createOrReplace(next: LabRule): void {
    const key = keyOf(next);
    const rule = this.#rules.get(key);
    if (!rule) this.#rules.set(key, next);
    else this.#replace(key, rule, next);
    this.#onChange();
  }

  /** `oper` 1: adds end points; makes the rule when it is missing. @throws CoreError */
  attach(next: LabRule): void {
    const rule = this.#rules.get(keyOf(next));
    if (!rule) {
      this.createOrReplace(next);
      return;
    }
    const added = next.endpoints.filter((endpoint) => !find(rule.endpoints, endpoint));
    if (added.length === 0) throw new CoreError('lbrule-exists error');
    if (rule.endpoints.length + added.length > MAX_ENDPOINTS) throw new CoreError('endpoints-range error');
    rule.endpoints.push(...added);
    this.#onChange();
  }

  /** `oper` 2: removes end points; the last one takes the rule with it. @throws CoreError */
  detach(next: LabRule): void {
    const key = keyOf(next);
    const rule = this.#rules.get(key);
    if (!rule) throw new CoreError('lbrule not-exists error');
    const kept = rule.endpoints.filter((endpoint) => !find(next.endpoints, endpoint));
    if (kept.length === rule.endpoints.length) throw new CoreError('lbrule-exists error');
    rule.endpoints = kept;
    this.#lingering.add(key);
    if (kept.length === 0) this.#drop(key);
    this.#onChange();
  }

  /** @throws CoreError when nothing has exactly this key. */
  remove(parts: RuleKeyParts): void {
    if (!this.#drop(keyOf(parts))) throw new CoreError('no-rule error');
    this.#onChange();
  }

  /** Says nothing about whether there was one, as the API does. */
  removeNamed(name: string): void {
    for (const [key, rule] of this.#rules) if (rule.name === name) this.#drop(key);
    this.#onChange();
  }

  clear(): void {
    this.#rules.clear();
    this.#lingering.clear();
    this.#onChange();
  }

  #drop(key: string): boolean {
    this.#lingering.delete(key);
    return this.#rules.delete(key);
  }

  #replace(key: string, rule: LabRule, next: LabRule): void {
    if (next.secondaryIps.join() !== rule.secondaryIps.join()) throw new CoreError('secIP modify error');
    if (!differs(rule, next) && !this.#lingering.delete(key)) throw new CoreError('lbrule-exists error');
    if (next.security !== rule.security)
      throw new CoreError('lbrule-exist error: cant modify rule security mode');
    if (next.egress !== rule.egress) throw new CoreError('lbrule-exist error: cant modify egress mode');
    if ((next.mode === 4) !== (rule.mode === 4)) {
      throw new CoreError('lbrule-exist error: cant modify fullproxy rule mode');
    }
    if (rule.endpoints.some((endpoint) => !find(next.endpoints, endpoint))) this.#lingering.add(key);
    // Name, BGP, monitor and managed are never applied to a rule that exists.
    rule.endpoints = next.endpoints.map((endpoint) => {
      const before = find(rule.endpoints, endpoint);
      return before ? { ...before, weight: endpoint.weight } : endpoint;
    });
    rule.sel = next.sel;
    rule.mode = next.mode;
    rule.probeType = next.probeType;
    rule.probePort = next.probePort;
    rule.probeRequest = next.probeRequest;
    rule.probeResponse = next.probeResponse;
    rule.proxyProtocolV2 = next.proxyProtocolV2;
    rule.allowedSources = next.allowedSources;
    rule.inactiveTimeoutSeconds = next.inactiveTimeoutSeconds;
    rule.probeTimeoutSeconds = next.probeTimeoutSeconds;
    rule.probeRetries = next.probeRetries;
  }
}

/** What LoxiLB notices as a change. Timers and the prefixes of allowed sources are not among it. */
function differs(rule: LabRule, next: LabRule): boolean {
  const endpoints = (list: readonly LabEndpoint[]) =>
    list
      .map(({ ip, port, weight }) => `${ip}|${port}|${weight}`)
      .sort()
      .join();
  const [source] = rule.allowedSources;
  const oneSameSource =
    rule.allowedSources.length === 1 && next.allowedSources.length === 1 && source === next.allowedSources[0];
  return (
    endpoints(rule.endpoints) !== endpoints(next.endpoints) ||
    rule.probeType !== next.probeType ||
    rule.probePort !== next.probePort ||
    rule.probeRequest !== next.probeRequest ||
    rule.probeResponse !== next.probeResponse ||
    rule.sel !== next.sel ||
    rule.mode !== next.mode ||
    rule.proxyProtocolV2 !== next.proxyProtocolV2 ||
    rule.allowedSources.length !== next.allowedSources.length ||
    oneSameSource
  );
}

function find(list: readonly LabEndpoint[], { ip, port }: LabEndpoint): LabEndpoint | undefined {
  return list.find((endpoint) => endpoint.ip === ip && endpoint.port === port);
}
