import {
  bulkhead,
  BrokenCircuitError,
  BulkheadRejectedError,
  circuitBreaker,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { Pool } from 'undici';
import type { Auth, Tls } from '../../../shared/model/environment.ts';
import { GantryError } from '../../../shared/model/error.ts';
import type { Clock, Random } from '../clock.ts';
import type { System } from '../systems/system.ts';
import { abortScope, orAborted } from './abort.ts';
import { isSafePath, parseBase, queryText, type Base } from './address.ts';
import { backoffMs } from './backoff.ts';
import { ACCEPTED_ENCODINGS } from './body.ts';
import { createRequestBudget } from './budget.ts';
import { createConnector } from './connector.ts';
import { createCredentials } from './credentials.ts';
import type { Dialer } from './dialer.ts';
import { exchange, type RawAnswer } from './exchange.ts';
import { failureOf, isConnectionFailure, type FailureContext } from './failure.ts';
import { FaultError } from './fault.ts';
import type { HttpClient, HttpRequest, HttpResponse } from './http.ts';
import { createMeter, type HttpMetrics } from './meter.ts';
import { parseJson } from './parse.ts';
import { redactor } from './secrets.ts';

const DEFAULT_DEADLINE_MS = 10_000;
const DEFAULT_MAX_BYTES = 16 * 1024 * 1024;
/** A request that may take longer than this is taken for a long poll, unless it says otherwise. */
const LONG_POLL_FROM_MS = 30_000;
/** Connection failures in a row that open the breaker. Answers of any status, 500 included, show that the way is clear. */
export const BREAKER_FAILURES = 5;
/** Requests that may wait for a concurrency slot. */
const QUEUE_LENGTH = 256;
/** How long the breaker stays open at most. Less than the pollers' own cap, so that it never delays their recovery much. */
const BREAKER_CAP_MS = 15_000;

export interface HttpClientOptions {
  /** `http:` or `https:`, without credentials. */
  readonly url: string;
  readonly tls?: Tls | undefined;
  /** Secrets resolved. */
  readonly auth: Auth;
  readonly system: Pick<System, 'authHeaders' | 'signIn' | 'explain' | 'budget'>;
  readonly clock: Clock;
  readonly random: Random;
  /** How sockets come about; none: directly. */
  readonly dialer?: Dialer | undefined;
}

/** The client with the handles of its owner; systems see only `HttpClient`. */
export interface ManagedHttpClient extends HttpClient {
  metrics(): HttpMetrics;
  /** Forgets the breaker's failures and any pause, so that the next request goes out at once. */
  rearm(): void;
  /** Ends every request (`aborted`) and socket; resolves when they are gone. */
  close(): Promise<void>;
  /** Sockets open or opening. */
  socketCount(): number;
}

/** The HTTP client of one connection. */
export function createHttpClient(options: HttpClientOptions): ManagedHttpClient {
  const { clock, random, system, auth } = options;
  const base = parseBase(options.url);
  const connector = createConnector(options.tls, options.dialer);
  const pool = new Pool(base.origin, { connect: connector.connect, pipelining: 1 });
  const slots = bulkhead(system.budget.concurrency, QUEUE_LENGTH);
  const budget = createRequestBudget(system.budget.requestsPerMinute);
  const meter = createMeter();
  const closed = new AbortController();
  let breaker = createBreaker(random);

  /** Waits for the budget, sends, reads. Throws `GantryError`. */
  const attempt = async (request: HttpRequest, signal: AbortSignal, latest: number, context: Progress) => {
    try {
      const slot = budget.reserve(clock.monotonic(), latest);
      const waitMs = slot.at - clock.monotonic();
      if (!slot.granted) throw new FaultError({ kind: 'budget', waitMs });
      if (waitMs > 0) {
        await clock.sleep(waitMs, signal).catch((reason: unknown) => {
          budget.release(slot.at);
          throw reason;
        });
      }
      const startedAt = clock.monotonic();
      meter.started(startedAt);
      context.sent = true;
      const answer = await orAborted(
        exchange(pool, base.origin, wireRequest(base, request, context.credentials), signal, clock),
        signal,
      );
      if (!isLongPoll(request)) meter.answered(clock.monotonic() - startedAt);
      return answer;
    } catch (thrown) {
      const pause = retryAfterOf(thrown);
      if (pause !== undefined) budget.pauseUntil(clock.monotonic() + pause);
      throw failureOf(asFault(thrown, signal, breaker), context);
    }
  };

  /** Through the slots and the breaker. What the system answered, good or bad, is a success to the breaker. */
  const guarded = async (request: HttpRequest, signal: AbortSignal, latest: number, context: Progress) => {
    // A long poll would hold its slot for minutes, and one that ends by its deadline says nothing about the way.
    if (isLongPoll(request)) return attempt(request, signal, latest, context);
    const outcome = await slots.execute(() =>
      breaker.execute(() =>
        attempt(request, signal, latest, context).catch((thrown: unknown) => {
          if (isConnectionFailure(thrown) || !isAnswered(thrown)) throw thrown;
          return thrown as GantryError;
        }),
      ),
    );
    if (outcome instanceof GantryError) throw outcome;
    return outcome;
  };

  const send = async (
    request: HttpRequest,
    anonymous = false,
  ): Promise<{ answer: RawAnswer; context: FailureContext }> => {
    const deadlineMs = request.deadlineMs ?? DEFAULT_DEADLINE_MS;
    const context = contextOf(base, request, options, () => credentials.known());
    if (!isSafePath(request.path)) {
      const detail = 'The path is not plain: percent-encode its parts, and put parameters into the query.';
      throw failureOf(new FaultError({ kind: 'request', detail }), context);
    }
    const latest = clock.monotonic() + deadlineMs;
    const scope = abortScope(closed.signal, request.signal);
    const done = new AbortController();
    clock.sleep(deadlineMs, done.signal).then(
      () => scope.abort(new FaultError({ kind: 'deadline', afterMs: deadlineMs })),
      () => {},
    );
    const go = () => orAborted(guarded(request, scope.signal, latest, context), scope.signal);
    const signedIn = async () => {
      if (anonymous) return go();
      // Before the slots: signing in needs one itself.
      context.credentials = await credentials.headers(scope.signal);
      return go().catch(async (thrown: unknown) => {
        const refused = thrown instanceof GantryError && thrown.code === 'unauthorized';
        // Refused means not carried out, so that even a write may go out again.
        if (!refused || !credentials.renew(context.credentials)) throw thrown;
        context.credentials = await credentials.headers(scope.signal);
        return go();
      });
    };
    try {
      const answer = await withRetries(signedIn, {
        retries: context.safe ? (request.retries ?? 0) : 0,
        latest,
        signal: scope.signal,
        clock,
        random,
      });
      return { answer, context };
    } catch (thrown) {
      throw failureOf(asFault(thrown, scope.signal, breaker), context);
    } finally {
      done.abort();
      scope.release();
    }
  };

  const clientOf = (anonymous: boolean): HttpClient => ({
    async json(request, schema) {
      const { answer, context } = await send(request, anonymous);
      try {
        return responseOf(answer, parseJson(answer, schema));
      } catch (thrown) {
        throw failureOf(thrown, context);
      }
    },
    async text(request) {
      const { answer } = await send(request, anonymous);
      return responseOf(answer, new TextDecoder().decode(answer.body));
    },
  });
  const credentials = createCredentials(auth, system, clientOf(true));

  return {
    ...clientOf(false),
    metrics: () => meter.read(clock.monotonic()),
    rearm() {
      breaker = createBreaker(random);
      budget.resume();
    },
    async close() {
      closed.abort(new FaultError({ kind: 'aborted' }));
      await Promise.all([connector.destroy(), pool.destroy()]);
    },
    socketCount: () => connector.socketCount(),
  };
}

function createBreaker(random: Random): CircuitBreakerPolicy {
  return circuitBreaker(handleWhen(isConnectionFailure), {
    breaker: new ConsecutiveBreaker(BREAKER_FAILURES),
    halfOpenAfter: new DelegateBackoff(({ attempt }: { attempt: number }) =>
      Math.min(backoffMs(attempt + 1, random), BREAKER_CAP_MS),
    ),
  });
}

interface RetryOptions {
  readonly retries: number;
  /** Monotonic ms by which everything must be over. */
  readonly latest: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Tries again after a passing failure, while the wait still fits before the deadline. Own loop: cockatiel's retry does
 * not hear an abort while it waits, so a stopped connection would keep its timer.
 */
async function withRetries<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (thrown) {
      const passing = thrown instanceof GantryError && thrown.data.retryable && thrown.code !== 'aborted';
      if (!passing || failures > options.retries) throw thrown;
      const wait = Math.max(backoffMs(failures, options.random), retryAfterOf(thrown.cause) ?? 0);
      if (options.clock.monotonic() + wait > options.latest) throw thrown;
      await options.clock.sleep(wait, options.signal);
    }
  }
}

