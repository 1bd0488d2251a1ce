import type { CheckStep, ConnectionStatus, SystemKind } from '../../../shared/model/connection.ts';
import type { Observation } from '../../../shared/model/entity.ts';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { toErrorData } from '../../../shared/model/error.ts';
import type { Source } from '../../../shared/model/freshness.ts';
import type { Clock, Random } from '../clock.ts';
import type { System } from '../systems/system.ts';
import { readyConfig, type Env } from './configuration.ts';

/** What a connection tells its owner. Never called after `stop()` was called. */
export interface ConnectionCallbacks {
  /** A complete answer for one scope. */
  onObservation(connectionId: string, observation: Observation): void;
  /** The system answered and nothing changed in this scope. `asOf`: epoch ms. */
  onConfirm(connectionId: string, scope: string, asOf: number): void;
  /** State, error, version or next attempt changed; or, every 2 s at most, the numbers. */
  onStatus(status: ConnectionStatus): void;
  /** A source's freshness, age or note changed. First called for every source at the start, as `never`. */
  onSource(source: Source): void;
}

/** Where defects are told; never given a secret. */
export interface Logger {
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface ConnectionDeps {
  readonly lookup: (kind: SystemKind) => System | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Variables that `${env:NAME}` may name. */
  readonly env: Env;
  readonly callbacks: ConnectionCallbacks;
  readonly logger?: Logger;
}

/** A connection at work until `stop()`. */
export interface RunningConnection {
  readonly id: string;
  status(): ConnectionStatus;
  /** Every source of it, as last told to `onSource`. */
  sources(): readonly Source[];
  /** Tries at once what is waiting for its back-off. False when there is nothing to try: the configuration is at fault, or it was stopped. */
  retry(): boolean;
  /** Ends all polls, watches, timers and sockets; resolves when they are gone. Safe to call twice. */
  stop(): Promise<void>;
  /** Checks the way to the system step by step, on sockets of its own; ends after the first step that fails, or after 15 s. */
  test(signal?: AbortSignal): AsyncGenerator<CheckStep, void, void>;
  /** Requests per second over the last 10 s. */
  requestRate10s(): number;
}

/**
 * Starts one connection and keeps it going; never throws. A configuration that cannot be started gives a connection that
 * is `down` and says why, so that the others are not disturbed.
 */
export function startConnection(config: ConnectionConfig, deps: ConnectionDeps): RunningConnection {
  try {
    readyConfig(config, deps.lookup, deps.env);
  } catch (thrown) {
    return refusedConnection(config, deps, thrown);
  }
  return refusedConnection(config, deps, undefined);
}

/** A connection that never starts: its configuration is at fault, and only an edit helps. */
function refusedConnection(
  config: ConnectionConfig,
  deps: ConnectionDeps,
  thrown: unknown,
): RunningConnection {
  const error = toErrorData(thrown, 'start the connection', config.id);
  const status: ConnectionStatus = {
    id: config.id,
    system: config.system,
    url: config.url,
    state: 'down',
    since: deps.clock.now(),
    lastAnswerAt: null,
    error,
    requestsPerMinute: 0,
    budgetPerMinute: 0,
    latencyMs: null,
    hasSecret: config.auth !== undefined && config.auth.type !== 'none',
  };
  deps.callbacks.onStatus(status);
  return {
    id: config.id,
    status: () => status,
    sources: () => [],
    retry: () => false,
    stop: () => Promise.resolve(),
    async *test() {
      yield { step: 'configuration', ok: false, detail: error.detail ?? '', ms: 0, error };
    },
    requestRate10s: () => 0,
  };
}
