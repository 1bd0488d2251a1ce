import type { ConnectionStatus } from '../../shared/model/connection.ts';
import type { Entity } from '../../shared/model/entity.ts';
import type { Source } from '../../shared/model/freshness.ts';
import { linkKey, type Link } from '../../shared/model/link.ts';
import type { WorldEvent } from '../../shared/model/world.ts';

/**
 * The renderer's copy of the engine's world. The maps are changed in place, so that a patch costs what changed and not
 * what exists; `revision` tells readers that something did. Plain data, no React: see `store.ts` for the hooks.
 */
export interface Mirror {
  /** Of the last event applied; -1 before the first snapshot. */
  seq: number;
  environmentId: string;
  /** Engine clock at the last event, and this process's clock when it came: ages are measured on the engine's clock. */
  engineAt: number;
  receivedAt: number;
  readonly connections: Map<string, ConnectionStatus>;
  readonly sources: Map<string, Source>;
  readonly entities: Map<string, Entity>;
  readonly links: Map<string, Link>;
  /** linkKeys by the entity at either end. */
  readonly linksOf: Map<string, Set<string>>;
  /** Grows with every applied event. */
  revision: number;
  /** Grows only when entities or links came, went, or changed in something else than metrics. */
  shapeRevision: number;
}

export function emptyMirror(): Mirror {
  return {
    seq: -1,
    environmentId: '',
    engineAt: 0,
    receivedAt: 0,
    connections: new Map(),
    sources: new Map(),
    entities: new Map(),
    links: new Map(),
    linksOf: new Map(),
    revision: 0,
    shapeRevision: 0,
  };
}

/** `gap`: a patch was missed; the caller must watch anew to get a snapshot. The mirror is unchanged then. */
export type ApplyResult = 'applied' | 'gap';

/** Applies one event. `receivedAt` is this process's clock in epoch ms. */
export function applyEvent(mirror: Mirror, event: WorldEvent, receivedAt: number): ApplyResult {
  if (event.type === 'snapshot') {
    mirror.environmentId = event.environmentId;
    for (const map of [mirror.connections, mirror.sources, mirror.entities, mirror.links, mirror.linksOf])
      map.clear();
    mirror.shapeRevision++;
  } else if (event.seq !== mirror.seq + 1) {
    return 'gap';
  } else {
    for (const id of event.removedConnections) mirror.connections.delete(id);
    for (const id of event.removedSources) mirror.sources.delete(id);
    for (const key of event.removedLinks) removeLink(mirror, key);
    for (const id of event.removedEntities) mirror.entities.delete(id);
    if (event.removedLinks.length || event.removedEntities.length || event.links.length)
      mirror.shapeRevision++;
    else if (event.entities.some((entity) => shapeChanged(mirror.entities.get(entity.id), entity)))
      mirror.shapeRevision++;
  }
  for (const connection of event.connections) mirror.connections.set(connection.id, connection);
  for (const source of event.sources) mirror.sources.set(source.id, source);
  for (const entity of event.entities) mirror.entities.set(entity.id, entity);
  for (const link of event.links) addLink(mirror, link);
  mirror.seq = event.seq;
  mirror.engineAt = event.at;
  mirror.receivedAt = receivedAt;
  mirror.revision++;
  return 'applied';
}

/** The engine's clock now, as well as this process can tell. */
export function engineNow(mirror: Mirror, localNow: number): number {
  return mirror.engineAt + Math.max(0, localNow - mirror.receivedAt);
}

/** Links at either end of an entity. */
export function linksAt(mirror: Mirror, entityId: string): Link[] {
  const keys = mirror.linksOf.get(entityId);
  if (!keys) return [];
  return [...keys].flatMap((key) => mirror.links.get(key) ?? []);
}

function shapeChanged(before: Entity | undefined, after: Entity): boolean {
  return (
    !before ||
    before.health.state !== after.health.state ||
    before.name !== after.name ||
    before.health.reason !== after.health.reason ||
    JSON.stringify(before.attrs) !== JSON.stringify(after.attrs)
  );
}

function addLink(mirror: Mirror, link: Link): void {
  const key = linkKey(link);
  mirror.links.set(key, link);
  for (const end of [link.from, link.to]) {
    const keys = mirror.linksOf.get(end);
    if (keys) keys.add(key);
    else mirror.linksOf.set(end, new Set([key]));
  }
}

function removeLink(mirror: Mirror, key: string): void {
  const link = mirror.links.get(key);
  if (!link) return;
  mirror.links.delete(key);
  for (const end of [link.from, link.to]) {
    const keys = mirror.linksOf.get(end);
    keys?.delete(key);
    if (keys?.size === 0) mirror.linksOf.delete(end);
  }
}
