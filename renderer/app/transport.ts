import { RPCLink as PortLink } from '@orpc/client/message-port';
import { RPCLink as SocketLink } from '@orpc/client/websocket';
import { createGantryClient } from '../../shared/contract/client.ts';
import type { GantryClient } from '../../shared/contract/contract.ts';
import { GantryError } from '../../shared/model/error.ts';

/** A standing connection to the engine. */
export interface Transport {
  readonly client: GantryClient;
  /** Resolves, with the reason in words, when the connection is gone. Never rejects. Open a new transport then. */
  readonly closed: Promise<string>;
}

interface DesktopBridge {
  /** Asks main for a port; the answer is a window message with the nonce returned here. */
  connect(): string;
}

declare global {
  interface Window {
    /** Only in the desktop window. */
    readonly gantry?: DesktopBridge;
  }
}

/** Main answers at once with a port, which works as soon as the engine does. */
const PORT_DEADLINE_MS = 5_000;
const SOCKET_DEADLINE_MS = 5_000;

/**
 * Connects to the engine, over a port in the desktop window and over a WebSocket in a browser: one attempt, whoever
 * calls decides about the next. In the window it also resolves while the engine starts; calls then wait for it.
 *
 * @throws GantryError `unauthorized` when this browser has no session, or Error when the engine is not there.
 */
export function openTransport(): Promise<Transport> {
  return window.gantry ? portTransport(window.gantry) : socketTransport();
}

async function portTransport(bridge: DesktopBridge): Promise<Transport> {
  const port = await requestPort(bridge);
  const closed = new Promise<string>((resolve) => {
    const stopListening = listen((data) => {
      if (data['type'] !== 'gantry-engine' || data['state'] !== 'lost') return;
      stopListening();
      // The link takes this for the port's own end, and fails every call in flight at once.
      port.dispatchEvent(new Event('close'));
    });
    port.addEventListener('close', () => {
      stopListening();
      port.close();
      resolve('the engine ended');
    });
  });
  const client = createGantryClient(new PortLink({ port }));
  port.start();
  return { client, closed };
}

function requestPort(bridge: DesktopBridge): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      stopListening();
      reject(new Error('no port came'));
    }, PORT_DEADLINE_MS);
    const nonce = bridge.connect();
    const stopListening = listen((data, ports) => {
      if (data['type'] !== 'gantry-port' || data['nonce'] !== nonce || !ports[0]) return;
      clearTimeout(timer);
      stopListening();
      resolve(ports[0]);
    });
  });
}

/** Messages that this very window sent to itself, as the preload does. Returns how to stop. */
function listen(
  onMessage: (data: Readonly<Record<string, unknown>>, ports: readonly MessagePort[]) => void,
): () => void {
  const onEvent = (event: MessageEvent<unknown>) => {
    if (event.source !== window || event.origin !== window.location.origin) return;
    if (typeof event.data !== 'object' || event.data === null) return;
    onMessage(event.data as Readonly<Record<string, unknown>>, event.ports);
  };
  window.addEventListener('message', onEvent);
  return () => window.removeEventListener('message', onEvent);
}

async function socketTransport(): Promise<Transport> {
  await ensureSession();
  const socket = new WebSocket(`${window.location.origin.replace(/^http/, 'ws')}/rpc`);
  const closed = new Promise<string>((resolve) => {
    socket.addEventListener('close', () => resolve('the connection to the engine was cut'), { once: true });
  });
  const client = createGantryClient(new SocketLink({ websocket: socket }));
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      socket.close();
      reject(new Error('the engine did not answer'));
    }, SOCKET_DEADLINE_MS);
    socket.addEventListener('open', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      reject(new Error('the engine is not there'));
    });
  });
  return { client, closed };
}

/** Exchanges the launch token in the address for a cookie, or makes sure that the cookie of before still works. */
async function ensureSession(): Promise<void> {
  const launch = readLaunchToken(window.location.hash);
  const answer = launch
    ? await fetch('/session', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: launch.token }),
      })
    : await fetch('/session');
  if (launch) {
    // Used or not, the token has nothing to do in the address any longer, nor in the history.
    window.history.replaceState(null, '', launch.route);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  }
  if (answer.status === 401) throw noSession();
  if (!answer.ok) throw new Error(`the session was answered with ${answer.status}`);
}

/**
 * The launch token in a fragment, and the fragment that is left without it: `#token=…&to=/topology?sel=x` leaves
 * `#/topology?sel=x`. Undefined for any other fragment. Pure.
 */
export function readLaunchToken(fragment: string): { token: string; route: string } | undefined {
  const match = /^#token=([A-Za-z0-9_-]{16,128})(?:&to=(\/.*))?$/s.exec(fragment);
  return match?.[1] === undefined ? undefined : { token: match[1], route: `#${match[2] ?? '/'}` };
}

function noSession(): GantryError {
  return new GantryError({
    code: 'unauthorized',
    attempted: 'open the console',
    target: window.location.host,
    knownEffect: 'nothing was sent to any system',
    advice:
      'This address was used before, or its session ended. Open the newest address that Gantry printed.',
    retryable: false,
  });
}
