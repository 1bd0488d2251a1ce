import type { ConsulState } from './state.ts';

export interface IntentionRow {
  readonly Description?: string;
  readonly SourceNS: 'default';
  readonly SourceName: string;
  readonly DestinationNS: 'default';
  readonly DestinationName: string;
  readonly SourceType: 'consul';
  readonly Action?: 'allow' | 'deny';
  readonly Permissions?: readonly unknown[];
  readonly Meta?: Readonly<Record<string, string>>;
  readonly Precedence: number;
  readonly CreatedAt: string;
  readonly UpdatedAt: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export interface NewIntention {
  readonly source: string;
  readonly destination: string;
  readonly action?: 'allow' | 'deny';
  readonly permissions?: readonly unknown[];
  readonly description?: string;
  readonly meta?: Readonly<Record<string, string>>;
}

export class IntentionStore {
  readonly #state: ConsulState;
  readonly #now: () => number;
  readonly #rows = new Map<string, IntentionRow>();

  constructor(state: ConsulState, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  /** By precedence, the strongest first. */
  all(): IntentionRow[] {
    return [...this.#rows.values()].sort(
      (a, b) => b.Precedence - a.Precedence || (keyOf(a) < keyOf(b) ? -1 : 1),
    );
  }

  get(source: string, destination: string): IntentionRow | undefined {
    return this.#rows.get(`${source}\n${destination}`);
  }

  put(intention: NewIntention): void {
    const { source, destination, action, permissions, description, meta } = intention;
    const old = this.get(source, destination);
    const time = new Date(this.#now()).toISOString();
    this.#state.commit((index) => {
      this.#rows.set(`${source}\n${destination}`, {
        ...(description !== undefined && { Description: description }),
        SourceNS: 'default',
        SourceName: source,
        DestinationNS: 'default',
        DestinationName: destination,
        SourceType: 'consul',
        ...(action !== undefined && { Action: action }),
        ...(permissions !== undefined && { Permissions: permissions }),
        ...(meta !== undefined && { Meta: meta }),
        Precedence: precedenceOf(source, destination),
        CreatedAt: old?.CreatedAt ?? time,
        UpdatedAt: time,
        CreateIndex: old?.CreateIndex ?? index,
        ModifyIndex: index,
      });
      this.#state.touch('intentions');
    });
  }

  delete(source: string, destination: string): void {
    if (!this.#rows.has(`${source}\n${destination}`)) return;
    this.#state.commit(() => {
      this.#rows.delete(`${source}\n${destination}`);
      this.#state.touch('intentions');
    });
  }

  /** The strongest rule for the pair. Permissions decide per request, so without one they count as a denial. */
  allows(source: string, destination: string, byDefault: boolean): boolean {
    const rule = this.all().find(
      (row) =>
        (row.SourceName === source || row.SourceName === '*') &&
        (row.DestinationName === destination || row.DestinationName === '*'),
    );
    return rule === undefined ? byDefault : rule.Action === 'allow';
  }
}

function precedenceOf(source: string, destination: string): number {
  if (destination !== '*') return source === '*' ? 8 : 9;
  return source === '*' ? 5 : 6;
}

function keyOf(row: IntentionRow): string {
  return `${row.SourceName}\n${row.DestinationName}`;
}
