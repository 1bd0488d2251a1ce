import { INNER_GAP } from '../thresholds.ts';

/** Bulge of a link within one column, map units; a curve reaches three quarters of it, less than the gap. */
const LOOP = 24;
/** Where between two rows a link runs, as a share of the gap, from the node that it belongs to. */
const BESIDE_ROW = 0.36;
/** A link passes a node at this distance at least, and not much farther. Map units. */
const CLEAR = 4;
const BESIDE = 10;

/** What of a scene decides where links run. Positions in map units. */
export interface Ground {
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly nodeWidth: number;
  readonly nodeHeight: number;
  readonly tierLeft: Float32Array;
  readonly tierRight: Float32Array;
  readonly rowGap: number;
  readonly edgeFrom: Uint32Array;
  readonly edgeTo: Uint32Array;
}

/**
 * Where long links pass the tiers between their ends: passes of edge `e` are `start[e] … start[e + 1] - 1`, left to right,
 * each a level stretch from `left` to `right` at height `y` that touches no node.
 */
export interface Passes {
  readonly start: Uint32Array;
  readonly left: Float32Array;
  readonly right: Float32Array;
  readonly y: Float32Array;
}

/**
 * A link in map units: out of the left node, along the free space between rows to the end of its tier, over to the right
 * node's tier, along the rows there, and in. A node in the nearest column of its tier needs no way between rows.
 */
export interface Route {
  /** Right side of the left node, and left side of the right one. */
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  /** The open stretch between the tiers, which is curved. */
  fromX: number;
  fromY: number;
  toX: number;
  toY: number;
  /** Both ends are in one column. */
  loop: boolean;
}

export function newRoute(): Route {
  return { x1: 0, y1: 0, x2: 0, y2: 0, fromX: 0, fromY: 0, toX: 0, toY: 0, loop: false };
}

export function routeOf(scene: Ground, edge: number, into: Route): void {
  let a = scene.edgeFrom[edge]!;
  let b = scene.edgeTo[edge]!;
  if (scene.x[a]! > scene.x[b]!) [a, b] = [b, a];
  const half = scene.nodeHeight / 2;
  into.x1 = scene.x[a]! + scene.nodeWidth;
  into.y1 = scene.y[a]! + half;
  into.y2 = scene.y[b]! + half;
  into.loop = scene.x[a] === scene.x[b];
  into.x2 = into.loop ? into.x1 : scene.x[b]!;
  if (scene.tierLeft[a] === scene.tierLeft[b]) {
    withinTier(scene, a, into);
    return;
  }
  const outInside = into.x1 < scene.tierRight[a]!;
  const inInside = into.x2 > scene.tierLeft[b]!;
  // Leaving below the row and arriving above it: a way out and a way in never lie on each other.
  into.fromX = outInside ? scene.tierRight[a]! : into.x1;
  into.fromY = outInside ? belowRow(scene, a) : into.y1;
  into.toX = inInside ? scene.tierLeft[b]! : into.x2;
  into.toY = inInside ? scene.y[b]! - scene.rowGap * BESIDE_ROW : into.y2;
}

/** Between two columns of one tier: along the row to the gap before the right column, and up or down in there. */
function withinTier(scene: Ground, a: number, into: Route): void {
  into.toX = into.x2;
  into.toY = into.y2;
  into.fromX = into.loop ? into.x1 : into.x2 - INNER_GAP;
  into.fromY = into.fromX > into.x1 ? belowRow(scene, a) : into.y1;
}

function belowRow(scene: Ground, node: number): number {
  return scene.y[node]! + scene.nodeHeight + scene.rowGap * BESIDE_ROW;
}

/** Half of the gap between two columns of a tier, where a link turns into its row. */
const TURN = INNER_GAP / 2;
/** How far a curve leaves its end level, at most: long links then run straight in their middle. */
const REACH = 90;

/** What of a path is needed to draw a link. */
export type RoutePen = Pick<Path2D, 'moveTo' | 'lineTo' | 'bezierCurveTo'>;

