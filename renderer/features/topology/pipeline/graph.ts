import type { Entity, EntityKind } from '../../../../shared/model/entity.ts';
import { severity, type HealthState } from '../../../../shared/model/health.ts';
import type { Confidence, Link, LinkKind } from '../../../../shared/model/link.ts';
import { tierOf, type Tier } from './tiers.ts';

/** Several nodes drawn as one. */
export interface GroupFacts {
  readonly by: FoldBy;
  readonly key: string;
  readonly count: number;
  readonly states: Readonly<Record<HealthState, number>>;
}

export const foldings = ['none', 'service', 'host', 'pool', 'kind'] as const;
export type FoldBy = (typeof foldings)[number];

/** One thing on the map: an entity with whatever is the same as it, or a group. */
export interface TopoNode {
  /** Of the entity that stands for it, or of the group. */
  readonly id: string;
  readonly tier: Tier;
  readonly kind: EntityKind;
  /** Stands for the node: its kind, facts and numbers are shown. Of a group: the first by name. */
  readonly entity: Entity;
  /** All entities drawn as this node, the one that stands for it first. */
  readonly parts: readonly Entity[];
  readonly state: HealthState;
  readonly reason: string | undefined;
  readonly group: GroupFacts | null;
}

/** A link between two nodes; several links of the world may be drawn as one. */
export interface TopoEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: LinkKind;
  /** Nothing surer than a possible link stands behind it: it is drawn as a guess, and paints nothing bad. */
  readonly possible: boolean;
}

/** What is drawn, before and after filtering and folding. The order of nodes and edges means nothing. */
export interface Graph {
  readonly nodes: ReadonlyMap<string, TopoNode>;
  readonly edges: readonly TopoEdge[];
  /** The node that each entity of the world stands in, whether or not a filter left that node in `nodes`. */
  readonly drawnAs: ReadonlyMap<string, string>;
}

export const emptyGraph: Graph = { nodes: new Map(), edges: [], drawnAs: new Map() };

/** What is drawn as what, when two systems speak of one thing. */
const foldsInto: Partial<Readonly<Record<EntityKind, readonly EntityKind[]>>> = {
  member: ['instance'],
  node: ['guest', 'host'],
  'llm-balancer': ['instance', 'member'],
  'llm-endpoint': ['instance'],
};

/** These fold the other way round: they know more about the instance that they are, and stand for it. */
const standsForIt: ReadonlySet<EntityKind> = new Set<EntityKind>(['llm-balancer', 'llm-endpoint']);

/** Links that are drawn. `same-as` is what folding is made of; `checks` is no part of a request's path. */
const drawnKinds: ReadonlySet<LinkKind> = new Set<LinkKind>(['routes-to', 'runs-on', 'calls']);

const confidenceRank: Readonly<Record<Confidence, number>> = { certain: 2, likely: 1, possible: 0 };

/** Folds `same-as` and ends every drawn link on nodes. O(entities + links). */
export function buildGraph(entities: ReadonlyMap<string, Entity>, links: Iterable<Link>): Graph {
  const drawn: Link[] = [];
  const same: Link[] = [];
  for (const link of links) {
    if (link.kind === 'same-as') same.push(link);
    else if (drawnKinds.has(link.kind)) drawn.push(link);
  }
  const drawnAs = foldSame(entities, same);
  const parts = new Map<string, Entity[]>();
  for (const [id, nodeId] of drawnAs) {
    const entity = entities.get(id);
    if (!entity) continue;
    const list = parts.get(nodeId);
    if (list) list.push(entity);
    else parts.set(nodeId, [entity]);
  }
  const nodes = new Map<string, TopoNode>();
  for (const [nodeId, list] of parts) nodes.set(nodeId, nodeOf(nodeId, list));
  return { nodes, edges: edgesOf(drawn, drawnAs), drawnAs };
}

/**
 * A node from its parts. The entity that stands for it speaks first; another part overrides it only with something
 * worse that it really knows: a balancer that does not probe a member ("unknown") says nothing against the instance.
 */
export function nodeOf(id: string, parts: readonly Entity[]): TopoNode {
  const entity = parts.find((part) => part.id === id) ?? parts[0]!;
  let told = entity.health;
  for (const part of parts) {
    const { state } = part.health;
    if (state !== 'unknown' && severity(state) > severity(told.state)) told = part.health;
  }
  return {
    id,
    tier: tierOf(entity.kind),
    kind: entity.kind,
    entity,
    parts: parts.length === 1 ? [entity] : [entity, ...parts.filter((part) => part !== entity).sort(byId)],
    state: told.state,
    reason: told.reason,
    group: null,
  };
}

function byId(a: Entity, b: Entity): number {
  return a.id < b.id ? -1 : 1;
}

function foldSame(entities: ReadonlyMap<string, Entity>, same: readonly Link[]): Map<string, string> {
  const best = bestTargets(entities, same);
  const takesPlaceOf = new Map<string, string>();
  const drawnAs = new Map<string, string>();
  for (const [id, target] of best) {
    if (!standsForIt.has(entities.get(id)!.kind)) continue;
    const place = best.get(target) ?? target;
    const rival = takesPlaceOf.get(place);
    if (rival === undefined || id < rival) takesPlaceOf.set(place, id);
  }
  for (const [id, entity] of entities) {
    const claimed = takesPlaceOf.get(id);
    if (claimed !== undefined) drawnAs.set(id, claimed);
    else if (standsForIt.has(entity.kind)) drawnAs.set(id, id);
    else {
      const target = best.get(id) ?? id;
      drawnAs.set(id, takesPlaceOf.get(target) ?? target);
    }
  }
  return drawnAs;
}

/**
 * The one entity that each foldable entity is the same as: the surest link, then the smallest id. A merely possible link
 * has rivals by definition, and drawing two things as one on a guess would hide one of them.
 */
function bestTargets(entities: ReadonlyMap<string, Entity>, same: readonly Link[]): Map<string, string> {
  const best = new Map<string, string>();
  const rankOf = new Map<string, number>();
  const offer = (id: string, target: string, rank: number) => {
    const kind = entities.get(id)?.kind;
    const targetKind = entities.get(target)?.kind;
    if (kind === undefined || targetKind === undefined || !foldsInto[kind]?.includes(targetKind)) return;
    const known = rankOf.get(id) ?? 0;
    if (rank < known || rank === 0) return;
    const rival = best.get(id);
    if (rank === known && rival !== undefined && rival <= target) return;
    best.set(id, target);
    rankOf.set(id, rank);
  };
  for (const link of same) {
    const rank = confidenceRank[link.confidence];
    offer(link.from, link.to, rank);
    offer(link.to, link.from, rank);
  }
  return best;
}

/** One edge for all links between two nodes, as sure as the surest of them; the first tells its kind. */
function edgesOf(links: readonly Link[], drawnAs: ReadonlyMap<string, string>): TopoEdge[] {
  const known = new Map<string, Map<string, number>>();
  const edges: TopoEdge[] = [];
  for (const link of links) {
    const from = drawnAs.get(link.from);
    const to = drawnAs.get(link.to);
    if (from === undefined || to === undefined || from === to) continue;
    const possible = link.confidence === 'possible';
    let targets = known.get(from);
    if (!targets) known.set(from, (targets = new Map()));
    const at = targets.get(to);
    if (at === undefined) {
      targets.set(to, edges.length);
      edges.push({ from, to, kind: link.kind, possible });
    } else if (!possible && edges[at]!.possible) edges[at] = { ...edges[at]!, possible };
  }
  return edges;
}
