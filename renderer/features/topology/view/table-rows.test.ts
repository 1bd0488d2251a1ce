import { expect, it } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import { sampleEntity } from '../../../world/sample.ts';
import { nodeOf } from '../pipeline/graph.ts';
import { defaultSort, formatSort, nextSort, readSort, sortRows } from './table-rows.ts';

const nodes = [
  sampleEntity('guest', 'g10', { name: 'ct 10' }),
  sampleEntity('service', 's', { name: 'cart' }),
  sampleEntity('guest', 'g9', { name: 'ct 9' }),
  sampleEntity('instance', 'i', { name: 'cart-1', state: 'down' }),
].map((entity) => nodeOf(entity.id, [entity as Entity]));
const live = () => ({ state: 'live' as const, asOf: 0 });
const ids = (sort: typeof defaultSort) => sortRows(nodes, sort, live).map(({ id }) => id);

it('begins with the worst, then goes along the path, numbers as numbers', () => {
  expect(ids(defaultSort)).toEqual(['i', 's', 'g9', 'g10']);
  expect(ids({ by: 'name', descending: false })).toEqual(['s', 'i', 'g9', 'g10']);
});

it('turns round at the second click, and begins at the worst for states', () => {
  expect(nextSort({ by: 'name', descending: false }, 'name')).toEqual({ by: 'name', descending: true });
  expect(nextSort({ by: 'name', descending: false }, 'state')).toEqual(defaultSort);
});

it('goes through the URL', () => {
  for (const sort of [defaultSort, { by: 'name', descending: true }, { by: 'age', descending: false }]) {
    expect(readSort(formatSort(sort))).toEqual(sort);
  }
  expect(readSort('colour')).toEqual(defaultSort);
});
