import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConnectionState, ConnectionStatus } from '../../shared/model/connection.ts';
import type { Entity } from '../../shared/model/entity.ts';
import { causesOf } from './causes.ts';
import { applyEvent, emptyMirror } from './mirror.ts';
import { sampleEntity, sampleSnapshot } from './sample.ts';

function mirrorOf(entities: Entity[], connections: ConnectionStatus[] = []) {
  const mirror = emptyMirror();
  applyEvent(mirror, sampleSnapshot({ entities, connections }), 0);
  return mirror;
}

function connection(id: string, state: ConnectionState, since = 0): ConnectionStatus {
  return {
    id,
    system: 'proxmox',
    url: 'https://pve.lab:8006',
    state,
    since,
    lastAnswerAt: null,
    requestsPerMinute: 0,
    budgetPerMinute: 60,
    latencyMs: null,
    hasSecret: true,
  };
}

const guest = sampleEntity('guest', 'proxmox/pve/lxc/112', { state: 'down', reason: 'guest is stopped' });
const instance = sampleEntity('instance', 'consul/c/instance/catalog-2', {
  state: 'down',
  causes: [guest.id],
});
const service = sampleEntity('service', 'consul/c/service/catalog', {
  state: 'degraded',
  causes: [instance.id],
});
const vip = sampleEntity('virtual-ip', 'loxilb/lb/rule/1', { state: 'degraded', causes: [service.id] });
const well = sampleEntity('host', 'proxmox/pve/node/pve-2');

describe('causesOf', () => {
  it('groups everything below one cause, however far the chain goes', () => {
    expect(causesOf(mirrorOf([vip, well, service, instance, guest]))).toEqual([
      { type: 'entity', entity: guest, affected: [instance, service, vip].sort(byOrder) },
    ]);
  });

  it('names an entity under each of its causes', () => {
    const other = sampleEntity('guest', 'proxmox/pve/lxc/113', { state: 'down' });
    const both = sampleEntity('service', 'consul/c/service/x', {
      state: 'down',
      causes: [guest.id, other.id],
    });
    const causes = causesOf(mirrorOf([both, other, guest]));
    expect(causes.map((cause) => cause.type === 'entity' && [cause.entity.id, cause.affected])).toEqual([
      [guest.id, [both]],
      [other.id, [both]],
    ]);
  });

  it('lets an entity stand for itself when its cause is gone or well', () => {
    const orphan = sampleEntity('service', 'consul/c/service/y', {
      state: 'degraded',
      causes: ['gone', well.id],
    });
    expect(causesOf(mirrorOf([orphan, well]))).toEqual([{ type: 'entity', entity: orphan, affected: [] }]);
  });

  it('does not hang on a circle, and shows it', () => {
    const a = sampleEntity('service', 'c/c/s/a', { state: 'down', causes: ['c/c/s/b'] });
    const b = sampleEntity('service', 'c/c/s/b', { state: 'down', causes: ['c/c/s/a'] });
    expect(causesOf(mirrorOf([a, b]))).toHaveLength(2);
  });

  it('puts silent connections first, the oldest silence on top; late and connecting ones are no cause', () => {
    const entities = [guest, sampleEntity('host', 'proxmox/b/node/1')];
    const connections = [
      connection('pve', 'live'),
      connection('late', 'late'),
      connection('new', 'connecting'),
      connection('b', 'stale', 50),
      connection('a', 'forbidden', 10),
    ];
    const causes = causesOf(mirrorOf(entities, connections));
    expect(
      causes.map((cause) =>
        cause.type === 'connection' ? [cause.connection.id, cause.staleCount] : 'entity',
      ),
    ).toEqual([['a', 0], ['b', 1], 'entity']);
  });

  it('leaves no bad entity out, and takes no good one in', () => {
    const states = fc.constantFrom('healthy', 'down', 'degraded', 'unknown', 'maintenance');
    const worlds = fc.array(fc.tuple(states, fc.array(fc.nat(11), { maxLength: 3 })), { maxLength: 12 });
    fc.assert(
      fc.property(worlds, (rows) => {
        const entities = rows.map(([state, causes], index) =>
          sampleEntity('guest', `p/p/g/${index}`, { state, causes: causes.map((n) => `p/p/g/${n}`) }),
        );
        const shown = new Set(
          causesOf(mirrorOf(entities)).flatMap((cause) =>
            cause.type === 'entity' ? [cause.entity, cause.affected].flat().map(({ id }) => id) : [],
          ),
        );
        const bad = entities.filter(({ health }) => health.state === 'down' || health.state === 'degraded');
        expect([...shown].sort()).toEqual(bad.map(({ id }) => id).sort());
      }),
    );
  });
});

function byOrder(a: Entity, b: Entity): number {
  const rank = { down: 0, degraded: 1, unknown: 2, maintenance: 3, healthy: 4 };
  return rank[a.health.state] - rank[b.health.state] || (a.id < b.id ? -1 : 1);
}
