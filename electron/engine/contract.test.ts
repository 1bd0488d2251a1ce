import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { MessageChannel } from 'node:worker_threads';
import { RPCLink as MessagePortLink } from '@orpc/client/message-port';
import { RPCLink as WebSocketLink } from '@orpc/client/websocket';
import { isContractProcedure, type AnyContractRouter } from '@orpc/contract';
import { RPCHandler as MessagePortHandler } from '@orpc/server/message-port';
import { RPCHandler as WebSocketHandler } from '@orpc/server/ws';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { asGantryError, createGantryClient, metaAt } from '../../shared/contract/client.ts';
import { contract, type GantryClient } from '../../shared/contract/contract.ts';
import { EnvironmentFileSchema } from '../../shared/model/environment.ts';
import type { GantryError } from '../../shared/model/error.ts';
import type { WorldEvent } from '../../shared/model/world.ts';
import { createEngine, type Engine } from './engine.ts';
import { connectInProcess } from './in-process.ts';
import type { ObserveContext, System } from './systems/system.ts';
import { host, observation } from './world/fixture.ts';

/** Every procedure that a test below drives; the registry test fails for those left out. */
const driven = new Set<string>();
const stops: (() => unknown)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

const environments = [
  { id: 'one', origin: 'test', file: environmentFile('One', ['pve']) },
  { id: 'two', origin: 'test', file: environmentFile('Two', ['other-a', 'other-b']) },
];

/** A system without a network: the test says what it sees. */
function scriptedSystem() {
  const contexts: ObserveContext[] = [];
  const system: System = {
    kind: 'proxmox',
    title: 'Scripted',
    budget: { requestsPerMinute: 60, concurrency: 1 },
    authTypes: ['none'],
    authHeaders: () => ({}),
    check: () => Promise.resolve({ version: '1.0', permissions: 'all' }),
    sources: () => [
      {
        scope: 'all',
        mode: 'watch',
        intervalMs: 60_000,
        observe: (context) => {
          contexts.push(context);
          context.publish(observation('all', [host('pve-1')], [], context.clock.now()));
          return new Promise((_, reject) => {
            context.signal.addEventListener('abort', () => reject(context.signal.reason as Error), {
              once: true,
            });
          });
        },
      },
    ],
  };
  return { system, contexts };
}

async function startEngine(activate: string | undefined = 'one') {
  const { system, contexts } = scriptedSystem();
  const engine = await createEngine({
    host: 'test',
    environments,
    ...(activate === undefined ? {} : { activate }),
    lookup: (kind) => (kind === 'proxmox' ? system : undefined),
    logger: { info: () => {}, warn: () => {} },
  });
  stops.push(() => engine.stop());
  return { engine, contexts };
}

const transports: Record<string, (engine: Engine) => Promise<GantryClient>> = {
  'in process': (engine) => Promise.resolve(connectInProcess(engine)),
  'over a MessagePort': (engine) => {
    const { port1, port2 } = new MessageChannel();
    new MessagePortHandler(engine.router).upgrade(port1);
    stops.push(() => port1.close());
    return Promise.resolve(createGantryClient(new MessagePortLink({ port: port2 })));
  },
  'over a WebSocket': async (engine) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => void new WebSocketHandler(engine.router).upgrade(socket));
    const websocket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    await once(websocket, 'open');
    stops.push(() => {
      websocket.close();
      server.close();
    });
    return createGantryClient(new WebSocketLink({ websocket: websocket as unknown as globalThis.WebSocket }));
  },
};

