import { createORPCClient, ORPCError, type ClientContext, type ClientLink } from '@orpc/client';
import { isContractProcedure, type AnyContractRouter } from '@orpc/contract';
import { GantryError, GantryErrorDataSchema, type GantryErrorData } from '../model/error.ts';
import { contract, type GantryClient } from './contract.ts';
import type { ProcedureMeta } from './procedure.ts';

/** Meta of the procedure at `path`, or undefined when the contract has none there. */
export function metaAt(path: readonly string[]): ProcedureMeta | undefined {
  let node: AnyContractRouter | undefined = contract;
  for (const segment of path) {
    if (node === undefined || isContractProcedure(node)) return undefined;
    node = Object.hasOwn(node, segment) ? node[segment] : undefined;
  }
  return isContractProcedure(node) ? (node['~orpc'].meta as ProcedureMeta) : undefined;
}

/**
 * A client over any transport. Every call ends by its deadline: the engine enforces it too, this side makes sure of it
 * when the engine is gone. Errors arrive as `GantryError`.
 */
export function createGantryClient(link: ClientLink<ClientContext>): GantryClient {
  return createORPCClient<GantryClient>({
    async call(path, input, options) {
      const meta = metaAt(path);
      if (!meta) throw new GantryError(noSuchProcedure(path));
      const deadline = new AbortController();
      const timer = setTimeout(
        () => deadline.abort(new GantryError(deadlinePassed(path, meta))),
        meta.deadlineMs + GRACE_MS,
      );
      const signal = options.signal ? AbortSignal.any([options.signal, deadline.signal]) : deadline.signal;
      try {
        const aborted = new Promise<never>((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        });
        aborted.catch(() => {});
        return await Promise.race([link.call(path, input, { ...options, signal }), aborted]);
      } catch (thrown) {
        throw asGantryError(thrown, path);
      } finally {
        clearTimeout(timer);
      }
    },
  });
}

/** The engine answers a passed deadline itself; this side waits a little longer, to hear its better explanation. */
const GRACE_MS = 1_000;

/** Whatever a transport throws, as the one error type that screens know. */
export function asGantryError(thrown: unknown, path: readonly string[] = []): GantryError {
  if (thrown instanceof GantryError) return thrown;
  if (thrown instanceof ORPCError) {
    const data = GantryErrorDataSchema.safeParse(thrown.data);
    if (data.success) return new GantryError(data.data, { cause: thrown });
    if (thrown.code === 'BAD_REQUEST')
      return new GantryError(badInput(path, thrown.message), { cause: thrown });
  }
  const aborted = thrown instanceof Error && thrown.name === 'AbortError';
  return new GantryError(
    {
      code: aborted ? 'aborted' : 'engine-lost',
      attempted: path.join('.') || 'call the engine',
      target: 'engine',
      knownEffect: 'unknown: the engine did not answer',
      advice: aborted ? 'The request was cancelled.' : 'The console reconnects by itself; try again then.',
      retryable: true,
      detail: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 500),
    },
    { cause: thrown },
  );
}

function noSuchProcedure(path: readonly string[]): GantryErrorData {
  return {
    code: 'invalid-input',
    attempted: path.join('.'),
    target: 'engine',
    knownEffect: 'nothing was sent',
    advice: 'The contract has no such procedure.',
    retryable: false,
  };
}

function badInput(path: readonly string[], detail: string): GantryErrorData {
  return {
    code: 'invalid-input',
    attempted: path.join('.'),
    target: 'engine',
    knownEffect: 'nothing was done',
    advice: 'The input does not fit the contract.',
    retryable: false,
    detail: detail.slice(0, 500),
  };
}

function deadlinePassed(path: readonly string[], meta: ProcedureMeta): GantryErrorData {
  return {
    code: 'timeout',
    attempted: path.join('.'),
    target: 'engine',
    knownEffect: 'unknown: the engine did not answer in time',
    advice: `No answer within ${meta.deadlineMs} ms. The engine may be busy or restarting.`,
    retryable: true,
  };
}
