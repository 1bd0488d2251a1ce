import type { RoutingMode } from './rows.ts';

/** What the choice of an endpoint looks at. Times in epoch seconds, as in the database. */
export interface RoutingEndpoint {
  readonly id: number;
  readonly connected: boolean;
  readonly enabled: boolean;
  readonly cooldown_until: number;
  readonly token_quota_percent: number;
  readonly completion_tokens_total: number;
  readonly priority_order: number;
  readonly consecutive_failures: number;
  readonly total_failures: number;
  readonly avg_latency_ms: number;
  readonly max_concurrent: number;
  readonly inflight: number;
}

export interface RoutingRequest {
  readonly mode: RoutingMode;
  /** Epoch seconds. */
  readonly now: number;
  /** Id of the caller's token row; null for an open proxy or a token without a row. */
  readonly tokenId: number | null;
  readonly preferredEndpointId: number | null;
  /** May name a token that no longer exists. */
  readonly priorityInputTokenId: number | null;
}

export type Refusal =
  | 'no connected endpoints available'
  | 'all connected endpoints in cooldown'
  | 'mapped endpoint currently in cooldown'
  | 'mapped endpoint not connected';

export type Choice<E> = { readonly endpoint: E } | { readonly refusal: Refusal };

const INFLIGHT_WEIGHT = 0.01;

/** The endpoint for one request, or the text of the 503. There is no second choice within a request. */
export function chooseEndpoint<E extends RoutingEndpoint>(
  endpoints: readonly E[],
  request: RoutingRequest,
): Choice<E> {
  const wired = endpoints.filter((endpoint) => endpoint.connected && endpoint.enabled);
  const candidates = wired
    .filter((endpoint) => endpoint.cooldown_until <= request.now)
    .sort((a, b) => a.id - b.id);
  if (request.preferredEndpointId !== null) {
    return chooseMapped(wired, candidates, request.preferredEndpointId);
  }
  const [first, ...others] = candidates;
  if (!first) {
    return {
      refusal: wired.length > 0 ? 'all connected endpoints in cooldown' : 'no connected endpoints available',
    };
  }
  const some: NonEmpty<E> = [first, ...others];
  return { endpoint: request.mode === 'percentage' ? byPercentage(some) : byPriority(some, request) };
}

type NonEmpty<E> = readonly [E, ...E[]];

function chooseMapped<E extends RoutingEndpoint>(
  wired: readonly E[],
  candidates: readonly E[],
  id: number,
): Choice<E> {
  const endpoint = candidates.find((candidate) => candidate.id === id);
  if (endpoint) return { endpoint };
  return {
    refusal: wired.some((other) => other.id === id)
      ? 'mapped endpoint currently in cooldown'
      : 'mapped endpoint not connected',
  };
}

/**
 * The endpoint furthest behind its quota of all completion tokens ever counted. Quotas are taken as they are, not
 * normalised; only when all are 0 is each given an equal part. Ties go to the lowest id.
 */
function byPercentage<E extends RoutingEndpoint>(candidates: NonEmpty<E>): E {
  const total = candidates.reduce((sum, endpoint) => sum + endpoint.completion_tokens_total, 0);
  if (total === 0) return best(candidates, (endpoint) => -endpoint.inflight);
  const noQuotas = candidates.every((endpoint) => endpoint.token_quota_percent === 0);
  return best(candidates, (endpoint) => {
    const quota = noQuotas ? 100 / candidates.length : endpoint.token_quota_percent;
    const actual = (endpoint.completion_tokens_total / total) * 100;
    return quota - actual - INFLIGHT_WEIGHT * endpoint.inflight;
  });
}

/** The first by priority that has room; all full: the least busy (the limit is soft). */
function byPriority<E extends RoutingEndpoint>(candidates: NonEmpty<E>, request: RoutingRequest): E {
  const order = candidates.toSorted(
    (a, b) =>
      a.priority_order - b.priority_order ||
      a.consecutive_failures - b.consecutive_failures ||
      a.total_failures - b.total_failures ||
      a.avg_latency_ms - b.avg_latency_ms ||
      a.id - b.id,
  );
  const { priorityInputTokenId } = request;
  // The best endpoint is kept for the priority input: everyone else comes to it last.
  if (priorityInputTokenId !== null && priorityInputTokenId !== request.tokenId && order.length > 1) {
    order.push(...order.splice(0, 1));
  }
  const withRoom = order.find(
    ({ max_concurrent, inflight }) => max_concurrent === 0 || inflight < max_concurrent,
  );
  return withRoom ?? best(order as unknown as NonEmpty<E>, (endpoint) => -endpoint.inflight);
}

/** The first with the highest score. */
function best<E>([first, ...others]: NonEmpty<E>, score: (endpoint: E) => number): E {
  let chosen = first;
  let highest = score(first);
  for (const other of others) {
    const value = score(other);
    if (value > highest) [chosen, highest] = [other, value];
  }
  return chosen;
}
