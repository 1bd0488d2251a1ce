import { z } from 'zod';

/**
 * How far a value can be trusted to describe the present; separate from health.
 * `live`: confirmed within its interval. `late`: an answer is overdue. `stale`: the system does not answer, this is its
 * last known state. `partial`: the system answered, but not with everything. `never`: not seen since start.
 */
export const freshnessStates = ['live', 'late', 'stale', 'partial', 'never'] as const;
export const FreshnessStateSchema = z.enum(freshnessStates);
export type FreshnessState = z.infer<typeof FreshnessStateSchema>;

/**
 * A source is one scope of one connection ("proxmox/pve › resources"): the unit that is observed, and so the unit
 * that has an age. Entities name their source instead of carrying an age of their own, so that one confirmation
 * refreshes thousands of entities for the price of one change.
 */
export const SourceSchema = z.object({
  /** `<connection id>/<scope>` */
  id: z.string(),
  connectionId: z.string(),
  scope: z.string(),
  /** `poll`: asked every `intervalMs`. `watch`: the system tells by itself when something changes. */
  mode: z.enum(['poll', 'watch']),
  state: FreshnessStateSchema,
  /** Epoch ms of the last complete answer; null: never. */
  asOf: z.number().nullable(),
  /** How often an answer is expected, in ms. For watches: the longest silence that is normal. */
  intervalMs: z.number(),
  /** What is missing, when `partial`. */
  note: z.string().max(500).optional(),
});
export type Source = z.infer<typeof SourceSchema>;

export function sourceId(connectionId: string, scope: string): string {
  return `${connectionId}/${scope}`;
}

/** Late after twice the interval, never before 1 s. Staleness is decided by the connection, not by age alone. */
export const LATE_FACTOR = 2;
/** Stale by age after this many intervals without an answer, even if nobody reported a failure (a frozen process, a lost timer). */
export const STALE_FACTOR = 6;

/** Freshness by age alone. All times in ms. */
export function freshnessByAge(asOf: number | null, intervalMs: number, now: number): FreshnessState {
  if (asOf === null) return 'never';
  const age = now - asOf;
  const interval = Math.max(intervalMs, 500);
  if (age > interval * STALE_FACTOR) return 'stale';
  if (age > interval * LATE_FACTOR) return 'late';
  return 'live';
}
