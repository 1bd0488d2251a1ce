import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { request } from 'node:http';
import { READ_ONLY_TOKEN, SERVICES_ONLY_TOKEN } from './seed.ts';
import { TestApi, until, type Row } from './testing/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

describe('a blocking query', () => {
  it('is held until its list changes', async () => {
    const index = await api.index('/v1/health/state/any');
    const held = api.say('GET', `/v1/health/state/any?index=${index}&wait=10s`);
    api.lab.world.setProcess('web-1', 'killed');
    const answer = await held;
    expect(Number(answer.headers.get('x-consul-index'))).toBeGreaterThan(index);
    expect(answer.text).toContain('connection refused');
  });

  it('comes back unchanged when its time is over', async () => {
    const index = await api.index('/v1/catalog/nodes');
    const asked = performance.now();
    const answer = await api.say('GET', `/v1/catalog/nodes?index=${index}&wait=200ms`);
    expect(performance.now() - asked).toBeGreaterThan(190);
    expect(Number(answer.headers.get('x-consul-index'))).toBe(index);
  });

  it('wakes for its own service only, while a table’s query wakes for all', async () => {
    const [web, orders, any] = await Promise.all(
      ['health/service/web', 'health/service/orders', 'health/state/any'].map((path) =>
        api.index(`/v1/${path}`),
      ),
    );
    api.lab.world.setProcess('web-1', 'killed');
    await until('the table moved', async () =>
      (await api.index('/v1/health/state/any')) > (any ?? 0) ? true : undefined,
    );
    expect(await api.index('/v1/health/service/web')).toBeGreaterThan(web ?? 0);
    expect(await api.index('/v1/health/service/orders')).toBe(orders);
  });

  it('waits for an index that is not there yet, and wakes at once when the store is replaced', async () => {
    const held = api.say('GET', '/v1/catalog/services?index=999999999&wait=10s');
    const snapshot = await fetch(`${api.url}/v1/snapshot`, {
      headers: { 'x-consul-token': await tokenOf() },
    });
    const body = await snapshot.arrayBuffer();
    const restored = await fetch(`${api.url}/v1/snapshot`, {
      method: 'PUT',
      headers: { 'x-consul-token': await tokenOf() },
      body,
    });
    expect(restored.status).toBe(200);
    expect(Number((await held).headers.get('x-consul-index'))).toBeLessThan(1_000);
    expect(await api.words('PUT', '/v1/snapshot', { body: 'no archive' })).toMatch(
      /^500 failed to decode snapshot/,
    );
  });

  it('tells a streaming answer, which knows of no leader, from a blocking one', async () => {
    const plain = await api.say('GET', '/v1/health/service/web');
    expect(plain.headers.get('x-consul-query-backend')).toBe('blocking-query');
    expect(plain.headers.get('x-consul-knownleader')).toBe('true');
    const streamed = await api.say('GET', '/v1/health/service/web?index=1&wait=1s');
    expect(streamed.headers.get('x-consul-query-backend')).toBe('streaming');
    expect(streamed.headers.get('x-consul-knownleader')).toBe('false');
  });

  it('ends with its client', async () => {
    const index = await api.index('/v1/catalog/nodes');
    const stop = new AbortController();
    const held = Array.from({ length: 199 }, () =>
      api
        .say('GET', `/v1/catalog/nodes?index=${index}&wait=60s`, { signal: stop.signal })
        .catch(() => undefined),
    );
    // The two hundredth is still held, the next is one too many.
    await until('the limit', async () => {
      const { status } = await api.say('GET', `/v1/catalog/nodes?index=${index}&wait=30ms`);
      return status === 200 ? true : undefined;
    });
    stop.abort();
    await Promise.all(held);
    await until('all let go', async () =>
      (await api.say('GET', `/v1/catalog/nodes?index=${index}&wait=1ms`)).status === 200 ? true : undefined,
    );
  });
});

