import type { ObservedEntity } from '../../../../shared/model/entity.ts';
import type { Link } from '../../../../shared/model/link.ts';

export interface Made {
  readonly entity: ObservedEntity;
  readonly links: readonly Link[];
}

interface Entry {
  readonly inputs: readonly unknown[];
  readonly made: Made;
}

/**
 * Keeps what was made of unchanged inputs (compared by identity), so that one changed check costs one entity, not all of
 * them. Without one, everything is made anew; the outcome is the same.
 */
export class Memo {
  #before = new Map<string, Entry>();
  #now = new Map<string, Entry>();
  #idsBefore = new Map<string, string>();
  #ids = new Map<string, string>();

  /** Call once before each round; what the last round did not ask for is forgotten. */
  begin(): void {
    this.#before = this.#now;
    this.#now = new Map();
    this.#idsBefore = this.#ids;
    this.#ids = new Map();
  }

  /** An id by its key: encoding thousands of names costs more than looking them up. */
  id(key: string, make: () => string): string {
    const id = this.#idsBefore.get(key) ?? make();
    this.#ids.set(key, id);
    return id;
  }

  get(key: string, inputs: readonly unknown[], make: () => Made): Made {
    const old = this.#before.get(key);
    const made = old !== undefined && same(old.inputs, inputs) ? old.made : make();
    this.#now.set(key, { inputs, made });
    return made;
  }
}

function same(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => Object.is(value, b[index]));
}
