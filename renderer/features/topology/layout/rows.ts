import { ALIGN_ROUNDS } from '../thresholds.ts';
import type { LayoutInput, Neighbours } from './order.ts';

/** Where each node is: its column within its tier, and its height in rows from the top. */
export interface Rows {
  readonly column: Uint16Array;
  readonly row: Float32Array;
  /** Columns of each tier. */
  readonly columns: Uint16Array;
  /** Height of the whole, in rows. */
  readonly rowCount: number;
}

/**
 * Gives ordered nodes their heights. A tier of several columns is filled row by row, so that height follows order in every
 * tier and links stay nearly level; a tier of one column moves to the height of its neighbours.
 */
export function assignRows(input: LayoutInput, neighbours: Neighbours, bands: readonly Uint32Array[]): Rows {
  const count = input.band.length;
  const column = new Uint16Array(count);
  const row = new Float32Array(count);
  const columns = Uint16Array.from(bands, (band) => Math.max(1, Math.ceil(band.length / input.maxRows)));
  const heights = bands.map((band, at) => Math.ceil(band.length / columns[at]!));
  const rowCount = Math.max(0, ...heights);
  bands.forEach((band, at) => {
    const width = columns[at]!;
    // Short tiers start spread over the whole height, not crowded at the top.
    const stretch = width === 1 && band.length > 1 ? (rowCount - 1) / (band.length - 1) : 1;
    const top = band.length === 1 ? (rowCount - 1) / 2 : 0;
    band.forEach((node, i) => {
      column[node] = i % width;
      row[node] = top + Math.floor(i / width) * stretch;
    });
  });
  const anchor = heights.indexOf(rowCount);
  const movable = bands
    .map((band, at) => ({ band, at }))
    .filter(({ at }) => at !== anchor && columns[at] === 1)
    // Outward from the fullest tier, which stays as it is.
    .sort((a, b) => Math.abs(a.at - anchor) - Math.abs(b.at - anchor) || a.at - b.at);
  for (let round = 0; round < ALIGN_ROUNDS; round++) {
    for (const { band } of movable) alignToNeighbours(band, neighbours, row, rowCount);
  }
  return { column, row, columns, rowCount };
}

function alignToNeighbours(
  band: Uint32Array,
  { start, list }: Neighbours,
  row: Float32Array,
  rowCount: number,
): void {
  const wish = Float64Array.from(band, (node) => {
    const from = start[node]!;
    const to = start[node + 1]!;
    if (from === to) return row[node]!;
    let sum = 0;
    for (let i = from; i < to; i++) sum += row[list[i]!]!;
    return sum / (to - from);
  });
  const settled = spread(wish, rowCount);
  band.forEach((node, i) => {
    row[node] = settled[i]!;
  });
}

/**
 * The places nearest to the wishes (least squares) that keep their order and are at least one row apart, within
 * 0…rowCount-1. Pool-adjacent-violators on `wish - i`; O(n).
 */
export function spread(wishes: Float64Array, rowCount: number): Float64Array {
  const count = wishes.length;
  const means: number[] = [];
  const sizes: number[] = [];
  for (let i = 0; i < count; i++) {
    let mean = wishes[i]! - i;
    let size = 1;
    while (means.length > 0 && means.at(-1)! > mean) {
      const otherSize = sizes.pop()!;
      mean = (mean * size + means.pop()! * otherSize) / (size + otherSize);
      size += otherSize;
    }
    means.push(mean);
    sizes.push(size);
  }
  const slack = Math.max(0, rowCount - count);
  const result = new Float64Array(count);
  let i = 0;
  for (const [block, mean] of means.entries()) {
    const offset = Math.min(Math.max(mean, 0), slack);
    for (let n = 0; n < sizes[block]!; n++, i++) result[i] = offset + i;
  }
  return result;
}
