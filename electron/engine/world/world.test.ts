import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../shared/model/entity.ts';
import { linkKey } from '../../../shared/model/link.ts';
import type { WorldPatch } from '../../../shared/model/world.ts';
import {
  down,
  guest,
  host,
  instance,
  member,
  node,
  observation,
  reported,
  service,
  virtualIp,
} from './fixture.ts';
import { World } from './world.ts';

/** One path of everything: 10.0.0.6:443 → catalog → catalog-1/2 → ct 111/112 → pve-1/2. */
function catalogPath(secondGuest = guest(112, 'pve-2', ['10.1.0.22'])) {
  const vip = virtualIp('10.0.0.6', 443);
  const members = [member('10.0.0.6:443', '10.1.0.21:8080'), member('10.0.0.6:443', '10.1.0.22:8080')];
  const catalog = service('catalog');
  const instances = [
    instance('catalog', 'catalog-1', '10.1.0.21:8080'),
    instance('catalog', 'catalog-2', '10.1.0.22:8080'),
  ];
  const guests = [guest(111, 'pve-1', ['10.1.0.21']), secondGuest];
  const hosts = [host('pve-1'), host('pve-2')];
  return {
    loxilb: observation(
      'rules',
      [vip, ...members],
      members.map((to) => reported(vip, 'routes-to', to)),
    ),
    consul: observation(
      'catalog',
      [catalog, ...instances],
      instances.map((to) => reported(catalog, 'routes-to', to)),
    ),
    proxmox: observation(
      'resources',
      [...guests, ...hosts],
      guests.map((g, i) => reported(g, 'runs-on', hosts[i]!)),
    ),
  };
}

function worldOf(observations: Record<string, Observation>, now = 1_000): World {
  const world = new World('test');
  for (const [connection, said] of Object.entries(observations)) world.observe(connection, said, now);
  world.flush(now);
  return world;
}

const links = (world: World) =>
  Object.fromEntries(
    world.snapshot(0).links.map((link) => [linkKey(link), `${link.rule} ${link.confidence}`]),
  );
const health = (world: World, id: string) => world.entity(id)?.health;

describe('joining systems', () => {
  it('reaches from a virtual IP to the container and its host, with evidence for each link', () => {
    const found = links(worldOf(catalogPath()));
    expect(found).toMatchObject({
      'loxilb/lb/virtual-ip/10.0.0.6:443 routes-to consul/dc/service/catalog':
        'members-are-instances certain',
      'loxilb/lb/member/10.0.0.6:443-10.1.0.22:8080 same-as consul/dc/instance/catalog-2':
        'same-socket certain',
      'consul/dc/instance/catalog-2 runs-on proxmox/pve/lxc/112': 'address-on-guest certain',
      'proxmox/pve/lxc/112 runs-on proxmox/pve/node/pve-2': 'reported certain',
    });
  });

  it('joins whatever the order in which systems answer', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const expected = links(worldOf({ loxilb, consul, proxmox }));
    expect(links(worldOf({ proxmox, consul, loxilb }))).toEqual(expected);
    expect(links(worldOf({ consul, loxilb, proxmox }))).toEqual(expected);
  });

  it('shows every candidate as possible when networks overlap, unless the name decides', () => {
    const twins = [guest(1, 'pve-1', ['192.168.0.5']), guest(2, 'pve-1', ['192.168.0.5'])];
    const lone = instance('a', 'a-1', '192.168.0.5:80');
    const ambiguous = worldOf({ consul: observation('c', [lone]), proxmox: observation('p', twins) });
    expect(Object.values(links(ambiguous))).toEqual([
      'address-on-guest possible',
      'address-on-guest possible',
    ]);

    const named = { ...lone, attrs: { ...lone.attrs, nodeName: 'g2' } };
    const decided = worldOf({ consul: observation('c', [named]), proxmox: observation('p', twins) });
    expect(links(decided)).toEqual({
      'consul/dc/instance/a-1 runs-on proxmox/pve/lxc/2': 'address-on-guest likely',
    });
  });

  it('falls back to names for a node whose guest reports no address', () => {
    const world = worldOf({
      consul: observation('c', [node('g7', '10.9.9.9')]),
      proxmox: observation('p', [guest(7, 'pve-1', [])]),
    });
    expect(links(world)).toEqual({ 'consul/dc/node/g7 same-as proxmox/pve/lxc/7': 'same-name likely' });
  });

  it.each(['127.0.0.1', '0.0.0.0', '169.254.1.1', '172.17.0.1', '::1', 'fe80::1'])(
    'never joins by %s',
    (ip) => {
      const socket = ip.includes(':') ? `[${ip}]:80` : `${ip}:80`;
      const world = worldOf({
        consul: observation('c', [instance('a', 'a-1', socket)]),
        proxmox: observation('p', [guest(1, 'pve-1', [ip])]),
      });
      expect(world.linkCount).toBe(0);
    },
  );

  it('drops a concluded link when its evidence goes', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const world = worldOf({ loxilb, consul, proxmox });
    world.observe('consul', observation('catalog', [service('catalog')]), 2_000);
    world.flush(2_000);
    const left = Object.keys(links(world));
    expect(left.some((key) => key.includes('consul/'))).toBe(false);
    expect(left).toContain('loxilb/lb/member/10.0.0.6:443-10.1.0.22:8080 runs-on proxmox/pve/lxc/112');
  });
});

