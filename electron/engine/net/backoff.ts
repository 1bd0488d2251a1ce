import type { Random } from '../clock.ts';

const BACKOFF_FIRST_MS = 1_000;
export const BACKOFF_CAP_MS = 30_000;

/**
 * How long to wait before attempt `failures + 1`: 1 s, doubling, at most 30 s, ±20 % so that many clients that fail at
 * once do not come back at once. `failures` counts from 1.
 */
export function backoffMs(failures: number, random: Random): number {
  const exponent = Math.min(Math.max(failures, 1) - 1, 10);
  const base = Math.min(BACKOFF_FIRST_MS * 2 ** exponent, BACKOFF_CAP_MS);
  return Math.min(Math.round(base * (0.8 + 0.4 * random())), BACKOFF_CAP_MS);
}
