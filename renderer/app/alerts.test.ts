import { expect, it } from 'vitest';
import { sampleEntity } from '../world/sample.ts';
import { alertsOf } from './alerts.ts';

const guest = sampleEntity('guest', 'p/p/lxc/1', { state: 'down' });
const other = sampleEntity('guest', 'p/p/lxc/2', { state: 'degraded' });
const service = sampleEntity('service', 'c/c/service/a', { state: 'degraded' });

it('counts what several causes affect once', () => {
  const alerts = alertsOf([
    { type: 'entity', entity: other, affected: [service] },
    { type: 'entity', entity: guest, affected: [service] },
  ]);
  expect(alerts).toEqual({ alerts: 3, causes: 2, worst: 'down' });
});

it('says nothing when nothing is wrong', () => {
  expect(alertsOf([])).toEqual({ alerts: 0, causes: 0, worst: null });
});
