import type { Entity } from '../../../shared/model/entity.ts';
import { severity, worse, type Health, type HealthState } from '../../../shared/model/health.ts';
import type { Link } from '../../../shared/model/link.ts';

/** Health without `since`, which only the store can know. */
export type RolledUp = Omit<Health, 'since'>;

/** What the roll-up may ask of the world: links by their end, and the entities' health so far. */
export interface HealthView {
  entity(id: string): Entity | undefined;
  linksFrom(id: string): Iterable<Link>;
  linksTo(id: string): Iterable<Link>;
}

/** How one entity's health weighs on another. */
type Role =
  /** One of several that share the work: all must be down for the whole to be down. */
  | 'share'
  /** What it stands on: down below is down above. */
  | 'base'
  /** The same thing seen by another system: the worse view counts. */
  | 'view'
  /** Something behind it that makes it less useful, but not gone. */
  | 'behind';

interface Dependency {
  readonly on: Entity;
  readonly role: Role;
}

const MAX_CAUSES = 10;
const NAMED_IN_REASON = 3;

/**
 * The health of `entity` from what its system says and from the health of what it depends on. Pure; the store calls it
 * again for every dependent of a changed entity, until nothing changes.
 */
export function rollUp(entity: Entity, view: HealthView): RolledUp {
  const dependencies = dependenciesOf(entity, view);
  const shared = fromShares(entity, dependencies);
  const verdicts = [shared, ...dependencies.map(({ on, role }) => fromOne(entity, on, role))].filter(
    (verdict) => verdict !== undefined,
  );
  const own: RolledUp = { ...entity.ownHealth, causes: [] };
  let result = own;
  for (const verdict of verdicts) {
    // An own failure that a dependency explains is told by its cause; an unexplained unknown gives way to knowledge.
    const explains = severity(verdict.state) >= severity(result.state) || result.state === 'unknown';
    if (explains) result = verdict;
  }
  if (result === own) return own;
  const state = own.state === 'unknown' ? result.state : worse(own.state, result.state);
  // Of its shares the system itself tells the same: once is enough.
  const adds = own.state === state && result !== shared;
  const reason = joinReasons(result.reason, adds ? own.reason : undefined);
  // A thing is never its own cause, even where links form a ring.
  const causes = result.causes.filter((id) => id !== entity.id);
  return { state, ...(reason === undefined ? {} : { reason }), causes };
}

/** Ids of the entities whose health must be computed again when this one's changed. */
export function dependentsOf(entity: Entity, view: HealthView): string[] {
  const ids: string[] = [];
  for (const link of view.linksTo(entity.id)) {
    const from = view.entity(link.from);
    if (from && roleOf(from, link, entity) !== undefined) ids.push(from.id);
  }
  for (const link of view.linksFrom(entity.id)) {
    const to = view.entity(link.to);
    if (to && reverseRoleOf(entity, link, to) !== undefined) ids.push(to.id);
  }
  return ids;
}

function dependenciesOf(entity: Entity, view: HealthView): Dependency[] {
  const found: Dependency[] = [];
  for (const link of view.linksFrom(entity.id)) {
    const on = view.entity(link.to);
    const role = on && roleOf(entity, link, on);
    if (on && role) found.push({ on, role });
  }
  for (const link of view.linksTo(entity.id)) {
    const on = view.entity(link.from);
    const role = on && reverseRoleOf(on, link, entity);
    if (on && role) found.push({ on, role });
  }
  // By id: the same facts always give the same words, whatever the order in which they came.
  return found.sort((a, b) => (a.on.id < b.on.id ? -1 : 1));
}

/** Role of `to` for `from`. A merely possible link must not paint anything red. */
function roleOf(from: Entity, link: Link, to: Entity): Role | undefined {
  if (link.confidence === 'possible') return undefined;
  switch (link.kind) {
    case 'routes-to':
      // A virtual IP is judged by its members; the service behind it is the same fact seen twice. A client that calls
      // something broken is not itself broken.
      if (from.kind === 'llm-client' || link.rule === 'members-are-instances') return undefined;
      return link.rule === 'virtual-ip-as-member' ? 'view' : 'share';
    case 'runs-on':
      return to.kind === 'node' || from.kind === 'storage' ? undefined : 'base';
    case 'same-as':
      // An LLM balancer answers for itself; the catalogue's opinion of it is shown beside it.
      return from.kind === 'llm-balancer' ? undefined : 'view';
    case 'checks':
    case 'calls':
      return undefined;
  }
}

