import { stringify } from './python-json.ts';

/** Raised by the balancer itself: answered as `{"type":"about:blank","status","detail","request_id"}`. */
export class BalancerError extends Error {
  readonly status: number;
  readonly detail: string;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
    this.detail = detail;
  }
}

/** A defect of the original program: answered as 500 `internal_error`, without the usual headers. */
export class UnhandledError extends Error {}

/** One entry of a field validation answer (422). */
export interface FieldError {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** Field validation failed: 422 `{"detail":[…]}`. */
export class ValidationError extends Error {
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super('validation failed');
    this.errors = errors;
  }
}

/** Unknown path (404) or wrong method (405): the web framework's own `{"detail":"…"}`. */
export class FrameworkError extends Error {
  readonly status: 404 | 405;
  readonly allow: string;

  constructor(status: 404 | 405, allow = '') {
    super(status === 404 ? 'Not Found' : 'Method Not Allowed');
    this.status = status;
    this.allow = allow;
  }
}

/** The declared body passes the limit: refused before anything else looks at it, in a shape of its own. */
export class DeclaredTooLargeError extends Error {
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super('request too large');
    this.maxBytes = maxBytes;
  }
}

export interface ErrorAnswer {
  readonly status: number;
  readonly body: string;
  /** Whether the answer carries the headers of a normal one. */
  readonly normalHeaders: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to anything thrown while a request was handled. */
export function errorAnswer(thrown: unknown, requestId: string): ErrorAnswer {
  const answer = (status: number, body: object, normalHeaders = true, headers = {}): ErrorAnswer => ({
    status,
    body: stringify(body),
    normalHeaders,
    headers,
  });
  if (thrown instanceof BalancerError) {
    const { status, detail } = thrown;
    return answer(status, { type: 'about:blank', status, detail, request_id: requestId });
  }
  if (thrown instanceof ValidationError) return answer(422, { detail: thrown.errors });
  if (thrown instanceof FrameworkError) {
    const headers = thrown.allow === '' ? {} : { allow: thrown.allow };
    return answer(thrown.status, { detail: thrown.message }, true, headers);
  }
  if (thrown instanceof DeclaredTooLargeError) {
    const detail = `Request body too large (max ${thrown.maxBytes} bytes)`;
    return answer(413, { type: 'request_too_large', status: 413, detail }, false, { connection: 'close' });
  }
  return answer(500, internalError(requestId), false);
}

export function internalError(requestId: string) {
  return { type: 'internal_error', status: 500, detail: 'internal server error', request_id: requestId };
}
