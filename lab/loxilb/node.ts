import type { LabContext } from '../kit/module.ts';
import type { LabGuest } from '../kit/world.ts';
import type { VirtualIpSpec } from '../scenario.ts';
import { Firewall } from './firewall.ts';
import { ProbeTable, type ProbeTiming } from './probes.ts';
import type { Profile } from './profile.ts';
import { omitEmpty } from './reply.ts';
import type { LabEndpoint, LabRule } from './rule-body.ts';
import { RuleTable } from './rules.ts';
import { spread } from './traffic.ts';

/** HA states that can be set; anything else is refused. */
export const haStates = ['MASTER', 'BACKUP', 'FAULT', 'STOP', 'NOT_DEFINED'];

const MAX_LOG_LINES = 2_000;

/** One LoxiLB process: all that it holds in memory. It runs on the scenario's load balancer guest and dies with it. */
export class LoxilbNode {
  readonly profile: Profile;
  readonly context: LabContext;
  readonly rules: RuleTable;
  readonly probes: ProbeTable;
  readonly firewall = new Firewall();
  readonly ha = new Map([['llb-inst0', { state: 'MASTER', vip: '10.0.0.2' }]]);
  readonly cors = new Set<string>();
  readonly addresses: { dev: string; ipAddress: string[] }[];
  /** Newest last. */
  readonly log: string[] = [];
  logLevel = 'debug';
  prometheus = true;
  startedAt: number;
  /** World counters as last taken over. */
  readonly #seen = new Map<string, { packets: number; bytes: number }>();
  #wasUp = true;

