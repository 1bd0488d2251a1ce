import { oc } from '@orpc/contract';
import { GantryErrorDataSchema } from '../model/error.ts';

/** Said of every procedure. A test walks the registry and fails where it is missing. */
export interface ProcedureMeta {
  /**
   * Calls: the answer must be complete after this many ms. Streams: the first event must come within it; afterwards
   * the stream lives until its consumer leaves it.
   */
  readonly deadlineMs: number;
  readonly kind: 'call' | 'stream';
}

/** The only error a procedure throws across the boundary: `error.data` says everything. */
export const gantryErrors = {
  GANTRY: { status: 500, message: 'The operation failed', data: GantryErrorDataSchema },
} as const;

const base = oc.$meta<ProcedureMeta>({ deadlineMs: 0, kind: 'call' }).errors(gantryErrors);

/** A request with one answer. */
export function call(deadlineMs: number) {
  return base.meta({ deadlineMs, kind: 'call' });
}

/** A request answered by events, until the consumer leaves its `for await`. Its output is an `eventIterator`. */
export function stream(firstEventDeadlineMs: number) {
  return base.meta({ deadlineMs: firstEventDeadlineMs, kind: 'stream' });
}
