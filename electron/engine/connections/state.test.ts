import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ErrorCode, GantryErrorData } from '../../../shared/model/error.ts';
import {
  advance,
  lastAnswerAt,
  sourceFreshness,
  startTrack,
  type ConnectionInput,
  type ConnectionTrack,
} from './state.ts';

const error = (code: ErrorCode, detail = '', status?: number): GantryErrorData => ({
  code,
  attempted: 'read',
  target: 'x',
  knownEffect: 'nothing was changed',
  advice: 'wait',
  retryable: true,
  detail,
  ...(status === undefined ? {} : { status }),
});

const START = 1_000_000;
const fast = { scope: 'fast', mode: 'poll' as const, intervalMs: 1_000, optional: false };
const slow = { scope: 'slow', mode: 'poll' as const, intervalMs: 10_000, optional: false };

/** A story: at so many ms after the start, this happened, and then the connection was like that. */
type Line = readonly [
  ms: number,
  input: ConnectionInput | 'tick',
  state: string,
  code?: ErrorCode | undefined,
];
const answer = (scope: string, ms: number): ConnectionInput => ({ type: 'answer', scope, asOf: START + ms });
const confirm = (scope: string, ms: number): ConnectionInput => ({
  type: 'confirm',
  scope,
  asOf: START + ms,
});
const fail = (scope: string, code: ErrorCode, detail = '', status?: number): ConnectionInput => ({
  type: 'failure',
  scope,
  error: error(code, detail, status),
});

function tell(sources: Parameters<typeof startTrack>[1], lines: readonly Line[]): ConnectionTrack {
  let track = startTrack('c', sources, START);
  for (const [ms, input, state, code] of lines) {
    track = advance(track, input === 'tick' ? { type: 'tick' } : input, START + ms);
    expect([ms, track.state, track.error?.code]).toEqual([ms, state, code]);
  }
  return track;
}

describe('the state of a connection', () => {
  it.each<[string, Parameters<typeof startTrack>[1], readonly Line[]]>([
    [
      'connecting until every source answered, live while all do, late when one is overdue',
      [fast, slow],
      [
        [0, 'tick', 'connecting'],
        [100, answer('fast', 100), 'connecting'],
        [200, answer('slow', 200), 'live'],
        [1_500, confirm('fast', 1_500), 'live'],
        [3_499, 'tick', 'live'],
        [3_501, 'tick', 'late'],
        [3_600, answer('fast', 3_600), 'live'],
      ],
    ],
    [
      'late when a source never answers although the others do',
      [fast, slow],
      [
        [100, answer('slow', 100), 'connecting'],
        [2_001, 'tick', 'late'],
      ],
    ],
    [
      'down when nothing was ever seen, live again without a click',
      [fast],
      [
        [10, fail('fast', 'unreachable'), 'down', 'unreachable'],
        [60_000, 'tick', 'down', 'unreachable'],
        [61_000, answer('fast', 61_000), 'live'],
      ],
    ],
    [
      'stale while the last state is shown, for as long as it takes',
      [fast, slow],
      [
        [100, answer('fast', 100), 'connecting'],
        [100, answer('slow', 100), 'live'],
        [900, fail('fast', 'unreachable'), 'stale', 'unreachable'],
        [86_400_000, 'tick', 'stale', 'unreachable'],
        [86_400_100, answer('fast', 86_400_100), 'late'],
        [86_400_200, answer('slow', 86_400_200), 'live'],
      ],
    ],
    [
      'forbidden when the credentials are refused, whatever else still works',
      [fast, slow],
      [
        [100, answer('fast', 100), 'connecting'],
        [200, fail('slow', 'unauthorized', '', 401), 'forbidden', 'unauthorized'],
        [300, answer('fast', 300), 'connecting'],
        [400, fail('slow', 'forbidden', '', 403), 'forbidden', 'forbidden'],
        [500, answer('fast', 500), 'forbidden', 'forbidden'],
        [600, answer('slow', 600), 'live'],
      ],
    ],
    [
      'late, with the reason, when one source fails and another answers',
      [fast, slow],
      [
        [100, answer('fast', 100), 'connecting'],
        [200, answer('slow', 200), 'live'],
        [300, fail('fast', 'malformed', 'at rules'), 'late', 'malformed'],
        [400, fail('slow', 'server-error', 'boom', 500), 'stale', 'malformed'],
        [500, answer('fast', 500), 'late', 'server-error'],
        [600, answer('slow', 600), 'live'],
      ],
    ],
    [
      'not unreachable any more once it answers, even badly',
      [fast, slow],
      [
        [100, fail('fast', 'unreachable'), 'down', 'unreachable'],
        [200, fail('fast', 'timeout'), 'down', 'timeout'],
        [300, fail('fast', 'circuit-open'), 'down', 'timeout'],
        [400, fail('fast', 'server-error', 'boom', 500), 'down', 'server-error'],
        [500, answer('slow', 500), 'late', 'server-error'],
      ],
    ],
    [
      'stale by age alone when nobody reports anything',
      [fast],
      [
        [100, answer('fast', 100), 'live'],
        [2_101, 'tick', 'late'],
        [6_101, 'tick', 'stale', 'timeout'],
        [6_200, answer('fast', 6_200), 'live'],
      ],
    ],
    [
      'not decided by an optional source',
      [fast, { ...slow, optional: true }],
      [
        [100, answer('fast', 100), 'live'],
        [200, fail('slow', 'forbidden', '', 403), 'live'],
        [300, fail('slow', 'unreachable'), 'stale', 'unreachable'],
      ],
    ],
    ['deaf to scopes it does not have', [fast], [[100, answer('other', 100), 'connecting']]],
  ])('is %s', (_, sources, lines) => {
    tell(sources, lines);
  });

  it('keeps its beginning and its error while nothing new is said', () => {
    const first = tell([fast], [[100, fail('fast', 'unreachable', 'refused'), 'down', 'unreachable']]);
    const again = advance(first, fail('fast', 'unreachable', 'refused'), START + 5_000);
    expect(again.error).toBe(first.error);
    expect(again.since).toBe(START + 100);
    const other = advance(again, fail('fast', 'unreachable', 'no route'), START + 6_000);
    expect(other.error?.detail).toBe('no route');
    expect(other.since).toBe(START + 100);
  });

  it('gives each source its own freshness', () => {
    const partial: ConnectionInput = { type: 'answer', scope: 'slow', asOf: START, partial: 'no storage' };
    const track = tell(
      [fast, slow, { ...slow, scope: 'third' }],
      [
        [0, answer('fast', 0), 'connecting'],
        [0, partial, 'connecting'],
        [10, fail('third', 'malformed'), 'late', 'malformed'],
        [20, confirm('slow', 20), 'late', 'malformed'],
      ],
    );
    const states = (of: ConnectionTrack, ms: number) =>
      of.sources.map((s) => sourceFreshness(of, s, START + ms));
    expect(states(track, 100)).toEqual(['live', 'partial', 'never']);
    expect(states(track, 3_000)).toEqual(['late', 'partial', 'never']);
    const lost = advance(track, fail('fast', 'unreachable'), START + 100);
    expect(states(lost, 100)).toEqual(['stale', 'stale', 'never']);
    expect(lost.sources[1]?.note).toBe('no storage');
  });

  it('does not believe an answer from the future', () => {
    const track = advance(startTrack('c', [fast], START), answer('fast', 1e9), START + 100);
    expect(lastAnswerAt(track)).toBe(START + 100);
  });
});

