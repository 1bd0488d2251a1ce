import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startBrowserHost, type BrowserHost } from './browser-host.ts';
import { contentSecurityPolicy } from './content-policy.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

let base = '';
let folder = '';
let host: BrowserHost;

beforeEach(async () => {
  base = await mkdtemp(path.join(tmpdir(), 'gantry-host-'));
  folder = path.join(base, 'renderer');
  await mkdir(folder);
  await writeFile(path.join(folder, 'index.html'), '<!doctype html><title>Gantry</title>');
  await writeFile(path.join(base, 'gantry-outside.html'), 'outside');
  host = await startBrowserHost({
    rendererDir: folder,
    port: 0,
    serve: (socket) => socket.on('message', (data: Buffer) => socket.send(`echo ${data.toString()}`)),
  });
});

afterEach(async () => {
  await host.close();
  await rm(base, { recursive: true, force: true });
});

const ownHost = () => `127.0.0.1:${host.port}`;
const ownOrigin = () => `http://${ownHost()}`;
const tokenOf = (address: string) => /#token=(.+)$/.exec(address)?.[1] ?? '';

function ask(method: string, target: string, headers: OutgoingHttpHeaders = {}, body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port: host.port, method, path: target, headers, setHost: !('host' in headers) },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    request.once('error', reject);
    request.end(body);
  });
}

function exchange(token: string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
  return ask('POST', '/session', { origin: ownOrigin(), ...headers }, JSON.stringify({ token }));
}

async function cookie(): Promise<string> {
  const answer = await exchange(tokenOf(host.address));
  return String(answer.headers['set-cookie']).split(';')[0] ?? '';
}

/** The first message echoed, or the status of the refusal. */
function upgrade(headers: Record<string, string>, target = '/rpc'): Promise<string | number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}${target}`, { headers });
    socket.once('open', () => socket.send('hello'));
    socket.once('message', (data: Buffer) => {
      resolve(data.toString());
      socket.close();
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0);
      socket.terminate();
    });
    socket.once('error', reject);
  });
}

describe('files', () => {
  it('come with the policy and a fixed type', async () => {
    const answer = await ask('GET', '/');
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<title>Gantry</title>');
    expect(answer.headers['content-security-policy']).toBe(contentSecurityPolicy);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it.each([
    '/../gantry-outside.html',
    '/..%2fgantry-outside.html',
    '/%2e%2e/gantry-outside.html',
    '/assets/../../x.js',
  ])('do not exist at %s', async (target) => {
    expect((await ask('GET', target)).status).toBe(404);
  });

  it.each(['PUT', 'DELETE', 'POST', 'OPTIONS'])('are not for %s', async (method) => {
    expect((await ask(method, '/', { origin: ownOrigin() })).status).toBe(405);
  });

  it.each(['evil.example', '127.0.0.1', '127.0.0.1:1', '[::1]:80'])(
    'are not for a page that calls us %s',
    async (name) => {
      expect((await ask('GET', '/', { host: name })).status).toBe(403);
    },
  );
});

describe('session', () => {
  it('gives a cookie for the token, once', async () => {
    const first = await exchange(tokenOf(host.address));
    expect(first.status).toBe(204);
    expect(String(first.headers['set-cookie'])).toMatch(
      new RegExp(`^gantry-session-${host.port}=[A-Za-z0-9_-]{43}; HttpOnly; SameSite=Strict; Path=/$`),
    );
    expect((await exchange(tokenOf(host.address))).status).toBe(401);
  });

  it('is known again by its cookie, with a used token too', async () => {
    const own = await cookie();
    expect((await ask('GET', '/session', { cookie: own })).status).toBe(204);
    expect((await exchange(tokenOf(host.address), { cookie: own })).status).toBe(204);
    expect((await ask('GET', '/session')).status).toBe(401);
    expect((await ask('GET', '/session', { cookie: `${own}x` })).status).toBe(401);
  });

  it('is not for other pages', async () => {
    const token = tokenOf(host.address);
    expect((await exchange(token, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await exchange(token, { host: 'evil.example' })).status).toBe(403);
    expect((await exchange(token, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await exchange(token)).status).toBe(204);
  });

  it.each([
    ['', 400],
    ['nonsense', 400],
    ['{"token": 1}', 400],
    ['[]', 400],
    [JSON.stringify({ token: 'x'.repeat(2_000) }), 413],
  ])('refuses the body %.20j', async (body, status) => {
    expect((await ask('POST', '/session', { origin: ownOrigin() }, body)).status).toBe(status);
  });
});

describe('socket', () => {
  it('is open to the session', async () => {
    expect(await upgrade({ cookie: await cookie(), origin: ownOrigin() })).toBe('echo hello');
  });

  it('is closed to everybody else', async () => {
    const own = await cookie();
    expect(await upgrade({ origin: ownOrigin() })).toBe(401);
    expect(await upgrade({ origin: ownOrigin(), cookie: `gantry-session-${host.port}=guess` })).toBe(401);
    expect(await upgrade({ cookie: own })).toBe(403);
    expect(await upgrade({ cookie: own, origin: 'https://evil.example' })).toBe(403);
    expect(await upgrade({ cookie: own, origin: ownOrigin(), host: 'evil.example' })).toBe(403);
    expect(await upgrade({ cookie: own, origin: ownOrigin() }, '/other')).toBe(404);
  });

  it('refuses a message that is too large, and lives on', async () => {
    const own = await cookie();
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, {
      headers: { cookie: own, origin: ownOrigin() },
    });
    const code = await new Promise((resolve) => {
      socket.once('open', () => socket.send('x'.repeat(2 * 1024 * 1024)));
      socket.once('close', resolve);
    });
    expect(code).toBe(1009);
    expect(await upgrade({ cookie: own, origin: ownOrigin() })).toBe('echo hello');
  });

  it('is cut when the host closes', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${host.port}/rpc`, {
      headers: { cookie: await cookie(), origin: ownOrigin() },
    });
    await new Promise((resolve) => {
      socket.once('open', resolve);
    });
    const closed = new Promise((resolve) => {
      socket.once('close', resolve);
    });
    await host.close();
    await closed;
    await expect(ask('GET', '/')).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the port', () => {
  it('is on loopback only', async () => {
    const reached = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.2', port: host.port });
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
      socket.once('close', () => socket.destroy());
    });
    expect(reached).toBe(false);
  });

  it('in use is an error with its code', async () => {
    await expect(
      startBrowserHost({ rendererDir: folder, port: host.port, serve: () => {} }),
    ).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('drops a request whose head is too large', async () => {
    expect((await ask('GET', '/', { 'x-padding': 'x'.repeat(20_000) })).status).toBe(431);
  });
});
