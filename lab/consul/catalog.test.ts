import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi, until, type Row } from './testing/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

const statusOf = async (path: string, id: string) =>
  (await api.get(path)).find((row) => row['CheckID'] === id)?.['Status'];

describe('the catalogue', () => {
  it('has a node with an agent on every running guest, and a server on every host', async () => {
    const { scenario } = api.lab.world;
    const nodes = await api.get('/v1/catalog/nodes');
    const running = scenario.guests.filter((guest) => guest.running).map((guest) => guest.name);
    expect(nodes.map((row) => row['Node'])).toEqual(
      [...running, ...scenario.hosts.map((host) => host.name)].sort(),
    );
    const orders = nodes.find((row) => row['Node'] === 'orders-b');
    expect(orders).toMatchObject({
      Address: '10.1.0.34',
      Datacenter: 'lab',
      Meta: { 'consul-version': '1.21.4' },
    });
  });

  it('lists names with the union of tags, sidecars and consul itself included', async () => {
    const services = await api.get<Record<string, string[]>>('/v1/catalog/services');
    const { services: specs } = api.lab.world.scenario;
    expect(Object.keys(services)).toEqual(
      [...specs.map((spec) => spec.name), 'consul', 'orders-sidecar-proxy', 'payments-sidecar-proxy'].sort(),
    );
    expect(services['orders-db']?.sort()).toEqual(['data', 'postgres']);
    expect(services['consul']).toEqual([]);
  });

  it('has flat rows per service, looked up without case', async () => {
    const rows = await api.get('/v1/catalog/service/Orders');
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({
      Node: 'orders-a',
      ServiceID: 'orders-1',
      ServiceName: 'orders',
      ServiceAddress: '10.1.0.33',
      ServicePort: 8080,
      ServiceMeta: { version: '1.4.2' },
    });
    expect(await api.get('/v1/catalog/service/orders?tag=core&tag=http')).toHaveLength(3);
    expect(await api.get('/v1/catalog/service/orders?tag=core&tag=nope')).toEqual([]);
    const near = await api.get('/v1/catalog/service/orders?near=orders-c');
    expect(near[0]?.['Node']).toBe('orders-c');
    const proxies = await api.get('/v1/catalog/connect/orders');
    expect(proxies.map((row) => row['ServiceKind'])).toEqual([
      'connect-proxy',
      'connect-proxy',
      'connect-proxy',
    ]);
  });

  it('keys a node’s services by id', async () => {
    const body = await api.get<{ Node: Row; Services: Record<string, Row> }>('/v1/catalog/node/checkout-a');
    expect(Object.keys(body.Services)).toEqual(['cart-1', 'checkout-1']);
    const list = await api.get<{ Services: Row[] }>('/v1/catalog/node-services/checkout-a');
    expect(list.Services.map((row) => row['ID'])).toEqual(['cart-1', 'checkout-1']);
  });

  it('takes registrations from outside, of nodes without agents for good', async () => {
    const body = {
      Node: 'mainframe',
      Address: '10.9.9.9',
      Service: { Service: 'ledger', Port: 992 },
      Check: { CheckID: 'odd', Name: 'odd', Status: 'weird' },
    };
    expect(await api.put('/v1/catalog/register', body)).toBe(true);
    expect(await statusOf('/v1/health/node/mainframe', 'odd')).toBe('weird');
    expect(await api.get('/v1/health/service/ledger')).toMatchObject([
      { Node: { ID: '', TaggedAddresses: null, Meta: null }, Service: { Address: '', Meta: null } },
    ]);
    expect(await api.put('/v1/catalog/deregister', { Node: 'mainframe', ServiceID: 'ledger' })).toBe(true);
    expect(await api.get('/v1/health/service/ledger')).toEqual([]);
    expect(await api.put('/v1/catalog/deregister', { Node: 'nothing-like-it' })).toBe(true);
    expect(await api.words('PUT', '/v1/catalog/register', { body: { Node: 'x' } })).toMatch(/^400 /);
    expect(
      await api.words('PUT', '/v1/catalog/register', {
        body: { ID: 'other', Node: 'orders-a', Address: '10.9.9.8' },
      }),
    ).toMatch(/^500 .*Node name orders-a is reserved/);
  });

  it('gives back what an agent owns at that agent’s next word, and takes away what it does not', async () => {
    await api.put('/v1/catalog/deregister', { Node: 'orders-a', ServiceID: 'orders-1' });
    await api.put('/v1/catalog/register', {
      Node: 'orders-a',
      Address: '10.1.0.33',
      Service: { Service: 'alien' },
    });
    expect(await api.get('/v1/catalog/service/orders')).toHaveLength(2);
    // A deregistration on the agent makes it compare everything.
    const agent = await api.agentUrl('orders-a');
    await api.put('/v1/agent/service/register', { Name: 'brief' }, agent);
    await api.put('/v1/agent/service/deregister/brief', undefined, agent);
    expect(await api.get('/v1/catalog/service/orders')).toHaveLength(3);
    expect(await api.get('/v1/catalog/service/alien')).toEqual([]);
  });
});

