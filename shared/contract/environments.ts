import { z } from 'zod';
import { EnvironmentSummarySchema } from '../model/environment.ts';
import { call } from './procedure.ts';

export const environments = {
  list: call(5_000).input(z.strictObject({})).output(z.array(EnvironmentSummarySchema).max(1_000)),
  /** Connects to this environment and leaves the one before; world watchers get a new snapshot. Unknown id: `not-found`. */
  activate: call(10_000)
    .input(z.strictObject({ id: z.string().min(1).max(200) }))
    .output(EnvironmentSummarySchema),
};
