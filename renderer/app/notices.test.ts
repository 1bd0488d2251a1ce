import { expect, it } from 'vitest';
import type { ConnectionState, ConnectionStatus } from '../../shared/model/connection.ts';
import type { ErrorCode } from '../../shared/model/error.ts';
import { connectionNotices } from './notices.ts';

function connection(id: string, state: ConnectionState, code?: ErrorCode, since = 0): ConnectionStatus {
  const error = {
    code: code ?? 'timeout',
    attempted: 'read rules',
    target: id,
    knownEffect: 'nothing was changed',
    advice: 'Check that it runs.',
    retryable: true,
  };
  return {
    id,
    system: 'consul',
    url: 'http://127.0.0.1:8500',
    state,
    since,
    lastAnswerAt: 0,
    requestsPerMinute: 0,
    budgetPerMinute: 60,
    latencyMs: 1,
    hasSecret: false,
    ...(code ? { error } : {}),
  };
}

function notices(before: ConnectionStatus[], after: ConnectionStatus[]) {
  return connectionNotices(new Map(before.map((status) => [status.id, status])), after);
}

it('tells once that a system stopped answering, with the error', () => {
  const stale = connection('c1', 'stale', 'timeout');
  const [notice, ...rest] = notices([connection('c1', 'live')], [stale]);
  expect(rest).toEqual([]);
  expect(notice).toMatchObject({ tone: 'bad', title: 'Consul c1 does not answer', error: stale.error });
  expect(notices([stale], [connection('c1', 'stale', 'timeout', 5)])).toEqual([]);
  expect(notices([stale], [connection('c1', 'down', 'timeout')])).toEqual([]);
});

it('tells of a new kind of error', () => {
  const after = connection('c1', 'forbidden', 'forbidden');
  expect(notices([connection('c1', 'down', 'timeout')], [after])[0]?.title).toBe('Consul c1 refuses access');
});

it('tells of a recovery and how long it took', () => {
  const [notice] = notices(
    [connection('consul', 'down', 'timeout', 1_000)],
    [connection('consul', 'live', undefined, 61_000)],
  );
  expect(notice).toMatchObject({ tone: 'good', title: 'Consul answers again', text: 'after 1\u202fm' });
});

it('keeps quiet about first sight, lateness and connecting', () => {
  expect(notices([], [connection('c1', 'down', 'timeout')])).toEqual([]);
  expect(notices([connection('c1', 'live')], [connection('c1', 'late')])).toEqual([]);
  expect(notices([connection('c1', 'late')], [connection('c1', 'live')])).toEqual([]);
  expect(notices([connection('c1', 'connecting')], [connection('c1', 'live')])).toEqual([]);
});

it('makes one notice of many systems lost at once', () => {
  const ids = ['a', 'b', 'c'];
  const result = notices(
    ids.map((id) => connection(id, 'live')),
    ids.map((id) => connection(id, 'stale', 'unreachable')),
  );
  expect(result).toEqual([
    { key: 'bad a, b, c', tone: 'bad', title: '3 systems do not answer', text: 'a, b, c' },
  ]);
});
