/** How many latencies the median is taken over: enough to ride out one slow answer, few enough to follow a change. */
const LATENCY_SAMPLES = 20;
const LONGEST_WINDOW_MS = 60_000;

export interface HttpMetrics {
  /** Requests started in the last 60 s. */
  readonly requests60s: number;
  /** Requests started in the last 10 s. */
  readonly requests10s: number;
  /** Median of the last 20 whole exchanges, ms; null before the first. Long polls are left out. */
  readonly latencyMs: number | null;
}

/** Counts what one connection asks and how fast it is answered. Times are monotonic ms. */
export interface Meter {
  started(at: number): void;
  answered(latencyMs: number): void;
  read(now: number): HttpMetrics;
}

export function createMeter(): Meter {
  const starts: number[] = [];
  const latencies: number[] = [];
  const forget = (now: number) => {
    const firstKept = starts.findIndex((at) => at > now - LONGEST_WINDOW_MS);
    starts.splice(0, firstKept === -1 ? starts.length : firstKept);
  };
  return {
    started(at) {
      forget(at);
      starts.push(at);
    },
    answered(latencyMs) {
      latencies.push(latencyMs);
      if (latencies.length > LATENCY_SAMPLES) latencies.shift();
    },
    read(now) {
      forget(now);
      return {
        requests60s: starts.length,
        requests10s: starts.filter((at) => at > now - 10_000).length,
        latencyMs: median(latencies),
      };
    },
  };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}
