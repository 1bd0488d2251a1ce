import { isoTime, stringify } from './python-json.ts';
import { ResponseCache } from './response-cache.ts';
import type { EndpointRow, TokenRow } from './rows.ts';
import type { BalancerStore, CallResult } from './store.ts';
import { Upstreams } from './upstream.ts';
import { perSecond, SlidingWindow } from './windows.ts';

/** What the original reads from its environment variables, plus what a test wants to hold. */
export interface BalancerOptions {
  readonly version: '3.0.0' | '4.0.0';
  /** Empty or the well-known default: the admin API is open. */
  readonly adminToken: string;
  /** Accepted by the proxy, but without a row: no mapping, priority, share or statistics. */
  readonly clientTokens: readonly string[];
  /** Admin calls in 60 s for all callers together; 0 or less: unlimited. */
  readonly adminRateLimitPerMinute: number;
  readonly failThreshold: number;
  readonly cooldownSeconds: number;
  readonly maxConnections: number;
  readonly cacheMaxEntries: number;
  readonly cacheTtlSeconds: number;
  readonly maxRequestBodyBytes: number;
  /** `*` or the origins that browsers may call from. */
  readonly corsOrigins: readonly string[];
  /** One JSON text for each audited admin change. */
  readonly audit: (line: string) => void;
}

export const DEFAULT_ADMIN_TOKEN = 'change-me-admin-token';

export const defaultOptions: BalancerOptions = {
  version: '3.0.0',
  adminToken: DEFAULT_ADMIN_TOKEN,
  clientTokens: [],
  adminRateLimitPerMinute: 300,
  failThreshold: 3,
  cooldownSeconds: 20,
  maxConnections: 500,
  cacheMaxEntries: 5_000,
  cacheTtlSeconds: 300,
  maxRequestBodyBytes: 10_485_760,
  corsOrigins: ['*'],
  audit: () => {},
};

export interface ProcessContext {
  readonly store: BalancerStore;
  readonly options: BalancerOptions;
  readonly now: () => number;
  /** The URL to dial for an endpoint's URL. */
  readonly resolve: (url: string) => string;
}

const MAX_WINDOW_ENTRIES = 100_000;
const MAX_TOKEN_WINDOW_ENTRIES = 10_000;
const DRAIN_STEP_MS = 500;

/** One run of the balancer: everything that is gone after a restart. */
export class BalancerProcess {
  readonly store: BalancerStore;
  readonly options: BalancerOptions;
  readonly now: () => number;
  readonly upstreams: Upstreams;
  readonly cache: ResponseCache;
  /** Admin calls that were let through, wrong tokens included. */
  readonly adminCalls = new SlidingWindow(MAX_WINDOW_ENTRIES);
  /** By endpoint id: those used since start, deleted ones included. */
  readonly inflight = new Map<number, number>();
  readonly #startedAt: number;
  readonly #requests = new SlidingWindow(MAX_WINDOW_ENTRIES);
  readonly #tokens = new SlidingWindow(MAX_WINDOW_ENTRIES);
  readonly #tokenRequests = new Map<number, SlidingWindow>();
  #totalRequestsServed = 0;
  #totalErrors = 0;
  #isKilled = false;

  constructor(context: ProcessContext) {
    this.store = context.store;
    this.options = context.options;
    this.now = context.now;
    this.upstreams = new Upstreams(context.resolve, context.options.maxConnections);
    this.cache = new ResponseCache(context.options.cacheMaxEntries, context.options.cacheTtlSeconds * 1_000);
    this.#startedAt = context.now();
  }

  inflightOf(endpointId: number): number {
    return this.inflight.get(endpointId) ?? 0;
  }

  get totalInflight(): number {
    let sum = 0;
    for (const count of this.inflight.values()) sum += count;
    return sum;
  }

  /** An endpoint was chosen for a request. */
  begin(endpoint: EndpointRow): void {
    this.inflight.set(endpoint.id, this.inflightOf(endpoint.id) + 1);
    this.#totalRequestsServed++;
    this.#requests.add(this.now());
  }

  release(endpointId: number): void {
    this.inflight.set(endpointId, Math.max(0, this.inflightOf(endpointId) - 1));
  }

  /** Counts the outcome of a call to an endpoint: of a chat request, or of a question for its models. */
  recordCall(endpointId: number, result: CallResult): void {
    if (this.#isKilled) return;
    if (!result.ok) this.#totalErrors++;
    this.store.recordCall(endpointId, result, this.options);
  }

  /** Counts an answered chat request (from an endpoint or from the cache) for its caller and the rates. */
  recordUse(token: TokenRow | null, promptTokens: number, completionTokens: number): void {
    if (this.#isKilled) return;
    const now = this.now();
    if (promptTokens + completionTokens > 0) this.#tokens.add(now, promptTokens + completionTokens);
    if (!token) return;
    this.store.recordTokenUse(token.id, promptTokens, completionTokens);
    let window = this.#tokenRequests.get(token.id);
    if (!window) {
      window = new SlidingWindow(MAX_TOKEN_WINDOW_ENTRIES);
      this.#tokenRequests.set(token.id, window);
    }
    window.add(now);
  }

  /** A cache answer is a request of the rate, but of no total. */
  recordCacheHit(): void {
    this.#requests.add(this.now());
  }

  stats(): ProcessStats {
    const now = this.now();
    const isIdle = this.#requests.count(now) === 0;
    return {
      isIdle,
      tokensPerSecond: perSecond(this.#tokens.sum(now)),
      requestsPerSecond: perSecond(this.#requests.count(now)),
      totalRequestsServed: this.#totalRequestsServed,
      totalErrors: this.#totalErrors,
      uptimeSeconds: Math.round((now - this.#startedAt) / 100) / 10,
    };
  }

  requestsPerSecondOf(tokenId: number): number {
    return perSecond(this.#tokenRequests.get(tokenId)?.count(this.now()) ?? 0);
  }

  /** Zeroes all but in-flight and uptime. */
  resetStats(): void {
    this.store.resetStats();
    this.cache.clear();
    this.#requests.clear();
    this.#tokens.clear();
    this.#tokenRequests.clear();
    this.#totalRequestsServed = this.#totalErrors = 0;
  }

  audit(action: string, requestId: string, details: object = {}): void {
    this.options.audit(stringify({ timestamp: isoTime(this.now()), action, request_id: requestId, details }));
  }

  /** Gone without a word: calls on their way break, and nothing of them reaches the database. */
  async kill(): Promise<void> {
    this.#isKilled = true;
    await this.upstreams.close();
  }

  /**
   * What happens after the listener closed: waits until nothing is in flight, looking every 0.5 s, for at most
   * `timeoutMs`; then upstream connections close. With leaked in-flight counts it waits the whole time.
   */
  async drain(timeoutMs: number): Promise<void> {
    for (let waited = 0; this.totalInflight > 0 && waited < timeoutMs; waited += DRAIN_STEP_MS) {
      await new Promise((resolve) => setTimeout(resolve, Math.min(DRAIN_STEP_MS, timeoutMs - waited)));
    }
    await this.upstreams.close();
  }
}

export interface ProcessStats {
  /** No request in the last 60 s: version 3 then writes its rates as integers. */
  readonly isIdle: boolean;
  readonly tokensPerSecond: number;
  readonly requestsPerSecond: number;
  readonly totalRequestsServed: number;
  readonly totalErrors: number;
  readonly uptimeSeconds: number;
}
