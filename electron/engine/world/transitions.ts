import type { Transition } from '../../../shared/model/world.ts';

const PER_ENTITY = 200;
const OVERALL = 5_000;

/**
 * Health transitions since the engine started. Bounded: the newest 200 of each entity and the newest 5,000 of all; the
 * oldest go first.
 */
export class TransitionLog {
  readonly #byEntity = new Map<string, Transition[]>();
  #all: Transition[] = [];

  record(transition: Transition): void {
    const own = this.#byEntity.get(transition.entityId);
    if (own) {
      own.push(transition);
      if (own.length > PER_ENTITY) own.shift();
    } else {
      this.#byEntity.set(transition.entityId, [transition]);
    }
    this.#all.push(transition);
    // Trimmed in halves, so that a busy log is not copied for each entry.
    if (this.#all.length > OVERALL * 2) {
      this.#all = this.#all.slice(-OVERALL);
      this.#forgetEntities();
    }
  }

  /** Newest first. */
  read(entityId: string | undefined, limit: number): Transition[] {
    const source = entityId === undefined ? this.#all.slice(-OVERALL) : (this.#byEntity.get(entityId) ?? []);
    return source.slice(-limit).reverse();
  }

  /** Entities that no longer appear in the overall log, such as replaced containers, do not pile up. */
  #forgetEntities(): void {
    const recent = new Set(this.#all.map((transition) => transition.entityId));
    for (const id of this.#byEntity.keys()) if (!recent.has(id)) this.#byEntity.delete(id);
  }
}
