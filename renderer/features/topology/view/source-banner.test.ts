import { expect, it } from 'vitest';
import type { Source } from '../../../../shared/model/freshness.ts';
import { troubleOf } from './source-banner.tsx';

const source = (connectionId: string, more: Partial<Source>): Source => ({
  id: `${connectionId}/main`,
  connectionId,
  scope: 'main',
  mode: 'poll',
  state: 'live',
  asOf: 0,
  intervalMs: 1_000,
  ...more,
});

it('is silent while everything is the present, or only a little late', () => {
  expect(troubleOf([source('a', {}), source('b', { state: 'late' })], 1_000)).toEqual([]);
});

it('tells once a connection what is not the present, with its age', () => {
  const words = troubleOf(
    [
      source('pve', { state: 'stale' }),
      source('pve', { state: 'stale', scope: 'other' }),
      source('lb', { state: 'partial', note: 'no right to read ports' }),
      source('llm', { state: 'never', asOf: null, scope: 'state' }),
    ],
    240_000,
  );
  expect(words).toEqual([
    'pve does not answer: its state is 4\u202fm old',
    'lb told only a part: no right to read ports',
    'llm has not told its state yet',
  ]);
});
