import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { CheckStepSchema, type CheckStep } from '../../../shared/model/connection.ts';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import type { ErrorCode } from '../../../shared/model/error.ts';
import { systemClock } from '../clock.ts';
import { certificate, freePort, httpServer, httpsServer } from '../net/testing/servers.ts';
import type { System } from '../systems/system.ts';
import { stepOfFailure, testConnection } from './check.ts';
import { collect } from './testing/collect.ts';
import { manualClock } from './testing/manual-clock.ts';

const open: { close(): Promise<void> }[] = [];
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((thing) => thing.close()));
});

const system: System = {
  kind: 'consul',
  title: 'Fake',
  budget: { requestsPerMinute: 600, concurrency: 4 },
  authTypes: ['none', 'token'],
  authHeaders: (auth): Record<string, string> => (auth.type === 'token' ? { 'x-token': auth.token } : {}),
  sources: () => [],
  check: async ({ http, signal }) => {
    const { body } = await http.json(
      { path: '/self', purpose: 'read the version', signal },
      z.object({ version: z.string() }),
    );
    await http.json({ path: '/all', purpose: 'read everything', signal }, z.unknown());
    return { version: body.version, permissions: 'reads everything' };
  },
};

async function steps(config: Partial<ConnectionConfig>, changes: Partial<System> = {}): Promise<CheckStep[]> {
  const ready = {
    config: { id: 'c1', system: 'consul' as const, url: 'http://127.0.0.1:9', ...config },
    system: { ...system, ...changes },
    auth: { type: 'token' as const, token: 'top-secret' },
  };
  const found = await collect(testConnection(ready, { clock: systemClock, random: () => 0.5 }));
  for (const step of found) expect(CheckStepSchema.safeParse(step).error).toBeUndefined();
  expect(JSON.stringify(found)).not.toContain('top-secret');
  return found;
}

const names = (found: CheckStep[]) => found.map(({ step, ok }) => `${ok ? '' : 'not '}${step}`);