describe('health', () => {
  it('turns a check critical when the process behind it dies, and passing when it is back', async () => {
    api.lab.world.setProcess('orders-2', 'killed');
    const check = await until('critical', async () =>
      (await api.get('/v1/health/state/critical')).find((row) => row['CheckID'] === 'service:orders-2'),
    );
    expect(check).toMatchObject({
      Node: 'orders-b',
      Name: "Service 'orders' check",
      ServiceName: 'orders',
      Type: 'http',
      Output: 'Get "http://10.1.0.34:8080/health": dial tcp 10.1.0.34:8080: connect: connection refused',
    });
    // The sidecar's alias follows, its listener does not.
    expect(await statusOf('/v1/health/checks/orders-sidecar-proxy', 'service:orders-2-sidecar-proxy:2')).toBe(
      'critical',
    );
    expect(await statusOf('/v1/health/checks/orders-sidecar-proxy', 'service:orders-2-sidecar-proxy:1')).toBe(
      'passing',
    );
    expect(await api.get('/v1/health/service/orders?passing')).toHaveLength(2);
    expect(await api.get('/v1/health/service/orders?passing=false')).toHaveLength(3);
    api.lab.world.setProcess('orders-2', 'up');
    await until('passing', async () =>
      (await statusOf('/v1/health/checks/orders', 'service:orders-2')) === 'passing' ? true : undefined,
    );
  });

  it('marks a dead agent by serfHealth, while its own checks keep what they said', async () => {
    api.lab.world.setGuestStatus(123, 'stopped', Date.now());
    await until('serfHealth critical', async () =>
      (await statusOf('/v1/health/node/orders-b', 'serfHealth')) === 'critical' ? true : undefined,
    );
    expect(await statusOf('/v1/health/node/orders-b', 'service:orders-2')).toBe('passing');
    const members = await api.get('/v1/agent/members');
    expect(members.find((row) => row['Name'] === 'orders-b')?.['Status']).toBe(4);
    const [, second] = await api.get<{ Node: Row; Checks: Row[] }[]>('/v1/health/service/orders');
    expect(second?.Checks.map((row) => row['CheckID'])).toContain('serfHealth');
    api.lab.world.setGuestStatus(123, 'running', Date.now());
    await until('alive', async () =>
      (await statusOf('/v1/health/node/orders-b', 'serfHealth')) === 'passing' ? true : undefined,
    );
  });

  it('lets an agent join when its guest runs for the first time', async () => {
    expect(await api.get('/v1/catalog/node/build-runner')).toBeNull();
    api.lab.world.setGuestStatus(190, 'running', Date.now());
    await until(
      'joined',
      async () => (await api.get<Row | null>('/v1/catalog/node/build-runner')) ?? undefined,
    );
  });

  it('summarises as its own UI shows it', async () => {
    const rows = await api.get('/v1/internal/ui/services');
    const orders = rows.find((row) => row['Name'] === 'orders');
    // Per node: serfHealth once, its own check, the sidecar's two.
    expect(orders).toMatchObject({
      InstanceCount: 3,
      ChecksPassing: 12,
      ChecksCritical: 0,
      ConnectedWithProxy: true,
    });
    expect(rows.find((row) => row['Name'] === 'orders-sidecar-proxy')?.['Kind']).toBe('connect-proxy');
    expect(await api.words('GET', '/v1/internal/ui/service-topology/orders')).toBe(
      '400 Missing service kind',
    );
    const topology = await api.get<{ Upstreams: Row[]; Downstreams: Row[]; Protocol: string }>(
      '/v1/internal/ui/service-topology/orders?kind=',
    );
    expect(topology.Protocol).toBe('http');
    expect(topology.Upstreams.map((row) => row['Name'])).toEqual(['orders-db']);
    expect(topology.Downstreams.map((row) => row['Name'])).toEqual(['checkout']);
    const overview = await api.get<Record<string, Row[]>>('/v1/internal/ui/catalog-overview');
    expect(overview['Nodes']?.[0]).toMatchObject({ Total: 31, Passing: 31, Critical: 0 });
    expect(await api.words('GET', '/v1/internal/ui/node/nope')).toBe('404 ');
  });
});

