import type { EngineReport, EngineRequest, EngineState } from './engine-messages.ts';

/** The engine's process as the supervisor sees it. `Port` is whatever can be handed to it. */
export interface EngineChild<Port> {
  post(request: EngineRequest, ports?: readonly Port[]): void;
  onReport(listener: (report: EngineReport) => void): void;
  /** Called once, when the process is gone. */
  onExit(listener: () => void): void;
  kill(): void;
}

export interface SupervisorOptions<Port> {
  readonly spawn: () => EngineChild<Port>;
  /** Runs `task` after `ms`; returns how to call it off. */
  readonly later: (ms: number, task: () => void) => () => void;
  /** Milliseconds that never go backwards. */
  readonly now: () => number;
  readonly onState: (state: EngineState) => void;
  /** The engine cannot work with what it was given. It is not started again. */
  readonly onRefused: (reason: string) => void;
}

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 30_000;
/** A run of this length counts as healthy: the next failure starts from the shortest delay again. */
const HEALTHY_AFTER_MS = 60_000;
const STOP_DEADLINE_MS = 3_000;

/**
 * Keeps one engine process running: starts it, hands ports to it once it is ready, and starts it again when it dies, at
 * once the first time and ever more slowly when it keeps dying (250 ms doubling to 30 s).
 */
export class EngineSupervisor<Port> {
  readonly #options: SupervisorOptions<Port>;
  #child: EngineChild<Port>;
  #start: Extract<EngineRequest, { type: 'start' }> | undefined;
  #phase: 'idle' | 'starting' | 'ready' | 'waiting' | 'stopping' | 'stopped' = 'idle';
  #failures = 0;
  #readySince = 0;
  #cancelRestart: () => void = () => {};
  readonly #waiting = new Map<number, Port>();
  #onStopped: () => void = () => {};

  /** Spawns the process at once, so that it loads while the caller finds out what to start it with. */
  constructor(options: SupervisorOptions<Port>) {
    this.#options = options;
    this.#child = this.#spawn();
  }

  get ready(): boolean {
    return this.#phase === 'ready';
  }

  start(request: Extract<EngineRequest, { type: 'start' }>): void {
    this.#start = request;
    if (this.#phase !== 'idle') return;
    this.#phase = 'starting';
    this.#child.post(request);
  }

  /** Hands one end of a channel to the engine: now, or as soon as it is ready. Only the newest of a window waits. */
  connect(windowId: number, port: Port): void {
    if (this.#phase === 'ready') this.#child.post({ type: 'connect', windowId }, [port]);
    else this.#waiting.set(windowId, port);
  }

  /** Ends the engine for good, by force after 3 s. Resolves when its process is gone. */
  stop(): Promise<void> {
    if (this.#phase === 'stopped') return Promise.resolve();
    const alive = this.#phase !== 'waiting';
    this.#cancelRestart();
    this.#phase = 'stopping';
    return new Promise((resolve) => {
      if (!alive) {
        this.#phase = 'stopped';
        resolve();
        return;
      }
      const cancel = this.#options.later(STOP_DEADLINE_MS, () => this.#child.kill());
      this.#onStopped = () => {
        cancel();
        resolve();
      };
      this.#child.post({ type: 'stop' });
    });
  }

  #spawn(): EngineChild<Port> {
    const child = this.#options.spawn();
    child.onReport((report) => this.#onReport(report));
    child.onExit(() => this.#onExit());
    return child;
  }

  #onReport(report: EngineReport): void {
    if (this.#phase !== 'starting') return;
    if (report.type === 'refused') {
      this.#options.onRefused(report.reason);
      return;
    }
    this.#phase = 'ready';
    this.#readySince = this.#options.now();
    for (const [windowId, port] of this.#waiting) this.#child.post({ type: 'connect', windowId }, [port]);
    this.#waiting.clear();
    this.#options.onState('ready');
  }

  #onExit(): void {
    if (this.#phase === 'stopping') {
      this.#phase = 'stopped';
      this.#onStopped();
      return;
    }
    if (this.#phase === 'ready') {
      if (this.#options.now() - this.#readySince >= HEALTHY_AFTER_MS) this.#failures = 0;
      this.#options.onState('lost');
    }
    this.#phase = 'waiting';
    const delay = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#failures);
    this.#failures += 1;
    this.#cancelRestart = this.#options.later(delay, () => {
      this.#phase = 'idle';
      this.#child = this.#spawn();
      if (this.#start) this.start(this.#start);
    });
  }
}
