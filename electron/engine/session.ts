import type { ConnectionStatus } from '../../shared/model/connection.ts';
import type { WorldEvent, WorldSnapshot } from '../../shared/model/world.ts';
import type { Clock, Random } from './clock.ts';
import { createRoutes } from './connections/routes.ts';
import { startConnection, type RunningConnection } from './connections/runner.ts';
import type { EngineEnvironment } from './engine.ts';
import type { Logger } from './logger.ts';
import type { System } from './systems/system.ts';
import type { SystemKind } from '../../shared/model/connection.ts';
import { World } from './world/world.ts';

export interface SessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** OpenSSH known_hosts files. */
  readonly knownHosts: readonly string[];
  readonly logger: Logger;
  readonly lookup: (kind: SystemKind) => System | undefined;
  /** Every change of the world, at most one a frame. */
  readonly onEvent: (event: WorldEvent) => void;
}

/** At most one patch a frame: more would be computed for nobody. */
const FRAME_MS = 16;

/** One environment at work: its connections feed its world, and its world tells what changed. */
export class Session {
  readonly environment: EngineEnvironment;
  readonly #world: World;
  readonly #connections: RunningConnection[];
  readonly #deps: SessionDeps;
  #timer: NodeJS.Timeout | undefined;
  #lastFlush = -Infinity;
  #stopped = false;

  constructor(environment: EngineEnvironment, deps: SessionDeps) {
    this.environment = environment;
    this.#deps = deps;
    this.#world = new World(environment.id);
    const { clock, random, env, knownHosts, logger, lookup } = deps;
    const routes = createRoutes(environment.file.connections);
    const touched = () => this.#schedule();
    this.#connections = environment.file.connections.map((config) =>
      startConnection(config, {
        lookup,
        clock,
        random,
        env,
        routes,
        knownHosts,
        logger,
        callbacks: {
          onObservation: (id, observation) => {
            this.#world.observe(id, observation, clock.now());
            touched();
          },
          // The age itself comes with the source's own event.
          onConfirm: () => {},
          onStatus: (status) => {
            this.#world.setConnection(status);
            touched();
          },
          onSource: (source) => {
            this.#world.setSource(source);
            touched();
          },
        },
      }),
    );
  }

  get world(): Pick<World, 'entityCount' | 'linkCount' | 'transitions'> {
    return this.#world;
  }

  snapshot(): WorldSnapshot {
    // What is pending goes to the watchers first, so that a snapshot and the patches after it fit without a gap.
    this.#flush();
    return this.#world.snapshot(this.#deps.clock.now());
  }

  connections(): ConnectionStatus[] {
    return this.#connections.map((connection) => connection.status());
  }

  connection(id: string): RunningConnection | undefined {
    return this.#connections.find((connection) => connection.id === id);
  }

  /** Requests to managed systems per second, over the last 10 s. */
  requestRate(): number {
    return this.#connections.reduce((sum, connection) => sum + connection.requestRate10s(), 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await Promise.all(this.#connections.map((connection) => connection.stop()));
  }

  #schedule(): void {
    if (this.#timer || this.#stopped) return;
    const wait = Math.max(0, FRAME_MS - (this.#deps.clock.monotonic() - this.#lastFlush));
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#flush();
    }, wait);
  }

  #flush(): void {
    if (this.#stopped) return;
    this.#lastFlush = this.#deps.clock.monotonic();
    const patch = this.#world.flush(this.#deps.clock.now());
    if (patch) this.#deps.onEvent(patch);
  }
}
