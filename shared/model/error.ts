import { z } from 'zod';

/**
 * What went wrong, as a closed vocabulary. One place (`electron/engine/net/failure.ts`) turns a system's
 * failure into one of these; one component shows it.
 */
export const errorCodes = [
  'invalid-input', // the caller's request is wrong; nothing was sent
  'unsupported', // Gantry or the system cannot do this
  'unreachable', // no TCP connection: refused, no route, name not found
  'tls', // the connection was refused by certificate verification
  'host-key', // an SSH host did not prove to be the right one; no credentials were sent
  'timeout', // the deadline passed
  'aborted', // the caller gave up
  'unauthorized', // 401, or the system's own way to say so
  'forbidden', // 403: known, but not allowed
  'not-found',
  'conflict',
  'rate-limited', // 429, or our own request budget
  'server-error', // 5xx
  'malformed', // an answer that does not parse or does not fit the documented shape
  'truncated', // the answer ended early
  'too-large', // the answer passed the size cap; reading stopped
  'circuit-open', // not tried: too many failures in a row
  'engine-lost', // the engine process went away with the call in flight
  'internal', // a defect in Gantry
] as const;

export const ErrorCodeSchema = z.enum(errorCodes);
export type ErrorCode = z.infer<typeof ErrorCodeSchema>;

/** A failure as plain data: safe to show, log and send. Never holds a secret or a stack. */
export const GantryErrorDataSchema = z.object({
  code: ErrorCodeSchema,
  /** What was tried, in words: "read rules". */
  attempted: z.string().max(500),
  /** On what: a connection id, a URL without credentials, an entity id. */
  target: z.string().max(2_000),
  /** What is known to have happened on the managed system; "nothing was changed" for reads. */
  knownEffect: z.string().max(500),
  /** What the operator can do next. */
  advice: z.string().max(1_000),
  retryable: z.boolean(),
  /** The system's own words, cut to 500 characters. Hostile text: render as text. */
  detail: z.string().max(500).optional(),
  /** HTTP status, where there was one. */
  status: z.number().int().optional(),
});
export type GantryErrorData = z.infer<typeof GantryErrorDataSchema>;

/** The one error class that crosses module borders. `message` is for logs; screens use `data`. */
export class GantryError extends Error {
  override readonly name = 'GantryError';
  readonly data: GantryErrorData;

  constructor(data: GantryErrorData, options?: { cause?: unknown }) {
    super(`${data.code}: ${data.attempted} (${data.target})`, options);
    this.data = data;
  }

  get code(): ErrorCode {
    return this.data.code;
  }
}

/** Any thrown value as error data. A value that is no GantryError is a defect, and is reported as one. */
export function toErrorData(thrown: unknown, attempted: string, target: string): GantryErrorData {
  if (thrown instanceof GantryError) return thrown.data;
  return {
    code: 'internal',
    attempted,
    target,
    knownEffect: 'unknown',
    advice: 'This is a defect in Gantry. The log has the details.',
    retryable: false,
    detail: (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, 500),
  };
}
