import type { ConnectionStatus } from '../../../shared/model/connection.ts';
import type { Entity, Observation, ObservedEntity } from '../../../shared/model/entity.ts';
import { sourceId, type Source } from '../../../shared/model/freshness.ts';
import type { Health, HealthState } from '../../../shared/model/health.ts';
import { linkKey, type Link } from '../../../shared/model/link.ts';
import type { Transition, WorldPatch, WorldSnapshot } from '../../../shared/model/world.ts';
import { crossLinks, serviceLinks } from './correlate.ts';
import { sameData } from './equal.ts';
import { JoinIndex, keysOf } from './join-index.ts';
import { LinkTable } from './link-table.ts';
import { dependentsOf, rollUp } from './roll-up.ts';
import { TransitionLog } from './transitions.ts';

/** How often one entity may be rolled up in one flush; ends rings of virtual IPs that route to each other. */
const MAX_ROLL_UPS = 8;

/** Owner, in the link table, of what the console itself concluded. */
const CONCLUDED = 'concluded';

/**
 * The engine's world: everything observed, joined and judged. Feed it with observations and statuses; `flush` does the
 * work that they caused (joins, roll-up) and returns one patch with what changed. Work is proportional to what
 * changed. No I/O and no clock of its own: all times come in as epoch milliseconds.
 */
export class World {
  readonly environmentId: string;
  readonly #entities = new Map<string, Entity>();
  readonly #links = new LinkTable();
  readonly #index = new JoinIndex();
  readonly #connections = new Map<string, ConnectionStatus>();
  readonly #sources = new Map<string, Source>();
  readonly #transitions = new TransitionLog();
  /** What each source said last. */
  readonly #said = new Map<string, { ids: readonly string[]; links: readonly Link[] }>();
  /** Links concluded for an entity, by its id. */
  readonly #concluded = new Map<string, Map<string, Link>>();
  /** Sources whose first answer was seen: what appears in them later is news. */
  readonly #known = new Set<string>();
  #seq = 0;
  #pending = emptyChanges();

  constructor(environmentId: string) {
    this.environmentId = environmentId;
  }

  get entityCount(): number {
    return this.#entities.size;
  }

  get linkCount(): number {
    return this.#links.size;
  }

  entity(id: string): Entity | undefined {
    return this.#entities.get(id);
  }

  linksFrom(id: string): Iterable<Link> {
    return this.#links.from(id);
  }

  linksTo(id: string): Iterable<Link> {
    return this.#links.to(id);
  }

  transitions(entityId: string | undefined, limit: number): Transition[] {
    return this.#transitions.read(entityId, limit);
  }

  /**
   * Replaces what this scope said before. Of two scopes that claim one id, the first keeps it.
   *
   * Systems answer completely each time, mostly the same in the same order: what stands where it stood is compared and
   * nothing else, so that no keys and sets are made for thousands of things that did not change.
   */
  observe(connectionId: string, observation: Observation, now: number): void {
    const source = sourceId(connectionId, observation.scope);
    const before = this.#said.get(source) ?? { ids: [], links: [] };
    const ids: string[] = [];
    for (const observed of observation.entities) {
      const known = this.#entities.get(observed.id);
      if (known && known.sourceId !== source) continue;
      ids.push(observed.id);
      this.#take(connectionId, source, observed, known, now);
    }
    this.#hearLinks(source, before.links, observation.links);
    if (!sameIds(before.ids, ids)) {
      const still = new Set(ids);
      for (const id of before.ids) if (!still.has(id)) this.#drop(id, now);
    }
    this.#said.set(source, { ids, links: observation.links });
    this.#known.add(source);
  }

