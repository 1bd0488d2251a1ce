import type { Fault } from '../kit/faults.ts';
import type { LabServer } from '../kit/server.ts';

const RETRY_LISTEN_MS = 200;

/**
 * A server whose process can be off: while `isUp` says no, its port is closed and its connections are cut, as after
 * a kill or a power loss. Independent of faults: the fault asked for is kept, reported, and in effect again with the power.
 * `update` must be called whenever `isUp` may have changed; calls are applied in order.
 */
export function poweredServer(
  server: LabServer,
  isUp: () => boolean,
): { readonly server: LabServer; update(): Promise<void> } {
  let wanted: Fault = server.fault;
  let closed = false;
  let queue: Promise<void> = Promise.resolve();

  const apply = async () => {
    const effective: Fault = isUp() ? wanted : { mode: 'down' };
    if (closed || same(effective, server.fault)) return;
    try {
      await server.setFault(effective);
    } catch (thrown) {
      if (effective.mode === 'tls-expired') throw thrown;
      // Somebody else holds the port for the moment. Back to `down`, so that the next try listens again.
      await server.setFault({ mode: 'down' });
      setTimeout(() => void update(), RETRY_LISTEN_MS).unref();
    }
  };
  const update = () => {
    const turn = queue.then(apply);
    queue = turn.catch(() => {});
    return turn;
  };

  return {
    update,
    server: {
      name: server.name,
      origin: server.origin,
      requestCount: server.requestCount,
      get fault() {
        return wanted;
      },
      async setFault(fault) {
        const before = wanted;
        wanted = fault;
        try {
          await update();
        } catch (thrown) {
          wanted = before;
          throw thrown;
        }
      },
      async close() {
        closed = true;
        await queue;
        await server.close();
      },
    },
  };
}

function same(a: Fault, b: Fault): boolean {
  return a.mode === b.mode && a.ms === b.ms;
}