/** Adds a link to a path. `route` is the edge's, as `routeOf` gives it. */
export function traceRoute(
  pen: RoutePen,
  { passes }: { readonly passes: Passes },
  edge: number,
  route: Route,
): void {
  const { x1, y1, x2, y2, fromX, fromY, toX, toY } = route;
  pen.moveTo(x1, y1);
  if (route.loop) {
    pen.bezierCurveTo(x1 + LOOP, y1, x1 + LOOP, y2, x2, y2);
    return;
  }
  if (fromX !== x1) {
    pen.bezierCurveTo(x1 + TURN, y1, x1, fromY, x1 + 2 * TURN, fromY);
    pen.lineTo(fromX, fromY);
  }
  let x = fromX;
  let y = fromY;
  for (let k = passes.start[edge]!; k < passes.start[edge + 1]!; k++) {
    curveTo(pen, x, y, passes.left[k]!, passes.y[k]!);
    x = passes.right[k]!;
    y = passes.y[k]!;
    pen.lineTo(x, y);
  }
  curveTo(pen, x, y, toX, toY);
  if (toX !== x2) {
    pen.lineTo(x2 - 2 * TURN, toY);
    pen.bezierCurveTo(x2, toY, x2 - TURN, y2, x2, y2);
  }
}

function curveTo(pen: RoutePen, x: number, y: number, toX: number, toY: number): void {
  if (y === toY) {
    pen.lineTo(toX, toY);
    return;
  }
  const reach = Math.min((toX - x) / 2, REACH);
  pen.bezierCurveTo(x + reach, y, toX - reach, toY, toX, toY);
}

/** A tier as an obstacle: its columns' extent, and the tops of its nodes from above. */
interface Obstacle {
  readonly left: number;
  readonly right: number;
  readonly tops: Float32Array;
}

/** Finds the passes of all links. O(edges × log nodes) for links that skip a tier; nothing for the rest. */
export function findPasses(ground: Ground): Passes {
  const obstacles = obstaclesOf(ground);
  const count = ground.edgeFrom.length;
  const start = new Uint32Array(count + 1);
  const left: number[] = [];
  const right: number[] = [];
  const ys: number[] = [];
  const route = newRoute();
  for (let e = 0; e < count; e++) {
    routeOf(ground, e, route);
    const { fromX, fromY, toX, toY } = route;
    let height = fromY;
    for (const obstacle of obstacles) {
      if (obstacle.left < fromX || obstacle.right > toX || route.loop) continue;
      // Level with the end wherever that is free: most of a long link is then one straight line.
      const aim = isFree(obstacle, toY, ground.nodeHeight) ? toY : height;
      height = nearestFree(obstacle, aim, ground.nodeHeight);
      left.push(obstacle.left);
      right.push(obstacle.right);
      ys.push(height);
    }
    start[e + 1] = ys.length;
  }
  return { start, left: Float32Array.from(left), right: Float32Array.from(right), y: Float32Array.from(ys) };
}

function obstaclesOf({ x, y, tierLeft, tierRight }: Ground): Obstacle[] {
  const byTier = new Map<number, { right: number; tops: Set<number> }>();
  for (let i = 0; i < x.length; i++) {
    const known = byTier.get(tierLeft[i]!);
    if (known) known.tops.add(y[i]!);
    else byTier.set(tierLeft[i]!, { right: tierRight[i]!, tops: new Set([y[i]!]) });
  }
  return [...byTier]
    .sort(([a], [b]) => a - b)
    .map(([left, { right, tops }]) => ({ left, right, tops: Float32Array.from(tops).sort() }));
}

/** Index of the last node whose top is not below `y`; -1: none. */
function lastAbove(tops: Float32Array, y: number): number {
  let low = 0;
  let high = tops.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (tops[middle]! <= y) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function isFree({ tops }: Obstacle, y: number, nodeHeight: number): boolean {
  const at = lastAbove(tops, y + CLEAR);
  return at < 0 || tops[at]! + nodeHeight < y - CLEAR;
}

/** The height nearest to `y` at which a link passes all nodes of the tier. */
export function nearestFree(obstacle: Obstacle, y: number, nodeHeight: number): number {
  if (isFree(obstacle, y, nodeHeight)) return y;
  const { tops } = obstacle;
  const at = lastAbove(tops, y + CLEAR);
  const top = tops[at]!;
  const bottom = top + nodeHeight;
  const above = at === 0 ? Infinity : top - (tops[at - 1]! + nodeHeight);
  const below = at === tops.length - 1 ? Infinity : tops[at + 1]! - bottom;
  const over = top - Math.min(above / 2, BESIDE);
  const under = bottom + Math.min(below / 2, BESIDE);
  return y - over <= under - y ? over : under;
}