describe('testConnection', () => {
  it('walks the whole way', async () => {
    const server = keep(await httpServer((_, response) => response.end('{"version":"1.2.3"}')));
    const found = await steps({ url: server.url });
    expect(names(found)).toEqual(['configuration', 'dns', 'tcp', 'auth', 'version', 'permissions']);
    expect(found.map(({ detail }) => detail)).toEqual([
      `Fake at 127.0.0.1:${server.port}`,
      '127.0.0.1 is an address',
      `connected to 127.0.0.1 port ${server.port}`,
      'credentials accepted',
      '1.2.3',
      'reads everything',
    ]);
    await expect.poll(() => server.sockets()).toBe(0);
  });

  it('shows whose certificate it is, and stops at one it cannot trust', async () => {
    const made = await certificate();
    const server = keep(await httpsServer(made, (_, response) => response.end('{"version":"1"}')));
    const trusted = await steps({ url: server.url, tls: { ca: made.cert } });
    expect(names(trusted)).toEqual(['configuration', 'dns', 'tcp', 'tls', 'auth', 'version', 'permissions']);
    expect(trusted[3]?.detail).toMatch(/^TLSv1\.3, verified, issued by CN=localhost, expires /);
    const before = server.requests();
    const unknown = await steps({ url: server.url });
    expect(names(unknown)).toEqual(['configuration', 'dns', 'tcp', 'not tls']);
    expect(unknown[3]?.error).toMatchObject({ code: 'tls', knownEffect: 'nothing was sent' });
    const changed = await steps({ url: server.url, tls: { fingerprint: 'ab'.repeat(32) } });
    expect(names(changed)).toEqual(['configuration', 'dns', 'tcp', 'not tls']);
    expect(changed[3]?.error?.advice).toContain('not the pinned one');
    const pinned = await steps({
      url: server.url,
      tls: { fingerprint: new X509Certificate(made.cert).fingerprint256 },
    });
    expect(pinned[3]?.detail).toContain('pinned');
    expect(server.requests()).toBe(before + 2);
  });

  it('stops where nothing listens, and where no name is known', async () => {
    const port = await freePort();
    const refused = await steps({ url: `http://127.0.0.1:${port}` });
    expect(names(refused)).toEqual(['configuration', 'dns', 'not tcp']);
    expect(refused[2]?.error?.advice).toContain('Nothing accepts connections');
    const unknown = await steps({ url: 'http://no-such-host.invalid' });
    expect(names(unknown)).toEqual(['configuration', 'not dns']);
    expect(unknown[1]?.error).toMatchObject({ code: 'unreachable' });
  });

  it.each<[number, string, string[]]>([
    [401, '', ['not auth']],
    [403, '', ['auth', 'version', 'not permissions']],
    [500, '', ['not auth']],
    [200, '<html>', ['auth', 'not version']],
    [404, '', ['auth', 'not version']],
  ])('says which step HTTP %d %s belongs to', async (status, body, expected) => {
    const server = keep(await httpServer((_, response) => response.writeHead(status).end(body)));
    const found = await steps({ url: server.url });
    expect(names(found)).toEqual(['configuration', 'dns', 'tcp', ...expected]);
    expect(found.at(-1)?.error?.advice.length).toBeGreaterThan(20);
  });

  it('calls a defect of the connector by its name', async () => {
    const server = keep(await httpServer((_, response) => response.end()));
    const found = await steps({ url: server.url }, { check: () => Promise.reject(new TypeError('defect')) });
    expect(found.at(-1)).toMatchObject({ step: 'auth', ok: false, error: { code: 'internal' } });
  });

  it('places every code', () => {
    const at = (code: ErrorCode) =>
      stepOfFailure({ code, attempted: '', target: '', knownEffect: '', advice: '', retryable: false });
    expect([at('unauthorized'), at('malformed'), at('forbidden'), at('timeout')]).toEqual([
      'auth',
      'version',
      'permissions',
      'auth',
    ]);
  });

  /** A server that accepts and then says nothing: TLS and HTTP hang on it. */
  async function silent(): Promise<{ port: number; sockets: () => number }> {
    let sockets = 0;
    const server = createServer((socket) => {
      sockets += 1;
      socket.on('error', () => {}).on('close', () => (sockets -= 1));
      // Reading is what makes the end of the other side known.
      socket.resume();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    keep({ close: () => new Promise<void>((resolve) => server.close(() => resolve())) });
    return { port: (server.address() as AddressInfo).port, sockets: () => sockets };
  }

  it('ends at its deadline with the step that hangs', async () => {
    const { port, sockets } = await silent();
    const clock = manualClock();
    const ready = {
      config: { id: 'c1', system: 'consul' as const, url: `https://127.0.0.1:${port}` },
      system,
      auth: { type: 'none' as const },
    };
    const found: CheckStep[] = [];
    const walk = (async () => {
      for await (const step of testConnection(ready, { clock, random: () => 0.5 })) found.push(step);
    })();
    await expect.poll(() => found.length).toBe(3);
    await expect.poll(sockets).toBe(1);
    await clock.advance(15_000);
    await walk;
    expect(found.at(-1)).toMatchObject({ step: 'tls', ok: false, ms: 15_000, error: { code: 'timeout' } });
    await expect.poll(sockets).toBe(0);
    expect(clock.sleepers()).toBe(0);
  });

  it('ends when its reader leaves or gives up', async () => {
    const { port, sockets } = await silent();
    const clock = manualClock();
    const ready = {
      config: { id: 'c1', system: 'consul' as const, url: `http://127.0.0.1:${port}` },
      system,
      auth: { type: 'none' as const },
    };
    for await (const step of testConnection(ready, { clock, random: () => 0.5 }))
      if (step.step === 'tcp') break;
    expect(clock.sleepers()).toBe(0);
    const reader = new AbortController();
    const found: CheckStep[] = [];
    const walk = (async () => {
      for await (const step of testConnection(ready, { clock, random: () => 0.5, signal: reader.signal }))
        found.push(step);
    })();
    await expect.poll(() => found.length).toBe(3);
    await expect.poll(sockets).toBe(1);
    reader.abort();
    await walk;
    expect(found.at(-1)).toMatchObject({ step: 'auth', ok: false, error: { code: 'aborted' } });
    await expect.poll(sockets).toBe(0);
    expect(clock.sleepers()).toBe(0);
  });
});
