export interface CachedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** Answers by key, for a limited time; the least recently used goes first. */
export class ResponseCache {
  readonly #maxEntries: number;
  readonly #ttlMs: number;
  /** In order of use, oldest first. */
  readonly #entries = new Map<string, { readonly answer: CachedAnswer; readonly storedAt: number }>();

  constructor(maxEntries: number, ttlMs: number) {
    this.#maxEntries = maxEntries;
    this.#ttlMs = ttlMs;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string, now: number): CachedAnswer | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    if (now - entry.storedAt >= this.#ttlMs) return undefined;
    this.#entries.set(key, entry);
    return entry.answer;
  }

  set(key: string, answer: CachedAnswer, now: number): void {
    this.#entries.delete(key);
    this.#entries.set(key, { answer, storedAt: now });
    if (this.#entries.size <= this.#maxEntries) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  clear(): void {
    this.#entries.clear();
  }
}
