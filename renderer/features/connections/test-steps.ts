import { checkStepNames, type CheckStep, type SystemKind } from '../../../shared/model/connection.ts';
import type { HealthState } from '../../../shared/model/health.ts';

export interface StepRow {
  readonly name: CheckStep['step'];
  readonly state: HealthState;
  /** Undefined: not reached (yet). */
  readonly step: CheckStep | undefined;
}

/**
 * The steps to show: those that came, and while the test may go on those that are still ahead. A step that was passed
 * over (TLS of a plain address) is left out once a later one has come. Who an SSH host is shows in its host key, who
 * others are in their certificate.
 */
export function stepRows(steps: readonly CheckStep[], running: boolean, system: SystemKind): StepRow[] {
  const byName = new Map(steps.map((step) => [step.step, step]));
  const last = Math.max(-1, ...steps.map(({ step }) => checkStepNames.indexOf(step)));
  const failed = steps.some(({ ok }) => !ok);
  return checkStepNames.flatMap((name, index): StepRow[] => {
    const step = byName.get(name);
    if (step) return [{ name, state: step.ok ? 'healthy' : 'down', step }];
    if (index < last || failed || !running || name === (system === 'ssh' ? 'tls' : 'host-key')) return [];
    return [{ name, state: 'unknown', step: undefined }];
  });
}
