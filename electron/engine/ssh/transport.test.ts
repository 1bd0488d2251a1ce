import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { AuthContext } from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GantryError } from '../../../shared/model/error.ts';
import { dialTcp } from '../net/dialer.ts';
import { FaultError } from '../net/fault.ts';
import { freePort, httpServer } from '../net/testing/servers.ts';
import type { SshTarget } from './target.ts';
import { newHostKey, sshServer, type TestSshServer } from './testing/server.ts';
import { openSsh, type SshTransport } from './transport.ts';

/** One SSH connection, against a server that records whether it was ever asked to let somebody in. */

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'gantry-transport-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open: { close(): Promise<void> }[] = [];
function keep<T extends { close(): Promise<void> }>(thing: T): T {
  open.push(thing);
  return thing;
}
afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await thing.close();
});

function targetOf(server: TestSshServer, changes: Partial<SshTarget> = {}): SshTarget {
  return {
    name: 'bastion',
    host: '127.0.0.1',
    port: server.port,
    username: 'ops',
    auth: { type: 'password', password: 'right', keyboardInteractive: false },
    hostKeys: [server.fingerprint],
    ...changes,
  };
}

function known(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}

interface Way {
  readonly knownHosts?: readonly string[];
  readonly through?: SshTransport;
  readonly signal?: AbortSignal;
  readonly verified?: string[];
}

async function connect(target: SshTarget, way: Way = {}): Promise<SshTransport> {
  const signal = way.signal ?? new AbortController().signal;
  const stream = way.through
    ? await way.through.openSocket(target.host, target.port, signal)
    : await dialTcp(target.host, target.port, signal, { timeoutMs: 5_000 });
  const onHostKey = ({ fingerprint }: { fingerprint: string }) => way.verified?.push(fingerprint);
  return keep(await openSsh(stream, target, { knownHosts: way.knownHosts ?? [], onHostKey }, signal));
}

async function refusalOf(work: Promise<unknown>) {
  const thrown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(GantryError);
  return (thrown as GantryError).data;
}

