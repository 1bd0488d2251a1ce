import type { LoxilbNode } from './node.ts';
import { isAtLeast } from './profile.ts';
import { json, omitEmpty, type Reply } from './reply.ts';
import { connections, conntrack } from './traffic.ts';

/** The collector looks this often; asking faster gains nothing. */
const COLLECT_EVERY_MS = 10_000;
const PACKETS_PER_REQUEST = 24;

interface Flow {
  readonly service: string;
  readonly sip: string;
  readonly dip: string;
  packets: number;
  bytes: number;
}

interface Service {
  readonly name: string;
  packets: number;
  bytes: number;
}

interface Sample {
  readonly conntrack: number;
  readonly activeFlows: number;
  readonly healthy: number;
  readonly unhealthy: number;
  readonly rules: number;
  readonly packets: number;
  readonly bytes: number;
  readonly services: readonly Service[];
  readonly endpoints: readonly Flow[];
  readonly flows: readonly Flow[];
  readonly firewallRules: number;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
}

/** Prometheus text and the JSON metrics, from one collector. */
export class Metrics {
  readonly #node: LoxilbNode;
  #sample: Sample | undefined;
  #collectedAt = 0;

  constructor(node: LoxilbNode) {
    this.#node = node;
  }

  text(): Reply {
    if (!this.#node.prometheus) return disabled(this.#node);
    return {
      status: 200,
      text: this.#lines(this.#now()).join('\n'),
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    };
  }

  /** One of the JSON metrics; undefined: no such name. Zero values are left out in all of them. */
  part(name: string): Reply | undefined {
    const render = parts[name];
    if (!render) return undefined;
    return this.#node.prometheus ? render(this.#now()) : disabled(this.#node);
  }

  #now(): Sample {
    const now = this.#node.context.now();
    if (this.#sample === undefined || now - this.#collectedAt >= COLLECT_EVERY_MS) {
      this.#sample = collect(this.#node);
      this.#collectedAt = now;
    }
    return this.#sample;
  }

  #lines(sample: Sample): string[] {
    const canonical = this.#node.profile === 'head';
    const lines: string[] = [];
    const emit = (name: string, type: 'gauge' | 'counter', rows: readonly (readonly [string, number])[]) => {
      lines.push(`# TYPE ${name} ${type}`, ...rows.map(([labels, value]) => `${name}${labels} ${value}`));
    };
    const both = (
      modern: string,
      legacy: string,
      type: 'gauge' | 'counter',
      rows: readonly (readonly [string, number])[],
    ) => {
      if (canonical && modern !== '') emit(modern, type, rows);
      if (legacy !== '') emit(legacy, type, rows);
    };
    const one = (value: number) => [['', value] as const];
    both('loxilb_active_conntrack_entries', 'active_conntrack_count', 'gauge', one(sample.conntrack));
    both('loxilb_active_flow_count_tcp', 'active_flow_count_tcp', 'gauge', one(sample.activeFlows));
    both('loxilb_active_flow_count_udp', 'active_flow_count_udp', 'gauge', one(0));
    both('loxilb_active_flow_count_sctp', 'active_flow_count_sctp', 'gauge', one(0));
    both('loxilb_new_flows', 'new_flow_count', 'gauge', one(Math.ceil(sample.activeFlows / 4)));
    both('', 'inactive_flow_count', 'gauge', one(0));
    both('loxilb_lb_rules', 'lb_rule_count', 'gauge', one(sample.rules));
    both('loxilb_healthy_endpoints', 'healthy_host_count', 'gauge', one(sample.healthy));
    both('loxilb_unhealthy_endpoints', 'unhealthy_host_count', 'gauge', one(sample.unhealthy));
    both('loxilb_processed_bytes_total', 'processed_bytes', 'counter', one(sample.bytes));
    both('loxilb_processed_packets_total', 'processed_packets', 'counter', one(sample.packets));
    both('loxilb_processed_tcp_bytes_total', 'processed_tcp_bytes', 'counter', one(sample.bytes));
    both('loxilb_requests_total', 'total_requests', 'counter', one(requests(sample.packets)));
    const perService = sample.services.map(
      ({ name, packets }) => [labels({ service: name }), requests(packets)] as const,
    );
    both('loxilb_service_requests_total', 'total_requests_per_service', 'counter', perService);
    both('loxilb_errors_total', 'total_errors', 'counter', one(0));
    const named = sample.services.filter(({ name }) => name !== '-');
    const rows = (field: 'bytes' | 'packets') =>
      named.map((service) => [labels({ service: service.name }), service[field]] as const);
    both('loxilb_service_traffic_bytes_total', '', 'counter', rows('bytes'));
    both('loxilb_service_traffic_packets_total', '', 'counter', rows('packets'));
    const perEndpoint = sample.endpoints.map(
      ({ service, dip, bytes }) => [labels({ service, dip }), bytes] as const,
    );
    both('loxilb_endpoint_traffic_bytes_total', '', 'counter', perEndpoint);
    const flows = (field: 'bytes' | 'packets') =>
      sample.flows.map((flow) => [labels(pick(flow)), flow[field]] as const);
    both('loxilb_lb_rule_interaction_bytes_total', 'lb_rule_interaction_bytes', 'counter', flows('bytes'));
    both(
      'loxilb_lb_rule_interaction_packets_total',
      'lb_rule_interaction_packets',
      'counter',
      flows('packets'),
    );
    both('loxilb_fw_drop_packets_total', 'total_fw_drops', 'counter', one(0));
    both('loxilb_firewall_rules', '', 'gauge', one(sample.firewallRules));
    both('loxilb_system_cpu_utilization_percent', '', 'gauge', one(sample.cpuPercent));
    both('loxilb_system_memory_utilization_percent', '', 'gauge', one(sample.memoryPercent));
    return [...lines, ''];
  }
}

