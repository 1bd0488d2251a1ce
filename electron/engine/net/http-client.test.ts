import type { IncomingMessage } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GantryError, type GantryErrorData } from '../../../shared/model/error.ts';
import { systemClock, type Clock } from '../clock.ts';
import { BREAKER_FAILURES } from './http-client.ts';
import type { HttpClient, HttpRequest } from './http.ts';
import { clientFor, freePort, httpServer, plainSystem, rawServer } from './testing/servers.ts';

const open: { close(): Promise<void> }[] = [];
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const read = (client: HttpClient, request: Partial<HttpRequest> = {}) =>
  client.json({ path: '/x', purpose: 'read', ...request }, z.unknown());

async function errorOf(work: Promise<unknown>): Promise<GantryErrorData> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(GantryError);
  return (thrown as GantryError).data;
}

/** Real time, but waits above 500 ms are noted and skipped. */
function hastyClock(): Clock & { readonly waits: number[] } {
  const waits: number[] = [];
  return {
    ...systemClock,
    waits,
    sleep: (ms, signal) => {
      if (ms <= 500 || ms >= 9_000) return systemClock.sleep(ms, signal);
      waits.push(ms);
      return systemClock.sleep(0, signal);
    },
  };
}

describe('what is sent', () => {
  it('joins prefix, path and query, sends JSON, and lets nothing replace the credentials', async () => {
    const seen: { request: IncomingMessage; body: string }[] = [];
    const server = keep(
      await httpServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          seen.push({ request, body });
          response.writeHead(200, { 'X-Index': '7' }).end('{"ok":true}');
        });
      }),
    );
    const client = keep(clientFor(`${server.url}/base/`, { auth: { type: 'token', token: 'secret-token' } }));
    const answer = await client.json(
      {
        method: 'PUT',
        path: '/v1/kv/a%2Fb',
        query: { dc: 'eu&x=1', cas: 0, pretty: undefined },
        headers: { Authorization: 'Bearer other', 'X-Extra': '1' },
        body: { a: 1 },
        purpose: 'write',
      },
      z.object({ ok: z.boolean() }),
    );
    expect(answer).toMatchObject({ status: 200, body: { ok: true }, headers: { 'x-index': '7' } });
    expect(Math.abs(answer.receivedAt - Date.now())).toBeLessThan(5_000);
    expect(seen[0]?.request.url).toBe('/base/v1/kv/a%2Fb?dc=eu%26x%3D1&cas=0');
    expect(seen[0]?.request.headers).toMatchObject({
      authorization: 'Bearer secret-token',
      'content-type': 'application/json',
      'x-extra': '1',
    });
    expect(seen[0]?.body).toBe('{"a":1}');
  });

  it('unpacks what it offered to unpack', async () => {
    const { gzipSync, brotliCompressSync, deflateSync } = await import('node:zlib');
    const pack = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync } as const;
    const server = keep(
      await httpServer((request, response) => {
        const encoding = request.url?.slice(1) as keyof typeof pack;
        response.writeHead(200, { 'content-encoding': encoding }).end(pack[encoding]('"hello"'));
      }),
    );
    const client = keep(clientFor(server.url));
    for (const encoding of Object.keys(pack)) {
      expect((await read(client, { path: `/${encoding}` })).body).toBe('hello');
    }
  });

  it('reads text as text', async () => {
    const server = keep(await httpServer((_, response) => response.end('up 1\n')));
    expect((await keep(clientFor(server.url)).text({ path: '/metrics', purpose: 'read metrics' })).body).toBe(
      'up 1\n',
    );
  });

  it('sends nothing for a path that leaves the connection', async () => {
    const server = keep(await httpServer((_, response) => response.end('{}')));
    const error = await errorOf(read(keep(clientFor(server.url)), { path: '/v1/service/../acl' }));
    expect(error).toMatchObject({ code: 'invalid-input', knownEffect: 'nothing was sent' });
    expect(server.requests()).toBe(0);
  });

  it('keeps an echoed secret out of the error, and the query out of its target', async () => {
    const server = keep(
      await httpServer((request, response) => {
        response.writeHead(403).end(`denied: ${request.headers.authorization}`);
      }),
    );
    const client = keep(clientFor(server.url, { auth: { type: 'token', token: 'very-secret' } }));
    const error = await errorOf(read(client, { query: { q: 'x' } }));
    expect(error.detail).toBe('denied: •••');
    expect(error.target).toBe(`GET ${server.url}/x`);
    expect(JSON.stringify(error)).not.toContain('very-secret');
  });

  it('says that a secret cannot be sent, without showing it', async () => {
    const server = keep(await httpServer((_, response) => response.end('{}')));
    const client = keep(clientFor(server.url, { auth: { type: 'token', token: 'line\nbreak' } }));
    const error = await errorOf(read(client));
    expect(error.code).toBe('invalid-input');
    expect(JSON.stringify(error)).not.toContain('break"');
    expect(server.requests()).toBe(0);
  });
});

