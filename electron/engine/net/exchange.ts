import { errors, type Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { abortScope } from './abort.ts';
import { drop, readBeginning, readBody } from './body.ts';
import { FaultError } from './fault.ts';

export interface WireRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Path with prefix and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly maxBytes: number;
  /** Statuses that are answers although they are not 2xx. */
  readonly accept: readonly number[];
}

export interface RawAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Epoch ms when the body was complete. */
  readonly receivedAt: number;
}

/** How much of an error page is read; what `System.explain` is promised at most. */
const ERROR_BODY_BYTES = 4_096;
/** An error page that dribbles must not delay the news of the error. */
const ERROR_BODY_MS = 2_000;
const LONGEST_RETRY_AFTER_MS = 5 * 60_000;

/**
 * One request and its whole answer. Throws `FaultError` or what undici throws. Redirects are not followed: credentials go
 * to the configured origin and nowhere else.
 */
export async function exchange(
  pool: Dispatcher,
  origin: string,
  request: WireRequest,
  signal: AbortSignal,
  clock: Clock,
): Promise<RawAnswer> {
  const { method, path, maxBytes } = request;
  const send = () =>
    // The deadline is the caller's signal. undici's own timers would end long polls, and measure idleness instead of the whole.
    pool.request({
      origin,
      method,
      path,
      headers: request.headers,
      body: request.body ?? null,
      signal,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  const answer = await send().catch((thrown: unknown) => {
    if (!isSafeToResend(method, thrown) || signal.aborted) throw thrown;
    return send();
  });
  const status = answer.statusCode;
  const headers = plainHeaders(answer.headers);
  const isAnswer = (status >= 200 && status < 300) || request.accept.includes(status);
  if (isAnswer) {
    const body = await readBody(answer.body, headers, maxBytes);
    return { status, headers, body, receivedAt: clock.now() };
  }
  if (status >= 300 && status < 400) {
    drop(answer.body);
    throw new FaultError({ kind: 'redirect', status, location: headers['location'] ?? '' });
  }
  const limit = abortScope(signal);
  const timer = setTimeout(() => limit.abort(new Error('enough of the error page')), ERROR_BODY_MS);
  const body = await readBeginning(answer.body, headers, ERROR_BODY_BYTES, limit.signal).finally(() => {
    clearTimeout(timer);
    limit.release();
  });
  throw new FaultError({
    kind: 'status',
    status,
    body: body.toString('utf8'),
    reasonPhrase: answer.statusText.slice(0, 500),
    retryAfterMs: retryAfterMs(headers['retry-after'], clock.now()),
  });
}

/**
 * Whether a request may go out once more because its socket was closed before any answer, and had answered before: a server
 * ends an idle socket at the very moment it is used again. Reading twice is harmless (RFC 9110, 9.2.2); a write is never
 * repeated.
 */
function isSafeToResend(method: WireRequest['method'], thrown: unknown): boolean {
  const isRead = method === 'GET' || method === 'HEAD';
  return isRead && thrown instanceof errors.SocketError && (thrown.socket?.bytesRead ?? 0) > 0;
}

function plainHeaders(
  headers: Readonly<Record<string, string | readonly string[] | undefined>>,
): Readonly<Record<string, string>> {
  // A header name comes from outside: no prototype, so that "__proto__" is a name like any other.
  const plain = Object.create(null) as Record<string, string>;
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ');
  }
  return plain;
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3); at most 5 min, since the value is the server's. */
export function retryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1_000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_RETRY_AFTER_MS);
}