/** Role of `from` for `to`: a balancer that cannot route makes the instance it is less useful. */
function reverseRoleOf(from: Entity, link: Link, _to: Entity): Role | undefined {
  return link.kind === 'same-as' && from.kind === 'llm-balancer' ? 'behind' : undefined;
}

function fromShares(entity: Entity, dependencies: readonly Dependency[]): RolledUp | undefined {
  const shares = dependencies.filter(({ role }) => role === 'share').map(({ on }) => on);
  if (shares.length === 0) return undefined;
  const down = shares.filter((on) => on.health.state === 'down');
  const hurt = shares.filter((on) => on.health.state === 'degraded');
  const away = shares.filter((on) => on.health.state === 'maintenance');
  const unknown = shares.filter((on) => on.health.state === 'unknown');
  const noun = shareNoun(entity);
  if (down.length + away.length === shares.length) {
    const state: HealthState = down.length > 0 ? 'down' : 'maintenance';
    const which = state === 'down' ? down : away;
    return verdict(state, `no ${noun} left: ${tell(which, shares.length, noun, state)}`, which);
  }
  if (down.length > 0) return verdict('degraded', tell(down, shares.length, noun, 'down'), down);
  if (hurt.length > 0) return verdict('degraded', tell(hurt, shares.length, noun, 'degraded'), hurt);
  if (unknown.length === shares.length)
    return verdict('unknown', `the state of all ${noun}s is unknown`, unknown);
  return entity.ownHealth.state === 'unknown' ? { state: 'healthy', causes: [] } : undefined;
}

function fromOne(entity: Entity, on: Entity, role: Role): RolledUp | undefined {
  const { state } = on.health;
  const because = `${on.name}${on.health.reason ? `: ${on.health.reason}` : ` is ${state}`}`;
  switch (role) {
    case 'share':
      return undefined;
    case 'base':
      return state === 'down' || state === 'maintenance' ? verdict(state, because, [on]) : undefined;
    case 'view':
      if (state === 'healthy')
        return entity.ownHealth.state === 'unknown' ? { state, causes: [] } : undefined;
      return state === 'unknown' ? undefined : verdict(state, because, [on]);
    case 'behind':
      return state === 'down' || state === 'degraded' ? verdict('degraded', because, [on]) : undefined;
  }
}

/** Causes nearest first: the entities named, then what caused those. */
function verdict(state: HealthState, reason: string, because: readonly Entity[]): RolledUp {
  const causes = new Set<string>();
  for (const entity of because) causes.add(entity.id);
  for (const entity of because) for (const cause of entity.health.causes) causes.add(cause);
  return { state, reason: reason.slice(0, 1_000), causes: [...causes].slice(0, MAX_CAUSES) };
}

function tell(which: readonly Entity[], total: number, noun: string, state: HealthState): string {
  const names = which.slice(0, NAMED_IN_REASON).map((entity) => entity.name);
  const more = which.length > NAMED_IN_REASON ? ` and ${which.length - NAMED_IN_REASON} more` : '';
  const adjective = state === 'maintenance' ? 'in maintenance' : state;
  return `${which.length} of ${total} ${noun}${total === 1 ? '' : 's'} ${adjective}: ${names.join(', ')}${more}`;
}

function shareNoun(entity: Entity): string {
  if (entity.kind === 'service') return 'instance';
  return entity.kind === 'llm-balancer' ? 'endpoint' : 'member';
}

function joinReasons(first: string | undefined, second: string | undefined): string | undefined {
  if (first === undefined || second === undefined || first.includes(second)) return first ?? second;
  return `${first}; ${second}`.slice(0, 1_000);
}