/** Later builds say it with a status; the older ones with a JSON text that a scraper takes for no metrics at all. */
function disabled(node: LoxilbNode): Reply {
  const words = 'Prometheus option is disabled.';
  return node.profile === 'head' ? { status: 503, text: words, contentType: 'text/plain' } : json(words);
}

const parts: Readonly<Record<string, (sample: Sample) => Reply>> = {
  flowcount: ({ conntrack, activeFlows }) =>
    json(omitEmpty({ active_conntrack_count: conntrack, active_flow_count_tcp: activeFlows })),
  hostcount: ({ healthy, unhealthy }) =>
    json(omitEmpty({ healthy_host_count: healthy, unhealthy_host_count: unhealthy })),
  lbrulecount: ({ rules }) => json(omitEmpty({ lb_rule_count: rules })),
  // The server reads the wrong key: always empty.
  newflowcount: () => json({}),
  requestcount: ({ packets, services }) =>
    json({
      ...omitEmpty({ total_requests: requests(packets) }),
      total_requests_per_service: orNull(
        services.map((service) => ({ name: service.name, value: requests(service.packets) })),
      ),
    }),
  errorcount: () => json({ total_errors_per_service: null }),
  processedtraffic: ({ bytes, packets }) =>
    json(omitEmpty({ processed_bytes: bytes, processed_packets: packets, processed_tcp_bytes: bytes })),
  lbprocessedtraffic: ({ flows }) =>
    json({
      lb_rule_interaction_bytes: flows.map((flow) => ({ ...pick(flow), value: flow.bytes })),
      lb_rule_interaction_packets: flows.map((flow) => ({ ...pick(flow), value: flow.packets })),
    }),
  epdisttraffic: ({ endpoints, services }) =>
    json(
      Object.fromEntries(
        services.map(({ name, bytes }) => [
          name === '-' ? 'default' : name,
          endpoints
            .filter(({ service }) => service === name)
            .map((flow) => ({ dip: flow.dip, value: flow.bytes, ratio: flow.bytes / Math.max(1, bytes) })),
        ]),
      ),
    ),
  servicedisttraffic: ({ services, bytes }) =>
    json(
      Object.fromEntries(
        services.map((service) => [
          service.name === '-' ? 'default' : service.name,
          { value: service.bytes, ratio: service.bytes / Math.max(1, bytes) },
        ]),
      ),
    ),
  // Fails while nothing was dropped.
  fwdrops: () => ({
    status: 500,
    json: { code: 500, message: 'no drops', result: 'no drops', fields: null },
  }),
  reqcountperclient: ({ flows }) => {
    const perClient: Record<string, number> = {};
    for (const { sip, packets } of flows) perClient[sip] = (perClient[sip] ?? 0) + packets;
    return json(perClient);
  },
};

