import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { EnvironmentFileSchema } from '../model/environment.ts';
import type { WorldSnapshot } from '../model/world.ts';
import { PublishedCheckSchema } from './check.ts';
import { publishWorld, PublishedWorldSchema } from './world.ts';

describe('published formats', () => {
  // A change here is a change for scripts out there: look at the diff of docs/schemas, and add a version when keys go.
  it.each([
    ['environment', EnvironmentFileSchema],
    ['world', PublishedWorldSchema],
    ['check', PublishedCheckSchema],
  ])('docs/schemas/%s.schema.json says what the code does', async (name, schema) => {
    const text = `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`../../docs/schemas/${name}.schema.json`);
  });

  it('gives every entity the age of its source, and marks what has no age', () => {
    const snapshot: WorldSnapshot = {
      type: 'snapshot',
      seq: 1,
      environmentId: 'e',
      at: Date.UTC(2026, 0, 2),
      connections: [],
      sources: [
        {
          id: 'pve/res',
          connectionId: 'pve',
          scope: 'res',
          mode: 'poll',
          state: 'stale',
          asOf: Date.UTC(2026, 0, 1),
          intervalMs: 5_000,
        },
      ],
      entities: [hostEntity('b', 'pve/res'), hostEntity('a', 'pve/unknown')],
      links: [],
    };
    const world = publishWorld(snapshot, { name: 'test', protection: 'open' });
    expect(PublishedWorldSchema.parse(world)).toEqual(world);
    expect(world.entities.map(({ name, freshness }) => ({ name, freshness }))).toEqual([
      { name: 'a', freshness: { state: 'never', asOf: null } },
      { name: 'b', freshness: { state: 'stale', asOf: '2026-01-01T00:00:00.000Z' } },
    ]);
    expect(world.entities[1]?.attrs).toEqual({ status: 'online', ips: [], cpuFraction: 0.5 });
  });
});

function hostEntity(name: string, sourceId: string): WorldSnapshot['entities'][number] {
  return {
    id: `proxmox/pve/node/${name}`,
    kind: 'host',
    name,
    ownHealth: { state: 'healthy' },
    health: { state: 'healthy', since: 0, causes: [] },
    metrics: { cpuFraction: 0.5 },
    addresses: [],
    sockets: [],
    connectionId: 'pve',
    sourceId,
    attrs: { status: 'online', ips: [] },
  };
}
