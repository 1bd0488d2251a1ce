import { z } from 'zod';
import { ConnectionStatusSchema } from './connection.ts';
import { EntitySchema } from './entity.ts';
import { SourceSchema } from './freshness.ts';
import { HealthStateSchema } from './health.ts';
import { LinkSchema } from './link.ts';

/** Everything that is known now. */
export const WorldSnapshotSchema = z.object({
  type: z.literal('snapshot'),
  /** Number of the last patch contained in it. */
  seq: z.number().int(),
  environmentId: z.string(),
  /** Epoch ms of the engine's clock; screens measure ages against this clock, not their own. */
  at: z.number(),
  connections: z.array(ConnectionStatusSchema),
  sources: z.array(SourceSchema),
  entities: z.array(EntitySchema),
  links: z.array(LinkSchema),
});
export type WorldSnapshot = z.infer<typeof WorldSnapshotSchema>;

/** What changed since `seq - 1`. A receiver that misses a number asks for a snapshot. */
export const WorldPatchSchema = z.object({
  type: z.literal('patch'),
  seq: z.number().int(),
  at: z.number(),
  connections: z.array(ConnectionStatusSchema),
  removedConnections: z.array(z.string()),
  sources: z.array(SourceSchema),
  removedSources: z.array(z.string()),
  entities: z.array(EntitySchema),
  removedEntities: z.array(z.string()),
  links: z.array(LinkSchema),
  /** `linkKey`s */
  removedLinks: z.array(z.string()),
});
export type WorldPatch = z.infer<typeof WorldPatchSchema>;

export const WorldEventSchema = z.discriminatedUnion('type', [WorldSnapshotSchema, WorldPatchSchema]);
export type WorldEvent = z.infer<typeof WorldEventSchema>;

/** One change of an entity's rolled-up health, as seen by this engine since it started. */
export const TransitionSchema = z.object({
  entityId: z.string(),
  at: z.number(),
  /** null: first sight. */
  from: HealthStateSchema.nullable(),
  /** null: the entity went away. */
  to: HealthStateSchema.nullable(),
  reason: z.string().max(1_000).optional(),
});
export type Transition = z.infer<typeof TransitionSchema>;
