import { ORDER_SWEEPS } from '../thresholds.ts';

/** A graph as numbers: what crosses to the layout worker. Node numbers follow a fixed order of names. */
export interface LayoutInput {
  /** Tier of each node, counted from the left among the tiers present. */
  readonly band: Uint8Array;
  readonly bandCount: number;
  /** Pairs of node numbers. */
  readonly edges: Uint32Array;
  /** A tier with more nodes than this is laid out in several columns. */
  readonly maxRows: number;
}

/** Neighbours of each node in one array: those of node `i` are `list[start[i]] … list[start[i + 1] - 1]`. */
export interface Neighbours {
  readonly start: Uint32Array;
  readonly list: Uint32Array;
}

export function neighboursOf(nodeCount: number, edges: Uint32Array): Neighbours {
  const start = new Uint32Array(nodeCount + 1);
  for (const end of edges) start[end + 1]!++;
  for (let i = 0; i < nodeCount; i++) start[i + 1]! += start[i]!;
  const next = start.slice(0, nodeCount);
  const list = new Uint32Array(edges.length);
  for (let e = 0; e < edges.length; e += 2) {
    const a = edges[e]!;
    const b = edges[e + 1]!;
    list[next[a]!++] = b;
    list[next[b]!++] = a;
  }
  return { start, list };
}

/**
 * The order of nodes within each tier, with few crossings: requests are followed from the left, one after the other, and
 * the result is improved by barycentre sweeps. Deterministic. O(sweeps × (edges + nodes log nodes)).
 */
export function orderBands(input: LayoutInput, neighbours: Neighbours): Uint32Array[] {
  let bands = followPaths(input, neighbours);
  const place = new Float64Array(input.band.length);
  setPlaces(bands, place);
  let best = bands.map((band) => band.slice());
  let bestLength = linkLength(input.edges, place);
  for (let sweep = 0; sweep < ORDER_SWEEPS; sweep++) {
    bands = sweepOnce(input, neighbours, bands, place, sweep % 2 === 0 ? 1 : -1);
    const length = linkLength(input.edges, place);
    if (length < bestLength) {
      bestLength = length;
      best = bands.map((band) => band.slice());
    }
  }
  return best;
}

/** Depth first from the leftmost tier: what one request touches comes out side by side. */
function followPaths({ band, bandCount }: LayoutInput, { start, list }: Neighbours): Uint32Array[] {
  const count = band.length;
  const orders: number[][] = Array.from({ length: bandCount }, () => []);
  const seen = new Uint8Array(count);
  const roots = Array.from({ length: count }, (_, i) => i).sort((a, b) => band[a]! - band[b]! || a - b);
  const stack: number[] = [];
  for (const root of roots) {
    if (seen[root]) continue;
    stack.push(root);
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (seen[node]) continue;
      seen[node] = 1;
      orders[band[node]!]!.push(node);
      const below = [...list.subarray(start[node], start[node + 1])].filter(
        (other) => !seen[other] && band[other]! > band[node]!,
      );
      // The stack turns the order round.
      stack.push(...below.sort((a, b) => b - a));
    }
  }
  return orders.map((order) => Uint32Array.from(order));
}

/** Places in 0…1, so that a tier of three and one of three thousand can be compared. */
function setPlaces(bands: readonly Uint32Array[], place: Float64Array): void {
  for (const band of bands) setPlacesOf(band, place);
}

function setPlacesOf(band: Uint32Array, place: Float64Array): void {
  band.forEach((node, at) => {
    place[node] = (at + 0.5) / band.length;
  });
}

function sweepOnce(
  { band: bandOf }: LayoutInput,
  { start, list }: Neighbours,
  bands: readonly Uint32Array[],
  place: Float64Array,
  direction: 1 | -1,
): Uint32Array[] {
  const next = bands.slice();
  const wish = new Float64Array(bandOf.length);
  const walk = direction === 1 ? [...bands.keys()] : [...bands.keys()].reverse();
  for (const at of walk) {
    const band = bands[at]!;
    for (const node of band) {
      let sum = 0;
      let count = 0;
      for (let i = start[node]!; i < start[node + 1]!; i++) {
        const other = list[i]!;
        const before = direction === 1 ? bandOf[other]! < at : bandOf[other]! > at;
        if (!before) continue;
        sum += place[other]!;
        count++;
      }
      wish[node] = count === 0 ? place[node]! : sum / count;
    }
    // Equal wishes keep their order, which is what makes the result the same each time.
    const sorted = band.slice().sort((a, b) => wish[a]! - wish[b]! || place[a]! - place[b]!);
    setPlacesOf(sorted, place);
    next[at] = sorted;
  }
  return next;
}

function linkLength(edges: Uint32Array, place: Float64Array): number {
  let sum = 0;
  for (let e = 0; e < edges.length; e += 2) sum += Math.abs(place[edges[e]!]! - place[edges[e + 1]!]!);
  return sum;
}
