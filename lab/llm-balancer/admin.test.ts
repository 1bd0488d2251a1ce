import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_TOKEN, startBalancer, type Reply, type TestBalancer } from './testing/balancer.ts';

let balancer: TestBalancer;
beforeEach(async () => {
  balancer = await startBalancer();
});
afterEach(() => balancer.close());

function errorsOf(reply: Reply): { type: string; loc: string[] }[] {
  return reply.json['detail'] as { type: string; loc: string[] }[];
}

const edge = { name: 'edge-a', base_url: 'https://llm-a.example/v1/', api_key: 'sk-demo-7788990011' };

describe('authentication and limiter', () => {
  const state = (headers: Record<string, string>) => balancer.send('/admin/api/state', { headers });

  it('takes X-Admin-Token, and a bearer token only where that is missing or blank', async () => {
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(200);
    expect((await state({ authorization: `Bearer ${ADMIN_TOKEN}` })).status).toBe(200);
    expect((await state({ authorization: `Bearer ${ADMIN_TOKEN}`, 'x-admin-token': ' ' })).status).toBe(200);
    const refused = await state({ authorization: `Bearer ${ADMIN_TOKEN}`, 'x-admin-token': 'no' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('www-authenticate')).toBeNull();
    expect(refused.headers.get('content-type')).toBe('application/json');
    expect(refused.json).toEqual({
      type: 'about:blank',
      status: 401,
      detail: 'admin authorization failed',
      request_id: refused.headers.get('x-request-id'),
    });
    expect((await state({})).status).toBe(401);
  });

  it('answers 429 to call N+1 within 60 s, without a hint; wrong tokens count, refused calls do not', async () => {
    await balancer.close();
    balancer = await startBalancer({ adminRateLimitPerMinute: 3 });
    expect((await state({ 'x-admin-token': 'no' })).status).toBe(401);
    balancer.advance(1_000);
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(200);
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(200);
    const refused = await state({ 'x-admin-token': ADMIN_TOKEN });
    expect([refused.status, refused.json.detail]).toEqual([429, 'admin API rate limit exceeded']);
    expect(refused.headers.get('retry-after')).toBeNull();
    balancer.advance(58_999);
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(429);
    balancer.advance(1);
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(200);
    expect((await state({ 'x-admin-token': ADMIN_TOKEN })).status).toBe(429);
  });

  it.each(['', 'change-me-admin-token'])(
    'with the admin token "%s" the admin API is open',
    async (adminToken) => {
      await balancer.close();
      balancer = await startBalancer({ adminToken });
      expect((await state({})).status).toBe(200);
      expect((await state({ 'x-admin-token': 'anything' })).status).toBe(200);
    },
  );

  it('needs no login for health, metrics, the pages and the documentation', async () => {
    const statuses = await Promise.all(
      ['/', '/health', '/metrics', '/admin', '/docs', '/redoc', '/openapi.json'].map(
        async (path) => (await balancer.send(path)).status,
      ),
    );
    expect(statuses).toEqual([307, 503, 200, 200, 200, 200, 200]);
  });
});

describe('headers and error shapes', () => {
  it('echoes the caller’s request id, or makes one, and adds its own headers', async () => {
    const answer = await balancer.send('/health', { headers: { 'x-request-id': 'own id 1' } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-request-id': 'own id 1',
      'x-lb-version': '3.0.0',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'strict-origin-when-cross-origin',
    });
    expect((await balancer.send('/health')).headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('unknown paths and wrong methods get the framework’s words', async () => {
    const unknown = await balancer.send('/v1/embeddings', { method: 'POST' });
    expect([unknown.status, unknown.json]).toEqual([404, { detail: 'Not Found' }]);
    const wrong = await balancer.admin('GET', '/endpoints');
    expect([wrong.status, wrong.json]).toEqual([405, { detail: 'Method Not Allowed' }]);
    expect((await balancer.send('/health', { method: 'HEAD' })).status).toBe(503);
    expect((await balancer.send('/metrics', { method: 'HEAD' })).status).toBe(405);
  });

  it('a declared body beyond the limit is refused in a shape of its own, a chunked one in the usual', async () => {
    await balancer.close();
    balancer = await startBalancer({ maxRequestBodyBytes: 10 });
    const declared = await balancer.chat({ model: 'm', messages: [] });
    expect([declared.status, declared.json]).toEqual([
      413,
      { type: 'request_too_large', status: 413, detail: 'Request body too large (max 10 bytes)' },
    ]);
    expect(declared.headers.get('x-lb-version')).toBeNull();
    const chunked = await balancer.send('/v1/chat/completions', {
      method: 'POST',
      body: new Blob(['{"model": "more than ten bytes"}']).stream(),
      duplex: 'half',
    } as RequestInit);
    expect([chunked.status, chunked.json.detail]).toEqual([413, 'request body too large']);
  });

  it('lets browsers of any origin in, and says so to their preflight', async () => {
    const origin = 'https://console.example';
    const answer = await balancer.send('/health', { headers: { origin } });
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    const preflight = await balancer.send('/admin/api/state', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers.get('access-control-max-age')).toBe('600');
  });
});

describe('endpoints', () => {
  it('are created with 200, masked keys, and floats that keep their point', async () => {
    const made = await balancer.admin('POST', '/endpoints', { ...edge, token_quota_percent: 60 });
    expect(made.status).toBe(200);
    expect(made.json).toMatchObject({
      id: 1,
      base_url: 'https://llm-a.example/v1',
      connected: false,
      enabled: true,
      role: 'percentage',
      priority_order: 10,
      api_key_preview: 'sk-d...0011',
      has_api_key: true,
    });
    expect(made.json).not.toHaveProperty('api_key');
    expect(made.text).toContain('"timeout_seconds":120.0,');
  });

  it('PATCH {} is fine, null changes nothing, an empty key clears, unknown fields are ignored', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    expect((await balancer.admin('PATCH', '/endpoints/1', {})).status).toBe(200);
    expect((await balancer.admin('PATCH', '/endpoints/1', { api_key: null, x: 1 })).json.has_api_key).toBe(
      true,
    );
    expect((await balancer.admin('PATCH', '/endpoints/1', { api_key: '' })).json.has_api_key).toBe(false);
    expect(
      (await balancer.admin('PATCH', '/endpoints/1', { name: 'ö/"x"', role: 'any' })).json,
    ).toMatchObject({
      name: 'ö/"x"',
      role: 'any',
    });
    expect((await balancer.admin('PATCH', '/endpoints/9', {})).json.detail).toBe('endpoint not found');
  });

  it('refuse a name twice in the database’s words, on creation and on renaming', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    await balancer.admin('POST', '/endpoints', { ...edge, name: 'Edge-a' });
    for (const [method, path, body] of [
      ['POST', '/endpoints', edge],
      ['PATCH', '/endpoints/2', { name: 'edge-a' }],
    ] as const) {
      const refused = await balancer.admin(method, path, body);
      expect([refused.status, refused.json.detail]).toEqual([
        409,
        'UNIQUE constraint failed: endpoints.name',
      ]);
    }
  });

  it('list every wrong field in a 422', async () => {
    const refused = await balancer.admin('POST', '/endpoints', {
      base_url: 'https://x.example/v1',
      token_quota_percent: 130,
      priority_order: 0,
      role: 'other',
      enabled: 'maybe',
    });
    expect(refused.status).toBe(422);
    expect(errorsOf(refused).map((entry) => [entry.type, ...entry.loc])).toEqual([
      ['missing', 'body', 'name'],
      ['bool_parsing', 'body', 'enabled'],
      ['literal_error', 'body', 'role'],
      ['less_than_equal', 'body', 'token_quota_percent'],
      ['greater_than_equal', 'body', 'priority_order'],
    ]);
    expect(refused.text).toContain('"input":130,"ctx":{"le":100.0}');
    expect(errorsOf(await balancer.admin('POST', '/endpoints', { ...edge, name: 'a/b' }))[0]?.type).toBe(
      'value_error',
    );
    expect(errorsOf(await balancer.admin('PATCH', '/endpoints/x', {}))[0]?.loc).toEqual([
      'path',
      'endpoint_id',
    ]);
    expect(errorsOf(await balancer.admin('POST', '/endpoints', []))[0]?.loc).toEqual(['body']);
  });

  it('a base URL of another scheme breaks version 3 and is refused by version 4', async () => {
    const broken = await balancer.admin('POST', '/endpoints', { ...edge, base_url: 'ftp://x.example' });
    expect([broken.status, broken.json.type, broken.json.detail]).toEqual([
      500,
      'internal_error',
      'internal server error',
    ]);
    expect(broken.headers.get('x-lb-version')).toBeNull();
    await balancer.close();
    balancer = await startBalancer({ version: '4.0.0' });
    const refused = await balancer.admin('POST', '/endpoints', { ...edge, base_url: 'ftp://x.example' });
    expect([refused.status, refused.json.type]).toEqual([422, 'about:blank']);
  });

  it('leave their tokens unmapped when deleted, and never reuse an id', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    await balancer.admin('POST', '/tokens', { name: 'ui', preferred_endpoint_id: 1 });
    expect((await balancer.admin('DELETE', '/endpoints/1')).json).toEqual({ ok: true });
    expect((await balancer.admin('GET', '/tokens')).json).toMatchObject([{ preferred_endpoint_id: null }]);
    expect((await balancer.admin('POST', '/endpoints', edge)).json.id).toBe(2);
    expect((await balancer.admin('DELETE', '/endpoints/1')).status).toBe(404);
  });
});

describe('tokens', () => {
  it('come in clear text from the list, POST and PATCH, as a preview in list and state only', async () => {
    const made = (await balancer.admin('POST', '/tokens', { name: 'chat-ui' })).json as { token: string };
    expect(made.token).toMatch(/^ct-[\w-]{43}$/);
    expect(made).not.toHaveProperty('token_preview');
    const [listed] = (await balancer.admin('GET', '/tokens')).json as unknown as Record<string, string>[];
    expect(listed).toMatchObject({
      token: made.token,
      token_preview: `ct-${made.token[3]}...${made.token.slice(-4)}`,
    });
    const state = await balancer.admin('GET', '/state');
    expect(state.text).not.toContain(made.token);
    expect(state.json['client_tokens']).toMatchObject([
      {
        token_preview: listed?.['token_preview'],
        preferred_endpoint_name: null,
        requests_per_second: 0,
      },
    ]);
  });

  it('cannot be unmapped, and want something to update', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own', preferred_endpoint_id: 1 });
    for (const body of [{}, { preferred_endpoint_id: null }]) {
      const refused = await balancer.admin('PATCH', '/tokens/1', body);
      expect([refused.status, refused.json.detail]).toEqual([400, 'nothing to update']);
    }
    expect((await balancer.admin('PATCH', '/tokens/1', { preferred_endpoint_id: 0 })).status).toBe(422);
    const patched = await balancer.admin('PATCH', '/tokens/1', { preferred_endpoint_id: null, name: 'web' });
    expect(patched.json).toMatchObject({ name: 'web', preferred_endpoint_id: 1, token: 'own' });
    expect((await balancer.admin('POST', '/tokens', { name: 'b', token: 'own' })).json.detail).toBe(
      'token already exists',
    );
    const missing = await balancer.admin('POST', '/tokens', { name: 'c', preferred_endpoint_id: 7 });
    expect([missing.status, missing.json.detail]).toEqual([404, 'preferred endpoint not found']);
  });

  it('close an open proxy with the first row and open it again with the last', async () => {
    const chat = async (headers = {}) => (await balancer.chat({}, headers)).json.detail as string;
    expect(await chat()).toBe('no connected endpoints available');
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own' });
    expect(await chat()).toBe('client token required');
    expect(await chat({ authorization: 'Basic x' })).toBe('client token required');
    expect(await chat({ authorization: 'Bearer x' })).toBe('client token invalid');
    expect(await chat({ authorization: 'Bearer own' })).toBe('no connected endpoints available');
    await balancer.admin('DELETE', '/tokens/1');
    expect(await chat()).toBe('no connected endpoints available');
  });
});

