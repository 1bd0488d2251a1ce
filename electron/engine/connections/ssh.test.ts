import { afterEach, describe, expect, it } from 'vitest';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { ConnectionConfigSchema } from '../../../shared/model/environment.ts';
import type { Source } from '../../../shared/model/freshness.ts';
import { systemClock } from '../clock.ts';
import { certificate, httpServer, httpsServer } from '../net/testing/servers.ts';
import { sshServer } from '../ssh/testing/server.ts';
import type { System } from '../systems/system.ts';
import { createRoutes } from './routes.ts';
import { startConnection, type RunningConnection } from './runner.ts';
import { sshTarget } from './ssh-configuration.ts';
import { collect } from './testing/collect.ts';

/** SSH hosts as connections, and connections through them. */

const open: { close(): Promise<void> }[] = [];
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}
const running: RunningConnection[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((connection) => connection.stop()));
  for (const thing of open.splice(0)) await thing.close();
});

const web: System = {
  kind: 'consul',
  title: 'Fake',
  budget: { requestsPerMinute: 6_000, concurrency: 4 },
  authTypes: ['none', 'token', 'password'],
  authHeaders: () => ({}),
  sources: () => [
    {
      scope: 'all',
      mode: 'poll',
      intervalMs: 500,
      observe: async ({ http, clock, publish }) => {
        await http.text({ path: '/', purpose: 'read' });
        publish({ scope: 'all', entities: [], links: [], asOf: clock.now() });
      },
    },
  ],
  check: async ({ http }) => {
    const { body } = await http.text({ path: '/version', purpose: 'read the version' });
    return { version: body, permissions: 'all' };
  },
};

interface Session {
  readonly by: Record<string, RunningConnection>;
  readonly sources: Source[];
}

function start(...configs: ConnectionConfig[]): Session {
  const routes = createRoutes(configs);
  const sources: Source[] = [];
  const entries = configs.map((config) => {
    const connection = startConnection(config, {
      lookup: (kind) => (kind === 'consul' ? web : undefined),
      clock: systemClock,
      random: () => 0.5,
      env: { HOST_PASSWORD: 'right' },
      routes,
      callbacks: {
        onStatus: () => {},
        onSource: (source) => sources.push(source),
        onObservation: () => {},
        onConfirm: () => {},
      },
    });
    running.push(connection);
    return [config.id, connection] as const;
  });
  return { by: Object.fromEntries(entries), sources };
}

type Host = Awaited<ReturnType<typeof sshServer>>;
const hop = (id: string, server: Host, more: Partial<ConnectionConfig> = {}): ConnectionConfig => ({
  id,
  system: 'ssh',
  url: `ssh://127.0.0.1:${server.port}`,
  auth: { type: 'password', username: 'ops', password: '${env:HOST_PASSWORD}' },
  hostKey: server.fingerprint,
  ...more,
});
const site = (url: string, more: Partial<ConnectionConfig> = {}): ConnectionConfig => ({
  id: 'web',
  system: 'consul',
  url,
  ...more,
});
const states = ({ by }: Session) =>
  Object.fromEntries(Object.entries(by).map(([id, connection]) => [id, connection.status().state]));
const patience = { timeout: 10_000 };

