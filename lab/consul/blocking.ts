import type { Cluster } from './cluster.ts';
import { parseDuration } from './duration.ts';
import { ConsulFailure } from './errors.ts';
import type { Answer, Call } from './http.ts';
import type { ConsulState } from './state.ts';
import { waitFor } from './waiting.ts';

const DEFAULT_WAIT_MS = 300_000;
const MAX_WAIT_MS = 600_000;
/** A wait is lengthened by chance, by up to this part of it, so that watchers do not come back at once. */
const JITTER_PART = 16;
/** `http_max_conns_per_client`: every held query holds a connection. */
const MAX_HELD = 200;
const STALE_CONTACT_MS = 20;

export interface BlockingContext {
  readonly state: ConsulState;
  readonly cluster: Cluster;
  readonly random: () => number;
  readonly now: () => number;
  /** Aborted when the lab stops. */
  readonly signal: AbortSignal;
  /** Queries that are being held. */
  readonly held: { count: number };
}

export interface Listing {
  /** The index that a query of this list waits on, as it is now. */
  readonly index: () => number;
  /** The answer as it is now. */
  readonly read: () => unknown;
  /** Served from the streaming backend once an index is given, which knows of no leader. */
  readonly streaming?: boolean;
  /** Status of an answer, when it is not always 200 (a missing key is 404 and can be waited for). */
  readonly status?: (body: unknown) => number;
}

interface Options {
  readonly minIndex: bigint;
  readonly waitMs: number;
  readonly consistency: 'leader' | 'stale' | 'consistent';
}

/** Checks and reads the parameters that all lists share. Throws 400 in Consul's words. */
export function readOptions(query: URLSearchParams): Options {
  const index = query.get('index') ?? '';
  if (index !== '' && !/^\d{1,20}$/.test(index)) throw new ConsulFailure(400, 'Invalid index');
  const wait = query.get('wait') ?? '';
  const waitMs = wait === '' ? 0 : parseDuration(wait);
  if (waitMs === undefined || waitMs < 0) throw new ConsulFailure(400, 'Invalid wait time');
  const maxStale = query.get('max_stale') ?? '';
  if (maxStale !== '' && parseDuration(maxStale) === undefined) {
    throw new ConsulFailure(400, `Invalid max_stale value "${maxStale}"`);
  }
  const stale = query.has('stale') || maxStale !== '';
  const consistent = query.has('consistent');
  if (stale && consistent) {
    throw new ConsulFailure(400, 'Cannot specify ?stale with ?consistent, conflicting semantics.');
  }
  if (query.has('cached') && consistent) {
    throw new ConsulFailure(400, 'Cannot specify ?cached with ?consistent, conflicting semantics.');
  }
  return {
    minIndex: BigInt(index === '' ? 0 : index),
    waitMs: Math.min(waitMs === 0 ? DEFAULT_WAIT_MS : waitMs, MAX_WAIT_MS),
    consistency: stale ? 'stale' : consistent ? 'consistent' : 'leader',
  };
}

/**
 * Answers a list, holding the request until its index has passed the given one, its time is over or the store was
 * replaced. The whole list is sent each time, also when nothing in it is different.
 */
export async function answerList(context: BlockingContext, call: Call, listing: Listing): Promise<Answer> {
  const options = readOptions(call.query);
  checkDatacenter(context.cluster, call.query);
  requireLeader(context.cluster, options.consistency);
  // The token is resolved before the wait and again for the answer: it may be gone by then.
  call.acl();
  if (options.minIndex > 0n) await hold(context, call, options, listing.index);
  requireLeader(context.cluster, options.consistency);
  const body = listing.read();
  const streaming =
    listing.streaming === true &&
    options.minIndex > 0n &&
    !call.query.has('near') &&
    !call.query.has('merge-central-config');
  return {
    json: body,
    status: listing.status?.(body) ?? 200,
    headers: metaHeaders(context, call, options, listing.index(), streaming),
  };
}

async function hold(
  context: BlockingContext,
  call: Call,
  options: Options,
  index: () => number,
): Promise<void> {
  const { held } = context;
  if (held.count >= MAX_HELD)
    throw new ConsulFailure(429, 'Your IP is issuing too many concurrent connections');
  const { state, cluster } = context;
  const epoch = state.epoch;
  held.count++;
  try {
    await waitFor({
      ms: options.waitMs * (1 + context.random() / JITTER_PART),
      signals: [call.signal, context.signal],
      subscriptions: [(listener) => state.onChange(listener), (listener) => cluster.onChange(listener)],
      until: () => {
        const lost = options.consistency !== 'stale' && cluster.leader() === undefined;
        return BigInt(index()) > options.minIndex || state.epoch !== epoch || lost;
      },
    });
  } finally {
    held.count--;
  }
}

/** Throws what a server without a leader answers to all but stale reads. */
export function requireLeader(cluster: Cluster, consistency: Options['consistency'] = 'leader'): void {
  if (consistency !== 'stale' && cluster.leader() === undefined) {
    throw new ConsulFailure(500, 'No cluster leader', true);
  }
}

function checkDatacenter(cluster: Cluster, query: URLSearchParams): void {
  const wanted = query.get('datacenter') ?? query.get('dc') ?? '';
  if (wanted !== '' && wanted !== cluster.datacenter)
    throw new ConsulFailure(500, 'No path to datacenter', true);
}

function metaHeaders(
  context: BlockingContext,
  call: Call,
  options: Options,
  index: number,
  streaming: boolean,
): Record<string, string> {
  const leader = context.cluster.leader() !== undefined;
  const contact = leader ? STALE_CONTACT_MS : context.now() - context.cluster.leaderLostAt();
  const acl = call.acl();
  return {
    'X-Consul-Index': String(Math.max(1, index)),
    'X-Consul-Knownleader': String(leader && !streaming),
    'X-Consul-Lastcontact': String(streaming || options.consistency !== 'stale' ? 0 : contact),
    'X-Consul-Effective-Consistency': options.consistency,
    'X-Consul-Query-Backend': streaming ? 'streaming' : 'blocking-query',
    ...(acl.filtered && !acl.anonymous && { 'X-Consul-Results-Filtered-By-Acls': 'true' }),
    ...(call.query.has('cached') && { 'X-Cache': 'MISS', Age: '0' }),
  };
}
