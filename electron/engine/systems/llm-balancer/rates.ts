/** Growing numbers of one thing. */
export interface Counters {
  readonly requests: number;
  readonly tokens: number;
}

interface Sample extends Counters {
  /** Monotonic ms. */
  readonly at: number;
}

/** Samples of the last `RATE_WINDOW_MS` by key, oldest first. */
export type RateHistory = ReadonlyMap<string, readonly Sample[]>;

/** Long enough to be calm at a few requests a second, short enough to follow a failover. */
export const RATE_WINDOW_MS = 30_000;
/** Two samples closer than this say more about jitter than about traffic. */
const MIN_SPAN_MS = 1_000;

/**
 * Adds one sample of each counter. A counter that went down was reset (by anyone, or by a restart): its history starts
 * anew, since the difference would say nothing. Keys that are gone are forgotten.
 */
export function addSamples(
  history: RateHistory,
  counters: ReadonlyMap<string, Counters>,
  at: number,
): RateHistory {
  const next = new Map<string, readonly Sample[]>();
  for (const [key, { requests, tokens }] of counters) {
    const before = history.get(key) ?? [];
    const last = before.at(-1);
    const wasReset = last !== undefined && (requests < last.requests || tokens < last.tokens);
    const kept = wasReset ? [] : before.filter((sample) => sample.at > at - RATE_WINDOW_MS);
    next.set(key, [...kept, { at, requests, tokens }]);
  }
  return next;
}

/** Rates over the samples kept; undefined until there are two, and again after a reset. */
export function rateOf(
  history: RateHistory,
  key: string,
): { readonly requestsPerSecond: number; readonly tokensPerSecond: number } | undefined {
  const samples = history.get(key);
  const [first, last] = [samples?.[0], samples?.at(-1)];
  if (!first || !last || last.at - first.at < MIN_SPAN_MS) return undefined;
  const seconds = (last.at - first.at) / 1_000;
  return {
    requestsPerSecond: round3((last.requests - first.requests) / seconds),
    tokensPerSecond: round3((last.tokens - first.tokens) / seconds),
  };
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}
