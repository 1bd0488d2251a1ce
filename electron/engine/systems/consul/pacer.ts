import type { Clock, Random } from '../../clock.ts';

/** Answers in a row before pacing starts: a lone change is never held up. */
const BURST = 2;
const FASTEST_MS = 200;
const SLOWEST_MS = 15_000;
/** Reading a row costs all sides about 15 µs; at this pace a hot table takes about a twentieth of the time. */
const MS_PER_ROW = 0.25;
const JITTER = 0.1;

export interface Answered {
  /** Rows in the answer: what it costs to make, send and read. */
  readonly rows: number;
  /** Whether anything in it was news. */
  readonly changed: boolean;
}

/**
 * Protects Consul and the engine from a hot index: a table that changes all the time wakes its query all the time, and
 * each time the whole table is sent. A token bucket of two; one token comes back per interval, which is 200 ms for small
 * tables, grows with the number of rows, and doubles with every early answer that said nothing new (a proxy that does
 * not block, a table-wide index that moves for other reasons), up to one request per 15 s.
 */
export class Pacer {
  readonly #clock: Clock;
  readonly #random: Random;
  #tokens = BURST;
  #intervalMs = FASTEST_MS;
  #refilledAt: number;
  #useless = 0;
  #turnAt = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
    this.#refilledAt = clock.monotonic();
  }

  get intervalMs(): number {
    return this.#intervalMs;
  }

  /** Resolves when the next request may be sent. */
  async turn(signal: AbortSignal): Promise<void> {
    this.#refill();
    if (this.#tokens < 1) {
      const wait = (1 - this.#tokens) * this.#intervalMs;
      await this.#clock.sleep(Math.ceil(wait * (1 + JITTER * this.#random())), signal);
      this.#refill();
    }
    this.#tokens = Math.max(0, this.#tokens - 1);
    this.#turnAt = this.#clock.monotonic();
  }

  /** Tells what the request brought; sets the pace of the next ones. */
  answered({ rows, changed }: Answered): void {
    this.#refill();
    const base = Math.min(SLOWEST_MS, Math.max(FASTEST_MS, rows * MS_PER_ROW));
    const early = this.#clock.monotonic() - this.#turnAt < this.#intervalMs;
    this.#useless = early && !changed ? this.#useless + 1 : 0;
    this.#intervalMs = Math.min(SLOWEST_MS, base * 2 ** Math.min(this.#useless, 10));
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#refilledAt) / this.#intervalMs);
    this.#refilledAt = now;
  }
}
