import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { accessSync, chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

/** Real OpenSSH servers for tests, each on a port of loopback and with everything it needs in one temporary folder. */

const SSHD = '/usr/sbin/sshd';

/** Why no server can be started here; undefined: it can. */
export function whyNoSshd(): string | undefined {
  if (process.platform !== 'linux') return 'the tests start sshd on Linux only';
  if (process.getuid?.() !== 0) return 'starting sshd for another user needs root';
  try {
    accessSync(SSHD);
    execFileSync('ssh-keygen', ['-?'], { stdio: 'ignore' });
  } catch (thrown) {
    // It answers to "-?" with its usage and status 1: that it is there is all that counts.
    const missing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return missing ? 'OpenSSH is not installed' : undefined;
  }
  return undefined;
}

/** A user of this machine with a password, for as long as the tests run. */
export interface TestUser {
  readonly name: string;
  readonly password: string;
  remove(): Promise<void>;
}

export async function testUser(): Promise<TestUser> {
  const name = `gantry-${process.pid}`;
  const password = `pw-${process.pid}-planted`;
  await run('useradd', ['-M', '-d', '/nonexistent', '-s', '/bin/sh', name]);
  const child = spawn('chpasswd', { stdio: ['pipe', 'ignore', 'ignore'] });
  child.stdin.end(`${name}:${password}\n`);
  await new Promise((resolve) => child.once('close', resolve));
  return { name, password, remove: () => run('userdel', [name]).then(() => {}) };
}

/** Makes a key pair; `passphrase` encrypts it. Returns the path of the private half. */
export async function keyPair(
  folder: string,
  name: string,
  type: 'ed25519' | 'rsa',
  passphrase = '',
): Promise<string> {
  const file = path.join(folder, name);
  const format = type === 'rsa' ? ['-b', '2048', '-m', 'PEM'] : [];
  await run('ssh-keygen', ['-q', '-t', type, ...format, '-N', passphrase, '-C', name, '-f', file]);
  return file;
}

export interface Sshd {
  readonly port: number;
  /** The public host key of a type, as known_hosts has it: `ssh-ed25519 AAAA…`. */
  hostKey(type: 'ed25519' | 'rsa'): string;
  fingerprint(type: 'ed25519' | 'rsa'): Promise<string>;
  /** What it logged since it was made. */
  log(): string;
  /** Ends the server and every session of it, at once. */
  kill(): Promise<void>;
  /** Starts it on the same port. */
  start(): Promise<void>;
  /** Makes new host keys; for the next start. */
  rotate(): Promise<void>;
}

export async function startSshd(
  folder: string,
  options: { readonly authorizedKeys: readonly string[]; readonly extra?: readonly string[] },
): Promise<Sshd> {
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  chmodSync(folder, 0o755);
  const port = await freePort();
  const keys = path.join(folder, 'authorized_keys');
  writeFileSync(keys, options.authorizedKeys.map((file) => readFileSync(`${file}.pub`, 'utf8')).join(''));
  const rotate = async () => {
    for (const type of ['ed25519', 'rsa']) {
      await run('rm', ['-f', path.join(folder, type), path.join(folder, `${type}.pub`)]);
      await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', path.join(folder, type)]);
    }
  };
  await rotate();
  const config = path.join(folder, 'sshd.conf');
  const lines = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${folder}/ed25519`,
    `HostKey ${folder}/rsa`,
    'PidFile none',
    `AuthorizedKeysFile ${keys}`,
    'PubkeyAuthentication yes',
    'PasswordAuthentication yes',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin no',
    'UsePAM no',
    // The folder is below /tmp, which everybody may write to.
    'StrictModes no',
    'AllowTcpForwarding yes',
    'MaxStartups 100',
    'LogLevel VERBOSE',
  ];
  // The first value of an option counts.
  writeFileSync(config, [...(options.extra ?? []), ...lines, ''].join('\n'));

  let log = '';
  let child: ChildProcess | undefined;
  const sshd: Sshd = {
    port,
    hostKey: (type) => publicKey(path.join(folder, type)),
    fingerprint: async (type) => {
      const { stdout } = await run('ssh-keygen', ['-lf', path.join(folder, `${type}.pub`)]);
      return stdout.split(' ')[1] ?? '';
    },
    log: () => log,
    async kill() {
      if (child?.pid === undefined) return;
      const gone = new Promise((resolve) => child?.once('exit', resolve));
      for (const pid of [child.pid, ...(await descendants(child.pid))]) kill(pid);
      await gone;
      child = undefined;
    },
    async start() {
      const from = log.length;
      const started = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
      child = started;
      await new Promise<void>((resolve, reject) => {
        started.once('exit', () => reject(new Error(`sshd did not start: ${log.slice(from)}`)));
        started.stderr.on('data', (chunk: Buffer) => {
          log += chunk.toString();
          if (log.includes('Server listening', from)) resolve();
        });
      });
    },
    rotate,
  };
  await sshd.start();
  return sshd;
}

/** An agent of this user's own that holds the given keys. */
export async function startAgent(
  folder: string,
  keys: readonly string[],
): Promise<{ readonly socket: string; stop(): Promise<void> }> {
  const socket = path.join(folder, 'agent.sock');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] });
  await new Promise((resolve) => agent.stdout.once('data', resolve));
  for (const key of keys)
    await run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  return {
    socket,
    stop: async () => {
      const gone = new Promise((resolve) => agent.once('exit', resolve));
      agent.kill();
      await gone;
    },
  };
}

const run = promisify(execFile);

function publicKey(file: string): string {
  return readFileSync(`${file}.pub`, 'utf8').split(' ').slice(0, 2).join(' ').trim();
}

/** Sessions are processes of their own and outlive the server otherwise. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-eo', 'pid=,ppid=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    rows.flatMap(([id = 0, of]) => (of === parent ? [id, ...below(id)] : []));
  return below(pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
