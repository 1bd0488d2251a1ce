import type { Scene } from './scene.ts';
import { visibleRect, type Camera, type Size } from './camera.ts';
import { paintCards } from './cards.ts';
import { paintDots } from './dots.ts';
import { paintBadLinks, paintCalmLinks } from './links.ts';
import type { Palette } from './palette.ts';
import type { Subset } from './paths.ts';
import type { TextFitter } from './text.ts';
import { DOTS_BELOW } from '../thresholds.ts';

export type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

/** One painting of the map. */
export interface Painting {
  readonly context: Context;
  readonly scene: Scene;
  readonly camera: Camera;
  readonly size: Size;
  /** Device px per CSS px. */
  readonly ratio: number;
  readonly palette: Palette;
  readonly text: TextFitter;
  /** Paint only this part, brightly; null: everything. */
  readonly only: Subset | null;
  /** Words for a node's second line. */
  readonly detail: (index: number) => string;
  readonly title: (index: number) => string;
  /** Rate that a link is known to carry, in words. */
  readonly rate: (edge: number) => string | undefined;
  /** Age in words, for what is not live. */
  readonly age: (index: number) => string;
}

/** Nodes and links that a painting touches. */
export interface Visible {
  readonly nodes: Uint32Array;
  readonly edges: Uint32Array;
}

/** What of the scene is in the window: nodes by the spatial index, links by their boxes. */
export function visibleIn(scene: Scene, camera: Camera, size: Size, only: Subset | null): Visible {
  const rect = visibleRect(camera, size, 8);
  const nodes: number[] = [];
  scene.grid.query(rect, (i) => {
    if (!only || only.nodes[i]) nodes.push(i);
  });
  const { x, y, nodeWidth, nodeHeight, edgeFrom, edgeTo } = scene;
  const edges: number[] = [];
  for (let e = 0; e < edgeFrom.length; e++) {
    if (only && !only.edges[e]) continue;
    const a = edgeFrom[e]!;
    const b = edgeTo[e]!;
    const ax = x[a]!;
    const bx = x[b]!;
    const ay = y[a]!;
    const by = y[b]!;
    if ((ax < bx ? bx : ax) + nodeWidth < rect.left || (ax < bx ? ax : bx) > rect.right) continue;
    if ((ay < by ? by : ay) + nodeHeight < rect.top || (ay < by ? ay : by) > rect.bottom) continue;
    edges.push(e);
  }
  return { nodes: Uint32Array.from(nodes), edges: Uint32Array.from(edges) };
}

/** Map units from here on. */
function toMapUnits({ context, camera, size, ratio }: Painting): void {
  const scale = camera.zoom * ratio;
  const left = (size.width / 2) * ratio - camera.x * scale;
  const top = (size.height / 2) * ratio - camera.y * scale;
  context.setTransform(scale, 0, 0, scale, left, top);
}

/**
 * What lies below: all links, calmly. Depends on where things are and not on how they are, so it can be kept while states
 * change. Small steps: the caller runs it to the end, or in slices over several frames.
 */
export function* paintUnder(painting: Painting, visible: Visible): Generator<void, void, void> {
  toMapUnits(painting);
  yield* paintCalmLinks(painting, visible.edges);
}

/** What lies above: bad links and nodes; as dots or as boxes, by zoom. Small steps as well. */
export function* paintOver(painting: Painting, visible: Visible): Generator<void, void, void> {
  toMapUnits(painting);
  yield* paintBadLinks(painting, visible.edges);
  if (painting.camera.zoom < DOTS_BELOW) yield* paintDots(painting, visible.nodes);
  else yield* paintCards(painting, visible);
}

/** Everything, at once. */
export function paintNow(painting: Painting, visible: Visible): void {
  for (const steps of [paintUnder(painting, visible), paintOver(painting, visible)])
    while (!steps.next().done);
}
