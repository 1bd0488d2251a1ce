import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.ts';
import type { Fault } from './faults.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

export interface LabServerOptions {
  /** Name in the control API: "loxilb", "consul", "proxmox", "llm", "llm-a". */
  readonly name: string;
  readonly handler: Handler;
  /** 0 or absent: any free port. */
  readonly port?: number;
  readonly tls?: { readonly valid: Certificate; readonly expired: Certificate };
  /** WebSocket and other upgrades. */
  readonly onUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** Body of a 500 in this system's own form; default plain text. */
  readonly errorBody?: { readonly contentType: string; readonly text: string };
}

/** A loopback server with switchable faults. */
export interface LabServer {
  readonly name: string;
  /** `http(s)://127.0.0.1:port`; stays the same through `down` and back. */
  readonly origin: string;
  readonly fault: Fault;
  /** Throws RangeError for `tls-expired` on a server without TLS. */
  setFault(fault: Fault): Promise<void>;
  /** Requests seen since start, whatever their fate. */
  readonly requestCount: () => number;
  close(): Promise<void>;
}

const OVERSIZED_LIMIT_BYTES = 512 * 2 ** 20;

/** Starts listening on 127.0.0.1. A handler that throws answers 500 and never takes the lab down. */
export async function startLabServer(options: LabServerOptions): Promise<LabServer> {
  let fault: Fault = { mode: 'none' };
  let requests = 0;
  const sockets = new Set<Socket>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    requests++;
    response.on('error', () => response.destroy());
    void answer(options, fault, request, response);
  };
  const server: Server = options.tls
    ? createHttpsServer({ key: options.tls.valid.key, cert: options.tls.valid.cert }, listener)
    : createHttpServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  if (options.onUpgrade) server.on('upgrade', options.onUpgrade);
  server.on('tlsClientError', () => {});

  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;

  return {
    name: options.name,
    origin: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    get fault() {
      return fault;
    },
    requestCount: () => requests,
    async setFault(next) {
      if (next.mode === 'tls-expired' && !options.tls) throw new RangeError(`${options.name} has no TLS`);
      const before = fault;
      fault = next;
      if (options.tls) {
        const certificate = next.mode === 'tls-expired' ? options.tls.expired : options.tls.valid;
        (server as HttpsServer).setSecureContext({ key: certificate.key, cert: certificate.cert });
      }
      if (next.mode === 'down' && before.mode !== 'down') await stop();
      if (next.mode !== 'down' && before.mode === 'down') await listen(server, port);
      // A client keeps its connections; each new fault should meet it as a fresh server would.
      if (next.mode === 'tls-expired' || before.mode === 'hang' || before.mode === 'tls-expired') {
        for (const socket of sockets) socket.destroy();
      }
    },
    async close() {
      if (server.listening) await stop();
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

async function answer(
  options: LabServerOptions,
  fault: Fault,
  request: IncomingMessage,
  response: ServerResponse,
) {
  switch (fault.mode) {
    case 'hang':
      request.resume();
      return;
    case 'error':
      request.resume();
      response.writeHead(500, { 'content-type': options.errorBody?.contentType ?? 'text/plain' });
      response.end(options.errorBody?.text ?? 'internal error');
      return;
    case 'malformed':
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"data":[{"name":"x",');
      return;
    case 'oversized':
      request.resume();
      response.writeHead(200, { 'content-type': 'application/json' });
      await pourOversized(response);
      return;
    case 'truncated':
      truncate(response);
      break;
    case 'slow':
      await new Promise((resolve) => setTimeout(resolve, fault.ms ?? 3_000));
      break;
    case 'none':
    case 'down':
    case 'tls-expired':
      break;
  }
  try {
    await options.handler(request, response);
  } catch (thrown) {
    if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(`lab defect: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function pourOversized(response: ServerResponse): Promise<void> {
  const block = ' '.repeat(2 ** 16);
  response.write('[');
  for (let sent = 0; sent < OVERSIZED_LIMIT_BYTES && !response.destroyed; sent += block.length) {
    if (!response.write(block)) {
      // Ends with either: a client that left never drains.
      const left = new AbortController();
      const gone = () => left.abort();
      response.once('close', gone);
      await once(response, 'drain', { signal: left.signal }).catch(() => {});
      response.removeListener('close', gone);
    }
  }
  response.destroy();
}

/** Lets the handler answer as ever, but sends only half of its body under the full content-length. */
function truncate(response: ServerResponse): void {
  const chunks: Buffer[] = [];
  const keep = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  const writeHead = response.writeHead.bind(response);
  const write = response.write.bind(response);
  let head: Parameters<ServerResponse['writeHead']> = [200];
  Object.assign(response, {
    writeHead: (...args: Parameters<ServerResponse['writeHead']>) => {
      head = args;
      return response;
    },
    write: (chunk: unknown) => {
      keep(chunk);
      return true;
    },
    end: (chunk?: unknown) => {
      keep(chunk);
      const body = Buffer.concat(chunks);
      response.setHeader('content-length', Math.max(2, body.length));
      response.removeHeader('transfer-encoding');
      writeHead(...head);
      write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroy());
      return response;
    },
  });
}
