import type { Duplex } from 'node:stream';
import { Client, type AnyAuthMethod, type ClientChannel, type ConnectConfig } from 'ssh2';
import type { GantryError } from '../../../shared/model/error.ts';
import { abortScope, orAborted } from '../net/abort.ts';
import { FaultError } from '../net/fault.ts';
import { prepareAuth, type AuthPlan } from './auth.ts';
import { handshakeError, lostError } from './failure.ts';
import { hostKeyAlgorithms, hostKeyOf, type HostKey } from './host-key.ts';
import type { SshTarget } from './target.ts';
import { hostKeyError, judgeHostKey, knownTypes, readTrust, type HostTrust } from './trust.ts';
import { TunnelSocket } from './tunnel-socket.ts';

/** For the whole handshake, authentication included. */
export const SSH_CONNECT_TIMEOUT_MS = 20_000;
export const KEEPALIVE_MS = 15_000;
/** Unanswered keepalives in a row that end the connection. */
const KEEPALIVE_MISSES = 3;
/** A far end that drops packets would otherwise hold a channel request for minutes. */
const CHANNEL_TIMEOUT_MS = 10_000;
const DISCONNECT_MS = 1_000;

export interface SshDeps {
  /** OpenSSH known_hosts files, read anew for each connection. */
  readonly knownHosts: readonly string[];
  /** The host proved to be the right one; `by` says what vouches for it. Called before any authentication. */
  onHostKey?(key: HostKey, by: string): void;
  /** It works, but someone should know. */
  onWarning?(warning: string): void;
}

/** An SSH connection that stands. Everything in it ends with it. */
export interface SshTransport {
  /** What the server calls itself: `OpenSSH_9.2p1`. Hostile text. */
  readonly ident: string;
  /** Resolves with the reason when the connection ends, whoever ended it. Never rejects. */
  readonly closed: Promise<GantryError>;
  /** Bytes received so far; grows with every answered keepalive. */
  bytesReceived(): number;
  /**
   * A TCP connection from the far end to `host:port`; the name is resolved there. Throws `FaultError` `channel`, or the
   * signal's reason.
   */
  openSocket(host: string, port: number, signal: AbortSignal): Promise<Duplex>;
  /** Sockets through this connection that are open. */
  socketCount(): number;
  /** Ends every socket and the connection; resolves when it is gone. Safe to call twice. */
  close(): Promise<void>;
}

/**
 * Speaks SSH over a stream to the target: verifies the host key, then authenticates. Takes the stream over: it ends with
 * the connection, and with a failure. Throws `GantryError` (`host-key`, `unauthorized`, `invalid-input`, `unreachable`,
 * `timeout`), or the signal's reason.
 */
export async function openSsh(
  stream: Duplex,
  target: SshTarget,
  deps: SshDeps,
  signal: AbortSignal,
): Promise<SshTransport> {
  const quiet = () => {};
  stream.on('error', quiet);
  try {
    const { name, host, port, hostKeys } = target;
    const trust = await readTrust({ name, host, port, pins: hostKeys }, deps.knownHosts);
    const plan = await prepareAuth(target);
    if (plan.warning !== undefined) deps.onWarning?.(plan.warning);
    signal.throwIfAborted();
    return await handshake(stream, target, trust, plan, deps, signal);
  } catch (thrown) {
    stream.destroy();
    throw thrown;
  }
}

/** What is learnt while the handshake runs. */
interface Learnt {
  refusal: GantryError | undefined;
  verified: boolean;
  readonly tried: string[];
  offered: readonly string[];
  agentTrouble: string | undefined;
}

async function handshake(
  stream: Duplex,
  target: SshTarget,
  trust: HostTrust,
  plan: AuthPlan,
  deps: SshDeps,
  signal: AbortSignal,
): Promise<SshTransport> {
  const learnt: Learnt = {
    refusal: undefined,
    verified: false,
    tried: [],
    offered: [],
    agentTrouble: undefined,
  };
  const client = new Client();
  const ready = new Promise<void>((resolve, reject) => {
    const failed = (error: Error) => reject(learnt.refusal ?? handshakeError(target, error, learnt));
    client.once('ready', resolve);
    client.on('error', (error: Error & { level?: string }) => {
      // ssh2 goes on after trouble with the agent; the next error is the end.
      if (error.level === 'agent') learnt.agentTrouble = error.message;
      else failed(error);
    });
    client.once('close', () => failed(new Error('the connection was closed')));
  });
  // Nobody may be listening when it fails after an abort.
  ready.catch(() => {});
  try {
    client.connect(clientConfig(stream, target, trust, plan, deps, learnt));
    await orAborted(ready, signal);
  } catch (thrown) {
    client.destroy();
    throw thrown;
  }
  return new Transport(client, stream, target);
}

