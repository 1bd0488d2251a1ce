import type { Entity } from '../../../../shared/model/entity.ts';
import { severity, type HealthState } from '../../../../shared/model/health.ts';
import { isBad } from './state.ts';
import type { FoldBy, Graph, TopoEdge, TopoNode } from './graph.ts';
import { tierIndex, tierTitles, type Tier } from './tiers.ts';
import { MIN_GROUP_SIZE } from '../thresholds.ts';

export interface FoldOptions {
  readonly by: FoldBy;
  /** Ids of groups that the user opened: their nodes are drawn one by one. */
  readonly open: ReadonlySet<string>;
}

/**
 * Draws nodes of one tier that belong together as one. What is degraded or down never folds away. O(nodes + edges).
 */
export function foldGraph(graph: Graph, { by, open }: FoldOptions): Graph {
  if (by === 'none') return graph;
  const keys = foldKeys(graph, by);
  const members = new Map<string, TopoNode[]>();
  for (const node of graph.nodes.values()) {
    const key = keys.get(node.id);
    if (key === undefined || isBad(node.state)) continue;
    const id = groupId(by, node.tier, key);
    if (open.has(id)) continue;
    const list = members.get(id);
    if (list) list.push(node);
    else members.set(id, [node]);
  }
  const groupOf = new Map<string, string>();
  const groups = new Map<string, TopoNode>();
  for (const [id, list] of members) {
    if (list.length < MIN_GROUP_SIZE) continue;
    groups.set(id, groupNode(id, by, keys.get(list[0]!.id)!, list));
    for (const node of list) groupOf.set(node.id, id);
  }
  return replaceNodes(graph, groups, groupOf);
}

export function groupId(by: FoldBy, tier: Tier, key: string): string {
  return `group:${by}:${tier}:${key}`;
}

/** The key that an entity itself names; the rest of the path takes it over from there. */
export function ownFoldKey(entity: Entity, by: FoldBy): string | undefined {
  switch (by) {
    case 'none':
      return undefined;
    case 'kind':
      return entity.kind;
    case 'service':
      if (entity.kind === 'service') return entity.name;
      return entity.kind === 'instance' ? entity.attrs.serviceName : undefined;
    case 'host':
      return entity.kind === 'guest' ? entity.attrs.hostName : undefined;
    case 'pool':
      return entity.kind === 'guest' ? entity.attrs.pool : undefined;
  }
}

/**
 * Every node's key. A node that names none takes the one its neighbours agree on: an instance the pool of its guest, a
 * guest the service of its instances. Where they differ the node belongs to no group, and is drawn on its own.
 */
function foldKeys(graph: Graph, by: FoldBy): Map<string, string> {
  const keys = new Map<string, string>();
  for (const node of graph.nodes.values()) {
    const key = node.parts.map((part) => ownFoldKey(part, by)).find((own) => own !== undefined);
    if (key !== undefined) keys.set(node.id, key);
  }
  if (by === 'kind') return keys;
  // Right to left takes keys upstream (from what is needed), left to right downstream.
  const byTier = [...graph.edges].sort((a, b) => tierAt(graph, a.from) - tierAt(graph, b.from));
  inherit(graph, byTier.toReversed(), keys, 'from', 'to');
  if (by === 'service') inherit(graph, byTier, keys, 'to', 'from');
  return keys;
}

function tierAt(graph: Graph, id: string): number {
  return tierIndex(graph.nodes.get(id)!.tier);
}

function inherit(
  graph: Graph,
  edges: readonly TopoEdge[],
  keys: Map<string, string>,
  taker: 'from' | 'to',
  giver: 'from' | 'to',
): void {
  let tier = -1;
  let offers = new Map<string, string | null>();
  const settle = () => {
    for (const [id, key] of offers) if (key !== null) keys.set(id, key);
    offers = new Map();
  };
  for (const edge of edges) {
    const edgeTier = tierAt(graph, edge.from);
    if (edgeTier !== tier) settle();
    tier = edgeTier;
    const id = edge[taker];
    const key = keys.get(edge[giver]);
    if (keys.has(id) || key === undefined || graph.nodes.get(id)!.tier === 'hosts') continue;
    const known = offers.get(id);
    offers.set(id, known === undefined || known === key ? key : null);
  }
  settle();
}

function groupNode(id: string, by: FoldBy, key: string, nodes: readonly TopoNode[]): TopoNode {
  const states: Record<HealthState, number> = {
    healthy: 0,
    maintenance: 0,
    unknown: 0,
    degraded: 0,
    down: 0,
  };
  let worst = nodes[0]!.state;
  for (const node of nodes) {
    states[node.state]++;
    if (severity(node.state) > severity(worst)) worst = node.state;
  }
  const first = nodes[0]!;
  return {
    id,
    tier: first.tier,
    kind: first.kind,
    entity: first.entity,
    parts: nodes.flatMap((node) => node.parts),
    state: worst,
    reason: worst === 'healthy' ? undefined : `${states[worst]} of ${nodes.length} ${worst}`,
    group: { by, key: by === 'kind' ? tierTitles[first.tier] : key, count: nodes.length, states },
  };
}

function replaceNodes(
  graph: Graph,
  groups: ReadonlyMap<string, TopoNode>,
  groupOf: ReadonlyMap<string, string>,
): Graph {
  const nodes = new Map<string, TopoNode>(groups);
  for (const [id, node] of graph.nodes) if (!groupOf.has(id)) nodes.set(id, node);
  const drawnAs = new Map<string, string>();
  for (const [id, nodeId] of graph.drawnAs) drawnAs.set(id, groupOf.get(nodeId) ?? nodeId);
  return { nodes, edges: mergeEdges(graph.edges, groupOf), drawnAs };
}

function mergeEdges(before: readonly TopoEdge[], groupOf: ReadonlyMap<string, string>): TopoEdge[] {
  const known = new Map<string, number>();
  const edges: TopoEdge[] = [];
  for (const edge of before) {
    const from = groupOf.get(edge.from) ?? edge.from;
    const to = groupOf.get(edge.to) ?? edge.to;
    if (from === to) continue;
    const key = `${from}\n${to}`;
    const at = known.get(key);
    if (at === undefined) {
      known.set(key, edges.length);
      edges.push(from === edge.from && to === edge.to ? edge : { ...edge, from, to });
    } else if (edges[at]!.possible && !edge.possible) edges[at] = { ...edges[at]!, possible: false };
  }
  return edges;
}
