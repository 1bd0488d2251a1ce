import { request as httpRequest, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerJson, startBalancer, startUpstream, until, type TestBalancer } from './testing/balancer.ts';

type Upstream = Awaited<ReturnType<typeof startUpstream>>;

let balancer: TestBalancer;
let upstreams: Upstream[];
beforeEach(async () => {
  balancer = await startBalancer();
  upstreams = [];
});
afterEach(async () => {
  await balancer.close();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
});

const usage = { prompt_tokens: 7, completion_tokens: 5 };
const good = (_: unknown, response: ServerResponse) => answerJson(response, 200, { id: 'x', usage });

async function wire(answer: Parameters<typeof startUpstream>[0], fields: object = {}): Promise<Upstream> {
  const upstream = await startUpstream(answer);
  upstreams.push(upstream);
  balancer.store.createEndpoint({
    name: `up-${upstreams.length}`,
    base_url: upstream.baseUrl,
    connected: true,
    ...fields,
  });
  return upstream;
}

async function endpoint(id = 1) {
  const state = await balancer.admin('GET', '/state');
  const endpoints = state.json['endpoints'] as Record<string, number>[];
  return endpoints.find((row) => row['id'] === id) ?? {};
}

const stats = async () => (await balancer.admin('GET', '/state')).json['stats'] as Record<string, unknown>;

describe('headers and bodies', () => {
  it('drops, adds and keeps request headers as documented', async () => {
    const upstream = await wire(good, { api_key: 'sk-up' });
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own', request_priority: 3 });
    await balancer.chat('{"model":"m","seed":9007199254740993}', {
      authorization: 'Bearer own',
      'x-admin-token': 'secret',
      'x-lb-anything': '1',
      'accept-encoding': 'br',
      'x-custom': 'kept',
      'x-request-id': 'r-1',
    });
    const [seen] = upstream.seen;
    expect(seen?.path).toBe('/v1/chat/completions');
    expect(seen?.headers).toMatchObject({
      authorization: 'Bearer sk-up',
      'x-custom': 'kept',
      'x-request-id': 'r-1',
      'content-type': 'application/json',
    });
    for (const name of ['x-admin-token', 'x-lb-anything', 'accept-encoding']) {
      expect(seen?.headers).not.toHaveProperty(name);
    }
    expect(seen?.body).toBe('{"model":"m","seed":9007199254740993, "priority": 3}');
  });

  it('leaves a body alone that has a priority or no token row, and replaces a null priority', async () => {
    const upstream = await wire(good);
    await balancer.chat('{ "a" : 1 }');
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own' });
    const own = { authorization: 'Bearer own' };
    await balancer.chat('{"priority": 9}', own);
    await balancer.chat('{"priority":null,"a":1}', own);
    await balancer.chat('{}', own);
    await balancer.chat('', own);
    expect(upstream.seen.map((request) => request.body)).toEqual([
      '{ "a" : 1 }',
      '{"priority": 9}',
      '{"priority":0,"a":1}',
      '{"priority": 0}',
      '{"priority": 0}',
    ]);
  });

  it('keeps the documented answer headers only, under its own request id', async () => {
    await wire((_, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'cache-control': 'no-store',
        'retry-after': '3',
        'x-ratelimit-limit-requests': '60',
        'x-request-id': 'upstream',
        server: 'secret',
      });
      response.end('{}');
    });
    const answer = await balancer.chat({}, { 'x-request-id': 'mine' });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-lb-endpoint': 'up-1',
      'x-lb-cache': 'MISS',
      'cache-control': 'no-store',
      'retry-after': '3',
      'x-ratelimit-limit-requests': '60',
      'x-request-id': 'mine',
    });
    expect(answer.headers.get('server')).toBeNull();
  });

  it('is reachable under all its paths', async () => {
    const upstream = await wire(good);
    for (const path of ['/v1/chat/completions', '/chat/completions', '/v1/any-pool/chat/completions']) {
      expect((await balancer.send(path, { method: 'POST', body: '{}' })).status).toBe(200);
    }
    expect(upstream.seen).toHaveLength(3);
  });

  it('refuses what is no JSON with 400 and breaks over JSON that is no object', async () => {
    const bad = await balancer.chat('{');
    expect([bad.status, bad.json['detail']]).toEqual([400, 'invalid JSON body']);
    const list = await balancer.chat('[]');
    expect([list.status, list.json['type']]).toEqual([500, 'internal_error']);
  });
});

