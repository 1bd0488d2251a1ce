import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { computeLayout } from '../layout/layout.ts';
import { layoutTask, placementOf } from '../layout/placement.ts';
import { buildGraph } from '../pipeline/graph.ts';
import { titleOf } from '../pipeline/describe.ts';
import { SETTLE_MS } from '../thresholds.ts';
import { fit } from './camera.ts';
import { MapCanvas } from './map-canvas.ts';
import type { Palette } from './palette.ts';
import { pitchFor, Scene } from './scene.ts';

/** A canvas that only counts what is asked of it. */
class FakeCanvas {
  readonly dataset: Record<string, string> = {};
  readonly calls = new Map<string, number>();
  readonly texts: string[] = [];
  width = 300;
  height = 150;

  constructor(width = 300, height = 150) {
    this.width = width;
    this.height = height;
  }

  getContext(): unknown {
    const known: Record<string, unknown> = {
      font: '',
      measureText: (text: string) => ({ width: text.length * 6 }),
    };
    return new Proxy(known, {
      get: (target, name: string) =>
        name in target
          ? target[name]
          : (...args: unknown[]) => {
              this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
              if (name === 'fillText') this.texts.push(String(args[0]));
            },
      set: (target, name: string, value) => {
        target[name] = value;
        return true;
      },
    });
  }
}

const colours = { healthy: '#1', degraded: '#2', down: '#3', maintenance: '#4', unknown: '#5' };
const palette: Palette = {
  ground: '#0',
  card: '#6',
  line: '#7',
  lineStrong: '#8',
  text: '#9',
  muted: '#a',
  accent: '#b',
  hatch: '#c',
  font: 'Inter',
  state: colours,
  faded: colours,
};
const size = { width: 1_200, height: 700 };

function sceneOf(count: number): Scene {
  const entities = Array.from({ length: count }, (_, n): Entity[] => [
    sampleEntity('instance', `i${n}`),
    sampleEntity('guest', `g${n}`),
  ]).flat();
  const graph = buildGraph(
    new Map(entities.map((entity) => [entity.id, entity])),
    Array.from({ length: count }, (_, n) => sampleLink(`i${n}`, 'runs-on', `g${n}`)),
  );
  const task = layoutTask(graph);
  const placement = placementOf(task, computeLayout(task.input));
  return new Scene(graph, placement, pitchFor(placement, size), () => 'live');
}

/** Frames and time in the test's hands. */
function hands() {
  const waiting = new Map<number, () => void>();
  const time = { now: 0 };
  let handles = 0;
  return {
    time,
    waiting,
    frames: {
      request: (callback: () => void) => {
        waiting.set(++handles, callback);
        return handles;
      },
      cancel: (handle: number) => waiting.delete(handle),
      now: () => time.now,
    },
    /** Runs frames until none is asked for; returns how many. */
    settle: (most = 400) => {
      let count = 0;
      while (waiting.size > 0 && count < most) {
        time.now += 16;
        const [[handle, callback]] = [...waiting] as [[number, () => void]];
        waiting.delete(handle);
        callback();
        count++;
      }
      return count;
    },
  };
}

function canvasWith(scene: Scene) {
  const element = new FakeCanvas();
  const hand = hands();
  const canvas = new MapCanvas(element as unknown as HTMLCanvasElement, hand.frames);
  const words = {
    title: (i: number) => titleOf(scene.nodes[i]!),
    detail: () => 'detail',
    rate: () => undefined,
    age: () => '',
  };
  canvas.setPalette(palette);
  canvas.resize(size, 1);
  canvas.setScene(scene, words, false);
  canvas.setCamera(fit(scene.bounds, size));
  hand.settle();
  const drawn = () => Number(element.dataset['drawnRevision'] ?? 0);
  return { canvas, element, hand, drawn };
}

beforeEach(() => vi.stubGlobal('OffscreenCanvas', FakeCanvas));

describe.each([
  ['a small map, painted afresh', 12],
  ['a large map, shown as a picture', 2_000],
])('%s', (_what, count) => {
  const scene = sceneOf(count);

  it('draws only when something changed', () => {
    const { canvas, hand, drawn } = canvasWith(scene);
    expect(drawn()).toBeGreaterThan(0);
    expect(hand.waiting.size).toBe(0);
    const before = drawn();
    canvas.setMarks({ selected: 3, cursor: -1, hovered: -1, highlight: null });
    canvas.setMarks({ selected: 4, cursor: -1, hovered: -1, highlight: null });
    expect(hand.waiting.size).toBe(1);
    hand.settle();
    expect(drawn()).toBe(before + 1);
    expect(hand.waiting.size).toBe(0);
  });

  it('says that it is complete only once it is', () => {
    const { canvas, hand, drawn } = canvasWith(scene);
    const before = drawn();
    canvas.setCamera({ ...fit(scene.bounds, size), zoom: fit(scene.bounds, size).zoom * 1.2 });
    hand.time.now += SETTLE_MS;
    hand.settle();
    expect(drawn()).toBeGreaterThan(before);
    expect(hand.waiting.size).toBe(0);
  });

  it('paints nothing for words that are out of sight', () => {
    const { canvas, hand } = canvasWith(scene);
    canvas.setCamera({ x: scene.bounds.right + 90_000, y: 0, zoom: 1 });
    hand.time.now += SETTLE_MS;
    hand.settle();
    canvas.touch([0, 1, 2]);
    expect(hand.waiting.size).toBe(0);
  });

  it('asks for no frame after it was disposed', () => {
    const { canvas, hand, drawn } = canvasWith(scene);
    const before = drawn();
    canvas.repaint();
    canvas.dispose();
    expect(hand.waiting.size).toBe(0);
    expect(drawn()).toBe(before);
  });
});

it('moves a large map without painting it anew', () => {
  const scene = sceneOf(2_000);
  const { canvas, element, hand } = canvasWith(scene);
  hand.time.now += SETTLE_MS;
  const painted = element.calls.get('fillRect') ?? 0;
  const copied = element.calls.get('drawImage') ?? 0;
  canvas.setCamera({ ...fit(scene.bounds, size), x: fit(scene.bounds, size).x + 10 });
  const frames = hand.settle();
  expect(frames).toBeLessThan(3);
  expect(element.calls.get('drawImage')).toBe(copied + frames);
  // The ground and the strip of titles, each once a frame.
  expect((element.calls.get('fillRect') ?? 0) - painted).toBe(2 * frames);
});

it('names nodes up close, and only titles from afar', () => {
  const scene = sceneOf(2_000);
  const { canvas, element, hand } = canvasWith(scene);
  expect(element.texts.filter((text) => text.startsWith('i'))).toEqual([]);
  canvas.setCamera({ x: scene.x[0]!, y: scene.y[0]!, zoom: 1 });
  hand.time.now += SETTLE_MS;
  hand.settle();
  expect(element.texts.some((text) => text.startsWith('i'))).toBe(true);
  expect(element.texts).toContain('detail');
});
