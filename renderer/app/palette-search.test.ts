import { describe, expect, it } from 'vitest';
import type { QueryContext } from '../ui/query.ts';
import { sampleEntity } from '../world/sample.ts';
import { searchEntities, titleMatches } from './palette-search.ts';

const context: QueryContext = { now: 0, sourceOf: () => undefined, nodesOf: () => [] };

const entities = [
  sampleEntity('guest', 'proxmox/pve/lxc/1', { name: 'ct 1 catalog-a' }),
  sampleEntity('instance', 'consul/c/instance/1', { name: 'catalog-2' }),
  sampleEntity('instance', 'consul/c/instance/2', { name: 'catalog-1', state: 'down' }),
  sampleEntity('service', 'consul/c/service/catalog', { name: 'catalog' }),
  sampleEntity('host', 'proxmox/pve/node/pve-1', { name: 'pve-1', reason: 'catalog disk is full' }),
  sampleEntity('host', 'proxmox/pve/node/pve-2', { name: 'pve-2' }),
];

describe('searchEntities', () => {
  it('puts the exact name first, then beginnings (the worst on top), then the rest', () => {
    const hits = searchEntities(entities, 'Catalog', context, 10);
    expect(hits.shown.map(({ name }) => name)).toEqual([
      'catalog',
      'catalog-1',
      'catalog-2',
      'ct 1 catalog-a',
      'pve-1',
    ]);
    expect(hits.total).toBe(5);
  });

  it('caps what is shown and says how many there are', () => {
    const hits = searchEntities(entities, 'catalog', context, 2);
    expect(hits.shown).toHaveLength(2);
    expect(hits.total).toBe(5);
  });

  it('takes qualifiers, and finds nothing for no text', () => {
    expect(searchEntities(entities, 'type:host pve', context, 10).total).toBe(2);
    expect(searchEntities(entities, '', context, 10)).toEqual({ shown: [], total: 0 });
  });

  it('finds in 10,000 entities well within a frame or two', () => {
    const many = Array.from({ length: 10_000 }, (_, n) =>
      sampleEntity('guest', `proxmox/pve/lxc/${n}`, { name: `guest-${n}`, sockets: [`10.0.0.1:${n}`] }),
    );
    searchEntities(many, 'warm up', context, 30);
    const started = performance.now();
    expect(searchEntities(many, 'guest-99', context, 30).total).toBe(111);
    expect(performance.now() - started).toBeLessThan(50);
  });
});

it('matches titles by every word', () => {
  expect(titleMatches('Go to Topology', 'topo go')).toBe(true);
  expect(titleMatches('Go to Topology', 'topo health')).toBe(false);
  expect(titleMatches('Go to Topology', '')).toBe(true);
});
