import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startLabServer } from '../../kit/server.ts';
import { BalancerProcess, defaultOptions, type BalancerOptions } from '../process.ts';
import { balancerHandler } from '../server.ts';
import { BalancerStore } from '../store.ts';

export const ADMIN_TOKEN = 'test-admin-token-0123456789';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed body; empty when it is no JSON. A list is one, too: by index. */
  readonly json: Record<string, unknown>;
}

/** A balancer with an empty database, a clock in the test's hand and the admin token above. */
export async function startBalancer(settings: Partial<BalancerOptions> = {}) {
  let time = 1_800_000_000_000;
  const now = () => time;
  const store = new BalancerStore(now);
  const options = { ...defaultOptions, adminToken: ADMIN_TOKEN, ...settings };
  const newProcess = () => new BalancerProcess({ store, options, now, resolve: (url) => url });
  let process = newProcess();
  const server = await startLabServer({ name: 'llm', handler: balancerHandler(() => process) });

  const send = async (path: string, init: RequestInit = {}): Promise<Reply> => {
    const answer = await fetch(server.origin + path, { redirect: 'manual', ...init });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, text, json: parse(text) };
  };
  return {
    origin: server.origin,
    store,
    get process() {
      return process;
    },
    now,
    advance(ms: number) {
      time += ms;
    },
    /** Forgets what only the process knew. */
    async restart() {
      await process.kill();
      process = newProcess();
    },
    send,
    admin: (method: string, path: string, body?: unknown) =>
      send(`/admin/api${path}`, {
        method,
        headers: { 'x-admin-token': ADMIN_TOKEN, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    chat: (body: unknown, headers: Record<string, string> = {}) =>
      send('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
    async close() {
      await process.upstreams.close();
      await server.close();
    },
  };
}

export type TestBalancer = Awaited<ReturnType<typeof startBalancer>>;

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** An endpoint whose every answer the test writes. */
export async function startUpstream(
  answer: (request: SeenRequest, response: ServerResponse) => void | Promise<void>,
) {
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const entry = { method, path: url, headers, body: Buffer.concat(chunks).toString('utf8') };
      seen.push(entry);
      void answer(entry, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    seen,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A whole answer with usage. */
export function answerJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Waits for a condition that other processes or sockets bring about. Throws after 5 s. */
export async function until(what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
