import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { dropShortcuts, hideHealthy, reach, showTiers } from './filter.ts';
import { buildGraph } from './graph.ts';

function graphOf(entities: readonly Entity[], links: readonly Link[]) {
  return buildGraph(new Map(entities.map((entity) => [entity.id, entity])), links);
}

const vip = sampleEntity('virtual-ip', 'vip');
const service = sampleEntity('service', 'service');
const good = sampleEntity('instance', 'good');
const bad = sampleEntity('instance', 'bad', { state: 'down' });
const guest = sampleEntity('guest', 'guest');
const other = sampleEntity('service', 'other');
const path = [
  sampleLink('vip', 'routes-to', 'service'),
  sampleLink('service', 'routes-to', 'good'),
  sampleLink('service', 'routes-to', 'bad'),
  sampleLink('bad', 'runs-on', 'guest'),
];

describe('dropShortcuts', () => {
  it('drops a link that a longer way along the tiers says too', () => {
    const direct = sampleLink('vip', 'routes-to', 'good');
    const graph = dropShortcuts(graphOf([vip, service, good, bad, guest], [...path, direct]));
    expect(graph.edges.map(({ from, to }) => `${from}>${to}`)).not.toContain('vip>good');
    expect(graph.edges).toHaveLength(path.length);
  });

  it('keeps a link that skips a tier when no way goes through it', () => {
    const graph = graphOf([vip, good], [sampleLink('vip', 'routes-to', 'good')]);
    expect(dropShortcuts(graph)).toBe(graph);
  });

  it('takes only ways that go on to the right: calls among services drop nothing', () => {
    const links = [
      sampleLink('service', 'calls', 'other'),
      sampleLink('other', 'routes-to', 'good'),
      sampleLink('service', 'routes-to', 'good'),
    ];
    expect(dropShortcuts(graphOf([service, other, good], links)).edges).toHaveLength(3);
  });
});

describe('hideHealthy', () => {
  it('keeps what is bad with all that needs it and all that it needs, and nothing beside', () => {
    const graph = hideHealthy(graphOf([vip, service, good, bad, guest, other], path));
    expect([...graph.nodes.keys()].sort()).toEqual(['bad', 'guest', 'service', 'vip']);
  });

  it('keeps what is unknown, without its path', () => {
    const blind = sampleEntity('instance', 'blind', { state: 'unknown' });
    const graph = hideHealthy(graphOf([service, blind], [sampleLink('service', 'routes-to', 'blind')]));
    expect([...graph.nodes.keys()]).toEqual(['blind']);
  });
});

describe('showTiers', () => {
  it('leaves out what is beside the path unless asked', () => {
    const storage = sampleEntity('storage', 'storage');
    const graph = graphOf([guest, storage], [sampleLink('guest', 'runs-on', 'storage')]);
    expect([...showTiers(graph, new Set()).nodes.keys()]).toEqual(['guest']);
    expect(showTiers(graph, new Set()).edges).toEqual([]);
    expect(showTiers(graph, new Set(['storage'])).nodes.size).toBe(2);
  });
});

describe('reach', () => {
  it('ends in a ring', () => {
    const edges = [
      { from: 'a', to: 'b', kind: 'calls' as const, possible: false },
      { from: 'b', to: 'a', kind: 'calls' as const, possible: false },
    ];
    expect([...reach(edges, ['a'], 'down')].sort()).toEqual(['a', 'b']);
  });
});
