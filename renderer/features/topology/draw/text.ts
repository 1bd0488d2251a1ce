/** What of a canvas context is needed to measure text. */
export interface Measurer {
  font: string;
  measureText(text: string): { readonly width: number };
}

/** Beyond this many remembered texts (moving numbers make new ones all the time) the memory starts over. */
const REMEMBERED_MAX = 20_000;

/** Cuts texts to a width with an ellipsis, and remembers the results: measuring is the dear part of drawing text. */
export class TextFitter {
  readonly #cut = new Map<string, string>();
  readonly #widths = new Map<string, number>();

  /** The text as it fits into `width` map units; the context's font is set to `font`. */
  fit(context: Measurer, font: string, text: string, width: number): string {
    const key = `${font}\n${width}\n${text}`;
    const known = this.#cut.get(key);
    if (known !== undefined) return known;
    if (this.#cut.size >= REMEMBERED_MAX) this.#cut.clear();
    const result = cutToWidth(text, width, (part) => this.width(context, font, part));
    this.#cut.set(key, result);
    return result;
  }

  width(context: Measurer, font: string, text: string): number {
    const key = `${font}\n${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    if (this.#widths.size >= REMEMBERED_MAX) this.#widths.clear();
    if (context.font !== font) context.font = font;
    const { width } = context.measureText(text);
    this.#widths.set(key, width);
    return width;
  }

  /** Fonts have changed: what was measured is wrong. */
  forget(): void {
    this.#cut.clear();
    this.#widths.clear();
  }
}

/** The longest beginning that fits with an ellipsis, by bisection. Never cuts within a character. */
export function cutToWidth(text: string, width: number, measure: (part: string) => number): string {
  if (measure(text) <= width) return text;
  const characters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  let low = 0;
  let high = characters.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (measure(`${characters.slice(0, middle).join('').trimEnd()}…`) <= width) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join('').trimEnd()}…`;
}
