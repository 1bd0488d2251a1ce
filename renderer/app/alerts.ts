import { worse, type HealthState } from '../../shared/model/health.ts';
import type { Cause } from '../world/causes.ts';

export interface Alerts {
  /** Everything that is bad: causes and what they affect, each counted once. */
  readonly alerts: number;
  /** Things to fix. */
  readonly causes: number;
  readonly worst: HealthState | null;
}

/** The numbers on the alert chip. A silent connection is one alert, however many entities it leaves stale. */
export function alertsOf(causes: readonly Cause[]): Alerts {
  const bad = new Set<string>();
  let worst: HealthState | null = null;
  for (const cause of causes) {
    if (cause.type === 'connection') {
      bad.add(`connection ${cause.connection.id}`);
      worst = worse(worst ?? 'degraded', 'degraded');
    } else {
      for (const { id } of [cause.entity, ...cause.affected]) bad.add(id);
      worst = worse(worst ?? cause.entity.health.state, cause.entity.health.state);
    }
  }
  return { alerts: bad.size, causes: causes.length, worst };
}
