import { connect as connectTcp, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';
import type { Tls } from '../../../shared/model/environment.ts';
import { FaultError } from './fault.ts';

/** TCP and TLS each get this long. A host that drops packets would otherwise cost the whole deadline of every request. */
export const CONNECT_TIMEOUT_MS = 5_000;

export interface Connector {
  readonly connect: buildConnector.connector;
  /** Ends every socket made here, also those that are still connecting, which a pool's own `destroy` leaves to their timeout. */
  destroy(): void;
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

/** Opens sockets for one connection and tells failures of TCP and TLS apart. */
export function createConnector(tls: Tls | undefined): Connector {
  const open = new Set<Socket>();
  // No session is resumed: a resumed handshake shows no certificate, so an expiry or an exchange would go unseen.
  const upgrade = buildConnector({ ...trustOptions(tls), timeout: CONNECT_TIMEOUT_MS, maxCachedSessions: 0 });

  const connect: buildConnector.connector = (options, callback) => {
    const secure = options.protocol === 'https:';
    const port = options.port === '' ? (secure ? 443 : 80) : Number(options.port);
    const socket = connectTcp({ host: options.hostname, port, noDelay: true, keepAlive: true });
    open.add(socket);
    let phase: 'tcp' | 'tls' = 'tcp';
    let answered = false;
    const timer = setTimeout(() => socket.destroy(new ConnectTimeout()), CONNECT_TIMEOUT_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      if (answered) return;
      answered = true;
      socket.destroy();
      callback(
        error instanceof FaultError ? error : new FaultError({ kind: 'connect', phase, cause: error }),
        null,
      );
    };
    socket.once('close', () => {
      open.delete(socket);
      fail(new Error('the connection was closed'));
    });
    socket.on('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      if (!secure) {
        answered = true;
        callback(null, socket);
        return;
      }
      phase = 'tls';
      upgrade({ ...options, httpSocket: socket }, (error, upgraded) => {
        if (error) return fail(error);
        try {
          assertPinned(upgraded as TLSSocket, tls);
        } catch (thrown) {
          upgraded?.destroy();
          return fail(thrown as Error);
        }
        answered = true;
        callback(null, upgraded);
      });
    });
  };

  return {
    connect,
    destroy() {
      for (const socket of open) socket.destroy();
    },
    socketCount: () => open.size,
  };
}

/** What the operating system says after minutes, said earlier. */
export class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
  constructor() {
    super(`no answer within ${CONNECT_TIMEOUT_MS} ms`);
  }
}
