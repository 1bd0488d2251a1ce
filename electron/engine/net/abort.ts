/** A signal that aborts with any of its parents, and lets go of them when released. */
export interface AbortScope {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  /** Must be called when the work is over: a parent that lives as long as its connection would collect listeners. */
  release(): void;
}

/** `AbortSignal.any` with an end: the platform's own keeps a trace on long-lived parents for every call made. */
export function abortScope(...parents: readonly (AbortSignal | undefined)[]): AbortScope {
  const controller = new AbortController();
  const undo: (() => void)[] = [];
  for (const parent of parents) {
    if (!parent) continue;
    const follow = () => controller.abort(parent.reason);
    if (parent.aborted) follow();
    else {
      parent.addEventListener('abort', follow, { once: true });
      undo.push(() => parent.removeEventListener('abort', follow));
    }
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => undo.splice(0).forEach((forget) => forget()),
  };
}

/**
 * The work's own outcome, or the signal's reason as soon as it aborts, whether or not the work listens to it. The work's
 * late outcome is dropped.
 */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let undo = () => {};
  const aborted = new Promise<never>((_, reject) => {
    const stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else {
      signal.addEventListener('abort', stop, { once: true });
      undo = () => signal.removeEventListener('abort', stop);
    }
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    undo();
  }
}
