import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestApi, until, type Row } from './testing/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await TestApi.start();
});
afterEach(() => api.lab.stop());

describe('keys', () => {
  it('are folders by their separator', async () => {
    expect(await api.get('/v1/kv/config/?keys&separator=/')).toEqual(['config/checkout/', 'config/llm/']);
    expect(await api.get('/v1/kv/config/llm/?recurse')).toMatchObject([
      { Key: 'config/llm/', Value: null },
      { Key: 'config/llm/routing', Value: 'cXVvdGE=' },
    ]);
    const raw = await api.say('GET', '/v1/kv/release/current?raw');
    expect([raw.text, raw.headers.get('content-type')]).toEqual(['2026.11', 'text/plain']);
    expect((await api.say('GET', '/v1/kv/nope')).headers.get('x-consul-index')).toMatch(/^\d+$/);
  });

  it('can be waited for before they exist', async () => {
    const index = await api.index('/v1/kv/later');
    const held = api.say('GET', `/v1/kv/later?index=${index}&wait=10s`);
    await api.put('/v1/kv/later', 'now');
    expect((await held).status).toBe(200);
  });

  it('refuse what Consul refuses', async () => {
    const words = (path: string, body = 'x') => api.words('PUT', path, { body });
    expect(await words('/v1/kv/a?cas=0&acquire=x')).toMatch(/^400 Conflicting flags/);
    expect(await words('/v1/kv/a?acquire=00000000-0000-0000-0000-000000000000')).toMatch(
      /^500 .*invalid session/,
    );
    expect(await words('/v1/kv/a', 'x'.repeat(600_001))).toMatch(
      /^413 Request body\(600001 bytes\) too large/,
    );
    expect(await words('/v1/kv/', 'x')).toBe('400 Missing key name');
    expect(await words('/v1/kv/sp%20ace', 'x')).toMatch(/^500 invalid key name/);
    expect(await api.words('DELETE', '/v1/kv/config/?recurse&cas=1')).toMatch(/^400 Conflicting flags/);
    expect(await api.words('DELETE', '/v1/kv/release/current?cas=0')).toBe('200 false');
    expect(await api.words('DELETE', '/v1/kv/config/?recurse')).toBe('200 true');
    expect(await api.get('/v1/kv/?keys')).toEqual(['release/current']);
  });
});

describe('sessions', () => {
  const create = async (body: Row) => api.words('PUT', '/v1/session/create', { body });

  it('refuse nodes and checks that are not there or not well', async () => {
    expect(await create({ Node: 'nope' })).toMatch(/^500 .*Missing node registration/);
    expect(await create({ NodeChecks: ['nope'] })).toMatch(/^500 .*Missing check 'nope' registration/);
    expect(await create({ TTL: '1s' })).toMatch(/^500 .*Invalid Session TTL/);
    expect(await api.words('PUT', '/v1/session/renew/nope')).toBe("404 Session id 'nope' not found");
    expect(await api.words('PUT', '/v1/session/destroy/nope')).toBe('200 true');
  });

  it('end with their node, and let go of their locks', async () => {
    const { ID } = await api.put<{ ID: string }>('/v1/session/create', { Node: 'orders-b', LockDelay: '1s' });
    expect(await api.get(`/v1/session/info/${ID}`)).toMatchObject([
      { LockDelay: 1_000_000_000, NodeChecks: ['serfHealth'] },
    ]);
    await api.put(`/v1/kv/lock?acquire=${ID}`, 'mine');
    const second = await api.put<{ ID: string }>('/v1/session/create', {});
    expect(await api.put(`/v1/kv/lock?acquire=${second.ID}`, 'ours')).toBe(false);
    api.lab.world.setGuestStatus(123, 'stopped', Date.now());
    await until('released', async () => {
      const [row] = await api.get('/v1/kv/lock');
      return row && !('Session' in row) ? row : undefined;
    });
    expect(await api.get(`/v1/session/info/${ID}`)).toEqual([]);
    // The lock delay.
    expect(await api.put(`/v1/kv/lock?acquire=${second.ID}`, 'ours')).toBe(false);
  });
});