describe('a connection through SSH hosts', () => {
  it('goes through both, in whatever order they stand in the file, and says so', async () => {
    const [outer, inner] = [keep(await sshServer()), keep(await sshServer())];
    const server = keep(await httpServer((_, response) => response.end('1.2.3')));
    const session = start(
      site(server.url, { via: 'inner' }),
      hop('inner', inner, { via: 'outer' }),
      hop('outer', outer),
    );
    await expect.poll(() => states(session), patience).toEqual({ web: 'live', inner: 'live', outer: 'live' });
    // One connection to each host, whatever goes through it.
    expect([outer.connections(), inner.connections()]).toEqual([1, 1]);
    expect(session.by['inner']?.status()).toMatchObject({
      hasSecret: true,
      version: expect.stringMatching(/^ssh2js/) as string,
    });
    expect(session.by['inner']?.sources()).toMatchObject([{ id: 'inner/transport', state: 'live' }]);

    const steps = await collect(session.by['web']!.test());
    expect(steps.map(({ step, ok, detail }) => `${step} ${ok} ${detail}`)).toEqual([
      `configuration true Fake at 127.0.0.1:${server.port}`,
      'dns true looked up by the SSH host "inner"',
      `tcp true connected to 127.0.0.1 port ${server.port} through the SSH host "inner"`,
      'auth true no credentials needed',
      'version true 1.2.3',
      'permissions true all',
    ]);
    const host = await collect(session.by['inner']!.test());
    expect(host.map(({ step, ok }) => `${step} ${ok}`)).toEqual([
      'configuration true',
      'dns true',
      'tcp true',
      'host-key true',
      'auth true',
      'version true',
      'permissions true',
    ]);
    await expect.poll(() => [outer.connections(), inner.connections()]).toEqual([1, 1]);

    await Promise.all(running.splice(0).map((connection) => connection.stop()));
    await expect.poll(() => [outer.connections(), inner.connections(), server.sockets()]).toEqual([0, 0, 0]);
  });

  it('checks the certificate inside the tunnel', async () => {
    const bastion = keep(await sshServer());
    const made = await certificate();
    const server = keep(await httpsServer(made, (_, response) => response.end('1')));
    const right = start(
      hop('bastion', bastion),
      site(server.url, { via: 'bastion', tls: { ca: made.cert } }),
    );
    await expect.poll(() => right.by['web']?.status().state, patience).toBe('live');
    const seen = server.requests();
    await right.by['web']?.stop();
    const wrong = start(
      hop('bastion', bastion),
      site(server.url, { via: 'bastion', tls: { fingerprint: 'ab'.repeat(32) } }),
    );
    await expect.poll(() => wrong.by['web']?.status().error?.code, patience).toBe('tls');
    const steps = await collect(wrong.by['web']!.test());
    expect(steps.at(-1)).toMatchObject({ step: 'tls', ok: false, error: { code: 'tls' } });
    expect(server.requests()).toBeLessThanOrEqual(seen + 1);
  });

  it('names the hop that is lost, and comes back by itself with it', async () => {
    const bastion = keep(await sshServer());
    const server = keep(await httpServer((_, response) => response.end('1')));
    const session = start(hop('bastion', bastion), site(server.url, { via: 'bastion' }));
    await expect.poll(() => states(session), patience).toEqual({ bastion: 'live', web: 'live' });
    bastion.refuse(true);
    bastion.drop();
    await expect.poll(() => states(session), patience).toEqual({ bastion: 'stale', web: 'stale' });
    await expect
      .poll(() => session.by['web']?.status().error?.advice, patience)
      .toContain('SSH host "bastion"');
    expect(session.by['web']?.status().error).toMatchObject({ code: 'unreachable', retryable: true });
    await expect.poll(() => server.sockets()).toBe(0);
    bastion.refuse(false);
    await expect.poll(() => states(session), patience).toEqual({ bastion: 'live', web: 'live' });
  });

  it.each<[string, Partial<ConnectionConfig>, string, string]>([
    ['shows another host key', { hostKey: `SHA256:${'A'.repeat(43)}` }, 'down', 'host-key'],
    [
      'refuses the login',
      { auth: { type: 'password', username: 'ops', password: 'planted' } },
      'forbidden',
      'unauthorized',
    ],
    [
      'cannot be started',
      { auth: { type: 'password', username: 'ops', password: '${env:NOT_SET}' } },
      'down',
      'invalid-input',
    ],
  ])('is told at once when the hop %s', async (_, more, state, code) => {
    const bastion = keep(await sshServer());
    const server = keep(await httpServer((_request, response) => response.end('1')));
    const session = start(hop('bastion', bastion, more), site(server.url, { via: 'bastion' }));
    await expect.poll(() => states(session), patience).toEqual({ bastion: state, web: 'down' });
    expect(session.by['bastion']?.status().error?.code).toBe(code);
    const error = session.by['web']?.status().error;
    expect(error).toMatchObject({
      code: 'unreachable',
      detail: expect.stringContaining(`bastion: ${code}`) as string,
    });
    expect(server.requests()).toBe(0);
    expect(JSON.stringify([error, session.by['bastion']?.status()])).not.toContain('planted');
  });

  it('says what the far end could not do, with the hop up', async () => {
    const bastion = keep(await sshServer({ forward: 'refuse' }));
    const session = start(hop('bastion', bastion), site('http://127.0.0.1:9', { via: 'bastion' }));
    await expect.poll(() => states(session), patience).toEqual({ bastion: 'live', web: 'down' });
    expect(session.by['web']?.status().error?.advice).toMatch(/^The SSH host "bastion"/);
  });
});

