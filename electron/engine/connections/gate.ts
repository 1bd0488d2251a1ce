import type { Clock, Random } from '../clock.ts';
import { backoffMs } from '../net/backoff.ts';

/** A system that refuses our credentials is asked this rarely: each try may count towards locking the account. */
export const REFUSED_PAUSE_MS = 60_000;
/** A probe that is not turned away for so long lets the others follow: a long poll may be silent for minutes. */
const PROBE_PATIENCE_MS = 10_000;

const WATCH_COURTESY_MS = 250;

/** Spreads `ms` by ±10 %, so that the pollers of many connections do not fall into step. */
export function jittered(ms: number, random: Random): number {
  return Math.round(ms * (0.9 + 0.2 * random()));
}

/**
 * Shut while the way to the system is known to be closed, for all sources of a connection at once. While it is shut one
 * source at a time probes, after a growing wait, and the others follow when it opens.
 */
export interface Gate {
  isShut(): boolean;
  /**
   * The way is closed, found by an attempt that began at `startedAt` (monotonic ms). Attempts under way at the same
   * time fail together and count once. `refused`: the system is there, but not for us.
   */
  shut(startedAt: number, refused: boolean): void;
  /** The system answered. True when that opened the gate. */
  open(): boolean;
  /** Milliseconds until a source may try; 0: now. Watches let a poll go first: its answer is not held back. */
  waitMs(mode: 'poll' | 'watch'): number;
  /** An attempt starts. */
  enter(): void;
  /** Epoch ms of the next probe; undefined while open or probing. */
  nextAttemptAt(): number | undefined;
}

export function createGate(clock: Clock, random: Random): Gate {
  let closed: { failures: number; at: number; due: number; dueEpoch: number } | undefined;
  let probingSince: number | undefined;

  return {
    isShut: () => closed !== undefined,
    shut(startedAt, refused) {
      if (closed && startedAt < closed.at) return;
      const failures = (closed?.failures ?? 0) + 1;
      const wait = refused ? jittered(REFUSED_PAUSE_MS, random) : backoffMs(failures, random);
      const at = clock.monotonic();
      closed = { failures, at, due: at + wait, dueEpoch: clock.now() + wait };
      probingSince = undefined;
    },
    open() {
      const wasShut = closed !== undefined;
      closed = undefined;
      probingSince = undefined;
      return wasShut;
    },
    waitMs(mode) {
      if (!closed) return 0;
      const due = probingSince === undefined ? closed.due : probingSince + PROBE_PATIENCE_MS;
      return Math.max(0, due + (mode === 'watch' ? WATCH_COURTESY_MS : 0) - clock.monotonic());
    },
    enter() {
      if (closed) probingSince ??= clock.monotonic();
    },
    nextAttemptAt: () => (probingSince === undefined ? closed?.dueEpoch : undefined),
  };
}