describe('events', () => {
  it('have an index in no order, that is waited on by equality', async () => {
    expect((await api.say('GET', '/v1/event/list')).headers.get('x-consul-index')).toBe('1');
    const fired = await api.put<Row>('/v1/event/fire/deploy', 'v2');
    expect(fired).toMatchObject({ Name: 'deploy', Payload: 'djI=', LTime: 0, Version: 1 });
    const list = await api.say('GET', '/v1/event/list?name=deploy');
    const index = BigInt(list.headers.get('x-consul-index') ?? 0);
    expect(index).toBeGreaterThan(2n ** 40n);
    const held = api.say('GET', `/v1/event/list?name=deploy&index=${index}&wait=10s`);
    await api.put('/v1/event/fire/deploy', 'v3');
    expect((JSON.parse((await held).text) as Row[]).map((row) => row['Payload'])).toEqual(['djI=', 'djM=']);
    // Any other index, also a higher one, is answered at once.
    expect((await api.say('GET', `/v1/event/list?index=${2n ** 64n - 1n}&wait=10s`)).status).toBe(200);
  });
});

describe('intentions', () => {
  it('are ordered by precedence and decide by the strongest', async () => {
    const rows = await api.get('/v1/connect/intentions');
    expect(rows.at(-1)).toMatchObject({
      SourceName: '*',
      DestinationName: 'orders-db',
      Precedence: 8,
      Action: 'deny',
    });
    const allowed = async (source: string, destination: string) =>
      (
        await api.get<{ Allowed: boolean }>(
          `/v1/connect/intentions/check?source=${source}&destination=${destination}`,
        )
      ).Allowed;
    expect([
      await allowed('orders', 'orders-db'),
      await allowed('web', 'orders-db'),
      await allowed('a', 'b'),
    ]).toEqual([true, false, false]);
  });

  it('are written by name, and checked', async () => {
    const exact = (query: string, body?: unknown, method = 'PUT') =>
      api.words(method, `/v1/connect/intentions/exact?${query}`, { body });
    expect(await exact('destination=b', { Action: 'allow' })).toBe(
      "500 required query parameter 'source' not set",
    );
    expect(await exact('source=w*&destination=b', { Action: 'allow' })).toMatch(/^500 .*wildcard/);
    expect(await exact('source=a&destination=b', {})).toMatch(/^500 .*Action must be set/);
    const L7 = { Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/v2' } }] };
    expect(await exact('source=a&destination=orders-db', L7)).toMatch(/^500 .*protocol "tcp"/);
    expect(await exact('source=a&destination=web', L7)).toBe('200 true');
    expect(await api.get<Row>('/v1/connect/intentions/exact?source=a&destination=web')).toMatchObject({
      Precedence: 9,
    });
    expect(await exact('source=a&destination=web', undefined, 'DELETE')).toBe('200 true');
    expect(await exact('source=a&destination=web', undefined, 'GET')).toBe('404 Intention not found');
  });

  it('are null when there are none', async () => {
    for (const row of await api.get('/v1/connect/intentions')) {
      await api.say(
        'DELETE',
        `/v1/connect/intentions/exact?source=${String(row['SourceName'])}&destination=${String(row['DestinationName'])}`,
      );
    }
    expect(await api.get('/v1/connect/intentions')).toBeNull();
  });
});

describe('configuration entries', () => {
  it('are written with compare-and-set and refused when they break a chain', async () => {
    const entries = await api.get('/v1/config/service-defaults');
    const web = entries.find((row) => row['Name'] === 'web');
    expect(web).toMatchObject({ Kind: 'service-defaults', Protocol: 'http' });
    const put = (body: Row, query = '') => api.words('PUT', `/v1/config${query}`, { body });
    expect(await put({ ...web, Protocol: 'grpc' }, '?cas=1')).toBe('200 false');
    expect(await put({ ...web, Protocol: 'grpc' }, `?cas=${String(web?.['ModifyIndex'])}`)).toBe('200 true');
    expect(await put({ Kind: 'nope', Name: 'x' })).toMatch(/^400 Request decoding failed/);
    const splitter = { Kind: 'service-splitter', Name: 'web', Splits: [{ Weight: 60 }, { Weight: 30 }] };
    expect(await put(splitter)).toMatch(/^500 .*sum of all split weights/);
    expect(await put({ ...splitter, Name: 'orders-db' })).toMatch(/^500 .*does not support splitting/);
    expect(await put({ ...splitter, Splits: [{ Weight: 60 }, { Weight: 40 }] })).toBe('200 true');
    expect(await api.words('DELETE', '/v1/config/service-defaults/web')).toMatch(/^500 /);
    expect(await api.words('DELETE', '/v1/config/service-splitter/web')).toBe('200 {}');
    const chain = await api.get<{ Chain: Row }>('/v1/discovery-chain/web');
    expect(chain.Chain).toMatchObject({ Protocol: 'grpc', StartNode: 'resolver:web.default.default.lab' });
  });
});

describe('transactions and queries', () => {
  it('are carried out whole or not at all', async () => {
    const txn = (...operations: Row[]) =>
      api.say('PUT', '/v1/txn', { body: operations.map((KV) => ({ KV })) });
    const lost = await txn(
      { Verb: 'set', Key: 'a', Value: 'eA==' },
      { Verb: 'check-index', Key: 'release/current', Index: 1 },
    );
    expect(lost.status).toBe(409);
    expect(JSON.parse(lost.text)).toMatchObject({ Results: null, Errors: [{ OpIndex: 1 }] });
    expect((await api.say('GET', '/v1/kv/a')).status).toBe(404);
    const won = await txn({ Verb: 'set', Key: 'a', Value: 'eA==' }, { Verb: 'get', Key: 'release/current' });
    expect(JSON.parse(won.text)).toMatchObject({
      Results: [{ KV: { Key: 'a', Value: null } }, { KV: { Value: 'MjAyNi4xMQ==' } }],
      Errors: null,
    });
    const many = await txn(...Array.from({ length: 129 }, () => ({ Verb: 'get-or-empty', Key: 'a' })));
    expect([many.status, many.text]).toEqual([413, 'Transaction contains too many operations (129 > 128)']);
  });

  it('answer with passing instances', async () => {
    const names = async () =>
      (await api.get<{ Nodes: { Service: Row }[] }>('/v1/query/checkout/execute')).Nodes.map(
        (node) => node.Service['ID'],
      );
    expect(await names()).toEqual(['checkout-1', 'checkout-2']);
    api.lab.world.setProcess('checkout-1', 'killed');
    await until('one left', async () => ((await names()).length === 1 ? true : undefined));
    expect(await api.words('GET', '/v1/query/nope')).toBe('404 Query not found');
  });
});

describe('the rest of the read API', () => {
  it.each([
    '/v1/agent/host',
    '/v1/agent/metrics',
    '/v1/agent/members?wan',
    '/v1/agent/checks',
    '/v1/agent/version',
    '/v1/agent/connect/ca/roots',
    '/v1/connect/ca/roots',
    '/v1/connect/ca/configuration',
    '/v1/connect/intentions/match?by=destination&name=orders-db',
    '/v1/coordinate/nodes',
    '/v1/coordinate/node/orders-a',
    '/v1/coordinate/datacenters',
    '/v1/operator/raft/configuration',
    '/v1/operator/autopilot/configuration',
    '/v1/operator/autopilot/state',
    '/v1/operator/keyring',
    '/v1/operator/usage',
    '/v1/status/peers',
    '/v1/peerings',
    '/v1/exported-services',
    '/v1/acl/policies',
    '/v1/acl/roles',
    '/v1/acl/auth-methods',
    '/v1/acl/binding-rules',
    '/v1/acl/templated-policies',
    '/v1/acl/replication',
    '/v1/query',
    '/v1/session/list',
  ])('%s answers with JSON', async (path) => {
    const { status, headers, text } = await api.say('GET', path);
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(JSON.parse(text)).toBeTypeOf('object');
  });

  it('streams its log and refuses levels it does not know', async () => {
    expect(await api.words('GET', '/v1/agent/monitor?loglevel=loud')).toBe('400 Unknown log level: loud');
    const stop = new AbortController();
    const connection = api.lab.connections[0];
    const token = connection?.auth?.type === 'token' ? connection.auth.token : '';
    const response = await fetch(`${api.url}/v1/agent/monitor`, {
      headers: { 'x-consul-token': token },
      signal: stop.signal,
    });
    const chunk = await response.body?.getReader().read();
    expect(new TextDecoder().decode(chunk?.value)).toMatch(/^\d{4}-\d\d-\d\dT.* \[INFO\] {2}agent: /);
    stop.abort();
  });

  it('prints metrics for Prometheus, with underscores', async () => {
    const { text } = await api.say('GET', '/v1/agent/metrics?format=prometheus');
    expect(text).toMatch(/^consul_state_nodes 31$/m);
  });

  it('has numbers as text in the agent’s statistics', async () => {
    const self = await api.get<{ Stats: Record<string, Row> }>('/v1/agent/self');
    for (const leaf of Object.values(self.Stats).flatMap((group) => Object.values(group)))
      expect(typeof leaf).toBe('string');
  });
});
