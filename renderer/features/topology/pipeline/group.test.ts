import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import { healthStates } from '../../../../shared/model/health.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { detailOf } from './describe.ts';
import { buildGraph, foldings, nodeOf } from './graph.ts';
import { foldGraph, Folding, groupId } from './group.ts';
import { isBad } from './state.ts';

function graphOf(entities: readonly Entity[], links: readonly Link[]) {
  return buildGraph(new Map(entities.map((entity) => [entity.id, entity])), links);
}

const none: ReadonlySet<string> = new Set();

/** `shop` has three guests with an instance each, `core` one. */
function shop() {
  const guests = [1, 2, 3, 4].map((n) =>
    sampleEntity('guest', `g${n}`, { attrs: { pool: n < 4 ? 'shop' : 'core', hostName: 'pve-1' } }),
  );
  const instances = [1, 2, 3, 4].map((n) =>
    sampleEntity('instance', `i${n}`, { attrs: { serviceName: n < 4 ? 'cart' : 'mail' } }),
  );
  const service = sampleEntity('service', 'cart', { name: 'cart' });
  const links = [
    ...[1, 2, 3, 4].map((n) => sampleLink(`i${n}`, 'runs-on', `g${n}`)),
    ...[1, 2, 3].map((n) => sampleLink('cart', 'routes-to', `i${n}`)),
  ];
  return { entities: [service, ...instances, ...guests] as Entity[], links };
}

describe('folding', () => {
  it('folds guests by pool, and instances with the guests that they run on', () => {
    const { entities, links } = shop();
    const folded = foldGraph(graphOf(entities, links), 'pool', none);
    expect([...folded.nodes.keys()].sort()).toEqual(
      ['cart', 'g4', 'i4', groupId('pool', 'guests', 'shop'), groupId('pool', 'instances', 'shop')].sort(),
    );
    expect(folded.edges).toContainEqual({
      from: groupId('pool', 'instances', 'shop'),
      to: groupId('pool', 'guests', 'shop'),
      kind: 'runs-on',
      possible: false,
    });
  });

  it('folds by service down to the guests', () => {
    const { entities, links } = shop();
    const folded = foldGraph(graphOf(entities, links), 'service', none);
    expect(folded.nodes.get(groupId('service', 'guests', 'cart'))?.group?.count).toBe(3);
    expect(folded.nodes.has('cart')).toBe(true);
  });

  it('folds nothing where neighbours differ', () => {
    const { entities, links } = shop();
    const shared = sampleEntity('guest', 'shared');
    const both = [sampleLink('i1', 'runs-on', 'shared'), sampleLink('i4', 'runs-on', 'shared')];
    const mail = sampleLink('mail', 'routes-to', 'i4');
    const graph = graphOf([...entities, shared, sampleEntity('service', 'mail')], [...links, ...both, mail]);
    expect(new Folding(graph, 'service').fold(none).nodes.has('shared')).toBe(true);
  });

  it('opens a group that the user opened', () => {
    const { entities, links } = shop();
    const open = new Set([groupId('pool', 'guests', 'shop')]);
    const folded = foldGraph(graphOf(entities, links), 'pool', open);
    expect(['g1', 'g2', 'g3'].every((id) => folded.nodes.has(id))).toBe(true);
    expect(folded.nodes.has(groupId('pool', 'instances', 'shop'))).toBe(true);
  });

  it('is never greener than its worst part', () => {
    const { entities, links } = shop();
    const blind = entities.map((entity) =>
      entity.id === 'g2' ? { ...entity, health: { ...entity.health, state: 'unknown' as const } } : entity,
    );
    const folded = foldGraph(graphOf(blind, links), 'pool', none);
    expect(folded.nodes.get(groupId('pool', 'guests', 'shop'))).toMatchObject({
      state: 'unknown',
      reason: '1 of 3 unknown',
    });
  });

  it('keeps its colour while a part is in maintenance, and counts it', () => {
    const { entities, links } = shop();
    const inState = (ids: readonly string[]) =>
      entities.map((entity) =>
        ids.includes(entity.id)
          ? { ...entity, health: { ...entity.health, state: 'maintenance' as const } }
          : entity,
      );
    const guests = (given: readonly Entity[]) =>
      foldGraph(graphOf(given, links), 'pool', none).nodes.get(groupId('pool', 'guests', 'shop'))!;
    expect(guests(inState(['g2'])).state).toBe('healthy');
    expect(detailOf(guests(inState(['g2'])))).toBe('3 guests · 1 in maintenance');
    expect(guests(inState(['g1', 'g2', 'g3'])).state).toBe('maintenance');
  });

  it('takes a node out of its group when it turns bad, and back when it is well again', () => {
    const { entities, links } = shop();
    const graph = graphOf(entities, links);
    const folding = new Folding(graph, 'pool');
    folding.fold(none);
    expect(folding.drawnAs('g1')).toBe(groupId('pool', 'guests', 'shop'));
    const guest = graph.nodes.get('g1')!;
    const [entity] = guest.parts;
    const broken = { ...entity!, health: { ...entity!.health, state: 'down' as const } };
    folding.exchange(nodeOf('g1', [broken]));
    expect(folding.fold(none).nodes.get('g1')?.state).toBe('down');
    expect(folding.drawnAs('g1')).toBe('g1');
    folding.exchange(guest);
    expect(folding.fold(none).nodes.has('g1')).toBe(false);
  });

  it('loses nothing and hides nothing bad, however it folds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...foldings),
        fc.array(fc.constantFrom(...healthStates), { minLength: 8, maxLength: 8 }),
        (by, states) => {
          const { entities, links } = shop();
          const given = entities.map((entity, i) => ({
            ...entity,
            health: { ...entity.health, state: states[i % states.length]! },
          }));
          const graph = graphOf(given, links);
          const folded = foldGraph(graph, by, none);
          const parts = [...folded.nodes.values()].flatMap((node) => node.parts.map((part) => part.id));
          expect(parts.sort()).toEqual(given.map(({ id }) => id).sort());
          for (const node of folded.nodes.values()) if (node.group) expect(isBad(node.state)).toBe(false);
          for (const { from, to } of folded.edges) {
            expect(folded.nodes.has(from) && folded.nodes.has(to) && from !== to).toBe(true);
          }
        },
      ),
    );
  });
});
