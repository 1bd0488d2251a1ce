import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { GantryClient } from '../../shared/contract/contract.ts';
import type { WorldEvent } from '../../shared/model/world.ts';
import { applyEvent, emptyMirror } from '../world/mirror.ts';
import { samplePatch, sampleSnapshot } from '../world/sample.ts';
import { pauseMs, runSession, type SessionDeps, type SessionState } from './session.ts';
import type { Transport } from './transport.ts';

/** A stream that the test feeds by hand. Like the contract's own, it can be left while it waits. */
function stream<T>() {
  const queue: T[] = [];
  let wake: (() => void) | null = null;
  let ended = false;
  let left = false;
  const iterator: AsyncIterableIterator<T> = {
    async next() {
      if (queue.length === 0 && !ended) await new Promise<void>((resolve) => (wake = resolve));
      const value = queue.shift();
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    return() {
      left = true;
      return Promise.resolve({ done: true, value: undefined });
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  const poke = () => wake?.();
  return {
    events: () => iterator,
    push: (value: T) => (queue.push(value), poke()),
    end: () => ((ended = true), poke()),
    wasLeft: () => left,
  };
}

interface Life {
  readonly world: ReturnType<typeof stream<WorldEvent>>[];
  close(reason: string): void;
}

/** An engine that can be killed, and a session on it. Sleeps end when the test says so. */
function setUp(options: { openFails?: number } = {}) {
  const mirror = emptyMirror();
  const states: Partial<SessionState>[] = [];
  const lives: Life[] = [];
  const sleeps: { ms: number; done: () => void }[] = [];
  let failures = options.openFails ?? 0;
  let now = 1_000;

  function open(): Promise<Transport> {
    if (failures-- > 0) return Promise.reject(new Error('no engine yet'));
    const world: Life['world'] = [];
    let close: (reason: string) => void = () => {};
    const closed = new Promise<string>((resolve) => (close = resolve));
    const client = {
      world: {
        watch: () => {
          const watch = stream<WorldEvent>();
          world.push(watch);
          return Promise.resolve(watch.events());
        },
      },
      app: { watchStats: () => Promise.resolve(stream().events()) },
    } as unknown as GantryClient;
    lives.push({ world, close: (reason) => close(reason) });
    return Promise.resolve({ client, closed });
  }

  const deps: SessionDeps = {
    open,
    apply: (event) => applyEvent(mirror, event, now),
    set: (state) => states.push(state),
    now: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleeps.push({ ms, done: resolve });
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    random: () => 1,
  };
  const stop = new AbortController();
  const done = runSession(deps, stop.signal);
  /** The state as the console sees it: all that was set, in order. */
  const state = () => Object.assign({}, ...states) as SessionState;
  const advance = (ms: number) => (now += ms);
  /** Ends the oldest pending sleep of this length. */
  const wake = (ms: number) => {
    const index = sleeps.findIndex((sleep) => sleep.ms === ms);
    if (index < 0) return false;
    sleeps.splice(index, 1)[0]?.done();
    return true;
  };
  return { mirror, lives, state, stop, done, advance, wake, sleeps };
}

async function live(session: ReturnType<typeof setUp>, life = 0) {
  await vi.waitFor(() => expect(session.lives[life]?.world).toHaveLength(1));
  session.lives[life]?.world[0]?.push(sampleSnapshot({ seq: 4 }));
  await vi.waitFor(() => expect(session.state().phase).toBe('live'));
}

describe('runSession', () => {
  it('is live from the first snapshot on', async () => {
    const session = setUp();
    await live(session);
    expect(session.mirror.seq).toBe(4);
    expect(session.state()).toMatchObject({ error: null, attempt: 0, lostAt: null });
    session.stop.abort();
    await session.done;
    await vi.waitFor(() => expect(session.lives[0]?.world[0]?.wasLeft()).toBe(true));
  });

  it('watches anew at once after a missed patch, without calling the engine lost', async () => {
    const session = setUp();
    await live(session);
    session.lives[0]?.world[0]?.push(samplePatch(9));
    await vi.waitFor(() => expect(session.lives[0]?.world).toHaveLength(2));
    session.lives[0]?.world[1]?.push(sampleSnapshot({ seq: 9 }));
    await vi.waitFor(() => expect(session.mirror.seq).toBe(9));
    expect(session.lives).toHaveLength(1);
    expect(session.state().phase).toBe('live');
    session.stop.abort();
    await session.done;
  });

  it('keeps the last state when the engine dies, says so, and comes back by itself', async () => {
    const session = setUp();
    await live(session);
    session.advance(500);
    session.lives[0]?.close('engine exited with code 9');
    await vi.waitFor(() => expect(session.state().phase).toBe('lost'));
    expect(session.state()).toMatchObject({ client: null, attempt: 1, lostAt: 1_500 });
    expect(session.state().error).toMatchObject({ code: 'engine-lost', detail: 'engine exited with code 9' });
    expect(session.mirror.seq).toBe(4);

    expect(session.wake(250)).toBe(true);
    await live(session, 1);
    expect(session.state()).toMatchObject({ error: null, attempt: 0, lostAt: null });
    session.stop.abort();
    await session.done;
  });

  it('tries with growing pauses while there is no engine, and is not "lost" before it ever lived', async () => {
    const session = setUp({ openFails: 2 });
    await vi.waitFor(() => expect(session.state().attempt).toBe(1));
    expect(session.state().phase).toBe('starting');
    expect(session.wake(250)).toBe(true);
    await vi.waitFor(() => expect(session.state().attempt).toBe(2));
    expect(session.state().lostAt).toBe(1_000);
    expect(session.wake(500)).toBe(true);
    await live(session);
    session.stop.abort();
    await session.done;
  });

  it('takes a stream that ends for a lost engine', async () => {
    const session = setUp();
    await live(session);
    session.lives[0]?.world[0]?.end();
    await vi.waitFor(() => expect(session.state().phase).toBe('lost'));
    session.stop.abort();
    await session.done;
  });

  it('refuses a watch that does not begin with a snapshot', async () => {
    const session = setUp();
    await vi.waitFor(() => expect(session.lives[0]?.world).toHaveLength(1));
    session.lives[0]?.world[0]?.push(samplePatch(0));
    await vi.waitFor(() => expect(session.state().error?.code).toBe('malformed'));
    session.stop.abort();
    await session.done;
  });

  it('takes a silent engine for frozen, but forgives a machine that slept', async () => {
    const session = setUp();
    await live(session);
    session.advance(60_000);
    session.wake(5_000);
    await vi.waitFor(() => expect(session.sleeps.some(({ ms }) => ms === 5_000)).toBe(true));
    expect(session.state().phase).toBe('live');
    for (let check = 0; check < 4; check++) {
      await vi.waitFor(() => expect(session.sleeps.some(({ ms }) => ms === 5_000)).toBe(true));
      session.advance(5_000);
      session.wake(5_000);
    }
    await vi.waitFor(() => expect(session.state().phase).toBe('lost'));
    expect(session.state().error?.detail).toContain('15 s');
    session.stop.abort();
    await session.done;
  });

  it('ends when it is told to, even in a pause', async () => {
    const session = setUp({ openFails: 99 });
    await vi.waitFor(() => expect(session.sleeps).toHaveLength(1));
    session.stop.abort();
    await session.done;
  });
});

it('pauses never more than 5 s, never less than 125 ms', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (n, random) => {
        expect(pauseMs(n, random)).toBeGreaterThanOrEqual(125);
        expect(pauseMs(n, random)).toBeLessThanOrEqual(5_000);
        expect(pauseMs(n + 1, random)).toBeGreaterThanOrEqual(pauseMs(n, random));
      },
    ),
  );
});