async function ask(socket: Duplex, text: string): Promise<string> {
  socket.end(text);
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('the host key', () => {
  const name = (server: TestSshServer) => `[127.0.0.1]:${server.port}`;
  const cases: [
    string,
    (server: TestSshServer, line: string) => Partial<SshTarget> & { file?: string },
    RegExp,
  ][] = [
    ['unknown', () => ({ hostKeys: [] }), /^unknown: ecdsa-sha2-nistp256 SHA256:/],
    [
      'changed',
      (server) => ({ hostKeys: [], file: `${name(server)} ${newHostKey().line}` }),
      /^expected ecdsa-sha2-nistp256 SHA256:.* found ecdsa-sha2-nistp256 SHA256:/,
    ],
    [
      'revoked',
      (server, line) => ({ file: `@revoked ${name(server)} ${line}` }),
      /^revoked: ecdsa-sha2-nistp256 SHA256:/,
    ],
    [
      'not the pinned one',
      () => ({ hostKeys: [`SHA256:${'A'.repeat(43)}`] }),
      /^expected SHA256:AAAA.* found/,
    ],
    [
      'in a file with a revocation that cannot be read',
      () => ({ hostKeys: [], file: '@revoked x y z' }),
      /cannot be understood/,
    ],
  ];

  it.each(cases)('that is %s ends it before any authentication', async (label, of, detail) => {
    const key = newHostKey();
    const server = keep(await sshServer({ hostKey: key.privateKey }));
    const { file, ...changes } = of(server, key.line);
    const knownHosts = file === undefined ? [] : [known(label, `${file}\n`)];
    const error = await refusalOf(connect(targetOf(server, changes), { knownHosts }));
    expect(error).toMatchObject({
      code: 'host-key',
      target: 'bastion',
      knownEffect: 'nothing was sent',
      retryable: false,
    });
    expect(error.detail).toMatch(detail);
    await expect.poll(() => server.connections()).toBe(0);
    expect(server.attempts).toEqual([]);
    expect(server.secrets).toEqual([]);
  });

  it('is looked up in known_hosts, and told before the first attempt to log in', async () => {
    const key = newHostKey();
    const server = keep(await sshServer({ hostKey: key.privateKey }));
    const verified: string[] = [];
    const file = known('good', `${name(server)} ${key.line}\n`);
    const none = path.join(folder, 'there-is-none');
    await connect(targetOf(server, { hostKeys: [] }), { knownHosts: [none, file], verified });
    expect(verified).toEqual([server.fingerprint]);
    expect(server.attempts).toEqual(['none', 'password']);
  });

  it('is not trusted by a store that cannot be read', async () => {
    const server = keep(await sshServer());
    // A folder where a file should be.
    const error = await refusalOf(connect(targetOf(server), { knownHosts: [folder] }));
    expect(error).toMatchObject({ code: 'host-key', detail: `${folder} cannot be read` });
    expect(server.attempts).toEqual([]);
  });

  it('is verified at each hop under its own name', async () => {
    const [first, second] = [keep(await sshServer()), keep(await sshServer())];
    const through = await connect(targetOf(first));
    // The first host's key, shown by the second one.
    const wrong = targetOf(second, { name: 'inner', hostKeys: [first.fingerprint] });
    const error = await refusalOf(connect(wrong, { through }));
    expect(error).toMatchObject({ code: 'host-key', target: 'inner' });
    expect(second.attempts).toEqual([]);
    await connect(targetOf(second, { name: 'inner' }), { through });
    expect(second.attempts).toEqual(['none', 'password']);
  });
});

describe('logging in', () => {
  it('is refused with what was tried and what is offered, without the password', async () => {
    const server = keep(await sshServer());
    const auth = { type: 'password', password: 'planted-wrong', keyboardInteractive: false } as const;
    const error = await refusalOf(connect(targetOf(server, { auth })));
    expect(error).toMatchObject({
      code: 'unauthorized',
      detail: 'tried: password; the host offers: password, publickey',
    });
    expect(JSON.stringify(error)).not.toContain('planted');
    await expect.poll(() => server.connections()).toBe(0);
  });

  it('does not send a password to where none is asked for', async () => {
    const server = keep(await sshServer({ authenticate: (context) => context.reject(['publickey']) }));
    const error = await refusalOf(connect(targetOf(server)));
    expect(error).toMatchObject({
      code: 'unauthorized',
      detail: expect.stringContaining('tried: no credentials') as string,
    });
    expect(server.secrets).toEqual([]);
  });

  const dialogue =
    (prompts: { prompt: string; echo: boolean }[], answers: string[][]) => (context: AuthContext) => {
      if (context.method !== 'keyboard-interactive') return context.reject(['keyboard-interactive']);
      context.prompt(prompts, (given) => {
        answers.push([...given]);
        if (given[0] === 'right') context.accept();
        else context.reject(['keyboard-interactive']);
      });
    };

  it('answers a dialogue with the password only where the file says so', async () => {
    const answers: string[][] = [];
    const authenticate = dialogue([{ prompt: 'Password: ', echo: false }], answers);
    const server = keep(await sshServer({ authenticate }));
    const error = await refusalOf(connect(targetOf(server)));
    expect(error.advice).toContain('auth.keyboardInteractive');
    expect(answers).toEqual([]);
    const auth = { type: 'password', password: 'right', keyboardInteractive: true } as const;
    await connect(targetOf(server, { auth }));
    expect(answers).toEqual([['right']]);
  });

  it.each([
    ['a visible question', [{ prompt: 'Password: ', echo: true }]],
    [
      'two questions',
      [
        { prompt: 'Password: ', echo: false },
        { prompt: 'Code: ', echo: false },
      ],
    ],
  ])('gives no password to %s', async (_, prompts) => {
    const answers: string[][] = [];
    const server = keep(await sshServer({ authenticate: dialogue(prompts, answers) }));
    const auth = { type: 'password', password: 'right', keyboardInteractive: true } as const;
    expect(await refusalOf(connect(targetOf(server, { auth })))).toMatchObject({ code: 'unauthorized' });
    expect(answers.flat()).not.toContain('right');
  });
});

describe('the handshake', () => {
  async function silentServer(onSocket: (socket: Socket) => void) {
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => {});
      socket.resume();
      onSocket(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return keep({
      port: (server.address() as AddressInfo).port,
      sockets: () => sockets.size,
      close: () =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          for (const socket of sockets) socket.destroy();
        }),
    });
  }

  it.each<[string, (socket: Socket) => void]>([
    ['closes at once', (socket) => socket.end()],
    ['speaks HTTP', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['dies in the middle', (socket) => socket.write('SSH-2.0-x\r\n', () => socket.destroy())],
  ])('with a server that %s is an error, and leaves no socket', async (_, onSocket) => {
    const server = await silentServer(onSocket);
    const target = { ...targetOf(keep(await sshServer())), port: server.port };
    expect(await refusalOf(connect(target))).toMatchObject({ code: 'unreachable', target: 'bastion' });
    await expect.poll(() => server.sockets()).toBe(0);
  });

  it('ends with its signal', async () => {
    const server = await silentServer(() => {});
    const target = { ...targetOf(keep(await sshServer())), port: server.port };
    const stop = new AbortController();
    const work = connect(target, { signal: stop.signal });
    await expect.poll(() => server.sockets()).toBe(1);
    stop.abort(new Error('enough'));
    await expect(work).rejects.toThrow('enough');
    await expect.poll(() => server.sockets()).toBe(0);
  });
});