describe('rolling up health', () => {
  it('carries a stopped guest up to the virtual IP, with the root cause last', () => {
    const world = worldOf(catalogPath(guest(112, 'pve-2', ['10.1.0.22'], down('guest is stopped'))));
    expect(health(world, 'consul/dc/instance/catalog-2')).toMatchObject({
      state: 'down',
      reason: 'ct 112 g112: guest is stopped',
      causes: ['proxmox/pve/lxc/112'],
    });
    expect(health(world, 'consul/dc/service/catalog')).toMatchObject({
      state: 'degraded',
      reason: '1 of 2 instances down: catalog-2',
    });
    const vip = health(world, 'loxilb/lb/virtual-ip/10.0.0.6:443');
    expect(vip).toMatchObject({ state: 'degraded', reason: '1 of 2 members down: 10.1.0.22:8080' });
    expect(vip?.causes.at(-1)).toBe('proxmox/pve/lxc/112');
  });

  it('is down when no member is left, and healthy again when they return', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const world = worldOf({ loxilb, consul, proxmox });
    const id = 'loxilb/lb/virtual-ip/10.0.0.6:443';
    expect(health(world, id)?.state).toBe('healthy');
    const stopped = proxmox.entities.map((e) =>
      e.kind === 'guest' ? { ...e, ownHealth: down('stopped') } : e,
    );
    world.observe('proxmox', { ...proxmox, entities: stopped }, 5_000);
    world.flush(5_000);
    expect(health(world, id)).toMatchObject({ state: 'down', since: 5_000 });
    world.observe('proxmox', proxmox, 9_000);
    world.flush(9_000);
    expect(health(world, id)).toEqual({ state: 'healthy', since: 9_000, causes: [] });
    expect(world.transitions(id, 10).map(({ at, from, to }) => ({ at, from, to }))).toEqual([
      { at: 9_000, from: 'down', to: 'healthy' },
      { at: 5_000, from: 'healthy', to: 'down' },
    ]);
  });

  it('never calls unknown healthy', () => {
    const vip = virtualIp('10.0.0.1', 80);
    const unprobed = member('10.0.0.1:80', '10.1.0.1:80', { state: 'unknown', reason: 'not probed' });
    const world = worldOf({ lb: observation('r', [vip, unprobed], [reported(vip, 'routes-to', unprobed)]) });
    expect(health(world, vip.id)).toMatchObject({ state: 'unknown', causes: [unprobed.id] });
  });

  it('does not paint by a merely possible link', () => {
    const twins = [guest(1, 'pve-1', ['192.168.0.5'], down('stopped')), guest(2, 'pve-1', ['192.168.0.5'])];
    const lone = instance('a', 'a-1', '192.168.0.5:80');
    const world = worldOf({ c: observation('c', [lone]), p: observation('p', twins) });
    expect(health(world, lone.id)?.state).toBe('healthy');
  });

  it('ends when virtual IPs route to each other in a ring', () => {
    const [a, b] = [virtualIp('10.0.0.1', 80), virtualIp('10.0.0.2', 80)];
    const toB = member('10.0.0.1:80', '10.0.0.2:80');
    const toA = member('10.0.0.2:80', '10.0.0.1:80', down('probe failed'));
    const world = worldOf({
      lb: observation('r', [a, b, toA, toB], [reported(a, 'routes-to', toB), reported(b, 'routes-to', toA)]),
    });
    expect(health(world, b.id)?.state).toBe('down');
    for (const entity of world.snapshot(0).entities) expect(entity.health.causes).not.toContain(entity.id);
  });
});

