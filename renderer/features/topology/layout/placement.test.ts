import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EntityKind } from '../../../../shared/model/entity.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { buildGraph, type Graph } from '../pipeline/graph.ts';
import { MIN_TIER_ROWS } from '../thresholds.ts';
import { computeLayout } from './layout.ts';
import { keepPlacement, layoutTask, nearestGap, placementOf, rowsFor, type Placement } from './placement.ts';

function graphOf(ids: readonly string[], pairs: readonly (readonly [string, string])[]): Graph {
  const entities = ids.map((id) => {
    const kind: EntityKind = id.startsWith('s') ? 'service' : id.startsWith('i') ? 'instance' : 'guest';
    return [id, sampleEntity(kind, id)] as const;
  });
  return buildGraph(
    new Map(entities),
    pairs.map(([from, to]) => sampleLink(from, 'routes-to', to)),
  );
}

function arranged(graph: Graph): Placement {
  const task = layoutTask(graph);
  return placementOf(task, computeLayout(task.input));
}

const numbers = [...Array(10).keys()];
const ids = numbers.flatMap((n) => [`s${n}`, `i${n}`, `g${n}`]);
const pairs: (readonly [string, string])[] = numbers.flatMap((n): [string, string][] => [
  [`s${n}`, `i${n}`],
  [`i${n}`, `g${n}`],
]);
const base = graphOf(ids, pairs);

describe('a first arrangement', () => {
  it('does not depend on the order in which the world was heard', () => {
    const shuffled = graphOf(ids.toReversed(), pairs.toReversed());
    const one = arranged(base);
    const other = arranged(shuffled);
    for (const id of ids) expect(other.slots.get(id)).toEqual(one.slots.get(id));
  });

  it('reads numbers in names as numbers', () => {
    const graph = graphOf(['s10', 's9', 's1'], []);
    expect(layoutTask(graph).ids).toEqual(['s1', 's9', 's10']);
  });
});

describe('keepPlacement', () => {
  const before = arranged(base);

  it('moves nothing that stays, whatever comes and goes', () => {
    fc.assert(
      fc.property(fc.subarray(ids), fc.integer({ min: 0, max: 5 }), (gone, more) => {
        const kept = ids.filter((id) => !gone.includes(id));
        const added = numbers.slice(0, more).map((n) => `i${n}x`);
        const all = [...kept, ...added];
        const links = pairs.filter(([from, to]) => kept.includes(from) && kept.includes(to));
        const after = keepPlacement(before, graphOf(all, links));
        if (!after) return;
        for (const id of kept) expect(after.slots.get(id)).toEqual(before.slots.get(id));
        expect([...after.slots.keys()].sort()).toEqual(all.sort());
        const taken = [...after.slots.values()];
        for (const [n, slot] of taken.entries()) {
          for (const other of taken.slice(n + 1)) {
            if (other.column === slot.column) expect(Math.abs(other.row - slot.row)).toBeGreaterThan(0.999);
          }
        }
      }),
    );
  });

  it('gives a new node the free place nearest to its neighbours', () => {
    const without = graphOf(
      ids.filter((id) => id !== 'i4'),
      pairs.filter((pair) => !pair.includes('i4')),
    );
    const gap = keepPlacement(before, without)!;
    const again = graphOf(
      [...ids.filter((id) => id !== 'i4'), 'i99'],
      [...pairs.filter((pair) => !pair.includes('i4')), ['s4', 'i99'], ['i99', 'g4']],
    );
    expect(keepPlacement({ ...gap, vacated: new Map() }, again)?.slots.get('i99')).toEqual(
      before.slots.get('i4'),
    );
  });

  it('gives what comes back its old place', () => {
    const gone = graphOf(
      ids.filter((id) => id !== 'g7'),
      pairs.filter((pair) => !pair.includes('g7')),
    );
    const between = keepPlacement(before, gone)!;
    expect(between.slots.has('g7')).toBe(false);
    // Without its links nothing but its memory could tell where it was.
    const back = graphOf(
      ids,
      pairs.filter((pair) => !pair.includes('g7')),
    );
    expect(keepPlacement(between, back)?.slots.get('g7')).toEqual(before.slots.get('g7'));
  });

  it('asks for a new arrangement when much is new, or a tier is', () => {
    const many = Array.from({ length: 20 }, (_, n) => `g${n + 100}`);
    expect(keepPlacement(before, graphOf([...ids, ...many], pairs))).toBeNull();
    const services = arranged(
      graphOf(
        numbers.map((n) => `s${n}`),
        [],
      ),
    );
    expect(keepPlacement(services, graphOf([...numbers.map((n) => `s${n}`), 'g1'], []))).toBeNull();
  });
});

describe('nearestGap', () => {
  it.each([
    [[], 3, 3],
    [[3], 3, 2],
    [[0, 1, 2], 1, 3],
    [[0, 4], 1.5, 1.5],
    [[0, 1.5, 3], 1, 4],
  ])('between %j, nearest to %d', (taken, wish, expected) => {
    expect(nearestGap(taken, wish)).toBe(expected);
  });
});

describe('rowsFor', () => {
  it('keeps a small map in single columns as far as it goes', () => {
    expect(rowsFor([6, 15, 24, 20, 3])).toBe(MIN_TIER_ROWS);
  });

  it('grows in steps: one more node gives a large map no other shape', () => {
    const rows = rowsFor([300, 700, 3_000, 2_500, 90]);
    expect(rows).toBeGreaterThan(MIN_TIER_ROWS);
    expect(rowsFor([300, 700, 3_001, 2_500, 90])).toBe(rows);
  });
});
