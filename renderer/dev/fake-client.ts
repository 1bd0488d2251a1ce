import type { GantryClient } from '../../shared/contract/contract.ts';
import { checkStepNames, type CheckStep } from '../../shared/model/connection.ts';
import type { Entity } from '../../shared/model/entity.ts';
import type { Transition, WorldEvent, WorldSnapshot } from '../../shared/model/world.ts';
import type { Transport } from '../app/transport.ts';
import { samplePatch } from '../world/sample.ts';
import { makeSnapshot, type FixtureState } from './world.ts';

const never = () => new Promise<never>(() => {});
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

const PATCH_MS = 1_000;
/** Worlds of this size change all the time, to feel what that costs. */
const BUSY_FROM = 10_000;
const LOST_AFTER_MS = 2_000;

/** A transport to an engine that lives in this page. In `lost` it dies and never comes back; in `refused` it never opens. */
export function openFixture(state: FixtureState): () => Promise<Transport> {
  let opened = 0;
  return () => {
    opened++;
    if (state === 'refused' || (state === 'lost' && opened > 1))
      return Promise.reject(new Error('the engine is not there'));
    const closed =
      state === 'lost' ? pause(LOST_AFTER_MS).then(() => 'the engine ended with signal 9') : never();
    return Promise.resolve({ client: fakeClient(makeSnapshot(state, Date.now())), closed });
  };
}

function fakeClient(world: WorldSnapshot): GantryClient {
  const client = {
    app: { watchStats: () => Promise.resolve(stats(world)) },
    environments: {
      list: () =>
        Promise.resolve([
          {
            id: 'prod-eu',
            name: 'prod-eu',
            protection: 'read-only',
            origin: 'environment file',
            active: true,
            connectionCount: world.connections.length,
          },
          {
            id: 'lab',
            name: 'lab',
            protection: 'open',
            origin: 'built-in lab',
            active: false,
            connectionCount: 4,
          },
        ]),
      activate: () => never(),
    },
    connections: { retry: () => Promise.resolve({ accepted: true }), test: () => Promise.resolve(steps()) },
    world: {
      watch: () => Promise.resolve(events(world)),
      transitions: ({ entityId }: { entityId?: string }) => Promise.resolve(transitionsOf(world, entityId)),
    },
  };
  return client as unknown as GantryClient;
}

async function* stats(world: WorldSnapshot) {
  for (;;) {
    yield {
      at: Date.now(),
      cpuFraction: 0.011,
      memoryBytes: 148 * 2 ** 20,
      requestsPerSecond: 6.2,
      entities: world.entities.length,
      links: world.links.length,
    };
    await pause(2_000);
  }
}

/** The snapshot, then the answers that keep its live sources live. */
async function* events(world: WorldSnapshot): AsyncGenerator<WorldEvent> {
  yield world;
  const busy = world.entities.length >= BUSY_FROM;
  for (let seq = world.seq + 1; ; seq++) {
    await pause(PATCH_MS);
    const at = Date.now();
    yield samplePatch(seq, {
      at,
      entities: busy ? someChanged(world.entities, seq, at) : [],
      sources: world.sources.map((source) =>
        source.state === 'live' ? { ...source, asOf: at - 300 } : source,
      ),
      connections: world.connections.map((connection) =>
        connection.state === 'live' ? { ...connection, lastAnswerAt: at - 300 } : connection,
      ),
    });
  }
}

/** One in a hundred goes down or comes back. */
function someChanged(entities: readonly Entity[], seq: number, at: number): Entity[] {
  const state = seq % 2 === 0 ? ('down' as const) : ('healthy' as const);
  return entities
    .filter((_, index) => index % 100 === seq % 7)
    .map((entity) => ({ ...entity, health: { state, since: at, causes: [] } }));
}

async function* steps(): AsyncGenerator<CheckStep> {
  for (const step of checkStepNames) {
    await pause(200);
    yield { step, ok: true, detail: `${step} was found in order`, ms: 3.2 };
  }
}

function transitionsOf(world: WorldSnapshot, entityId: string | undefined): Transition[] {
  return world.entities
    .filter(({ id, health }) => (entityId === undefined ? health.state !== 'healthy' : id === entityId))
    .flatMap(({ id, health }): Transition[] => [
      {
        entityId: id,
        at: health.since,
        from: 'healthy',
        to: health.state,
        ...(health.reason === undefined ? {} : { reason: health.reason }),
      },
      { entityId: id, at: health.since - 900_000, from: null, to: 'healthy' },
    ])
    .sort((a, b) => b.at - a.at)
    .slice(0, 100);
}
