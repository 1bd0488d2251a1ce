import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { linkKey } from '../../shared/model/link.ts';
import { applyEvent, emptyMirror, engineNow, linksAt } from './mirror.ts';
import { sampleEntity, sampleLink, samplePatch, sampleSnapshot } from './sample.ts';
import { CalmNumber, WorldStore } from './store.ts';

const a = sampleEntity('service', 'consul/c/service/a');
const b = sampleEntity('instance', 'consul/c/instance/b');
const link = sampleLink(a.id, 'routes-to', b.id);

function started() {
  const mirror = emptyMirror();
  applyEvent(mirror, sampleSnapshot({ entities: [a, b], links: [link] }), 10);
  return mirror;
}

describe('applyEvent', () => {
  it('takes a snapshot as the whole truth', () => {
    const mirror = started();
    const c = sampleEntity('host', 'proxmox/p/node/c');
    applyEvent(mirror, sampleSnapshot({ seq: 9, environmentId: 'prod', entities: [c] }), 20);
    expect([...mirror.entities.keys()]).toEqual([c.id]);
    expect(mirror.links.size).toBe(0);
    expect(linksAt(mirror, a.id)).toEqual([]);
    expect(mirror).toMatchObject({ seq: 9, environmentId: 'prod', receivedAt: 20 });
  });

  it('applies what a patch adds, changes and removes', () => {
    const mirror = started();
    const down = sampleEntity('service', a.id, { state: 'down' });
    expect(applyEvent(mirror, samplePatch(2, { entities: [down], removedEntities: [b.id] }), 30)).toBe(
      'applied',
    );
    expect(mirror.entities.get(a.id)).toBe(down);
    expect(mirror.entities.has(b.id)).toBe(false);
    applyEvent(mirror, samplePatch(3, { removedLinks: [linkKey(link)] }), 40);
    expect(linksAt(mirror, a.id)).toEqual([]);
    expect(mirror.linksOf.size).toBe(0);
  });

  it('reports a missed patch and changes nothing', () => {
    const mirror = started();
    expect(applyEvent(mirror, samplePatch(3, { removedEntities: [a.id] }), 30)).toBe('gap');
    expect(mirror.seq).toBe(1);
    expect(mirror.entities.has(a.id)).toBe(true);
  });

  it('counts moving numbers as a revision, but not as a change of shape', () => {
    const mirror = started();
    const shape = mirror.shapeRevision;
    const moved = sampleEntity('service', a.id, { metrics: { requestsPerSecond: 5 } });
    applyEvent(mirror, samplePatch(2, { entities: [moved] }), 30);
    expect(mirror.shapeRevision).toBe(shape);
    expect(mirror.revision).toBe(2);
    applyEvent(mirror, samplePatch(3, { entities: [sampleEntity('service', a.id, { state: 'down' })] }), 30);
    expect(mirror.shapeRevision).toBe(shape + 1);
  });

  it('keeps the index of links true, whatever comes and goes', () => {
    const ids = ['a/a/a/1', 'a/a/a/2', 'a/a/a/3'];
    const end = fc.constantFrom(...ids);
    const steps = fc.array(fc.tuple(end, end, fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (changes) => {
        const mirror = started();
        changes.forEach(([from, to, add], index) => {
          const changed = sampleLink(from, 'calls', to);
          const patch = add ? { links: [changed] } : { removedLinks: [linkKey(changed)] };
          applyEvent(mirror, samplePatch(index + 2, patch), 0);
        });
        for (const id of ids) {
          const expected = [...mirror.links.values()].filter(({ from, to }) => from === id || to === id);
          expect(new Set(linksAt(mirror, id))).toEqual(new Set(expected));
        }
      }),
    );
  });
});

it("tells the engine's clock from this process's, and never runs backwards", () => {
  const mirror = started();
  expect(engineNow(mirror, 10)).toBe(1_000_000);
  expect(engineNow(mirror, 2_510)).toBe(1_002_500);
  expect(engineNow(mirror, 0)).toBe(1_000_000);
});

describe('WorldStore', () => {
  it('tells its listeners of what was applied, until they leave', () => {
    const store = new WorldStore();
    let calls = 0;
    const leave = store.subscribe(() => calls++);
    store.apply(sampleSnapshot(), 0);
    expect(store.apply(samplePatch(7), 0)).toBe('gap');
    expect(calls).toBe(1);
    leave();
    store.apply(samplePatch(2), 0);
    expect(calls).toBe(1);
  });
});

describe('CalmNumber', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('tells the first change at once and the rest at most four times a second', () => {
    const store = new WorldStore();
    const calm = new CalmNumber(store, (mirror) => mirror.revision);
    const told: number[] = [];
    const leave = calm.subscribe(() => told.push(calm.get()));
    store.apply(sampleSnapshot(), 0);
    for (let seq = 2; seq <= 20; seq++) store.apply(samplePatch(seq), 0);
    expect(told).toEqual([1]);
    vi.advanceTimersByTime(250);
    expect(told).toEqual([1, 20]);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual([1, 20]);

    leave();
    store.apply(samplePatch(21), 0);
    expect(told).toEqual([1, 20]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is up to date for whoever comes later', () => {
    const store = new WorldStore();
    const calm = new CalmNumber(store, (mirror) => mirror.revision);
    store.apply(sampleSnapshot(), 0);
    const leave = calm.subscribe(() => {});
    expect(calm.get()).toBe(1);
    leave();
  });
});
