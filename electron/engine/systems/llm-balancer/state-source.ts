import { GantryError } from '../../../../shared/model/error.ts';
import type { ObserveContext, SourceContext, SourceSpec } from '../system.ts';
import { readHealth, readMetrics, readState } from './client.ts';
import { bringForward } from './fallback.ts';
import { observeState, SCOPE } from './observe.ts';
import { addSamples, rateOf, type RateHistory } from './rates.ts';
import { looksStuck, trackStill, type StillSince } from './stuck.ts';
import type { BalancerState } from './wire.ts';

/** 24 calls a minute of the admin API's 300 for everybody. */
export const STATE_INTERVAL_MS = 2_500;
/** The admin API says 429 without a hint; after this long its window has certainly moved on. */
export const ADMIN_PAUSE_MS = 60_000;

/** What one connection remembers between polls. Times are monotonic ms but for `receivedAt`. */
interface Memory {
  last: { readonly state: BalancerState; readonly receivedAt: number; readonly at: number } | undefined;
  rates: RateHistory;
  still: StillSince;
  adminPausedUntil: number;
}

/**
 * The balancer's whole state. While the admin API's budget is used up by other callers, the last state is brought
 * forward from `/health` and `/metrics`, which cost none of it, and marked as partial.
 */
export function stateSource(connection: SourceContext): SourceSpec {
  const memory: Memory = { last: undefined, rates: new Map(), still: new Map(), adminPausedUntil: 0 };
  return {
    scope: SCOPE,
    mode: 'poll',
    intervalMs: STATE_INTERVAL_MS,
    async observe(context) {
      if (memory.last !== undefined && context.clock.monotonic() < memory.adminPausedUntil) {
        await observeWithoutAdmin(connection, context, memory, memory.last);
        return;
      }
      try {
        await observeFully(connection, context, memory);
      } catch (thrown) {
        if (!isSystemRateLimit(thrown) || memory.last === undefined) throw thrown;
        memory.adminPausedUntil = context.clock.monotonic() + ADMIN_PAUSE_MS;
        await observeWithoutAdmin(connection, context, memory, memory.last);
      }
    },
  };
}

async function observeFully(
  connection: SourceContext,
  context: ObserveContext,
  memory: Memory,
): Promise<void> {
  const { state, receivedAt } = await readState(context.http, { signal: context.signal });
  const at = context.clock.monotonic();
  memory.last = { state, receivedAt, at };
  context.reportVersion(state.version.slice(0, 100));
  publish(connection, context, memory, { state, at, asOf: receivedAt });
}

async function observeWithoutAdmin(
  connection: SourceContext,
  context: ObserveContext,
  memory: Memory,
  last: NonNullable<Memory['last']>,
): Promise<void> {
  const { health, receivedAt } = await readHealth(context.http, { signal: context.signal });
  const metrics = await readMetrics(context.http, { signal: context.signal });
  const at = context.clock.monotonic();
  publish(connection, context, memory, {
    state: bringForward(last.state, at - last.at, health, metrics),
    at,
    asOf: receivedAt,
    missing: `the admin API's budget is used up by other callers: configuration, clients and token counts are of ${new Date(last.receivedAt).toISOString()}`,
  });
}

interface Turn {
  readonly state: BalancerState;
  readonly at: number;
  readonly asOf: number;
  readonly missing?: string;
}

function publish(
  { connectionId, url }: SourceContext,
  context: ObserveContext,
  memory: Memory,
  { state, at, asOf, missing }: Turn,
): void {
  const counters = state.endpoints.map(
    (endpoint) =>
      [
        String(endpoint.id),
        {
          requests: endpoint.requestsTotal,
          tokens: endpoint.tokensTotal,
        },
      ] as const,
  );
  memory.rates = addSamples(memory.rates, new Map(counters), at);
  memory.still = trackStill(memory.still, state.endpoints, at);
  context.publish(
    observeState({
      connectionId,
      url,
      state,
      asOf,
      rateOf: (id) => rateOf(memory.rates, String(id)),
      isStuck: (endpoint) => looksStuck(memory.still, endpoint, at),
      ...(missing === undefined ? {} : { missing }),
    }),
  );
}

/** The balancer's own 429, not our budget, which has no status. */
function isSystemRateLimit(thrown: unknown): boolean {
  return thrown instanceof GantryError && thrown.code === 'rate-limited' && thrown.data.status === 429;
}
