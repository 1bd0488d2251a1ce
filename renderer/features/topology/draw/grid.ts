import type { Rect } from './camera.ts';

/**
 * A uniform grid over boxes of one size: which nodes are in a rectangle, which one is under a point. Built once per
 * placement (O(n)), asked many times; a change of state or text leaves it as it is.
 */
export class NodeGrid {
  readonly #cell: number;
  readonly #columns: number;
  readonly #rows: number;
  readonly #left: number;
  readonly #top: number;
  readonly #start: Uint32Array;
  readonly #items: Uint32Array;
  readonly #x: Float32Array;
  readonly #y: Float32Array;
  readonly #width: number;
  readonly #height: number;

  /** `x`, `y`: top left corners; `width`, `height`: of every box; all in map units. */
  constructor(x: Float32Array, y: Float32Array, width: number, height: number, cell: number) {
    this.#x = x;
    this.#y = y;
    this.#width = width;
    this.#height = height;
    this.#cell = cell;
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let i = 0; i < x.length; i++) {
      left = Math.min(left, x[i]!);
      right = Math.max(right, x[i]!);
      top = Math.min(top, y[i]!);
      bottom = Math.max(bottom, y[i]!);
    }
    this.#left = x.length === 0 ? 0 : left;
    this.#top = x.length === 0 ? 0 : top;
    this.#columns = x.length === 0 ? 0 : Math.floor((right - left) / cell) + 1;
    this.#rows = x.length === 0 ? 0 : Math.floor((bottom - top) / cell) + 1;
    this.#start = new Uint32Array(this.#columns * this.#rows + 1);
    this.#items = new Uint32Array(x.length);
    const cellOf = (i: number) =>
      Math.floor((y[i]! - this.#top) / cell) * this.#columns + Math.floor((x[i]! - this.#left) / cell);
    for (let i = 0; i < x.length; i++) this.#start[cellOf(i) + 1]!++;
    for (let c = 0; c < this.#columns * this.#rows; c++) this.#start[c + 1]! += this.#start[c]!;
    const next = this.#start.slice(0, -1);
    for (let i = 0; i < x.length; i++) this.#items[next[cellOf(i)]!++] = i;
  }

  /** Calls `visit` for each box that touches `rect`, in no particular order. */
  query(rect: Rect, visit: (index: number) => void): void {
    // A box is filed under its corner, so one that begins before the rectangle may still reach into it.
    const c0 = Math.max(0, Math.floor((rect.left - this.#width - this.#left) / this.#cell));
    const c1 = Math.min(this.#columns - 1, Math.floor((rect.right - this.#left) / this.#cell));
    const r0 = Math.max(0, Math.floor((rect.top - this.#height - this.#top) / this.#cell));
    const r1 = Math.min(this.#rows - 1, Math.floor((rect.bottom - this.#top) / this.#cell));
    for (let r = r0; r <= r1; r++) {
      for (let c = c0; c <= c1; c++) {
        const at = r * this.#columns + c;
        for (let k = this.#start[at]!; k < this.#start[at + 1]!; k++) {
          const i = this.#items[k]!;
          const x = this.#x[i]!;
          const y = this.#y[i]!;
          if (x > rect.right || x + this.#width < rect.left) continue;
          if (y > rect.bottom || y + this.#height < rect.top) continue;
          visit(i);
        }
      }
    }
  }

  /** The box nearest to a point within `slop` map units, or -1. */
  at(x: number, y: number, slop = 0): number {
    let best = -1;
    let bestDistance = Infinity;
    this.query({ left: x - slop, right: x + slop, top: y - slop, bottom: y + slop }, (i) => {
      const dx = Math.max(this.#x[i]! - x, 0, x - this.#x[i]! - this.#width);
      const dy = Math.max(this.#y[i]! - y, 0, y - this.#y[i]! - this.#height);
      const distance = Math.hypot(dx, dy);
      if (distance < bestDistance || (distance === bestDistance && i < best)) {
        best = i;
        bestDistance = distance;
      }
    });
    return best;
  }
}
