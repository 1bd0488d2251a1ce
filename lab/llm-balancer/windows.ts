export const WINDOW_MS = 60_000;

/** Events of the last 60 seconds with a number each. Keeps at most `maxEntries`; the oldest go first. */
export class SlidingWindow {
  readonly #maxEntries: number;
  #entries: { readonly at: number; readonly value: number }[] = [];
  /** Entries before this index are gone; the array is cut now and then, not at each step. */
  #head = 0;
  #sum = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  add(at: number, value = 1): void {
    this.#entries.push({ at, value });
    this.#sum += value;
    if (this.#entries.length - this.#head > this.#maxEntries) this.#dropOldest();
  }

  count(now: number): number {
    this.#expire(now);
    return this.#entries.length - this.#head;
  }

  sum(now: number): number {
    this.#expire(now);
    return this.#sum;
  }

  clear(): void {
    this.#entries = [];
    this.#head = this.#sum = 0;
  }

  #expire(now: number): void {
    for (let oldest = this.#entries[this.#head]; oldest && oldest.at <= now - WINDOW_MS;) {
      this.#dropOldest();
      oldest = this.#entries[this.#head];
    }
  }

  #dropOldest(): void {
    this.#sum -= this.#entries[this.#head]?.value ?? 0;
    this.#head++;
    if (this.#head > 1_024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

/** A sum over the window as a rate per second, rounded to 0.1: fewer than 3 events a minute show 0. */
export function perSecond(sum: number): number {
  return Math.round((sum / (WINDOW_MS / 1_000)) * 10) / 10;
}