describe('failures and cooldown', () => {
  it('three failures bring 20 s of cooldown and a 503, and the next single failure brings it back', async () => {
    let status = 500;
    await wire((_, response) => answerJson(response, status, { error: 'up' }));
    for (let n = 0; n < 3; n++) {
      const answer = await balancer.chat({});
      expect([answer.status, answer.json, answer.headers.get('x-lb-cache')]).toEqual([
        500,
        { error: 'up' },
        'MISS',
      ]);
    }
    expect(await endpoint()).toMatchObject({
      consecutive_failures: 3,
      total_failures: 3,
      cooldown_remaining_s: 20,
    });
    const refused = await balancer.chat({});
    expect([refused.status, refused.json['detail']]).toEqual([503, 'all connected endpoints in cooldown']);
    expect(refused.headers.get('x-lb-cache')).toBeNull();
    balancer.advance(20_000);
    expect((await balancer.chat({})).status).toBe(500);
    expect(await endpoint()).toMatchObject({ consecutive_failures: 4, cooldown_remaining_s: 20 });
    balancer.advance(20_000);
    status = 200;
    expect((await balancer.chat({})).status).toBe(200);
    expect(await endpoint()).toMatchObject({ consecutive_failures: 0, cooldown_until: 0, total_success: 1 });
    expect(await stats()).toMatchObject({ total_errors: 4, total_requests_served: 5 });
  });

  it.each([
    [401, 1],
    [403, 1],
    [429, 1],
    [503, 1],
    [400, 0],
    [404, 0],
  ])('status %i counts %i failure', async (status, failures) => {
    await wire((_, response) => answerJson(response, status, {}));
    await balancer.chat({});
    expect(await endpoint()).toMatchObject({ total_failures: failures, total_success: 1 - failures });
  });

  it('a refused connection is a 502 in the words of the original, streamed or not', async () => {
    const upstream = await wire(good);
    await upstream.close();
    const whole = await balancer.chat({});
    expect([whole.status, whole.json['detail']]).toEqual([
      502,
      'upstream error: ConnectError: All connection attempts failed',
    ]);
    const stream = await balancer.chat({ stream: true });
    expect(stream.json['detail']).toBe(
      'upstream stream failed: ConnectError: All connection attempts failed',
    );
    expect(await endpoint()).toMatchObject({ total_failures: 2, inflight: 0 });
  });

  it('an answer of /models ends a cooldown, and asks endpoints in cooldown too', async () => {
    await wire((request, response) =>
      request.path.endsWith('/models')
        ? answerJson(response, 200, { data: [{ id: 'b' }, { id: 'a', owned_by: 'first' }] })
        : answerJson(response, 500, {}),
    );
    await wire((_, response) => answerJson(response, 200, { data: [{ id: 'a', owned_by: 'second' }] }), {
      enabled: true,
      token_quota_percent: 0,
      connected: true,
    });
    balancer.store.patchEndpoint(2, { connected: false });
    for (let n = 0; n < 3; n++) await balancer.chat({});
    expect((await balancer.chat({})).status).toBe(503);
    balancer.store.patchEndpoint(2, { connected: true });
    expect((await balancer.send('/v1/models')).json).toEqual({
      object: 'list',
      data: [{ id: 'a', owned_by: 'second' }, { id: 'b' }],
    });
    expect(await endpoint()).toMatchObject({ consecutive_failures: 0, cooldown_until: 0, total_requests: 4 });
    expect(await stats()).toMatchObject({ total_requests_served: 3 });
  });

  it('names why there are no models', async () => {
    expect((await balancer.send('/models')).json['detail']).toBe('no connected endpoints');
    await wire((_, response) => answerJson(response, 500, {}));
    const empty = await balancer.send('/v1/pool/models');
    expect([empty.status, empty.json['detail']]).toEqual([502, 'no models returned from any endpoint']);
  });

  it('averages latency with a weight of a tenth for the new', async () => {
    const delays = [100, 200];
    await wire((_, response) => {
      balancer.advance(delays.shift() ?? 0);
      answerJson(response, 200, { usage });
    });
    await balancer.chat({});
    expect((await endpoint())['avg_latency_ms']).toBe(100);
    await balancer.chat({});
    expect((await endpoint())['avg_latency_ms']).toBe(110);
  });

  it('a mapped token has its endpoint or a 503 that says why', async () => {
    await wire(good);
    const mapped = await wire((_, response) => answerJson(response, 500, {}));
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own', preferred_endpoint_id: 2 });
    const own = { authorization: 'Bearer own' };
    for (let n = 0; n < 3; n++) await balancer.chat({}, own);
    expect(mapped.seen).toHaveLength(3);
    expect((await balancer.chat({}, own)).json['detail']).toBe('mapped endpoint currently in cooldown');
    balancer.store.patchEndpoint(2, { connected: false });
    expect((await balancer.chat({}, own)).json['detail']).toBe('mapped endpoint not connected');
  });
});

