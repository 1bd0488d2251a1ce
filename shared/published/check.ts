import { z } from 'zod';
import { CheckStepSchema, SystemKindSchema } from '../model/connection.ts';

/** What `gantry check --json` prints: a published format, version 1. */
export const PublishedCheckSchema = z.object({
  schema: z.literal('gantry.check/1'),
  ok: z.boolean(),
  connections: z.array(
    z.object({
      id: z.string(),
      system: SystemKindSchema,
      url: z.string(),
      ok: z.boolean(),
      /** Name of the step that failed; absent when all passed. */
      failedStep: z.string().optional(),
      steps: z.array(CheckStepSchema),
    }),
  ),
});
export type PublishedCheck = z.infer<typeof PublishedCheckSchema>;
