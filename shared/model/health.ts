import { z } from 'zod';

/** Ordered from best to worst for roll-up; `unknown` is never better than a known good state. */
export const healthStates = ['healthy', 'maintenance', 'unknown', 'degraded', 'down'] as const;
export const HealthStateSchema = z.enum(healthStates);
export type HealthState = z.infer<typeof HealthStateSchema>;

/** What a system itself reports of one of its entities. */
export const OwnHealthSchema = z.object({
  state: HealthStateSchema,
  /** Why, in the system's nouns; required in meaning for everything but `healthy`. */
  reason: z.string().max(1_000).optional(),
});
export type OwnHealth = z.infer<typeof OwnHealthSchema>;

/** Health after roll-up over the graph. */
export const HealthSchema = OwnHealthSchema.extend({
  /** Epoch milliseconds (engine clock) since when `state` holds, as far as this engine has seen. */
  since: z.number(),
  /** Entities whose state explains this one, nearest first, at most 10. Empty: the reason is the entity's own. */
  causes: z.array(z.string()).max(10),
});
export type Health = z.infer<typeof HealthSchema>;

const rank: Record<HealthState, number> = { healthy: 0, maintenance: 1, unknown: 2, degraded: 3, down: 4 };

/** Severity for sorting: higher is worse. */
export function severity(state: HealthState): number {
  return rank[state];
}

export function worse(a: HealthState, b: HealthState): HealthState {
  return rank[a] >= rank[b] ? a : b;
}