describe('patches', () => {
  it('says nothing when nothing changed', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const world = worldOf({ loxilb, consul, proxmox });
    world.observe('consul', consul, 2_000);
    expect(world.flush(2_000)).toBeUndefined();
  });

  it('holds only what moved when a counter moves', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const world = worldOf({ loxilb, consul, proxmox });
    const moved = proxmox.entities.map((e) =>
      e.id.endsWith('/112') ? { ...e, metrics: { cpuFraction: 0.5 } } : e,
    );
    world.observe('proxmox', { ...proxmox, entities: moved }, 2_000);
    const patch = world.flush(2_000);
    expect(patch?.entities.map(({ id }) => id)).toEqual(['proxmox/pve/lxc/112']);
    expect(patch?.links).toEqual([]);
  });

  it('removes everything of a connection that goes', () => {
    const { loxilb, consul, proxmox } = catalogPath();
    const world = worldOf({ loxilb, consul });
    world.setSource({
      id: 'proxmox/resources',
      connectionId: 'proxmox',
      scope: 'resources',
      mode: 'poll',
      state: 'live',
      asOf: 1,
      intervalMs: 1,
    });
    world.observe('proxmox', proxmox, 2_000);
    world.flush(2_000);
    world.removeConnection('proxmox', 3_000);
    const patch = world.flush(3_000);
    expect(patch?.removedEntities.toSorted()).toEqual(proxmox.entities.map(({ id }) => id).toSorted());
    expect(patch?.removedSources).toEqual(['proxmox/resources']);
    expect(links(world)).toEqual(links(worldOf({ loxilb, consul })));
  });
});

describe('for any sequence of observations', () => {
  const state = fc.constantFrom('healthy' as const, 'degraded' as const, 'down' as const, 'unknown' as const);
  const own = state.map((s) => (s === 'healthy' ? { state: s } : { state: s, reason: `own ${s}` }));
  const digit = fc.integer({ min: 1, max: 4 });
  const proxmox = fc
    .uniqueArray(fc.tuple(digit, digit, own), { selector: ([id]) => id, maxLength: 4 })
    .map((rows) => {
      const hosts = [host('h1'), host('h2', down('off'))];
      const guests = rows.map(([id, ip, h]) => guest(id, 'h1', [`10.0.0.${ip}`], h));
      return observation(
        'res',
        [...hosts, ...guests],
        guests.map((g, i) => reported(g, 'runs-on', hosts[i % 2]!)),
      );
    });
  const consul = fc
    .uniqueArray(fc.tuple(digit, digit, own), { selector: ([id]) => id, maxLength: 4 })
    .map((rows) => {
      const services = [service('s0'), service('s1', { state: 'unknown' })];
      const instances = rows.map(([id, ip, h]) => instance(`s${id % 2}`, `i${id}`, `10.0.0.${ip}:80`, h));
      return observation(
        'cat',
        [...services, ...instances],
        instances.map((i, n) => reported(services[n % 2]!, 'routes-to', i)),
      );
    });
  const loxilb = fc
    .uniqueArray(fc.tuple(digit, own), { selector: ([ip]) => ip, maxLength: 4 })
    .map((rows) => {
      const vip = virtualIp('10.9.0.1', 80);
      const members = rows.map(([ip, h]) => member('v', `10.0.0.${ip}:80`, h));
      return observation(
        'rules',
        [vip, ...members],
        members.map((m) => reported(vip, 'routes-to', m)),
      );
    });
  const step = fc.oneof(
    proxmox.map((said) => ['pve', said] as const),
    consul.map((said) => ['dc', said] as const),
    loxilb.map((said) => ['lb', said] as const),
  );

  it('the world equals one built from the last word of each scope', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        const incremental = new World('t');
        const last = new Map<string, Observation>();
        steps.forEach(([connection, said], i) => {
          incremental.observe(connection, said, i);
          last.set(connection, said);
          incremental.flush(i);
        });
        const fresh = new World('t');
        for (const [connection, said] of last) fresh.observe(connection, said, 0);
        fresh.flush(0);
        expect(comparable(incremental)).toEqual(comparable(fresh));
      }),
      { numRuns: 400 },
    );
  });

  it('a receiver that applies every patch holds the same world', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 10 }), (steps) => {
        const world = new World('t');
        const entities = new Map<string, unknown>();
        const seen = new Map<string, unknown>();
        let seq = 0;
        steps.forEach(([connection, said], i) => {
          world.observe(connection, said, i);
          const patch = world.flush(i);
          if (!patch) return;
          expect(patch.seq).toBe(++seq);
          applyTo(entities, seen, patch);
        });
        const { entities: expected, links: expectedLinks } = world.snapshot(0);
        expect(entities).toEqual(new Map(expected.map((e) => [e.id, e])));
        expect(seen).toEqual(new Map(expectedLinks.map((l) => [linkKey(l), l])));
      }),
      { numRuns: 200 },
    );
  });
});

function applyTo(entities: Map<string, unknown>, seen: Map<string, unknown>, patch: WorldPatch) {
  for (const id of patch.removedEntities) entities.delete(id);
  for (const key of patch.removedLinks) seen.delete(key);
  for (const entity of patch.entities) entities.set(entity.id, entity);
  for (const link of patch.links) seen.set(linkKey(link), link);
}

function comparable(world: World) {
  const { entities, links: all } = world.snapshot(0);
  return {
    entities: entities
      .map(({ health: { since: _since, ...rest }, ...entity }) => ({
        ...entity,
        health: { ...rest, causes: rest.causes.toSorted() },
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    links: all.map((link) => JSON.stringify(link)).sort(),
  };
}
