import type { BalancerMetrics, EndpointSeries } from './metrics-text.ts';
import type { BalancerEndpoint, BalancerHealth, BalancerState } from './wire.ts';

/**
 * The last full state brought forward with what `/health` and `/metrics` say, for the time when the admin API's shared
 * budget is used up by others. Configuration, token counts and clients stay as they were.
 */
export function bringForward(
  last: BalancerState,
  elapsedMs: number,
  health: BalancerHealth,
  metrics: BalancerMetrics,
): BalancerState {
  return {
    version: health.version,
    routingMode: health.routingMode,
    stats: health.stats,
    clients: last.clients,
    endpoints: last.endpoints.map((endpoint) =>
      bringEndpointForward(endpoint, elapsedMs, metrics.endpoints.get(endpoint.name)),
    ),
  };
}

function bringEndpointForward(
  before: BalancerEndpoint,
  elapsedMs: number,
  series: EndpointSeries = {},
): BalancerEndpoint {
  const requestsTotal = series.requestsTotal ?? before.requestsTotal;
  const failuresTotal = series.failuresTotal ?? before.failuresTotal;
  const succeeded = requestsTotal - failuresTotal - before.successTotal;
  const failed = failuresTotal - before.failuresTotal;
  const aged = {
    ...before,
    requestsTotal,
    failuresTotal,
    successTotal: Math.max(0, requestsTotal - failuresTotal),
    latencyMs: requestsTotal === 0 ? null : (series.latencyMs ?? before.latencyMs),
    tokensTotal: series.tokensTotal ?? before.tokensTotal,
    inFlight: series.inFlight ?? before.inFlight,
    cooldownRemainingSeconds: Math.max(0, before.cooldownRemainingSeconds - elapsedMs / 1_000),
  };
  // A success ends cooldown and probation; with failures beside it the order is not known, and the last word stays.
  if (succeeded > 0 && failed === 0) return { ...aged, consecutiveFailures: 0, cooldownRemainingSeconds: 0 };
  if (failed > 0 && succeeded <= 0) {
    return { ...aged, consecutiveFailures: before.consecutiveFailures + failed };
  }
  return aged;
}
