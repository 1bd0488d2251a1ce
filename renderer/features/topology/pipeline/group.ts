import type { Entity } from '../../../../shared/model/entity.ts';
import type { HealthState } from '../../../../shared/model/health.ts';
import { healthWords } from '../../../ui/words.ts';
import { MIN_GROUP_SIZE } from '../thresholds.ts';
import { isBad } from './state.ts';
import type { FoldBy, Graph, TopoEdge, TopoNode } from './graph.ts';
import { tierIndex, tierTitles, type Tier } from './tiers.ts';

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
 * Draws nodes of one tier that belong together as one. What is degraded or down never folds away. What belongs together
 * is found once (O(nodes + edges), for a structure and its facts); folding again after states changed only counts.
 */
export class Folding {
  readonly by: FoldBy;
  readonly #graph: Graph;
  readonly #nodes: TopoNode[];
  readonly #number: ReadonlyMap<string, number>;
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;
  /** Number of each node's group, -1 for none. */
  readonly #group: Int32Array;
  readonly #groups: { readonly id: string; readonly key: string; readonly members: number[] }[] = [];
  /** Whether each node is folded now. */
  readonly #folded: Uint8Array;

  constructor(graph: Graph, by: FoldBy) {
    this.by = by;
    this.#graph = graph;
    this.#nodes = [...graph.nodes.values()];
    this.#number = new Map(this.#nodes.map((node, i) => [node.id, i]));
    this.#from = Uint32Array.from(graph.edges, (edge) => this.#number.get(edge.from)!);
    this.#to = Uint32Array.from(graph.edges, (edge) => this.#number.get(edge.to)!);
    this.#group = new Int32Array(this.#nodes.length).fill(-1);
    this.#folded = new Uint8Array(this.#nodes.length);
    const keys = foldKeys(this.#nodes, this.#from, this.#to, by);
    const numbers = new Map<string, number>();
    this.#nodes.forEach((node, i) => {
      const key = keys[i];
      if (key === undefined) return;
      const id = groupId(by, node.tier, key);
      let group = numbers.get(id);
      if (group === undefined) {
        numbers.set(id, (group = this.#groups.length));
        this.#groups.push({ id, key, members: [] });
      }
      this.#group[i] = group;
      this.#groups[group]!.members.push(i);
    });
  }

  /** Takes over a node that says something else. Its facts (pool, host, service) must be the same. */
  exchange(node: TopoNode): void {
    const i = this.#number.get(node.id);
    if (i !== undefined) this.#nodes[i] = node;
  }

  /** Id of the group that a node is folded into now; the node's own id when it is not. */
  drawnAs(nodeId: string): string {
    const i = this.#number.get(nodeId);
    return i === undefined || !this.#folded[i] ? nodeId : this.#groups[this.#group[i]!]!.id;
  }

  /** The graph with everything folded that may be. `open`: ids of groups whose nodes are drawn one by one. */
  fold(open: ReadonlySet<string>): Graph {
    const nodes = new Map<string, TopoNode>();
    // Numbers of what is drawn: nodes keep theirs, groups come after them.
    const drawn = new Uint32Array(this.#nodes.length);
    const count = this.#nodes.length;
    const ids: string[] = [];
    this.#groups.forEach(({ id, key, members }, group) => {
      const calm = open.has(id) ? [] : members.filter((i) => !isBad(this.#nodes[i]!.state));
      const fold = calm.length >= MIN_GROUP_SIZE;
      for (const i of members) this.#folded[i] = 0;
      if (!fold) return;
      for (const i of calm) {
        this.#folded[i] = 1;
        drawn[i] = count + group;
      }
      ids[group] = id;
      nodes.set(
        id,
        groupNode(
          id,
          this.by,
          key,
          calm.map((i) => this.#nodes[i]!),
        ),
      );
    });
    this.#nodes.forEach((node, i) => {
      if (this.#folded[i]) return;
      drawn[i] = i;
      nodes.set(node.id, node);
    });
    const idOf = (number: number) => (number < count ? this.#nodes[number]!.id : ids[number - count]!);
    return { nodes, edges: this.#mergeEdges(drawn, idOf), drawnAs: this.#graph.drawnAs };
  }

  /** One edge between what is drawn, as sure as the surest that it stands for. */
  #mergeEdges(drawn: Uint32Array, idOf: (number: number) => string): TopoEdge[] {
    const span = this.#nodes.length + this.#groups.length;
    const known = new Map<number, number>();
    const edges: TopoEdge[] = [];
    this.#graph.edges.forEach((edge, e) => {
      const from = drawn[this.#from[e]!]!;
      const to = drawn[this.#to[e]!]!;
      if (from === to) return;
      const at = known.get(from * span + to);
      if (at === undefined) {
        known.set(from * span + to, edges.length);
        edges.push({ from: idOf(from), to: idOf(to), kind: edge.kind, possible: edge.possible });
      } else if (edges[at]!.possible && !edge.possible) edges[at] = { ...edges[at]!, possible: false };
    });
    return edges;
  }
}

/** The graph folded once. */
export function foldGraph(graph: Graph, by: FoldBy, open: ReadonlySet<string>): Graph {
  return by === 'none' ? graph : new Folding(graph, by).fold(open);
}

/**
 * Every node's key. A node that names none takes the one its neighbours agree on: an instance the pool of its guest, a
 * guest the service of its instances. Where they differ the node belongs to no group, and is drawn on its own.
 */
function foldKeys(
  nodes: readonly TopoNode[],
  from: Uint32Array,
  to: Uint32Array,
  by: FoldBy,
): (string | undefined)[] {
  const keys = nodes.map((node) => {
    for (const part of node.parts) {
      const key = ownFoldKey(part, by);
      if (key !== undefined) return key;
    }
    return undefined;
  });
  if (by === 'kind') return keys;
  const tier = Uint8Array.from(nodes, (node) => tierIndex(node.tier));
  const order = Uint32Array.from(from.keys()).sort((a, b) => tier[from[a]!]! - tier[from[b]!]! || a - b);
  const mayTake = nodes.map((node, i) => keys[i] === undefined && node.tier !== 'hosts');
  // Right to left takes keys upstream (from what is needed), left to right downstream.
  inherit(order.toReversed(), tier, keys, mayTake, from, to, from);
  if (by === 'service') inherit(order, tier, keys, mayTake, to, from, from);
  return keys;
}

/** One pass over the edges, tier by tier: `takers` get the key that all their `givers` agree on. */
function inherit(
  order: Uint32Array,
  tier: Uint8Array,
  keys: (string | undefined)[],
  mayTake: readonly boolean[],
  takers: Uint32Array,
  givers: Uint32Array,
  from: Uint32Array,
): void {
  let offers = new Map<number, string | null>();
  const settle = () => {
    for (const [i, key] of offers) if (key !== null) keys[i] = key;
    offers = new Map();
  };
  let current = -1;
  for (const e of order) {
    if (tier[from[e]!] !== current) settle();
    current = tier[from[e]!]!;
    const taker = takers[e]!;
    const key = keys[givers[e]!];
    if (!mayTake[taker] || keys[taker] !== undefined || key === undefined) continue;
    const known = offers.get(taker);
    offers.set(taker, known === undefined || known === key ? key : null);
  }
  settle();
}

/**
 * Of things that are neither degraded nor down. One that is not known makes the group not known: unknown is never painted
 * green. One in maintenance is meant to be; the group's second line counts it, and its colour follows the others.
 */
function groupState(states: Readonly<Record<HealthState, number>>): HealthState {
  if (states.unknown > 0) return 'unknown';
  return states.healthy > 0 ? 'healthy' : 'maintenance';
}

function groupNode(id: string, by: FoldBy, key: string, nodes: readonly TopoNode[]): TopoNode {
  const states: Record<HealthState, number> = {
    healthy: 0,
    maintenance: 0,
    unknown: 0,
    degraded: 0,
    down: 0,
  };
  const parts: Entity[] = [];
  for (const node of nodes) {
    states[node.state]++;
    for (const part of node.parts) parts.push(part);
  }
  const first = nodes[0]!;
  const state = groupState(states);
  return {
    id,
    tier: first.tier,
    kind: first.kind,
    entity: first.entity,
    parts,
    state,
    reason: state === 'healthy' ? undefined : `${states[state]} of ${nodes.length} ${healthWords[state]}`,
    group: { by, key: by === 'kind' ? tierTitles[first.tier] : key, count: nodes.length, states },
  };
}