describe('whatever happens', () => {
  const scope = fc.constantFrom('fast', 'slow', 'other');
  const code = fc.constantFrom<ErrorCode>(
    'unreachable',
    'tls',
    'timeout',
    'unauthorized',
    'forbidden',
    'server-error',
    'malformed',
    'truncated',
    'circuit-open',
    'rate-limited',
  );
  const event = fc.record({
    gap: fc.nat(20_000),
    kind: fc.constantFrom('answer' as const, 'confirm' as const, 'failure' as const, 'tick' as const),
    scope,
    code,
    lag: fc.nat(5_000),
  });
  type Event = typeof event extends fc.Arbitrary<infer E> ? E : never;
  const inputOf = (e: Event, now: number): ConnectionInput =>
    e.kind === 'tick'
      ? { type: 'tick' }
      : e.kind === 'failure'
        ? { type: 'failure', scope: e.scope, error: error(e.code) }
        : { type: e.kind, scope: e.scope, asOf: now - e.lag };

  it('the state says no more than is known', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let track = startTrack('c', [fast, slow], START);
        let now = START;
        for (const e of events) {
          now += e.gap;
          const before = track;
          track = advance(track, inputOf(e, now), now);
          const seen = lastAnswerAt(track) !== null;
          const fresh = track.sources.map((source) => sourceFreshness(track, source, now));
          if (track.state === 'live') {
            expect(fresh).toEqual(['live', 'live']);
            expect(track.error).toBeUndefined();
          }
          if (fresh.every((state) => state === 'live')) expect(track.state).toBe('live');
          if (track.state === 'stale') expect(seen).toBe(true);
          if (track.state === 'down') expect(seen).toBe(false);
          if (['stale', 'down', 'forbidden'].includes(track.state)) expect(track.error).toBeDefined();
          if (track.state === 'connecting') expect(track.error).toBeUndefined();
          expect(track.since).toBe(track.state === before.state ? before.since : now);
          expect(advance(track, { type: 'tick' }, now)).toBe(track);
        }
      }),
    );
  });

  it('answers from every source make it live, whatever was before', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (events) => {
        let now = START;
        let track = startTrack('c', [fast, slow], START);
        for (const e of events) track = advance(track, inputOf(e, (now += e.gap)), now);
        track = advance(track, { type: 'answer', scope: 'fast', asOf: now }, now);
        track = advance(track, { type: 'answer', scope: 'slow', asOf: now }, now);
        expect(track.state).toBe('live');
      }),
    );
  });
});
