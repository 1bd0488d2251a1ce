import type { ConnectionState } from '../../../shared/model/connection.ts';
import type { ErrorCode, GantryErrorData } from '../../../shared/model/error.ts';
import { freshnessByAge, type FreshnessState, type Source } from '../../../shared/model/freshness.ts';

/** What is known of one source of a connection. Times are epoch ms. */
export interface SourceTrack {
  readonly scope: string;
  readonly mode: Source['mode'];
  readonly intervalMs: number;
  /** An optional source has its own age and failure, but does not decide the connection's state. */
  readonly optional: boolean;
  /** When it was last confirmed; null: never. */
  readonly asOf: number | null;
  /** What its last answer lacked. */
  readonly note: string | undefined;
  /** Why its last attempt failed; undefined after an answer. */
  readonly failure: GantryErrorData | undefined;
}

/** What is known of a connection: the whole memory of the state machine. */
export interface ConnectionTrack {
  readonly id: string;
  readonly startedAt: number;
  readonly sources: readonly SourceTrack[];
  /** A failure of the way to the system or of the credentials: it holds for every source. */
  readonly failure: GantryErrorData | undefined;
  readonly state: ConnectionState;
  /** Epoch ms since when `state` holds. */
  readonly since: number;
  /** Explains a state other than live. */
  readonly error: GantryErrorData | undefined;
}

export type ConnectionInput =
  /** A complete answer for a scope; `partial` says what it lacks. */
  | {
      readonly type: 'answer';
      readonly scope: string;
      readonly asOf: number;
      readonly partial?: string | undefined;
    }
  /** Nothing changed in a scope. */
  | { readonly type: 'confirm'; readonly scope: string; readonly asOf: number }
  | { readonly type: 'failure'; readonly scope: string; readonly error: GantryErrorData }
  /** Time passed. */
  | { readonly type: 'tick' };

export function startTrack(
  id: string,
  sources: readonly Pick<SourceTrack, 'scope' | 'mode' | 'intervalMs' | 'optional'>[],
  now: number,
): ConnectionTrack {
  return {
    id,
    startedAt: now,
    sources: sources.map(({ scope, mode, intervalMs, optional }) => ({
      scope,
      mode,
      intervalMs,
      optional,
      asOf: null,
      note: undefined,
      failure: undefined,
    })),
    failure: undefined,
    state: 'connecting',
    since: now,
    error: undefined,
  };
}

/** The next state. Pure; returns the same object when nothing changed. */
export function advance(track: ConnectionTrack, input: ConnectionInput, now: number): ConnectionTrack {
  const learnt = learn(track, input, now);
  const { state, error } = judge(learnt, now);
  const settled =
    state === track.state && sameFailure(error, track.error)
      ? { state, since: track.since, error: track.error }
      : { state, since: state === track.state ? track.since : now, error };
  if (learnt === track && settled.state === track.state && settled.error === track.error) return track;
  return { ...learnt, ...settled };
}

/** Freshness of one source: what its connection knows goes before its age. */
export function sourceFreshness(track: ConnectionTrack, source: SourceTrack, now: number): FreshnessState {
  if (source.asOf === null) return 'never';
  if (track.failure ?? source.failure) return 'stale';
  const byAge = freshnessByAge(source.asOf, source.intervalMs, now);
  return byAge === 'live' && source.note !== undefined ? 'partial' : byAge;
}

/** Epoch ms of the last good answer of any source; null: never. */
export function lastAnswerAt(track: ConnectionTrack): number | null {
  return track.sources.reduce<number | null>(
    (latest, { asOf }) => (asOf === null ? latest : Math.max(latest ?? asOf, asOf)),
    null,
  );
}

const wideCodes: ReadonlySet<ErrorCode> = new Set(['unreachable', 'tls', 'host-key', 'unauthorized']);

/** Whether a failure holds for every source: no way to the system, or credentials it does not accept. */
export function isWide(error: GantryErrorData): boolean {
  return wideCodes.has(error.code);
}

/** Whether a failure shows that the system is there and knows us: it answered, though not as hoped. */
export function provesAnswer(error: GantryErrorData): boolean {
  if (isWide(error)) return false;
  return error.status !== undefined || error.code === 'malformed' || error.code === 'too-large';
}

