import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consulLab } from '../../../../lab/consul/index.ts';
import { startLab } from '../../../../lab/lab.ts';
import { startRealAgent, whyNoConsul } from './testing/real-agent.ts';

/**
 * The same assertions on a real agent (1.8.7) and on the lab's stand-in (1.21.4), so that neither the stand-in nor what the
 * connector believes of it drifts away from the real thing. Where the two versions really differ, the table says so.
 */

interface Subject {
  readonly url: string;
  readonly token: string;
  /** Name of the node whose agent answers. */
  readonly node: string;
  close(): Promise<void>;
}

const MANAGEMENT = 'aaaaaaaa-0000-0000-0000-000000000001';

async function realSubject(): Promise<Subject> {
  const agent = await startRealAgent(MANAGEMENT);
  return { url: agent.url, token: MANAGEMENT, node: 'n1', close: () => agent.close() };
}

async function labSubject(): Promise<Subject> {
  const lab = await startLab({ modules: [consulLab], traffic: false });
  const connection = lab.connections[0];
  if (connection?.auth?.type !== 'token') throw new Error('the lab has no Consul connection');
  return { url: connection.url, token: connection.auth.token, node: 'pve-1', close: () => lab.stop() };
}

const missing = whyNoConsul();

/** Keys that only newer versions print. */
const NEWER: ReadonlySet<string> = new Set(
  'PeerName Interval Timeout ExposedPort ServiceSocketPath ServiceLocality Datacenter'.split(' '),
);

/** `key: type` of an object, one level deep, without what only newer versions print. */
function shape(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [typeOf(value)];
  return Object.entries(value)
    .filter(([key]) => !NEWER.has(key))
    .map(([key, inner]) => `${key}: ${typeOf(inner)}`)
    .sort();
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
}

const NODE = shape({
  ID: '',
  Node: '',
  Address: '',
  TaggedAddresses: {},
  Meta: {},
  CreateIndex: 1,
  ModifyIndex: 1,
});
const NODE_SERVICE = shape({
  ID: '',
  Service: '',
  Tags: [],
  Address: '',
  TaggedAddresses: {},
  Meta: {},
  Port: 1,
  Weights: {},
  EnableTagOverride: false,
  Proxy: {},
  Connect: {},
  CreateIndex: 1,
  ModifyIndex: 1,
});
const CHECK = shape({
  Node: '',
  CheckID: '',
  Name: '',
  Status: '',
  Notes: '',
  Output: '',
  ServiceID: '',
  ServiceName: '',
  ServiceTags: [],
  Type: '',
  Definition: {},
  CreateIndex: 1,
  ModifyIndex: 1,
});
const CATALOG_ROW = shape({
  ID: '',
  Node: '',
  Address: '',
  TaggedAddresses: {},
  NodeMeta: {},
  ServiceKind: '',
  ServiceID: '',
  ServiceName: '',
  ServiceTags: [],
  ServiceAddress: '',
  ServiceTaggedAddresses: {},
  ServiceWeights: {},
  ServiceMeta: {},
  ServicePort: 1,
  ServiceEnableTagOverride: false,
  ServiceProxy: {},
  ServiceConnect: {},
  CreateIndex: 1,
  ModifyIndex: 1,
});
const CHECK_ID = 'service:drift-1';

type Row = Record<string, unknown>;

