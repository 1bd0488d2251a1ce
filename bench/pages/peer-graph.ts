import { computeLayout } from '../../renderer/features/topology/layout/layout.ts';
import { layoutTask, placementOf } from '../../renderer/features/topology/layout/placement.ts';
import { pitchFor, Scene } from '../../renderer/features/topology/draw/scene.ts';
import { titleOf } from '../../renderer/features/topology/pipeline/describe.ts';
import { buildGraph } from '../../renderer/features/topology/pipeline/graph.ts';
import { pathOf } from '../../renderer/features/topology/pipeline/pipeline.ts';
import { applyEvent, emptyMirror } from '../../renderer/world/mirror.ts';
import { FIXTURE_AT, fixture } from '../fixture.ts';
import { worldOf } from '../world.ts';

/** The very graph that the map draws, at the very same places, as plain nodes and links. */
export interface PeerGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly { id: string; label: string; x: number; y: number; state: string }[];
  readonly links: readonly { id: string; from: string; to: string }[];
}

export const stateColours: Readonly<Record<string, string>> = {
  healthy: '#3fb27f',
  degraded: '#e0a526',
  down: '#f0645b',
  maintenance: '#7f9ce6',
  unknown: '#8f9cab',
};

/** Layout is done here, before anything is timed: the other libraries are only asked to draw. */
export function peerGraph(count: number): PeerGraph {
  const mirror = emptyMirror();
  applyEvent(mirror, worldOf(fixture(count)).snapshot(FIXTURE_AT), 0);
  const graph = pathOf(buildGraph(mirror.entities, mirror.links.values()), { show: new Set(), calls: false });
  const task = layoutTask(graph);
  const placement = placementOf(task, computeLayout(task.input));
  const pitch = pitchFor(placement, { width: window.innerWidth, height: window.innerHeight });
  const scene = new Scene(graph, placement, pitch, () => 'live');
  return {
    width: scene.nodeWidth,
    height: scene.nodeHeight,
    nodes: scene.nodes.map((node, i) => ({
      id: node.id,
      label: titleOf(node),
      x: scene.x[i]!,
      y: scene.y[i]!,
      state: node.state,
    })),
    links: graph.edges.map((edge, i) => ({ id: `l${i}`, from: edge.from, to: edge.to })),
  };
}
