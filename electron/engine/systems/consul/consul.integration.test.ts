import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ObservedEntitySchema, type ObservedOf } from '../../../../shared/model/entity.ts';
import { systemClock } from '../../clock.ts';
import { createHttpClient } from '../../net/http-client.ts';
import { consulSystem } from './index.ts';
import { drive, type Driver } from './testing/driver.ts';
import { startRealAgent, whyNoConsul, type RealAgent } from './testing/real-agent.ts';

const missing = whyNoConsul();
if (missing !== undefined) process.stderr.write(`Consul integration tests skipped: ${missing}\n`);

const serviceId = (name: string) => `consul/consul/service/${name}`;
const instanceId = (id: string) => `consul/consul/instance/n1:${id}`;

const open: { stop(): Promise<void> }[] = [];
function watching(url: string, token?: string): Driver {
  const driver = drive({ url, ...(token === undefined ? {} : { token }) });
  open.push(driver);
  return driver;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((driver) => driver.stop()));
});

/** The real service behind an HTTP check: a server that can be killed. */
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

const state = (driver: Driver, id: string) => driver.entity(id)?.ownHealth.state;

/** Epoch ms at which Consul's own API first says that the check is critical; asks every few milliseconds. */
async function criticalInConsul(agent: RealAgent, service: string): Promise<number> {
  const Rows = z.array(z.object({ Status: z.string() }));
  for (;;) {
    const rows = Rows.parse(await agent.call('GET', `/v1/health/checks/${service}`));
    if (rows.some((row) => row.Status === 'critical')) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe.skipIf(missing !== undefined)('a real Consul', () => {
  let agent: RealAgent;
  beforeAll(async () => {
    agent = await startRealAgent();
  });
  afterAll(async () => {
    await agent.close();
  });

  it('shows its own service, its node and what is registered, in the model’s shape', async () => {
    const driver = watching(agent.url);
    await driver.until('the first observation', driver.latest);
    expect(state(driver, serviceId('consul'))).toBe('healthy');
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
      Check: { TTL: '10m', Status: 'passing' },
    });
    const shop = await driver.until(
      'shop healthy',
      () => state(driver, serviceId('shop')) === 'healthy' || undefined,
    );
    expect(shop).toBe(true);
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
    await driver.until('the version', () => driver.versions.includes('1.8.7') || undefined);
    const service = driver.entity(serviceId('shop')) as ObservedOf<'service'>;
    await driver.until('the datacenter', () => {
      const now = driver.entity(serviceId('shop')) as ObservedOf<'service'>;
      return now.attrs.datacenter === 'dc1' ? true : undefined;
    });
    expect(service.attrs.instances).toBe(1);
  });

  it('sees a TTL check that is set to fail, with its output, at once', async () => {
    await agent.call('PUT', '/v1/agent/service/register', {
      ID: 'ttl-1',
      Name: 'ttl',
      Check: { TTL: '10m', Status: 'passing' },
    });
    const driver = watching(agent.url);
    await driver.until('ttl healthy', () => state(driver, serviceId('ttl')) === 'healthy' || undefined);
    const latencies: number[] = [];
    for (let round = 0; round < 10; round++) {
      const word = round % 2 === 0 ? 'fail' : 'pass';
      const wanted = round % 2 === 0 ? 'down' : 'healthy';
      const asked = Date.now();
      await agent.call('PUT', `/v1/agent/check/${word}/service:ttl-1?note=round%20${round}`);
      await driver.until(`ttl ${wanted}`, () => state(driver, instanceId('ttl-1')) === wanted || undefined);
      latencies.push(Date.now() - asked);
      if (wanted === 'down') {
        expect(driver.entity(instanceId('ttl-1'))?.ownHealth.reason).toBe(
          `check Service 'ttl' check critical: round ${round}`,
        );
      }
      // The pacer gives a burst of two; a second of peace between changes is the ordinary case.
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    process.stderr.write(`TTL check set → observed, ms: ${latencies.join(' ')}\n`);
    expect(Math.max(...latencies)).toBeLessThan(1_000);
  });

  it('sees the end of a real process within a second of Consul', async () => {
    const service = await startService();
    await agent.call('PUT', '/v1/agent/service/register', {
      ID: 'orders-1',
      Name: 'orders',
      Check: { HTTP: service.url, Interval: '200ms', Timeout: '1s' },
    });
    const other = { ID: 'orders-2', Name: 'orders', Check: { TTL: '10m', Status: 'passing' } };
    await agent.call('PUT', '/v1/agent/service/register', other);
    const driver = watching(agent.url);
    await driver.until('orders healthy', () => state(driver, serviceId('orders')) === 'healthy' || undefined);
    const killedAt = Date.now();
    await service.kill();
    const [knownAt, seenAt] = await Promise.all([
      criticalInConsul(agent, 'orders'),
      driver.until('orders-1 down', () =>
        state(driver, instanceId('orders-1')) === 'down' ? Date.now() : undefined,
      ),
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
    const row = { ID: 'web-1', Name: 'web', Port: 80, Check: { TTL: '10m', Status: 'passing' } };
    await agent.call('PUT', '/v1/agent/service/register', row);
    const driver = watching(agent.url);
    await driver.until('web healthy', () => state(driver, serviceId('web')) === 'healthy' || undefined);
    await agent.call('PUT', '/v1/agent/service/maintenance/web-1?enable=true&reason=new%20disk');
    await driver.until(
      'web in maintenance',
      () => state(driver, serviceId('web')) === 'maintenance' || undefined,
    );
    expect(driver.entity(instanceId('web-1'))?.ownHealth.reason).toBe('service maintenance: new disk');
    // Same name, same tags: only the table's index tells that something is different.
    await agent.call('PUT', '/v1/agent/service/register', { ...row, Port: 81 });
    await driver.until(
      'the new port',
      () => driver.entity(instanceId('web-1'))?.sockets.includes('127.0.0.1:81') || undefined,
    );
    await agent.call('PUT', '/v1/agent/service/deregister/web-1');
    await driver.until('web gone', () => driver.entity(serviceId('web')) === undefined || undefined);
  });

  it('asks at most what its watches need while nothing happens', async () => {
    const driver = watching(agent.url);
    await driver.until('the first observation', driver.latest);
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect(driver.observations.length).toBeLessThanOrEqual(3);
    expect(driver.failures).toEqual([]);
  });
});

describe.skipIf(missing !== undefined)('a real Consul that goes away', () => {
  let agent: RealAgent;
  beforeAll(async () => {
    agent = await startRealAgent();
  });
  afterAll(async () => {
    await agent.close();
  });

  it('is asked again in ever longer steps, and is followed anew when it is back with another state', async () => {
    for (let i = 0; i < 40; i++) await agent.call('PUT', `/v1/kv/warm/${i}`, i);
    const row = { ID: 'old-1', Name: 'old', Check: { TTL: '10m', Status: 'passing' } };
    await agent.call('PUT', '/v1/agent/service/register', row);
    const driver = watching(agent.url);
    await driver.until('old healthy', () => state(driver, serviceId('old')) === 'healthy' || undefined);
    const before = driver.latest();
    await agent.kill();
    await driver.until('three failures', () => (driver.failures.length >= 3 ? true : undefined));
    expect(driver.latest()).toBe(before);
    expect(driver.failures.at(-1)?.data).toMatchObject({ code: 'unreachable', retryable: true });
    // One request an attempt: the first failure is the cut watch, the others are attempts after 1 s, 2 s, …
    expect(driver.failures.length).toBeLessThanOrEqual(4);
    await agent.start();
    await driver.until('a new observation', () => (driver.latest() !== before ? true : undefined), 20_000);
    await driver.until('old is gone', () => (driver.entity(serviceId('old')) ? undefined : true));
    expect(state(driver, serviceId('consul'))).toBe('healthy');
    // And it is really followed, not only read once.
    await agent.call('PUT', '/v1/agent/service/register', { ...row, ID: 'new-1', Name: 'new' });
    await driver.until('new healthy', () => state(driver, serviceId('new')) === 'healthy' || undefined);
  });
});

describe.skipIf(missing !== undefined)('a real Consul with access control', () => {
  const management = 'aaaaaaaa-0000-0000-0000-000000000001';
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

  const facts = (token?: string) => {
    const http = createHttpClient({
      url: agent.url,
      auth: token === undefined ? { type: 'none' } : { type: 'token', token },
      system: consulSystem,
      clock: systemClock,
      random: Math.random,
    });
    return consulSystem.check({ http, signal: AbortSignal.timeout(10_000) }).finally(() => http.close());
  };

  it('says what a token sees and which right it lacks', async () => {
    expect(await facts(management)).toEqual({ version: '1.8.7', permissions: 'sees 1 nodes and 1 services' });
    const narrow = await tokenWith('narrow', 'node_prefix "" { policy = "read" }');
    expect((await facts(narrow)).permissions).toBe(
      'sees 1 nodes and 0 services; lacks agent:read, service:read',
    );
    await expect(facts()).rejects.toMatchObject({ data: { code: 'forbidden' } });
    await expect(facts('dddddddd-0000-0000-0000-000000000009')).rejects.toMatchObject({
      data: { code: 'unauthorized', status: 403 },
    });
  });

  it('marks a narrow token’s view as partial instead of failing', async () => {
    const token = await tokenWith('services', 'service_prefix "" { policy = "read" }');
    const driver = watching(agent.url, token);
    const seen = await driver.until('services without nodes', () =>
      driver.entity(serviceId('consul')) ? driver.latest() : undefined,
    );
    expect(seen.partial).toContain('node:read');
    expect(driver.entity(serviceId('consul'))?.ownHealth).toEqual({
      state: 'unknown',
      reason: 'no instance is visible',
    });
  });
});