async function tokenOf(): Promise<string> {
  const connection = api.lab.connections[0];
  return Promise.resolve(connection?.auth?.type === 'token' ? connection.auth.token : '');
}

describe('without a leader', () => {
  const loseTwo = () => {
    api.lab.world.setHostOnline('pve-2', false);
    api.lab.world.setHostOnline('pve-3', false);
  };

  it('lists fail but for stale reads, and held ones end', async () => {
    const index = await api.index('/v1/catalog/services');
    const held = api.say('GET', `/v1/catalog/services?index=${index}&wait=30s`);
    await until('held', async () => (await api.say('GET', '/v1/status/leader')).text);
    loseTwo();
    const ended = await held;
    expect([ended.status, ended.text]).toEqual([500, 'No cluster leader']);
    expect(ended.headers.get('x-consul-index')).toBe('1');
    expect(ended.headers.get('content-type')).toContain('text/plain');
    const stale = await api.say('GET', '/v1/catalog/services?stale');
    expect(stale.status).toBe(200);
    expect(stale.headers.get('x-consul-knownleader')).toBe('false');
    expect(stale.headers.get('x-consul-effective-consistency')).toBe('stale');
    expect(await api.get('/v1/status/leader')).toBe('');
    expect(await api.words('PUT', '/v1/kv/a', { body: 'x' })).toBe('500 No cluster leader');
    const { status, text } = await api.say('GET', '/v1/operator/autopilot/health');
    expect([status, (JSON.parse(text) as { Healthy: boolean }).Healthy]).toEqual([429, false]);
  });

  it('another server leads when the first goes and two are left', async () => {
    expect(await api.get('/v1/status/leader')).toBe('10.2.0.11:8300');
    api.lab.world.setHostOnline('pve-1', false);
    expect(await api.get('/v1/status/leader')).toBe('10.2.0.12:8300');
    expect(await api.get<{ Config: Row }>('/v1/agent/self')).toMatchObject({ Config: { NodeName: 'pve-2' } });
    const health = await api.say('GET', '/v1/operator/autopilot/health');
    expect(health.status).toBe(429);
    expect(JSON.parse(health.text)).toMatchObject({ FailureTolerance: 0 });
  });
});

describe('requests', () => {
  const raw = (path: string, method = 'GET') =>
    new Promise<{ status: number; location: string | undefined }>((resolve, reject) => {
      const { hostname, port } = new URL(api.url);
      const sent = request({ hostname, port, path, method }, (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, location: response.headers.location });
      });
      sent.on('error', reject);
      sent.end();
    });

  it('are answered by method and path', async () => {
    expect(await api.words('GET', '/v1/nope')).toBe(
      '404 Invalid URL path: not a recognized HTTP API endpoint',
    );
    expect(await api.words('GET', '/nope')).toMatch(/^404 .*starts with '\/v1\/'$/);
    expect(await api.words('HEAD', '/v1/catalog/nodes')).toBe('405 ');
    const options = await api.say('OPTIONS', '/v1/connect/intentions/exact?source=a&destination=b');
    expect([options.status, options.headers.get('allow')]).toEqual([200, 'OPTIONS,GET,PUT,DELETE']);
    expect(await raw('/')).toEqual({ status: 301, location: '/ui/' });
    expect(await raw('/v1//catalog/nodes?pretty')).toEqual({
      status: 301,
      location: '/v1/catalog/nodes?pretty',
    });
    expect(await raw('/v1/catalog/../catalog/nodes')).toEqual({ status: 301, location: '/v1/catalog/nodes' });
    expect((await raw('/v1/kv/a%0ab')).status).toBe(400);
  });

  it('may name an enterprise feature, which is refused, or another datacenter, which is not reachable', async () => {
    expect(await api.words('GET', '/v1/catalog/nodes?partition=p')).toMatch(
      /^400 Invalid query parameter: "partition"/,
    );
    expect(await api.words('GET', '/v1/catalog/nodes?dc=mars')).toBe('500 No path to datacenter');
    expect(await api.words('GET', '/v1/catalog/nodes?datacenter=lab&dc=mars')).toMatch(/^200 /);
  });

  it('are printed for people on demand, and compressed for those who take it', async () => {
    expect((await api.say('GET', '/v1/catalog/datacenters?pretty')).text).toBe('[\n    "lab"\n]\n');
    const { headers } = await api.say('GET', '/v1/catalog/nodes');
    expect(headers.get('content-encoding')).toBe('gzip');
  });
});

