import { DOTS_BELOW, FAR_LINKS_FAINTEST, FAR_LINKS_OPAQUE } from '../thresholds.ts';
import type { Painting } from './painter.ts';
import { newRoute, routeOf, traceRoute } from './routes.ts';

/** Links in one stroke: enough to make the call worth it, few enough to stop between two. */
const BATCH = 400;
/** Lines whose ends agree to this many device px are one line to the eye. */
const SAME_PX = 3;

/** All links as if nothing were wrong; guesses dotted, and left out from afar. */
export function* paintCalmLinks(painting: Painting, edges: Uint32Array): Generator<void, void, void> {
  const { scene, camera, palette, context } = painting;
  const colour = painting.only ? palette.muted : palette.lineStrong;
  const sure = edges.filter((edge) => !scene.edgePossible[edge]);
  if (camera.zoom < DOTS_BELOW) {
    context.globalAlpha = Math.max(FAR_LINKS_FAINTEST, Math.min(1, FAR_LINKS_OPAQUE / sure.length));
    yield* strokeLines(painting, sure, colour, 1);
    context.globalAlpha = 1;
    return;
  }
  yield* strokeCurves(painting, sure, colour, painting.only ? 1.5 : 1);
  const guessed = edges.filter((edge) => scene.edgePossible[edge]);
  context.setLineDash([2 / camera.zoom, 4 / camera.zoom]);
  yield* strokeCurves(painting, guessed, colour, 1);
  context.setLineDash([]);
}

/** Bad links in their state's colour, the worst on top. */
export function* paintBadLinks(painting: Painting, edges: Uint32Array): Generator<void, void, void> {
  const { scene, camera, palette } = painting;
  for (const state of ['degraded', 'down'] as const) {
    const bad = edges.filter((edge) => scene.edgeStateOf(edge) === state);
    if (camera.zoom < DOTS_BELOW) yield* strokeLines(painting, bad, palette.state[state], 1.5);
    else yield* strokeCurves(painting, bad, palette.state[state], 2);
  }
}

/** Width in CSS px at any zoom below life size; it grows with the map beyond. */
function lineWidth(painting: Painting, px: number): number {
  return px / Math.min(painting.camera.zoom, 1);
}

function* strokeCurves(
  painting: Painting,
  edges: Uint32Array,
  colour: string,
  px: number,
): Generator<void, void, void> {
  const { context, scene } = painting;
  const route = newRoute();
  for (let from = 0; from < edges.length; from += BATCH) {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth(painting, px);
    context.beginPath();
    for (let i = from; i < Math.min(from + BATCH, edges.length); i++) {
      routeOf(scene, edges[i]!, route);
      traceRoute(context, scene, edges[i]!, route);
    }
    context.stroke();
    yield;
  }
}

/** From afar a link is a line, and thousands of lines fall together: each is drawn once. */
function* strokeLines(
  painting: Painting,
  edges: Uint32Array,
  colour: string,
  px: number,
): Generator<void, void, void> {
  const { context, scene, camera, ratio } = painting;
  const snap = (camera.zoom * ratio) / SAME_PX;
  const middle = { x: scene.nodeWidth / 2, y: scene.nodeHeight / 2 };
  const seen = new Set<number>();
  let inBatch = 0;
  const begin = () => {
    context.strokeStyle = colour;
    context.lineWidth = lineWidth(painting, px);
    context.beginPath();
  };
  begin();
  for (const edge of edges) {
    const a = scene.edgeFrom[edge]!;
    const b = scene.edgeTo[edge]!;
    const [x1, y1] = [scene.x[a]! + middle.x, scene.y[a]! + middle.y];
    const [x2, y2] = [scene.x[b]! + middle.x, scene.y[b]! + middle.y];
    const key = lineKey(x1 * snap, y1 * snap, x2 * snap, y2 * snap);
    if (seen.has(key)) continue;
    seen.add(key);
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
    if (++inBatch < BATCH) continue;
    context.stroke();
    yield;
    inBatch = 0;
    begin();
  }
  context.stroke();
  yield;
}

/** Four coordinates of 13 bits in one number below 2^52: exact in a double. */
function lineKey(x1: number, y1: number, x2: number, y2: number): number {
  const bits = (value: number) => Math.round(value) & 0x1fff;
  return ((bits(x1) * 8_192 + bits(y1)) * 8_192 + bits(x2)) * 8_192 + bits(y2);
}
