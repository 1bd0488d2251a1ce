import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ObservedEntitySchema } from '../../../../shared/model/entity.ts';
import { systemClock } from '../../clock.ts';
import { startConnection } from '../../connections/runner.ts';
import { createHttpClient } from '../../net/http-client.ts';
import { consulSystem } from './index.ts';
import { drive, type Driver } from './testing/driver.ts';
import { startRealAgent, whyNoConsul, type RealAgent } from './testing/real-agent.ts';

const missing = whyNoConsul();
if (missing !== undefined) process.stderr.write(`Tests against a real Consul are skipped: ${missing}\n`);

const serviceId = (name: string) => `consul/consul/service/${name}`;
const instanceId = (id: string) => `consul/consul/instance/n1:${id}`;
const ttl = { TTL: '10m', Status: 'passing' };

const open: Driver[] = [];
function watching(url: string, token?: string): Driver {
  const driver = drive(startConnection, url, token);
  open.push(driver);
  return driver;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((driver) => driver.stop()));
});

/** The real process behind an HTTP check: a server that can be killed. */
async function startService(): Promise<{ url: string; kill(): Promise<void> }> {
  const server: Server = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`,
    kill: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Stands where Consul stood and hangs up on every request; counts them. */
async function hangUpAt(url: string): Promise<{ count(): number; close(): Promise<void> }> {
  let requests = 0;
  const server: TcpServer = createTcpServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      requests++;
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(Number(new URL(url).port), '127.0.0.1', resolve));
  return { count: () => requests, close: () => new Promise((resolve) => server.close(() => resolve())) };
}

const Statuses = z.array(z.object({ Status: z.string() }));

/** Epoch ms at which Consul's own API first says that a check of the service is critical. */
async function criticalInConsul(agent: RealAgent, service: string): Promise<number> {
  for (;;) {
    const rows = Statuses.parse(await agent.call('GET', `/v1/health/checks/${service}`));
    if (rows.some((row) => row.Status === 'critical')) return Date.now();
  }
}

const median = (numbers: number[]) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

describe.skipIf(missing !== undefined)('a real Consul', () => {
  let agent: RealAgent;
  beforeAll(async () => {
    agent = await startRealAgent();
  });
  afterAll(async () => {
    await agent.close();
  });

  it('shows its own service, its node and what is registered', async () => {
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('consul'), 'healthy');
    expect(driver.status().state).toBe('live');
    expect(driver.entity('consul/consul/node/n1')).toMatchObject({
      kind: 'node',
      addresses: ['127.0.0.1'],
      ownHealth: { state: 'healthy' },
      attrs: { role: 'server' },
    });
    await agent.call('PUT', '/v1/agent/service/register', {
      ID: 'shop-1',
      Name: 'shop',
      Port: 8080,
      Address: '10.1.0.7',
      Tags: ['b', 'a'],
      Meta: { 'gantry-connection': 'llm' },
      Check: ttl,
    });
    await driver.untilHealth(serviceId('shop'), 'healthy');
    expect(driver.entity(instanceId('shop-1'))).toMatchObject({
      name: 'shop-1',
      sockets: ['10.1.0.7:8080'],
      declaredConnection: 'llm',
      attrs: { serviceName: 'shop', nodeName: 'n1', address: '10.1.0.7', port: 8080, tags: ['a', 'b'] },
    });
    expect(driver.latest()?.links).toContainEqual(
      expect.objectContaining({ from: serviceId('shop'), to: instanceId('shop-1'), kind: 'routes-to' }),
    );
    for (const entity of driver.latest()?.entities ?? []) ObservedEntitySchema.parse(entity);
    await driver.until('the version', () => (driver.status().version === '1.8.7' ? true : undefined));
    const shop = await driver.until('the datacenter', () => {
      const entity = driver.entity(serviceId('shop'));
      return entity?.kind === 'service' && entity.attrs.datacenter === 'dc1' ? entity : undefined;
    });
    expect(shop.attrs.instances).toBe(1);
  });

  it('sees a TTL check that is set to fail within milliseconds, with its output', async () => {
    await agent.call('PUT', '/v1/agent/service/register', { ID: 'ttl-1', Name: 'ttl', Check: ttl });
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('ttl'), 'healthy');
    const latencies: number[] = [];
    for (let round = 0; round < 10; round++) {
      const fails = round % 2 === 0;
      const asked = Date.now();
      const verb = fails ? 'fail' : 'pass';
      await agent.call('PUT', `/v1/agent/check/${verb}/service:ttl-1?note=round%20${round}`);
      await driver.untilHealth(instanceId('ttl-1'), fails ? 'down' : 'healthy');
      latencies.push(Date.now() - asked);
      if (fails) {
        expect(driver.entity(instanceId('ttl-1'))?.ownHealth.reason).toBe(
          `check Service 'ttl' check critical: round ${round}`,
        );
      }
    }
    // The first is the ordinary case; the rest follow one another at once and are paced on purpose.
    process.stderr.write(
      `TTL check set → observed, ms: ${latencies.join(' ')} (median ${median(latencies)})\n`,
    );
    expect(latencies[0]).toBeLessThan(250);
    expect(Math.max(...latencies)).toBeLessThan(1_000);
  });

  it('sees the end of a real process within a second of Consul', async () => {
    const service = await startService();
    const orders = { Name: 'orders', Check: ttl };
    const check = { HTTP: service.url, Interval: '200ms', Timeout: '1s' };
    await agent.call('PUT', '/v1/agent/service/register', { ...orders, ID: 'orders-1', Check: check });
    await agent.call('PUT', '/v1/agent/service/register', { ...orders, ID: 'orders-2' });
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('orders'), 'healthy');
    const killedAt = Date.now();
    await service.kill();
    const [knownAt, seenAt] = await Promise.all([
      criticalInConsul(agent, 'orders'),
      driver.untilHealth(instanceId('orders-1'), 'down').then(() => Date.now()),
    ]);
    process.stderr.write(
      `process killed → observed: ${seenAt - killedAt} ms; Consul's API → observed: ${seenAt - knownAt} ms\n`,
    );
    expect(seenAt - knownAt).toBeLessThan(1_000);
    expect(driver.entity(serviceId('orders'))?.ownHealth).toEqual({
      state: 'degraded',
      reason: '1 of 2 instances critical: orders-1',
    });
    expect(driver.entity(instanceId('orders-1'))?.ownHealth.reason).toContain('connection refused');
  });

  it('sees maintenance, a change of port, and a deregistration', async () => {
    const row = { ID: 'web-1', Name: 'web', Port: 80, Check: ttl };
    await agent.call('PUT', '/v1/agent/service/register', row);
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('web'), 'healthy');
    await agent.call('PUT', '/v1/agent/service/maintenance/web-1?enable=true&reason=new%20disk');
    await driver.untilHealth(serviceId('web'), 'maintenance');
    expect(driver.entity(instanceId('web-1'))?.ownHealth.reason).toBe('service maintenance: new disk');
    // Same name, same tags: only the table's index tells that something is different.
    await agent.call('PUT', '/v1/agent/service/register', { ...row, Port: 81 });
    await driver.until('the new port', () =>
      driver.entity(instanceId('web-1'))?.sockets.includes('127.0.0.1:81') ? true : undefined,
    );
    await agent.call('PUT', '/v1/agent/service/deregister/web-1');
    await driver.until('web gone', () => (driver.entity(serviceId('web')) ? undefined : true));
  });

  it('folds a sidecar into its instance, and counts its checks', async () => {
    const mesh = { ID: 'pay-1', Name: 'pay', Port: 9000, Check: ttl, Connect: { SidecarService: {} } };
    await agent.call('PUT', '/v1/agent/service/register', mesh);
    const driver = watching(agent.url);
    // Nobody listens on the sidecar's port, so its own check fails.
    await driver.untilHealth(instanceId('pay-1'), 'down', 20_000);
    expect(driver.entity(instanceId('pay-1'))?.ownHealth.reason).toContain(
      'Connect Sidecar Listening critical',
    );
    expect(driver.entity(serviceId('pay-sidecar-proxy'))).toBeUndefined();
    expect(driver.entity(instanceId('pay-1'))?.sockets).toHaveLength(2);
  });
});

