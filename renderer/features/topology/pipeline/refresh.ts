import type { Entity } from '../../../../shared/model/entity.ts';
import { nodeOf, type Graph, type TopoNode } from './graph.ts';

/**
 * How deep a change goes, least first. `numbers`: only metrics, a label is drawn anew. `words`: name, reason, age or facts
 * shown in words. `state`: health, so colours and what may be folded. `facts`: attributes, so what belongs together.
 * `structure`: nodes or links came or went.
 */
export const changeDepths = ['none', 'numbers', 'words', 'state', 'facts', 'structure'] as const;
export type ChangeDepth = (typeof changeDepths)[number];

export function deeper(a: ChangeDepth, b: ChangeDepth): ChangeDepth {
  return changeDepths.indexOf(a) >= changeDepths.indexOf(b) ? a : b;
}

export interface Refreshed {
  readonly depth: ChangeDepth;
  /** New nodes by id, for the ids that were drawn before. */
  readonly nodes: ReadonlyMap<string, TopoNode>;
}

/**
 * The nodes of changed entities, made anew. O(changed). An entity that the graph does not know yet, or that is no longer
 * in the world, makes the depth `structure`: the graph must be built again.
 */
export function refreshNodes(
  graph: Graph,
  entities: ReadonlyMap<string, Entity>,
  changed: Iterable<string>,
): Refreshed {
  const nodes = new Map<string, TopoNode>();
  let depth: ChangeDepth = 'none';
  for (const id of changed) {
    const nodeId = graph.drawnAs.get(id);
    const before = nodeId === undefined ? undefined : graph.nodes.get(nodeId);
    if (!before || !entities.has(id)) return { depth: 'structure', nodes: new Map() };
    if (nodes.has(before.id)) continue;
    const parts = before.parts.flatMap((part) => entities.get(part.id) ?? []);
    if (parts.length < before.parts.length) return { depth: 'structure', nodes: new Map() };
    const after = nodeOf(before.id, parts);
    nodes.set(before.id, after);
    depth = deeper(depth, depthOf(before, after));
  }
  return { depth, nodes };
}

function depthOf(before: TopoNode, after: TopoNode): ChangeDepth {
  if (before.parts.some((part, at) => !sameAttrs(part, after.parts[at]!))) return 'facts';
  if (before.state !== after.state) return 'state';
  const said = (node: TopoNode) => [node.entity.name, node.reason, node.entity.sourceId].join('\n');
  return said(before) === said(after) ? 'numbers' : 'words';
}

/** Attributes are small plain data, and patches keep the key order of their source. */
function sameAttrs(a: Entity, b: Entity): boolean {
  return a.attrs === b.attrs || JSON.stringify(a.attrs) === JSON.stringify(b.attrs);
}
