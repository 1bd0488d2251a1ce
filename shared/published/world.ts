import { z } from 'zod';
import { ConnectionStateSchema, SystemKindSchema, type ConnectionStatus } from '../model/connection.ts';
import { EntityKindSchema } from '../model/entity.ts';
import { GantryErrorDataSchema } from '../model/error.ts';
import { FreshnessStateSchema } from '../model/freshness.ts';
import { HealthStateSchema } from '../model/health.ts';
import { LinkSchema } from '../model/link.ts';
import type { WorldSnapshot } from '../model/world.ts';

/**
 * What `gantry world --json` prints: a published format, version 1. Times are ISO 8601 in UTC. Keys may be added; none is
 * renamed or removed without a new version.
 */
export const PublishedWorldSchema = z.object({
  schema: z.literal('gantry.world/1'),
  environment: z.object({ name: z.string(), protection: z.string() }),
  asOf: z.iso.datetime(),
  connections: z.array(
    z.object({
      id: z.string(),
      system: SystemKindSchema,
      state: ConnectionStateSchema,
      version: z.string().optional(),
      error: GantryErrorDataSchema.optional(),
    }),
  ),
  entities: z.array(
    z.object({
      /** A URN that ends in the system's own id. */
      id: z.string(),
      kind: EntityKindSchema,
      name: z.string(),
      health: z.object({
        state: HealthStateSchema,
        reason: z.string().optional(),
        since: z.iso.datetime().optional(),
        /** Ids of the entities that explain the state, nearest first. */
        causes: z.array(z.string()).optional(),
      }),
      freshness: z.object({ state: FreshnessStateSchema, asOf: z.iso.datetime().nullable() }),
      /** Attributes of the kind, and its moving numbers with their units in the names. */
      attrs: z.record(z.string(), z.unknown()),
    }),
  ),
  links: z.array(LinkSchema),
});
export type PublishedWorld = z.infer<typeof PublishedWorldSchema>;

/** The world as scripts read it: sorted, so that two runs can be compared line by line. */
export function publishWorld(
  snapshot: WorldSnapshot,
  environment: { name: string; protection: string },
): PublishedWorld {
  const sources = new Map(snapshot.sources.map((source) => [source.id, source]));
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    schema: 'gantry.world/1',
    environment: { name: environment.name, protection: environment.protection },
    asOf: iso(snapshot.at),
    connections: snapshot.connections.toSorted(byId).map(publishConnection),
    entities: snapshot.entities.toSorted(byId).map((entity) => {
      const source = sources.get(entity.sourceId);
      const { state, reason, since, causes } = entity.health;
      const asOf = source?.asOf ?? null;
      return {
        id: entity.id,
        kind: entity.kind,
        name: entity.name,
        health: {
          state,
          ...(reason === undefined ? {} : { reason }),
          since: iso(since),
          ...(causes.length === 0 ? {} : { causes }),
        },
        freshness: { state: source?.state ?? 'never', asOf: asOf === null ? null : iso(asOf) },
        attrs: { ...entity.attrs, ...entity.metrics },
      };
    }),
    links: snapshot.links.toSorted(
      (a, b) => compare(a.from, b.from) || compare(a.kind, b.kind) || compare(a.to, b.to),
    ),
  };
}

function publishConnection({
  id,
  system,
  state,
  version,
  error,
}: ConnectionStatus): PublishedWorld['connections'][number] {
  return {
    id,
    system,
    state,
    ...(version === undefined ? {} : { version }),
    ...(error === undefined ? {} : { error }),
  };
}

function byId(a: { id: string }, b: { id: string }): number {
  return compare(a.id, b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