describe.skipIf(missing !== undefined)('a real Consul of 1,000 services', () => {
  const SERVICES = 1_000;
  const NODES = 500;
  let agent: RealAgent;
  beforeAll(async () => {
    agent = await startRealAgent();
    const nodes = Array.from({ length: NODES }, (_, at) => at);
    // Three instances a service, on nodes without agents, so that nothing but this test changes them.
    const register = async (node: number) => {
      const name = `ext-${node}`;
      const Address = `10.7.${node >> 8}.${node & 255}`;
      for (let slot = 0; slot < (SERVICES * 3) / NODES; slot++) {
        const service = `s-${(node * 2 + Math.floor(slot / 3) + (slot % 3) * 334) % SERVICES}`;
        await agent.call('PUT', '/v1/catalog/register', {
          Node: name,
          Address,
          SkipNodeUpdate: slot > 0,
          Service: { ID: `${service}-${slot}`, Service: service, Port: 8_000 + slot },
          Check: {
            CheckID: `service:${service}-${slot}`,
            Name: 'up',
            Status: 'passing',
            Output: 'HTTP GET http://10.7.0.1:8080/health: 200 OK Output: ok',
            ServiceID: `${service}-${slot}`,
          },
        });
      }
    };
    const workers = Array.from({ length: 8 }, async () => {
      for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) await register(node);
    });
    await Promise.all(workers);
  });
  afterAll(async () => {
    await agent.close();
  });

  it('is read in one request and followed by three, and one change costs one entity and its service', async () => {
    const started = Date.now();
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('s-7'), 'healthy', 30_000);
    process.stderr.write(`${driver.latest()?.entities.length} entities read in ${Date.now() - started} ms\n`);
    const untilKnown = () => {
      const entity = driver.entity(serviceId('s-7'));
      return entity?.kind === 'service' && entity.attrs.datacenter === 'dc1' ? true : undefined;
    };
    await driver.until('all lists once', () => (driver.status().version ? untilKnown() : undefined));
    const requests = driver.status().requestsPerMinute;
    expect(requests).toBeLessThanOrEqual(9);
    const instance = driver.entity('consul/consul/instance/ext-3:s-7-3');
    expect(instance).toBeDefined();

    const latencies: number[] = [];
    for (const Status of ['critical', 'passing', 'critical']) {
      const before = driver.latest();
      const asked = Date.now();
      await agent.call('PUT', '/v1/catalog/register', {
        Node: 'ext-3',
        Address: '10.7.0.3',
        SkipNodeUpdate: true,
        Check: { CheckID: 'service:s-7-3', Name: 'up', Status, ServiceID: 's-7-3' },
      });
      const state = Status === 'critical' ? 'down' : 'healthy';
      await driver.untilHealth('consul/consul/instance/ext-3:s-7-3', state);
      latencies.push(Date.now() - asked);
      const old = new Set(before?.entities);
      const changed = driver.latest()?.entities.filter((entity) => !old.has(entity)) ?? [];
      expect(changed.map((entity) => entity.kind).sort()).toEqual(['instance', 'service']);
    }
    process.stderr.write(`1,000 services: check set → observed, ms: ${latencies.join(' ')}\n`);
    expect(latencies[0]).toBeLessThan(1_000);
  });
});

