import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { authorizeClient } from './auth.ts';
import { BalancerError, UnhandledError } from './errors.ts';
import { normalHeaders, readBody, type Exchange } from './exchange.ts';
import { finish, isFailure, type ChatCall } from './call.ts';
import type { BalancerProcess } from './process.ts';
import { chooseEndpoint } from './routing.ts';
import type { EndpointRow, TokenRow } from './rows.ts';
import { relayStream } from './stream.ts';
import { readAll, UpstreamError } from './upstream.ts';
import { noUsage, usageOfBody } from './usage.ts';

/** Takes a chat request, chooses the one endpoint that decides its answer, and relays that. */
export async function chat(exchange: Exchange): Promise<void> {
  const { process, request } = exchange;
  const token = authorizeClient(process, request);
  const { body, stream } = prepareBody(await readBody(exchange), token);
  const cacheKey = token && token.min_traffic_percent > 0 ? keyOf(token, body) : null;
  if (token && cacheKey !== null && shareOf(process, token) >= token.min_traffic_percent) {
    answerFromCache(exchange, token, cacheKey, stream);
    return;
  }
  const endpoint = choose(process, token);
  requireHeaderText(endpoint.name);
  process.begin(endpoint);
  const call: ChatCall = { exchange, endpoint, token, startedAt: process.now() };
  let answer: Dispatcher.ResponseData;
  try {
    answer = await process.upstreams.request(endpoint, {
      method: 'POST',
      path: '/chat/completions',
      headers: upstreamHeaders(request.headers, endpoint, exchange.requestId),
      body,
    });
    if (!stream || answer.statusCode >= 400) {
      await relayWhole(call, answer, stream ? null : { key: cacheKey });
      return;
    }
  } catch (thrown) {
    if (!(thrown instanceof UpstreamError)) throw thrown;
    finish(call, false, noUsage);
    const what = stream ? 'upstream stream failed' : 'upstream error';
    throw new BalancerError(502, `${what}: ${thrown.className}: ${thrown.message}`);
  }
  await relayStream(call, answer, responseHeaders(call, answer));
}

/**
 * The bytes that go upstream. Only a caller with a token row that gave no priority of its own gets one written into
 * the body; all other bodies go through untouched.
 */
function prepareBody(raw: Buffer, token: TokenRow | null): { body: Buffer; stream: boolean } {
  let parsed: unknown;
  try {
    parsed = raw.length === 0 ? {} : JSON.parse(raw.toString('utf8'));
  } catch {
    throw new BalancerError(400, 'invalid JSON body');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new UnhandledError('the body is no JSON object');
  }
  const fields = parsed as Record<string, unknown>;
  const stream = Boolean(fields['stream']);
  if (!token || (fields['priority'] !== undefined && fields['priority'] !== null))
    return { body: raw, stream };
  return { body: withPriority(raw, fields, token.request_priority), stream };
}

/** Written into the text where possible, so that big integers and `1.0` stay what they are. */
function withPriority(raw: Buffer, fields: Record<string, unknown>, priority: number): Buffer {
  if ('priority' in fields) return Buffer.from(JSON.stringify({ ...fields, priority }));
  const text = raw.toString('utf8').trimEnd().slice(0, -1).trimEnd();
  const comma = Object.keys(fields).length > 0 ? ', ' : '';
  return Buffer.from(`${text || '{'}${comma}"priority": ${priority}}`);
}

function choose(process: BalancerProcess, token: TokenRow | null): EndpointRow {
  const { settings } = process.store;
  const choice = chooseEndpoint(
    process.store.endpoints.map((row) => ({ ...row, inflight: process.inflightOf(row.id), row })),
    {
      mode: settings.routing_mode,
      now: process.now() / 1_000,
      tokenId: token?.id ?? null,
      preferredEndpointId: token?.preferred_endpoint_id ?? null,
      priorityInputTokenId: settings.priority_input_token_id,
    },
  );
  if ('refusal' in choice) throw new BalancerError(503, choice.refusal);
  return choice.endpoint.row;
}

