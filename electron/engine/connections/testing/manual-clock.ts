import type { Clock } from '../../clock.ts';

/** A clock that moves only when told. */
export interface ManualClock extends Clock {
  /** Moves on by `ms`, waking sleepers in order and letting what they start settle before the next. */
  advance(ms: number): Promise<void>;
  /** Sleeps not yet over. */
  sleepers(): number;
}

export function manualClock(startEpochMs = 1_000_000): ManualClock {
  let elapsed = 0;
  const waiting = new Set<{ readonly at: number; readonly wake: () => void }>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  return {
    now: () => startEpochMs + elapsed,
    monotonic: () => elapsed,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        const entry = {
          at: elapsed + ms,
          wake: () => {
            waiting.delete(entry);
            signal?.removeEventListener('abort', stop);
            resolve();
          },
        };
        const stop = () => {
          waiting.delete(entry);
          reject(signal?.reason as Error);
        };
        signal?.addEventListener('abort', stop, { once: true });
        waiting.add(entry);
      }),
    async advance(ms) {
      const until = elapsed + ms;
      await settle();
      for (;;) {
        const next = [...waiting].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        elapsed = Math.max(elapsed, next.at);
        next.wake();
        await settle();
      }
      elapsed = until;
      await settle();
    },
    sleepers: () => waiting.size,
  };
}
