import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { WebSocket } from 'ws';
import { contentSecurityPolicy } from '../electron/hosts/content-policy.ts';
import { startServe } from './console.ts';
import { expect, test } from './gantry.ts';

/** The door of browser mode, tried on the built host from outside. Needs no browser, so that it runs in every mode. */

interface Asked {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

function ask(
  origin: string,
  method: string,
  path: string,
  headers: OutgoingHttpHeaders,
  body = '',
): Promise<Asked> {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const setHost = !('host' in headers);
    const request = httpRequest({ hostname, port, method, path, headers, setHost }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.once('error', reject);
    request.end(body);
  });
}

/** `open`, or the status of the refusal. */
function upgrade(origin: string, headers: Record<string, string>): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/rpc`, { headers });
    socket.once('open', () => {
      resolve('open');
      socket.close();
    });
    socket.once('unexpected-response', (_request, response) => {
      resolve(String(response.statusCode));
      socket.terminate();
    });
    socket.once('error', reject);
  });
}

test('the door of browser mode', async () => {
  const serve = await startServe(['--no-lab']);
  try {
    const { origin, hash } = new URL(serve.address);
    const token = hash.replace('#token=', '');
    const exchange = (headers: OutgoingHttpHeaders) =>
      ask(origin, 'POST', '/session', headers, JSON.stringify({ token }));

    await test.step('a foreign Host or Origin is refused', async () => {
      expect((await ask(origin, 'GET', '/', { host: 'rebound.example' })).status).toBe(403);
      expect((await exchange({ origin: 'https://evil.example' })).status).toBe(403);
      expect((await exchange({ origin, host: 'rebound.example' })).status).toBe(403);
      expect((await exchange({})).status).toBe(403);
      expect(await upgrade(origin, { origin: 'https://evil.example' })).toBe('403');
    });

    await test.step('without a cookie there is no engine', async () => {
      expect((await ask(origin, 'GET', '/session', {})).status).toBe(401);
      expect(await upgrade(origin, { origin })).toBe('401');
    });

    await test.step('the token works once, for a cookie that scripts cannot read', async () => {
      const first = await exchange({ origin });
      expect(first.status).toBe(204);
      const cookie = String(first.headers['set-cookie']);
      expect(cookie).toContain('HttpOnly');
      expect(cookie).toContain('SameSite=Strict');
      expect((await exchange({ origin })).status).toBe(401);
      expect(await upgrade(origin, { origin, cookie: cookie.split(';')[0] ?? '' })).toBe('open');
    });

    await test.step('the page comes with the policy', async () => {
      const page = await ask(origin, 'GET', '/', {});
      expect(page.headers['content-security-policy']).toBe(contentSecurityPolicy);
      expect(page.headers['x-content-type-options']).toBe('nosniff');
    });
  } finally {
    await serve.stop();
  }
});

test('the address keeps no token, and the page works on after a reload', async ({ mode, launch }) => {
  test.skip(mode !== 'browser', 'the desktop window has no token');
  const { window, origin } = await launch();
  await expect(window.getByRole('list', { name: 'Connections' })).toBeVisible();
  expect(window.url()).not.toContain('token');
  expect(await window.evaluate(() => document.cookie)).toBe('');
  await window.reload();
  await expect(window.getByRole('list', { name: 'Connections' })).toBeVisible();
  expect(new URL(window.url()).origin).toBe(origin);
});
