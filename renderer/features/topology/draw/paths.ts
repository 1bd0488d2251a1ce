import type { Incidence, Scene } from './scene.ts';

/** A part of the scene: one flag a node and one a link. */
export interface Subset {
  readonly nodes: Uint8Array;
  readonly edges: Uint8Array;
}

/**
 * Everything up- and downstream of a node: whose requests come here, and what they need from here on. Does not turn
 * round: what else runs on the same host is no part of this path. O(path).
 */
export function pathThrough(scene: Scene, start: number): Subset {
  const subset = { nodes: new Uint8Array(scene.nodes.length), edges: new Uint8Array(scene.edgeFrom.length) };
  follow(start, scene.out, scene.edgeTo, subset);
  follow(start, scene.in, scene.edgeFrom, subset);
  return subset;
}

function follow(start: number, incidence: Incidence, ends: Uint32Array, subset: Subset): void {
  const seen = new Set([start]);
  const queue = [start];
  subset.nodes[start] = 1;
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (let k = incidence.start[node]!; k < incidence.start[node + 1]!; k++) {
      const edge = incidence.edges[k]!;
      const other = ends[edge]!;
      subset.edges[edge] = 1;
      if (seen.has(other)) continue;
      seen.add(other);
      subset.nodes[other] = 1;
      queue.push(other);
    }
  }
}

export type Direction = 'left' | 'right' | 'up' | 'down';

/**
 * Where an arrow key leads. Left and right walk the links: to the linked node on that side, a bad one first, else the one
 * nearest in height. Up and down go to the next node of the same column. The node itself when there is none.
 */
export function walk(scene: Scene, from: number, direction: Direction): number {
  return direction === 'left' || direction === 'right'
    ? alongLink(scene, from, direction)
    : alongColumn(scene, from, direction);
}

function alongLink(scene: Scene, from: number, direction: 'left' | 'right'): number {
  const side = direction === 'right' ? 1 : -1;
  let best = from;
  let bestCost = Infinity;
  const consider = (other: number) => {
    if ((scene.x[other]! - scene.x[from]!) * side <= 0) return;
    const away = Math.abs(scene.y[other]! - scene.y[from]!);
    const state = scene.stateOf(other);
    const cost = away + (state === 'down' ? -2e7 : state === 'degraded' ? -1e7 : 0);
    if (cost < bestCost || (cost === bestCost && scene.y[other]! < scene.y[best]!)) {
      best = other;
      bestCost = cost;
    }
  };
  for (const [incidence, ends] of [
    [scene.out, scene.edgeTo],
    [scene.in, scene.edgeFrom],
  ] as const) {
    for (let k = incidence.start[from]!; k < incidence.start[from + 1]!; k++) {
      consider(ends[incidence.edges[k]!]!);
    }
  }
  return best;
}

function alongColumn(scene: Scene, from: number, direction: 'up' | 'down'): number {
  const side = direction === 'down' ? 1 : -1;
  let best = from;
  let bestAway = Infinity;
  for (let i = 0; i < scene.nodes.length; i++) {
    if (scene.x[i] !== scene.x[from]) continue;
    const away = (scene.y[i]! - scene.y[from]!) * side;
    if (away > 0 && away < bestAway) {
      best = i;
      bestAway = away;
    }
  }
  return best;
}
