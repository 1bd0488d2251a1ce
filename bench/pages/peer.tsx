import { cytoscapePage } from './cytoscape.ts';
import { expose } from './page.ts';
import { peerGraph } from './peer-graph.ts';
import { reactFlowPage } from './react-flow.tsx';

/** `?peer=cytoscape|react-flow&count=10000`: the same graph in a library that one could have used instead. */
const query = new URLSearchParams(window.location.search);
const root = document.getElementById('root')!;
root.style.width = '100vw';
root.style.height = '100vh';
document.body.style.margin = '0';
const graph = peerGraph(Number(query.get('count') ?? 10_000));
expose(query.get('peer') === 'cytoscape' ? cytoscapePage(root, graph) : reactFlowPage(root, graph));
