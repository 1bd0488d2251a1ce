import { tagsOf } from '../../ui/query.ts';
import type { Qualifier } from '../../ui/query.ts';
import type { Mirror } from '../../world/mirror.ts';

const MOST = 200;

/** Tags, hosts and systems of the world, to offer while a filter is typed. One pass; each list is capped. */
export function knownValues(mirror: Mirror): Partial<Record<Qualifier, readonly string[]>> {
  const tags = new Set<string>();
  const nodes = new Set<string>();
  for (const entity of mirror.entities.values()) {
    if (tags.size < MOST) for (const tag of tagsOf(entity)) tags.add(tag);
    if ((entity.kind === 'host' || entity.kind === 'node') && nodes.size < MOST) nodes.add(entity.name);
  }
  const systems = [...mirror.connections.values()].flatMap(({ id, system }) => [system, id]);
  return { tag: [...tags].sort(), node: [...nodes].sort(), system: [...new Set(systems)].sort() };
}
