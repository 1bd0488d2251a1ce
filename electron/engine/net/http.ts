import type { z } from 'zod';

/**
 * What systems see of the HTTP client: bound to one connection (base URL, credentials, TLS trust, budget, breaker). Every
 * method throws `GantryError` and nothing else.
 */
export interface HttpClient {
  /** Sends and reads the whole answer as JSON, checked against `schema`. Non-2xx throws unless listed in `accept`. */
  json<T>(request: HttpRequest, schema: z.ZodType<T>): Promise<HttpResponse<T>>;
  /** The same for text answers (Prometheus metrics). */
  text(request: HttpRequest): Promise<HttpResponse<string>>;
}

export interface HttpRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD';
  /** Path below the connection's URL, starting with `/`. Never holds a secret. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** What this is for, in words, for errors and the trace: "read rules". */
  readonly purpose: string;
  /** Whole exchange, body included. Default 10 s. Long polls give their own. */
  readonly deadlineMs?: number;
  /** Default 16 MiB of decoded body. */
  readonly maxBytes?: number;
  /** Further statuses that are answers and not failures (a 503 from a health page). */
  readonly accept?: readonly number[];
  /** Retries of a safe (GET, HEAD) request on a passing failure. Default 0: pollers retry by polling again. */
  readonly retries?: number;
  /**
   * The server is meant to hold this request until something changes. Such a request neither counts as latency nor for
   * or against the breaker, and takes no concurrency slot. Default: true when `deadlineMs` is above 30 s.
   */
  readonly longPoll?: boolean;
  readonly signal?: AbortSignal;
}

export interface HttpResponse<T> {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: T;
  /** Epoch ms when the body was complete. */
  readonly receivedAt: number;
}
