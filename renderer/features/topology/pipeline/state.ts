import type { HealthState } from '../../../../shared/model/health.ts';
import type { LinkKind } from '../../../../shared/model/link.ts';

/** Needs attention now: drawn on top, never folded away, kept by "hide healthy" with its whole path. */
export function isBad(state: HealthState): state is 'degraded' | 'down' {
  return state === 'down' || state === 'degraded';
}

/**
 * The state a link is drawn in. A request that goes to something bad goes badly; and what something bad runs on is
 * where one looks next. A bad service's link to a good instance is a good link. A merely possible link paints nothing bad.
 */
export function edgeState(
  kind: LinkKind,
  from: HealthState,
  to: HealthState,
  possible: boolean,
): HealthState {
  if (possible) return 'healthy';
  if (isBad(to)) return to;
  if (kind === 'runs-on' && from === 'down') return from;
  return 'healthy';
}
