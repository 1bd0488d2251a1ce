import { expect, it } from 'vitest';
import type { ConnectionState, ConnectionStatus } from '../../shared/model/connection.ts';
import { statusChips } from './status-chips.ts';

const connection = (id: string, state: ConnectionState = 'live'): ConnectionStatus => ({
  id,
  system: 'consul',
  url: 'http://127.0.0.1:8500',
  state,
  since: 0,
  lastAnswerAt: 0,
  requestsPerMinute: 0,
  budgetPerMinute: 60,
  latencyMs: 1,
  hasSecret: false,
});

const ids = (shown: readonly ConnectionStatus[]) => shown.map(({ id }) => id);

it('shows all that fit, by id', () => {
  const { shown, hidden } = statusChips([connection('b'), connection('a')], 2);
  expect(ids(shown)).toEqual(['a', 'b']);
  expect(hidden).toBe(0);
});

it('never hides a troubled one behind a calm one, and keeps the order', () => {
  const { shown, hidden } = statusChips([connection('a'), connection('b'), connection('z', 'down')], 2);
  expect(ids(shown)).toEqual(['a', 'z']);
  expect(hidden).toBe(1);
});
