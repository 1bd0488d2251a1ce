import { neighboursOf, orderBands, type LayoutInput } from './order.ts';
import { assignRows, type Rows } from './rows.ts';

/** The whole layout, as numbers: runs in the worker, and at once in tests. Deterministic. */
export function computeLayout(input: LayoutInput): Rows {
  const neighbours = neighboursOf(input.band.length, input.edges);
  return assignRows(input, neighbours, orderBands(input, neighbours));
}