describe.skipIf(missing !== undefined)('a real Consul that goes away', () => {
  let agent: RealAgent;
  beforeEach(async () => {
    agent = await startRealAgent();
  });
  afterEach(async () => {
    await agent.close();
  });

  it('keeps its last state as stale, is hardly asked, and is followed anew with no click', async () => {
    for (let i = 0; i < 40; i++) await agent.call('PUT', `/v1/kv/warm/${i}`, i);
    const row = { ID: 'old-1', Name: 'old', Check: ttl };
    await agent.call('PUT', '/v1/agent/service/register', row);
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('old'), 'healthy');
    const before = driver.latest();
    const killedAt = Date.now();
    await agent.kill();
    const counter = await hangUpAt(agent.url);
    await driver.until('stale', () => (driver.source()?.state === 'stale' ? true : undefined));
    process.stderr.write(`Consul killed → stale: ${Date.now() - killedAt} ms\n`);
    await driver.until('the third attempt', () => (counter.count() >= 3 ? true : undefined), 20_000);
    const elapsed = Date.now() - killedAt;
    process.stderr.write(`${counter.count()} requests in ${elapsed} ms of outage\n`);
    // One request an attempt, after 1 s, 2 s, 4 s, …
    expect(elapsed).toBeGreaterThan(2_000);
    expect(driver.latest()).toBe(before);
    expect(driver.status()).toMatchObject({ state: 'stale', error: { retryable: true } });
    await counter.close();

    await agent.start();
    const startedAt = Date.now();
    await driver.until('live', () => (driver.status().state === 'live' ? true : undefined), 30_000);
    process.stderr.write(`Consul back → live: ${Date.now() - startedAt} ms\n`);
    await driver.until('old is gone', () => (driver.entity(serviceId('old')) ? undefined : true));
    expect(driver.health(serviceId('consul'))).toBe('healthy');
    // It is followed, not only read once.
    await agent.call('PUT', '/v1/agent/service/register', { ...row, ID: 'new-1', Name: 'new' });
    await driver.untilHealth(serviceId('new'), 'healthy');
  });

  it('is noticed within seconds when it freezes, and recovers when it thaws', async () => {
    const driver = watching(agent.url);
    await driver.untilHealth(serviceId('consul'), 'healthy');
    agent.freeze();
    const frozenAt = Date.now();
    try {
      await driver.until('stale', () => (driver.status().state === 'stale' ? true : undefined), 25_000);
      process.stderr.write(`Consul frozen → stale: ${Date.now() - frozenAt} ms\n`);
      expect(driver.status().error).toMatchObject({ code: 'timeout' });
    } finally {
      agent.thaw();
    }
    await driver.until('live', () => (driver.status().state === 'live' ? true : undefined), 40_000);
  });
});