describe.skipIf(missing !== undefined).each([
  ['a real Consul', realSubject],
  ['the lab', labSubject],
])('%s', (_, start) => {
  let subject: Subject;
  const call = (path: string, init: RequestInit = {}, token = subject.token) =>
    fetch(`${subject.url}${path}`, {
      redirect: 'manual',
      ...init,
      ...(token !== '' && { headers: { 'x-consul-token': token } }),
    });
  const put = async (path: string, body?: unknown) => {
    const response = await call(path, {
      method: 'PUT',
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.status).toBe(200);
  };
  const read = async <T>(path: string): Promise<T> => {
    const response = await call(path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    return (await response.json()) as T;
  };
  const indexOf = async (path: string) => Number((await call(path)).headers.get('x-consul-index'));

  beforeAll(async () => {
    subject = await start();
    await put('/v1/agent/service/register', {
      ID: 'drift-1',
      Name: 'drift',
      Tags: ['blue'],
      Address: '10.9.0.7',
      Port: 80,
      Meta: { version: '2' },
      Check: { TTL: '10m', Status: 'passing' },
    });
  });
  afterAll(async () => {
    await subject.close();
  });

  it('lists in the same shapes', async () => {
    const nodes = await read<Row[]>('/v1/catalog/nodes');
    expect(shape(nodes.find((row) => row['Node'] === subject.node))).toEqual(NODE);
    expect(await read<Row>('/v1/catalog/services')).toMatchObject({ consul: [], drift: ['blue'] });
    expect(shape((await read<Row[]>('/v1/catalog/service/drift'))[0])).toEqual(CATALOG_ROW);
    const [entry] = await read<{ Node: Row; Service: Row; Checks: Row[] }[]>('/v1/health/service/drift');
    expect(shape(entry)).toEqual(['Checks: list', 'Node: object', 'Service: object']);
    expect(shape(entry?.Node)).toEqual(NODE);
    expect(shape(entry?.Service)).toEqual(NODE_SERVICE);
    expect(entry?.Checks.map((check) => check['CheckID'])).toEqual(
      expect.arrayContaining(['serfHealth', CHECK_ID]),
    );
    const checks = await read<Row[]>('/v1/health/state/any');
    for (const check of checks) expect(shape(check)).toEqual(CHECK);
    expect(checks.find((check) => check['CheckID'] === 'serfHealth')).toMatchObject({
      Name: 'Serf Health Status',
      Status: 'passing',
      Output: 'Agent alive and reachable',
      ServiceID: '',
      ServiceTags: [],
    });
  });

  it('dumps nodes with null for no tags', async () => {
    const dump = await read<{ Node: string; Services: Row[]; Checks: Row[] }[]>('/v1/internal/ui/nodes');
    const node = dump.find((row) => row.Node === subject.node);
    expect(shape(node)).toEqual(
      shape({ ID: '', Node: '', Address: '', TaggedAddresses: {}, Meta: {}, Services: [], Checks: [] }),
    );
    const own = node?.Services.find((row) => row['Service'] === 'consul');
    expect(own?.['Tags']).toBeNull();
    expect(own).not.toHaveProperty('TaggedAddresses');
    const drift = node?.Services.find((row) => row['ID'] === 'drift-1');
    expect(shape(drift)).toEqual(NODE_SERVICE);
    for (const check of node?.Checks ?? []) {
      const none = check['ServiceID'] === '';
      expect(check['ServiceTags']).toEqual(none ? null : ['blue']);
      expect(shape({ ...check, ServiceTags: [] })).toEqual(CHECK);
    }
  });

  it('describes its agent', async () => {
    const self = await read<Record<string, Row>>('/v1/agent/self');
    expect(shape(self['Config'])).toEqual(
      expect.arrayContaining(shape({ NodeName: '', NodeID: '', Revision: '', Server: true, Version: '' })),
    );
    expect(shape(self['Member'])).toEqual(
      shape({
        Name: '',
        Addr: '',
        Port: 1,
        Tags: {},
        Status: 1,
        ProtocolMin: 1,
        ProtocolMax: 1,
        ProtocolCur: 1,
        DelegateMin: 1,
        DelegateMax: 1,
        DelegateCur: 1,
      }),
    );
    for (const group of Object.values(self['Stats'] ?? {})) {
      for (const leaf of Object.values(group as Row)) expect(typeof leaf).toBe('string');
    }
    const services = await read<Record<string, Row>>('/v1/agent/services');
    expect(shape(services['drift-1'])).toEqual(
      shape({
        ID: '',
        Service: '',
        Tags: [],
        Meta: {},
        Port: 1,
        Address: '',
        TaggedAddresses: {},
        Weights: {},
        EnableTagOverride: false,
      }),
    );
    expect(await read<string>('/v1/status/leader')).toMatch(/^[\d.]+:\d+$/);
    expect(
      shape((await read<Row[]>('/v1/agent/members')).find((row) => row['Name'] === subject.node)),
    ).toEqual(shape(self['Member']));
  });

  it('sends the meta headers on lists and not on agent endpoints', async () => {
    const { headers } = await call('/v1/catalog/nodes');
    expect(headers.get('x-consul-index')).toMatch(/^[1-9]\d*$/);
    expect(headers.get('x-consul-knownleader')).toBe('true');
    expect(headers.get('x-consul-lastcontact')).toBe('0');
    expect(headers.get('x-consul-effective-consistency')).toBe('leader');
    expect((await call('/v1/agent/services')).headers.get('x-consul-index')).toBeNull();
    expect((await call('/v1/status/leader')).headers.get('x-consul-index')).toBeNull();
  });

  it('holds a query until something changes, and then answers at once', async () => {
    const index = await indexOf('/v1/health/state/any');
    const held = call(`/v1/health/state/any?index=${index}&wait=20s`).then(async (response) => ({
      at: performance.now(),
      index: Number(response.headers.get('x-consul-index')),
      rows: (await response.json()) as Row[],
    }));
    // A query with a short wait that runs beside it comes back unchanged and not before its time.
    const asked = performance.now();
    expect(await indexOf(`/v1/health/state/any?index=${index}&wait=500ms`)).toBe(index);
    expect(performance.now() - asked).toBeGreaterThan(450);
    const changed = performance.now();
    await put(`/v1/agent/check/fail/${CHECK_ID}?note=gone`);
    const answer = await held;
    expect(answer.at - changed).toBeLessThan(1_000);
    expect(answer.index).toBeGreaterThan(index);
    expect(answer.rows.find((row) => row['CheckID'] === CHECK_ID)).toMatchObject({
      Status: 'critical',
      Output: 'gone',
    });
    await put(`/v1/agent/check/pass/${CHECK_ID}`);
  });

  it('moves the indexes of just the lists that changed', async () => {
    const lists = [
      '/v1/catalog/nodes',
      '/v1/catalog/services',
      '/v1/health/state/any',
      '/v1/internal/ui/nodes',
      '/v1/health/service/drift',
    ];
    const indexes = async () => Promise.all(lists.map(indexOf));
    const moved = async (change: () => Promise<void>) => {
      const before = await indexes();
      await change();
      const after = await indexes();
      return lists.filter((_list, at) => (after[at] ?? 0) > (before[at] ?? 0)).map((list) => list.slice(4));
    };
    expect(await moved(() => put(`/v1/agent/check/warn/${CHECK_ID}`))).toEqual([
      'health/state/any',
      'internal/ui/nodes',
      'health/service/drift',
    ]);
    const other = { ID: 'drift-other-1', Name: 'drift-other', Port: 1 };
    expect(await moved(() => put('/v1/agent/service/register', other))).toEqual([
      'catalog/services',
      'internal/ui/nodes',
    ]);
    // A new port: no name, no tag, no check is different, but the table's index tells.
    expect(await moved(() => put('/v1/agent/service/register', { ...other, Port: 2 }))).toEqual([
      'catalog/services',
      'internal/ui/nodes',
    ]);
    // A node's check counts for every service on it.
    const note = await moved(() => put('/v1/agent/maintenance?enable=true&reason=x'));
    expect(note).toEqual(['health/state/any', 'internal/ui/nodes', 'health/service/drift']);
    await put('/v1/agent/maintenance?enable=false');
  });

  it.each([
    ['/v1/catalog/services?index=x', 400, 'Invalid index'],
    ['/v1/catalog/services?wait=x', 400, 'Invalid wait time'],
    [
      '/v1/catalog/services?stale&consistent',
      400,
      'Cannot specify ?stale with ?consistent, conflicting semantics.',
    ],
    [
      '/v1/catalog/services?ns=a',
      400,
      'Invalid query parameter: "ns" - Namespaces are a Consul Enterprise feature',
    ],
    ['/v1/health/service/drift?passing=x', 400, 'Invalid value for ?passing'],
    ['/v1/health/service/', 400, 'Missing service name'],
    ['/v1/health/service/drift?filter=Node%20==', 500, 'Failed to create boolean expression evaluator'],
    ['/v1/config/nope', 500, 'invalid config entry kind: nope'],
    ['/v1/config/service-defaults/nope', 404, 'Config entry not found for "service-defaults" / "nope"'],
    ['/v1/kv/nope', 404, ''],
    ['/v1/nope', 404, ''],
    ['/v1/kv', 301, 'Moved Permanently'],
    ['/v1/catalog/services?dc=elsewhere', 500, 'No path to datacenter'],
  ])('answers %s with %i and "%s"', async (path, status, text) => {
    const response = await call(path);
    expect(response.status).toBe(status);
    const body = await response.text();
    expect(body).toContain(text);
    if (status >= 400 && body !== '') expect(response.headers.get('content-type')).toContain('text/plain');
  });

  it('answers with null or nothing where there is nothing', async () => {
    expect(await read('/v1/catalog/node/nope')).toBeNull();
    expect(await read('/v1/catalog/service/nope')).toEqual([]);
    expect(await read('/v1/health/service/nope')).toEqual([]);
  });

  it('refuses other methods, and names the right ones', async () => {
    const response = await call('/v1/catalog/services', { method: 'PUT' });
    expect([response.status, await response.text()]).toEqual([405, 'method PUT not allowed']);
    expect(response.headers.get('allow')).toBe('OPTIONS,GET');
  });

  it('filters lists for the anonymous token, and refuses an unknown one', async () => {
    for (const path of ['/v1/catalog/nodes', '/v1/health/state/any', '/v1/internal/ui/nodes']) {
      expect(await (await call(path, {}, '')).json()).toEqual([]);
    }
    const denied = await call('/v1/agent/self', {}, '');
    expect([denied.status, (await denied.text()).startsWith('Permission denied')]).toEqual([403, true]);
    const unknown = await call('/v1/catalog/nodes', {}, 'bbbbbbbb-0000-0000-0000-000000000001');
    expect([unknown.status, await unknown.text()]).toEqual([403, 'ACL not found']);
    expect(unknown.headers.get('x-consul-index')).toBe('1');
    expect(unknown.headers.get('x-consul-knownleader')).toBe('false');
    expect((await call('/v1/status/leader', {}, 'bbbbbbbb-0000-0000-0000-000000000001')).status).toBe(200);
  });

  it('keeps keys with compare-and-set', async () => {
    const set = async (query: string, value: string) =>
      (await call(`/v1/kv/drift/a${query}`, { method: 'PUT', body: value })).json();
    expect(await set('?cas=0', 'one')).toBe(true);
    expect(await set('?cas=0', 'two')).toBe(false);
    const [row] = await read<Row[]>('/v1/kv/drift/a');
    expect(shape(row)).toEqual(
      shape({ LockIndex: 0, Key: '', Flags: 0, Value: '', CreateIndex: 1, ModifyIndex: 1 }),
    );
    expect(row?.['Value']).toBe(Buffer.from('one').toString('base64'));
    expect(await set(`?cas=${String(row?.['ModifyIndex'])}`, 'three')).toBe(true);
    expect(await read('/v1/kv/drift/?keys')).toEqual(['drift/a']);
    // A deleted key moves its prefix on, so a watcher wakes.
    const before = await indexOf('/v1/kv/drift/?recurse');
    await call('/v1/kv/drift/a', { method: 'DELETE' });
    expect(await indexOf('/v1/kv/drift/?recurse')).toBeGreaterThan(before);
  });

  it('turns service maintenance on and off', async () => {
    await put('/v1/agent/service/maintenance/drift-1?enable=true&reason=because');
    const checks = await read<Row[]>('/v1/health/checks/drift');
    expect(checks.find((check) => check['CheckID'] === '_service_maintenance:drift-1')).toMatchObject({
      Name: 'Service Maintenance Mode',
      Status: 'critical',
      Notes: 'because',
      Type: 'maintenance',
    });
    const health = await call('/v1/agent/health/service/id/drift-1');
    expect([health.status, health.headers.get('x-consul-reason')]).toEqual([503, 'maintenance']);
    await put('/v1/agent/service/maintenance/drift-1?enable=false');
    const missingFlag = await call('/v1/agent/service/maintenance/drift-1', { method: 'PUT' });
    expect([missingFlag.status, await missingFlag.text()]).toEqual([400, 'Missing value for enable']);
  });

  it('takes sessions as locks', async () => {
    const created = await call('/v1/session/create', { method: 'PUT', body: '{"Name":"drift"}' });
    const { ID } = (await created.json()) as { ID: string };
    const [session] = await read<Row[]>(`/v1/session/info/${ID}`);
    expect(session).toMatchObject({
      ID,
      Node: subject.node,
      LockDelay: 15_000_000_000,
      Behavior: 'release',
      TTL: '',
    });
    const lock = async (query: string) =>
      (await call(`/v1/kv/drift/lock?${query}`, { method: 'PUT', body: 'x' })).json();
    expect(await lock(`acquire=${ID}`)).toBe(true);
    const [held] = await read<Row[]>('/v1/kv/drift/lock');
    expect(held).toMatchObject({ LockIndex: 1, Session: ID });
    await put(`/v1/session/destroy/${ID}`);
    const [free] = await read<Row[]>('/v1/kv/drift/lock');
    expect(free).not.toHaveProperty('Session');
  });
});