/** The same trouble as before, told again. */
function sameFailure(a: GantryErrorData | undefined, b: GantryErrorData | undefined): boolean {
  return a === b || (a !== undefined && b !== undefined && a.code === b.code && a.detail === b.detail);
}

function learn(track: ConnectionTrack, input: ConnectionInput, now: number): ConnectionTrack {
  if (input.type === 'tick') return track;
  const source = track.sources.find(({ scope }) => scope === input.scope);
  if (!source) return track;
  const replace = (changes: Partial<SourceTrack>, failure: GantryErrorData | undefined): ConnectionTrack => ({
    ...track,
    failure,
    sources: track.sources.map((other) => (other === source ? { ...source, ...changes } : other)),
  });
  if (input.type === 'failure') {
    const { error } = input;
    if (isWide(error)) return replace({}, keepFirst(track.failure, error));
    const whole = provesAnswer(error) || !track.failure ? undefined : keepFirst(track.failure, error);
    return replace({ failure: keepFirst(source.failure, error) }, whole);
  }
  // A clock that was set back must not make an answer older, nor one from the future stay fresh for ever.
  const asOf = Math.max(source.asOf ?? -Infinity, Math.min(input.asOf, now));
  const note = input.type === 'answer' ? input.partial : source.note;
  return replace({ asOf, note, failure: undefined }, undefined);
}

/** The known failure stays while its cause does: neither a repetition nor "not tried" is news. */
function keepFirst(known: GantryErrorData | undefined, error: GantryErrorData): GantryErrorData {
  return known && (error.code === 'circuit-open' || sameFailure(known, error)) ? known : error;
}

type Judgement = Pick<ConnectionTrack, 'state' | 'error'>;

function judge(track: ConnectionTrack, now: number): Judgement {
  const seen = lastAnswerAt(track) !== null;
  if (track.failure) {
    const state = track.failure.code === 'unauthorized' ? 'forbidden' : seen ? 'stale' : 'down';
    return { state, error: track.failure };
  }
  const required = track.sources.filter(({ optional }) => !optional);
  const deciding = required.length > 0 ? required : track.sources;
  return judgeFailing(track, deciding, seen, now) ?? judgeByAge(track, deciding, seen, now);
}

/** Some sources fail on their own. One that still answers keeps the connection from being called stale. */
function judgeFailing(
  track: ConnectionTrack,
  sources: readonly SourceTrack[],
  seen: boolean,
  now: number,
): Judgement | undefined {
  const failures = sources.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) return undefined;
  const forbidden = failures.find(({ code }) => code === 'forbidden');
  if (forbidden) return { state: 'forbidden', error: forbidden };
  const error = failures.find(({ code }) => code !== 'circuit-open') ?? failures[0];
  if (!seen) return { state: 'down', error };
  const answering = sources.some((source) => isFresh(sourceFreshness(track, source, now)));
  return { state: answering ? 'late' : 'stale', error };
}

function judgeByAge(
  track: ConnectionTrack,
  sources: readonly SourceTrack[],
  seen: boolean,
  now: number,
): Judgement {
  if (!seen) return { state: 'connecting', error: undefined };
  const states = sources.map((source) => sourceFreshness(track, source, now));
  if (states.every(isFresh)) return { state: 'live', error: undefined };
  if (states.every((state) => state === 'stale')) return { state: 'stale', error: silent(track.id) };
  const waiting = sources.every(
    (source, index) =>
      isFresh(states[index] ?? 'never') ||
      (source.asOf === null && freshnessByAge(track.startedAt, source.intervalMs, now) === 'live'),
  );
  return { state: waiting ? 'connecting' : 'late', error: undefined };
}

function isFresh(state: FreshnessState): boolean {
  return state === 'live' || state === 'partial';
}

/** Nobody reported a failure, yet nothing arrives: a frozen process, a machine that slept. */
function silent(id: string): GantryErrorData {
  return {
    code: 'timeout',
    attempted: 'keep up with the system',
    target: id,
    knownEffect: 'nothing was changed',
    advice:
      'No answer arrived for several intervals. If this machine slept or was very busy, it passes by itself.',
    retryable: true,
  };
}
