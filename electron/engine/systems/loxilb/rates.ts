import type { TrafficCounter } from './wire.ts';

export interface TrafficRate {
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

interface Sample extends TrafficCounter {
  readonly at: number;
  readonly rate: TrafficRate | undefined;
}

/** Two samples closer than this say more about jitter than about traffic. */
const SHORTEST_SPAN_MS = 200;

/**
 * Turns growing counters into rates, one key per counter. `turn` is called once an observation with all counters of
 * that moment; keys not named in it are forgotten.
 */
export class RateMeter {
  #samples = new Map<string, Sample>();

  /**
   * @param at monotonic milliseconds
   * @returns rates of the keys that have one. None at first sight, and none for the turn in which a counter went
   * backwards: LoxiLB restarted or the end point was added anew, and how much was counted before is unknown.
   */
  turn(counters: Iterable<readonly [string, TrafficCounter]>, at: number): Map<string, TrafficRate> {
    const next = new Map<string, Sample>();
    const rates = new Map<string, TrafficRate>();
    for (const [key, counter] of counters) {
      const before = this.#samples.get(key);
      const sample = nextSample(before, counter, at);
      next.set(key, sample);
      if (sample.rate) rates.set(key, sample.rate);
    }
    this.#samples = next;
    return rates;
  }
}

function nextSample(before: Sample | undefined, counter: TrafficCounter, at: number): Sample {
  const fresh = { packets: counter.packets, bytes: counter.bytes, at };
  if (!before || counter.bytes < before.bytes || counter.packets < before.packets) {
    return { ...fresh, rate: undefined };
  }
  const spanMs = at - before.at;
  if (spanMs < SHORTEST_SPAN_MS) return before;
  return {
    ...fresh,
    rate: {
      bytesPerSecond: ((counter.bytes - before.bytes) * 1_000) / spanMs,
      packetsPerSecond: ((counter.packets - before.packets) * 1_000) / spanMs,
    },
  };
}
