import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consulLab } from '../../../../lab/consul/index.ts';
import { READ_ONLY_TOKEN, SERVICES_ONLY_TOKEN } from '../../../../lab/consul/seed.ts';
import { startLab, type Lab } from '../../../../lab/lab.ts';
import type { FaultMode } from '../../../../lab/kit/faults.ts';
import { ObservedEntitySchema } from '../../../../shared/model/entity.ts';
import { LinkSchema } from '../../../../shared/model/link.ts';
import { GantryError, GantryErrorDataSchema } from '../../../../shared/model/error.ts';
import { systemClock } from '../../clock.ts';
import { startConnection } from '../../connections/runner.ts';
import type { HttpClient } from '../../net/http.ts';
import { createHttpClient, type ManagedHttpClient } from '../../net/http-client.ts';
import { CatalogWatch } from './catalog-watch.ts';
import { Catalog } from './catalog.ts';
import { explain } from './explain.ts';
import { consulSystem } from './index.ts';
import { Memo } from './memo.ts';
import type { Observation } from '../../../../shared/model/entity.ts';
import { drive, type Driver } from './testing/driver.ts';

const serviceId = (name: string) => `consul/consul/service/${name}`;
const instanceId = (node: string, id: string) => `consul/consul/instance/${node}:${id}`;

let lab: Lab;
let url: string;
let token: string;
const open: Driver[] = [];

beforeEach(async () => {
  lab = await startLab({ modules: [consulLab], traffic: false });
  const connection = lab.connections[0];
  if (connection?.auth?.type !== 'token') throw new Error('the lab has no Consul connection');
  ({ url } = connection);
  ({ token } = connection.auth);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((driver) => driver.stop()));
  await lab.stop();
});

function watching(as = token): Driver {
  const driver = drive(startConnection, url, as);
  open.push(driver);
  return driver;
}

/** A change that is noticed by waiting for the held query to end would take 30 s. */
const SOONER_THAN_A_WAIT_MS = 12_000;

/** Requests of a connection until it has nothing to do but wait. */
const AT_START = [
  'dump',
  'agent',
  'nodes',
  'services',
  'checks',
  'held nodes',
  'held services',
  'held checks',
];

const server = () => {
  const found = lab.servers.get('consul');
  if (!found) throw new Error('no consul server');
  return found;
};

