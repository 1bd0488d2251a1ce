import { healthStates, type HealthState } from '../../../../shared/model/health.ts';
import { linkKinds } from '../../../../shared/model/link.ts';
import { freshnessStates, type FreshnessState } from '../../../../shared/model/freshness.ts';
import type { Placement } from '../layout/placement.ts';
import type { Graph, TopoNode } from '../pipeline/graph.ts';
import { edgeState } from '../pipeline/state.ts';
import { tierTitles, type Tier } from '../pipeline/tiers.ts';
import {
  GRID_CELL,
  INNER_GAP,
  MAX_ROW_PITCH,
  MAX_TIER_PITCH,
  MIN_ROW_PITCH,
  MIN_TIER_PITCH,
  NODE_HEIGHT,
  NODE_SHARE,
} from '../thresholds.ts';
import { FIT_MARGIN, type Rect, type Size } from './camera.ts';
import { NodeGrid } from './grid.ts';
import { findPasses, type Passes } from './routes.ts';

/** How far tiers and rows are apart, in map units. */
export interface Pitch {
  readonly tier: number;
  readonly row: number;
}

/** Pitches that fill a window as far as boxes stay readable. Asked for when fitting, never later. */
export function pitchFor(placement: Placement, size: Size): Pitch {
  const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
  const room = Math.max(1, size.width - 2 * FIT_MARGIN.side);
  const height = Math.max(1, size.height - FIT_MARGIN.top - FIT_MARGIN.bottom);
  const rows = Math.max(1, placement.rowCount);
  const inner = placement.bands.reduce((sum, band) => sum + band.columns - 1, 0);
  // The last tier needs no link room to its right; further columns of a tier need a box and a small gap each.
  const pitches = Math.max(NODE_SHARE, placement.bands.length - 1 + NODE_SHARE) + inner * NODE_SHARE;
  const widest = pitches * MIN_TIER_PITCH + inner * INNER_GAP;
  const zoom = Math.min(1, room / widest, height / (rows * MIN_ROW_PITCH));
  return {
    tier: Math.round(clamp((room / zoom - inner * INNER_GAP) / pitches, MIN_TIER_PITCH, MAX_TIER_PITCH)),
    row: Math.round(clamp(height / zoom / rows, MIN_ROW_PITCH, MAX_ROW_PITCH)),
  };
}

export interface Heading {
  readonly tier: Tier;
  readonly title: string;
  readonly left: number;
  readonly width: number;
}

/** Neighbour lists over edge numbers: edges of node `i` are `edges[start[i]] … edges[start[i + 1] - 1]`. */
export interface Incidence {
  readonly start: Uint32Array;
  readonly edges: Uint32Array;
}

/**
 * The map as the painter reads it: nodes and links by number, positions in map units. Positions are fixed for a scene's
 * life; `setNode` exchanges what a node says without touching them.
 */
export class Scene {
  readonly nodes: TopoNode[];
  readonly index: ReadonlyMap<string, number>;
  readonly x: Float32Array;
  readonly y: Float32Array;
  readonly nodeWidth: number;
  readonly nodeHeight = NODE_HEIGHT;
  /** Number in `healthStates`. */
  readonly state: Uint8Array;
  /** Number in `freshnessStates`. */
  readonly fresh: Uint8Array;
  readonly edgeFrom: Uint32Array;
  readonly edgeTo: Uint32Array;
  /** Number in `linkKinds`. */
  readonly edgeKind: Uint8Array;
  /** 1: merely possible. */
  readonly edgePossible: Uint8Array;
  readonly out: Incidence;
  readonly in: Incidence;
  readonly grid: NodeGrid;
  /** Of each node's tier: where its first column begins and its last one ends. Links run there between rows. */
  readonly tierLeft: Float32Array;
  readonly tierRight: Float32Array;
  /** Free height between two rows. */
  readonly rowGap: number;
  readonly passes: Passes;
  readonly bounds: Rect;
  readonly headings: readonly Heading[];

