import { generateKeyPairSync } from 'node:crypto';
import { connect, createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { Server, utils, type AuthContext } from 'ssh2';
import { fingerprintOf } from '../host-key.ts';

/** An SSH server within the test, that tells what was asked of it. */
export interface TestSshServer {
  readonly port: number;
  readonly fingerprint: string;
  /** Methods of authentication that were tried, over all connections; "none" included. */
  readonly attempts: readonly string[];
  /** Passwords and answers that arrived. */
  readonly secrets: readonly string[];
  /** Connections that are open. */
  connections(): number;
  /** Whether new connections are ended at once. */
  refuse(on: boolean): void;
  /** Ends every connection, without a word. */
  drop(): void;
  close(): Promise<void>;
}

interface TestSshOptions {
  /** Private key of the host; default: a new one. */
  readonly hostKey?: string;
  /** Decides on each attempt. Default: the password "right". */
  authenticate?(context: AuthContext): void;
  /** `refuse`: connections further are prohibited. */
  readonly forward?: 'refuse';
}

export function newHostKey(): { readonly privateKey: string; readonly line: string } {
  // Not by ssh2: one in some hundreds of its own new keys cannot be read by it.
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) throw parsed;
  return { privateKey: text, line: `${parsed.type} ${parsed.getPublicSSH().toString('base64')}` };
}

export async function sshServer(options: TestSshOptions = {}): Promise<TestSshServer> {
  const hostKey = options.hostKey ?? newHostKey().privateKey;
  const parsed = utils.parseKey(hostKey);
  if (parsed instanceof Error) throw parsed;
  const attempts: string[] = [];
  const secrets: string[] = [];
  const ssh = new Server({ hostKeys: [hostKey] }, (connection) => {
    connection.on('error', () => {});
    connection.on('authentication', (context) => {
      attempts.push(context.method);
      if (context.method === 'password') secrets.push(context.password);
      if (options.authenticate) options.authenticate(context);
      else if (context.method === 'password' && context.password === 'right') context.accept();
      else context.reject(['password', 'publickey']);
    });
    connection.on('tcpip', (accept, reject, { destIP, destPort }) => {
      if (options.forward === 'refuse') return reject();
      const far = connect(destPort, destIP);
      far.once('error', () => reject());
      far.once('connect', () => {
        const channel = accept();
        channel.on('error', () => far.destroy());
        channel.on('close', () => far.destroy());
        far.on('error', () => channel.close());
        far.on('close', () => channel.close());
        channel.pipe(far).pipe(channel);
      });
    });
  });
  // In front of it a server of our own, since ssh2 does not let go of its sockets.
  const sockets = new Set<Socket>();
  let refusing = false;
  const front: TcpServer = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => {});
    if (refusing) {
      socket.destroy();
      return;
    }
    ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  const drop = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port: (front.address() as AddressInfo).port,
    fingerprint: fingerprintOf(parsed.getPublicSSH()),
    attempts,
    secrets,
    connections: () => sockets.size,
    refuse: (on) => {
      refusing = on;
    },
    drop,
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        drop();
      }),
  };
}
