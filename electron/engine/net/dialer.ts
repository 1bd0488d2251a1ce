import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { FaultError } from './fault.ts';

/** Makes connections some other way than straight from this machine. */
export interface Dialer {
  /** The SSH host that they go through: a connection id. */
  readonly hop: string;
  /**
   * A byte stream to `host:port`, as seen from the far end. Throws `FaultError` (`hop`, `channel`) or the signal's reason.
   * The stream has what HTTP and TLS ask of a TCP socket.
   */
  open(host: string, port: number, signal: AbortSignal): Promise<Duplex>;
}

interface DialOptions {
  readonly timeoutMs: number;
  /** Called before anything can happen to it. */
  onSocket?(socket: Socket): void;
}

/** A TCP connection straight from this machine. Throws `FaultError` `connect`; the socket does not outlive a failure. */
export function dialTcp(
  host: string,
  port: number,
  signal: AbortSignal,
  options: DialOptions,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, noDelay: true, keepAlive: true });
    options.onSocket?.(socket);
    const stop = () =>
      socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('cancelled'));
    const timer = setTimeout(() => socket.destroy(new ConnectTimeout(options.timeoutMs)), options.timeoutMs);
    const over = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    };
    const fail = (cause: Error) => {
      over();
      socket.destroy();
      reject(new FaultError({ kind: 'connect', phase: 'tcp', cause }));
    };
    // Stays: an error after the connection stands is the reader's to notice, and must not end the process meanwhile.
    socket.on('error', fail);
    socket.once('close', () => fail(new Error('the connection was closed')));
    socket.once('connect', () => {
      over();
      resolve(socket);
    });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}

/** What the operating system says after minutes, said earlier. */
export class ConnectTimeout extends Error {
  readonly code = 'ETIMEDOUT';
  constructor(afterMs: number) {
    super(`no answer within ${afterMs} ms`);
  }
}
