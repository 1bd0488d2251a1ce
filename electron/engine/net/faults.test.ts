import { createHash, X509Certificate } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { GantryError, GantryErrorDataSchema, type GantryErrorData } from '../../../shared/model/error.ts';
import type { HttpRequest } from './http.ts';
import type { ManagedHttpClient } from './http-client.ts';
import {
  certificate,
  clientFor,
  freePort,
  httpServer,
  httpsServer,
  rawServer,
  type TestServer,
} from './testing/servers.ts';

const open: { close(): Promise<void> }[] = [];
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const Rules = z.object({ rules: z.array(z.object({ name: z.string(), port: z.number() })) });

/** The error of a call that must fail, proven to be complete and safe to show. */
async function failure(
  client: ManagedHttpClient,
  request: Partial<HttpRequest> = {},
  schema: z.ZodType = Rules,
): Promise<GantryErrorData> {
  const thrown = await client
    .json({ path: '/rules', purpose: 'read rules', deadlineMs: 5_000, ...request }, schema)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(thrown).toBeInstanceOf(GantryError);
  const { data } = thrown as GantryError;
  expect(GantryErrorDataSchema.safeParse(data).error).toBeUndefined();
  expect(data.attempted).toBe('read rules');
  expect(data.advice.length).toBeGreaterThan(20);
  return data;
}

async function failureOf(
  answer: RequestListener,
  request: Partial<HttpRequest> = {},
): Promise<GantryErrorData> {
  const server = keep(await httpServer(answer));
  return failure(keep(clientFor(server.url)), request);
}

const send =
  (body: string | Buffer, headers: Record<string, string> = {}, status = 200): RequestListener =>
  (_, response) => {
    response.writeHead(status, headers).end(body);
  };