  constructor(context: LabContext, profile: Profile, timing: ProbeTiming) {
    this.context = context;
    this.profile = profile;
    this.startedAt = context.now();
    this.probes = new ProbeTable((probe) => this.#reaches(probe), context.random, timing);
    this.rules = new RuleTable(() => this.probes.follow(this.rules.all(), this.context.now()));
    const { moreIps, ip } = this.guest;
    this.addresses = [
      { dev: 'lo', ipAddress: ['127.0.0.1/8'] },
      { dev: 'eth0', ipAddress: [`${ip}/24`] },
      ...moreIps.map((more, index) => ({ dev: `eth${index + 1}`, ipAddress: [`${more}/24`] })),
    ];
    for (const vip of context.world.scenario.virtualIps) {
      this.rules.createOrReplace(scenarioRule(vip, this.#membersOf(vip)));
    }
    this.note('info', `loxilb ${profile} started`);
  }

  get guest(): LabGuest {
    const guest = this.context.world.guests.get(this.context.world.scenario.loadBalancerVmid);
    if (!guest) throw new Error('the scenario has no load balancer guest');
    return guest;
  }

  isUp(): boolean {
    return this.context.world.isGuestUp(this.guest.vmid);
  }

  /** Call when the world changed: a process that comes back starts with its saved rules and counters of zero. */
  followGuest(): void {
    const up = this.isUp();
    if (up && !this.#wasUp) {
      this.startedAt = this.context.now();
      for (const { endpoints } of this.rules.all()) {
        for (const endpoint of endpoints) endpoint.packets = endpoint.bytes = 0;
      }
      this.note('info', `loxilb ${this.profile} started`);
    }
    this.#wasUp = up;
  }

  /** One turn of the prober. */
  sweep(): void {
    if (this.isUp()) this.probes.sweep(this.context.now());
  }

  /** Takes over what the traffic generator moved since the last call. */
  moveTraffic(): void {
    const deltas = this.#takeDeltas();
    if (!this.isUp()) return;
    for (const rule of this.rules.all()) {
      const vip = this.scenarioVip(rule);
      if (vip) {
        spread(
          rule.endpoints.map((endpoint) => ({
            endpoint,
            serves: this.serves(rule, endpoint),
            delta: deltas.get(`${vip.ip}:${vip.port}/${this.#instanceAt(endpoint)?.id}`),
          })),
        );
      }
    }
  }

  /** The scenario's virtual IP that a rule stands for: only those get traffic. */
  scenarioVip(rule: LabRule): VirtualIpSpec | undefined {
    return this.context.world.scenario.virtualIps.find(
      ({ ip, port }) => ip === rule.ip && port === rule.port && rule.protocol === 'tcp',
    );
  }

  serves(rule: LabRule, endpoint: LabEndpoint): boolean {
    const instance = this.#instanceAt(endpoint);
    return (
      instance !== undefined &&
      this.context.world.isInstanceUp(instance.id) &&
      this.probes.isActive(rule, endpoint)
    );
  }

  /** A line in the node's log. */
  note(level: string, message: string): void {
    const time = new Date(this.context.now()).toISOString().replace('T', ' ').slice(0, 19);
    this.log.push(`${time} [${level.toUpperCase()}] ${message}`);
    if (this.log.length > MAX_LOG_LINES) this.log.splice(0, this.log.length - MAX_LOG_LINES);
  }

  renderRule(rule: LabRule): Record<string, unknown> {
    const old = this.profile === '0.9.7';
    const service = omitEmpty({
      host: rule.host,
      portMax: rule.portMax === rule.port || old ? 0 : rule.portMax,
      protocol: rule.protocol,
      sel: rule.sel,
      mode: rule.mode,
      security: rule.security,
      name: rule.name,
      block: rule.block,
      bgp: rule.bgp,
      monitor: rule.monitor,
      probetype: rule.probeType,
      probeport: rule.probePort,
      inactiveTimeOut: rule.inactiveTimeoutSeconds,
      managed: rule.managed,
      proxyprotocolv2: rule.proxyProtocolV2 && !old,
      egress: rule.egress && !old,
    });
    const orNull = <T>(list: readonly T[]) => (list.length === 0 ? null : list);
    return {
      // Pointers in the server: there even when zero.
      serviceArguments: { externalIP: rule.ip, port: rule.port, ...service },
      endpoints: rule.endpoints.map((endpoint) => ({
        endpointIP: endpoint.ip,
        targetPort: endpoint.port,
        weight: endpoint.weight,
        state: this.probes.isActive(rule, endpoint) ? 'active' : 'inactive',
        counter: `${endpoint.packets}:${endpoint.bytes}`,
      })),
      secondaryIPs: orNull(rule.secondaryIps.map((secondaryIP) => ({ secondaryIP }))),
      ...(old ? {} : { allowedSources: orNull(rule.allowedSources.map((prefix) => ({ prefix }))) }),
    };
  }

  /** Internal rules stand in the same list as the operators'. */
  renderRules(): Record<string, unknown>[] {
    const internal = this.firewall.snatRules().map(({ mark, ip, port }) => ({
      serviceArguments: {
        externalIP: ip.includes(':') ? '::' : '0.0.0.0',
        port: 0,
        protocol: 'none',
        snat: true,
        block: mark,
        name: `snat:${ip}:${port}`,
      },
      endpoints: [{ endpointIP: ip, targetPort: port, weight: 0, state: 'active', counter: '0:0' }],
      secondaryIPs: null,
      allowedSources: null,
    }));
    return this.shuffled([...this.rules.all().map((rule) => this.renderRule(rule)), ...internal]);
  }

  /** Go's map order: another one on each call. */
  shuffled<T>(list: readonly T[]): T[] {
    return list
      .map((item) => ({ item, at: this.context.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ item }) => item);
  }

  #membersOf(vip: VirtualIpSpec): LabEndpoint[] {
    const instances = this.context.world.instancesOf(vip.service);
    // Priority selection takes weights as percent.
    const weight = vip.sel === 2 ? Math.floor(100 / instances.length) : 1;
    return instances.map(({ ip, port }) => ({ ip, port, weight, packets: 0, bytes: 0 }));
  }

  #instanceAt({ ip, port }: { readonly ip: string; readonly port: number }) {
    return [...this.context.world.instances.values()].find(
      (instance) => instance.ip === ip && instance.port === port,
    );
  }

  #reaches({
    ip,
    type,
    port,
  }: {
    readonly ip: string;
    readonly type: string;
    readonly port: number;
  }): boolean {
    const { world } = this.context;
    if (type === 'ping') {
      const guest = [...world.guests.values()].find((one) => one.ip === ip || one.moreIps.includes(ip));
      return guest !== undefined && world.isGuestUp(guest.vmid);
    }
    const instance = this.#instanceAt({ ip, port });
    return instance !== undefined && world.isInstanceUp(instance.id);
  }

  /** By `<vip>/<instance>`: what the world's counters moved. */
  #takeDeltas(): Map<string, { packets: number; bytes: number }> {
    const deltas = new Map<string, { packets: number; bytes: number }>();
    for (const [key, { packets, bytes }] of this.context.world.memberCounters) {
      const before = this.#seen.get(key) ?? { packets: 0, bytes: 0 };
      deltas.set(key, { packets: packets - before.packets, bytes: bytes - before.bytes });
      this.#seen.set(key, { packets, bytes });
    }
    return deltas;
  }
}

function scenarioRule(vip: VirtualIpSpec, endpoints: LabEndpoint[]): LabRule {
  return {
    ip: vip.ip,
    port: vip.port,
    portMax: vip.port,
    protocol: 'tcp',
    host: '',
    block: 0,
    name: vip.name,
    privateIp: '',
    sel: vip.sel,
    mode: vip.mode,
    security: 0,
    bgp: false,
    monitor: true,
    probeType: 'tcp',
    probePort: endpoints[0]?.port ?? 0,
    probeRequest: '',
    probeResponse: '',
    probeTimeoutSeconds: 2,
    probeRetries: 1,
    inactiveTimeoutSeconds: 240,
    managed: false,
    proxyProtocolV2: false,
    egress: false,
    secondaryIps: [],
    allowedSources: [],
    endpoints,
  };
}
