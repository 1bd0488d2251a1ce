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

  /** Call once before each round; what the last round did not ask for is forgotten. */
  begin(): void {
    this.#before = this.#now;
    this.#now = new Map();
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
