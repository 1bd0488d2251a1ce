import { entityKinds, type Entity, type EntityKind } from '../../shared/model/entity.ts';
import type { HealthState } from '../../shared/model/health.ts';

export type StateCounts = Readonly<Record<HealthState, number>>;

export interface Tally {
  readonly total: number;
  readonly byState: StateCounts;
  /** Kinds that have at least one entity, in the model's order. */
  readonly byKind: readonly {
    readonly kind: EntityKind;
    readonly total: number;
    readonly byState: StateCounts;
  }[];
}

const none = (): Record<HealthState, number> => ({
  healthy: 0,
  maintenance: 0,
  unknown: 0,
  degraded: 0,
  down: 0,
});

/** How many entities there are of each kind in each state. One pass. */
export function tallyOf(entities: Iterable<Entity>): Tally {
  const kinds = new Map<EntityKind, Record<HealthState, number>>();
  const byState = none();
  let total = 0;
  for (const { kind, health } of entities) {
    let counts = kinds.get(kind);
    if (!counts) kinds.set(kind, (counts = none()));
    counts[health.state]++;
    byState[health.state]++;
    total++;
  }
  const byKind = entityKinds.flatMap((kind) => {
    const counts = kinds.get(kind);
    if (!counts) return [];
    return [{ kind, total: Object.values(counts).reduce((sum, n) => sum + n, 0), byState: counts }];
  });
  return { total, byState, byKind };
}
