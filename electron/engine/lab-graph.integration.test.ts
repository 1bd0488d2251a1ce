import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { GantryClient } from '../../shared/contract/contract.ts';
import type { EntityKind } from '../../shared/model/entity.ts';
import { EnvironmentFileSchema } from '../../shared/model/environment.ts';
import type { Link } from '../../shared/model/link.ts';
import type { WorldSnapshot } from '../../shared/model/world.ts';
import { environmentFile } from '../../lab/kit/environment.ts';
import { startLab, type Lab } from '../../lab/lab.ts';
import { createEngine, type Engine } from './engine.ts';
import { connectInProcess } from './in-process.ts';

/** The whole engine against the whole lab: what an operator sees of each virtual IP, and what breaking things does to it. */

let lab: Lab;
let engine: Engine;
let client: GantryClient;

beforeAll(async () => {
  lab = await startLab();
  const file = EnvironmentFileSchema.parse(environmentFile(lab.connections));
  engine = await createEngine({
    host: 'test',
    environments: [{ id: 'lab', origin: 'test', file }],
    activate: 'lab',
    logger: { info: () => {}, warn: () => {} },
  });
  client = connectInProcess(engine);
  await eventually((world) => {
    expect(world.connections.map(({ id, state }) => `${id} ${state}`)).toEqual([
      'lb-1 live',
      'consul live',
      'pve live',
      'llm live',
    ]);
    expect(world.links.filter(({ rule }) => rule === 'address-on-guest').length).toBeGreaterThan(30);
  });
});

afterAll(async () => {
  await engine.stop();
  await lab.stop();
});

describe('each virtual IP of the lab', () => {
  // service: instance → guest → host, for every member.
  it.each<[string, string, string[]]>([
    [
      '10.0.0.5:443',
      'checkout',
      ['checkout-1 → ct 101 checkout-a → pve-1', 'checkout-2 → ct 102 checkout-b → pve-2'],
    ],
    [
      '10.0.0.6:443',
      'catalog',
      ['catalog-1 → ct 111 catalog-a → pve-1', 'catalog-2 → ct 112 catalog-b → pve-2'],
    ],
    [
      '10.0.0.7:5432',
      'orders-db',
      // Proxmox cannot tell the second one's address, since no guest agent runs in it: joined by the node's name.
      ['orders-db-1 → vm 130 orders-db-a → pve-2', 'orders-db-2 → vm 131 orders-db-b → pve-3'],
    ],
    [
      '10.0.0.8:443',
      'web',
      ['web-1 → ct 113 web-a → pve-1', 'web-2 → ct 114 web-b → pve-2', 'web-3 → ct 115 web-c → pve-3'],
    ],
    [
      '10.0.0.9:443',
      'llm-gateway',
      ['llm-gateway-1 → ct 140 llm-lb → pve-2', 'llm-gateway-2 → ct 141 llm-lb-standby → pve-3'],
    ],
    [
      '10.0.0.10:443',
      'api',
      ['api-1 → ct 116 api-a → pve-1', 'api-2 → ct 117 api-b → pve-2', 'api-3 → ct 118 api-c → pve-3'],
    ],
  ])('%s reaches a container and its host', async (name, service, expected) => {
    const graph = graphOf(await client.world.snapshot({}));
    const vip = graph.named('virtual-ip', name);
    const [toService] = graph.next(vip, 'routes-to', 'service');
    expect(graph.name(toService?.to)).toBe(service);
    expect(toService).toMatchObject({ rule: 'members-are-instances', confidence: 'certain' });

    const paths = graph.next(vip, 'routes-to', 'member').flatMap((toMember) => {
      const [toInstance] = graph.next(toMember.to, 'same-as', 'instance');
      expect(toInstance?.evidence).toMatch(/^10\.1\.0\.\d+:\d+ is the address of both$/);
      return graph.machinePaths(toInstance!.to).map((path) => `${graph.name(toInstance!.to)} → ${path}`);
    });
    expect(paths.toSorted()).toEqual(expected);
  });

  it('goes on behind the LLM balancer to its endpoints and their machines', async () => {
    const graph = graphOf(await client.world.snapshot({}));
    const balancer = graph.all('llm-balancer')[0]!;
    const [toInstance] = graph.next(balancer, 'same-as', 'instance');
    expect(graph.name(toInstance?.to)).toBe('llm-gateway-1');
    expect(toInstance?.rule).toBe('declared');
    const paths = graph.next(balancer, 'routes-to', 'llm-endpoint').flatMap(({ to }) => {
      const [same] = graph.next(to, 'same-as', 'instance');
      return graph.machinePaths(same!.to).map((path) => `${graph.name(to)} → ${path}`);
    });
    expect(paths.toSorted()).toEqual([
      'llm-a → vm 150 llm-a → pve-1',
      'llm-b → vm 151 llm-b → pve-2',
      'llm-c → vm 152 llm-c → pve-3',
      'llm-d → vm 153 llm-d → pve-3',
    ]);
  });

  it('every link has evidence, and none leads nowhere', async () => {
    const world = await client.world.snapshot({});
    const ids = new Set(world.entities.map(({ id }) => id));
    for (const link of world.links) {
      expect(link.evidence, `${link.from} → ${link.to}`).not.toBe('');
      expect(ids.has(link.from) && ids.has(link.to), `${link.from} → ${link.to}`).toBe(true);
    }
  });
});