  setConnection(status: ConnectionStatus): void {
    if (sameData(this.#connections.get(status.id), status)) return;
    this.#connections.set(status.id, status);
    this.#pending.connections.add(status.id);
  }

  setSource(source: Source): void {
    if (sameData(this.#sources.get(source.id), source)) return;
    this.#sources.set(source.id, source);
    this.#pending.sources.add(source.id);
  }

  /** Forgets a connection and all that came from it. */
  removeConnection(connectionId: string, now: number): void {
    for (const source of this.#sources.values()) {
      if (source.connectionId === connectionId) {
        this.observe(connectionId, { scope: source.scope, entities: [], links: [], asOf: now }, now);
        this.#said.delete(source.id);
        this.#known.delete(source.id);
        this.#sources.delete(source.id);
        this.#pending.sources.add(source.id);
      }
    }
    if (this.#connections.delete(connectionId)) this.#pending.connections.add(connectionId);
  }

  snapshot(now: number): WorldSnapshot {
    return {
      type: 'snapshot',
      seq: this.#seq,
      environmentId: this.environmentId,
      at: now,
      connections: [...this.#connections.values()],
      sources: [...this.#sources.values()],
      entities: [...this.#entities.values()],
      links: this.#links.all(),
    };
  }

  /** Joins and judges what changed since the last flush. undefined: nothing did. */
  flush(now: number): WorldPatch | undefined {
    this.#join();
    this.#judge(now);
    const changes = this.#pending;
    if (isEmpty(changes)) return undefined;
    this.#pending = emptyChanges();
    const entities = split(changes.entities, (id) => this.#entities.get(id));
    const links = split(changes.links, (key) => this.#links.get(key));
    const connections = split(changes.connections, (id) => this.#connections.get(id));
    const sources = split(changes.sources, (id) => this.#sources.get(id));
    return {
      type: 'patch',
      seq: ++this.#seq,
      at: now,
      connections: connections.present,
      removedConnections: connections.gone,
      sources: sources.present,
      removedSources: sources.gone,
      entities: entities.present,
      removedEntities: entities.gone,
      links: links.present,
      removedLinks: links.gone,
    };
  }

  #take(
    connectionId: string,
    source: string,
    observed: ObservedEntity,
    known: Entity | undefined,
    now: number,
  ): void {
    if (known && sameObserved(known, observed)) return;
    const health: Health = known?.health ?? { ...observed.ownHealth, since: now, causes: [] };
    const entity: Entity = { ...observed, connectionId, sourceId: source, health };
    this.#entities.set(entity.id, entity);
    this.#pending.entities.add(entity.id);
    if (known && onlyMetricsDiffer(known, observed)) return;
    this.#pending.judge.add(entity.id);
    if (known && sameJoins(known, entity)) return;
    if (known) {
      this.#touchKeys(known);
      this.#index.remove(known);
    } else {
      this.#pending.fresh.set(entity.id, this.#known.has(source));
      // Links to it may have come before it.
      for (const dependent of dependentsOf(entity, this)) this.#pending.judge.add(dependent);
    }
    this.#index.add(entity);
    this.#touchKeys(entity);
    this.#pending.join.add(entity.id);
  }

  #drop(id: string, now: number): void {
    const entity = this.#entities.get(id);
    if (!entity) return;
    this.#touchKeys(entity);
    this.#index.remove(entity);
    for (const dependent of dependentsOf(entity, this)) this.#pending.judge.add(dependent);
    this.#entities.delete(id);
    this.#pending.entities.add(id);
    this.#pending.join.add(id);
    if (!this.#pending.fresh.delete(id)) {
      this.#transitions.record({ entityId: id, at: now, from: entity.health.state, to: null });
    }
  }

  /** Whoever shares a join key with this entity must be joined again. */
  #touchKeys(entity: Entity): void {
    for (const key of keysOf(entity)) for (const id of this.#index.under(key)) this.#pending.join.add(id);
  }

  #hearLinks(source: string, before: readonly Link[], after: readonly Link[]): void {
    const gone: Link[] = [];
    for (let i = 0; i < Math.max(before.length, after.length); i++) {
      const [old, link] = [before[i], after[i]];
      if (old && link && sameLink(old, link)) continue;
      if (old) gone.push(old);
      if (link) this.#putLink(source, link);
    }
    if (gone.length === 0) return;
    // What left its place may stand at another.
    const still = new Set(after.map(linkKey));
    for (const link of gone) if (!still.has(linkKey(link))) this.#dropLink(source, linkKey(link));
  }

  #putLink(owner: string, link: Link): void {
    if (this.#links.put(owner, link)) this.#linkChanged(link);
  }

  #dropLink(owner: string, key: string): void {
    const link = this.#links.get(key);
    if (link && this.#links.remove(owner, key)) this.#linkChanged(link);
  }

  #linkChanged(link: Link): void {
    this.#pending.links.add(linkKey(link));
    this.#pending.judge.add(link.from).add(link.to);
    // The services behind a virtual IP follow from its members', their instances' and those services' links.
    for (const end of [link.from, link.to]) this.#touchVirtualIpsAbove(end);
  }

  /** member → its virtual IP; instance → its members → their virtual IPs. */
  #touchVirtualIpsAbove(id: string): void {
    const entity = this.#entities.get(id);
    if (entity?.kind === 'virtual-ip') this.#pending.services.add(id);
    if (entity?.kind !== 'member' && entity?.kind !== 'instance') return;
    for (const link of this.#links.to(id)) {
      const above = this.#entities.get(link.from);
      if (above?.kind === 'virtual-ip') this.#pending.services.add(above.id);
      else if (above?.kind === 'member') this.#touchVirtualIpsAbove(above.id);
    }
  }

  #join(): void {
    const view = { index: this.#index, entity: (id: string) => this.#entities.get(id) };
    for (const id of this.#pending.join) {
      const entity = this.#entities.get(id);
      this.#conclude(id, entity ? crossLinks(entity, view) : []);
      if (entity) this.#touchVirtualIpsAbove(id);
    }
    this.#pending.join.clear();
    for (const id of this.#pending.services) {
      const entity = this.#entities.get(id);
      this.#conclude(`${id} services`, entity ? this.#serviceLinks(entity) : []);
    }
    this.#pending.services.clear();
  }

  #conclude(subject: string, links: readonly Link[]): void {
    const before = this.#concluded.get(subject);
    const after = new Map(links.map((link) => [linkKey(link), link]));
    for (const link of after.values()) this.#putLink(CONCLUDED, link);
    if (before) for (const key of before.keys()) if (!after.has(key)) this.#dropLink(CONCLUDED, key);
    if (after.size > 0) this.#concluded.set(subject, after);
    else this.#concluded.delete(subject);
  }

  #serviceLinks(virtualIp: Entity): Link[] {
    const pairs: { member: Entity; service: Entity }[] = [];
    let memberCount = 0;
    for (const toMember of this.#links.from(virtualIp.id)) {
      const member = this.#entities.get(toMember.to);
      if (member?.kind !== 'member') continue;
      memberCount++;
      for (const toInstance of this.#links.from(member.id)) {
        if (toInstance.kind !== 'same-as') continue;
        for (const toService of this.#links.to(toInstance.to)) {
          const service = this.#entities.get(toService.from);
          if (service?.kind === 'service') pairs.push({ member, service });
        }
      }
    }
    return serviceLinks(virtualIp, memberCount, pairs);
  }

  #judge(now: number): void {
    const queue = [...this.#pending.judge];
    const queued = new Set(queue);
    const times = new Map<string, number>();
    const before = new Map<string, HealthState>();
    this.#pending.judge.clear();
    for (let next = 0; next < queue.length; next++) {
      const id = queue[next] as string;
      queued.delete(id);
      const entity = this.#entities.get(id);
      const turn = (times.get(id) ?? 0) + 1;
      if (!entity || turn > MAX_ROLL_UPS) continue;
      times.set(id, turn);
      const verdict = rollUp(entity, this);
      const { health } = entity;
      if (
        health.state === verdict.state &&
        health.reason === verdict.reason &&
        sameData(health.causes, verdict.causes)
      ) {
        continue;
      }
      const stateChanged = health.state !== verdict.state;
      const updated: Entity = { ...entity, health: { ...verdict, since: stateChanged ? now : health.since } };
      this.#entities.set(id, updated);
      this.#pending.entities.add(id);
      if (!before.has(id)) before.set(id, health.state);
      for (const dependent of dependentsOf(updated, this)) {
        if (!queued.has(dependent)) {
          queued.add(dependent);
          queue.push(dependent);
        }
      }
    }
    this.#noteTransitions(before, now);
  }

  /** One transition an entity and flush, however often the roll-up came by. What is new has no state before. */
  #noteTransitions(before: ReadonlyMap<string, HealthState>, now: number): void {
    for (const [id, isNews] of this.#pending.fresh) {
      const entity = this.#entities.get(id);
      if (isNews && entity) this.#record(entity, null, now);
    }
    for (const [id, from] of before) {
      const entity = this.#entities.get(id);
      if (entity && entity.health.state !== from && !this.#pending.fresh.has(id))
        this.#record(entity, from, now);
    }
    this.#pending.fresh.clear();
  }

  #record({ id, health }: Entity, from: HealthState | null, now: number): void {
    const reason = health.reason === undefined ? {} : { reason: health.reason };
    this.#transitions.record({ entityId: id, at: now, from, to: health.state, ...reason });
  }
}

interface Changes {
  readonly entities: Set<string>;
  readonly links: Set<string>;
  readonly connections: Set<string>;
  readonly sources: Set<string>;
  /** Entities whose cross links must be derived again. */
  readonly join: Set<string>;
  /** Virtual IPs whose services must be derived again. */
  readonly services: Set<string>;
  /** Entities whose health must be rolled up again. */
  readonly judge: Set<string>;
  /** Entities not seen before → whether that is news, that is, not part of their source's first answer. */
  readonly fresh: Map<string, boolean>;
}

function emptyChanges(): Changes {
  return {
    entities: new Set(),
    links: new Set(),
    connections: new Set(),
    sources: new Set(),
    join: new Set(),
    services: new Set(),
    judge: new Set(),
    fresh: new Map(),
  };
}

function isEmpty({ entities, links, connections, sources }: Changes): boolean {
  return entities.size + links.size + connections.size + sources.size === 0;
}

function split<T>(
  ids: Iterable<string>,
  get: (id: string) => T | undefined,
): { present: T[]; gone: string[] } {
  const present: T[] = [];
  const gone: string[] = [];
  for (const id of ids) {
    const value = get(id);
    if (value === undefined) gone.push(id);
    else present.push(value);
  }
  return { present, gone };
}

function sameIds(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, i) => id === b[i]);
}

function sameLink(a: Link, b: Link): boolean {
  return (
    a === b ||
    (a.from === b.from &&
      a.to === b.to &&
      a.kind === b.kind &&
      a.rule === b.rule &&
      a.evidence === b.evidence &&
      a.confidence === b.confidence)
  );
}

function sameObserved(known: Entity, observed: ObservedEntity): boolean {
  return sameData(known.metrics, observed.metrics) && onlyMetricsDiffer(known, observed);
}

function onlyMetricsDiffer(known: Entity, observed: ObservedEntity): boolean {
  return (
    known.kind === observed.kind &&
    known.name === observed.name &&
    known.ownHealth.state === observed.ownHealth.state &&
    known.ownHealth.reason === observed.ownHealth.reason &&
    sameData(known.attrs, observed.attrs) &&
    sameJoins(known, observed)
  );
}

function sameJoins(a: ObservedEntity, b: ObservedEntity): boolean {
  return (
    a.name === b.name &&
    a.kind === b.kind &&
    a.declaredConnection === b.declaredConnection &&
    sameData(a.sockets, b.sockets) &&
    sameData(a.addresses, b.addresses) &&
    (a.kind !== 'instance' || b.kind !== 'instance' || a.attrs.nodeName === b.attrs.nodeName)
  );
}
