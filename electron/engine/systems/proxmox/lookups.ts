import { toErrorData, type GantryErrorData } from '../../../../shared/model/error.ts';
import type { Clock } from '../../clock.ts';
import type { HttpClient } from '../../net/http.ts';
import { guestAddresses } from './addresses.ts';
import * as client from './client.ts';
import type { GuestEntry, GuestMemory } from './guest-memory.ts';

/** Guests asked in one round: with a round every 5 s this stays far below what the web interface itself asks of a busy cluster. */
const GUESTS_PER_ROUND = 48;
/** Of which only to refresh: 5,000 guests are gone through in about an hour, and their changes are seen at once anyway. */
const REFRESHES_PER_ROUND = 8;
const CONCURRENCY = 6;
/** A round is over after this long, so that the next reading of the cluster is never late. */
const ROUND_MS = 4_000;

export interface LookupContext {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly memory: GuestMemory;
  readonly signal: AbortSignal;
}

/**
 * Asks the guests that are due for what only they can tell, and puts it into the memory. Failures go there too: this never
 * rejects.
 */
export async function lookUpGuests({ http, clock, memory, signal }: LookupContext): Promise<void> {
  const due = memory.due(clock.monotonic(), GUESTS_PER_ROUND, REFRESHES_PER_ROUND);
  if (due.length === 0) return;
  const over = new AbortController();
  const box = AbortSignal.any([signal, over.signal]);
  clock.sleep(ROUND_MS, box).then(
    () => over.abort(new Error('the round is over')),
    () => {},
  );
  const queue = [...due];
  const worker = async () => {
    for (let entry = queue.shift(); entry && !box.aborted; entry = queue.shift())
      await lookUp({ http, clock, memory, signal: box }, entry);
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENCY, due.length) }, worker));
  over.abort();
}

/**
 * All that is due of one guest. A machine's configuration decides whether its agent is asked at all; a container's only says
 * what is nice to know. What the end of the round leaves unasked stays due.
 */
async function lookUp(context: LookupContext, entry: GuestEntry): Promise<void> {
  const { type } = entry.row;
  const questions = type === 'qemu' ? [askConfig, askAddresses, askState] : [askAddresses, askConfig];
  for (const ask of questions) if (!context.signal.aborted) await ask(context, entry);
}

async function askConfig(context: LookupContext, entry: GuestEntry): Promise<void> {
  const { http, clock, memory, signal } = context;
  if (!memory.wants(entry, clock.monotonic()).config) return;
  const config = await attempt(context, 'read configuration', () =>
    client.readGuestConfig(http, entry.row, { signal }),
  );
  if ('error' in config) memory.configFailed(entry, config.error, clock.monotonic());
  else memory.configRead(entry, config.value, clock.monotonic());
}

async function askAddresses(context: LookupContext, entry: GuestEntry): Promise<void> {
  const { http, clock, memory, signal } = context;
  if (!memory.wants(entry, clock.monotonic()).addresses) return;
  const read = entry.row.type === 'lxc' ? client.readContainerInterfaces : client.readAgentInterfaces;
  const found = await attempt(context, 'read addresses', () => read(http, entry.row, { signal }));
  if ('error' in found) memory.addressesFailed(entry, found.error, clock.monotonic());
  else memory.addressesRead(entry, guestAddresses(found.value), clock.monotonic());
}

async function askState(context: LookupContext, entry: GuestEntry): Promise<void> {
  const { http, clock, memory, signal } = context;
  if (!memory.wants(entry, clock.monotonic()).state) return;
  const state = await attempt(context, 'read run state', () =>
    client.readMachineState(http, entry.row, { signal }),
  );
  memory.stateRead(entry, 'error' in state ? undefined : state.value, clock.monotonic());
}

type Outcome<T> = { readonly value: T } | { readonly error: GantryErrorData };

async function attempt<T>(
  { signal }: LookupContext,
  purpose: string,
  work: () => Promise<T>,
): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (thrown) {
    const error = toErrorData(thrown, purpose, 'guest');
    if (!signal.aborted) return { error };
    return { error: { ...error, code: 'timeout', detail: 'no answer in time' } };
  }
}
