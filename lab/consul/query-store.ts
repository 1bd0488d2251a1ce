import type { ConsulState } from './state.ts';

export interface PreparedQuery {
  readonly ID: string;
  readonly Name: string;
  readonly Session: string;
  readonly Token: string;
  readonly Service: {
    readonly Service: string;
    readonly OnlyPassing?: boolean;
    readonly [field: string]: unknown;
  };
  readonly DNS: { readonly TTL: string };
  readonly Template: { readonly Type: string; readonly Regexp: string; readonly RemoveEmptyTags: boolean };
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

export class QueryStore {
  readonly #state: ConsulState;
  readonly #rows = new Map<string, PreparedQuery>();

  constructor(state: ConsulState) {
    this.#state = state;
  }

  all(): PreparedQuery[] {
    return [...this.#rows.values()];
  }

  find(idOrName: string): PreparedQuery | undefined {
    return this.#rows.get(idOrName) ?? this.all().find((row) => row.Name === idOrName);
  }

  put(query: Omit<PreparedQuery, 'CreateIndex' | 'ModifyIndex'>): void {
    const old = this.#rows.get(query.ID);
    this.#state.commit((index) => {
      this.#rows.set(query.ID, { ...query, CreateIndex: old?.CreateIndex ?? index, ModifyIndex: index });
      this.#state.touch('queries');
    });
  }

  delete(id: string): void {
    if (!this.#rows.delete(id)) return;
    this.#state.commit(() => this.#state.touch('queries'));
  }
}
