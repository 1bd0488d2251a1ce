import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { rowAfterKey } from './table-keys.ts';

it.each([
  ['ArrowDown', -1, 0],
  ['ArrowDown', 9, 9],
  ['j', 3, 4],
  ['ArrowUp', -1, 9],
  ['ArrowUp', 0, 0],
  ['PageDown', 2, 7],
  ['PageUp', 2, 0],
  ['Home', 5, 0],
  ['End', 5, 9],
  ['x', 5, null],
])('%s from row %i goes to %j', (key, at, expected) => {
  expect(rowAfterKey(key, at, 10, 5)).toBe(expected);
});

it('never leaves the list', () => {
  const keys = fc.constantFrom('ArrowDown', 'ArrowUp', 'j', 'k', 'PageDown', 'PageUp', 'Home', 'End');
  fc.assert(
    fc.property(
      keys,
      fc.integer({ min: -1, max: 40 }),
      fc.integer({ min: 0, max: 40 }),
      fc.nat(20),
      (key, at, count, page) => {
        const next = rowAfterKey(key, Math.min(at, count - 1), count, page);
        if (count === 0) expect(next).toBeNull();
        else expect(next).toSatisfy((row: number) => row >= 0 && row < count);
      },
    ),
  );
});