describe('counters', () => {
  it('a restart zeroes totals but no endpoint counter; reset-stats zeroes both but not in-flight', async () => {
    await wire(good);
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own' });
    const own = { authorization: 'Bearer own' };
    for (let n = 0; n < 3; n++) await balancer.chat({}, own);
    expect(await stats()).toMatchObject({
      total_requests_served: 3,
      requests_per_second: 0.1,
      tokens_per_second: 0.6,
      inflight_per_endpoint: { 1: 0 },
    });
    await balancer.restart();
    expect(await stats()).toMatchObject({ total_requests_served: 0, inflight_per_endpoint: {} });
    expect(await endpoint()).toMatchObject({
      total_requests: 3,
      prompt_tokens_total: 21,
      completion_tokens_total: 15,
    });
    balancer.process.begin(balancer.store.endpoint(1));
    await balancer.admin('POST', '/reset-stats');
    expect(await endpoint()).toMatchObject({ total_requests: 0, avg_latency_ms: 0, inflight: 1 });
    expect((await balancer.admin('GET', '/state')).json['client_tokens']).toMatchObject([
      { total_requests: 0 },
    ]);
  });

  it('a process that is killed writes nothing more', async () => {
    let release = () => {};
    const upstream = await wire((_, response) => {
      release = () => answerJson(response, 200, { usage });
    });
    const pending = balancer.chat({});
    await until('the request is upstream', () => upstream.seen.length === 1);
    await balancer.restart();
    release();
    await pending;
    expect(await endpoint()).toMatchObject({ total_requests: 0, total_failures: 0 });
  });
});

