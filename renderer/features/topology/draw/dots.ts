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

/** Names of what is bad or highlighted, the worst first, in reading size, where there is room for them. */
function farLabels(painting: Painting, nodes: Uint32Array): void {
  const { context, scene, camera, palette, text } = painting;
  const bad = [...nodes]
    .filter((i) => painting.only !== null || isBad(scene.stateOf(i)))
    .sort(
      (a, b) =>
        severity(scene.stateOf(b)) - severity(scene.stateOf(a)) ||
        scene.x[a]! - scene.x[b]! ||
        scene.y[a]! - scene.y[b]!,
    );
  const font = `11px ${palette.font}`;
  const taken: { left: number; right: number; y: number }[] = [];
  const unit = 1 / camera.zoom;
  context.save();
  for (const i of bad) {
    if (taken.length >= FAR_LABELS_MAX) break;
    const label = text.fit(context, font, painting.title(i), 140);
    const width = text.width(context, font, label) * unit;
    const left = scene.x[i]! + scene.nodeWidth / 2 + 9 * unit;
    const y = scene.y[i]! + scene.nodeHeight / 2;
    const right = left + width;
    if (taken.some((box) => Math.abs(box.y - y) < 14 * unit && left < box.right && right > box.left))
      continue;
    taken.push({ left, right, y });
    context.setTransform(unscaled(painting, left, y));
    context.font = font;
    context.textBaseline = 'middle';
    context.lineWidth = 3;
    context.lineJoin = 'round';
    context.strokeStyle = palette.ground;
    context.strokeText(label, 0, 0);
    context.fillStyle = palette.text;
    context.fillText(label, 0, 0);
  }
  context.restore();
}

/** A transform that draws in CSS px at a map point. */
function unscaled({ camera, size, ratio }: Painting, x: number, y: number): DOMMatrix2DInit {
  return {
    a: ratio,
    b: 0,
    c: 0,
    d: ratio,
    e: ((x - camera.x) * camera.zoom + size.width / 2) * ratio,
    f: ((y - camera.y) * camera.zoom + size.height / 2) * ratio,
  };
}