// The share cap and the cache

/** The token's part of all requests that tokens ever made, in percent. */
function shareOf(process: BalancerProcess, token: TokenRow): number {
  const all = process.store.tokens.reduce((sum, row) => sum + row.total_requests, 0);
  return all === 0 ? 0 : (token.total_requests / all) * 100;
}

function keyOf(token: TokenRow, body: Buffer): string {
  return createHash('sha256')
    .update(`${token.id}\0${token.preferred_endpoint_id ?? '-'}\0`)
    .update(body)
    .digest('hex');
}

function answerFromCache(exchange: Exchange, token: TokenRow, key: string, stream: boolean): void {
  if (stream) throw new BalancerError(409, 'cache-only traffic requires non-stream requests');
  const { process, response } = exchange;
  const hit = process.cache.get(key, process.now());
  if (!hit) throw new BalancerError(503, 'cache miss for over-quota token traffic');
  process.recordCacheHit();
  process.recordUse(token, hit.promptTokens, hit.completionTokens);
  response.writeHead(200, { ...normalHeaders(exchange), ...hit.headers, 'x-lb-cache': 'HIT' });
  response.end(hit.body);
}

// Relaying

/** Relays an answer in one piece. `cache` null: a stream's error answer, which says nothing of the cache. */
async function relayWhole(
  call: ChatCall,
  answer: Dispatcher.ResponseData,
  cache: { readonly key: string | null } | null,
): Promise<void> {
  const { exchange } = call;
  const body = await readAll(answer);
  const usage = usageOfBody(body);
  finish(call, !isFailure(answer.statusCode), usage);
  const headers = responseHeaders(call, answer);
  if (cache && cache.key !== null && answer.statusCode < 300) {
    const { process } = exchange;
    process.cache.set(cache.key, { status: 200, headers: endToEnd(headers), body, ...usage }, process.now());
  }
  exchange.response.writeHead(answer.statusCode, {
    ...headers,
    ...(cache ? { 'x-lb-cache': 'MISS' } : {}),
  });
  exchange.response.end(body);
}

const droppedRequestHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'authorization',
  'accept-encoding',
  'x-admin-token',
  'transfer-encoding',
  // Of one connection only: no HTTP client takes them from a caller.
  'keep-alive',
  'upgrade',
  'expect',
]);

function upstreamHeaders(
  headers: IncomingHttpHeaders,
  endpoint: EndpointRow,
  requestId: string,
): Record<string, string | string[]> {
  const sent: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || droppedRequestHeaders.has(name) || name.startsWith('x-lb-')) continue;
    sent[name] = value;
  }
  if (endpoint.api_key !== '') sent['authorization'] = `Bearer ${endpoint.api_key}`;
  sent['x-request-id'] = requestId;
  sent['content-type'] ??= 'application/json';
  return sent;
}

/** The normal headers plus the few of the endpoint's that are kept. */
function responseHeaders(
  { exchange, endpoint }: ChatCall,
  answer: Dispatcher.ResponseData,
): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    if (isKept(name) && value !== undefined) headers[name] = value;
  }
  return { ...headers, ...normalHeaders(exchange), 'x-lb-endpoint': endpoint.name };
}

function isKept(name: string): boolean {
  return (
    name === 'content-type' ||
    name === 'cache-control' ||
    name === 'retry-after' ||
    name.startsWith('x-ratelimit')
  );
}

function endToEnd(headers: OutgoingHttpHeaders): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => isKept(name) || name === 'x-lb-endpoint');
  return Object.fromEntries(kept.map(([name, value]) => [name, String(value)]));
}

/** A name that does not fit into a header (beyond Latin-1, or a control character) is the original's unhandled exception. */
function requireHeaderText(name: string): void {
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(name)) {
    throw new UnhandledError('the endpoint name does not fit into a header');
  }
}