function isLongPoll(request: HttpRequest): boolean {
  return request.longPoll ?? (request.deadlineMs ?? DEFAULT_DEADLINE_MS) > LONG_POLL_FROM_MS;
}

/** Whether the system itself spoke: such a failure proves that the way to it is clear. */
function isAnswered(thrown: unknown): boolean {
  return thrown instanceof GantryError && (thrown.data.status !== undefined || thrown.code === 'too-large');
}

function retryAfterOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof FaultError) || thrown.fault.kind !== 'status') return undefined;
  const { status, retryAfterMs } = thrown.fault;
  return status === 429 || status === 503 ? retryAfterMs : undefined;
}

/** Names what stopped the request when it was not the exchange itself. */
function asFault(thrown: unknown, signal: AbortSignal, breaker: CircuitBreakerPolicy): unknown {
  if (thrown instanceof GantryError || thrown instanceof FaultError) return thrown;
  if (signal.aborted) {
    return signal.reason instanceof FaultError ? signal.reason : new FaultError({ kind: 'aborted' });
  }
  if (thrown instanceof BulkheadRejectedError) return new FaultError({ kind: 'busy' });
  if (thrown instanceof BrokenCircuitError) {
    const last = breaker.lastFailure;
    const error = last && 'error' in last ? last.error : undefined;
    return new FaultError({
      kind: 'circuit',
      last: error instanceof GantryError ? `${error.data.code}: ${error.data.detail ?? ''}` : undefined,
    });
  }
  return thrown;
}

