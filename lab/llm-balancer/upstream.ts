import { Agent, type Dispatcher } from 'undici';
import type { EndpointRow } from './rows.ts';

/** A call that got no answer, in the words of the original's HTTP library. */
export class UpstreamError extends Error {
  readonly className: string;

  constructor(className: string, message: string, cause: unknown) {
    super(message, { cause });
    this.className = className;
  }
}

export interface UpstreamCall {
  readonly method: 'GET' | 'POST';
  /** Appended to the endpoint's base URL: `/chat/completions`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body?: Buffer;
}

/** Kept-alive connections to the endpoints. An endpoint's timeout holds for each phase, not for the whole call. */
export class Upstreams {
  readonly #resolve: (url: string) => string;
  readonly #maxConnections: number;
  readonly #agents = new Map<string, Agent>();

  constructor(resolve: (url: string) => string, maxConnections: number) {
    this.#resolve = resolve;
    this.#maxConnections = maxConnections;
  }

  /** Answers once the head is there. Throws UpstreamError. */
  async request(endpoint: EndpointRow, call: UpstreamCall): Promise<Dispatcher.ResponseData> {
    const timeoutMs = endpoint.timeout_seconds * 1_000;
    try {
      const url = new URL(this.#resolve(`${endpoint.base_url}${call.path}`));
      return await this.#agent(endpoint.verify_tls, timeoutMs).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: call.method,
        headers: call.headers,
        body: call.body ?? null,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
      });
    } catch (thrown) {
      throw upstreamError(thrown);
    }
  }

  /** Cuts what is still open. */
  async close(): Promise<void> {
    const agents = [...this.#agents.values()];
    this.#agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  #agent(verifyTls: boolean, timeoutMs: number): Agent {
    const key = `${verifyTls}/${timeoutMs}`;
    let agent = this.#agents.get(key);
    if (!agent) {
      const connect = { timeout: timeoutMs, rejectUnauthorized: verifyTls };
      agent = new Agent({ connections: this.#maxConnections, pipelining: 1, connect });
      this.#agents.set(key, agent);
    }
    return agent;
  }
}

/** The whole body. Throws UpstreamError when it breaks off. */
export async function readAll(answer: Dispatcher.ResponseData): Promise<Buffer> {
  try {
    return Buffer.from(await answer.body.arrayBuffer());
  } catch (thrown) {
    throw upstreamError(thrown);
  }
}

const byCode: Readonly<Record<string, readonly [className: string, message: string]>> = {
  ECONNREFUSED: ['ConnectError', 'All connection attempts failed'],
  EHOSTUNREACH: ['ConnectError', 'All connection attempts failed'],
  ENETUNREACH: ['ConnectError', 'All connection attempts failed'],
  ENOTFOUND: ['ConnectError', '[Errno -2] Name or service not known'],
  EAI_AGAIN: ['ConnectError', '[Errno -3] Temporary failure in name resolution'],
  UND_ERR_CONNECT_TIMEOUT: ['ConnectTimeout', ''],
  UND_ERR_HEADERS_TIMEOUT: ['ReadTimeout', ''],
  UND_ERR_BODY_TIMEOUT: ['ReadTimeout', ''],
  UND_ERR_SOCKET: ['RemoteProtocolError', 'Server disconnected without sending a response.'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['RemoteProtocolError', 'peer closed connection'],
  ECONNRESET: ['ReadError', ''],
  EPIPE: ['WriteError', ''],
  ERR_INVALID_URL: ['UnsupportedProtocol', "Request URL is missing an 'http://' or 'https://' protocol."],
};

export function upstreamError(thrown: unknown): UpstreamError {
  const error = thrown as { code?: unknown; name?: unknown; message?: unknown };
  const code = typeof error.code === 'string' ? error.code : '';
  const known = byCode[code];
  if (known) return new UpstreamError(known[0], known[1], thrown);
  const text = typeof error.message === 'string' ? error.message : '';
  // Certificate failures happen while connecting; whatever else is left broke the protocol.
  const isTls = /CERT|TLS|SSL|SIGNATURE/.test(code);
  return new UpstreamError(isTls ? 'ConnectError' : 'RemoteProtocolError', text, thrown);
}