function collect(node: LoxilbNode): Sample {
  const services = new Map<string, Service>();
  const endpoints: Flow[] = [];
  for (const { name, endpoints: members } of node.rules.all()) {
    const service = services.get(name || '-') ?? { name: name || '-', packets: 0, bytes: 0 };
    for (const { ip, packets, bytes } of members) {
      service.packets += packets;
      service.bytes += bytes;
      endpoints.push({ service: service.name, sip: '', dip: ip, packets, bytes });
    }
    services.set(service.name, service);
  }
  const flows = new Map<string, Flow>();
  for (const { rule, endpoint, client, packets, bytes } of connections(node)) {
    const key = `${rule.name}|${client}|${endpoint.ip}`;
    const flow = flows.get(key) ?? {
      service: rule.name || '-',
      sip: client,
      dip: endpoint.ip,
      packets: 0,
      bytes: 0,
    };
    flow.packets += packets;
    flow.bytes += bytes;
    flows.set(key, flow);
  }
  const all = [...services.values()];
  const { guest } = node;
  const entries = conntrack(node).length;
  return {
    conntrack: entries,
    activeFlows: entries / 2,
    ...node.probes.count(),
    rules: node.rules.all().length,
    packets: all.reduce((sum, { packets }) => sum + packets, 0),
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    services: all,
    endpoints,
    flows: [...flows.values()],
    firewallRules: node.firewall.render().length,
    cpuPercent: guest.cpuFraction * 100,
    memoryPercent: (100 * guest.memoryUsedBytes) / guest.memoryBytes,
  };
}

function requests(packets: number): number {
  return Math.floor(packets / PACKETS_PER_REQUEST);
}

function pick({ service, sip, dip }: Flow) {
  return { service, sip, dip };
}

function orNull<T>(list: readonly T[]): readonly T[] | null {
  return list.length === 0 ? null : list;
}

function labels(values: Readonly<Record<string, string>>): string {
  const escape = (text: string) => text.replace(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
  return `{${Object.entries(values)
    .map(([name, value]) => `${name}="${escape(value)}"`)
    .join(',')}}`;
}

/** Clients, services and end points for a node graph panel; rules without a name are skipped. */
export function nodeGraph(node: LoxilbNode, service?: string): Reply {
  const { flows } = collect(node);
  const shown = flows.filter((flow) => flow.service !== '-' && (!service || flow.service === service));
  const nodes = new Map<string, Record<string, unknown>>();
  const add = (id: string, title: string, subtitle: string, color: string, bytes: number) => {
    const before = (nodes.get(id)?.['mainstat'] as number | undefined) ?? 0;
    nodes.set(id, {
      id,
      title,
      subtitle,
      mainstat: before + bytes,
      secondarystat: 0,
      color,
      icon: '',
      nodeRadius: 30,
    });
  };
  const edges = new Map<string, Record<string, unknown>>();
  for (const { service: name, sip, dip, bytes, packets } of shown) {
    add(sip, sip, 'client', 'yellow', bytes);
    add(name, name, 'service', 'blue', bytes);
    add(dip, dip, 'endpoint', 'green', bytes);
    for (const [source, target] of [
      [sip, name],
      [name, dip],
    ]) {
      const id = `${source}-${target}`;
      edges.set(id, {
        id,
        source,
        target,
        mainstat: bytes,
        secondarystat: packets,
        thickness: 1,
        color: 'green',
      });
    }
  }
  return json({ schemaVersion: 37, nodes: [...nodes.values()], edges: [...edges.values()] });
}

export function hasJsonMetrics(node: LoxilbNode): boolean {
  return isAtLeast(node.profile, '0.9.8.4');
}
