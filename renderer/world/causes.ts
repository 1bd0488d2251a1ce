import type { ConnectionStatus } from '../../shared/model/connection.ts';
import type { Entity } from '../../shared/model/entity.ts';
import { severity } from '../../shared/model/health.ts';
import type { Mirror } from './mirror.ts';

/**
 * What is wrong, one group for each thing to fix. A cause is an unhealthy entity that nothing else explains, or a
 * connection that does not answer; `affected` is everything that it explains, worst first.
 */
export type Cause =
  | { readonly type: 'entity'; readonly entity: Entity; readonly affected: readonly Entity[] }
  | {
      readonly type: 'connection';
      readonly connection: ConnectionStatus;
      /** How many entities of it are shown as they were last seen. */
      readonly staleCount: number;
    };

/** Connections in trouble first (they limit what can be known), then entities: worst, most affected, oldest first. */
export function causesOf(mirror: Mirror): Cause[] {
  return [...connectionCauses(mirror), ...entityCauses(mirror)];
}

function isBad(entity: Entity): boolean {
  return entity.health.state === 'down' || entity.health.state === 'degraded';
}

const silent: ReadonlySet<string> = new Set(['stale', 'down', 'forbidden']);

function connectionCauses(mirror: Mirror): Cause[] {
  const troubled = [...mirror.connections.values()].filter(({ state }) => silent.has(state));
  if (troubled.length === 0) return [];
  const counts = new Map<string, number>();
  for (const { connectionId } of mirror.entities.values())
    counts.set(connectionId, (counts.get(connectionId) ?? 0) + 1);
  return troubled
    .sort((a, b) => a.since - b.since || a.id.localeCompare(b.id))
    .map((connection) => ({
      type: 'connection' as const,
      connection,
      staleCount: counts.get(connection.id) ?? 0,
    }));
}

function entityCauses(mirror: Mirror): Cause[] {
  const bad = [...mirror.entities.values()].filter(isBad);
  const badById = new Map(bad.map((entity) => [entity.id, entity]));
  const roots = new Map<string, Entity[]>();
  for (const entity of bad) {
    for (const root of rootsOf(entity, badById)) {
      const affected = roots.get(root);
      if (affected) affected.push(entity);
      else roots.set(root, [entity]);
    }
  }
  return [...roots]
    .flatMap(([id, explained]) => {
      const entity = badById.get(id);
      if (!entity) return [];
      const affected = explained.filter((other) => other !== entity).sort(worstFirst);
      return [{ type: 'entity' as const, entity, affected }];
    })
    .sort((a, b) => worstFirst(a.entity, b.entity) || b.affected.length - a.affected.length);
}

/**
 * The entities at the end of the chain of causes. Causes that are gone or well again explain nothing; where that, or a
 * circle, leaves no end, the entity stands for itself, so that nothing bad is ever left out.
 */
function rootsOf(entity: Entity, badById: ReadonlyMap<string, Entity>): readonly string[] {
  const roots = new Set<string>();
  const seen = new Set([entity.id]);
  const queue = [entity];
  for (let current = queue.pop(); current; current = queue.pop()) {
    const causes = current.health.causes.filter((id) => badById.has(id) && id !== current?.id);
    if (causes.length === 0) roots.add(current.id);
    for (const id of causes) {
      const cause = badById.get(id);
      if (!cause || seen.has(id)) continue;
      seen.add(id);
      queue.push(cause);
    }
  }
  return roots.size > 0 ? [...roots] : [entity.id];
}

/** Worst state first, then the longest-standing, then by id so that the order never flickers. */
export function worstFirst(a: Entity, b: Entity): number {
  return (
    severity(b.health.state) - severity(a.health.state) ||
    a.health.since - b.health.since ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  );
}
