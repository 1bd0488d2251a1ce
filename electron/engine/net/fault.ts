import type { GantryErrorData } from '../../../shared/model/error.ts';

/** How one exchange went wrong, before it is put into words by `failure.ts`. */
export type Fault =
  | { readonly kind: 'deadline'; readonly afterMs: number }
  | { readonly kind: 'aborted' }
  /** Refused here: the request itself cannot be sent. */
  | { readonly kind: 'request'; readonly detail: string }
  /** Refused here: the wait for the request budget would pass the deadline. */
  | { readonly kind: 'budget'; readonly waitMs: number }
  /** Refused here: too many requests wait already. */
  | { readonly kind: 'busy' }
  /** Refused here: too many connection failures in a row; `last` says the latest. */
  | { readonly kind: 'circuit'; readonly last: string | undefined }
  | { readonly kind: 'connect'; readonly phase: 'tcp' | 'tls'; readonly cause: unknown }
  /** The SSH host on the way is not up; `reason` says why. */
  | { readonly kind: 'hop'; readonly hop: string; readonly reason: GantryErrorData }
  /** The SSH host on the way is up, and could not or would not connect further. */
  | {
      readonly kind: 'channel';
      readonly hop: string;
      /** Its own configuration forbids it. */
      readonly prohibited: boolean;
      /** Its words: hostile text. */
      readonly detail: string;
    }
  | { readonly kind: 'pin'; readonly expected: string; readonly found: string }
  | { readonly kind: 'too-large'; readonly maxBytes: number }
  | { readonly kind: 'truncated'; readonly detail: string }
  /** `status`: of the answer that did not fit, where there was one. */
  | { readonly kind: 'malformed'; readonly detail: string; readonly status?: number }
  | { readonly kind: 'redirect'; readonly status: number; readonly location: string }
  | {
      readonly kind: 'status';
      readonly status: number;
      /** The beginning of the body: hostile text. */
      readonly body: string;
      /** The text behind the status (HTTP/1.1 only): hostile text. Older Proxmox says what is wrong nowhere else. */
      readonly reasonPhrase: string;
      /** What the server asked for with Retry-After. */
      readonly retryAfterMs: number | undefined;
    };

export class FaultError extends Error {
  override readonly name = 'FaultError';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.kind, 'cause' in fault ? { cause: fault.cause } : undefined);
    this.fault = fault;
  }
}