function clientConfig(
  stream: Duplex,
  target: SshTarget,
  trust: HostTrust,
  plan: AuthPlan,
  deps: SshDeps,
  learnt: Learnt,
): ConnectConfig {
  const methods = [...plan.methods];
  return {
    sock: stream,
    username: target.username,
    readyTimeout: SSH_CONNECT_TIMEOUT_MS,
    keepaliveInterval: KEEPALIVE_MS,
    keepaliveCountMax: KEEPALIVE_MISSES,
    agentForward: false,
    algorithms: {
      serverHostKey: hostKeyAlgorithms(knownTypes(trust)),
      // Without the ones of SHA-1.
      hmac: [
        'hmac-sha2-256-etm@openssh.com',
        'hmac-sha2-512-etm@openssh.com',
        'hmac-sha2-256',
        'hmac-sha2-512',
      ],
    },
    // Asked again at each exchange of keys. Without a verifier ssh2 takes any key.
    hostVerifier: (blob: Buffer) => {
      const verdict = judgeHostKey(trust, blob);
      learnt.refusal = hostKeyError(trust.expected, blob, verdict);
      if (verdict.kind !== 'trusted') return false;
      if (!learnt.verified) deps.onHostKey?.(hostKeyOf(blob), verdict.by);
      learnt.verified = true;
      return true;
    },
    authHandler: (left: readonly string[] | null, _partial, next) => {
      // ssh2 says null before the first answer.
      if (left) learnt.offered = left;
      const method = nextMethod(methods, learnt.offered);
      if (method) learnt.tried.push(method.type);
      next(method ?? (false as never));
    },
  };
}

/** Takes the next method that the server offers: a password is not sent to where none is asked for. */
function nextMethod(methods: AnyAuthMethod[], offered: readonly string[]): AnyAuthMethod | undefined {
  for (let method = methods.shift(); method; method = methods.shift()) {
    const name = method.type === 'agent' ? 'publickey' : method.type;
    if (offered.length === 0 || offered.includes(name)) return method;
  }
  return undefined;
}

class Transport implements SshTransport {
  readonly ident: string;
  readonly closed: Promise<GantryError>;
  readonly #client: Client;
  readonly #stream: Duplex;
  readonly #target: SshTarget;
  readonly #sockets = new Set<TunnelSocket>();
  #ended: GantryError | undefined;

  constructor(client: Client, stream: Duplex, target: SshTarget) {
    this.#client = client;
    this.#stream = stream;
    this.#target = target;
    this.ident = identOf(client);
    this.closed = new Promise((resolve) => {
      let cause: unknown;
      client.on('error', (error) => (cause ??= error));
      client.once('close', () => {
        this.#ended = lostError(target, cause);
        for (const socket of this.#sockets) socket.destroy(new ConnectionLost(this.#ended.data.advice));
        resolve(this.#ended);
      });
    });
    // Ended between "ready" and here: 'close' will not come again.
    if (stream.destroyed) client.emit('close');
  }

  bytesReceived(): number {
    return 'bytesRead' in this.#stream ? Number(this.#stream.bytesRead) : 0;
  }

  socketCount(): number {
    return this.#sockets.size;
  }

  async openSocket(host: string, port: number, signal: AbortSignal): Promise<Duplex> {
    signal.throwIfAborted();
    if (this.#ended) throw this.#ended;
    const limit = abortScope(signal);
    const timer = setTimeout(
      () => limit.abort(this.#channelFault(new Error(`no answer within ${CHANNEL_TIMEOUT_MS} ms`))),
      CHANNEL_TIMEOUT_MS,
    );
    const opening = new Promise<TunnelSocket>((resolve, reject) => {
      try {
        this.#client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
          if (error) return reject(this.#ended ?? this.#channelFault(error));
          resolve(this.#adopt(channel));
        });
      } catch (thrown) {
        reject(this.#ended ?? this.#channelFault(thrown));
      }
    });
    try {
      return await orAborted(opening, limit.signal);
    } catch (thrown) {
      // It may still open; nobody waits for it any more.
      void opening.then(
        (socket) => socket.destroy(),
        () => {},
      );
      throw thrown;
    } finally {
      clearTimeout(timer);
      limit.release();
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#client.end();
    // A peer that is gone does not answer to the end.
    const timer = setTimeout(() => this.#stream.destroy(), DISCONNECT_MS);
    if (this.#stream.destroyed || this.#ended) clearTimeout(timer);
    else await this.closed.finally(() => clearTimeout(timer));
    this.#stream.destroy();
  }

  #adopt(channel: ClientChannel): TunnelSocket {
    const socket = new TunnelSocket(channel);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  #channelFault(thrown: unknown): FaultError {
    return new FaultError({ kind: 'channel', hop: this.#target.name, ...reasonOf(thrown) });
  }
}

/** Why the far end opened no connection (RFC 4254, 5.1). */
function reasonOf(thrown: unknown) {
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  const code = thrown instanceof Error && 'reason' in thrown ? thrown.reason : undefined;
  return { prohibited: code === 1 || /prohibited/i.test(detail), detail };
}

/** The version that the server sent; ssh2 keeps it to itself. */
function identOf(client: Client): string {
  const found = (client as unknown as { readonly _remoteVer?: unknown })._remoteVer;
  return typeof found === 'string' && found !== '' ? found.slice(0, 200) : 'SSH-2.0';
}

/** What sockets through a lost connection fail with: the same as a TCP connection that was reset. */
class ConnectionLost extends Error {
  readonly code = 'ECONNRESET';
}
