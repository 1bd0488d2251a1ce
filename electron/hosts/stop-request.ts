const LOOK_EVERY_MS = 250;

/**
 * Resolves when this process is asked to end: by a signal, by the end of the process that forked it, or by the end of
 * the npm that runs it. npm hands a signal on to its shell only, and the shell dies of it without telling anybody: all
 * there is to notice is that this process has another parent now.
 */
export function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    // Asked twice, stopping goes on: `once` would hand the second Ctrl-C to Node, which leaves the lab behind.
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => resolve());
    // Only there when another process forked this one; it must not keep us alive by itself.
    process.once('disconnect', () => resolve());
    process.channel?.unref();
    if (process.env['npm_lifecycle_event'] === undefined) return;
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      resolve();
    }, LOOK_EVERY_MS);
    timer.unref();
  });
}
