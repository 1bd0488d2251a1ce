import { APP_ORIGIN, isOwnUrl } from './own-url.ts';

/** What is known of whoever sent an IPC message. */
export interface Sender {
  /** Id of its WebContents. */
  readonly contentsId: number;
  /** The sending frame; null when it navigated or went away in the meantime. */
  readonly frame: { readonly url: string; readonly origin: string; readonly parent: unknown } | null;
}

/**
 * Why a message is not listened to, or undefined when it may be. Three independent walls: the set of windows we made
 * catches a window that came from elsewhere, the origin catches one of ours that was led away, and the parent catches
 * frames inside.
 */
export function refusalOfSender(sender: Sender, trustedIds: ReadonlySet<number>): string | undefined {
  if (!trustedIds.has(sender.contentsId)) return 'unknown window';
  if (sender.frame === null) return 'the frame is gone';
  if (sender.frame.parent !== null) return 'not the top frame';
  if (sender.frame.origin !== APP_ORIGIN || !isOwnUrl(sender.frame.url)) return 'foreign origin';
  return undefined;
}

const NONCE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Nonces are UUIDs and work once; only the newest are remembered. */
export class Nonces {
  readonly #seen = new Set<string>();

  /** True the first time, for something that is a nonce. */
  accept(nonce: unknown): nonce is string {
    if (typeof nonce !== 'string' || !NONCE.test(nonce) || this.#seen.has(nonce)) return false;
    this.#seen.add(nonce);
    const oldest = this.#seen.values().next().value;
    if (this.#seen.size > 1_000 && oldest !== undefined) this.#seen.delete(oldest);
    return true;
  }
}

/** At most `limit` events within `windowMs`. */
export class RateLimit {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  #times: number[] = [];

  constructor(limit: number, windowMs: number, now: () => number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** True when one more fits; it is counted then. */
  take(): boolean {
    const now = this.#now();
    this.#times = this.#times.filter((time) => now - time < this.#windowMs);
    if (this.#times.length >= this.#limit) return false;
    this.#times.push(now);
    return true;
  }
}
