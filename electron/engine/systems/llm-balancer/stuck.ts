import type { BalancerEndpoint } from './wire.ts';

interface Still {
  readonly inFlight: number;
  readonly requestsTotal: number;
  /** Monotonic ms since when both have not moved. */
  readonly since: number;
}

/** How long each endpoint's in-flight count and requests have not moved, by endpoint id. */
export type StillSince = ReadonlyMap<number, Still>;

/** Added to the longest phase an honest call may take; within it the balancer's 60 s rates fall to 0. */
const GRACE_MS = 60_000;

export function trackStill(
  before: StillSince,
  endpoints: readonly BalancerEndpoint[],
  at: number,
): StillSince {
  return new Map(
    endpoints.map(({ id, inFlight, requestsTotal }) => {
      const known = before.get(id);
      const isStill = known?.inFlight === inFlight && known.requestsTotal === requestsTotal;
      return [id, isStill ? known : { inFlight, requestsTotal, since: at }];
    }),
  );
}

/**
 * Whether the in-flight count looks leaked: the balancer never gives back the count of a stream that its caller left, so
 * it stays above 0 while nothing happens. Only a restart of the balancer clears it.
 */
export function looksStuck(still: StillSince, endpoint: BalancerEndpoint, at: number): boolean {
  const known = still.get(endpoint.id);
  if (!known || known.inFlight === 0) return false;
  return at - known.since > endpoint.timeoutSeconds * 1_000 + GRACE_MS;
}
