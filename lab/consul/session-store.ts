import type { KvStore } from './kv-store.ts';
import type { ConsulState } from './state.ts';

export interface SessionRow {
  readonly ID: string;
  readonly Name: string;
  readonly Node: string;
  /** Nanoseconds, as Go prints a duration. */
  readonly LockDelay: number;
  readonly Behavior: 'release' | 'delete';
  readonly TTL: string;
  readonly NodeChecks: readonly string[] | null;
  readonly ServiceChecks: readonly { readonly ID: string; readonly Namespace: string }[] | null;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export type NewSession = Omit<SessionRow, 'CreateIndex' | 'ModifyIndex'>;

/** Locks of applications. A session ends by request, by its TTL, with its node, or with one of its checks. */
export class SessionStore {
  readonly #state: ConsulState;
  readonly #kv: KvStore;
  readonly #now: () => number;
  readonly #rows = new Map<string, SessionRow>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(state: ConsulState, kv: KvStore, now: () => number) {
    this.#state = state;
    this.#kv = kv;
    this.#now = now;
    state.onChange(() => this.#endThoseWithoutHealth());
  }

  all(): SessionRow[] {
    return [...this.#rows.values()];
  }

  get(id: string): SessionRow | undefined {
    return this.#rows.get(id);
  }

  create(session: NewSession, ttlMs: number | undefined): void {
    this.#state.commit((index) => {
      this.#rows.set(session.ID, { ...session, CreateIndex: index, ModifyIndex: index });
      this.#state.touch('sessions');
    });
    this.#arm(session.ID, ttlMs);
  }

  /** False: no such session. */
  renew(id: string, ttlMs: number | undefined): boolean {
    if (!this.#rows.has(id)) return false;
    this.#arm(id, ttlMs);
    return true;
  }

  destroy(id: string): void {
    const row = this.#rows.get(id);
    if (!row) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.#rows.delete(id);
    this.#state.commit(() => this.#state.touch('sessions'));
    this.#kv.sessionEnded(id, row.Behavior, this.#now());
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #arm(id: string, ttlMs: number | undefined): void {
    clearTimeout(this.#timers.get(id));
    if (ttlMs === undefined) return;
    // Consul lets a session live for up to twice its TTL.
    const timer = setTimeout(() => this.destroy(id), ttlMs * 2);
    timer.unref();
    this.#timers.set(id, timer);
  }

  #endThoseWithoutHealth(): void {
    for (const row of this.#rows.values()) {
      const checks = [...(row.NodeChecks ?? []), ...(row.ServiceChecks ?? []).map((check) => check.ID)];
      const lost = checks.some((id) => {
        const check = this.#state.checks.get(`${row.Node}\n${id}`);
        return check === undefined || check.Status === 'critical';
      });
      if (lost || !this.#state.nodes.has(row.Node)) this.destroy(row.ID);
    }
  }
}
