import type { Scene } from './scene.ts';
import { visibleRect, type Camera, type Size } from './camera.ts';
import { paintCards } from './cards.ts';
import { paintDots } from './dots.ts';
import { paintLinks } from './links.ts';
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

/**
 * Paints in small steps: the caller runs it to the end, or in slices over several frames. Each step is at most a few
 * hundred primitives. Order: receding links, bad links on top of them, nodes; when nodes are dots, bad links are above
 * the healthy dots, and bad dots above all.
 */
export function* paint(painting: Painting, visible: Visible): Generator<void, void, void> {
  const { context, camera, size, ratio } = painting;
  const scale = camera.zoom * ratio;
  context.setTransform(
    scale,
    0,
    0,
    scale,
    (size.width / 2) * ratio - camera.x * scale,
    (size.height / 2) * ratio - camera.y * scale,
  );
  yield* paintLinks(painting, visible.edges);
  if (camera.zoom < DOTS_BELOW) yield* paintDots(painting, visible.nodes);
  else yield* paintCards(painting, visible);
}

/** Runs a painting to its end. */
export function paintNow(painting: Painting, visible: Visible): void {
  const steps = paint(painting, visible);
  while (!steps.next().done);
}
