import { beforeEach, describe, expect, it } from 'vitest';
import type { Entity } from '../../../shared/model/entity.ts';
import type { Link } from '../../../shared/model/link.ts';
import type { Source } from '../../../shared/model/freshness.ts';
import type { WorldPatch } from '../../../shared/model/world.ts';
import { applyEvent, emptyMirror, type Mirror } from '../../world/mirror.ts';
import { sampleEntity, sampleLink, samplePatch, sampleSnapshot } from '../../world/sample.ts';
import type { Scene } from './draw/scene.ts';
import { computeLayout } from './layout/layout.ts';
import type { LayoutInput } from './layout/order.ts';
import type { Rows } from './layout/rows.ts';
import { syncLayoutRunner, type LayoutRunner } from './layout/runner.ts';
import { MapModel, type SceneCause } from './map-model.ts';
import type { ViewOptions } from './pipeline/pipeline.ts';

const options = (more: Partial<ViewOptions> = {}): ViewOptions => ({
  fold: 'none',
  open: new Set(),
  hideHealthy: false,
  show: new Set(),
  calls: false,
  keep: null,
  ...more,
});

const numbers = [...Array(12).keys()];
const entities: Entity[] = numbers.flatMap((n): Entity[] => [
  sampleEntity('service', `s/lab/service/${n}`),
  sampleEntity('instance', `s/lab/instance/${n}`, { attrs: { serviceName: 'shop' } }),
  sampleEntity('guest', `s/lab/guest/${n}`, { attrs: { pool: 'shop' } }),
]);
const links: Link[] = numbers.flatMap((n) => [
  sampleLink(`s/lab/service/${n}`, 'routes-to', `s/lab/instance/${n}`),
  sampleLink(`s/lab/instance/${n}`, 'runs-on', `s/lab/guest/${n}`),
]);
const source = (state: Source['state']): Source => ({
  id: 'lab/main',
  connectionId: 'lab',
  scope: 'main',
  mode: 'poll',
  state,
  asOf: 0,
  intervalMs: 1_000,
});

let mirror: Mirror;
let said: string[];
let scenes: { scene: Scene; cause: SceneCause }[];

function modelWith(runner: LayoutRunner = syncLayoutRunner()): MapModel {
  const model = new MapModel(mirror, runner, {
    scene: (scene, cause) => {
      scenes.push({ scene, cause });
      said.push(`scene ${cause}`);
    },
    touched: (nodes, depth) => said.push(`${depth} ${nodes.length}`),
  });
  model.setOptions(options());
  model.update();
  said = [];
  return model;
}

function patch(more: Partial<WorldPatch>): void {
  applyEvent(mirror, samplePatch(mirror.seq + 1, more), 0);
}

const withState = (entity: Entity, state: Entity['health']['state']): Entity => ({
  ...entity,
  health: { ...entity.health, state },
});
const placeOf = (scene: Scene, id: string) => {
  const i = scene.index.get(id)!;
  return [scene.x[i], scene.y[i]];
};
const last = () => scenes.at(-1)!.scene;

beforeEach(() => {
  mirror = emptyMirror();
  said = [];
  scenes = [];
  applyEvent(mirror, sampleSnapshot({ entities, links, sources: [source('live')] }), 0);
});

describe('work is as much as changed', () => {
  it('only exchanges words when numbers move', () => {
    const model = modelWith();
    const scene = model.scene;
    patch({ entities: [{ ...entities[0]!, metrics: { requestsPerSecond: 7 } }] });
    model.update();
    expect(said).toEqual(['numbers 1']);
    expect(model.scene).toBe(scene);
    expect(scene!.nodes[scene!.index.get(entities[0]!.id)!]!.entity.metrics.requestsPerSecond).toBe(7);
  });

  it('keeps the arrangement when a state changes', () => {
    const model = modelWith();
    const scene = model.scene!;
    patch({ entities: [withState(entities[1]!, 'down')] });
    model.update();
    expect(said).toEqual(['state 1']);
    expect(model.scene).toBe(scene);
    expect(scene.stateOf(scene.index.get(entities[1]!.id)!)).toBe('down');
  });

  it('does nothing when nothing happened', () => {
    const model = modelWith();
    model.update();
    expect(said).toEqual([]);
  });

  it('moves nothing that stays when something comes or goes', () => {
    const model = modelWith();
    const before = last();
    patch({
      entities: [sampleEntity('guest', 's/lab/guest/new')],
      removedEntities: ['s/lab/guest/3'],
      removedLinks: ['s/lab/instance/3 runs-on s/lab/guest/3'],
    });
    model.update();
    expect(said).toEqual(['scene data']);
    for (const { id } of entities) {
      if (id !== 's/lab/guest/3') expect(placeOf(last(), id)).toEqual(placeOf(before, id));
    }
    expect(model.numberOf('s/lab/guest/new')).toBeGreaterThanOrEqual(0);
    expect(model.numberOf('s/lab/guest/3')).toBe(-1);
  });
});

