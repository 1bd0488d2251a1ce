import { DOTS_BELOW } from '../thresholds.ts';
import type { Painting } from './painter.ts';
import type { Scene } from './scene.ts';

/** Links in one stroke: enough to make the call worth it, few enough to stop between two. */
const BATCH = 400;
/** Lines whose ends agree to this many device px are one line to the eye. */
const SAME_PX = 3;
/** Bulge of a link within one column, map units. */
const LOOP = 30;

/** A link's curve in map units: from the right side of the left node to the left side of the right one. */
export interface Curve {
  x1: number;
  y1: number;
  cx1: number;
  cx2: number;
  x2: number;
  y2: number;
}

export function curveOf(scene: Scene, edge: number, into: Curve): void {
  let a = scene.edgeFrom[edge]!;
  let b = scene.edgeTo[edge]!;
  if (scene.x[a]! > scene.x[b]!) [a, b] = [b, a];
  const half = scene.nodeHeight / 2;
  into.x1 = scene.x[a]! + scene.nodeWidth;
  into.y1 = scene.y[a]! + half;
  into.y2 = scene.y[b]! + half;
  if (scene.x[a] === scene.x[b]) {
    into.x2 = into.x1;
    into.cx1 = into.x1 + LOOP;
    into.cx2 = into.x1 + LOOP;
    return;
  }
  into.x2 = scene.x[b]!;
  const reach = Math.min((into.x2 - into.x1) / 2, 90);
  into.cx1 = into.x1 + reach;
  into.cx2 = into.x2 - reach;
}

export function* paintLinks(painting: Painting, edges: Uint32Array): Generator<void, void, void> {
  const { scene, camera, palette } = painting;
  const far = camera.zoom < DOTS_BELOW;
  const bad: Record<'degraded' | 'down', number[]> = { degraded: [], down: [] };
  const calm: number[] = [];
  const guessed: number[] = [];
  for (const edge of edges) {
    const state = scene.edgeStateOf(edge);
    if (state === 'degraded' || state === 'down') bad[state].push(edge);
    else if (scene.edgePossible[edge]) guessed.push(edge);
    else calm.push(edge);
  }
  const calmColour = painting.only ? palette.muted : far ? palette.line : palette.lineStrong;
  if (far) yield* strokeLines(painting, calm, calmColour, 1);
  else yield* strokeCurves(painting, calm, calmColour, painting.only ? 1.5 : 1);
  painting.context.setLineDash([2 / camera.zoom, 4 / camera.zoom]);
  if (!far) yield* strokeCurves(painting, guessed, calmColour, 1);
  painting.context.setLineDash([]);
  for (const state of ['degraded', 'down'] as const) {
    if (far) yield* strokeLines(painting, bad[state], palette.state[state], 1.5);
    else yield* strokeCurves(painting, bad[state], palette.state[state], 2);
  }
}

/** Width in CSS px at any zoom below life size; it grows with the map beyond. */
function lineWidth(painting: Painting, px: number): number {
  return px / Math.min(painting.camera.zoom, 1);
}

function* strokeCurves(
  painting: Painting,
  edges: readonly number[],
  colour: string,
  px: number,
): Generator<void, void, void> {
  const { context, scene } = painting;
  const curve: Curve = { x1: 0, y1: 0, cx1: 0, cx2: 0, x2: 0, y2: 0 };
  for (let from = 0; from < edges.length; from += BATCH) {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth(painting, px);
    context.beginPath();
    for (let i = from; i < Math.min(from + BATCH, edges.length); i++) {
      curveOf(scene, edges[i]!, curve);
      context.moveTo(curve.x1, curve.y1);
      if (curve.y1 === curve.y2) context.lineTo(curve.x2, curve.y2);
      else context.bezierCurveTo(curve.cx1, curve.y1, curve.cx2, curve.y2, curve.x2, curve.y2);
    }
    context.stroke();
    yield;
  }
}

/** From afar a curve is a line, and thousands of lines fall together: each is drawn once. */
function* strokeLines(
  painting: Painting,
  edges: readonly number[],
  colour: string,
  px: number,
): Generator<void, void, void> {
  const { context, scene, camera, ratio } = painting;
  const snap = (camera.zoom * ratio) / SAME_PX;
  const seen = new Set<number>();
  const curve: Curve = { x1: 0, y1: 0, cx1: 0, cx2: 0, x2: 0, y2: 0 };
  let inBatch = 0;
  context.strokeStyle = colour;
  context.lineWidth = lineWidth(painting, px);
  context.beginPath();
  for (const edge of edges) {
    curveOf(scene, edge, curve);
    const key = lineKey(curve, snap);
    if (seen.has(key)) continue;
    seen.add(key);
    context.moveTo(curve.x1, curve.y1);
    context.lineTo(curve.x2, curve.y2);
    if (++inBatch < BATCH) continue;
    context.stroke();
    yield;
    inBatch = 0;
    context.strokeStyle = colour;
    context.lineWidth = lineWidth(painting, px);
    context.beginPath();
  }
  context.stroke();
  yield;
}

/** Four coordinates of 13 bits in one number below 2^52: exact in a double. */
function lineKey(curve: Curve, snap: number): number {
  const bits = (value: number) => Math.round(value * snap) & 0x1fff;
  return ((bits(curve.x1) * 8_192 + bits(curve.y1)) * 8_192 + bits(curve.x2)) * 8_192 + bits(curve.y2);
}
