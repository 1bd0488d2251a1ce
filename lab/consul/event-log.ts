export interface ConsulEvent {
  readonly ID: string;
  readonly Name: string;
  /** base64 */
  readonly Payload: string | null;
  readonly NodeFilter: string;
  readonly ServiceFilter: string;
  readonly TagFilter: string;
  readonly Version: 1;
  readonly LTime: number;
}

const KEPT = 256;

/** The newest events that this agent received, oldest first; never stored. */
export class EventLog {
  readonly #events: ConsulEvent[] = [];
  readonly #listeners = new Set<() => void>();
  #time = 1;

  list(name: string): ConsulEvent[] {
    return this.#events.filter((event) => name === '' || event.Name === name);
  }

  /** Returns the event as the answer to firing shows it: without its Lamport time. */
  fire(event: Omit<ConsulEvent, 'Version' | 'LTime'>): ConsulEvent {
    this.#time++;
    this.#events.push({ ...event, Version: 1, LTime: this.#time });
    if (this.#events.length > KEPT) this.#events.shift();
    for (const listener of this.#listeners) listener();
    return { ...event, Version: 1, LTime: 0 };
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}

/** The index of an event list: both halves of the newest event's UUID, so it is huge and in no order. */
export function eventIndex(events: readonly ConsulEvent[]): bigint {
  const newest = events.at(-1);
  if (!newest) return 1n;
  const hex = newest.ID.replaceAll('-', '');
  return BigInt(`0x${hex.slice(0, 16)}`) ^ BigInt(`0x${hex.slice(16)}`);
}