describe('access control', () => {
  it('hides rows and says so, but not to the anonymous', async () => {
    const narrow = await api.say('GET', '/v1/catalog/nodes', { token: SERVICES_ONLY_TOKEN });
    expect([narrow.text, narrow.headers.get('x-consul-results-filtered-by-acls')]).toEqual(['[]', 'true']);
    const anonymous = await api.say('GET', '/v1/catalog/nodes', { token: '' });
    expect([anonymous.text, anonymous.headers.get('x-consul-results-filtered-by-acls')]).toEqual([
      '[]',
      null,
    ]);
    expect(anonymous.headers.get('x-consul-default-acl-policy')).toBe('deny');
    const full = await api.say('GET', '/v1/catalog/nodes', { token: READ_ONLY_TOKEN });
    expect(full.headers.get('x-consul-results-filtered-by-acls')).toBeNull();
  });

  it('names who lacks what', async () => {
    expect(await api.words('GET', '/v1/agent/self', { token: '' })).toBe(
      '403 Permission denied: anonymous token lacks permission \'agent:read\' on "pve-1". The anonymous token is used implicitly when a request does not specify a token.',
    );
    expect(await api.words('PUT', '/v1/kv/a', { body: 'x', token: READ_ONLY_TOKEN })).toMatch(
      /^403 Permission denied: token with AccessorID '[0-9a-f-]{36}' lacks permission 'key:write' on "a"$/,
    );
    expect(await api.words('GET', '/v1/catalog/nodes', { token: 'nope' })).toBe('403 ACL not found');
    expect(await api.words('GET', '/v1/acl/token/00000000-0000-0000-0000-000000000009')).toBe(
      '404 Requested token does not exist: ACL not found',
    );
  });

  it('takes a token from the query first, and from a bearer header', async () => {
    const response = await fetch(`${api.url}/v1/acl/token/self`, {
      headers: { authorization: `Bearer ${READ_ONLY_TOKEN}` },
    });
    expect(await response.json()).toMatchObject({ Description: 'Dashboards', SecretID: READ_ONLY_TOKEN });
    expect(await api.words('GET', '/v1/catalog/nodes?token=nope')).toBe('403 ACL not found');
    expect(await api.get('/v1/acl/token/self', '')).toMatchObject({
      AccessorID: '00000000-0000-0000-0000-000000000002',
    });
  });

  it('shows secrets only to those who could write them', async () => {
    const secrets = async (token: string) =>
      (await api.get('/v1/acl/tokens', token)).map((row) => row['SecretID']);
    expect(new Set(await secrets(READ_ONLY_TOKEN))).toEqual(new Set(['<hidden>']));
    expect(await secrets(await tokenOf())).toContain(READ_ONLY_TOKEN);
    const policy = await api.get<Row>('/v1/acl/policy/name/services-only');
    expect(policy['Rules']).toBe('service_prefix "" {\n  policy = "read"\n}');
    const answers = await api.say('POST', '/v1/internal/acl/authorize', {
      token: READ_ONLY_TOKEN,
      body: [
        { Resource: 'service', Access: 'read', Segment: 'web' },
        { Resource: 'service', Access: 'write', Segment: 'web' },
      ],
    });
    expect((JSON.parse(answers.text) as { Allow: boolean }[]).map((row) => row.Allow)).toEqual([true, false]);
  });
});
