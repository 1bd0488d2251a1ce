import { expect, it } from 'vitest';
import type { CheckStep, SystemKind } from '../../../shared/model/connection.ts';
import { stepRows } from './test-steps.ts';

const step = (name: CheckStep['step'], ok = true): CheckStep => ({ step: name, ok, detail: '', ms: 1 });
const shown = (steps: CheckStep[], running: boolean, system: SystemKind = 'consul') =>
  stepRows(steps, running, system).map(({ name, state }) => `${name} ${state}`);

it('shows what is ahead while the test runs', () => {
  expect(shown([step('configuration'), step('dns')], true)).toEqual([
    'configuration healthy',
    'dns healthy',
    'tcp unknown',
    'tls unknown',
    'auth unknown',
    'version unknown',
    'permissions unknown',
  ]);
});

it('asks an SSH host for its key, and others for their certificate', () => {
  expect(shown([step('tcp')], true, 'ssh').slice(1, 3)).toEqual(['host-key unknown', 'auth unknown']);
  expect(shown([step('tcp')], true, 'proxmox').slice(1, 3)).toEqual(['tls unknown', 'auth unknown']);
});

it('ends at the step that failed', () => {
  expect(shown([step('configuration'), step('dns', false)], true)).toEqual([
    'configuration healthy',
    'dns down',
  ]);
});

it('leaves out what was passed over, and after the end what never came', () => {
  expect(shown([step('tcp'), step('auth')], true)).not.toContain('tls unknown');
  expect(shown([step('tcp')], false)).toEqual(['tcp healthy']);
  expect(shown([], false)).toEqual([]);
});