describe('streams', () => {
  const events = [
    'data: {"choices":[{"delta":{"content":"a"}}]}\n\n',
    `data: ${JSON.stringify({ usage })}\n\n`,
  ];
  const done = 'data: [DONE]\n\n';

  /** Sends each text as a chunk of its own, the next when the caller has seen the last. */
  const sendChunks = (chunks: string[]) => async (_: unknown, response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const chunk of chunks) {
      response.write(chunk);
      await new Promise(setImmediate);
    }
    response.end();
  };

  it('are relayed byte for byte, without a word on the cache; usage counts in the last chunk', async () => {
    await wire(sendChunks([events[0] ?? '', (events[1] ?? '') + done]));
    const answer = await balancer.chat({ stream: true });
    expect(answer.text).toBe(events.join('') + done);
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-lb-endpoint')).toBe('up-1');
    expect(answer.headers.get('x-lb-cache')).toBeNull();
    expect(await endpoint()).toMatchObject({
      prompt_tokens_total: 7,
      completion_tokens_total: 5,
      inflight: 0,
    });
  });

  it('lose their usage when [DONE] comes by itself', async () => {
    await wire(sendChunks([...events, done]));
    expect((await balancer.chat({ stream: true })).text).toBe(events.join('') + done);
    expect(await endpoint()).toMatchObject({ total_success: 1, completion_tokens_total: 0 });
  });

  it('that break off upstream are cut, and count as a failure', async () => {
    await wire((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events[0], () => response.destroy());
    });
    await expect(balancer.chat({ stream: true })).rejects.toThrow();
    await until('the call is counted', async () => (await endpoint())['total_failures'] === 1);
    expect(await endpoint()).toMatchObject({ total_success: 0, inflight: 0 });
  });

  it('that the caller leaves count as success and leak an in-flight count, which no reset gives back', async () => {
    let isGone = false;
    await wire((_, response) => {
      response.on('close', () => {
        isGone = true;
      });
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events[0]);
    });
    await new Promise<void>((resolve, reject) => {
      const call = httpRequest(`${balancer.origin}/v1/chat/completions`, { method: 'POST' }, (answer) => {
        answer.once('data', () => {
          call.destroy();
          resolve();
        });
        answer.on('error', () => {});
      });
      call.on('error', reject);
      call.end('{"stream":true}');
    });
    await until('the endpoint is left too', () => isGone);
    await until('the call is counted', async () => (await endpoint())['total_success'] === 1);
    expect(await endpoint()).toMatchObject({ inflight: 1, total_failures: 0 });
    await balancer.admin('POST', '/reset-stats');
    expect(await stats()).toMatchObject({ total_inflight: 1 });
    await balancer.restart();
    expect(await stats()).toMatchObject({ total_inflight: 0 });
  });

  it('that an endpoint refuses are answered with its own body', async () => {
    await wire((_, response) => answerJson(response, 429, { error: { message: 'slow down' } }));
    const answer = await balancer.chat({ stream: true });
    expect([answer.status, answer.json]).toEqual([429, { error: { message: 'slow down' } }]);
    expect(answer.headers.get('x-lb-cache')).toBeNull();
    expect(await endpoint()).toMatchObject({ total_failures: 1, inflight: 0 });
  });
});

describe('share cap and cache', () => {
  const own = { authorization: 'Bearer own' };

  it('above its share a token is answered from the cache only', async () => {
    const upstream = await wire(good);
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own', min_traffic_percent: 50 });
    const first = await balancer.chat('{"a":1}', own);
    expect(first.headers.get('x-lb-cache')).toBe('MISS');
    const hit = await balancer.chat('{"a":1}', own);
    expect([hit.status, hit.headers.get('x-lb-cache'), hit.text]).toEqual([200, 'HIT', first.text]);
    const other = await balancer.chat('{"a": 1}', own);
    expect([other.status, other.json['detail']]).toEqual([503, 'cache miss for over-quota token traffic']);
    const stream = await balancer.chat({ stream: true }, own);
    expect([stream.status, stream.json['detail']]).toEqual([
      409,
      'cache-only traffic requires non-stream requests',
    ]);
    expect(upstream.seen).toHaveLength(1);
    expect(await stats()).toMatchObject({ total_requests_served: 1 });
    expect((await balancer.send('/health')).json).toMatchObject({ cache_size: 1 });
    expect((await balancer.admin('GET', '/state')).json['client_tokens']).toMatchObject([
      { total_requests: 2 },
    ]);
  });

  it('below its share it is served live; the cache forgets after its time', async () => {
    const upstream = await wire(good);
    await balancer.admin('POST', '/tokens', { name: 'ui', token: 'own', min_traffic_percent: 60 });
    await balancer.admin('POST', '/tokens', { name: 'other', token: 'other' });
    await balancer.chat('{}', own);
    await balancer.chat('{}', { authorization: 'Bearer other' });
    await balancer.chat('{}', own);
    expect(upstream.seen).toHaveLength(3);
    balancer.advance(300_000);
    expect((await balancer.chat('{}', own)).status).toBe(503);
    await balancer.admin('POST', '/cache/clear');
    expect((await balancer.send('/health')).json).toMatchObject({ cache_size: 0 });
  });
});

describe('draining', () => {
  it('ends at once with nothing in flight, and after its time with a leaked count', async () => {
    await wire(good);
    await balancer.chat({});
    await balancer.process.drain(60_000);
    balancer.process.begin(balancer.store.endpoint(1));
    const before = performance.now();
    await balancer.process.drain(30);
    expect(performance.now() - before).toBeGreaterThanOrEqual(28);
  });
});
