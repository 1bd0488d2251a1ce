import type { EngineStats } from '../../shared/contract/app.ts';
import { asGantryError } from '../../shared/contract/client.ts';
import type { GantryClient } from '../../shared/contract/contract.ts';
import { GantryError, type GantryErrorData } from '../../shared/model/error.ts';
import type { WorldEvent } from '../../shared/model/world.ts';
import type { ApplyResult } from '../world/mirror.ts';
import type { Transport } from './transport.ts';

/**
 * `starting`: no world seen yet. `live`: the world is being watched. `lost`: the engine went away; the last state stays
 * on screen, marked, while the session tries again.
 */
export interface SessionState {
  readonly phase: 'starting' | 'live' | 'lost';
  /** Set while live. */
  readonly client: GantryClient | null;
  /** Why the last attempt failed or the session was lost; null while live. */
  readonly error: GantryErrorData | null;
  /** Attempts that failed since the session was last live. */
  readonly attempt: number;
  /** Local epoch ms since when there is no engine; null while live. */
  readonly lostAt: number | null;
  readonly stats: EngineStats | null;
}

/** What a session needs from outside; a test holds time and chance in its hands. */
export interface SessionDeps {
  open(): Promise<Transport>;
  apply(event: WorldEvent): ApplyResult;
  set(state: Partial<SessionState>): void;
  /** Local epoch ms. */
  now(): number;
  /** Rejects when the signal aborts first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  random(): number;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** The engine speaks every 2 s (its own cost, at least). After this much silence it is taken for frozen. */
const SILENCE_MS = 15_000;
const SILENCE_CHECK_MS = 5_000;

/** Pause before attempt 1, 2, …: doubling to 5 s, half of it by chance, so that windows do not come in step. */
export function pauseMs(attempt: number, random: number): number {
  const full = Math.min(FIRST_PAUSE_MS * 2 ** Math.min(Math.max(0, attempt - 1), 20), LONGEST_PAUSE_MS);
  return Math.round(full / 2 + (full / 2) * random);
}

/**
 * Keeps the mirror in step with the engine until `signal` aborts: opens the transport, watches the world, watches anew
 * at once after a missed patch, and opens again with a growing pause after a loss. Never rejects.
 */
export async function runSession(deps: SessionDeps, signal: AbortSignal): Promise<void> {
  let everLive = false;
  let attempt = 0;
  let lostAt: number | null = null;
  const onLive = () => {
    everLive = true;
    attempt = 0;
    lostAt = null;
  };
  while (!signal.aborted) {
    const error = await oneLife(deps, signal, onLive);
    if (signal.aborted) return;
    attempt++;
    lostAt ??= deps.now();
    deps.set({ phase: everLive ? 'lost' : 'starting', client: null, error, attempt, lostAt, stats: null });
    try {
      await deps.sleep(pauseMs(attempt, deps.random()), signal);
    } catch {
      return;
    }
  }
}

/** From opening the transport to its end. Answers with why it ended. */
async function oneLife(deps: SessionDeps, signal: AbortSignal, onLive: () => void): Promise<GantryErrorData> {
  const end = new AbortController();
  const life = AbortSignal.any([signal, end.signal]);
  try {
    const { client, closed } = await deps.open();
    void closed.then((reason) => end.abort(new GantryError(engineGone(reason))));
    let heardAt = deps.now();
    const heard = () => {
      heardAt = deps.now();
    };
    void endWhenSilent(
      deps,
      life,
      () => heardAt,
      heard,
      () => end.abort(new GantryError(engineSilent())),
    );
    void followStats(deps, client, life, heard);
    // Each turn is one watch; it ends without an error only by a missed patch, and the next one brings a snapshot.
    for (;;) await followWorld(deps, client, life, heard, onLive);
  } catch (thrown) {
    return asGantryError(end.signal.aborted ? end.signal.reason : thrown, ['open the engine']).data;
  } finally {
    end.abort();
  }
}

async function followWorld(
  deps: SessionDeps,
  client: GantryClient,
  life: AbortSignal,
  heard: () => void,
  onLive: () => void,
): Promise<void> {
  let first = true;
  for await (const event of until(life, await client.world.watch({}, { signal: life }))) {
    heard();
    if (first && event.type !== 'snapshot') throw new GantryError(noSnapshot());
    if (deps.apply(event) === 'gap') return;
    if (first) {
      onLive();
      deps.set({ phase: 'live', client, error: null, attempt: 0, lostAt: null });
    }
    first = false;
  }
  throw new GantryError(engineGone('the engine ended the watch'));
}

/** The console's own cost is worth showing, not worth a failure: without it the world still lives. */
async function followStats(
  deps: SessionDeps,
  client: GantryClient,
  life: AbortSignal,
  heard: () => void,
): Promise<void> {
  try {
    for await (const stats of until(life, await client.app.watchStats({}, { signal: life }))) {
      heard();
      deps.set({ stats });
    }
  } catch {
    if (!life.aborted) deps.set({ stats: null });
  }
}

async function endWhenSilent(
  deps: SessionDeps,
  life: AbortSignal,
  heardAt: () => number,
  heard: () => void,
  end: () => void,
): Promise<void> {
  let checkedAt = deps.now();
  try {
    for (;;) {
      await deps.sleep(SILENCE_CHECK_MS, life);
      const now = deps.now();
      // A check that comes far too late means that this machine slept: the silence was ours.
      if (now - checkedAt > SILENCE_CHECK_MS * 2) heard();
      else if (now - heardAt() > SILENCE_MS) return end();
      checkedAt = now;
    }
  } catch {
    // The life ended first.
  }
}

/** The events until `signal` aborts, which throws its reason even while the stream hangs. */
async function* until<T>(signal: AbortSignal, events: AsyncIterable<T>): AsyncGenerator<T, void, void> {
  const iterator = events[Symbol.asyncIterator]();
  const aborted = new Promise<never>((_, reject) => {
    const fail = () => reject(signal.reason as Error);
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, { once: true });
  });
  aborted.catch(() => {});
  try {
    for (;;) {
      const step = await Promise.race([iterator.next(), aborted]);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    // Closes the producer's side. A stream that is gone already cannot be asked, and need not be waited for.
    Promise.resolve(iterator.return?.()).catch(() => {});
  }
}

function engineGone(reason: string): GantryErrorData {
  return {
    code: 'engine-lost',
    attempted: 'watch the world',
    target: 'engine',
    knownEffect: 'the managed systems are not affected; what is on screen is the last known state',
    advice: 'The console opens the engine again by itself.',
    retryable: true,
    detail: reason.slice(0, 500),
  };
}

function engineSilent(): GantryErrorData {
  return engineGone(`nothing was heard from the engine for ${SILENCE_MS / 1_000} s`);
}

function noSnapshot(): GantryErrorData {
  return { ...engineGone('the first event was not a snapshot'), code: 'malformed' };
}
