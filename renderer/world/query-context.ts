import type { Entity } from '../../shared/model/entity.ts';
import type { QueryContext } from '../ui/query.ts';
import { linksAt, type Mirror } from './mirror.ts';

/** How many links deep a host is looked for; the longest real path (member → instance → guest → host) has three. */
const MAX_DEPTH = 6;

/** What `matches` needs, read from the mirror at `now` (engine clock). Valid until the mirror changes. */
export function queryContextOf(mirror: Mirror, now: number): QueryContext {
  return {
    now,
    sourceOf: (entity) => mirror.sources.get(entity.sourceId),
    nodesOf: (entity) => nodesOf(mirror, entity),
  };
}

/** Names of the hosts and nodes that an entity runs on, over `runs-on` and `same-as` links and what it says itself. */
export function nodesOf(mirror: Mirror, start: Entity): readonly string[] {
  const names = new Set<string>();
  const seen = new Set([start.id]);
  let edge = [start];
  for (let depth = 0; edge.length > 0 && depth < MAX_DEPTH; depth++) {
    const next: Entity[] = [];
    for (const entity of edge) {
      for (const name of ownNodeNames(entity)) names.add(name);
      for (const link of linksAt(mirror, entity.id)) {
        const below = otherEndBelow(link.kind, link.from, link.to, entity.id);
        const other = below === null || seen.has(below) ? undefined : mirror.entities.get(below);
        if (!other) continue;
        seen.add(other.id);
        next.push(other);
      }
    }
    edge = next;
  }
  return [...names];
}

function otherEndBelow(kind: string, from: string, to: string, id: string): string | null {
  if (kind === 'runs-on') return from === id ? to : null;
  if (kind === 'same-as') return from === id ? to : from;
  return null;
}

function ownNodeNames(entity: Entity): readonly string[] {
  switch (entity.kind) {
    case 'host':
    case 'node':
      return [entity.name];
    case 'guest':
      return [entity.attrs.hostName];
    case 'instance':
      return [entity.attrs.nodeName];
    case 'storage':
      return entity.attrs.hostName === undefined ? [] : [entity.attrs.hostName];
    case 'virtual-ip':
    case 'member':
    case 'load-balancer':
    case 'port':
    case 'service':
    case 'llm-balancer':
    case 'llm-endpoint':
    case 'llm-client':
      return [];
  }
}
