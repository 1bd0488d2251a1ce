import { expect, it } from 'vitest';
import type { ConnectionStatus } from '../../shared/model/connection.ts';
import type { Source } from '../../shared/model/freshness.ts';
import { connectionFreshness, freshnessOf } from './freshness.ts';

const source: Source = {
  id: 'pve/resources',
  connectionId: 'pve',
  scope: 'resources',
  mode: 'poll',
  state: 'partial',
  asOf: 500,
  intervalMs: 5_000,
  note: '1 of 3 nodes did not answer',
};

it('says what the engine says while the engine is there', () => {
  expect(freshnessOf(source, true)).toEqual({
    state: 'partial',
    asOf: 500,
    note: '1 of 3 nodes did not answer',
  });
});

it('calls everything stale while the engine is away, but what was never seen', () => {
  expect(freshnessOf({ ...source, state: 'live' }, false)).toEqual({ state: 'stale', asOf: 500 });
  expect(freshnessOf({ ...source, asOf: null }, false).state).toBe('never');
  expect(freshnessOf(undefined, true).state).toBe('never');
});

const connection: ConnectionStatus = {
  id: 'pve',
  system: 'proxmox',
  url: 'https://pve.lab:8006',
  state: 'live',
  since: 0,
  lastAnswerAt: 900,
  requestsPerMinute: 12,
  budgetPerMinute: 60,
  latencyMs: 12,
  hasSecret: true,
};

it.each([
  ['live', 'live'],
  ['late', 'late'],
  ['connecting', 'late'],
  ['stale', 'stale'],
  ['down', 'stale'],
  ['forbidden', 'stale'],
] as const)('a connection that is %s has %s data', (state, expected) => {
  expect(connectionFreshness({ ...connection, state }, true).state).toBe(expected);
  expect(connectionFreshness({ ...connection, state }, false).state).toBe('stale');
  expect(connectionFreshness({ ...connection, state, lastAnswerAt: null }, true).state).toBe('never');
});
