import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../../shared/model/entity.ts';
import { sampleEntity, sampleLink } from '../../../world/sample.ts';
import { buildGraph } from './graph.ts';
import { refreshNodes } from './refresh.ts';

const guest = sampleEntity('guest', 'g', { name: 'ct 1', attrs: { pool: 'shop' } });
const node = sampleEntity('node', 'n');
const entities = new Map<string, Entity>([guest, node].map((entity) => [entity.id, entity as Entity]));
const graph = buildGraph(entities, [sampleLink('n', 'same-as', 'g')]);

function refreshed(changed: Entity) {
  return refreshNodes(graph, new Map(entities).set(changed.id, changed), [changed.id]);
}

describe('how deep a change goes', () => {
  it.each<[string, Entity, string]>([
    ['metrics', { ...guest, metrics: { cpuFraction: 0.4 } }, 'numbers'],
    ['a name', { ...guest, name: 'ct 1 new' }, 'words'],
    ['a reason', { ...guest, health: { ...guest.health, reason: 'since today' } }, 'words'],
    ['health', { ...guest, health: { ...guest.health, state: 'down' } }, 'state'],
    ['a pool', { ...guest, attrs: { ...guest.attrs, pool: 'core' } }, 'facts'],
    ['the health of a part', { ...node, health: { ...node.health, state: 'degraded' } }, 'state'],
  ])('%s', (_what, changed, depth) => {
    const result = refreshed(changed);
    expect(result.depth).toBe(depth);
    expect([...result.nodes.keys()]).toEqual(['g']);
  });

  it('asks for a new graph when it does not know the entity, or the entity is gone', () => {
    expect(refreshNodes(graph, entities, ['new']).depth).toBe('structure');
    expect(refreshNodes(graph, new Map(), ['g']).depth).toBe('structure');
  });

  it('leaves the parts in the order that they had', () => {
    const result = refreshed({ ...node, metrics: { inFlight: 1 } });
    expect(result.nodes.get('g')?.parts.map(({ id }) => id)).toEqual(['g', 'n']);
    expect(result.nodes.get('g')?.entity).toBe(guest);
  });
});
