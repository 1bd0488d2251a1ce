import type { Entity, EntityKind } from '../../../shared/model/entity.ts';
import type { Link } from '../../../shared/model/link.ts';
import { linksAt, type Mirror } from '../../world/mirror.ts';

/** One thing that suffers when an entity fails: what carries its requests, and how much of that is left. */
export interface Impact {
  readonly entity: Entity;
  /** What it spreads its requests over: "instance", "member", "LLM endpoint"; null: it has no such parts. */
  readonly part: EntityKind | null;
  /** Parts in all. */
  readonly total: number;
  /** Parts that are down now. */
  readonly lost: number;
  /** Parts that stand on the entity in question, and so would be lost with it. */
  readonly exposed: number;
  /** Parts that are neither down nor exposed: what would still carry requests. */
  readonly left: number;
}

export interface Impacts {
  readonly shown: readonly Impact[];
  /** All that are told, shown or not. */
  readonly total: number;
  /** Guests that run on it: many of a kind, and what they serve is told above. */
  readonly guests: number;
}

/** Kinds that clients or operators speak of. The members and instances between are told as their parts. */
const told: ReadonlySet<EntityKind> = new Set(['virtual-ip', 'service', 'llm-balancer', 'load-balancer']);

/** Nothing real is this deep: VIP → member → instance → guest → host has four links. */
const MAX_DEPTH = 12;
const MOST_WALKED = 5_000;

/**
 * What depends on an entity: walks the links upwards, from what is needed to what needs it. Services, virtual IPs and
 * balancers are told with how many of their parts stand on it; those that lose most come first.
 */
export function impactsOf(mirror: Mirror, startId: string, most: number): Impacts {
  const reached = dependentsOf(mirror, startId);
  const impacts: Impact[] = [];
  let guests = 0;
  for (const id of reached) {
    const entity = mirror.entities.get(id);
    if (id === startId || !entity) continue;
    if (entity.kind === 'guest') guests++;
    else if (told.has(entity.kind)) impacts.push(impactOn(mirror, entity, reached));
  }
  impacts.sort(
    (a, b) =>
      shareLeft(a) - shareLeft(b) ||
      rankOf(a.entity.kind) - rankOf(b.entity.kind) ||
      a.entity.name.localeCompare(b.entity.name, 'en', { numeric: true }),
  );
  return { shown: impacts.slice(0, most), total: impacts.length, guests };
}

function rankOf(kind: EntityKind): number {
  return [...told].indexOf(kind);
}

/** Share of its parts that stays when the entity fails; what has no parts is hit as a whole. */
function shareLeft({ total, left }: Impact): number {
  return total === 0 ? 0 : left / total;
}

/** Everything above an entity, itself included. Circles end where they began. */
export function dependentsOf(mirror: Mirror, startId: string): ReadonlySet<string> {
  const reached = new Set([startId]);
  let edge = [startId];
  for (let depth = 0; edge.length > 0 && depth < MAX_DEPTH && reached.size < MOST_WALKED; depth++) {
    const next: string[] = [];
    for (const id of edge) {
      for (const link of linksAt(mirror, id)) {
        const above = aboveOf(link, id);
        if (above === null || reached.has(above)) continue;
        reached.add(above);
        next.push(above);
      }
    }
    edge = next;
  }
  return reached;
}

/** The end that needs `id`, or null. Checks watch and need nothing. */
function aboveOf({ kind, from, to }: Link, id: string): string | null {
  switch (kind) {
    case 'routes-to':
    case 'runs-on':
    case 'calls':
      return to === id ? from : null;
    case 'same-as':
      return to === id ? from : to;
    case 'checks':
      return null;
  }
}

function impactOn(mirror: Mirror, entity: Entity, reached: ReadonlySet<string>): Impact {
  const parts = partsOf(mirror, entity);
  return {
    entity,
    part: parts[0]?.kind ?? null,
    total: parts.length,
    lost: parts.filter(isDown).length,
    exposed: parts.filter(({ id }) => reached.has(id)).length,
    left: parts.filter((candidate) => !isDown(candidate) && !reached.has(candidate.id)).length,
  };
}

function isDown({ health }: Entity): boolean {
  return health.state === 'down';
}

const partKind: Partial<Record<EntityKind, EntityKind>> = {
  'virtual-ip': 'member',
  service: 'instance',
  'llm-balancer': 'llm-endpoint',
};

function partsOf(mirror: Mirror, entity: Entity): Entity[] {
  const wanted = partKind[entity.kind];
  if (wanted === undefined) return [];
  return linksAt(mirror, entity.id).flatMap(({ kind, from, to }) => {
    const part = kind === 'routes-to' && from === entity.id ? mirror.entities.get(to) : undefined;
    return part?.kind === wanted ? [part] : [];
  });
}