/** The words' context, and how far the request came. */
type Progress = Omit<FailureContext, 'sent'> & {
  sent: boolean;
  /** Headers that go with the request. */
  credentials: Readonly<Record<string, string>>;
};

function contextOf(
  base: Base,
  request: HttpRequest,
  options: HttpClientOptions,
  known: () => Readonly<Record<string, string>>,
): Progress {
  const method = request.method ?? 'GET';
  const { auth, system } = options;
  return {
    attempted: request.purpose,
    target: `${method} ${base.origin}${base.prefix}${request.path}`,
    authority: base.authority,
    safe: method === 'GET' || method === 'HEAD',
    sent: false,
    ...(system.explain ? { explain: (...failure) => system.explain?.(...failure) ?? {} } : {}),
    credentials: {},
    redact: (text) => redactor(auth, { ...request.headers, ...known() })(text),
  };
}

function wireRequest(base: Base, request: HttpRequest, authHeaders: Readonly<Record<string, string>>) {
  return {
    method: request.method ?? 'GET',
    path: `${base.prefix}${request.path}${queryText(request.query)}`,
    headers: {
      accept: 'application/json, text/plain;q=0.5, */*;q=0.1',
      'accept-encoding': ACCEPTED_ENCODINGS,
      'user-agent': 'gantry',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...lowerCaseNames(request.headers ?? {}),
      // Last, so that no request can replace the credentials.
      ...lowerCaseNames(authHeaders),
    },
    body: request.body === undefined ? undefined : JSON.stringify(request.body),
    maxBytes: request.maxBytes ?? DEFAULT_MAX_BYTES,
    accept: request.accept ?? [],
  };
}

function lowerCaseNames(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function responseOf<T>(answer: RawAnswer, body: T): HttpResponse<T> {
  return { status: answer.status, headers: answer.headers, body, receivedAt: answer.receivedAt };
}
