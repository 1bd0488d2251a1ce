import { expect, it } from 'vitest';
import type { Transition } from '../../../shared/model/world.ts';
import { newsOf } from './news.ts';

const first: Transition = { entityId: 'a', at: 1_000, from: null, to: 'unknown' };
const change = (at: number, from: Transition['from'], to: Transition['to'], entityId = 'a'): Transition => ({
  entityId,
  at,
  from,
  to,
});

it('leaves first sights out, and what settles right after them', () => {
  const settled = change(3_000, 'unknown', 'healthy');
  const real = change(60_000, 'unknown', 'healthy');
  expect(newsOf([real, settled, first])).toEqual([real]);
});

it('never hides that something is bad or went away', () => {
  const bad = change(3_000, 'unknown', 'down');
  const gone = change(4_000, 'down', null);
  expect(newsOf([gone, bad, first])).toEqual([gone, bad]);
});

it('keeps the changes of what was seen first long ago', () => {
  const recovered = change(2_000, 'down', 'healthy', 'b');
  expect(newsOf([recovered, first])).toEqual([recovered]);
});
