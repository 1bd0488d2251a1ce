import fc from 'fast-check';
import { expect, it } from 'vitest';
import { NodeGrid } from './grid.ts';

const [width, height] = [150, 40];
const places = fc.array(fc.tuple(fc.integer({ min: -900, max: 900 }), fc.integer({ min: -900, max: 900 })), {
  maxLength: 60,
});

function gridOf(points: readonly (readonly [number, number])[]): NodeGrid {
  const x = Float32Array.from(points, ([left]) => left);
  const y = Float32Array.from(points, ([, top]) => top);
  return new NodeGrid(x, y, width, height, 128);
}

it('finds exactly what looking at every box would find', () => {
  fc.assert(
    fc.property(
      places,
      fc.integer({ min: -1_100, max: 1_100 }),
      fc.integer({ min: -1_100, max: 1_100 }),
      fc.integer({ min: 1, max: 800 }),
      (points, left, top, side) => {
        const rect = { left, top, right: left + side, bottom: top + side };
        const found: number[] = [];
        gridOf(points).query(rect, (i) => found.push(i));
        const expected = points.flatMap(([x, y], i) =>
          x <= rect.right && x + width >= rect.left && y <= rect.bottom && y + height >= rect.top ? [i] : [],
        );
        expect(found.sort((a, b) => a - b)).toEqual(expected);
      },
    ),
  );
});

it('hits the box under the point, then the nearest within reach', () => {
  const grid = gridOf([
    [0, 0],
    [200, 0],
  ]);
  expect(grid.at(10, 10)).toBe(0);
  expect(grid.at(170, 10)).toBe(-1);
  expect(grid.at(170, 10, 25)).toBe(0);
  expect(grid.at(190, 10, 25)).toBe(1);
});
