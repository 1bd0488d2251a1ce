import { isDeepStrictEqual } from 'node:util';
import type { ConsulCheck, ConsulInstance, ConsulNode } from './wire.ts';

/**
 * What is known of one Consul datacenter. Every `replace…` takes a whole list, as Consul sends it, and keeps the objects
 * of rows that did not change: whoever compares by identity does work for changes only.
 */
export class Catalog {
  #nodes: ReadonlyMap<string, ConsulNode> = new Map();
  #instances: ReadonlyMap<string, ConsulInstance> = new Map();
  #checks: ReadonlyMap<string, ConsulCheck> = new Map();
  #services: ReadonlyMap<string, readonly string[]> = new Map();
  #datacenter = '';

  get nodes(): ReadonlyMap<string, ConsulNode> {
    return this.#nodes;
  }
  /** By `instanceKey`. */
  get instances(): ReadonlyMap<string, ConsulInstance> {
    return this.#instances;
  }
  get checks(): ReadonlyMap<string, ConsulCheck> {
    return this.#checks;
  }
  /** Names that the catalogue lists, with tags. May name services whose instances are hidden from the token. */
  get services(): ReadonlyMap<string, readonly string[]> {
    return this.#services;
  }
  /** "" until known. */
  get datacenter(): string {
    return this.#datacenter;
  }

  /** Each returns whether anything changed. */
  replaceNodes(nodes: readonly ConsulNode[]): boolean {
    const next = reconcile(this.#nodes, nodes, (node) => node.name);
    const changed = next !== this.#nodes;
    this.#nodes = next;
    return changed;
  }

  replaceInstances(instances: readonly ConsulInstance[]): boolean {
    const next = reconcile(this.#instances, instances, (instance) => instanceKey(instance.node, instance.id));
    const changed = next !== this.#instances;
    this.#instances = next;
    return changed;
  }

  replaceChecks(checks: readonly ConsulCheck[]): boolean {
    const next = reconcile(this.#checks, checks, (check) => `${escape(check.node)}:${check.id}`);
    const changed = next !== this.#checks;
    this.#checks = next;
    return changed;
  }

  replaceServices(services: Readonly<Record<string, readonly string[]>>): boolean {
    // The order of tags changes from answer to answer.
    const sorted = Object.entries(services).map(([name, tags]) => ({ name, tags: [...tags].sort() }));
    const before = [...this.#services].map(([name, tags]) => ({ name, tags }));
    const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
    if (isDeepStrictEqual(sorted.sort(byName), before)) return false;
    this.#services = new Map(sorted.map(({ name, tags }) => [name, tags]));
    return true;
  }

  setDatacenter(name: string): boolean {
    if (name === '' || name === this.#datacenter) return false;
    this.#datacenter = name;
    return true;
  }
}

/** A service id is unique on its node only. `:` separates, so it is escaped in node names. */
export function instanceKey(node: string, serviceId: string): string {
  return `${escape(node)}:${serviceId}`;
}

function escape(node: string): string {
  if (!node.includes(':') && !node.includes('%')) return node;
  return node.replace(/[%:]/g, (char) => (char === '%' ? '%25' : '%3A'));
}

/** The same map when nothing changed; otherwise a new one that keeps equal rows' objects. */
function reconcile<T>(
  before: ReadonlyMap<string, T>,
  rows: readonly T[],
  keyOf: (row: T) => string,
): ReadonlyMap<string, T> {
  const after = new Map<string, T>();
  let changed = false;
  for (const row of rows) {
    const key = keyOf(row);
    const old = before.get(key);
    if (old !== undefined && isDeepStrictEqual(old, row)) after.set(key, old);
    else {
      after.set(key, row);
      changed = true;
    }
  }
  return changed || after.size !== before.size ? after : before;
}
