import { freshnessStates } from '../../../../shared/model/freshness.ts';
import { healthStates, severity, type HealthState } from '../../../../shared/model/health.ts';
import { FAR_LABELS_MAX } from '../thresholds.ts';
import { isBad } from '../pipeline/state.ts';
import type { Painting } from './painter.ts';
import { addShape } from './shapes.ts';

const BATCH = 1_500;
/** Radii in CSS px: what is bad can be seen from any distance. */
const CALM_RADIUS = { min: 1.5, max: 4 } as const;
const BAD_RADIUS = { min: 4, max: 6 } as const;
const CALM_OPACITY = 0.75;

/** Nodes from afar: a mark of the state's colour each, shapes for all but the healthy, names beside the worst. */
export function* paintDots(painting: Painting, nodes: Uint32Array): Generator<void, void, void> {
  const byState = new Map<string, number[]>();
  const stale = freshnessStates.indexOf('stale');
  for (const i of nodes) {
    const key = `${painting.scene.state[i]}${painting.scene.fresh[i] === stale ? '~' : ''}`;
    const list = byState.get(key);
    if (list) list.push(i);
    else byState.set(key, [i]);
  }
  const keys = [...byState.keys()].sort((a, b) => severityOf(a) - severityOf(b));
  for (const key of keys) {
    const state = stateOf(key);
    const colours = key.endsWith('~') ? painting.palette.faded : painting.palette.state;
    yield* marks(painting, state, byState.get(key)!, colours[state]);
  }
  farLabels(painting, nodes);
  yield;
}

function stateOf(key: string): HealthState {
  return healthStates[parseInt(key, 10)]!;
}

function severityOf(key: string): number {
  return severity(stateOf(key));
}

function* marks(
  { context, scene, camera }: Painting,
  state: HealthState,
  nodes: readonly number[],
  colour: string,
): Generator<void, void, void> {
  const limits = isBad(state) ? BAD_RADIUS : CALM_RADIUS;
  const px = Math.min(Math.max(scene.nodeHeight * 0.45 * camera.zoom, limits.min), limits.max);
  const r = px / camera.zoom;
  const cx = scene.nodeWidth / 2;
  const cy = scene.nodeHeight / 2;
  for (let from = 0; from < nodes.length; from += BATCH) {
    const end = Math.min(from + BATCH, nodes.length);
    context.fillStyle = colour;
    context.strokeStyle = colour;
    context.globalAlpha = isBad(state) ? 1 : CALM_OPACITY;
    if (px < 2.5 && state === 'healthy') {
      // Too small to tell a circle from a square, and squares cost a fifth.
      for (let k = from; k < end; k++) {
        const i = nodes[k]!;
        context.fillRect(scene.x[i]! + cx - 1.6 * r, scene.y[i]! + cy - r, 3.2 * r, 2 * r);
      }
    } else {
      context.beginPath();
      for (let k = from; k < end; k++) {
        const i = nodes[k]!;
        addShape(context, state, scene.x[i]! + cx, scene.y[i]! + cy, r);
      }
      if (state === 'unknown') {
        context.lineWidth = 1 / camera.zoom;
        context.stroke();
      } else context.fill();
    }
    context.globalAlpha = 1;
    yield;
  }
}

/** A box on the screen, CSS px from the middle of the window. */
interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** From a mark's middle to its label, px; and half of a label's height. */
const LABEL_GAP = 9;
const LABEL_HALF = 7;

/** Names of what is bad or highlighted, the worst first, in reading size, where there is room for them. */
function farLabels(painting: Painting, nodes: Uint32Array): void {
  const { context, scene, palette, text } = painting;
  const named = [...nodes]
    .filter((i) => painting.only !== null || isBad(scene.stateOf(i)))
    .sort(
      (a, b) =>
        severity(scene.stateOf(b)) - severity(scene.stateOf(a)) ||
        scene.x[a]! - scene.x[b]! ||
        scene.y[a]! - scene.y[b]!,
    )
    .slice(0, FAR_LABELS_MAX * 4);
  const font = `11px ${palette.font}`;
  const marks = named.map((i) => markBox(painting, i));
  const taken: Box[] = [...marks];
  let written = 0;
  context.save();
  context.setTransform(fromMiddle(painting));
  context.font = font;
  context.textBaseline = 'middle';
  context.lineWidth = 3;
  context.lineJoin = 'round';
  for (const [at, i] of named.entries()) {
    if (written >= FAR_LABELS_MAX) break;
    const label = text.fit(context, font, painting.title(i), 140);
    const box = freeBeside(marks[at]!, text.width(context, font, label), taken);
    if (!box) continue;
    taken.push(box);
    written++;
    context.font = font;
    context.strokeStyle = palette.ground;
    context.strokeText(label, box.left, box.top + LABEL_HALF);
    context.fillStyle = palette.text;
    context.fillText(label, box.left, box.top + LABEL_HALF);
  }
  context.restore();
}

function markBox({ scene, camera }: Painting, i: number): Box {
  const x = (scene.x[i]! + scene.nodeWidth / 2 - camera.x) * camera.zoom;
  const y = (scene.y[i]! + scene.nodeHeight / 2 - camera.y) * camera.zoom;
  const r = BAD_RADIUS.max;
  return { left: x - r, right: x + r, top: y - r, bottom: y + r };
}

/** Where a label of this width lies on nothing: to the right, the left, below or above its mark. */
function freeBeside(mark: Box, width: number, taken: readonly Box[]): Box | undefined {
  const x = (mark.left + mark.right) / 2;
  const y = (mark.top + mark.bottom) / 2;
  const at = (left: number, top: number): Box => ({
    left,
    right: left + width,
    top,
    bottom: top + 2 * LABEL_HALF,
  });
  const places = [
    at(x + LABEL_GAP, y - LABEL_HALF),
    at(x - LABEL_GAP - width, y - LABEL_HALF),
    at(x - width / 2, y + LABEL_GAP),
    at(x - width / 2, y - LABEL_GAP - 2 * LABEL_HALF),
  ];
  return places.find((place) => taken.every((other) => other === mark || !overlap(place, other)));
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
}

/** A transform that draws in CSS px around the middle of the window. */
function fromMiddle({ size, ratio }: Painting): DOMMatrix2DInit {
  return { a: ratio, b: 0, c: 0, d: ratio, e: (size.width / 2) * ratio, f: (size.height / 2) * ratio };
}
