import { setMaxListeners } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import type { Tls } from '../../../shared/model/environment.ts';
import { dialTcp, type Dialer } from './dialer.ts';
import { FaultError } from './fault.ts';

/** TCP and TLS each get this long. A host that drops packets would otherwise cost the whole deadline of every request. */
export const CONNECT_TIMEOUT_MS = 5_000;

export interface Connector {
  readonly connect: buildConnector.connector;
  /** Ends every socket made here, also those that are still connecting, which a pool's own `destroy` leaves to their timeout. Resolves when they are gone. */
  destroy(): Promise<void>;
  /** Sockets that are open or opening. */
  socketCount(): number;
}

/** TLS options of a connection: who is believed. Verification is on unless a pin replaces it. */
export function trustOptions(tls: Tls | undefined) {
  return {
    rejectUnauthorized: tls?.fingerprint === undefined,
    ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

/**
 * Throws when the peer is not the pinned one. Must run before any byte of a request is written: with verification
 * replaced by a pin, nothing else has looked at the certificate (`checkServerIdentity` is not even called then).
 */
export function assertPinned(socket: TLSSocket, tls: Tls | undefined): void {
  if (tls?.fingerprint === undefined) return;
  const found = socket.getPeerX509Certificate()?.fingerprint256;
  if (found === undefined || plainHex(found) !== plainHex(tls.fingerprint)) {
    throw new FaultError({ kind: 'pin', expected: tls.fingerprint, found: found ?? 'no certificate' });
  }
}

function plainHex(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

/** Opens sockets for one connection, straight or through a dialer, and tells failures of TCP and TLS apart. */
export function createConnector(tls: Tls | undefined, dialer?: Dialer): Connector {
  const open = new Set<Duplex>();
  const ended = new AbortController();
  // One listener for each socket that is opening; Node takes more than ten for a leak.
  setMaxListeners(0, ended.signal);
  // No session is resumed: a resumed handshake shows no certificate, so an expiry or an exchange would go unseen.
  const upgrade = buildConnector({ ...trustOptions(tls), timeout: CONNECT_TIMEOUT_MS, maxCachedSessions: 0 });

  const track = (socket: Duplex) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  };
  const dial = async (host: string, port: number): Promise<Duplex> => {
    if (!dialer) {
      return dialTcp(host, port, ended.signal, { timeoutMs: CONNECT_TIMEOUT_MS, onSocket: track });
    }
    const socket = await dialer.open(host, port, ended.signal);
    track(socket);
    return socket;
  };

  const connect: buildConnector.connector = (options, callback) => {
    const secure = options.protocol === 'https:';
    const port = options.port === '' ? (secure ? 443 : 80) : Number(options.port);
    let answered = false;
    const fail = (error: Error, socket?: Duplex) => {
      if (answered) return;
      answered = true;
      socket?.destroy();
      const known = error instanceof FaultError;
      callback(known ? error : new FaultError({ kind: 'connect', phase: 'tls', cause: error }), null);
    };
    const stands = (socket: Duplex) => {
      const failed = (error: Error) => fail(error, socket);
      socket.once('close', () => failed(new Error('the connection was closed')));
      socket.on('error', failed);
      // A dialer's stream has what is used of a socket (see `Dialer`).
      const plain = socket as Socket;
      if (!secure) {
        answered = true;
        callback(null, plain);
        return;
      }
      upgrade({ ...options, httpSocket: plain }, (error, upgraded) => {
        if (error) return failed(error);
        try {
          assertPinned(upgraded as TLSSocket, tls);
        } catch (thrown) {
          upgraded?.destroy();
          return failed(thrown as Error);
        }
        answered = true;
        callback(null, upgraded);
      });
    };
    const host = options.hostname.replace(/^\[|\]$/g, '');
    dial(host, port).then(stands, fail);
  };

  return {
    connect,
    async destroy() {
      ended.abort(new FaultError({ kind: 'aborted' }));
      const gone = [...open].map((socket) => new Promise<void>((resolve) => socket.once('close', resolve)));
      for (const socket of open) socket.destroy();
      await Promise.all(gone);
    },
    socketCount: () => open.size,
  };
}