describe('answers that are not what was promised', () => {
  it('says where JSON stops fitting the schema', async () => {
    const error = await failureOf(send('{"rules":[{"name":"a","port":80},{"name":"b","port":"80"}]}'));
    expect(error).toMatchObject({
      code: 'malformed',
      status: 200,
      retryable: false,
      knownEffect: 'nothing was changed',
    });
    expect(error.detail).toBe('at rules[1].port: Invalid input: expected number, received string');
  });

  it('says what is no JSON at all, and what it was sent as', async () => {
    const error = await failureOf(send('<html>Log in</html>', { 'content-type': 'text/html' }));
    expect(error.code).toBe('malformed');
    expect(error.detail).toContain('not JSON (sent as text/html)');
  });

  it('tells an empty answer from a wrong one', async () => {
    expect((await failureOf(send(''))).detail).toBe('at the top: the answer is empty');
  });

  it('refuses bytes that are not UTF-8', async () => {
    expect((await failureOf(send(Buffer.from([0x22, 0xff, 0x22])))).detail).toBe(
      'the answer is not UTF-8 text',
    );
  });

  it('refuses what is not HTTP', async () => {
    const server = keep(await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n')));
    expect((await failure(keep(clientFor(server.url)))).code).toBe('malformed');
  });

  it('never follows a redirect, and names its host', async () => {
    const target = keep(await httpServer(send('{"rules":[]}')));
    const location = `${target.url}/elsewhere?token=abc`;
    const error = await failureOf(send('', { location }, 302));
    expect(error).toMatchObject({
      code: 'malformed',
      status: 302,
      detail: `HTTP 302 to 127.0.0.1:${target.port}`,
    });
    expect(error.advice).toContain(`redirects to 127.0.0.1:${target.port}`);
    expect(target.requests()).toBe(0);
  });
});

describe('answers that are too much', () => {
  it('refuses a declared length above the cap without reading it', async () => {
    const error = await failureOf(send('x'.repeat(5_000)), { maxBytes: 1_000 });
    expect(error).toMatchObject({ code: 'too-large' });
  });

  it('stops reading an endless body at the cap', async () => {
    let sent = 0;
    let gone = false;
    const error = await failureOf(
      (_, response) => {
        const more = () => {
          while (!gone && response.write('x'.repeat(16_384))) sent += 16_384;
        };
        response.on('drain', more).on('close', () => (gone = true));
        more();
      },
      { maxBytes: 1_000_000 },
    );
    expect(error.code).toBe('too-large');
    await expect.poll(() => gone).toBe(true);
    expect(sent).toBeLessThan(20_000_000);
  });

  it('stops unpacking a small body that becomes a huge one', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const error = await failureOf(send(bomb, { 'content-encoding': 'gzip' }), { maxBytes: 200_000 });
    expect(error.code).toBe('too-large');
  });

  it('refuses headers without end', async () => {
    const error = await failureOf((_, response) => {
      response.socket?.write(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n`);
    });
    expect(error.code).toBe('too-large');
  });
});

describe('answers that break off', () => {
  it('notices a body shorter than its content-length', async () => {
    const error = await failureOf((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"rules":[', () => response.socket?.end());
    });
    expect(error).toMatchObject({ code: 'truncated', retryable: true });
  });

  it('notices a chunked body without its last chunk', async () => {
    const error = await failureOf((_, response) => {
      response.write('{"rules":[', () => response.socket?.end());
    });
    expect(error.code).toBe('truncated');
  });

  it('notices a half answer whose end is the end of the connection', async () => {
    const server = keep(
      await rawServer((socket) =>
        socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"rules":[{"name":"a'),
      ),
    );
    expect((await failure(keep(clientFor(server.url)))).code).toBe('truncated');
  });

  it('notices a compressed body that ends early', async () => {
    const whole = gzipSync(JSON.stringify({ rules: [], pad: 'abc'.repeat(1_000) }));
    const error = await failureOf(send(whole.subarray(0, whole.length - 10), { 'content-encoding': 'gzip' }));
    expect(error.code).toBe('truncated');
  });

  it('notices a reset before any answer, and knows that a write may have happened', async () => {
    const server = keep(await rawServer((socket) => socket.resetAndDestroy()));
    const client = keep(clientFor(server.url));
    expect(await failure(client)).toMatchObject({ code: 'truncated', knownEffect: 'nothing was changed' });
    expect(await failure(client, { method: 'POST', body: { a: 1 } })).toMatchObject({
      code: 'truncated',
      knownEffect: 'unknown: the request may have been carried out',
    });
  });

  it('notices a reset in the middle of a body', async () => {
    const error = await failureOf((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"rules":[', () => response.socket?.resetAndDestroy());
    });
    expect(error.code).toBe('truncated');
  });
});

describe('answers that do not come', () => {
  it.each<[string, RequestListener]>([
    ['hangs before the head', () => {}],
    ['hangs in the body', (_, response) => void response.writeHead(200).write('{"rules":')],
    [
      'dribbles for ever',
      (_, response) => {
        const timer = setInterval(() => response.write(' '), 10);
        response.on('close', () => clearInterval(timer));
      },
    ],
  ])('%s: ends at the deadline and lets go of the socket', async (_, answer) => {
    let ended = false;
    const server = keep(
      await httpServer((request, response) => {
        response.on('close', () => (ended = true));
        answer(request, response);
      }),
    );
    const client = keep(clientFor(server.url));
    const error = await failure(client, { deadlineMs: 150 });
    expect(error).toMatchObject({ code: 'timeout', retryable: true });
    expect(error.advice).toContain('within 150 ms');
    await expect.poll(() => ended).toBe(true);
    // undici opens the next connection at once; it must be the only one.
    expect(client.socketCount()).toBeLessThanOrEqual(1);
  });

  it('is patient with a slow answer that comes in time', async () => {
    const server = keep(
      await httpServer((_, response) => {
        response.write('{"rules":');
        setTimeout(() => response.end('[]}'), 200);
      }),
    );
    const client = keep(clientFor(server.url));
    const answer = await client.json({ path: '/rules', purpose: 'read rules' }, Rules);
    expect(answer.body).toEqual({ rules: [] });
    expect(client.metrics().latencyMs).toBeGreaterThanOrEqual(190);
  });

  it('does not wait for an error page that hangs', async () => {
    const error = await failureOf((_, response) => void response.writeHead(503).write('overl'), {
      deadlineMs: 10_000,
    });
    expect(error).toMatchObject({ code: 'server-error', status: 503, detail: 'overl' });
  });

  it('ends when the caller gives up', async () => {
    let ended = false;
    const server = keep(await httpServer((_, response) => void response.on('close', () => (ended = true))));
    const caller = new AbortController();
    const pending = failure(keep(clientFor(server.url)), { signal: caller.signal });
    await expect.poll(() => server.requests()).toBe(1);
    caller.abort();
    expect((await pending).code).toBe('aborted');
    await expect.poll(() => ended).toBe(true);
  });
});

describe('statuses', () => {
  it.each([
    [400, 'invalid-input', false],
    [401, 'unauthorized', false],
    [403, 'forbidden', false],
    [404, 'not-found', false],
    [405, 'unsupported', false],
    [409, 'conflict', false],
    [429, 'rate-limited', true],
    [500, 'server-error', true],
    [503, 'server-error', true],
  ] as const)('%d is %s', async (status, code, retryable) => {
    const error = await failureOf(send('no\n such   thing', {}, status));
    expect(error).toMatchObject({ code, status, retryable, detail: 'no such thing' });
  });

  it('takes a status as an answer where it is asked for', async () => {
    const server = keep(await httpServer(send('{"rules":[]}', {}, 503)));
    const answer = await keep(clientFor(server.url)).json(
      { path: '/h', purpose: 'read health', accept: [503] },
      Rules,
    );
    expect(answer.status).toBe(503);
  });

  it('reads at most 4 KiB of an error page and shows 500 characters of it', async () => {
    let given = 0;
    const server = keep(await httpServer(send('e'.repeat(1_000_000), {}, 500)));
    const system = {
      authHeaders: () => ({}),
      budget: { requestsPerMinute: 100, concurrency: 1 },
      explain: (_: number, body: string) => {
        given = body.length;
        return {};
      },
    };
    const error = await failure(keep(clientFor(server.url, { system })));
    expect(given).toBe(4_096);
    expect(error.detail).toHaveLength(500);
  });

  it('lets the system find better words, and survives one that fails at it', async () => {
    const server = keep(
      await httpServer((_, response) => response.writeHead(500, 'storage gone').end('{"error":"acl"}')),
    );
    const budget = { requestsPerMinute: 100, concurrency: 1 };
    const better = keep(
      clientFor(server.url, {
        system: {
          authHeaders: () => ({}),
          budget,
          explain: (status, body, reasonPhrase) => ({
            code: 'forbidden',
            advice: `needs node:read (${status}, ${body.length} bytes, ${reasonPhrase})`,
          }),
        },
      }),
    );
    expect(await failure(better)).toMatchObject({
      code: 'forbidden',
      status: 500,
      advice: 'needs node:read (500, 15 bytes, storage gone)',
    });
    const broken = keep(
      clientFor(server.url, {
        system: {
          authHeaders: () => ({}),
          budget,
          explain: () => {
            throw new TypeError('defect');
          },
        },
      }),
    );
    expect((await failure(broken)).code).toBe('server-error');
  });
});

describe('no connection', () => {
  it('says that nothing listens', async () => {
    const port = await freePort();
    const error = await failure(keep(clientFor(`http://127.0.0.1:${port}`)), { method: 'DELETE' });
    expect(error).toMatchObject({ code: 'unreachable', retryable: true, knownEffect: 'nothing was sent' });
    expect(error.advice).toContain(`Nothing accepts connections at 127.0.0.1:${port}`);
  });

  it('says that a name is not known', async () => {
    const error = await failure(keep(clientFor('http://no-such-host.invalid')));
    expect(error.code).toBe('unreachable');
    expect(error.advice).toMatch(/resolver/);
  });
});

describe('TLS', () => {
  const fingerprintOf = (pem: string) => new X509Certificate(pem).fingerprint256;
  const DAY = 86_400_000;
  const secure = async (options: Parameters<typeof certificate>[0] = {}): Promise<[TestServer, string]> => {
    const made = await certificate(options);
    return [keep(await httpsServer(made, send('{"rules":[]}'))), made.cert];
  };

  it('trusts a private CA that is given, and only then', async () => {
    const [server, ca] = await secure();
    const answer = await keep(clientFor(server.url, { tls: { ca } })).json(
      { path: '/', purpose: 'read' },
      Rules,
    );
    expect(answer.status).toBe(200);
    const error = await failure(keep(clientFor(server.url)));
    expect(error.code).toBe('tls');
    expect(error.advice).toContain('authority that this machine does not know');
    expect(server.requests()).toBe(1);
  });

  it('tells an expired certificate', async () => {
    const past = (days: number) => new Date(Date.now() - days * DAY);
    const [server, ca] = await secure({ notBeforeDate: past(20), notAfterDate: past(10) });
    const error = await failure(keep(clientFor(server.url, { tls: { ca } })));
    expect(error.code).toBe('tls');
    expect(error.advice).toContain('outside its validity');
    expect(server.requests()).toBe(0);
  });

  it('tells a certificate for another name, and takes the name it is told to expect', async () => {
    const [server, ca] = await secure({ names: ['lb.example'], ips: [] });
    const error = await failure(keep(clientFor(server.url, { tls: { ca } })));
    expect(error.code).toBe('tls');
    expect(error.advice).toContain('issued for another name');
    const named = keep(clientFor(server.url, { tls: { ca, serverName: 'lb.example' } }));
    expect((await named.json({ path: '/', purpose: 'read' }, Rules)).status).toBe(200);
    const wrong = await failure(keep(clientFor(server.url, { tls: { ca, serverName: 'other.example' } })));
    expect(wrong.advice).toContain('issued for another name');
  });

  it('takes a pinned certificate, in any spelling of its fingerprint', async () => {
    const [server, cert] = await secure({ names: ['elsewhere'], ips: [] });
    const pin = fingerprintOf(cert);
    for (const fingerprint of [pin, pin.replaceAll(':', '').toLowerCase()]) {
      const client = keep(clientFor(server.url, { tls: { fingerprint } }));
      expect((await client.json({ path: '/', purpose: 'read' }, Rules)).status).toBe(200);
    }
  });

  it('sends not one request to a server whose certificate is not the pinned one', async () => {
    const [server, cert] = await secure();
    const fingerprint = createHash('sha256').update('another').digest('hex');
    const client = keep(
      clientFor(server.url, {
        tls: { fingerprint, ca: cert },
        auth: { type: 'token', token: 'secret-token' },
      }),
    );
    for (let i = 0; i < 3; i++) {
      const error = await failure(client, { method: 'POST', body: {} });
      expect(error).toMatchObject({ code: 'tls', retryable: false, knownEffect: 'nothing was sent' });
      expect(error.advice).toContain('not the pinned one');
      expect(error.detail).toBe(`pinned ${fingerprint}, found ${fingerprintOf(cert)}`);
    }
    expect(server.requests()).toBe(0);
  });

  it('tells a server that does not speak TLS', async () => {
    const server = keep(await httpServer(send('{}')));
    const error = await failure(keep(clientFor(server.url.replace('http:', 'https:'))));
    expect(error.code).toBe('tls');
    expect(error.advice).toContain('speaks HTTPS');
  });
});
