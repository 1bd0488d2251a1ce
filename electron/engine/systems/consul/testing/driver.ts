import type { Observation, ObservedEntity } from '../../../../../shared/model/entity.ts';
import { GantryError } from '../../../../../shared/model/error.ts';
import { systemClock } from '../../../clock.ts';
import { backoffMs } from '../../../net/backoff.ts';
import { createHttpClient } from '../../../net/http-client.ts';
import { consulSystem } from '../index.ts';

export interface Driver {
  readonly observations: Observation[];
  readonly confirms: number[];
  readonly versions: string[];
  /** Failures of the source, in order. */
  readonly failures: GantryError[];
  latest(): Observation | undefined;
  entity(id: string): ObservedEntity | undefined;
  /** Resolves with what `probe` returns once that is not undefined; looks after every event of the source. */
  until<T>(what: string, probe: () => T | undefined, withinMs?: number): Promise<T>;
  /** Ends the source; resolves when its requests are gone. */
  stop(): Promise<void>;
}

/**
 * Runs the source of a Consul connection over real HTTP as the engine does: one call after another, with back-off
 * between failures (`fast` shortens it to milliseconds where its length is not the subject).
 */
export function drive(options: {
  url: string;
  token?: string;
  connectionId?: string;
  fast?: boolean;
}): Driver {
  const stop = new AbortController();
  const auth =
    options.token === undefined
      ? ({ type: 'none' } as const)
      : ({ type: 'token', token: options.token } as const);
  const http = createHttpClient({
    url: options.url,
    auth,
    system: consulSystem,
    clock: systemClock,
    random: Math.random,
  });
  const connectionId = options.connectionId ?? 'consul';
  const observations: Observation[] = [];
  const confirms: number[] = [];
  const versions: string[] = [];
  const failures: GantryError[] = [];
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const add =
    <T>(list: T[]) =>
    (item: T) => {
      list.push(item);
      tell();
    };
  const [source] = consulSystem.sources({ connectionId, url: options.url });
  const run = async () => {
    for (let row = 0; !stop.signal.aborted;) {
      const seen = observations.length;
      try {
        await source?.observe({
          connectionId,
          http,
          clock: systemClock,
          random: Math.random,
          signal: stop.signal,
          publish: add(observations),
          confirm: add(confirms),
          reportVersion: add(versions),
        });
      } catch (thrown) {
        if (stop.signal.aborted) return;
        if (!(thrown instanceof GantryError)) throw thrown;
        add(failures)(thrown);
        row = observations.length > seen ? 1 : row + 1;
        const wait = backoffMs(row, Math.random);
        await systemClock.sleep(options.fast ? wait / 50 : wait, stop.signal).catch(() => {});
      }
    }
  };
  const done = run();
  return {
    observations,
    confirms,
    versions,
    failures,
    latest: () => observations.at(-1),
    entity: (id) => observations.at(-1)?.entities.find((entity) => entity.id === id),
    until: (what, probe, withinMs = 10_000) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = probe();
          if (found === undefined) return;
          clearTimeout(timer);
          watchers.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          watchers.delete(look);
          const last = failures.at(-1)?.data;
          reject(new Error(`not within ${withinMs} ms: ${what}; last failure: ${JSON.stringify(last)}`));
        }, withinMs);
        watchers.add(look);
        look();
      }),
    async stop() {
      stop.abort();
      await done;
      await http.close();
    },
  };
}
