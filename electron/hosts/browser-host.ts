import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { pageHeaders } from './content-policy.ts';
import { cookieOf, refusalOf, sessionCookieName } from './request-guard.ts';
import { Sessions } from './sessions.ts';
import { readStaticFile } from './static-files.ts';

export interface BrowserHostOptions {
  /** The built renderer. */
  readonly rendererDir: string;
  /** Loopback port; 0 takes any free one. */
  readonly port: number;
  /** Connects one page to the engine. The socket is open, and counted until it closes. */
  readonly serve: (socket: WebSocket) => void;
  /** Called when the last session ended by idling, with the address that starts the next one. */
  readonly onNewAddress?: (address: string) => void;
  readonly idleMs?: number;
  readonly now?: () => number;
}

export interface BrowserHost {
  /** `http://127.0.0.1:<port>/#token=…`; works once. */
  readonly address: string;
  readonly port: number;
  /** Cuts every socket and stops listening. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const IDLE_MS = 60 * 60_000;
const EXPIRE_EVERY_MS = 10_000;
const PING_EVERY_MS = 15_000;
const MAX_BODY_BYTES = 1_024;
const MAX_MESSAGE_BYTES = 1024 * 1024;
const MAX_SOCKETS = 32;
/** A page that reads slower than this backlog is cut off; it reconnects and starts from a snapshot. */
const MAX_BACKLOG_BYTES = 64 * 1024 * 1024;

/**
 * The console for a browser on this machine: the files of the renderer, one WebSocket to the engine, and the door in
 * front of it. Listens on 127.0.0.1 only.
 *
 * @throws Error with `code` `EADDRINUSE` or `EACCES` when the port cannot be had.
 */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const sessions = new Sessions({
    idleMs: options.idleMs ?? IDLE_MS,
    now: options.now ?? (() => performance.now()),
  });
  const server = createServer({ maxHeaderSize: 16 * 1024, requestTimeout: 15_000, headersTimeout: 10_000 });
  await listen(server, options.port);
  const port = (server.address() as AddressInfo).port;
  const addressOf = (token: string) => `http://${LOOPBACK}:${port}/#token=${token}`;
  const address = addressOf(sessions.issueToken());

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    void answer(request, response, { rendererDir: options.rendererDir, sessions, port });
  });
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const release = admit(request, port, sessions, sockets.clients.size);
    if (typeof release === 'number') {
      socket.end(`HTTP/1.1 ${release} Refused\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
      return;
    }
    socket.once('close', release);
    sockets.handleUpgrade(request, socket, head, (ready) => {
      watchSocket(ready);
      options.serve(ready);
    });
  });

  const expiry = setInterval(() => {
    if (sessions.expire()) options.onNewAddress?.(addressOf(sessions.issueToken()));
  }, EXPIRE_EVERY_MS);
  expiry.unref();

  return {
    address,
    port,
    close: async () => {
      clearInterval(expiry);
      for (const socket of sockets.clients) socket.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

interface Door {
  readonly rendererDir: string;
  readonly sessions: Sessions;
  readonly port: number;
}

async function answer(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const path = (request.url ?? '').split(/[?#]/, 1)[0] ?? '';
  const kind = request.method === 'GET' || request.method === 'HEAD' ? 'navigation' : 'script';
  if (refusalOf(request.headers, door.port, kind) !== undefined) return reply(response, 403);
  if (path === '/session') return answerSession(request, response, door);
  if (path === '/rpc') return reply(response, 426);
  if (kind !== 'navigation') return reply(response, 405);
  const file = await readStaticFile(door.rendererDir, path);
  if (!file) return reply(response, 404);
  response.writeHead(200, {
    ...pageHeaders,
    'content-type': file.contentType,
    'content-length': file.body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : file.body);
}

/** GET: 204 when the cookie is that of a living session. POST `{"token"}`: the same, or exchanges the token. */
async function answerSession(request: IncomingMessage, response: ServerResponse, door: Door): Promise<void> {
  const name = sessionCookieName(door.port);
  const known = door.sessions.touch(cookieOf(request.headers.cookie, name));
  if (request.method === 'GET') return reply(response, known ? 204 : 401);
  if (request.method !== 'POST') return reply(response, 405);
  const body = await readBody(request);
  if (body === undefined) return reply(response, 413);
  const token = tokenOf(body);
  if (token === undefined) return reply(response, 400);
  const secret = door.sessions.exchange(token);
  if (secret === undefined) return reply(response, known ? 204 : 401);
  reply(response, 204, { 'set-cookie': `${name}=${secret}; HttpOnly; SameSite=Strict; Path=/` });
}

/** The status of the refusal, or what to call when the socket closed. */
function admit(
  request: IncomingMessage,
  port: number,
  sessions: Sessions,
  openSockets: number,
): number | (() => void) {
  if (refusalOf(request.headers, port, 'script') !== undefined) return 403;
  if (request.url !== '/rpc') return 404;
  if (openSockets >= MAX_SOCKETS) return 503;
  return sessions.openSocket(cookieOf(request.headers.cookie, sessionCookieName(port))) ?? 401;
}

/** Cuts a socket whose page stopped answering (the machine slept) or reads too slowly. */
function watchSocket(socket: WebSocket): void {
  let silent = false;
  socket.on('pong', () => {
    silent = false;
  });
  const timer = setInterval(() => {
    if (silent || socket.bufferedAmount > MAX_BACKLOG_BYTES) {
      socket.terminate();
      return;
    }
    silent = true;
    socket.ping();
  }, PING_EVERY_MS);
  socket.once('close', () => clearInterval(timer));
  // A broken socket closes; there is nothing else to do about it.
  socket.on('error', () => socket.terminate());
}

function readBody(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        resolve(undefined);
        request.pause();
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', () => resolve(undefined));
  });
}

function tokenOf(body: string): string | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const token = typeof value === 'object' && value !== null && 'token' in value ? value.token : undefined;
    return typeof token === 'string' ? token : undefined;
  } catch {
    return undefined;
  }
}

function reply(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  // Whatever is left of a refused body is not read: the connection ends with the answer.
  const closing = status >= 400 ? { connection: 'close' } : {};
  response.writeHead(status, { ...pageHeaders, ...closing, 'content-length': 0, ...headers });
  response.end();
}