  constructor(
    graph: Graph,
    placement: Placement,
    pitch: Pitch,
    freshness: (node: TopoNode) => FreshnessState,
  ) {
    this.nodes = [...graph.nodes.values()];
    this.index = new Map(this.nodes.map((node, i) => [node.id, i]));
    this.nodeWidth = Math.round(pitch.tier * NODE_SHARE);
    const columns = columnLefts(placement, pitch, this.nodeWidth);
    const bandOf = new Map(placement.bands.map((band) => [band.tier, band]));
    const count = this.nodes.length;
    this.rowGap = pitch.row - NODE_HEIGHT;
    this.tierLeft = new Float32Array(count);
    this.tierRight = new Float32Array(count);
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    this.state = new Uint8Array(count);
    this.fresh = new Uint8Array(count);
    this.nodes.forEach((node, i) => {
      const slot = placement.slots.get(node.id);
      this.x[i] = columns[slot?.column ?? 0] ?? 0;
      this.y[i] = Math.round((slot?.row ?? 0) * pitch.row);
      const band = bandOf.get(node.tier);
      this.tierLeft[i] = columns[band?.first ?? 0] ?? 0;
      this.tierRight[i] = (columns[band ? band.first + band.columns - 1 : 0] ?? 0) + this.nodeWidth;
      this.setNode(i, node, freshness(node));
    });
    const { edges } = graph;
    this.edgeFrom = Uint32Array.from(edges, (edge) => this.index.get(edge.from)!);
    this.edgeTo = Uint32Array.from(edges, (edge) => this.index.get(edge.to)!);
    this.edgeKind = Uint8Array.from(edges, (edge) => linkKinds.indexOf(edge.kind));
    this.edgePossible = Uint8Array.from(edges, (edge) => Number(edge.possible));
    this.passes = findPasses(this);
    this.out = incidence(count, this.edgeFrom);
    this.in = incidence(count, this.edgeTo);
    this.grid = new NodeGrid(this.x, this.y, this.nodeWidth, NODE_HEIGHT, GRID_CELL);
    this.bounds = boundsOf(this.x, this.y, this.nodeWidth);
    this.headings = headingsOf(placement, this.nodes, columns, this.nodeWidth);
  }

  setNode(i: number, node: TopoNode, freshness: FreshnessState): void {
    this.nodes[i] = node;
    this.state[i] = healthStates.indexOf(node.state);
    this.fresh[i] = freshnessStates.indexOf(freshness);
  }

  stateOf(i: number): HealthState {
    return healthStates[this.state[i]!]!;
  }

  edgeStateOf(e: number): HealthState {
    const kind = linkKinds[this.edgeKind[e]!]!;
    const [from, to] = [this.stateOf(this.edgeFrom[e]!), this.stateOf(this.edgeTo[e]!)];
    return edgeState(kind, from, to, this.edgePossible[e] === 1);
  }

  boxOf(i: number): Rect {
    const left = this.x[i]!;
    const top = this.y[i]!;
    return { left, top, right: left + this.nodeWidth, bottom: top + NODE_HEIGHT };
  }
}

function columnLefts(placement: Placement, pitch: Pitch, nodeWidth: number): number[] {
  const lefts: number[] = [];
  let x = 0;
  for (const band of placement.bands) {
    for (let column = 0; column < band.columns; column++) {
      lefts[band.first + column] = x;
      x += column === band.columns - 1 ? pitch.tier : nodeWidth + INNER_GAP;
    }
  }
  return lefts;
}

function incidence(nodeCount: number, ends: Uint32Array): Incidence {
  const start = new Uint32Array(nodeCount + 1);
  for (const end of ends) start[end + 1]!++;
  for (let i = 0; i < nodeCount; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, nodeCount);
  const edges = new Uint32Array(ends.length);
  ends.forEach((end, e) => {
    edges[next[end]!++] = e;
  });
  return { start, edges };
}

function boundsOf(x: Float32Array, y: Float32Array, nodeWidth: number): Rect {
  if (x.length === 0) return { left: 0, top: 0, right: 0, bottom: 0 };
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < x.length; i++) {
    left = Math.min(left, x[i]!);
    right = Math.max(right, x[i]! + nodeWidth);
    top = Math.min(top, y[i]!);
    bottom = Math.max(bottom, y[i]! + NODE_HEIGHT);
  }
  return { left, top, right, bottom };
}

/** Tiers that have nodes; one whose last node went away keeps its room but not its title. */
function headingsOf(
  placement: Placement,
  nodes: readonly TopoNode[],
  columns: readonly number[],
  nodeWidth: number,
): Heading[] {
  const present = new Set(nodes.map((node) => node.tier));
  return placement.bands
    .filter((band) => present.has(band.tier))
    .map((band) => ({
      tier: band.tier,
      title: tierTitles[band.tier],
      left: columns[band.first]!,
      width: columns[band.first + band.columns - 1]! + nodeWidth - columns[band.first]!,
    }));
}
