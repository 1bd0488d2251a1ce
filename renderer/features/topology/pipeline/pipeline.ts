import type { Entity } from '../../../../shared/model/entity.ts';
import { AUTO_FOLD_ABOVE, AUTO_FOLD_TARGET, AUTO_UNFOLD_BELOW } from '../thresholds.ts';
import { dropShortcuts, hideHealthy, keepNodes, showTiers } from './filter.ts';
import type { FoldBy, Graph } from './graph.ts';
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

/** The path itself: tiers asked for, without links that say the same twice. Depends on structure alone. */
export function pathOf(world: Graph, { show, calls }: Pick<ViewOptions, 'show' | 'calls'>): Graph {
  const graph = showTiers(world, show);
  return dropShortcuts(calls ? graph : withoutCalls(graph));
}

/** What the filters leave. The same graph when there are none. */
export function filterPath(path: Graph, { hideHealthy: hide, keep }: ViewOptions): Graph {
  const graph = hide ? hideHealthy(path) : path;
  return keep ? keepNodes(graph, (node) => node.parts.some(keep)) : graph;
}

/** From fine to coarse. */
const automaticFolds = ['service', 'host', 'pool', 'kind'] as const satisfies readonly FoldBy[];

/**
 * How to fold unless the user says: nothing for what a window can show; else the finest folding that leaves few enough
 * nodes. Once chosen it stays, so that a world that breathes is not folded another way each time.
 */
export function automaticFold(graph: Graph, open: ReadonlySet<string>, foldedBefore: FoldBy): FoldBy {
  const count = graph.nodes.size;
  if (foldedBefore !== 'none') return count < AUTO_UNFOLD_BELOW ? 'none' : foldedBefore;
  if (count <= AUTO_FOLD_ABOVE) return 'none';
  return automaticFolds.find((by) => foldGraph(graph, by, open).nodes.size <= AUTO_FOLD_TARGET) ?? 'kind';
}

function withoutCalls(graph: Graph): Graph {
  if (!graph.edges.some((edge) => edge.kind === 'calls')) return graph;
  return { ...graph, edges: graph.edges.filter((edge) => edge.kind !== 'calls') };
}