describe('an agent', () => {
  it('answers for itself alone', async () => {
    expect(await api.get('/v1/agent/services')).toEqual({});
    const url = await api.agentUrl('orders-b');
    const own = JSON.parse((await api.say('GET', '/v1/agent/services', { url })).text) as Record<string, Row>;
    expect(Object.keys(own).sort()).toEqual(['inventory-2', 'orders-2', 'orders-2-sidecar-proxy']);
    expect(own['orders-2']).not.toHaveProperty('ModifyIndex');
    const self = JSON.parse((await api.say('GET', '/v1/agent/self', { url })).text) as { Config: Row };
    expect(self.Config).toMatchObject({ NodeName: 'orders-b', Server: false });
  });

  it('is gone when its guest is', async () => {
    const url = await api.agentUrl('orders-b');
    api.lab.world.setGuestStatus(123, 'stopped', Date.now());
    await expect(api.say('GET', '/v1/agent/self', { url })).rejects.toThrow();
  });

  it('takes maintenance, which the world then knows too', async () => {
    const url = await api.agentUrl('orders-b');
    expect((await api.say('PUT', '/v1/agent/service/maintenance/orders-2', { url })).text).toBe(
      'Missing value for enable',
    );
    expect((await api.say('PUT', '/v1/agent/service/maintenance/orders-2?enable=x', { url })).text).toBe(
      'Invalid value for enable: "x"',
    );
    expect((await api.say('PUT', '/v1/agent/service/maintenance/nope?enable=true', { url })).text).toContain(
      'Unknown service ID "nope"',
    );
    await api.put('/v1/agent/service/maintenance/orders-2?enable=true', undefined, url);
    expect(api.lab.world.instances.get('orders-2')?.maintenance).toBe(true);
    const checks = await api.get('/v1/health/checks/orders');
    expect(checks.find((row) => row['CheckID'] === '_service_maintenance:orders-2')).toMatchObject({
      Status: 'critical',
      Notes:
        'Maintenance mode is enabled for this service, but no reason was provided. This is a default message.',
    });
    const health = await api.say('GET', '/v1/agent/health/service/id/orders-2?format=text', { url });
    expect([health.status, health.text]).toEqual([503, 'maintenance']);
    await api.put('/v1/agent/service/maintenance/orders-2?enable=false', undefined, url);
    expect(api.lab.world.instances.get('orders-2')?.maintenance).toBe(false);
  });

  it('refuses bad registrations in its own words', async () => {
    const words = (body: unknown, path = 'service') =>
      api.words('PUT', `/v1/agent/${path}/register`, { body });
    expect(await words({})).toBe('400 Missing service name');
    expect(await words({ Name: 'x', Address: '0.0.0.0' })).toBe('400 Invalid service address');
    expect(await words({ Name: 'x', Weights: { Passing: 0 } })).toMatch(/^400 Invalid Weights: /);
    expect(await words({ Name: 'x', Meta: { 'consul-x': '1' } })).toMatch(/^400 Invalid Service Meta/);
    expect(await words({ Name: 'x', Check: { Args: ['sh'], Interval: '1s' } })).toMatch(
      /^400 Invalid check: Scripts are disabled/,
    );
    expect(await words({}, 'check')).toBe('400 Missing check name');
    expect(await words({ Name: 'c', Status: 'weird', TTL: '1s' }, 'check')).toBe('400 Bad check status');
    expect(await words({ Name: 'c', TTL: '1s', ServiceID: 'nope' }, 'check')).toBe(
      '404 ServiceID "nope" does not exist',
    );
    expect(await api.words('PUT', '/v1/agent/service/deregister/nope')).toMatch(
      /^404 Unknown service ID "nope"/,
    );
    expect(await words('{"Name":')).toMatch(/^400 Request decode failed/);
  });

  it('takes snake_case, registers a sidecar, and lets a TTL run out', async () => {
    const body = {
      name: 'temp',
      check: { ttl: '150ms', status: 'passing' },
      enable_tag_override: true,
      connect: { SidecarService: {} },
    };
    await api.put('/v1/agent/service/register', body);
    const services = await api.get<Record<string, Row>>('/v1/agent/services');
    expect(services['temp']).toMatchObject({ Service: 'temp', EnableTagOverride: true });
    expect(services['temp-sidecar-proxy']).toMatchObject({ Kind: 'connect-proxy', Port: 21_000 });
    expect(await statusOf('/v1/health/checks/temp', 'service:temp')).toBe('passing');
    const expired = await until('expired', async () => {
      const [row] = await api.get('/v1/health/checks/temp');
      return row?.['Status'] === 'critical' ? row : undefined;
    });
    expect(expired['Output']).toBe('TTL expired');
    await api.put('/v1/agent/check/update/service:temp', { Status: 'warning', Output: 'slow' });
    expect(await api.get('/v1/health/checks/temp')).toMatchObject([{ Status: 'warning', Output: 'slow' }]);
    expect(await api.words('PUT', '/v1/agent/check/pass/service:nope')).toMatch(/^404 Unknown check ID/);
    expect(await api.words('PUT', '/v1/agent/check/pass/service:temp-sidecar-proxy:1')).toBe(
      '500 CheckID "service:temp-sidecar-proxy:1" does not have associated TTL',
    );
    await api.put('/v1/agent/service/deregister/temp');
    expect(await api.get('/v1/agent/services')).toEqual({});
  });

  it('waits for a change of one service by its content hash', async () => {
    await api.put('/v1/agent/service/register', { Name: 'temp', Port: 1 });
    const first = await api.say('GET', '/v1/agent/service/temp');
    const hash = first.headers.get('x-consul-contenthash') ?? '';
    expect(JSON.parse(first.text)).toMatchObject({ ContentHash: hash, Port: 1 });
    const held = api.say('GET', `/v1/agent/service/temp?hash=${hash}&wait=10s`);
    await api.put('/v1/agent/service/register', { Name: 'temp', Port: 2 });
    expect(JSON.parse((await held).text)).toMatchObject({ Port: 2 });
    expect(await api.words('GET', '/v1/agent/service/nope?hash=x&wait=10s')).toBe(
      '404 unknown service ID: nope',
    );
  });
});
