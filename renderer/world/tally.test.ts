import { expect, it } from 'vitest';
import { sampleEntity } from './sample.ts';
import { tallyOf } from './tally.ts';

it('counts by kind and state, kinds in the order of the path', () => {
  const tally = tallyOf([
    sampleEntity('host', 'p/p/node/1'),
    sampleEntity('virtual-ip', 'l/l/rule/1', { state: 'degraded' }),
    sampleEntity('host', 'p/p/node/2', { state: 'down' }),
  ]);
  expect(tally.total).toBe(3);
  expect(tally.byState).toEqual({ healthy: 1, maintenance: 0, unknown: 0, degraded: 1, down: 1 });
  expect(tally.byKind.map(({ kind, total }) => [kind, total])).toEqual([
    ['virtual-ip', 1],
    ['host', 2],
  ]);
  expect(tally.byKind[1]?.byState.down).toBe(1);
});

it('is empty for an empty world', () => {
  expect(tallyOf([])).toMatchObject({ total: 0, byKind: [] });
});
