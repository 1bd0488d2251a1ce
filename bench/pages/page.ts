/** What the bench asks of a page. Each library's page answers the same questions. */
export interface BenchPage {
  /** Shows the graph; resolves with ms from having the data to the first complete picture. */
  firstPaint(): Promise<number>;
  /** Moves the picture by CSS px. */
  pan(dx: number, dy: number): void;
  /** Zooms around the middle. */
  zoom(factor: number): void;
  /** Changes a share of the world; only where the page is the product. */
  change?(share: number): Change;
}

export interface Change {
  readonly entities: number;
  /** Taking the patch into the mirror, ms. */
  readonly applyMs: number;
  /** True once the picture shows it. */
  readonly done: () => boolean;
}

/** Times of successive frames, ms. */
export interface FrameTimes {
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
}

export interface ChangeTimes {
  readonly entities: number;
  /** Script on the page's main thread, from the patch to the picture, ms. */
  readonly scriptMs: number;
  /** The longest single frame callback of it. */
  readonly longestMs: number;
}

/** What the bench calls in the page. */
export interface BenchApi {
  firstPaint(): Promise<number>;
  panFrames(count: number): Promise<FrameTimes>;
  zoomFrames(count: number): Promise<FrameTimes>;
  zoomTo(factor: number): Promise<void>;
  /** Waits until what follows a picture is done. */
  rest(): Promise<void>;
  changes(share: number, times: number): Promise<ChangeTimes[]>;
}

declare global {
  interface Window {
    bench?: BenchApi;
  }
}

export function nextFrame(): Promise<number> {
  return new Promise((resolve) => requestAnimationFrame(resolve));
}

/** Time spent in frame callbacks, to tell what a change costs. Counts only while `counting`. */
const spent = { counting: false, totalMs: 0, longestMs: 0 };

function countFrameCallbacks(): void {
  const request = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (callback) =>
    request((at) => {
      const started = performance.now();
      callback(at);
      if (!spent.counting) return;
      const took = performance.now() - started;
      spent.totalMs += took;
      spent.longestMs = Math.max(spent.longestMs, took);
    });
}

/** Puts the page's answers where the bench finds them. Only bench pages do this; the product has no such handle. */
export function expose(page: BenchPage): void {
  countFrameCallbacks();
  window.bench = {
    firstPaint: () => page.firstPaint(),
    panFrames: (count) =>
      frames(count, (i) => {
        // To and fro, so that the graph never leaves the window.
        const way = Math.floor(i / 30) % 2 === 0 ? 1 : -1;
        page.pan(9 * way, 5 * way);
      }),
    zoomFrames: (count) => frames(count, (i) => page.zoom(Math.floor(i / 30) % 2 === 0 ? 1.02 : 1 / 1.02)),
    async zoomTo(factor) {
      page.zoom(factor);
      await rest();
    },
    rest,
    async changes(share, times) {
      const results: ChangeTimes[] = [];
      for (let i = 0; i < times; i++) results.push(await oneChange(page, share));
      return results;
    },
  };
}

async function rest(): Promise<void> {
  for (let i = 0; i < 60; i++) await nextFrame();
}

async function frames(count: number, step: (i: number) => void): Promise<FrameTimes> {
  const times: number[] = [];
  let last = await nextFrame();
  for (let i = 0; i < count; i++) {
    step(i);
    const now = await nextFrame();
    times.push(now - last);
    last = now;
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))]!;
  return { median: at(0.5), p95: at(0.95), worst: at(1) };
}

async function oneChange(page: BenchPage, share: number): Promise<ChangeTimes> {
  Object.assign(spent, { counting: true, totalMs: 0, longestMs: 0 });
  const { entities, applyMs, done } = page.change!(share);
  const deadline = performance.now() + 2_000;
  while (!done() && performance.now() < deadline) await nextFrame();
  // A few more frames: what follows the picture (the twin, the counts) belongs to the cost.
  for (let i = 0; i < 12; i++) await nextFrame();
  spent.counting = false;
  return { entities, scriptMs: applyMs + spent.totalMs, longestMs: Math.max(applyMs, spent.longestMs) };
}
