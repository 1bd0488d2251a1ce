import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entity } from '../../../shared/model/entity.ts';
import type { Link } from '../../../shared/model/link.ts';
import { applyEvent, emptyMirror } from '../../world/mirror.ts';
import { sampleEntity, sampleLink, sampleSnapshot } from '../../world/sample.ts';
import { impactWords } from './impact-words.ts';
import { dependentsOf, impactsOf } from './impact.ts';

const host = sampleEntity('host', 'proxmox/pve/node/pve-2', { name: 'pve-2' });
const guest = sampleEntity('guest', 'proxmox/pve/lxc/112', { name: 'ct 112', state: 'down' });
const other = sampleEntity('guest', 'proxmox/pve/lxc/111', { name: 'ct 111' });
const lost = sampleEntity('instance', 'consul/c/instance/catalog-2', { state: 'down', causes: [guest.id] });
const left = sampleEntity('instance', 'consul/c/instance/catalog-1');
const service = sampleEntity('service', 'consul/c/service/catalog', { name: 'catalog' });
const deadMember = sampleEntity('member', 'loxilb/lb/member/2', { state: 'down', causes: [lost.id] });
const member = sampleEntity('member', 'loxilb/lb/member/1');
const vip = sampleEntity('virtual-ip', 'loxilb/lb/rule/1', { name: '10.0.0.6:443' });
const probe = sampleEntity('load-balancer', 'loxilb/lb/self/lb', { name: 'lb' });

function mirrorOf(entities: Entity[], links: Link[]) {
  const mirror = emptyMirror();
  applyEvent(mirror, sampleSnapshot({ entities, links }), 0);
  return mirror;
}

const world = mirrorOf(
  [host, guest, other, lost, left, service, deadMember, member, vip, probe],
  [
    sampleLink(guest.id, 'runs-on', host.id),
    sampleLink(lost.id, 'runs-on', guest.id),
    sampleLink(left.id, 'runs-on', other.id),
    sampleLink(service.id, 'routes-to', lost.id),
    sampleLink(service.id, 'routes-to', left.id),
    sampleLink(vip.id, 'routes-to', service.id),
    sampleLink(vip.id, 'routes-to', deadMember.id),
    sampleLink(vip.id, 'routes-to', member.id),
    sampleLink(deadMember.id, 'same-as', lost.id),
    sampleLink(member.id, 'same-as', left.id),
    sampleLink(probe.id, 'checks', deadMember.id),
  ],
);

const words = (id: string, failing: boolean) =>
  impactsOf(world, id, 10).shown.map((impact) => `${impact.entity.name} ${impactWords(impact, failing)}`);

describe('impactsOf', () => {
  it('tells what the services and virtual IPs above a failed guest have lost', () => {
    expect(words(guest.id, true)).toEqual([
      '10.0.0.6:443 lost 1 of 2 members',
      'catalog lost 1 of 2 instances',
    ]);
  });

  it('tells what would be lost with a host that is well', () => {
    expect(words(host.id, false)).toEqual([
      '10.0.0.6:443 would keep 1 of 2 members',
      'catalog would keep 1 of 2 instances',
    ]);
  });

  it('counts the guests of a host', () => {
    expect(impactsOf(world, host.id, 10).guests).toBe(1);
    expect(impactsOf(world, guest.id, 10).guests).toBe(0);
  });

  it('does not take whoever checks a thing for a dependent', () => {
    expect(dependentsOf(world, deadMember.id).has(probe.id)).toBe(false);
  });

  it('tells of the last instance', () => {
    const single = mirrorOf(
      [service, lost, guest],
      [sampleLink(service.id, 'routes-to', lost.id), sampleLink(lost.id, 'runs-on', guest.id)],
    );
    const [impact] = impactsOf(single, guest.id, 10).shown;
    expect(impact && impactWords(impact, true)).toBe('lost its only instance');
    expect(impact && impactWords({ ...impact, lost: 0 }, false)).toBe('would lose its only instance');
  });

  it('never counts as kept what is down already', () => {
    const keeper = impactsOf(world, other.id, 10).shown.find(({ entity }) => entity.id === service.id);
    expect(keeper && impactWords(keeper, false)).toBe('would lose its last instance');
  });

  it('caps what is shown and counts the rest', () => {
    const impacts = impactsOf(world, host.id, 1);
    expect(impacts.shown).toHaveLength(1);
    expect(impacts.total).toBe(2);
  });

  it('has nothing to tell of the top of the path', () => {
    expect(impactsOf(world, vip.id, 10)).toEqual({ shown: [], total: 0, guests: 0 });
  });

  it('ends on any graph, and a dependent of a dependent is one too', () => {
    const node = fc.nat(7).map((n) => `s/s/s/${n}`);
    const edges = fc.array(fc.tuple(node, node), { maxLength: 24 });
    fc.assert(
      fc.property(edges, node, (pairs, start) => {
        const mirror = mirrorOf(
          [],
          pairs.map(([from, to]) => sampleLink(from, 'runs-on', to)),
        );
        const reached = dependentsOf(mirror, start);
        for (const id of reached)
          for (const above of dependentsOf(mirror, id)) expect(reached.has(above)).toBe(true);
      }),
    );
  });
});

describe('impactWords of what gets there without a part of its own', () => {
  const vipAbove = impactsOf(world, service.id, 10).shown[0];

  it('says what the virtual IP of a failing service has lost', () => {
    expect(vipAbove && impactWords(vipAbove, true)).toBe('lost 1 of 2 members');
    expect(vipAbove && impactWords({ ...vipAbove, lost: 0 }, true)).toBe('gets there through it');
  });

  it('says that it would be hit while all is well', () => {
    expect(vipAbove && impactWords(vipAbove, false)).toBe('would be hit');
  });
});