describe('retries', () => {
  it('repeats a read after passing failures, with growing waits', async () => {
    let failures = 2;
    const server = keep(
      await httpServer((_, response) => {
        failures -= 1;
        response.writeHead(failures >= 0 ? 503 : 200).end('{}');
      }),
    );
    const clock = hastyClock();
    const client = keep(clientFor(server.url, { clock }));
    expect((await read(client, { retries: 3 })).status).toBe(200);
    expect(server.requests()).toBe(3);
    expect(clock.waits).toEqual([1_000, 2_000]);
  });

  it('repeats neither writes, nor refusals, nor without being asked', async () => {
    const server = keep(
      await httpServer((request, response) => response.writeHead(request.url === '/x' ? 503 : 404).end()),
    );
    const client = keep(clientFor(server.url));
    await errorOf(read(client));
    await errorOf(read(client, { method: 'POST', retries: 3 }));
    await errorOf(read(client, { path: '/missing', retries: 3 }));
    expect(server.requests()).toBe(3);
  });

  it('does not start a wait that the deadline would cut', async () => {
    const server = keep(await httpServer((_, response) => response.writeHead(503).end()));
    const client = keep(clientFor(server.url));
    expect((await errorOf(read(client, { retries: 5, deadlineMs: 700 }))).code).toBe('server-error');
    expect(server.requests()).toBe(1);
  });
});

describe('politeness', () => {
  it('waits for the pause that a 429 asks for, or says how long it is', async () => {
    let first = true;
    const server = keep(
      await httpServer((_, response) => {
        response.writeHead(first ? 429 : 200, first ? { 'retry-after': '3' } : {}).end('{}');
        first = false;
      }),
    );
    const clock = hastyClock();
    const client = keep(clientFor(server.url, { clock }));
    expect((await errorOf(read(client))).advice).toContain('a pause of 3 s');
    const tooSoon = await errorOf(read(client, { deadlineMs: 450 }));
    expect(tooSoon).toMatchObject({ code: 'rate-limited', knownEffect: 'nothing was sent' });
    expect(server.requests()).toBe(1);
    await read(client);
    expect(clock.waits[0]).toBeGreaterThan(2_500);
    expect(server.requests()).toBe(2);
  });

  it('asks no more than the budget allows', async () => {
    const server = keep(await httpServer((_, response) => response.end('{}')));
    const system = { ...plainSystem, budget: { requestsPerMinute: 3, concurrency: 2 } };
    const client = keep(clientFor(server.url, { system }));
    for (let i = 0; i < 3; i++) await read(client);
    expect((await errorOf(read(client))).code).toBe('rate-limited');
    expect(server.requests()).toBe(3);
    expect(client.metrics()).toMatchObject({ requests60s: 3, requests10s: 3 });
  });

  it('runs no more at once than allowed, and long polls beside them', async () => {
    let now = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const server = keep(
      await httpServer((request, response) => {
        if (request.url === '/watch') return;
        now += 1;
        most = Math.max(most, now);
        release.push(() => {
          now -= 1;
          response.end('{}');
        });
      }),
    );
    const system = { ...plainSystem, budget: { requestsPerMinute: 100, concurrency: 2 } };
    const client = keep(clientFor(server.url, { system }));
    const watches = [1, 2, 3].map(() => errorOf(read(client, { path: '/watch', deadlineMs: 60_000 })));
    const reads = [1, 2, 3, 4, 5].map(() => read(client));
    for (let done = 0; done < 5; done++) {
      await expect.poll(() => release.length).toBeGreaterThan(0);
      release.shift()?.();
    }
    await Promise.all(reads);
    expect(most).toBe(2);
    expect(server.requests()).toBe(8);
    await client.close();
    expect((await Promise.all(watches)).map((error) => error.code)).toEqual([
      'aborted',
      'aborted',
      'aborted',
    ]);
  });
});