describe('blocks, routing, statistics', () => {
  it('one block must remain, and inherits the tokens of the deleted', async () => {
    const last = await balancer.admin('DELETE', '/incoming-blocks/1');
    expect([last.status, last.json.detail]).toEqual([409, 'cannot delete last incoming block']);
    await balancer.admin('POST', '/incoming-blocks', { name: ' Second ' });
    await balancer.admin('POST', '/tokens', { name: 'ui', incoming_block_id: 2 });
    expect((await balancer.admin('PATCH', '/incoming-blocks/2', {})).status).toBe(400);
    expect((await balancer.admin('DELETE', '/incoming-blocks/2')).status).toBe(200);
    expect((await balancer.admin('GET', '/state')).json).toMatchObject({
      incoming_blocks: [{ id: 1, name: 'Incoming 1', pos_x: 256, pos_y: 300 }],
      client_tokens: [{ incoming_block_id: 1 }],
    });
    expect((await balancer.admin('PATCH', '/incoming-pos', { x: 260 })).json).toEqual({
      ok: true,
      incoming_block_id: 1,
    });
    expect((await balancer.admin('GET', '/incoming-blocks')).json).toMatchObject([{ pos_x: 260 }]);
  });

  it('the mode is stored before the token is checked; a deleted token stays named', async () => {
    const refused = await balancer.admin('PATCH', '/routing', {
      routing_mode: 'priority',
      priority_input_token_id: 5,
    });
    expect([refused.status, refused.json.detail]).toEqual([404, 'priority input token not found']);
    expect((await balancer.send('/health')).json.routing_mode).toBe('priority');
    await balancer.admin('POST', '/tokens', { name: 'ui' });
    const set = await balancer.admin('PATCH', '/routing', { priority_input_token_id: 1 });
    expect(set.json).toEqual({ routing_mode: 'priority', priority_input_token_id: 1 });
    await balancer.admin('DELETE', '/tokens/1');
    expect((await balancer.send('/health')).json.priority_input_token_id).toBe(1);
    const cleared = await balancer.admin('PATCH', '/routing', { priority_input_token_id: 0 });
    expect(cleared.json.priority_input_token_id).toBeNull();
    expect((await balancer.admin('PATCH', '/routing', { routing_mode: 'fast' })).status).toBe(422);
  });

  it('audits what the original audits, without secrets', async () => {
    await balancer.close();
    const lines: string[] = [];
    balancer = await startBalancer({ audit: (line) => lines.push(line) });
    await balancer.admin('POST', '/endpoints', edge);
    await balancer.admin('PATCH', '/endpoints/1', { enabled: false, api_key: 'sk-other-secret' });
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'secret-token' });
    await balancer.admin('PATCH', '/tokens/1', { name: 'web' });
    await balancer.admin('POST', '/cache/clear');
    expect(lines.map((line) => JSON.parse(line).action)).toEqual([
      'endpoint_created',
      'endpoint_updated',
      'token_created',
      'cache_cleared',
    ]);
    expect(JSON.parse(lines[1] ?? '').details).toEqual({ id: 1, fields: ['api_key', 'enabled'] });
    expect(lines.join()).not.toMatch(/secret/);
  });

  it('health is weak: one wired endpoint is enough, even disabled', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    expect(await balancer.send('/health')).toMatchObject({
      status: 503,
      json: { status: 'degraded', connected: 0 },
    });
    await balancer.admin('PATCH', '/endpoints/1', { connected: true, enabled: false });
    expect(await balancer.send('/health')).toMatchObject({
      status: 200,
      json: { status: 'ok', endpoints: 1, connected: 1, version: '3.0.0', cache_size: 0, total_inflight: 0 },
    });
  });

  it('idle rates are the integer 0 in version 3 and a float in version 4', async () => {
    expect((await balancer.send('/health')).text).toContain('"tokens_per_second":0,');
    await balancer.close();
    balancer = await startBalancer({ version: '4.0.0' });
    expect((await balancer.send('/health')).text).toContain('"tokens_per_second":0.0,');
    const config = await balancer.send('/admin/api/config');
    expect(Object.keys(config.json)).toEqual(['supabase_url', 'supabase_anon_key']);
  });

  it('metrics escape quotes in names, and nothing else', async () => {
    await balancer.admin('POST', '/endpoints', edge);
    await balancer.admin('PATCH', '/endpoints/1', { name: 'a"b\\c' });
    const { text, headers } = await balancer.send('/metrics');
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('lb_endpoint_inflight{endpoint="a\\"b\\c"} 0\n');
    expect(new Set(text.match(/^lb_\w+/gm)).size).toBe(11);
  });
});
