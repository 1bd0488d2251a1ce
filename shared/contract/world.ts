import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { TransitionSchema, WorldEventSchema, WorldSnapshotSchema } from '../model/world.ts';
import { call, stream } from './procedure.ts';

export const world = {
  snapshot: call(10_000).input(z.strictObject({})).output(WorldSnapshotSchema),
  /** First the snapshot, then at most one patch a frame (16 ms), only when something changed. */
  watch: stream(10_000).input(z.strictObject({})).output(eventIterator(WorldEventSchema)),
  /** Health transitions since the engine started, newest first; of one entity, or of all. */
  transitions: call(5_000)
    .input(
      z.strictObject({
        entityId: z.string().max(1_000).optional(),
        limit: z.number().int().min(1).max(1_000).default(200),
      }),
    )
    .output(z.array(TransitionSchema).max(1_000)),
};
