import type { CheckStep, ConnectionStatus, SystemKind } from '../../../shared/model/connection.ts';
import type { Observation } from '../../../shared/model/entity.ts';
import type { ConnectionConfig } from '../../../shared/model/environment.ts';
import { toErrorData, type GantryErrorData } from '../../../shared/model/error.ts';
import { sourceId, type Source } from '../../../shared/model/freshness.ts';
import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { publicUrl } from '../net/address.ts';
import { backoffMs } from '../net/backoff.ts';
import type { SourceSpec, System } from '../systems/system.ts';
import { failedConfiguration } from './check-steps.ts';
import { readyConfig, type Env } from './configuration.ts';
import type { Driver } from './driver.ts';
import { createGate, jittered, REFUSED_PAUSE_MS, type Gate } from './gate.ts';
import { httpDriver } from './http-driver.ts';
import { observeOnce, type ObserverDeps } from './observer.ts';
import { createRoutes, type Routes } from './routes.ts';
import { sshTarget } from './ssh-configuration.ts';
import { sshDriver } from './ssh-driver.ts';
import {
  advance,
  isWide,
  lastAnswerAt,
  provesAnswer,
  sourceFreshness,
  startTrack,
  type ConnectionInput,
  type ConnectionTrack,
} from './state.ts';
import { createWaker, type Waker } from './waker.ts';

/** What a connection tells its owner. Never called after `stop()` was called. */
interface ConnectionCallbacks {
  /** A complete answer for one scope. */
  onObservation(connectionId: string, observation: Observation): void;
  /** The system answered and nothing changed in this scope. `asOf`: epoch ms. */
  onConfirm(connectionId: string, scope: string, asOf: number): void;
  /** State, error, version or next attempt changed; or, every 2 s at most, the numbers. */
  onStatus(status: ConnectionStatus): void;
  /** A source's freshness, age or note changed. First called for every source at the start, as `never`. */
  onSource(source: Source): void;
}

export interface ConnectionDeps {
  readonly lookup: (kind: SystemKind) => System | undefined;
  readonly clock: Clock;
  readonly random: Random;
  /** Variables that `${env:NAME}` may name. */
  readonly env: Env;
  /** The SSH hosts of the same environment: this connection may go through one of them, or be one. Default: none. */
  readonly routes?: Routes;
  /** OpenSSH known_hosts files; a host without a `hostKey` must be in one of them. Default: none. */
  readonly knownHosts?: readonly string[];
  readonly callbacks: ConnectionCallbacks;
  readonly logger?: Logger;
}

/** A connection at work until `stop()`. */
export interface RunningConnection {
  readonly id: string;
  status(): ConnectionStatus;
  /** Every source of it, as last told to `onSource`. */
  sources(): readonly Source[];
  /**
   * Tries at once what is waiting for its back-off. False when there is nothing to try: the configuration is at fault, or
   * it was stopped.
   */
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
  const routes = deps.routes ?? createRoutes([config]);
  try {
    return new Runner(driverFor(config, deps, routes), deps);
  } catch (thrown) {
    const error = toErrorData(thrown, 'start the connection', config.id);
    // Whoever goes through it must not wait for it.
    if (config.system === 'ssh') routes.hop(config.id).down(error);
    return refusedConnection(config, deps, error);
  }
}

/** Throws `GantryError` for a configuration that cannot be started, and what a system's `sources` throws. */
function driverFor(config: ConnectionConfig, deps: ConnectionDeps, routes: Routes): Driver {
  if (config.system !== 'ssh') {
    return httpDriver(readyConfig(config, deps.lookup, deps.env), deps, routes.dialer(config));
  }
  const { clock, random, logger, knownHosts = [] } = deps;
  const through = routes.dialer(config);
  const self = routes.hop(config.id);
  return sshDriver(config, sshTarget(config, deps.env), { clock, random, logger, self, through, knownHosts });
}

/** A connection that never starts: its configuration is at fault, and only an edit helps. */
function refusedConnection(
  config: ConnectionConfig,
  { clock, callbacks }: ConnectionDeps,
  error: GantryErrorData,
): RunningConnection {
  const status: ConnectionStatus = {
    ...identityOf(config),
    state: 'down',
    since: clock.now(),
    lastAnswerAt: null,
    error,
    requestsPerMinute: 0,
    budgetPerMinute: 0,
    latencyMs: null,
  };
  callbacks.onStatus(status);
  return {
    id: config.id,
    status: () => status,
    sources: () => [],
    retry: () => false,
    stop: () => Promise.resolve(),
    async *test() {
      yield failedConfiguration(error);
    },
    requestRate10s: () => 0,
  };
}

function identityOf(config: ConnectionConfig) {
  return {
    id: config.id,
    system: config.system,
    url: publicUrl(config.url),
    hasSecret: config.auth !== undefined && config.auth.type !== 'none',
  };
}

