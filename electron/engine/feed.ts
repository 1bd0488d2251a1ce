import { AsyncIteratorClass } from '@orpc/contract';

/**
 * Hands events to any number of readers, each at its own pace. A reader that falls more than `limit` events behind loses
 * them and gets a fresh start instead (`restart`): memory stays bounded however slow a window is.
 */
export class Feed<T> {
  readonly #readers = new Set<Reader<T>>();
  readonly #restart: () => T;
  readonly #limit: number;
  #closed = false;

  constructor(restart: () => T, limit = 120) {
    this.#restart = restart;
    this.#limit = limit;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  push(event: T): void {
    for (const reader of this.#readers) {
      if (reader.queue.length >= this.#limit) {
        reader.queue.length = 0;
        reader.behind = true;
      }
      if (!reader.behind) reader.queue.push(event);
      reader.wake?.();
    }
  }

  /** Makes every reader start anew: what was queued belongs to another world. */
  restartAll(): void {
    for (const reader of this.#readers) {
      reader.queue.length = 0;
      reader.behind = true;
      reader.wake?.();
    }
  }

  /** Ends every reader. */
  close(): void {
    this.#closed = true;
    for (const reader of this.#readers) reader.wake?.();
  }

  /**
   * A fresh start, then every event. Ends when `signal` aborts, the feed closes or the consumer leaves its `for await`; the
   * consumer is let go at once, even while it waits for an event.
   */
  read(signal?: AbortSignal): AsyncIteratorClass<T, void, void> {
    const reader: Reader<T> = { queue: [], behind: true, left: false };
    const leave = () => {
      reader.left = true;
      signal?.removeEventListener('abort', leave);
      this.#readers.delete(reader);
      reader.wake?.();
    };
    signal?.addEventListener('abort', leave, { once: true });
    this.#readers.add(reader);
    return new AsyncIteratorClass<T, void, void>(
      () => this.#next(reader),
      () => Promise.resolve(leave()),
    );
  }

  async #next(reader: Reader<T>): Promise<IteratorResult<T, void>> {
    while (!reader.left && !this.#closed) {
      if (reader.behind) {
        // First, because making the fresh start may itself push what was pending.
        const fresh = this.#restart();
        reader.queue.length = 0;
        reader.behind = false;
        return { done: false, value: fresh };
      }
      const event = reader.queue.shift();
      if (event !== undefined) return { done: false, value: event };
      await new Promise<void>((resolve) => {
        reader.wake = resolve;
      });
      delete reader.wake;
    }
    return { done: true, value: undefined };
  }
}

interface Reader<T> {
  readonly queue: T[];
  behind: boolean;
  left: boolean;
  wake?: () => void;
}
