import { ReactFlow, type Edge, type Node, type ReactFlowInstance } from '@xyflow/react';
import '@xyflow/react/dist/style.css';
import { createRoot } from 'react-dom/client';
import { nextFrame, type BenchPage } from './page.ts';
import { stateColours, type PeerGraph } from './peer-graph.ts';

/** React Flow with its built-in nodes and links, drawing only what is in the window. */
export function reactFlowPage(root: HTMLElement, graph: PeerGraph): BenchPage {
  let flow: ReactFlowInstance | null = null;
  const nodes: Node[] = graph.nodes.map(({ id, label, x, y, state }) => ({
    id,
    position: { x, y },
    data: { label },
    width: graph.width,
    height: graph.height,
    style: { borderColor: stateColours[state] ?? '' },
  }));
  const edges: Edge[] = graph.links.map(({ id, from, to }) => ({ id, source: from, target: to }));
  return {
    async firstPaint() {
      const started = performance.now();
      const ready = new Promise<void>((resolve) => {
        createRoot(root).render(
          <ReactFlow
            defaultNodes={nodes}
            defaultEdges={edges}
            minZoom={0.01}
            fitView
            onlyRenderVisibleElements
            proOptions={{ hideAttribution: true }}
            onInit={(instance) => {
              flow = instance;
              resolve();
            }}
          />,
        );
      });
      await ready;
      while (root.querySelectorAll('.react-flow__node').length === 0) await nextFrame();
      while (root.querySelectorAll('.react-flow__edge').length === 0) await nextFrame();
      await nextFrame();
      return performance.now() - started;
    },
    pan(dx, dy) {
      const { x, y, zoom } = flow!.getViewport();
      void flow!.setViewport({ x: x + dx, y: y + dy, zoom });
    },
    zoom(factor) {
      const { x, y, zoom } = flow!.getViewport();
      const at = { x: root.clientWidth / 2, y: root.clientHeight / 2 };
      void flow!.setViewport({
        x: at.x - (at.x - x) * factor,
        y: at.y - (at.y - y) * factor,
        zoom: zoom * factor,
      });
    },
  };
}
