import type { Graph, TopoNode } from '../pipeline/graph.ts';
import { tierIndex, type Tier } from '../pipeline/tiers.ts';
import {
  MAP_ASPECT,
  MIN_ROW_PITCH,
  MIN_TIER_PITCH,
  MIN_TIER_ROWS,
  RELAYOUT_FRACTION,
  VACATED_MAX,
} from '../thresholds.ts';
import type { LayoutInput } from './order.ts';
import type { Rows } from './rows.ts';

/** Where a node stands: column counted over the whole map, height in rows. Rows may be fractions. */
export interface Slot {
  readonly column: number;
  readonly row: number;
}

/** A tier's columns on the map. */
export interface Band {
  readonly tier: Tier;
  readonly first: number;
  readonly columns: number;
}

export interface Placement {
  readonly bands: readonly Band[];
  readonly slots: ReadonlyMap<string, Slot>;
  /** Places of nodes that went away, kept for their return. */
  readonly vacated: ReadonlyMap<string, Slot>;
  readonly rowCount: number;
}

/** A graph as the layout takes it, with the ids that its node numbers stand for. */
export interface LayoutTask {
  readonly ids: readonly string[];
  readonly bands: readonly Tier[];
  readonly input: LayoutInput;
}

/** Numbers the nodes by name (digits by value), so that the same world gives the same picture. */
export function layoutTask(graph: Graph): LayoutTask {
  const nodes = [...graph.nodes.values()]
    .map((node) => ({ node, key: sortKey(node) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  const numbers = new Map(nodes.map(({ node }, i) => [node.id, i]));
  const present = [...new Set(nodes.map(({ node }) => node.tier))].sort(
    (a, b) => tierIndex(a) - tierIndex(b),
  );
  const bandOfTier = new Map(present.map((tier, i) => [tier, i]));
  const edges = new Uint32Array(graph.edges.length * 2);
  graph.edges.forEach((edge, i) => {
    edges[2 * i] = numbers.get(edge.from)!;
    edges[2 * i + 1] = numbers.get(edge.to)!;
  });
  const band = Uint8Array.from(nodes, ({ node }) => bandOfTier.get(node.tier)!);
  const counts = present.map(() => 0);
  for (const at of band) counts[at]!++;
  return {
    ids: nodes.map(({ node }) => node.id),
    bands: present,
    input: { band, bandCount: present.length, edges, maxRows: rowsFor(counts) },
  };
}

function sortKey(node: TopoNode): string {
  const name = node.group?.key ?? node.entity.name;
  return `${name.replaceAll(/\d+/g, (digits) => digits.padStart(10, '0'))}\n${node.id}`;
}

/**
 * Rows of the tallest column, so that the whole has the shape of a window. Grows in steps of a quarter: one node more
 * must not give a large map another shape.
 */
export function rowsFor(counts: readonly number[]): number {
  let rows = MIN_TIER_ROWS;
  const aspect = (height: number) =>
    (counts.reduce((sum, count) => sum + Math.ceil(count / height), 0) * MIN_TIER_PITCH) /
    (height * MIN_ROW_PITCH);
  while (aspect(rows) > MAP_ASPECT && rows < Math.max(...counts)) rows = Math.ceil(rows * 1.25);
  return rows;
}

/** A layout's numbers as a placement. */
export function placementOf(task: LayoutTask, rows: Rows): Placement {
  let first = 0;
  const bands = task.bands.map((tier, at) => {
    const band = { tier, first, columns: rows.columns[at]! };
    first += band.columns;
    return band;
  });
  const slots = new Map<string, Slot>();
  task.ids.forEach((id, i) => {
    slots.set(id, { column: bands[task.input.band[i]!]!.first + rows.column[i]!, row: rows.row[i]! });
  });
  return { bands, slots, vacated: new Map(), rowCount: rows.rowCount };
}

/**
 * The placement after the graph changed: what stays keeps its place, what comes back returns to it, what is new goes to
 * the free place nearest to its neighbours, and nothing else moves. null when the map should be arranged anew: there is a
 * new tier, or too much is new.
 */
export function keepPlacement(before: Placement, graph: Graph): Placement | null {
  const added = [...graph.nodes.values()].filter((node) => !before.slots.has(node.id));
  if (added.length > graph.nodes.size * RELAYOUT_FRACTION) return null;
  const bandOf = new Map(before.bands.map((band) => [band.tier, band]));
  if (added.some((node) => !bandOf.has(node.tier))) return null;

  const slots = new Map<string, Slot>();
  const vacated = new Map(before.vacated);
  for (const [id, slot] of before.slots) {
    if (graph.nodes.has(id)) slots.set(id, slot);
    else vacated.set(id, slot);
  }
  for (const id of vacated.keys()) {
    if (vacated.size <= VACATED_MAX) break;
    vacated.delete(id);
  }
  let rowCount = before.rowCount;
  if (added.length > 0) {
    const free = new FreePlaces(slots.values());
    const wishes = neighbourRows(graph, slots, added);
    added.sort((a, b) => (a.id < b.id ? -1 : 1));
    for (const node of added) {
      const band = bandOf.get(node.tier)!;
      const old = vacated.get(node.id);
      const slot = old && free.has(old) ? old : free.nearest(band, wishes.get(node.id) ?? rowCount, rowCount);
      vacated.delete(node.id);
      free.take(slot);
      slots.set(node.id, slot);
      rowCount = Math.max(rowCount, Math.ceil(slot.row) + 1);
    }
  }
  return { bands: before.bands, slots, vacated, rowCount };
}

/** Mean height of the placed neighbours of each new node. */
function neighbourRows(
  graph: Graph,
  slots: ReadonlyMap<string, Slot>,
  added: readonly TopoNode[],
): Map<string, number> {
  const wanted = new Set(added.map((node) => node.id));
  const sums = new Map<string, { sum: number; count: number }>();
  const note = (id: string, other: string) => {
    const slot = slots.get(other);
    if (!slot || !wanted.has(id)) return;
    const known = sums.get(id) ?? { sum: 0, count: 0 };
    sums.set(id, { sum: known.sum + slot.row, count: known.count + 1 });
  };
  for (const edge of graph.edges) {
    note(edge.from, edge.to);
    note(edge.to, edge.from);
  }
  return new Map([...sums].map(([id, { sum, count }]) => [id, sum / count]));
}

/** Rows taken in each column; a node needs one row to itself. */
class FreePlaces {
  readonly #taken = new Map<number, number[]>();

  constructor(slots: Iterable<Slot>) {
    for (const slot of slots) {
      const rows = this.#taken.get(slot.column);
      if (rows) rows.push(slot.row);
      else this.#taken.set(slot.column, [slot.row]);
    }
    for (const rows of this.#taken.values()) rows.sort((a, b) => a - b);
  }

  has({ column, row }: Slot): boolean {
    return (this.#taken.get(column) ?? []).every((taken) => Math.abs(taken - row) >= 1);
  }

  take({ column, row }: Slot): void {
    const rows = this.#taken.get(column) ?? [];
    const at = rows.findIndex((taken) => taken > row);
    rows.splice(at === -1 ? rows.length : at, 0, row);
    this.#taken.set(column, rows);
  }

  /** The free place of a tier nearest to `wish`; below the last row when every column is full. */
  nearest(band: Band, wish: number, rowCount: number): Slot {
    let best: Slot | null = null;
    const limit = Math.max(0, rowCount - 1);
    for (let column = band.first; column < band.first + band.columns; column++) {
      const row = nearestGap(this.#taken.get(column) ?? [], Math.min(Math.max(wish, 0), limit));
      // A place below the present end counts as farther, so that the map grows only when it is full.
      const cost = Math.abs(row - wish) + (row > limit ? rowCount : 0);
      if (!best || cost < Math.abs(best.row - wish) + (best.row > limit ? rowCount : 0))
        best = { column, row };
    }
    return best!;
  }
}

/** The row nearest to `wish` that is at least one away from every taken row (sorted) and not above the top. */
export function nearestGap(taken: readonly number[], wish: number): number {
  let best = Infinity;
  const offer = (low: number, high: number) => {
    if (high < low) return;
    const row = Math.min(Math.max(wish, low), high);
    if (Math.abs(row - wish) < Math.abs(best - wish)) best = row;
  };
  let low = 0;
  for (const row of taken) {
    offer(low, row - 1);
    low = Math.max(low, row + 1);
  }
  offer(low, Infinity);
  return best;
}