describe('the lab’s Consul', () => {
  it('becomes the scenario’s services, instances and nodes', async () => {
    const driver = watching();
    await driver.untilHealth(serviceId('orders'), 'healthy');
    const { entities, links, partial } = driver.latest() as Observation;
    for (const entity of entities) ObservedEntitySchema.parse(entity);
    for (const link of links) LinkSchema.parse(link);
    const ofKind = (kind: string) => entities.filter((entity) => entity.kind === kind);
    const scenario = lab.world.scenario;
    expect(ofKind('service').map((entity) => entity.name)).toEqual(
      [...scenario.services.map((service) => service.name), 'consul'].sort(),
    );
    expect(ofKind('instance')).toHaveLength(scenario.instances.length + scenario.hosts.length);
    expect(ofKind('node')).toHaveLength(
      scenario.guests.filter((guest) => guest.running).length + scenario.hosts.length,
    );
    expect(entities.filter((entity) => entity.ownHealth.state !== 'healthy')).toEqual([]);
    expect(partial).toBeUndefined();
    expect(driver.entity(instanceId('llm-lb', 'llm-gateway-1'))?.declaredConnection).toBe('llm');
    await driver.until('the version', () => (driver.status().version === '1.21.4' ? true : undefined));
    expect(driver.status().state).toBe('live');
  });

  it('turns an instance critical within its check’s second, and back', async () => {
    const driver = watching();
    await driver.untilHealth(serviceId('orders'), 'healthy');
    const untouched = driver.entity(instanceId('web-a', 'web-1'));
    lab.world.setProcess('orders-2', 'killed');
    await driver.untilHealth(instanceId('orders-b', 'orders-2'), 'down', SOONER_THAN_A_WAIT_MS);
    expect(driver.entity(serviceId('orders'))?.ownHealth).toEqual({
      state: 'degraded',
      reason: '1 of 3 instances critical: orders-2',
    });
    expect(driver.entity(instanceId('orders-b', 'orders-2'))?.ownHealth.reason).toContain(
      'connect: connection refused',
    );
    // Work is for what changed: the others are the very objects of before.
    expect(driver.entity(instanceId('web-a', 'web-1'))).toBe(untouched);
    lab.world.setProcess('orders-2', 'up');
    await driver.untilHealth(serviceId('orders'), 'healthy', 2_000);
  });

  it('tells a dead guest by its node’s own check, which counts for every instance on it', async () => {
    const driver = watching();
    await driver.untilHealth(serviceId('catalog'), 'healthy');
    lab.world.setGuestStatus(112, 'stopped', Date.now());
    await driver.untilHealth('consul/consul/node/catalog-b', 'down', 5_000);
    for (const service of ['catalog', 'search']) {
      const { ownHealth } = driver.entity(instanceId('catalog-b', `${service}-2`)) ?? {};
      expect(ownHealth).toEqual({
        state: 'down',
        reason: 'node check Serf Health Status critical: Agent not live or unreachable',
      });
      expect(driver.entity(serviceId(service))?.ownHealth.state).toBe('degraded');
    }
  });

  it('keeps showing what one server knows while there is no leader, and says so', async () => {
    const driver = watching();
    await driver.untilHealth(serviceId('web'), 'healthy');
    lab.world.setHostOnline('pve-2', false);
    lab.world.setHostOnline('pve-3', false);
    await driver.until('the note', () => driver.source()?.note?.includes('no leader') || undefined);
    expect(driver.source()?.state).toBe('partial');
    expect(driver.entity(serviceId('web'))).toBeDefined();
    lab.world.setHostOnline('pve-2', true);
    lab.world.setHostOnline('pve-3', true);
    await driver.until('a leader', () => (driver.source()?.state === 'live' ? true : undefined));
    expect(driver.latest()?.partial).toBeUndefined();
  });

  it('starts in the middle of such an outage, too', async () => {
    lab.world.setHostOnline('pve-2', false);
    lab.world.setHostOnline('pve-3', false);
    const driver = watching();
    await driver.until('the note', () => driver.source()?.note?.includes('no leader') || undefined);
    expect(driver.entity(serviceId('web'))).toBeDefined();
  });

  it('follows a restored snapshot, whose indexes start low again', async () => {
    const driver = watching();
    await driver.untilHealth(serviceId('web'), 'healthy');
    // A query that goes out with an index of before, just after the restore, is held for its whole wait: Consul cannot know.
    await driver.until('three held queries', () =>
      server().requestCount() >= AT_START.length ? true : undefined,
    );
    const headers = { 'x-consul-token': token };
    const snapshot = await (await fetch(`${url}/v1/snapshot`, { headers })).arrayBuffer();
    expect((await fetch(`${url}/v1/snapshot`, { method: 'PUT', headers, body: snapshot })).status).toBe(200);
    lab.world.setProcess('web-1', 'killed');
    await driver.untilHealth(instanceId('web-a', 'web-1'), 'down', SOONER_THAN_A_WAIT_MS);
    const body = JSON.stringify({ Node: 'ext', Address: '10.9.9.9', Service: { Service: 'ext', Port: 1 } });
    await fetch(`${url}/v1/catalog/register`, { method: 'PUT', headers, body });
    await driver.untilHealth(serviceId('ext'), 'unknown', SOONER_THAN_A_WAIT_MS);
  });

  it('is polite: a handful of requests at the start, and none that is not held after it', async () => {
    const driver = watching();
    await driver.until('the version', () => driver.status().version);
    await driver.until('three held queries', () =>
      server().requestCount() >= AT_START.length ? true : undefined,
    );
    // A change wakes one query, which is asked again: one more request for it, whatever the number of services.
    const before = server().requestCount();
    lab.world.setProcess('orders-2', 'killed');
    await driver.untilHealth(instanceId('orders-b', 'orders-2'), 'down', SOONER_THAN_A_WAIT_MS);
    expect(server().requestCount() - before).toBeLessThanOrEqual(4);
    expect(before).toBeLessThanOrEqual(AT_START.length + 1);
  });

  it('lets go of its held queries when it stops', async () => {
    const http = createHttpClient({
      url,
      auth: { type: 'token', token },
      system: consulSystem,
      clock: systemClock,
      random: Math.random,
    });
    const stop = new AbortController();
    const { observations, done } = observe(http, stop.signal);
    await observations;
    stop.abort(new Error('stopped'));
    await expect(done).rejects.toThrow();
    expect(http.metrics().requests60s).toBeLessThanOrEqual(9);
    await http.close();
    expect(http.socketCount()).toBe(0);
  });
});

/** Runs one watch on a client of the test's own; `observations` resolves with the first. */
function observe(http: HttpClient, signal: AbortSignal) {
  let first: (observation: Observation) => void = () => {};
  const observations = new Promise<Observation>((resolve) => {
    first = resolve;
  });
  const context = {
    connectionId: 'consul',
    http,
    clock: systemClock,
    random: Math.random,
    signal,
    publish: (observation: Observation) => first(observation),
    confirm: () => {},
    reportVersion: () => {},
  };
  return { observations, done: new CatalogWatch(context, new Catalog(), new Memo()).run() };
}

