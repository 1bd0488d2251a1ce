/** One measured value against what it may be, and against what others need for the same. */
export interface Line {
  readonly name: string;
  readonly unit: 'ms';
  readonly measured: number;
  /** null: told for information. */
  readonly budget: number | null;
  readonly peers: readonly Peer[];
}

export interface Peer {
  readonly library: string;
  /** null: it did not come to an end in time. */
  readonly measured: number | null;
}

/** Frames come by the screen's clock; a value this little above a budget is the clock's jitter, not work. */
const JITTER_MS = 0.5;

export function passes({ measured, budget }: Line): boolean {
  return budget === null || measured <= budget + (budget > 16 && budget < 17 ? JITTER_MS : 0);
}

/** "5.4×": how much longer the peer takes. A peer that did not finish is "∞". */
export function ratio({ measured }: Line, peer: Peer): string {
  if (peer.measured === null) return '∞';
  return `${(peer.measured / Math.max(measured, 0.001)).toFixed(1)}×`;
}

/** The table as text: measured, budget, each peer with its ratio, verdict. */
export function table(lines: readonly Line[], libraries: readonly string[]): string {
  const head = ['', 'measured', 'budget', ...libraries.flatMap((library) => [library, 'ratio']), ''];
  const rows = lines.map((line) => {
    const peers = libraries.flatMap((library) => {
      const peer = line.peers.find((each) => each.library === library);
      return peer ? [number(peer.measured), ratio(line, peer)] : ['', ''];
    });
    const verdict = line.budget === null ? '' : passes(line) ? 'pass' : 'FAIL';
    return [
      line.name,
      number(line.measured),
      line.budget === null ? '' : number(line.budget),
      ...peers,
      verdict,
    ];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  return [head, ...rows]
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function number(ms: number | null): string {
  return ms === null ? 'no end' : `${ms >= 100 ? Math.round(ms).toLocaleString('en') : ms.toFixed(1)} ms`;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
