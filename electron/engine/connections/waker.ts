import type { Clock } from '../clock.ts';

/** Sleeps that can be cut short all at once. */
export interface Waker {
  /** Resolves after `ms`, or as soon as `wake` is called. */
  sleep(ms: number): Promise<void>;
  wake(): void;
}

export function createWaker(clock: Clock): Waker {
  let alarm = new AbortController();
  return {
    sleep: (ms) => clock.sleep(ms, alarm.signal).catch(() => {}),
    wake() {
      const ringing = alarm;
      alarm = new AbortController();
      ringing.abort(new Error('woken'));
    },
  };
}