describe('breaking the lab', () => {
  it('a stopped guest is told up to its virtual IP, and all is well again when it starts', async () => {
    lab.world.setGuestStatus(112, 'stopped', Date.now());
    await eventually((world) => {
      const graph = graphOf(world);
      const vip = graph.entity(graph.named('virtual-ip', '10.0.0.6:443'));
      expect(vip.health).toMatchObject({ state: 'degraded' });
      expect(vip.health.reason).toContain('1 of 2 members down');
      expect(vip.health.causes).toContain('proxmox/pve/lxc/112');
      expect(graph.entity(graph.named('service', 'catalog')).health.state).toBe('degraded');
    });
    lab.world.setGuestStatus(112, 'running', Date.now());
    await eventually((world) => {
      const graph = graphOf(world);
      expect(graph.entity(graph.named('virtual-ip', '10.0.0.6:443')).health.state).toBe('healthy');
    });
  });

  it.each(['loxilb', 'consul', 'proxmox', 'llm'])(
    'while %s is down, its last state stays, marked, and nothing else is disturbed',
    async (name) => {
      const id = { loxilb: 'lb-1', consul: 'consul', proxmox: 'pve', llm: 'llm' }[name]!;
      const before = await client.world.snapshot({});
      await lab.servers.get(name)!.setFault({ mode: 'down' });
      await eventually((world) => {
        expect(world.connections.find((c) => c.id === id)).toMatchObject({
          state: 'stale',
          error: { code: 'unreachable', advice: expect.stringMatching(/\w/) },
        });
        expect(world.sources.filter((s) => s.connectionId === id).every((s) => s.state === 'stale')).toBe(
          true,
        );
      });
      const during = await client.world.snapshot({});
      expect(during.entities.map((e) => e.id).toSorted()).toEqual(
        before.entities.map((e) => e.id).toSorted(),
      );
      expect(during.connections.filter((c) => c.id !== id).map((c) => c.state)).toEqual([
        'live',
        'live',
        'live',
      ]);
      await lab.servers.get(name)!.setFault({ mode: 'none' });
      await eventually((world) => {
        expect(world.connections.find((c) => c.id === id)).toMatchObject({ state: 'live' });
        expect(world.connections.find((c) => c.id === id)?.error).toBeUndefined();
      });
    },
  );
});

async function eventually(check: (world: WorldSnapshot) => void): Promise<void> {
  await vi.waitFor(async () => check(await client.world.snapshot({})), { timeout: 40_000, interval: 100 });
}

function graphOf(world: WorldSnapshot) {
  const entities = new Map(world.entities.map((entity) => [entity.id, entity]));
  const name = (id: string | undefined) => (id === undefined ? undefined : entities.get(id)?.name);
  const next = (from: string, kind: Link['kind'], to: EntityKind) =>
    world.links.filter(
      (link) => link.from === from && link.kind === kind && entities.get(link.to)?.kind === to,
    );
  /** "guest → host" for everything that `id` runs on, over its node where no address tells. */
  const machinePaths = (id: string): string[] => {
    const direct = next(id, 'runs-on', 'guest');
    const overNode = next(id, 'runs-on', 'node').flatMap((link) => next(link.to, 'same-as', 'guest'));
    const guests = new Set((direct.length > 0 ? direct : overNode).map(({ to }) => to));
    return [...guests].flatMap((guest) =>
      next(guest, 'runs-on', 'host').map(({ to }) => `${name(guest)} → ${name(to)}`),
    );
  };
  return {
    name,
    next,
    machinePaths,
    entity: (id: string) => entities.get(id)!,
    all: (kind: EntityKind) => world.entities.filter((e) => e.kind === kind).map(({ id }) => id),
    named: (kind: EntityKind, wanted: string) =>
      world.entities.find((e) => e.kind === kind && e.name === wanted)!.id,
  };
}
