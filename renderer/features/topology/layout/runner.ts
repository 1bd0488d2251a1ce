import { computeLayout } from './layout.ts';
import type { LayoutInput } from './order.ts';
import type { Rows } from './rows.ts';

export interface LayoutRequest {
  readonly id: number;
  readonly input: LayoutInput;
}

export interface LayoutAnswer {
  readonly id: number;
  readonly rows: Rows;
}

/** Arranges graphs, elsewhere or here. Only the last request counts: an answer to an earlier one is dropped. */
export interface LayoutRunner {
  run(input: LayoutInput, done: (rows: Rows) => void): void;
  dispose(): void;
}

/** For tests, and where a worker cannot be had: answers before it returns. */
export function syncLayoutRunner(): LayoutRunner {
  return {
    run: (input, done) => done(computeLayout(input)),
    dispose: () => {},
  };
}

/** In a Web Worker. A worker that fails to start or dies is replaced by this thread: slower, but there is a map. */
export function workerLayoutRunner(): LayoutRunner {
  let worker: Worker | null = null;
  let asked = 0;
  let pending: { input: LayoutInput; done: (rows: Rows) => void } | null = null;
  const fallBack = () => {
    worker?.terminate();
    worker = null;
    const waiting = pending;
    pending = null;
    if (waiting) waiting.done(computeLayout(waiting.input));
  };
  try {
    worker = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('error', fallBack);
    worker.addEventListener('message', ({ data }: MessageEvent<LayoutAnswer>) => {
      if (data.id !== asked || !pending) return;
      const { done } = pending;
      pending = null;
      done(data.rows);
    });
  } catch {
    // No workers here (a policy, an old host): `run` below computes in place.
    worker = null;
  }
  return {
    run(input, done) {
      asked++;
      if (!worker) {
        done(computeLayout(input));
        return;
      }
      pending = { input, done };
      const request: LayoutRequest = { id: asked, input };
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no origin to name
      worker.postMessage(request);
    },
    dispose() {
      pending = null;
      worker?.terminate();
      worker = null;
    },
  };
}
