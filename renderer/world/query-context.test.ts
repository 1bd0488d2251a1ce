import { expect, it } from 'vitest';
import { applyEvent, emptyMirror } from './mirror.ts';
import { nodesOf, queryContextOf } from './query-context.ts';
import { sampleEntity, sampleLink, sampleSnapshot } from './sample.ts';

const host = sampleEntity('host', 'proxmox/pve/node/pve-2');
const guest = sampleEntity('guest', 'proxmox/pve/lxc/112', { attrs: { hostName: 'pve-2' } });
const instance = sampleEntity('instance', 'consul/c/instance/catalog-2');
const service = sampleEntity('service', 'consul/c/service/catalog');

function mirrorOf() {
  const mirror = emptyMirror();
  const links = [
    sampleLink(service.id, 'routes-to', instance.id),
    sampleLink(instance.id, 'runs-on', guest.id),
    sampleLink(guest.id, 'runs-on', host.id),
    // A circle that reality should not have must not hang the walk.
    sampleLink(host.id, 'same-as', guest.id),
  ];
  applyEvent(mirror, sampleSnapshot({ entities: [host, guest, instance, service], links }), 0);
  return mirror;
}

it('finds the hosts below an entity, and its own node name', () => {
  expect(nodesOf(mirrorOf(), instance)).toEqual(['ct-112', 'pve-2']);
  expect(nodesOf(mirrorOf(), host)).toContain('pve-2');
});

it('does not follow requests: a service runs on no node of its own', () => {
  expect(nodesOf(mirrorOf(), service)).toEqual([]);
});

it('gives the source that vouches for an entity', () => {
  const mirror = mirrorOf();
  const source = {
    id: instance.sourceId,
    connectionId: 'c',
    scope: 'main',
    mode: 'poll' as const,
    state: 'live' as const,
    asOf: 5,
    intervalMs: 1_000,
  };
  mirror.sources.set(source.id, source);
  expect(queryContextOf(mirror, 7).sourceOf(instance)).toBe(source);
});