/** How often ages are looked at. */
const TICK_MS = 500;
/** Numbers alone are news this often at most: each status is a patch to every window. */
const NUMBERS_EVERY_MS = 2_000;
/** A watch that returns is called again after this long: it may have nothing to wait for. */
const WATCH_AGAIN_MS = 1_000;

/** One source and its rhythm. Due times are monotonic ms. */
interface SourceRun {
  readonly spec: SourceSpec;
  due: number;
  /** The same in epoch ms, for the screen; only while backing off. */
  nextAttemptAt: number | undefined;
  failures: number;
  running: boolean;
}

class Runner implements RunningConnection {
  readonly id: string;
  readonly #driver: Driver;
  readonly #deps: ConnectionDeps;
  readonly #gate: Gate;
  readonly #waker: Waker;
  readonly #runs: readonly SourceRun[];
  readonly #observer: ObserverDeps;
  readonly #stop = new AbortController();
  readonly #work: Promise<unknown>;
  readonly #forgetHope: () => void;
  #track: ConnectionTrack;
  #version: string | undefined;
  #told: ConnectionStatus | undefined;
  #toldAt = -Infinity;
  #toldSources = new Map<string, Source>();

  constructor(driver: Driver, deps: ConnectionDeps) {
    const { config, specs } = driver;
    const { clock, random } = deps;
    this.id = config.id;
    this.#driver = driver;
    this.#deps = deps;
    this.#gate = createGate(clock, random);
    this.#waker = createWaker(clock);
    const due = clock.monotonic();
    this.#runs = specs.map((spec) => ({ spec, due, nextAttemptAt: undefined, failures: 0, running: false }));
    this.#track = startTrack(config.id, specs.map(trackOf), clock.now());
    this.#observer = {
      connectionId: config.id,
      http: driver.http,
      clock,
      random,
      logger: deps.logger,
      publish: (spec, observation) => this.#published(spec, observation),
      confirm: (spec, asOf) => this.#confirmed(spec, asOf),
      reportVersion: (version) => {
        this.#version = version.slice(0, 200);
        this.#tell();
      },
    };
    this.#tell();
    const polls = this.#runs.filter(({ spec }) => spec.mode === 'poll');
    const watches = this.#runs.filter(({ spec }) => spec.mode === 'watch');
    this.#forgetHope = driver.onHope(() => this.#hope());
    // Not before the owner holds what it started.
    this.#work = Promise.resolve().then(() =>
      Promise.all([this.#poll(polls), ...watches.map((run) => this.#poll([run])), this.#tick()]),
    );
  }

  status(): ConnectionStatus {
    const { state, since, error } = this.#track;
    const { requests60s, latencyMs } = this.#driver.metrics();
    const nextAttemptAt = this.#nextAttemptAt();
    return {
      ...identityOf(this.#driver.config),
      state,
      since,
      lastAnswerAt: lastAnswerAt(this.#track),
      requestsPerMinute: requests60s,
      budgetPerMinute: this.#driver.budgetPerMinute,
      latencyMs: latencyMs === null ? null : Math.round(latencyMs * 10) / 10,
      ...(this.#version === undefined ? {} : { version: this.#version }),
      ...(error === undefined ? {} : { error }),
      ...(nextAttemptAt === undefined ? {} : { nextAttemptAt }),
    };
  }

  sources(): readonly Source[] {
    return [...this.#toldSources.values()];
  }

  retry(): boolean {
    if (this.#stop.signal.aborted) return false;
    this.#driver.rearm();
    this.#gate.open();
    const failing = this.#runs.filter((run) => run.failures > 0);
    for (const run of failing.length > 0 ? failing : this.#runs) {
      run.due = this.#deps.clock.monotonic();
      run.nextAttemptAt = undefined;
      run.failures = 0;
    }
    this.#waker.wake();
    this.#tell();
    return true;
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('the connection was stopped'));
    this.#forgetHope();
    this.#waker.wake();
    await this.#driver.close();
    await this.#work;
  }

  test(signal?: AbortSignal): AsyncGenerator<CheckStep, void, void> {
    return this.#driver.test(signal);
  }

  requestRate10s(): number {
    return this.#driver.metrics().requests10s / 10;
  }

  /** The way is said to be open again: what waits to try again need not wait any longer. */
  #hope(): void {
    if (this.#gate.isShut() || this.#runs.some(({ failures }) => failures > 0)) this.retry();
  }

  /** Runs these sources, one at a time, each when it is due. */
  async #poll(runs: readonly SourceRun[]): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const [first, ...others] = runs;
      if (!first) return;
      const run = others.reduce((soonest, other) => (other.due < soonest.due ? other : soonest), first);
      const wait = Math.max(run.due - this.#deps.clock.monotonic(), this.#gate.waitMs(run.spec.mode));
      if (wait > 0) await this.#waker.sleep(wait);
      else await this.#attempt(run);
    }
  }

  async #attempt(run: SourceRun): Promise<void> {
    const { clock, random } = this.#deps;
    const startedAt = clock.monotonic();
    this.#gate.enter();
    run.running = true;
    this.#tell();
    const error = await observeOnce(run.spec, this.#observer, this.#stop.signal);
    run.running = false;
    if (this.#stop.signal.aborted) return;
    if (error) {
      this.#failed(run, error, startedAt);
      return;
    }
    this.#answered(run);
    const pause = run.spec.mode === 'poll' ? run.spec.intervalMs : WATCH_AGAIN_MS;
    const from = run.spec.mode === 'poll' ? startedAt : clock.monotonic();
    run.due = Math.max(from + jittered(pause, random), clock.monotonic());
  }

  #failed(run: SourceRun, error: GantryErrorData, startedAt: number): void {
    const { clock, random } = this.#deps;
    run.failures += 1;
    const refused = error.code === 'unauthorized' || error.code === 'forbidden';
    const delay = refused ? jittered(REFUSED_PAUSE_MS, random) : backoffMs(run.failures, random);
    run.due = clock.monotonic() + delay;
    run.nextAttemptAt = clock.now() + delay;
    if (provesAnswer(error)) this.#openGate();
    else if (isWide(error) || this.#gate.isShut()) {
      this.#gate.shut(startedAt, error.code === 'unauthorized');
      // Its turn comes with the gate, together with the others.
      run.due = clock.monotonic();
      run.nextAttemptAt = undefined;
    }
    this.#learn({ type: 'failure', scope: run.spec.scope, error });
  }

  #answered(run: SourceRun): void {
    run.failures = 0;
    run.nextAttemptAt = undefined;
    this.#openGate();
  }

  #openGate(): void {
    if (this.#gate.open()) this.#waker.wake();
  }

  #published(spec: SourceSpec, observation: Observation): void {
    this.#deps.callbacks.onObservation(this.id, observation);
    this.#heard(spec);
    const { asOf, partial } = observation;
    this.#learn({ type: 'answer', scope: spec.scope, asOf, partial });
  }

  #confirmed(spec: SourceSpec, asOf: number): void {
    this.#deps.callbacks.onConfirm(this.id, spec.scope, asOf);
    this.#heard(spec);
    this.#learn({ type: 'confirm', scope: spec.scope, asOf });
  }

