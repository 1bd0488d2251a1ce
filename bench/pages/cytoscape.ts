import cytoscape from 'cytoscape';
import { nextFrame, type BenchPage } from './page.ts';
import { stateColours, type PeerGraph } from './peer-graph.ts';

/** Cytoscape's canvas renderer with the options that its manual recommends for large graphs. */
export function cytoscapePage(root: HTMLElement, graph: PeerGraph): BenchPage {
  let cy: cytoscape.Core | null = null;
  return {
    async firstPaint() {
      const started = performance.now();
      cy = cytoscape({
        container: root,
        elements: {
          nodes: graph.nodes.map(({ id, label, x, y, state }) => ({
            data: { id, label, colour: stateColours[state] },
            position: { x, y },
          })),
          edges: graph.links.map(({ id, from, to }) => ({ data: { id, source: from, target: to } })),
        },
        layout: { name: 'preset', fit: true },
        minZoom: 0.01,
        pixelRatio: 1,
        hideEdgesOnViewport: false,
        textureOnViewport: false,
        style: [
          {
            selector: 'node',
            style: {
              shape: 'round-rectangle',
              width: graph.width,
              height: graph.height,
              label: 'data(label)',
              'background-color': 'data(colour)',
              'font-size': 13,
              'min-zoomed-font-size': 8,
              'text-valign': 'center',
            },
          },
          { selector: 'edge', style: { width: 1, 'curve-style': 'haystack', 'line-color': '#384452' } },
        ],
      });
      const drawn = new Promise((resolve) => cy!.one('render', resolve));
      await drawn;
      await nextFrame();
      return performance.now() - started;
    },
    pan(dx, dy) {
      cy!.panBy({ x: dx, y: dy });
    },
    zoom(factor) {
      cy!.zoom({
        level: cy!.zoom() * factor,
        renderedPosition: { x: root.clientWidth / 2, y: root.clientHeight / 2 },
      });
    },
  };
}