describe.skipIf(missing !== undefined)('a real Consul with access control', () => {
  const management = 'aaaaaaaa-0000-0000-0000-000000000001';
  const unknown = 'dddddddd-0000-0000-0000-000000000009';
  let agent: RealAgent;
  beforeAll(async () => {
    agent = await startRealAgent(management);
  });
  afterAll(async () => {
    await agent.close();
  });

  async function tokenWith(name: string, rules: string): Promise<string> {
    await agent.call('PUT', '/v1/acl/policy', { Name: name, Rules: rules });
    const token = await agent.call('PUT', '/v1/acl/token', { Policies: [{ Name: name }] });
    return z.object({ SecretID: z.string() }).parse(token).SecretID;
  }

  const facts = async (token?: string) => {
    const http = createHttpClient({
      url: agent.url,
      auth: token === undefined ? { type: 'none' } : { type: 'token', token },
      system: consulSystem,
      clock: systemClock,
      random: Math.random,
    });
    try {
      return await consulSystem.check({ http, signal: AbortSignal.timeout(10_000) });
    } finally {
      await http.close();
    }
  };

  it('says what a token sees and which right it lacks', async () => {
    expect(await facts(management)).toEqual({ version: '1.8.7', permissions: 'sees 1 nodes and 1 services' });
    const narrow = await tokenWith('narrow', 'node_prefix "" { policy = "read" }');
    expect((await facts(narrow)).permissions).toBe(
      'sees 1 nodes and 0 services; lacks agent:read, service:read',
    );
    await expect(facts()).rejects.toMatchObject({ data: { code: 'forbidden' } });
    await expect(facts(unknown)).rejects.toMatchObject({ data: { code: 'unauthorized', status: 403 } });
  });

  it('is forbidden with an unknown token, and says why', async () => {
    const driver = watching(agent.url, unknown);
    await driver.until('forbidden', () => (driver.status().state === 'forbidden' ? true : undefined));
    expect(driver.status().error?.advice).toContain('deleted');
  });

  it('marks a narrow token’s view as partial instead of failing', async () => {
    const driver = watching(agent.url, await tokenWith('services', 'service_prefix "" { policy = "read" }'));
    const seen = await driver.until('services without nodes', () =>
      driver.entity(serviceId('consul')) ? driver.latest() : undefined,
    );
    expect(seen.partial).toContain('node:read');
    expect(driver.source()?.state).toBe('partial');
    expect(driver.entity(serviceId('consul'))?.ownHealth).toEqual({
      state: 'unknown',
      reason: 'no instance is visible',
    });
  });
});