describe('sockets through it', () => {
  it('reach the far end, many at once, and are counted', async () => {
    const server = keep(await sshServer());
    const web = keep(await httpServer((request, response) => response.end(`hello ${request.url}`)));
    const transport = await connect(targetOf(server));
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => {
        const socket = await transport.openSocket('127.0.0.1', web.port, new AbortController().signal);
        return ask(socket, `GET /${index} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      }),
    );
    for (const [index, answer] of answers.entries()) expect(answer).toMatch(new RegExp(`hello /${index}$`));
    await expect.poll(() => transport.socketCount()).toBe(0);
    expect(server.connections()).toBe(1);
    expect(transport.bytesReceived()).toBeGreaterThan(0);
  });

  it('carry large data both ways without losing a byte', async () => {
    const server = keep(await sshServer());
    const web = keep(await httpServer((request, response) => request.pipe(response)));
    const transport = await connect(targetOf(server));
    const socket = await transport.openSocket('127.0.0.1', web.port, new AbortController().signal);
    const body = 'x'.repeat(5 * 1024 * 1024);
    socket.on('error', () => {});
    const head = `POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n`;
    const answer = await ask(socket, head + body);
    expect(answer.match(/x/g)?.length).toBeGreaterThanOrEqual(body.length);
  });

  it.each<[string, 'refuse' | undefined, RegExp]>([
    ['a far port that nothing listens on', undefined, /./],
    ['a host that forbids it', 'refuse', /./],
  ])('fail with the hop named: %s', async (_, forward, detail) => {
    const server = keep(await sshServer(forward ? { forward } : {}));
    const transport = await connect(targetOf(server));
    const opening = transport.openSocket('127.0.0.1', await freePort(), new AbortController().signal);
    const thrown = await opening.catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(FaultError);
    const { fault } = thrown as FaultError;
    expect(fault).toMatchObject({
      kind: 'channel',
      hop: 'bastion',
      detail: expect.stringMatching(detail) as string,
    });
    expect(transport.socketCount()).toBe(0);
  });

  it('end with the connection, which says why', async () => {
    const server = keep(await sshServer());
    const web = keep(await httpServer(() => {}));
    const transport = await connect(targetOf(server));
    const socket = await transport.openSocket('127.0.0.1', web.port, new AbortController().signal);
    const failed = new Promise<Error>((resolve) => socket.once('error', resolve));
    server.drop();
    expect((await transport.closed).data).toMatchObject({
      code: 'unreachable',
      target: 'bastion',
      retryable: true,
    });
    expect(await failed).toMatchObject({ code: 'ECONNRESET' });
    await expect.poll(() => transport.socketCount()).toBe(0);
    const late = transport.openSocket('127.0.0.1', web.port, new AbortController().signal);
    expect(await refusalOf(late)).toMatchObject({ code: 'unreachable' });
    await expect.poll(() => web.sockets()).toBe(0);
  });

  it('end with close(), on both sides', async () => {
    const server = keep(await sshServer());
    const web = keep(await httpServer(() => {}));
    const transport = await connect(targetOf(server));
    await transport.openSocket('127.0.0.1', web.port, new AbortController().signal);
    await transport.close();
    await transport.close();
    await expect.poll(() => server.connections()).toBe(0);
    await expect.poll(() => web.sockets()).toBe(0);
  });
});
