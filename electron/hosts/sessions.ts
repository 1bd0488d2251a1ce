import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

export interface SessionOptions {
  /** A session without an open socket or a request for this long ends. */
  readonly idleMs: number;
  /** Milliseconds that never go backwards. */
  readonly now: () => number;
  /** 32 bytes of a cryptographic generator, as text that fits a URL. */
  readonly secret?: () => string;
}

/** Wrong tokens accepted before all are refused: 256 bits cannot be guessed, but nobody needs to try for hours. */
const MAX_WRONG_TOKENS = 50;

interface Session {
  lastSeen: number;
  openSockets: number;
}

/**
 * Who may speak to the engine in browser mode. One launch token is valid at a time and works once; it is exchanged for
 * the secret of a session. A new token is only made when the last session has ended.
 */
export class Sessions {
  readonly #options: SessionOptions;
  readonly #secret: () => string;
  readonly #sessions = new Map<string, Session>();
  #token: string | undefined;
  #wrongTokens = 0;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#secret = options.secret ?? (() => randomBytes(32).toString('base64url'));
  }

  /** A fresh launch token. The one before stops working. */
  issueToken(): string {
    this.#token = this.#secret();
    this.#wrongTokens = 0;
    return this.#token;
  }

  /** The secret of a new session, or undefined for a token that is wrong or was used before. */
  exchange(token: string): string | undefined {
    if (this.#token === undefined || this.#wrongTokens >= MAX_WRONG_TOKENS) return undefined;
    if (!sameSecret(token, this.#token)) {
      this.#wrongTokens += 1;
      return undefined;
    }
    this.#token = undefined;
    const secret = this.#secret();
    this.#sessions.set(digest(secret), { lastSeen: this.#options.now(), openSockets: 0 });
    return secret;
  }

  /** Whether this is the secret of a living session; asking keeps it alive. */
  touch(secret: string | undefined): boolean {
    return this.#find(secret) !== undefined;
  }

  /** Notes an open socket, which keeps the session alive. Undefined: no such session. Call the result when it closed. */
  openSocket(secret: string | undefined): (() => void) | undefined {
    const session = this.#find(secret);
    if (!session) return undefined;
    session.openSockets += 1;
    let open = true;
    return () => {
      if (!open) return;
      open = false;
      session.openSockets -= 1;
      session.lastSeen = this.#options.now();
    };
  }

  /** Forgets sessions that were idle too long. True when that ended the last one, and a new token is needed. */
  expire(): boolean {
    const before = this.#sessions.size;
    for (const [key, session] of this.#sessions) {
      if (this.#isIdle(session)) this.#sessions.delete(key);
    }
    return before > 0 && this.#sessions.size === 0;
  }

  #isIdle(session: Session): boolean {
    return session.openSockets === 0 && this.#options.now() - session.lastSeen > this.#options.idleMs;
  }

  #find(secret: string | undefined): Session | undefined {
    if (secret === undefined) return undefined;
    const session = this.#sessions.get(digest(secret));
    if (!session || this.#isIdle(session)) return undefined;
    session.lastSeen = this.#options.now();
    return session;
  }
}

/** Sessions are found by a digest, so that a lookup takes no longer for a secret that is nearly right. */
function digest(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

function sameSecret(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(digest(one)), Buffer.from(digest(other)));
}
