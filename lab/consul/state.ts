import { isDeepStrictEqual } from 'node:util';
import type { CheckRow, New, NodeRow, ServiceRow } from './rows.ts';

type Table =
  | 'nodes'
  | 'services'
  | 'checks'
  | 'kvs'
  | 'sessions'
  | 'intentions'
  | 'config'
  | 'queries'
  | 'coordinates'
  | 'acl';

/**
 * The servers' replicated store: rows, the raft index, and per table (and per service) the index of its last change,
 * from which blocking queries take theirs. Writes that change nothing move no index.
 */
export class ConsulState {
  readonly nodes = new Map<string, NodeRow>();
  /** By `<node>\n<service id>`, the checks by `<node>\n<check id>`. */
  readonly services = new Map<string, ServiceRow>();
  readonly checks = new Map<string, CheckRow>();
  readonly #tables = new Map<string, number>();
  readonly #listeners = new Set<() => void>();
  #index: number;
  #epoch = 0;

  /** A cluster that has been running for a while starts well above 1. */
  constructor(index = 1_200) {
    this.#index = index;
  }

  get index(): number {
    return this.#index;
  }

  /** Changes when the store was replaced as a whole: every held query answers at once. */
  get epoch(): number {
    return this.#epoch;
  }

  /** One raft entry: all that `write` touches shares its index. Listeners are told after it. */
  commit<T>(write: (index: number) => T): T {
    this.#index++;
    const result = write(this.#index);
    for (const listener of this.#listeners) listener();
    return result;
  }

  touch(table: Table, index = this.#index): void {
    this.#tables.set(table, index);
  }

  indexOf(...tables: readonly Table[]): number {
    return Math.max(1, ...tables.map((table) => this.#tables.get(table) ?? 1));
  }

  /** Index of one service: moves with its instances, its checks and its nodes' checks. Of an unknown one: the table's. */
  serviceIndex(name: string): number {
    return this.#tables.get(`service.${name.toLowerCase()}`) ?? this.indexOf('services');
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** After a snapshot was restored: indexes start low again and all held queries return. */
  restored(index: number): void {
    this.#index = index;
    this.#tables.clear();
    for (const row of [...this.nodes.values(), ...this.services.values(), ...this.checks.values()]) {
      row.CreateIndex = row.ModifyIndex = index;
    }
    for (const table of ['nodes', 'services', 'checks'] as const) this.touch(table);
    this.#epoch++;
    for (const listener of this.#listeners) listener();
  }

  putNode(row: New<NodeRow>): void {
    const old = this.findNode(row.Node);
    if (old && same(old, row)) return;
    this.commit((index) => {
      this.nodes.set(row.Node, stamped(old, row, index));
      this.touch('nodes');
      this.#touchServicesOf(row.Node);
    });
  }

  putService(row: New<ServiceRow>): void {
    const key = rowKey(row.Node, row.ID);
    const old = this.services.get(key);
    if (old && same(old, row)) return;
    this.commit((index) => {
      this.services.set(key, stamped(old, row, index));
      this.touch('services');
      this.#touchService(row.Service);
      if (old && old.Service !== row.Service) this.#touchService(old.Service);
    });
  }

  putCheck(row: New<CheckRow>): void {
    const key = rowKey(row.Node, row.CheckID);
    const old = this.checks.get(key);
    if (old && same(old, row)) return;
    this.commit((index) => {
      this.checks.set(key, stamped(old, row, index));
      this.touch('checks');
      if (row.ServiceID === '') this.#touchServicesOf(row.Node);
      else this.#touchService(row.ServiceName);
    });
  }

  deleteCheck(node: string, id: string): void {
    const row = this.checks.get(rowKey(node, id));
    if (!row) return;
    this.commit(() => this.#dropCheck(row));
  }

  deleteService(node: string, id: string): void {
    const row = this.services.get(rowKey(node, id));
    if (!row) return;
    this.commit(() => this.#dropService(row));
  }

  deleteNode(name: string): void {
    const node = this.findNode(name);
    if (!node) return;
    this.commit(() => {
      for (const row of this.servicesOf(node.Node)) this.#dropService(row);
      for (const row of this.checksOf(node.Node)) this.#dropCheck(row);
      this.nodes.delete(node.Node);
      this.touch('nodes');
    });
  }

  /** Node names are compared without case. */
  findNode(name: string): NodeRow | undefined {
    const exact = this.nodes.get(name);
    if (exact) return exact;
    const lower = name.toLowerCase();
    return [...this.nodes.values()].find((row) => row.Node.toLowerCase() === lower);
  }

  servicesOf(node: string): ServiceRow[] {
    return [...this.services.values()].filter((row) => row.Node === node);
  }

  checksOf(node: string): CheckRow[] {
    return [...this.checks.values()].filter((row) => row.Node === node);
  }

  /** Service names are compared without case. */
  instancesOf(service: string): ServiceRow[] {
    const lower = service.toLowerCase();
    return [...this.services.values()].filter((row) => row.Service.toLowerCase() === lower);
  }

  /** The checks that count for an instance: its node's and its own. */
  checksFor(row: ServiceRow): CheckRow[] {
    return this.checksOf(row.Node).filter((check) => check.ServiceID === '' || check.ServiceID === row.ID);
  }

  #dropCheck(row: CheckRow): void {
    this.checks.delete(rowKey(row.Node, row.CheckID));
    this.touch('checks');
    if (row.ServiceID === '') this.#touchServicesOf(row.Node);
    else this.#touchService(row.ServiceName);
  }

  #dropService(row: ServiceRow): void {
    for (const check of this.checksOf(row.Node)) if (check.ServiceID === row.ID) this.#dropCheck(check);
    this.services.delete(rowKey(row.Node, row.ID));
    this.touch('services');
    this.#touchService(row.Service);
    // The last instance takes the service's own index with it; readers of an unknown service see the table's.
    if (this.instancesOf(row.Service).length === 0)
      this.#tables.delete(`service.${row.Service.toLowerCase()}`);
  }

  #touchServicesOf(node: string): void {
    for (const row of this.servicesOf(node)) this.#touchService(row.Service);
  }

  #touchService(name: string): void {
    this.#tables.set(`service.${name.toLowerCase()}`, this.#index);
  }
}

export function rowKey(node: string, id: string): string {
  return `${node}\n${id}`;
}

function stamped<T extends { CreateIndex: number; ModifyIndex: number }>(
  old: T | undefined,
  row: Omit<T, 'CreateIndex' | 'ModifyIndex'>,
  index: number,
): T {
  return { ...row, CreateIndex: old?.CreateIndex ?? index, ModifyIndex: index } as T;
}

function same(old: { CreateIndex: number; ModifyIndex: number }, row: object): boolean {
  const { CreateIndex, ModifyIndex } = old;
  return isDeepStrictEqual(old, { ...row, CreateIndex, ModifyIndex });
}
