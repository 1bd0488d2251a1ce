import { AsyncIteratorClass } from '@orpc/contract';
import { implement, ORPCError } from '@orpc/server';
import { contract } from '../../shared/contract/contract.ts';
import { metaAt } from '../../shared/contract/client.ts';
import { GantryError, toErrorData, type GantryErrorData } from '../../shared/model/error.ts';
import type { RunningConnection } from './connections/runner.ts';
import type { EngineServices } from './engine.ts';
import { watchStats } from './stats.ts';

export type EngineRouter = ReturnType<typeof createRouter>;

/** Handlers of the whole contract. Inputs and outputs are checked against its schemas on this side of the boundary. */
export function createRouter(engine: EngineServices) {
  const guarded = implement(contract).use(async ({ next, path, errors }) => {
    const attempted = path.join('.');
    const meta = metaAt(path);
    const deadlineMs = meta?.deadlineMs ?? 0;
    const explain = (thrown: unknown) =>
      // What the transport itself refuses (a schema that the input does not fit) passes as it is.
      thrown instanceof ORPCError
        ? thrown
        : errors.GANTRY({ data: toErrorData(thrown, attempted, 'engine'), cause: thrown });
    try {
      const result = await within(deadlineMs, attempted, next());
      if (meta?.kind !== 'stream') return result;
      return {
        ...result,
        output: guardStream(result.output as AsyncIterable<unknown>, deadlineMs, attempted, explain),
      };
    } catch (thrown) {
      throw explain(thrown);
    }
  });

  return guarded.router({
    app: {
      info: guarded.app.info.handler(() => engine.info),
      watchStats: guarded.app.watchStats.handler(({ signal }) => watchStats(engine, signal)),
    },
    environments: {
      list: guarded.environments.list.handler(() => engine.environments()),
      activate: guarded.environments.activate.handler(({ input }) => engine.activate(input.id)),
    },
    connections: {
      list: guarded.connections.list.handler(() => engine.session()?.connections() ?? []),
      retry: guarded.connections.retry.handler(({ input }) => ({
        accepted: connectionOf(engine, input.id, 'try again').retry(),
      })),
      test: guarded.connections.test.handler(({ input, signal }) =>
        connectionOf(engine, input.id, 'test the connection').test(signal),
      ),
    },
    world: {
      snapshot: guarded.world.snapshot.handler(() => {
        const session = engine.session();
        if (!session) throw new GantryError(noEnvironment('read the world'));
        return session.snapshot();
      }),
      watch: guarded.world.watch.handler(({ signal }) => engine.feed.read(signal)),
      transitions: guarded.world.transitions.handler(
        ({ input }) => engine.session()?.world.transitions(input.entityId, input.limit) ?? [],
      ),
    },
  });
}

/** Fails with `timeout` when `work` takes longer. */
async function within<T>(deadlineMs: number, attempted: string, work: T | PromiseLike<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new GantryError(deadlinePassed(attempted, deadlineMs))), deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}

/** A stream's first event must come by the deadline; whatever it throws later is explained like a call's failure. */
function guardStream(
  events: AsyncIterable<unknown>,
  deadlineMs: number,
  attempted: string,
  explain: (thrown: unknown) => Error,
): AsyncIteratorClass<unknown, void, void> {
  const iterator = events[Symbol.asyncIterator]();
  let first = true;
  return new AsyncIteratorClass(
    async () => {
      try {
        const item = first ? await within(deadlineMs, attempted, iterator.next()) : await iterator.next();
        first = false;
        return item.done ? { done: true, value: undefined } : item;
      } catch (thrown) {
        throw explain(thrown);
      }
    },
    async () => {
      await iterator.return?.();
    },
  );
}

function connectionOf(engine: EngineServices, id: string, attempted: string): RunningConnection {
  const connection = engine.session()?.connection(id);
  if (connection) return connection;
  throw new GantryError({
    code: 'not-found',
    attempted,
    target: id,
    knownEffect: 'nothing was sent',
    advice: 'The environment at work has no connection of this id.',
    retryable: false,
  });
}

function noEnvironment(attempted: string): GantryErrorData {
  return {
    code: 'not-found',
    attempted,
    target: 'environment',
    knownEffect: 'nothing was read',
    advice: 'No environment is at work. Choose one first.',
    retryable: true,
  };
}

function deadlinePassed(attempted: string, deadlineMs: number): GantryErrorData {
  return {
    code: 'timeout',
    attempted,
    target: 'engine',
    knownEffect: 'unknown: the engine did not finish in time',
    advice: `Not done within ${deadlineMs} ms. Try again; the engine may be busy.`,
    retryable: true,
  };
}