describe('signing in', () => {
  const auth = { type: 'password', username: 'ops', password: 'horse-battery' } as const;
  const system = {
    authHeaders: () => ({}),
    budget: { requestsPerMinute: 100, concurrency: 2 },
    signIn: async (_: unknown, http: HttpClient) => {
      const { body } = await http.json({ method: 'POST', path: '/login', purpose: 'log in' }, z.string());
      return { authorization: body };
    },
  };

  /** Gives a new token at each login, and takes the last one only. */
  async function gate() {
    const state = { logins: 0, token: '', open: true, refusing: false };
    const server = keep(
      await httpServer((request, response) => {
        if (request.url === '/login') {
          state.token = `token-${++state.logins}`;
          if (!state.open) return void response.writeHead(401).end();
          return void response.end(JSON.stringify(state.token));
        }
        const known = !state.refusing && request.headers.authorization === state.token;
        response.writeHead(known ? 200 : 401).end('1');
      }),
    );
    return { state, client: keep(clientFor(server.url, { auth, system })) };
  }

  it('is done once for all that wait for it', async () => {
    const { state, client } = await gate();
    const answers = await Promise.all(Array.from({ length: 6 }, () => read(client)));
    expect(answers.map(({ body }) => body)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(state.logins).toBe(1);
  });

  it('is done again when what it gave is refused, for a write too', async () => {
    const { state, client } = await gate();
    await read(client);
    state.token = 'another session';
    expect((await read(client, { method: 'POST', body: {} })).body).toBe(1);
    expect(state.logins).toBe(2);
  });

  it('is told as it is when it fails, and tried once a request', async () => {
    const { state, client } = await gate();
    state.open = false;
    expect(await errorOf(read(client))).toMatchObject({ code: 'unauthorized', attempted: 'log in' });
    expect(state.logins).toBe(1);
    state.open = true;
    expect((await read(client)).body).toBe(1);
  });

  it('does not go on for ever with a system that refuses what it just gave', async () => {
    const { state, client } = await gate();
    state.refusing = true;
    expect((await errorOf(read(client))).code).toBe('unauthorized');
    expect(state.logins).toBe(2);
  });
});

describe('an idle socket that the server closes as it is used again', () => {
  /** Answers the first request of each socket, and cuts it at the second. */
  const closing = () => {
    const used = new WeakSet<object>();
    return httpServer((request, response) => {
      if (used.has(request.socket)) return void request.socket.destroy();
      used.add(request.socket);
      response.end('1');
    });
  };

  it('costs a read nothing', async () => {
    const client = keep(clientFor(keep(await closing()).url));
    for (let i = 0; i < 3; i++) expect((await read(client)).body).toBe(1);
  });

  it('is told of a write, which is never repeated', async () => {
    let writes = 0;
    const server = keep(
      await httpServer((request, response) => {
        if (request.method === 'GET') return void response.end('1');
        writes++;
        request.socket.destroy();
      }),
    );
    const client = keep(clientFor(server.url));
    await read(client);
    const error = await errorOf(read(client, { method: 'POST', body: {} }));
    expect(error.code).toBe('truncated');
    expect(error.knownEffect).toContain('unknown');
    expect(writes).toBe(1);
  });
});

describe('breaker', () => {
  it('opens after failures in a row, says the last one, and rearms at once', async () => {
    const server = keep(await rawServer((socket) => socket.resetAndDestroy()));
    const client = keep(clientFor(server.url));
    for (let i = 0; i < BREAKER_FAILURES; i++) expect((await errorOf(read(client))).code).toBe('truncated');
    const error = await errorOf(read(client));
    expect(error).toMatchObject({ code: 'circuit-open', knownEffect: 'nothing was sent', retryable: true });
    expect(error.detail).toContain('truncated');
    expect(server.requests()).toBe(BREAKER_FAILURES);
    client.rearm();
    expect((await errorOf(read(client))).code).toBe('truncated');
    expect(server.requests()).toBe(BREAKER_FAILURES + 1);
  });

  it('stays closed for a system that answers badly', async () => {
    const server = keep(await httpServer((_, response) => response.writeHead(500).end()));
    const client = keep(clientFor(server.url));
    for (let i = 0; i < BREAKER_FAILURES * 2; i++)
      expect((await errorOf(read(client))).code).toBe('server-error');
    expect(server.requests()).toBe(BREAKER_FAILURES * 2);
  });

  it('is not opened by long polls that end by their deadline, nor are they latency', async () => {
    const server = keep(
      await httpServer((request, response) => void (request.url === '/x' && response.end('{}'))),
    );
    const client = keep(clientFor(server.url));
    const polls = Array.from({ length: BREAKER_FAILURES * 2 }, () =>
      errorOf(read(client, { path: '/watch', longPoll: true, deadlineMs: 100 })),
    );
    expect(new Set((await Promise.all(polls)).map((error) => error.code))).toEqual(new Set(['timeout']));
    expect(client.metrics().latencyMs).toBeNull();
    expect((await read(client)).status).toBe(200);
    expect(client.metrics().latencyMs).toBeGreaterThan(0);
  });
});

describe('closing', () => {
  it('ends what is under way and leaves no socket, timer or later request', async () => {
    const server = keep(await httpServer(() => {}));
    const client = clientFor(server.url);
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    const pending = [1, 2, 3].map(() => errorOf(read(client)));
    await expect.poll(() => server.requests()).toBe(3);
    await client.close();
    expect((await Promise.all(pending)).map((error) => error.code)).toEqual([
      'aborted',
      'aborted',
      'aborted',
    ]);
    await expect.poll(() => server.sockets()).toBe(0);
    expect(client.socketCount()).toBe(0);
    await expect.poll(timers).toBeLessThanOrEqual(before);
    expect((await errorOf(read(client))).code).toBe('aborted');
    expect(server.requests()).toBe(3);
  });

  it('does not wait for a connection that is never made', async () => {
    const port = await freePort();
    const client = clientFor(`http://127.0.0.1:${port}`);
    const pending = errorOf(read(client));
    await client.close();
    expect(['aborted', 'unreachable']).toContain((await pending).code);
  });
});