describe.each(Object.keys(transports))('%s', (transport) => {
  const procedure = (
    path: string,
    test: (client: GantryClient, more: Awaited<ReturnType<typeof startEngine>>) => Promise<void>,
  ) => {
    driven.add(path);
    it(path, async () => {
      const started = await startEngine();
      await test(await transports[transport]!(started.engine), started);
    });
  };

  procedure('app.info', async (client) => {
    expect(await client.app.info({})).toMatchObject({
      host: 'test',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
  });

  procedure('app.watchStats', async (client) => {
    const stats = await first(await client.app.watchStats({}));
    expect(stats.memoryBytes).toBeGreaterThan(1e6);
    expect(stats.cpuFraction).toBeGreaterThanOrEqual(0);
  });

  procedure('environments.list', async (client) => {
    expect(
      (await client.environments.list({})).map(({ id, active, connectionCount }) => ({
        id,
        active,
        connectionCount,
      })),
    ).toEqual([
      { id: 'one', active: true, connectionCount: 1 },
      { id: 'two', active: false, connectionCount: 2 },
    ]);
  });

  procedure('environments.activate', async (client) => {
    const events = await client.world.watch({});
    const before = await first(events, { keep: true });
    expect(before).toMatchObject({ type: 'snapshot', environmentId: 'one' });
    expect(await client.environments.activate({ id: 'two' })).toMatchObject({ id: 'two', active: true });
    for await (const event of events) if (event.type === 'snapshot' && event.environmentId === 'two') break;
    const failure = await failureOf(client.environments.activate({ id: 'three' }));
    expect(failure).toMatchObject({ code: 'not-found', target: 'three', knownEffect: 'nothing was changed' });
  });

  procedure('connections.list', async (client) => {
    expect(await client.connections.list({})).toMatchObject([
      { id: 'pve', system: 'proxmox', hasSecret: false },
    ]);
  });

  procedure('connections.retry', async (client) => {
    expect(await client.connections.retry({ id: 'pve' })).toEqual({ accepted: expect.any(Boolean) });
    expect(await failureOf(client.connections.retry({ id: 'nope' }))).toMatchObject({
      code: 'not-found',
      target: 'nope',
    });
  });

  procedure('connections.test', async (client) => {
    const steps = [];
    for await (const step of await client.connections.test({ id: 'pve' })) steps.push(step);
    // Nothing listens there: the steps end where they fail.
    expect(steps.at(-1)).toMatchObject({ step: 'tcp', ok: false, error: { code: 'unreachable' } });
  });

  procedure('world.snapshot', async (client) => {
    await vi.waitFor(async () =>
      expect((await client.world.snapshot({})).entities.map(({ name }) => name)).toEqual(['pve-1']),
    );
  });

  procedure('world.watch', async (client, { contexts }) => {
    const seen: WorldEvent[] = [];
    for await (const event of await client.world.watch({})) {
      seen.push(event);
      if (event.entities.some(({ id }) => id.endsWith('/pve-2'))) break;
      if (event.entities.some(({ id }) => id.endsWith('/pve-1'))) {
        contexts[0]!.publish(observation('all', [host('pve-1'), host('pve-2')], [], Date.now()));
      }
    }
    expect(seen[0]?.type).toBe('snapshot');
    expect(seen.at(-1)?.type).toBe('patch');
    const numbers = seen.map(({ seq }) => seq);
    expect(numbers).toEqual(numbers.map((_, i) => numbers[0]! + i));
  });

  procedure('world.transitions', async (client, { contexts }) => {
    await vi.waitFor(() => expect(contexts).toHaveLength(1));
    const say = (state: 'healthy' | 'down') =>
      contexts[0]!.publish(
        observation(
          'all',
          [host('pve-1', state === 'down' ? { state, reason: 'offline' } : { state })],
          [],
          Date.now(),
        ),
      );
    await client.world.snapshot({});
    say('down');
    await vi.waitFor(async () => {
      expect(await client.world.transitions({ limit: 10 })).toMatchObject([
        { entityId: 'proxmox/pve/node/pve-1', from: 'healthy', to: 'down', reason: 'offline' },
      ]);
    });
  });

  it('refuses input that does not fit, and does nothing', async () => {
    const { engine } = await startEngine();
    const client = await transports[transport]!(engine);
    const failure = await failureOf(
      client.environments.activate({ id: 'two', force: true } as { id: string }),
    );
    expect(failure).toMatchObject({ code: 'invalid-input', knownEffect: 'nothing was done' });
    expect((await client.environments.list({})).find(({ active }) => active)?.id).toBe('one');
  });

  it.each(['leaving the loop', 'aborting'])('lets the engine forget a watcher: by %s', async (how) => {
    const { engine } = await startEngine();
    const client = await transports[transport]!(engine);
    const watchers = async () => (await first(await client.app.watchStats({}))).watchers;
    const abort = new AbortController();
    const events = await client.world.watch({}, { signal: abort.signal });
    await first(events, { keep: true });
    expect(await watchers()).toBe(1);
    if (how === 'aborting') abort.abort();
    else await events.return?.();
    await vi.waitFor(async () => expect(await watchers()).toBe(0));
  });
});

describe('the registry', () => {
  const paths = [...proceduresOf(contract)];

  it.each(paths)('%s has schemas both ways and a deadline', (path) => {
    const segments = path.split('.');
    const procedure = segments.reduce<AnyContractRouter>(
      (node, segment) => (node as Record<string, AnyContractRouter>)[segment]!,
      contract,
    );
    if (!isContractProcedure(procedure)) throw new Error(`${path} is no procedure`);
    expect(procedure['~orpc'].inputSchema).toBeDefined();
    expect(procedure['~orpc'].outputSchema).toBeDefined();
    expect(Object.keys(procedure['~orpc'].errorMap)).toContain('GANTRY');
    const meta = metaAt(segments);
    expect(meta?.deadlineMs).toBeGreaterThan(0);
    expect(meta?.deadlineMs).toBeLessThanOrEqual(60_000);
  });

  it('has no procedure without a test above', () => {
    expect(paths.filter((path) => !driven.has(path))).toEqual([]);
  });
});

describe('a call without an answer', () => {
  it('ends by its deadline, as a typed error', async () => {
    vi.useFakeTimers();
    stops.push(() => vi.useRealTimers());
    const client = createGantryClient({ call: () => new Promise(() => {}) });
    const failure = failureOf(client.app.info({}));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await failure).toMatchObject({ code: 'timeout', attempted: 'app.info' });
  });
});

afterAll(() => driven.clear());

function environmentFile(name: string, ids: string[]) {
  return EnvironmentFileSchema.parse({
    name,
    protection: 'open',
    // Port 1 of loopback: nothing listens there.
    connections: ids.map((id) => ({ id, system: 'proxmox', url: 'http://127.0.0.1:1' })),
  });
}

function* proceduresOf(node: AnyContractRouter, path: string[] = []): Generator<string> {
  if (isContractProcedure(node)) yield path.join('.');
  else for (const [name, child] of Object.entries(node)) yield* proceduresOf(child, [...path, name]);
}

async function first<T>(events: AsyncIterable<T>, options: { keep?: boolean } = {}): Promise<T> {
  const iterator = events[Symbol.asyncIterator]();
  const { value } = (await iterator.next()) as { value: T };
  if (!options.keep) await iterator.return?.();
  return value;
}

async function failureOf(call: Promise<unknown>): Promise<GantryError['data']> {
  try {
    await call;
  } catch (thrown) {
    return asGantryError(thrown, ['environments', 'activate']).data;
  }
  throw new Error('the call did not fail');
}
