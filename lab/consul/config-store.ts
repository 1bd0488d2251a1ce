import type { ConsulState } from './state.ts';

/** A configuration entry: `Kind`, `Name` and whatever that kind holds. */
export interface ConfigEntry {
  readonly Kind: string;
  readonly Name: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
  readonly [field: string]: unknown;
}

export const CONFIG_KINDS: ReadonlySet<string> = new Set(
  'service-defaults proxy-defaults service-router service-splitter service-resolver service-intentions ingress-gateway terminating-gateway api-gateway bound-api-gateway http-route tcp-route inline-certificate file-system-certificate mesh exported-services jwt-provider'.split(
    ' ',
  ),
);

export class ConfigStore {
  readonly #state: ConsulState;
  readonly #entries = new Map<string, ConfigEntry>();

  constructor(state: ConsulState) {
    this.#state = state;
  }

  ofKind(kind: string): ConfigEntry[] {
    return [...this.#entries.values()]
      .filter((entry) => entry.Kind === kind)
      .sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  get(kind: string, name: string): ConfigEntry | undefined {
    return this.#entries.get(`${kind}\n${name}`);
  }

  /** False: `cas` was lost. */
  put(kind: string, name: string, fields: Readonly<Record<string, unknown>>, cas?: number): boolean {
    const old = this.get(kind, name);
    if (cas !== undefined && (old?.ModifyIndex ?? 0) !== cas) return false;
    this.#state.commit((index) => {
      this.#entries.set(`${kind}\n${name}`, {
        ...fields,
        Kind: kind,
        Name: name,
        // A uint64 that no JavaScript number holds exactly.
        Hash: 1.2e19 - index,
        CreateIndex: old?.CreateIndex ?? index,
        ModifyIndex: index,
      });
      this.#state.touch('config');
    });
    return true;
  }

  /** False: `cas` was lost. */
  delete(kind: string, name: string, cas?: number): boolean {
    const old = this.get(kind, name);
    if (cas !== undefined && old?.ModifyIndex !== cas) return false;
    if (old === undefined) return true;
    this.#state.commit(() => {
      this.#entries.delete(`${kind}\n${name}`);
      this.#state.touch('config');
    });
    return true;
  }
}
