import type { Clock, Random } from '../../clock.ts';
import type { Ask, Reply } from './client.ts';
import { isLeaderless } from './explain.ts';
import { FROM_START, nextIndex, wentBackwards, type ConsulIndex } from './indexes.ts';
import { Pacer } from './pacer.ts';

/** How long Consul may hold a query without news; also how long its silence is normal. */
export const WAIT_MS = 30_000;
/** While there is no leader, servers wake no query when one is found. */
const LEADERLESS_WAIT_MS = 2_000;

/**
 * Whom to ask, for all watches of one connection. The leader by default: its loss ends the queries it holds at once. Once
 * Consul says that there is none, any server (`stale`), which still knows the last state, until one knows a leader.
 */
export interface Consistency {
  leaderless: boolean;
}

export interface WatchOptions<T> {
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  readonly consistency: Consistency;
  read(ask: Ask): Promise<Reply<T>>;
  /** Takes every good answer. `restarted`: the index went backwards, so this is another state. Returns whether anything was news. */
  apply(reply: Reply<T>, restarted: boolean): boolean | Promise<boolean>;
  /** Rows in an answer, for pacing. */
  rows(body: T): number;
}

/**
 * Follows one list by blocking queries until it is aborted or fails. Starts without an index, so that the first answer
 * comes at once and proves that Consul is back after an outage. Throws what `read` and `apply` throw.
 */
export async function watch<T>(options: WatchOptions<T>): Promise<never> {
  const pacer = new Pacer(options.clock, options.random);
  let index = FROM_START;
  for (;;) {
    await pacer.turn(options.signal);
    const reply = await readFollowingLeader(options, index);
    const changed = await options.apply(reply, wentBackwards(index, reply.index));
    pacer.answered({ rows: options.rows(reply.body), changed });
    index = nextIndex(index, reply.index);
  }
}

type Reader<T> = Pick<WatchOptions<T>, 'read' | 'signal' | 'consistency'>;

/** Asks the leader; or any server, without waiting first, when there turns out to be none. */
export async function readFollowingLeader<T>(reader: Reader<T>, index: ConsulIndex): Promise<Reply<T>> {
  const { consistency, signal } = reader;
  if (!consistency.leaderless) {
    try {
      const reply = await reader.read({ index, waitMs: WAIT_MS, stale: false, signal });
      // Some endpoints turn to stale reads by themselves, and an agent may be set to (discovery_max_stale).
      consistency.leaderless = !reply.knownLeader;
      return reply;
    } catch (thrown) {
      if (!isLeaderless(thrown)) throw thrown;
      consistency.leaderless = true;
      index = FROM_START;
    }
  }
  const reply = await reader.read({ index, waitMs: LEADERLESS_WAIT_MS, stale: true, signal });
  consistency.leaderless = !reply.knownLeader;
  return reply;
}