describe('a way that cannot exist', () => {
  const ssh = (id: string, via?: string): ConnectionConfig => ({
    id,
    system: 'ssh',
    url: 'ssh://ops@127.0.0.1:9',
    ...(via === undefined ? {} : { via }),
  });
  it.each<[string, ConnectionConfig[], RegExp]>([
    ['to nowhere', [site('http://x', { via: 'gone' })], /names "gone", and there is no such/],
    [
      'through no SSH host',
      [site('http://x', { via: 'b' }), site('http://y', { id: 'b' })],
      /no SSH host but consul/,
    ],
    ['through itself', [ssh('a', 'a')], /circle: a → a/],
    ['in a circle', [ssh('a', 'b'), ssh('b', 'a')], /circle: a → b → a/],
    [
      'into a circle',
      [site('http://x', { via: 'a' }), ssh('a', 'b'), ssh('b', 'a')],
      /circle: web → a → b → a/,
    ],
    [
      'over a hop to nowhere',
      [site('http://x', { via: 'a' }), ssh('a', 'gone')],
      /"via" of "a" names "gone"/,
    ],
  ])('%s is refused before anything is sent', async (_, configs, detail) => {
    const [connection] = Object.values(start(...configs).by);
    expect(connection?.status()).toMatchObject({ state: 'down', error: { code: 'invalid-input' } });
    expect(connection?.status().error?.detail).toMatch(detail);
    expect(await collect(connection!.test())).toMatchObject([{ step: 'configuration', ok: false }]);
  });
});

describe('the configuration of an SSH host', () => {
  const read = (more: object, env: Record<string, string> = {}) =>
    sshTarget(ConnectionConfigSchema.parse({ id: 'h', system: 'ssh', url: 'ssh://ops@host', ...more }), env);

  it('takes user, host and port from the URL', () => {
    expect(read({})).toMatchObject({ username: 'ops', host: 'host', port: 22, hostKeys: [] });
    expect(read({ url: 'ssh://o%40corp@[::1]:2200' })).toMatchObject({
      username: 'o@corp',
      host: '::1',
      port: 2200,
    });
  });

  it('takes what each kind of credentials needs, and secrets from variables', () => {
    const env = { HOME: '/home/ops', K: 'PEM', P: 'phrase', SSH_AUTH_SOCK: '/run/agent' };
    expect(read({ auth: { type: 'key', privateKey: '${env:K}', passphrase: '${env:P}' } }, env).auth).toEqual(
      {
        type: 'key',
        source: { text: 'PEM' },
        passphrase: 'phrase',
      },
    );
    expect(read({ auth: { type: 'key', privateKeyFile: '~/.ssh/id' } }, env).auth).toMatchObject({
      source: { file: '/home/ops/.ssh/id' },
    });
    expect(read({ auth: { type: 'agent' } }, env).auth).toMatchObject({ socket: '/run/agent' });
  });

  const print = `SHA256:${'b'.repeat(43)}`;
  it('takes one fingerprint or several', () => {
    expect(read({ hostKey: print }).hostKeys).toEqual([print]);
    expect(read({ hostKey: [print, print] }).hostKeys).toHaveLength(2);
    expect(() => read({ hostKey: 'MD5:aa:bb' })).toThrow(/SHA256/);
    expect(() => read({ hostKey: [] })).toThrow();
  });

  it.each<[string, object, RegExp]>([
    ['another scheme', { url: 'https://host' }, /ssh:\/\/user@host:port/],
    ['a password in the URL', { url: 'ssh://ops:planted@host' }, /holds a password/],
    ['a path', { url: 'ssh://ops@host/etc' }, /more than a user/],
    ['no user', { url: 'ssh://host' }, /No user name/],
    ['two users', { auth: { type: 'agent', username: 'root' } }, /different users/],
    ['TLS settings', { tls: { serverName: 'x' } }, /"tls" settings/],
    ['a token', { auth: { type: 'token', token: 'planted' } }, /none, password, key, agent/],
    ['a key without a key', { auth: { type: 'key' } }, /either privateKey or privateKeyFile/],
    ['two keys', { auth: { type: 'key', privateKey: 'planted', privateKeyFile: '/k' } }, /not both/],
    ['a relative path', { auth: { type: 'key', privateKeyFile: 'id' } }, /relative path/],
    [
      'a passphrase that is not set',
      { auth: { type: 'key', privateKeyFile: '/k', passphrase: '${env:NO}' } },
      /NO, which is not set/,
    ],
  ])('refuses %s', (_, more, detail) => {
    let data: unknown;
    try {
      read(more);
    } catch (thrown) {
      data = (thrown as { data: unknown }).data;
    }
    expect(data).toMatchObject({ code: 'invalid-input', detail: expect.stringMatching(detail) as string });
    expect(JSON.stringify(data)).not.toContain('planted');
  });

  it.each<[string, Partial<ConnectionConfig>, RegExp]>([
    ['a host key', { hostKey: print }, /is no SSH host/],
    ['a key', { auth: { type: 'key', privateKeyFile: '/k' } }, /auth.type is "key"/],
    [
      'a dialogue',
      { auth: { type: 'password', username: 'u', password: 'p', keyboardInteractive: true } },
      /keyboardInteractive/,
    ],
  ])('of another system refuses %s', (_, more, detail) => {
    const error = start(site('http://x', more)).by['web']?.status().error;
    expect(error).toMatchObject({ code: 'invalid-input', detail: expect.stringMatching(detail) as string });
  });
});