describe('rights', () => {
  it('suffice for reading with a read-only token', async () => {
    const driver = watching(READ_ONLY_TOKEN);
    await driver.untilHealth(serviceId('web'), 'healthy');
    expect(driver.latest()?.partial).toBeUndefined();
  });

  it('that are too narrow make the view partial, with the words what is missing', async () => {
    const driver = watching(SERVICES_ONLY_TOKEN);
    await driver.until('a service', () => driver.entity(serviceId('web')));
    expect(driver.source()).toMatchObject({ state: 'partial' });
    expect(driver.source()?.note).toContain('node:read');
    expect(driver.health(serviceId('web'))).toBe('unknown');
  });

  it('of an unknown token are none: forbidden, with what to do', async () => {
    const driver = watching('00000000-0000-0000-0000-00000000dead');
    await driver.until('forbidden', () => (driver.status().state === 'forbidden' ? true : undefined));
    expect(driver.status().error).toMatchObject({ code: 'unauthorized', status: 403 });
    expect(JSON.stringify(driver.status())).not.toContain('dead');
  });

  it.each([
    ['the management token', () => token, 'sees 31 nodes and 18 services'],
    [
      'a narrow token',
      () => SERVICES_ONLY_TOKEN,
      'sees 0 nodes and 18 services; lacks agent:read, node:read',
    ],
  ])('are named by the check of %s', async (_, secret, permissions) => {
    const http = client(secret());
    const facts = await consulSystem.check({ http, signal: AbortSignal.timeout(5_000) });
    await http.close();
    expect(facts.permissions).toBe(permissions);
  });
});

function client(secret: string): ManagedHttpClient {
  const auth = { type: 'token', token: secret } as const;
  return createHttpClient({ url, auth, system: consulSystem, clock: systemClock, random: Math.random });
}

describe('where the node dump is blocked', () => {
  it('asks node by node and finds the same', async () => {
    const http = client(token);
    const blocked: HttpClient = {
      text: (request) => http.text(request),
      json: (request, schema) => {
        if (!request.path.startsWith('/v1/internal/')) return http.json(request, schema);
        const words = explain(403, 'Endpoint is blocked by agent configuration');
        throw new GantryError({
          code: 'forbidden',
          attempted: request.purpose,
          target: request.path,
          knownEffect: 'nothing was changed',
          advice: '',
          retryable: false,
          status: 403,
          ...words,
        });
      },
    };
    const stop = new AbortController();
    const one = observe(http, stop.signal);
    const other = observe(blocked, stop.signal);
    const [whole, pieced] = await Promise.all([one.observations, other.observations]);
    stop.abort(new Error('stopped'));
    await Promise.allSettled([one.done, other.done]);
    await http.close();
    const plain = ({ entities, links }: Observation) => ({ entities, links });
    expect(pieced.entities.length).toBeGreaterThan(60);
    expect(plain(pieced)).toEqual(plain(whole));
  });
});

describe('a fault', () => {
  it.each<[FaultMode, string]>([
    ['down', 'unreachable'],
    ['error', 'server-error'],
    ['malformed', 'malformed'],
    ['truncated', 'truncated'],
    ['oversized', 'too-large'],
  ])(
    '“%s” at the start is a typed error with advice, and passes',
    async (mode, code) => {
      await server().setFault({ mode });
      const driver = watching();
      const error = await driver.until('an error', () => driver.status().error, 12_000);
      expect(GantryErrorDataSchema.parse(error)).toMatchObject({
        code,
        knownEffect: expect.any(String) as string,
      });
      expect(error.advice.length).toBeGreaterThan(20);
      expect(driver.observations).toEqual([]);
      await server().setFault({ mode: 'none' });
      driver.retry();
      await driver.until('live', () => (driver.status().state === 'live' ? true : undefined), 12_000);
      expect(driver.health(serviceId('web'))).toBe('healthy');
    },
    30_000,
  );

  it.each<FaultMode>(['down', 'error', 'malformed', 'truncated', 'oversized'])(
    '“%s” while watching keeps the last state, stale',
    async (mode) => {
      const driver = watching();
      await driver.untilHealth(serviceId('web'), 'healthy');
      const last = driver.latest();
      await server().setFault({ mode });
      await driver.until('stale', () => (driver.source()?.state === 'stale' ? true : undefined), 8_000);
      expect(driver.latest()).toBe(last);
      expect(driver.status().error?.advice.length).toBeGreaterThan(20);
      await server().setFault({ mode: 'none' });
      driver.retry();
      await driver.until('live', () => (driver.status().state === 'live' ? true : undefined), 12_000);
    },
    30_000,
  );

  it('“hang” is noticed by the heartbeat, long before a held query would be overdue', async () => {
    const driver = watching();
    await driver.until('held queries', () => (server().requestCount() >= AT_START.length ? true : undefined));
    await server().setFault({ mode: 'hang' });
    const error = await driver.until('an error', () => driver.status().error, 18_000);
    expect(error.code).toBe('timeout');
    expect(driver.source()?.state).toBe('stale');
    await server().setFault({ mode: 'none' });
    driver.retry();
    await driver.until('live', () => (driver.status().state === 'live' ? true : undefined), 18_000);
  }, 40_000);

  it('“slow” only delays', async () => {
    await server().setFault({ mode: 'slow', ms: 300 });
    const driver = watching();
    await driver.untilHealth(serviceId('web'), 'healthy');
    expect(driver.status().error).toBeUndefined();
  });
});