  /** A watch answers while it runs; waiting for its return would leave its failures counted for ever. */
  #heard(spec: SourceSpec): void {
    const run = this.#runs.find((candidate) => candidate.spec === spec);
    if (run) this.#answered(run);
  }

  async #tick(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#deps.clock.sleep(TICK_MS, this.#stop.signal).catch(() => {});
      if (!this.#stop.signal.aborted) this.#learn({ type: 'tick' });
    }
  }

  #learn(input: ConnectionInput): void {
    this.#track = advance(this.#track, input, this.#deps.clock.now());
    this.#tell();
  }

  /** Tells what is new, and only that. */
  #tell(): void {
    if (this.#stop.signal.aborted) return;
    const now = this.#deps.clock.now();
    for (const track of this.#track.sources) {
      const id = sourceId(this.id, track.scope);
      const { scope, mode, asOf, intervalMs, note } = track;
      const state = sourceFreshness(this.#track, track, now);
      const told = this.#toldSources.get(id);
      if (told && told.state === state && told.asOf === asOf && told.note === note?.slice(0, 500)) continue;
      const text = note === undefined ? {} : { note: note.slice(0, 500) };
      const source: Source = { id, connectionId: this.id, scope, mode, state, asOf, intervalMs, ...text };
      this.#toldSources.set(id, source);
      this.#deps.callbacks.onSource(source);
    }
    const status = this.status();
    const news = !this.#told || differs(this.#told, status, TOLD_AT_ONCE);
    const numbersDue = this.#deps.clock.monotonic() - this.#toldAt >= NUMBERS_EVERY_MS;
    if (!news && !(numbersDue && this.#told && differs(this.#told, status, TOLD_IN_TIME))) return;
    this.#told = status;
    this.#toldAt = this.#deps.clock.monotonic();
    this.#deps.callbacks.onStatus(status);
  }

  /** When the failing sources try again; undefined when none fails, or one is trying now. */
  #nextAttemptAt(): number | undefined {
    if (this.#gate.isShut()) return this.#gate.nextAttemptAt();
    const failing = this.#runs.filter(({ failures }) => failures > 0);
    if (failing.some(({ running }) => running)) return undefined;
    const times = failing.flatMap(({ nextAttemptAt }) => nextAttemptAt ?? []);
    return times.length === 0 ? undefined : Math.min(...times);
  }
}

const TOLD_AT_ONCE = ['state', 'since', 'error', 'nextAttemptAt', 'version'] as const;
const TOLD_IN_TIME = ['lastAnswerAt', 'requestsPerMinute', 'latencyMs'] as const;

function differs(
  a: ConnectionStatus,
  b: ConnectionStatus,
  keys: readonly (keyof ConnectionStatus)[],
): boolean {
  return keys.some((key) => a[key] !== b[key]);
}

function trackOf({ scope, mode, intervalMs, optional = false }: SourceSpec) {
  return { scope, mode, intervalMs, optional };
}
