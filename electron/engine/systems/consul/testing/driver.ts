import type { ConnectionStatus } from '../../../../../shared/model/connection.ts';
import type { Observation, ObservedEntity } from '../../../../../shared/model/entity.ts';
import type { ConnectionConfig } from '../../../../../shared/model/environment.ts';
import type { Source } from '../../../../../shared/model/freshness.ts';
import { systemClock, type Clock, type Random } from '../../../clock.ts';
import { consulSystem } from '../index.ts';
import type { System } from '../../system.ts';

export interface Driver {
  /** Everything that was published, in order. */
  readonly observations: Observation[];
  /** `asOf` of every confirmation. */
  readonly confirms: number[];
  status(): ConnectionStatus;
  source(): Source | undefined;
  latest(): Observation | undefined;
  entity(id: string): ObservedEntity | undefined;
  /** Own health of an entity. */
  health(id: string): string | undefined;
  /** What the user's "retry" does. */
  retry(): void;
  /** Resolves with what `probe` returns once that is not undefined; looks after every event of the connection. */
  until<T>(what: string, probe: () => T | undefined, withinMs?: number): Promise<T>;
  /** Resolves when the entity's own health is `state`. */
  untilHealth(id: string, state: string, withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/** `startConnection`, as far as it is used here. It comes as a parameter: a system's folder never imports connections. */
export type StartConnection = (
  config: ConnectionConfig,
  deps: {
    lookup: () => System;
    clock: Clock;
    random: Random;
    env: Record<string, string>;
    callbacks: {
      onObservation(connectionId: string, observation: Observation): void;
      onConfirm(connectionId: string, scope: string, asOf: number): void;
      onStatus(status: ConnectionStatus): void;
      onSource(source: Source): void;
    };
  },
) => { status(): ConnectionStatus; retry(): boolean; stop(): Promise<void> };

/** Runs one Consul connection as the engine does, over real HTTP. */
export function drive(startConnection: StartConnection, url: string, token?: string): Driver {
  const observations: Observation[] = [];
  const confirms: number[] = [];
  const sources = new Map<string, Source>();
  const watchers = new Set<() => void>();
  const tell = () => {
    for (const watcher of watchers) watcher();
  };
  const connection = startConnection(
    { id: 'consul', system: 'consul', url, ...(token !== undefined && { auth: { type: 'token', token } }) },
    {
      lookup: () => consulSystem,
      clock: systemClock,
      random: Math.random,
      env: {},
      callbacks: {
        onObservation: (_, observation) => {
          observations.push(observation);
          tell();
        },
        onConfirm: (_id, _scope, asOf) => {
          confirms.push(asOf);
          tell();
        },
        onStatus: tell,
        onSource: (source) => {
          sources.set(source.id, source);
          tell();
        },
      },
    },
  );
  const entity = (id: string) => observations.at(-1)?.entities.find((one) => one.id === id);
  const until: Driver['until'] = (what, probe, withinMs = 10_000) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const found = probe();
        if (found === undefined) return;
        clearTimeout(timer);
        clearInterval(often);
        watchers.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        clearInterval(often);
        watchers.delete(look);
        reject(new Error(`not within ${withinMs} ms: ${what}; now ${JSON.stringify(connection.status())}`));
      }, withinMs);
      // Conditions on a server's side come with no event.
      const often = setInterval(look, 20);
      watchers.add(look);
      look();
    });
  return {
    observations,
    confirms,
    status: () => connection.status(),
    source: () => sources.get('consul/catalog'),
    latest: () => observations.at(-1),
    entity,
    health: (id) => entity(id)?.ownHealth.state,
    retry: () => connection.retry(),
    until,
    untilHealth: async (id, state, withinMs) => {
      await until(
        `${id} ${state}`,
        () => (entity(id)?.ownHealth.state === state ? true : undefined),
        withinMs,
      );
    },
    stop: () => connection.stop(),
  };
}
