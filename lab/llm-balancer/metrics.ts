import type { BalancerProcess } from './process.ts';
import { floatText } from './python-json.ts';
import type { EndpointRow } from './rows.ts';

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The text of `/metrics`: eleven series in blocks with a blank line between. */
export function metricsText(process: BalancerProcess): string {
  const stats = process.stats();
  const { endpoints } = process.store;
  const perEndpoint = (name: string, kind: string, help: string, value: (row: EndpointRow) => string) =>
    block(
      name,
      kind,
      help,
      endpoints.map((row) => `${name}{endpoint="${label(row.name)}"} ${value(row)}`),
    );
  const single = (name: string, kind: string, help: string, value: string) =>
    block(name, kind, help, [`${name} ${value}`]);
  return [
    single('lb_requests_total', 'counter', 'Requests served', String(stats.totalRequestsServed)),
    single('lb_errors_total', 'counter', 'Upstream errors', String(stats.totalErrors)),
    single('lb_inflight_total', 'gauge', 'Requests in flight', String(process.totalInflight)),
    single('lb_tokens_per_second', 'gauge', 'Tokens a second', floatText(stats.tokensPerSecond)),
    single('lb_requests_per_second', 'gauge', 'Requests a second', floatText(stats.requestsPerSecond)),
    single('lb_uptime_seconds', 'gauge', 'Uptime', floatText(stats.uptimeSeconds)),
    perEndpoint('lb_endpoint_requests_total', 'counter', 'Requests by endpoint', (row) =>
      String(row.total_requests),
    ),
    perEndpoint('lb_endpoint_failures_total', 'counter', 'Failures by endpoint', (row) =>
      String(row.total_failures),
    ),
    perEndpoint('lb_endpoint_latency_ms', 'gauge', 'Average latency by endpoint', (row) =>
      floatText(row.avg_latency_ms),
    ),
    perEndpoint('lb_endpoint_inflight', 'gauge', 'Requests in flight by endpoint', (row) =>
      String(process.inflightOf(row.id)),
    ),
    perEndpoint('lb_endpoint_tokens_total', 'counter', 'Tokens by endpoint', (row) =>
      String(row.prompt_tokens_total + row.completion_tokens_total),
    ),
  ].join('\n');
}

function block(name: string, kind: string, help: string, samples: readonly string[]): string {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples, ''].join('\n');
}

/** Quotes are escaped; backslashes and line ends, against the format's rules, are not. */
function label(name: string): string {
  return name.replaceAll('"', '\\"');
}
