import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entity, EntityKind } from '../../../../shared/model/entity.ts';
import { entityKinds } from '../../../../shared/model/entity.ts';
import { linkKey, linkKinds, type Link } from '../../../../shared/model/link.ts';
import { confidences } from '../../../../shared/model/link.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { buildGraph } from './graph.ts';

function graphOf(entities: readonly Entity[], links: readonly Link[]) {
  return buildGraph(new Map(entities.map((entity) => [entity.id, entity])), links);
}

const instance = sampleEntity('instance', 'c/c/instance/a');
const member = sampleEntity('member', 'l/l/member/a');

describe('what two systems speak of', () => {
  it('draws a member that is an instance as that instance', () => {
    const graph = graphOf([member, instance], [sampleLink(member.id, 'same-as', instance.id)]);
    expect([...graph.nodes.keys()]).toEqual([instance.id]);
    expect(graph.nodes.get(instance.id)?.parts).toEqual([instance, member]);
    expect(graph.drawnAs.get(member.id)).toBe(instance.id);
  });

  it('draws a Consul node as the guest or host that it is', () => {
    const node = sampleEntity('node', 'c/c/node/a');
    const guest = sampleEntity('guest', 'p/p/lxc/1');
    const graph = graphOf([node, guest], [sampleLink(node.id, 'same-as', guest.id)]);
    expect([...graph.nodes.keys()]).toEqual([guest.id]);
  });

  it('lets a balancer take the place of its instance, and of the member that is that instance', () => {
    const balancer = sampleEntity('llm-balancer', 'b/b/balancer/x');
    const vip = sampleEntity('virtual-ip', 'l/l/virtual-ip/x');
    const graph = graphOf(
      [balancer, instance, member, vip],
      [
        sampleLink(member.id, 'same-as', instance.id),
        sampleLink(balancer.id, 'same-as', member.id),
        sampleLink(vip.id, 'routes-to', member.id),
      ],
    );
    expect([...graph.nodes.keys()].sort()).toEqual([balancer.id, vip.id].sort());
    expect(graph.nodes.get(balancer.id)).toMatchObject({ tier: 'instances', kind: 'llm-balancer' });
    expect(graph.edges).toEqual([{ from: vip.id, to: balancer.id, kind: 'routes-to', possible: false }]);
  });

  it('never draws two things as one on a guess', () => {
    const link = sampleLink(member.id, 'same-as', instance.id, { confidence: 'possible' });
    expect(graphOf([member, instance], [link]).nodes.size).toBe(2);
  });

  it('takes the surer of two candidates, then the smaller id, whatever the order', () => {
    const other = sampleEntity('instance', 'c/c/instance/b');
    const links = [
      sampleLink(member.id, 'same-as', instance.id, { confidence: 'likely' }),
      sampleLink(member.id, 'same-as', other.id, { confidence: 'certain' }),
    ];
    for (const order of [links, links.toReversed()]) {
      expect(graphOf([member, instance, other], order).drawnAs.get(member.id)).toBe(other.id);
    }
    const equal = links.map((link) => ({ ...link, confidence: 'certain' as const }));
    for (const order of [equal, equal.toReversed()]) {
      expect(graphOf([member, instance, other], order).drawnAs.get(member.id)).toBe(instance.id);
    }
  });

  it('says the worst that a part really knows; not knowing is no news', () => {
    const same = sampleLink(member.id, 'same-as', instance.id);
    const dead = { ...member, health: { ...member.health, state: 'down' as const, reason: 'probe fails' } };
    expect(graphOf([dead, instance], [same]).nodes.get(instance.id)).toMatchObject({
      state: 'down',
      reason: 'probe fails',
    });
    const blind = { ...member, health: { ...member.health, state: 'unknown' as const } };
    expect(graphOf([blind, instance], [same]).nodes.get(instance.id)?.state).toBe('healthy');
  });
});

describe('links', () => {
  const [a, b] = [sampleEntity('service', 'c/c/service/a'), sampleEntity('instance', 'c/c/instance/a')];

  it('draws what a request takes, and leaves checks out', () => {
    const graph = graphOf([a, b], [sampleLink(a.id, 'checks', b.id)]);
    expect(graph.edges).toEqual([]);
  });

  it('is as sure as the surest of the links that it stands for', () => {
    const guess = sampleLink(a.id, 'routes-to', b.id, { confidence: 'possible' });
    expect(graphOf([a, b], [guess]).edges[0]?.possible).toBe(true);
    const sure = sampleLink(a.id, 'calls', b.id);
    expect(graphOf([a, b], [guess, sure]).edges).toEqual([
      { from: a.id, to: b.id, kind: 'routes-to', possible: false },
    ]);
  });

  it('ends only on nodes, for any world', () => {
    fc.assert(
      fc.property(worldArbitrary, ({ entities, links }) => {
        const graph = graphOf(entities, links);
        const pairs = graph.edges.map(({ from, to }) => `${from} ${to}`);
        expect(new Set(pairs).size).toBe(pairs.length);
        for (const { from, to } of graph.edges) {
          expect(from).not.toBe(to);
          expect(graph.nodes.has(from) && graph.nodes.has(to)).toBe(true);
        }
        // Each entity is part of exactly one node: the one it says it is drawn as.
        const parts = [...graph.nodes.values()].flatMap((node) =>
          node.parts.map((part) => [part.id, node.id]),
        );
        expect(parts.length).toBe(entities.length);
        for (const [part, node] of parts) expect(graph.drawnAs.get(part!)).toBe(node);
      }),
    );
  });

  it('does not depend on the order in which the world was heard', () => {
    fc.assert(
      fc.property(worldArbitrary, ({ entities, links }) => {
        const one = graphOf(entities, links);
        const other = graphOf(entities.toReversed(), links.toReversed());
        expect([...other.nodes.keys()].sort()).toEqual([...one.nodes.keys()].sort());
        const ends = (graph: typeof one) => graph.edges.map(({ from, to }) => `${from} ${to}`).sort();
        expect(ends(other)).toEqual(ends(one));
        for (const [id, node] of one.nodes) expect(other.nodes.get(id)?.state).toBe(node.state);
      }),
    );
  });
});

const worldArbitrary = fc
  .array(fc.constantFrom<EntityKind>(...entityKinds), { minLength: 1, maxLength: 14 })
  .map((kinds) => kinds.map((kind, i) => sampleEntity(kind, `s/c/${kind}/${i}`) as Entity))
  .chain((entities) =>
    fc
      .array(
        fc.record({
          from: fc.constantFrom(...entities),
          to: fc.constantFrom(...entities),
          kind: fc.constantFrom(...linkKinds),
          confidence: fc.constantFrom(...confidences),
        }),
        { maxLength: 30 },
      )
      .map((drafts) => {
        const links = drafts.map(({ from, to, kind, confidence }) =>
          sampleLink(from.id, kind, to.id, { confidence }),
        );
        return { entities, links: [...new Map(links.map((link) => [linkKey(link), link])).values()] };
      }),
  );
