import type { Entity } from '../../../../shared/model/entity.ts';
import type { Link } from '../../../../shared/model/link.ts';
import { AUTO_FOLD_ABOVE, AUTO_UNFOLD_BELOW } from '../thresholds.ts';
import { dropShortcuts, hideHealthy, keepNodes, showTiers } from './filter.ts';
import { buildGraph, type FoldBy, type Graph } from './graph.ts';
import { foldGraph } from './group.ts';
import type { OptionalTier } from './tiers.ts';

/** What of the world is drawn, as the user chose it. */
export interface ViewOptions {
  /** null: by size; see `AUTO_FOLD_ABOVE`. */
  readonly fold: FoldBy | null;
  readonly open: ReadonlySet<string>;
  readonly hideHealthy: boolean;
  readonly show: ReadonlySet<OptionalTier>;
  /** Calls between services, as links within their column. */
  readonly calls: boolean;
  /** Passes what may be seen at all; null: everything. */
  readonly keep: ((entity: Entity) => boolean) | null;
}

/** Entities and links, folded where two systems speak of one thing: the first half, which no option changes. */
export function foldWorld(entities: ReadonlyMap<string, Entity>, links: Iterable<Link>): Graph {
  return buildGraph(entities, links);
}

export interface Shown {
  readonly graph: Graph;
  /** The same before folding: the rows of the table twin. */
  readonly unfolded: Graph;
  /** As it was done, also when it was chosen by size. */
  readonly fold: FoldBy;
}

/** The second half: tiers, shortcuts, filters, folding. `foldedBefore` keeps an automatic fold from flapping. */
export function showWorld(world: Graph, options: ViewOptions, foldedBefore: FoldBy): Shown {
  let graph = showTiers(world, options.show);
  if (!options.calls) graph = withoutCalls(graph);
  graph = dropShortcuts(graph);
  if (options.hideHealthy) graph = hideHealthy(graph);
  const { keep } = options;
  if (keep) graph = keepNodes(graph, (node) => node.parts.some(keep));
  const fold = options.fold ?? automaticFold(graph.nodes.size, foldedBefore);
  return { graph: foldGraph(graph, { by: fold, open: options.open }), unfolded: graph, fold };
}

export function automaticFold(nodeCount: number, foldedBefore: FoldBy): FoldBy {
  if (nodeCount > AUTO_FOLD_ABOVE) return 'service';
  return foldedBefore !== 'none' && nodeCount >= AUTO_UNFOLD_BELOW ? 'service' : 'none';
}

function withoutCalls(graph: Graph): Graph {
  if (!graph.edges.some((edge) => edge.kind === 'calls')) return graph;
  return { ...graph, edges: graph.edges.filter((edge) => edge.kind !== 'calls') };
}
