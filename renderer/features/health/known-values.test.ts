import { expect, it } from 'vitest';
import { applyEvent, emptyMirror } from '../../world/mirror.ts';
import { sampleEntity, sampleSnapshot } from '../../world/sample.ts';
import { knownValues } from './known-values.ts';

it('offers each tag, host and node once, in order', () => {
  const mirror = emptyMirror();
  const entities = [
    sampleEntity('guest', 'p/p/lxc/1', { attrs: { tags: ['prod', 'blue'] } }),
    sampleEntity('service', 'c/c/service/s', { attrs: { tags: ['prod'] } }),
    sampleEntity('host', 'p/p/node/b', { name: 'pve-b' }),
    sampleEntity('node', 'c/c/node/a', { name: 'node-a' }),
  ];
  applyEvent(mirror, sampleSnapshot({ entities }), 0);
  expect(knownValues(mirror)).toEqual({ tag: ['blue', 'prod'], node: ['node-a', 'pve-b'], system: [] });
});
