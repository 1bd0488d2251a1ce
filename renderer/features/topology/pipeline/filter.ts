import { isBad } from './state.ts';
import type { Graph, TopoEdge, TopoNode } from './graph.ts';
import { isOptionalTier, tierIndex, type OptionalTier } from './tiers.ts';

/** Only the tiers of the path, plus those asked for. */
export function showTiers(graph: Graph, shown: ReadonlySet<OptionalTier>): Graph {
  return keepNodes(graph, (node) => !isOptionalTier(node.tier) || shown.has(node.tier));
}

/**
 * Drops a link a → c where a → b → c says the same with one stop more: a virtual IP reaches its instances through the
 * service, and drawing both would draw every request twice. O(Σ out-degree²), small because degrees are.
 */
export function dropShortcuts(graph: Graph): Graph {
  const out = new Map<string, string[]>();
  for (const edge of graph.edges) push(out, edge.from, edge.to);
  const shortcuts = new Map<string, Set<string>>();
  for (const [from, stops] of out) {
    if (stops.length < 2) continue;
    const direct = new Set(stops);
    for (const stop of stops) {
      for (const end of out.get(stop) ?? []) {
        if (direct.has(end) && isBetween(graph, from, stop, end)) add(shortcuts, from, end);
      }
    }
  }
  if (shortcuts.size === 0) return graph;
  return { ...graph, edges: graph.edges.filter((edge) => !shortcuts.get(edge.from)?.has(edge.to)) };
}

function isBetween(graph: Graph, from: string, stop: string, end: string): boolean {
  const [a, b, c] = [from, stop, end].map((id) => tierIndex(graph.nodes.get(id)!.tier));
  return a! < b! && b! < c!;
}

/**
 * Leaves what is not healthy, with everything that it needs and everything that depends on it: a fault without its path
 * says neither what it breaks nor where it is.
 */
export function hideHealthy(graph: Graph): Graph {
  const wrong = [...graph.nodes.values()].filter((node) => node.state !== 'healthy');
  const kept = new Set(wrong.map((node) => node.id));
  // Unknown and maintenance stay on their own; only what is bad brings its path along.
  const bad = wrong.filter((node) => isBad(node.state)).map((node) => node.id);
  for (const direction of ['up', 'down'] as const) {
    for (const id of reach(graph.edges, bad, direction)) kept.add(id);
  }
  return keepNodes(graph, (node) => kept.has(node.id));
}

/** Leaves the nodes that pass. */
export function keepNodes(graph: Graph, keep: (node: TopoNode) => boolean): Graph {
  const nodes = new Map([...graph.nodes].filter(([, node]) => keep(node)));
  if (nodes.size === graph.nodes.size) return graph;
  const edges = graph.edges.filter((edge) => nodes.has(edge.from) && nodes.has(edge.to));
  return { nodes, edges, drawnAs: graph.drawnAs };
}

/** Everything upstream (`up`) or downstream of the given nodes, themselves included. */
export function reach(
  edges: readonly TopoEdge[],
  starts: readonly string[],
  direction: 'up' | 'down',
): Set<string> {
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    if (direction === 'down') push(next, edge.from, edge.to);
    else push(next, edge.to, edge.from);
  }
  const found = new Set(starts);
  const queue = [...starts];
  for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
    for (const other of next.get(id) ?? []) {
      if (found.has(other)) continue;
      found.add(other);
      queue.push(other);
    }
  }
  return found;
}

function push(map: Map<string, string[]>, key: string, value: string): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key);
  if (set) set.add(value);
  else map.set(key, new Set([value]));
}
