/** Names of the balancer's series without a label. */
const singleNames = {
  lb_requests_total: 'requestsTotal',
  lb_errors_total: 'errorsTotal',
  lb_inflight_total: 'inFlight',
  lb_tokens_per_second: 'tokensPerSecond',
  lb_requests_per_second: 'requestsPerSecond',
  lb_uptime_seconds: 'uptimeSeconds',
} as const;

/** Names of the series with the label `endpoint`. */
const endpointNames = {
  lb_endpoint_requests_total: 'requestsTotal',
  lb_endpoint_failures_total: 'failuresTotal',
  lb_endpoint_latency_ms: 'latencyMs',
  lb_endpoint_inflight: 'inFlight',
  lb_endpoint_tokens_total: 'tokensTotal',
} as const;

export type BalancerSeries = Partial<Record<(typeof singleNames)[keyof typeof singleNames], number>>;
export type EndpointSeries = Partial<Record<(typeof endpointNames)[keyof typeof endpointNames], number>>;

/** The balancer's `/metrics`. */
export interface BalancerMetrics {
  readonly balancer: BalancerSeries;
  /** By endpoint name. */
  readonly endpoints: ReadonlyMap<string, EndpointSeries>;
}

const NUMBER = String.raw`([+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|Inf)|NaN)`;
const singleLine = new RegExp(String.raw`^(\w+) ${NUMBER}$`);
const labelStart = /^(\w+)\{endpoint="/;
const labelEnd = new RegExp(String.raw`"\} ${NUMBER}(?:\n|$)`, 'g');

/**
 * Reads the text exposition as this balancer writes it, which is not quite the format's: in a label only the quote is
 * escaped, a backslash and a line end stand as they are. A label therefore ends at the first quote that is followed by
 * `} <number>` and a line end, and its text may run over several lines. Series of other names are ignored; numbers that
 * are not finite are left out.
 */
export function parseMetrics(text: string): BalancerMetrics {
  const balancer: BalancerSeries = {};
  const endpoints = new Map<string, EndpointSeries>();
  const source = text.replaceAll('\r\n', '\n');
  for (let at = 0; at < source.length;) {
    const labelled = readLabelled(source, at);
    if (labelled) {
      addTo(endpoints, labelled);
      at = labelled.next;
      continue;
    }
    const end = source.indexOf('\n', at);
    const next = end === -1 ? source.length : end + 1;
    const match = singleLine.exec(source.slice(at, end === -1 ? source.length : end));
    if (match) set(balancer, singleNames, match[1] ?? '', match[2] ?? '');
    at = next;
  }
  return { balancer, endpoints };
}

interface LabelledSample {
  readonly series: string;
  readonly endpoint: string;
  readonly value: string;
  readonly next: number;
}

/** Longest label that is looked at: a name has at most 120 characters, each quote in it takes two. */
const MAX_LABEL = 1_000;

function readLabelled(source: string, at: number): LabelledSample | undefined {
  const start = labelStart.exec(source.slice(at, at + 100));
  if (!start) return undefined;
  const from = at + start[0].length;
  const window = source.slice(from, from + MAX_LABEL);
  labelEnd.lastIndex = 0;
  const end = labelEnd.exec(window);
  if (!end) return undefined;
  return {
    series: start[1] ?? '',
    // Every quote has one backslash of its own before it; other backslashes are the name's.
    endpoint: window.slice(0, end.index).replaceAll('\\"', '"'),
    value: end[1] ?? '',
    next: from + labelEnd.lastIndex,
  };
}

function addTo(endpoints: Map<string, EndpointSeries>, { series, endpoint, value }: LabelledSample): void {
  let found = endpoints.get(endpoint);
  if (!found) endpoints.set(endpoint, (found = {}));
  set(found, endpointNames, series, value);
}

function set<K extends string>(
  into: Partial<Record<K, number>>,
  names: Readonly<Record<string, K>>,
  series: string,
  text: string,
): void {
  const key = Object.hasOwn(names, series) ? names[series] : undefined;
  const value = Number(text);
  if (key !== undefined && Number.isFinite(value)) into[key] = value;
}
