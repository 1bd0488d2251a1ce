import { expect, it } from 'vitest';
import { edgeState } from './state.ts';

it.each([
  ['a request that goes to something bad', 'routes-to', 'healthy', 'down', 'down'],
  ['a degraded service on its way to a good instance', 'routes-to', 'degraded', 'healthy', 'healthy'],
  ['what is down, on where it runs', 'runs-on', 'down', 'healthy', 'down'],
  ['what is only degraded, on where it runs', 'runs-on', 'degraded', 'healthy', 'healthy'],
  ['maintenance', 'routes-to', 'healthy', 'maintenance', 'healthy'],
] as const)('%s', (_what, kind, from, to, expected) => {
  expect(edgeState(kind, from, to, false)).toBe(expected);
});

it('paints nothing bad on a guess', () => {
  expect(edgeState('routes-to', 'healthy', 'down', true)).toBe('healthy');
});
