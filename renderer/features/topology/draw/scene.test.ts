import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entity, EntityKind } from '../../../../shared/model/entity.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { computeLayout } from '../layout/layout.ts';
import { layoutTask, placementOf } from '../layout/placement.ts';
import { buildGraph } from '../pipeline/graph.ts';
import { pathThrough, walk } from './paths.ts';
import { linkRate } from './rates.ts';
import { findPasses, nearestFree, newRoute, routeOf, traceRoute } from './routes.ts';
import { pitchFor, Scene } from './scene.ts';

function sceneOf(entities: readonly Entity[], pairs: readonly (readonly [string, string])[]): Scene {
  const graph = buildGraph(
    new Map(entities.map((entity) => [entity.id, entity])),
    pairs.map(([from, to]) => sampleLink(from, from.startsWith('i') ? 'runs-on' : 'routes-to', to)),
  );
  const task = layoutTask(graph);
  const placement = placementOf(task, computeLayout(task.input));
  return new Scene(graph, placement, pitchFor(placement, { width: 1_200, height: 700 }), () => 'live');
}

const of = (kind: EntityKind, id: string, more = {}) => sampleEntity(kind, id, more) as Entity;

/** vip → cart → i1, i2 (down) → g1, g2 → pve; mail → i3 → g2. */
const scene = sceneOf(
  [
    of('virtual-ip', 'vip', { metrics: { bytesPerSecond: 2_048 } }),
    of('service', 'cart', { metrics: { requestsPerSecond: 90 } }),
    of('service', 'mail'),
    of('instance', 'i1'),
    of('instance', 'i2', { state: 'down' }),
    of('instance', 'i3'),
    of('guest', 'g1'),
    of('guest', 'g2'),
    of('host', 'pve'),
  ],
  [
    ['vip', 'cart'],
    ['cart', 'i1'],
    ['cart', 'i2'],
    ['mail', 'i3'],
    ['i1', 'g1'],
    ['i2', 'g2'],
    ['i3', 'g2'],
    ['g1', 'pve'],
    ['g2', 'pve'],
  ],
);
const n = (id: string) => scene.index.get(id)!;
const names = (flags: Uint8Array) =>
  scene.nodes
    .filter((_, i) => flags[i])
    .map(({ id }) => id)
    .sort();

describe('pathThrough', () => {
  it('goes up and down from a node, and does not turn round', () => {
    expect(names(pathThrough(scene, n('i2')).nodes)).toEqual(['cart', 'g2', 'i2', 'pve', 'vip']);
    expect(names(pathThrough(scene, n('pve')).nodes)).toHaveLength(9);
  });

  it('takes the links along', () => {
    const { edges } = pathThrough(scene, n('mail'));
    const ends = [...edges.keys()].filter((e) => edges[e]).map((e) => scene.nodes[scene.edgeTo[e]!]!.id);
    expect(ends.sort()).toEqual(['g2', 'i3', 'pve']);
  });
});

describe('walk', () => {
  it('follows links to the side, bad ones first', () => {
    expect(walk(scene, n('cart'), 'right')).toBe(n('i2'));
    expect(walk(scene, n('i2'), 'left')).toBe(n('cart'));
    expect(walk(scene, n('pve'), 'right')).toBe(n('pve'));
  });

  it('goes through a column from top to bottom', () => {
    const column = ['i1', 'i2', 'i3'].map(n).sort((a, b) => scene.y[a]! - scene.y[b]!);
    expect(walk(scene, column[0]!, 'down')).toBe(column[1]);
    expect(walk(scene, column[1]!, 'up')).toBe(column[0]);
    expect(walk(scene, column[2]!, 'down')).toBe(column[2]);
  });
});

describe('linkRate', () => {
  const edge = (from: string, to: string) =>
    [...scene.edgeFrom.keys()].find((e) => scene.edgeFrom[e] === n(from) && scene.edgeTo[e] === n(to))!;

  it('says a rate only where it is known to be that link’s', () => {
    expect(linkRate(scene, edge('vip', 'cart'))).toBe('90\u202freq/s');
    // Two instances share what the service gets, and neither counts.
    expect(linkRate(scene, edge('cart', 'i1'))).toBeUndefined();
    expect(linkRate(scene, edge('i1', 'g1'))).toBeUndefined();
  });
});

describe('routes', () => {
  it('never runs a link through a node that it does not lead to', () => {
    fc.assert(
      fc.property(worldArbitrary, (given) => {
        for (let e = 0; e < given.edgeFrom.length; e++) {
          const route = newRoute();
          routeOf(given, e, route);
          for (const { x, y } of levelPoints(given, e)) {
            const hit = given.grid.at(x, y);
            if (hit >= 0) expect([given.edgeFrom[e], given.edgeTo[e]]).toContain(hit);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('passes a tier level with its end where that is free, else beside the node', () => {
    const obstacle = { left: 0, right: 100, tops: Float32Array.of(100, 152) };
    expect(nearestFree(obstacle, 20, 40)).toBe(20);
    expect(nearestFree(obstacle, 110, 40)).toBe(90);
    // The gap is 12 high: its middle serves both sides.
    expect(nearestFree(obstacle, 138, 40)).toBe(146);
    expect(nearestFree(obstacle, 180, 40)).toBe(202);
  });

  it('has nothing to pass between neighbouring tiers', () => {
    expect(findPasses(scene).y).toHaveLength(0);
  });
});

/** Points on the level stretches of a link: between rows of its tiers and past the tiers between. */
function levelPoints(given: Scene, edge: number): { x: number; y: number }[] {
  const points: { x: number; y: number }[] = [];
  let last = { x: 0, y: 0 };
  const note = (x: number, y: number) => {
    if (y === last.y)
      for (const share of [0.25, 0.5, 0.75]) points.push({ x: last.x + (x - last.x) * share, y });
    last = { x, y };
  };
  const route = newRoute();
  routeOf(given, edge, route);
  traceRoute(
    {
      moveTo: (x, y) => {
        last = { x, y };
      },
      lineTo: note,
      bezierCurveTo: (_a, _b, _c, _d, x, y) => {
        last = { x, y };
      },
    },
    given,
    edge,
    route,
  );
  return points;
}

const worldArbitrary = fc
  .record({
    counts: fc.tuple(fc.nat(6), fc.nat(40), fc.nat(60), fc.nat(5), fc.nat(50), fc.nat(4)),
    picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 80 }),
  })
  .map(({ counts, picks }) => {
    const kinds = ['virtual-ip', 'service', 'instance', 'llm-endpoint', 'guest', 'host'] as const;
    const entities = kinds.flatMap((kind, k) =>
      Array.from({ length: counts[k]! + 1 }, (_, i) => of(kind, `${kind}-${i}`)),
    );
    const pairs = picks.map(
      ([a, b]) => [entities[a % entities.length]!.id, entities[b % entities.length]!.id] as const,
    );
    return sceneOf(
      entities,
      pairs.filter(([a, b]) => a !== b),
    );
  });
