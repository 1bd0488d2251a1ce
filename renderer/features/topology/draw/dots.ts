import { freshnessStates } from '../../../../shared/model/freshness.ts';
import { healthStates, severity, type HealthState } from '../../../../shared/model/health.ts';
import { isBad } from '../pipeline/state.ts';
import { farLabels } from './far-labels.ts';
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
