export interface Wait {
  /** Resolves at the latest after this. */
  readonly ms: number;
  /** Resolves when one of these aborts. */
  readonly signals: readonly AbortSignal[];
  /** Resolves once this holds; looked at now and whenever a subscription tells of a change. */
  readonly until: () => boolean;
  /** Each takes a listener and returns its disposer. */
  readonly subscriptions: readonly ((listener: () => void) => () => void)[];
}

/** Waits, and leaves no timer and no listener behind. */
export function waitFor({ ms, signals, until, subscriptions }: Wait): Promise<void> {
  return new Promise((resolve) => {
    const disposers: (() => void)[] = [];
    const finish = () => {
      clearTimeout(timer);
      for (const dispose of disposers) dispose();
      for (const signal of signals) signal.removeEventListener('abort', finish);
      resolve();
    };
    const look = () => {
      if (until()) finish();
    };
    const timer = setTimeout(finish, ms);
    for (const subscribe of subscriptions) disposers.push(subscribe(look));
    for (const signal of signals) signal.addEventListener('abort', finish, { once: true });
    if (signals.some((signal) => signal.aborted)) finish();
    else look();
  });
}
