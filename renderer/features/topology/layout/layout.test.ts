import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { computeLayout } from './layout.ts';
import { neighboursOf, orderBands, type LayoutInput } from './order.ts';
import { spread } from './rows.ts';

/** Chains: node `c` of each tier is linked to node `c` of the next, but the tiers are listed shuffled. */
function chains(count: number, tiers: number, maxRows = 1_000): LayoutInput {
  const band = new Uint8Array(count * tiers);
  const edges: number[] = [];
  for (let t = 0; t < tiers; t++) {
    for (let c = 0; c < count; c++) {
      band[t * count + c] = t;
      if (t > 0) edges.push((t - 1) * count + ((c * 7) % count), t * count + c);
    }
  }
  return { band, bandCount: tiers, edges: Uint32Array.from(edges), maxRows };
}

function crossings(input: LayoutInput, row: Float32Array): number {
  let count = 0;
  const { edges, band } = input;
  for (let a = 0; a < edges.length; a += 2) {
    for (let b = a + 2; b < edges.length; b += 2) {
      if (band[edges[a]!] !== band[edges[b]!]) continue;
      const left = row[edges[a]!]! - row[edges[b]!]!;
      const right = row[edges[a + 1]!]! - row[edges[b + 1]!]!;
      if (left * right < 0) count++;
    }
  }
  return count;
}

describe('order', () => {
  it('untangles separate paths completely, and draws them level', () => {
    const input = chains(20, 4);
    const { row } = computeLayout(input);
    expect(crossings(input, row)).toBe(0);
    for (let e = 0; e < input.edges.length; e += 2) {
      expect(row[input.edges[e]!]).toBeCloseTo(row[input.edges[e + 1]!]!, 3);
    }
  });

  it('keeps every node, once', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const bands = orderBands(input, neighboursOf(input.band.length, input.edges));
        const all = bands.flatMap((band) => [...band]);
        expect(all.sort((a, b) => a - b)).toEqual([...input.band.keys()]);
        bands.forEach((band, at) => {
          for (const node of band) expect(input.band[node]).toBe(at);
        });
      }),
    );
  });
});

describe('the whole layout', () => {
  it('is the same each time', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        expect(computeLayout(input)).toEqual(computeLayout(input));
      }),
    );
  });

  it('lets no two nodes of a tier touch, and none leave the map', () => {
    fc.assert(
      fc.property(inputArbitrary, (input) => {
        const { row, column, columns, rowCount } = computeLayout(input);
        const places = new Map<string, number[]>();
        row.forEach((y, i) => {
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(Math.max(0, rowCount - 1) + 1e-3);
          expect(column[i]).toBeLessThan(columns[input.band[i]!]!);
          const key = `${input.band[i]} ${column[i]}`;
          places.set(key, [...(places.get(key) ?? []), y]);
        });
        for (const ys of places.values()) {
          ys.sort((a, b) => a - b);
          for (let k = 1; k < ys.length; k++) expect(ys[k]! - ys[k - 1]!).toBeGreaterThan(0.999);
        }
      }),
    );
  });

  it('breaks a long tier into columns', () => {
    const { columns, rowCount } = computeLayout(chains(100, 2, 30));
    expect([...columns]).toEqual([4, 4]);
    expect(rowCount).toBe(25);
  });

  it('arranges nothing', () => {
    const input = { band: new Uint8Array(0), bandCount: 0, edges: new Uint32Array(0), maxRows: 24 };
    expect(computeLayout(input).rowCount).toBe(0);
  });
});

describe('spread', () => {
  it('grants wishes that are far enough apart', () => {
    expect([...spread(Float64Array.of(0, 2.5, 7), 10)]).toEqual([0, 2.5, 7]);
  });

  it('pushes a crowd apart around its middle', () => {
    expect([...spread(Float64Array.of(4, 4, 4), 10)]).toEqual([3, 4, 5]);
  });

  it('keeps order, distance and bounds, and moves nothing more than the best way would', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -5, max: 25, noNaN: true }), { minLength: 1, maxLength: 8 }),
        (wishes) => {
          const rows = 20;
          const placed = spread(Float64Array.from(wishes), rows);
          placed.forEach((y, i) => {
            expect(y).toBeGreaterThanOrEqual(0);
            expect(y).toBeLessThanOrEqual(rows - 1);
            if (i > 0) expect(y - placed[i - 1]!).toBeGreaterThan(1 - 1e-9);
          });
          // Nudging a whole run of neighbours must not bring it nearer to its wishes.
          const cost = (ys: readonly number[]) => ys.reduce((sum, y, i) => sum + (y - wishes[i]!) ** 2, 0);
          const best = cost([...placed]);
          for (let from = 0; from < placed.length; from++) {
            for (const step of [-0.01, 0.01]) {
              const moved = [...placed].map((y, i) => (i >= from ? y + step : y));
              const legal = moved.every(
                (y, i) => y >= 0 && y <= rows - 1 && (i === 0 || y - moved[i - 1]! >= 1),
              );
              if (legal) expect(cost(moved)).toBeGreaterThanOrEqual(best - 1e-6);
            }
          }
        },
      ),
    );
  });
});

const inputArbitrary: fc.Arbitrary<LayoutInput> = fc
  .record({
    band: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 40 }),
    maxRows: fc.integer({ min: 3, max: 30 }),
  })
  .chain(({ band, maxRows }) =>
    fc.array(fc.tuple(fc.nat(band.length - 1), fc.nat(band.length - 1)), { maxLength: 60 }).map((pairs) => ({
      band: Uint8Array.from(band),
      bandCount: 5,
      edges: Uint32Array.from(pairs.filter(([a, b]) => a !== b).flat()),
      maxRows,
    })),
  );
