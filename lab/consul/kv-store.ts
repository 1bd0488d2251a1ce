import type { ConsulState } from './state.ts';

export interface KvEntry {
  readonly key: string;
  /** null: an empty value. */
  value: Buffer | null;
  flags: bigint;
  session: string | null;
  lockIndex: number;
  createIndex: number;
  modifyIndex: number;
}

/** Time during which nobody gets a lock whose session was lost. */
const LOCK_DELAY_MS = 15_000;

export class KvStore {
  readonly #state: ConsulState;
  readonly #entries = new Map<string, KvEntry>();
  /** Index at which a key was deleted, so that a prefix's index moves on deletion too. */
  readonly #tombstones = new Map<string, number>();
  readonly #delayedUntil = new Map<string, number>();

  constructor(state: ConsulState) {
    this.#state = state;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): KvEntry | undefined {
    return this.#entries.get(key);
  }

  /** Sorted by key. */
  under(prefix: string): KvEntry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.key.startsWith(prefix))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  keyIndex(key: string): number {
    return this.#entries.get(key)?.modifyIndex ?? this.#tombstones.get(key) ?? this.#state.indexOf('kvs');
  }

  prefixIndex(prefix: string): number {
    const dead = [...this.#tombstones].filter(([key]) => key.startsWith(prefix)).map(([, index]) => index);
    const live = this.under(prefix).map((entry) => entry.modifyIndex);
    const indexes = [...dead, ...live];
    return indexes.length === 0 ? this.#state.indexOf('kvs') : Math.max(...indexes);
  }

  /** `cas`: only when the entry was last changed at that index, or with 0 when there is none. False: lost. */
  put(key: string, value: Buffer, flags: bigint, cas?: number): boolean {
    const old = this.#entries.get(key);
    if (cas !== undefined && (old?.modifyIndex ?? 0) !== cas) return false;
    this.#write(key, (entry) => {
      entry.value = value.length === 0 ? null : value;
      entry.flags = flags;
    });
    return true;
  }

  acquire(key: string, value: Buffer, flags: bigint, session: string, now: number): boolean {
    const old = this.#entries.get(key);
    if (old?.session !== undefined && old.session !== null && old.session !== session) return false;
    if ((this.#delayedUntil.get(key) ?? 0) > now) return false;
    this.#write(key, (entry) => {
      if (entry.session === null) entry.lockIndex++;
      entry.session = session;
      entry.value = value.length === 0 ? null : value;
      entry.flags = flags;
    });
    return true;
  }

  release(key: string, value: Buffer, flags: bigint, session: string): boolean {
    if (this.#entries.get(key)?.session !== session) return false;
    this.#write(key, (entry) => {
      entry.session = null;
      entry.value = value.length === 0 ? null : value;
      entry.flags = flags;
    });
    return true;
  }

  /** `cas` 0 never deletes what is there. */
  delete(key: string, cas?: number): boolean {
    const old = this.#entries.get(key);
    if (!old) return cas === undefined || cas === 0;
    if (cas !== undefined && (cas === 0 || old.modifyIndex !== cas)) return false;
    this.#state.commit((index) => this.#bury(key, index));
    return true;
  }

  deleteUnder(prefix: string): void {
    const keys = this.under(prefix).map((entry) => entry.key);
    if (keys.length === 0) return;
    this.#state.commit((index) => {
      for (const key of keys) this.#bury(key, index);
    });
  }

  /** A session went away: its locks are released, or their keys deleted. */
  sessionEnded(session: string, behavior: 'release' | 'delete', now: number): void {
    for (const entry of [...this.#entries.values()].filter((one) => one.session === session)) {
      this.#delayedUntil.set(entry.key, now + LOCK_DELAY_MS);
      if (behavior === 'delete') this.delete(entry.key);
      else
        this.#write(entry.key, (one) => {
          one.session = null;
        });
    }
  }

  #write(key: string, change: (entry: KvEntry) => void): void {
    this.#state.commit((index) => {
      const old = this.#entries.get(key);
      const entry: KvEntry = old
        ? { ...old }
        : {
            key,
            value: null,
            flags: 0n,
            session: null,
            lockIndex: 0,
            createIndex: index,
            modifyIndex: index,
          };
      change(entry);
      entry.modifyIndex = index;
      this.#entries.set(key, entry);
      this.#tombstones.delete(key);
      this.#state.touch('kvs');
    });
  }

  #bury(key: string, index: number): void {
    this.#entries.delete(key);
    this.#tombstones.set(key, index);
    this.#state.touch('kvs');
  }
}
