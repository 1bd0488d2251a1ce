import type { AppInfo } from '../../shared/contract/app.ts';
import type { EnvironmentFile, EnvironmentSummary } from '../../shared/model/environment.ts';
import type { SystemKind } from '../../shared/model/connection.ts';
import { GantryError } from '../../shared/model/error.ts';
import type { WorldEvent } from '../../shared/model/world.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { systemClock, type Clock, type Random } from './clock.ts';
import { Feed } from './feed.ts';
import { standardErrorLogger, type Logger } from './logger.ts';
import { usualKnownHosts } from './ssh/trust.ts';
import { createRouter, type EngineRouter } from './router.ts';
import { Session } from './session.ts';
import { systemOf } from './systems/registry.ts';
import type { System } from './systems/system.ts';
import { World } from './world/world.ts';

/** An environment that the engine may connect to. */
export interface EngineEnvironment {
  readonly id: string;
  /** Where it was read from, in words. */
  readonly origin: string;
  readonly file: EnvironmentFile;
}

export interface EngineOptions {
  readonly host: AppInfo['host'];
  readonly environments: readonly EngineEnvironment[];
  /** Id of the environment to connect to at once; none: stay idle until asked. */
  readonly activate?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Variables that `${env:NAME}` in an environment file may name. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** OpenSSH known_hosts files that SSH hosts are checked against; default: the user's and the machine's own. */
  readonly knownHosts?: readonly string[];
  readonly logger?: Logger;
  readonly lookup?: (kind: SystemKind) => System | undefined;
}

export interface Engine {
  /** Implements the contract; a host puts it behind a MessagePort, a WebSocket or a plain call. */
  readonly router: EngineRouter;
  /** Ends every connection and stream. */
  stop(): Promise<void>;
}

/** What the router's handlers work with. */
export interface EngineServices {
  readonly info: AppInfo;
  readonly clock: Clock;
  readonly feed: Feed<WorldEvent>;
  environments(): EnvironmentSummary[];
  /** Unknown id: `not-found`. */
  activate(id: string): Promise<EnvironmentSummary>;
  /** The environment at work; undefined while there is none. */
  session(): Session | undefined;
}

/** The composition root: everything the engine is made of is put together here and nowhere else. */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? standardErrorLogger('engine');
  const idle = new World('');
  let session: Session | undefined;
  let switching: Promise<unknown> = Promise.resolve();
  const feed = new Feed<WorldEvent>(() => session?.snapshot() ?? idle.snapshot(clock.now()));

  const summaryOf = (environment: EngineEnvironment): EnvironmentSummary => ({
    id: environment.id,
    name: environment.file.name,
    protection: environment.file.protection,
    origin: environment.origin,
    active: session?.environment.id === environment.id,
    connectionCount: environment.file.connections.length,
  });

  const open = async (environment: EngineEnvironment) => {
    if (session?.environment.id === environment.id) return;
    await session?.stop();
    session = new Session(environment, {
      clock,
      random: options.random ?? Math.random,
      env: options.env ?? process.env,
      knownHosts: options.knownHosts ?? usualKnownHosts(),
      logger,
      lookup: options.lookup ?? systemOf,
      onEvent: (event) => feed.push(event),
    });
    feed.restartAll();
  };

  const services: EngineServices = {
    info: {
      version: packageJson.version,
      host: options.host,
      platform: process.platform,
      startedAt: clock.now(),
    },
    clock,
    feed,
    environments: () => options.environments.map(summaryOf),
    async activate(id) {
      const environment = options.environments.find((known) => known.id === id);
      if (!environment) throw noSuchEnvironment(id);
      // One after the other: two quick switches must not leave two sessions at work.
      const turn = switching.then(() => open(environment));
      switching = turn.catch(() => {});
      await turn;
      return summaryOf(environment);
    },
    session: () => session,
  };

  if (options.activate !== undefined) await services.activate(options.activate);
  return {
    router: createRouter(services),
    async stop() {
      await switching;
      await session?.stop();
      session = undefined;
      feed.close();
    },
  };
}

function noSuchEnvironment(id: string): GantryError {
  return new GantryError({
    code: 'not-found',
    attempted: 'switch the environment',
    target: id,
    knownEffect: 'nothing was changed',
    advice: 'Choose one of the environments in the list.',
    retryable: false,
  });
}
