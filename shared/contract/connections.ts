import { eventIterator } from '@orpc/contract';
import { z } from 'zod';
import { CheckStepSchema, ConnectionStatusSchema } from '../model/connection.ts';
import { call, stream } from './procedure.ts';

const ConnectionRef = z.strictObject({ id: z.string().min(1).max(200) });

export const connections = {
  list: call(5_000).input(z.strictObject({})).output(z.array(ConnectionStatusSchema).max(200)),
  /** Tries again at once instead of waiting for the back-off. Unknown id: `not-found`. */
  retry: call(5_000)
    .input(ConnectionRef)
    .output(z.strictObject({ accepted: z.boolean() })),
  /** DNS → TCP → TLS → auth → version → permissions, one event a step; ends after the first that fails. */
  test: stream(15_000).input(ConnectionRef).output(eventIterator(CheckStepSchema)),
};