describe('folding', () => {
  const shop = 'group:pool:guests:shop';

  it('takes what turns bad out of its group at once, and back when it is well', () => {
    const model = modelWith();
    model.setOptions(options({ fold: 'pool' }));
    expect(model.scene!.index.has(shop)).toBe(true);
    expect(model.numberOf('s/lab/guest/1')).toBe(model.scene!.index.get(shop));
    patch({ entities: [withState(entities[5]!, 'down')] });
    model.update();
    expect(model.scene!.nodes[model.numberOf('s/lab/guest/1')]).toMatchObject({
      id: 's/lab/guest/1',
      state: 'down',
    });
    patch({ entities: [entities[5]!] });
    model.update();
    expect(model.numberOf('s/lab/guest/1')).toBe(model.scene!.index.get(shop));
    expect(said.filter((words) => words.startsWith('scene data'))).toHaveLength(2);
  });

  it('folds another way when a fact says so', () => {
    const model = modelWith();
    model.setOptions(options({ fold: 'pool' }));
    const guest = entities[2]!;
    patch({ entities: [{ ...guest, attrs: { ...guest.attrs, pool: 'core' } } as Entity] });
    model.update();
    expect(model.scene!.nodes[model.scene!.index.get(shop)!]!.group?.count).toBe(11);
  });

  it('comes back to the very same arrangement', () => {
    const model = modelWith();
    const before = last();
    model.setOptions(options({ fold: 'pool' }));
    model.setOptions(options());
    for (const { id } of entities) expect(placeOf(last(), id)).toEqual(placeOf(before, id));
  });
});

describe('filters follow the world', () => {
  it('shows what turns bad while the healthy are hidden', () => {
    const model = modelWith();
    model.setOptions(options({ hideHealthy: true }));
    expect(model.scene!.nodes).toEqual([]);
    patch({ entities: [withState(entities[1]!, 'down')] });
    model.update();
    expect(model.scene!.nodes.map(({ id }) => id).sort()).toEqual([
      's/lab/guest/0',
      's/lab/instance/0',
      's/lab/service/0',
    ]);
  });

  it('follows a search that hides the rest', () => {
    const model = modelWith();
    model.setOptions(options({ keep: (entity) => entity.name === 'renamed' }));
    expect(model.unfolded.size).toBe(0);
    patch({ entities: [{ ...entities[0]!, name: 'renamed' }] });
    model.update();
    expect(model.unfolded.size).toBe(1);
  });
});

describe('freshness', () => {
  it('follows a source that falls silent, and an engine that goes away', () => {
    const model = modelWith();
    patch({ sources: [source('stale')] });
    model.update();
    expect(said).toEqual([`words ${entities.length}`]);
    patch({ sources: [source('live')] });
    model.update();
    model.refreshFreshness(false);
    expect(said).toHaveLength(3);
  });
});

describe('while the layout is away', () => {
  /** Answers when the test says so. */
  function slowRunner() {
    const waiting: (() => void)[] = [];
    const runner: LayoutRunner = {
      run: (input: LayoutInput, done: (rows: Rows) => void) => {
        waiting.push(() => done(computeLayout(input)));
      },
      dispose: () => {},
    };
    return { runner, waiting };
  }

  it('fits in what changed meanwhile, with one layout', () => {
    const { runner, waiting } = slowRunner();
    const model = modelWith(runner);
    patch({ entities: [sampleEntity('guest', 's/lab/guest/new')] });
    model.update();
    expect(waiting).toHaveLength(1);
    waiting.shift()!();
    expect(model.numberOf('s/lab/guest/new')).toBeGreaterThanOrEqual(0);
    expect(waiting).toEqual([]);
  });

  it('arranges anew when too much changed meanwhile', () => {
    const { runner, waiting } = slowRunner();
    const model = modelWith(runner);
    patch({ entities: Array.from({ length: 40 }, (_, n) => sampleEntity('guest', `s/lab/guest/n${n}`)) });
    model.update();
    waiting.shift()!();
    expect(model.scene).toBeNull();
    waiting.shift()!();
    expect(model.scene!.nodes).toHaveLength(entities.length + 40);
  });

  it('forgets an answer for options that were left', () => {
    const { runner, waiting } = slowRunner();
    const model = modelWith(runner);
    model.setOptions(options({ fold: 'kind' }));
    waiting.shift()!();
    expect(model.scene).toBeNull();
    waiting.shift()!();
    expect(model.scene!.nodes.every((node) => node.group)).toBe(true);
  });

  it('starts from nothing in another environment', () => {
    const model = modelWith();
    applyEvent(mirror, sampleSnapshot({ environmentId: 'other', entities: [entities[0]!] }), 0);
    model.update();
    expect(scenes.at(-1)?.cause).toBe('first');
    expect(last().nodes).toHaveLength(1);
  });
});
