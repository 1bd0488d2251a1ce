/** Length of the sliding window that a request budget is counted over. */
export const BUDGET_WINDOW_MS = 60_000;

/**
 * A connection's politeness: at most `limit` requests start in any 60 s. A request reserves the earliest free moment
 * and waits for it, so requests start in the order in which they asked. Times are monotonic ms.
 */
export interface RequestBudget {
  /**
   * Reserves the earliest moment from `now` on, if it is no later than `latest`; otherwise reserves nothing. Returns that
   * moment either way, so a refusal can say how long the wait would have been.
   */
  reserve(now: number, latest: number): { readonly at: number; readonly granted: boolean };
  /** Gives back a reservation whose request was never sent. */
  release(at: number): void;
  /** Nothing starts before `until`: the system itself asked for a pause. */
  pauseUntil(until: number): void;
  /** Lifts a pause; the window stays. */
  resume(): void;
}

export function createRequestBudget(limit: number): RequestBudget {
  /** Start times, past and reserved, ascending; only those that still matter. */
  const starts: number[] = [];
  let pausedUntil = -Infinity;

  return {
    reserve(now, latest) {
      while (starts.length > 0 && (starts[0] as number) <= now - BUDGET_WINDOW_MS) starts.shift();
      const last = starts.at(-1) ?? -Infinity;
      const blocker = starts.length >= limit ? starts[starts.length - limit] : undefined;
      const free = blocker === undefined ? now : blocker + BUDGET_WINDOW_MS;
      const at = Math.max(now, free, last, pausedUntil);
      const granted = at <= latest;
      if (granted) starts.push(at);
      return { at, granted };
    },
    release(at) {
      const index = starts.lastIndexOf(at);
      if (index !== -1) starts.splice(index, 1);
    },
    pauseUntil(until) {
      pausedUntil = Math.max(pausedUntil, until);
    },
    resume() {
      pausedUntil = -Infinity;
    },
  };
}
