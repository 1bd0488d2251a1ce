import { computeLayout } from './layout.ts';
import type { LayoutInput } from './order.ts';
import type { LayoutAnswer, LayoutRequest } from './runner.ts';

/** The layout's own thread: a large map is arranged without a frame being lost. One request, one answer. */
const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<LayoutRequest>) => void) | null;
  postMessage(answer: LayoutAnswer, transfer: Transferable[]): void;
};

scope.onmessage = ({ data }) => {
  const input: LayoutInput = data.input;
  const rows = computeLayout(input);
  scope.postMessage({ id: data.id, rows }, [rows.column.buffer, rows.row.buffer, rows.columns.buffer]);
};
