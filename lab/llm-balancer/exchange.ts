import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { BalancerError, DeclaredTooLargeError, errorAnswer } from './errors.ts';
import type { BalancerProcess } from './process.ts';
import { stringify } from './python-json.ts';

const EXPOSED_HEADERS = 'X-LB-Endpoint, X-LB-Cache, X-LB-Version, X-Request-ID';
const CORS_METHODS = 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT';

/** One request and its answer. */
export interface Exchange {
  readonly process: BalancerProcess;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The caller's own, unchecked, or a new one. */
  readonly requestId: string;
  /** Variable parts of the path, as written. */
  readonly params: readonly string[];
}

export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && given !== '' ? given : randomUUID();
}

/** Headers of every normal answer. */
export function normalHeaders({ process, request, requestId }: Exchange): OutgoingHttpHeaders {
  return {
    'x-request-id': requestId,
    'x-lb-version': process.options.version,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin-when-cross-origin',
    ...corsHeaders(process.options.corsOrigins, request.headers.origin),
  };
}

function corsHeaders(allowed: readonly string[], origin: string | undefined): OutgoingHttpHeaders {
  if (origin === undefined || !(allowed.includes('*') || allowed.includes(origin))) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': EXPOSED_HEADERS,
    vary: 'Origin',
  };
}

/** Answers a browser's preflight request; false: it was none. */
export function answerPreflight(exchange: Exchange): boolean {
  const { request, response } = exchange;
  const { origin, 'access-control-request-method': method } = request.headers;
  if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) return false;
  const cors = corsHeaders(exchange.process.options.corsOrigins, origin);
  const isAllowed = 'access-control-allow-origin' in cors;
  const asked = request.headers['access-control-request-headers'];
  response.writeHead(isAllowed ? 200 : 400, {
    ...cors,
    'access-control-allow-methods': CORS_METHODS,
    'access-control-max-age': '600',
    ...(asked === undefined ? {} : { 'access-control-allow-headers': asked }),
    'content-type': 'text/plain; charset=utf-8',
  });
  response.end(isAllowed ? 'OK' : 'Disallowed CORS origin');
  return true;
}

export function sendJson(exchange: Exchange, body: unknown, status = 200): void {
  send(exchange, status, 'application/json', stringify(body));
}

export function send(exchange: Exchange, status: number, contentType: string, text: string): void {
  exchange.response.writeHead(status, { ...normalHeaders(exchange), 'content-type': contentType });
  exchange.response.end(text);
}

/** Answers what was thrown, unless an answer is already on its way: then the connection is cut. */
export function sendError(exchange: Exchange, thrown: unknown): void {
  const { response, requestId } = exchange;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const answer = errorAnswer(thrown, requestId);
  response.writeHead(answer.status, {
    ...(answer.normalHeaders ? normalHeaders(exchange) : {}),
    ...answer.headers,
    'content-type': 'application/json',
  });
  response.end(answer.body);
}

/** Refuses by the announced length alone, before authentication. */
export function guardDeclaredSize({ process, request }: Exchange): void {
  const declared = Number(request.headers['content-length'] ?? 0);
  const { maxRequestBodyBytes } = process.options;
  if (declared > maxRequestBodyBytes) throw new DeclaredTooLargeError(maxRequestBodyBytes);
}

/** The whole body; 413 when it passes the limit without having announced it. */
export async function readBody({ process, request }: Exchange): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > process.options.maxRequestBodyBytes) throw new BalancerError(413, 'request body too large');
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}
