import { createServer as createHttp, type RequestListener, type Server as HttpServer } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net';
import { generate } from 'selfsigned';
import type { Auth, Tls } from '../../../../shared/model/environment.ts';
import { systemClock } from '../../clock.ts';
import type { System } from '../../systems/system.ts';
import { createHttpClient, type HttpClientOptions, type ManagedHttpClient } from '../http-client.ts';

/** A real server on loopback, for tests of the client. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Requests whose head arrived. */
  requests(): number;
  /** Sockets open on this side. */
  sockets(): number;
  close(): Promise<void>;
}

export async function httpServer(answer: RequestListener): Promise<TestServer> {
  let requests = 0;
  return listening(
    createHttp((request, response) => {
      requests += 1;
      answer(request, response);
    }),
    'http',
    () => requests,
  );
}

export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A self-signed certificate for `names` (DNS) and 127.0.0.1 unless told otherwise. */
export async function certificate(
  options: { names?: string[]; ips?: string[]; notBeforeDate?: Date; notAfterDate?: Date } = {},
): Promise<Certificate> {
  const names = options.names ?? ['localhost'];
  const altNames = [
    ...names.map((value) => ({ type: 2 as const, value })),
    ...(options.ips ?? ['127.0.0.1']).map((ip) => ({ type: 7 as const, ip })),
  ];
  const made = await generate([{ name: 'commonName', value: names[0] ?? 'test' }], {
    algorithm: 'sha256',
    keyType: 'ec',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames },
    ],
    ...(options.notBeforeDate ? { notBeforeDate: options.notBeforeDate } : {}),
    ...(options.notAfterDate ? { notAfterDate: options.notAfterDate } : {}),
  });
  return { key: made.private, cert: made.cert };
}

export async function httpsServer(tls: Certificate, answer: RequestListener): Promise<TestServer> {
  let requests = 0;
  const server = createHttps({ key: tls.key, cert: tls.cert }, (request, response) => {
    requests += 1;
    answer(request, response);
  });
  return listening(server, 'https', () => requests);
}

/** A server that speaks below HTTP: it gets each socket after the head of the first request arrived. */
export async function rawServer(onRequest: (socket: Socket) => void): Promise<TestServer> {
  let requests = 0;
  const server = createTcp((socket) => {
    socket.on('error', () => {});
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      head = '';
      requests += 1;
      onRequest(socket);
    });
  });
  return listening(server, 'http', () => requests);
}

/** A port of loopback that nothing listens on. */
export async function freePort(): Promise<number> {
  const server = await listening(createTcp(), 'http', () => 0);
  await server.close();
  return server.port;
}

async function listening(
  server: Server | HttpServer,
  scheme: 'http' | 'https',
  requests: () => number,
): Promise<TestServer> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}`,
    port,
    requests,
    sockets: () => open.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

export const plainSystem: Pick<System, 'authHeaders' | 'budget'> = {
  authHeaders: (auth: Auth): Record<string, string> =>
    auth.type === 'token' ? { authorization: `Bearer ${auth.token}` } : {},
  budget: { requestsPerMinute: 10_000, concurrency: 8 },
};

/** A client with nothing special, unless told. */
export function clientFor(
  url: string,
  options: Partial<Omit<HttpClientOptions, 'url' | 'tls'>> & { readonly tls?: Tls } = {},
): ManagedHttpClient {
  return createHttpClient({
    url,
    auth: { type: 'none' },
    system: plainSystem,
    clock: systemClock,
    random: () => 0.5,
    ...options,
  });
}
