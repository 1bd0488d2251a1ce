import { setTimeout as delay } from 'node:timers/promises';
import { callerName, type Caller } from './access.ts';

/** What a worker can do while its task runs. */
export interface Worker {
  log(line: string): void;
  /** A line of its own, and a task that ends with `WARNINGS: n`. */
  warn(line: string): void;
  /** Takes time. Rejects when the task is stopped or the lab ends. */
  pause(ms: number): Promise<void>;
}

export interface Task {
  readonly upid: string;
  readonly node: string;
  readonly pid: number;
  readonly pstart: number;
  /** Epoch seconds. */
  readonly starttime: number;
  readonly type: string;
  readonly id: string;
  readonly user: string;
  readonly tokenid: string | undefined;
  readonly lines: string[];
  /** Set when it is over; `exitstatus` with it. */
  endtime?: number;
  exitstatus?: string;
}

export interface TaskOptions {
  /** Epoch ms. */
  readonly now: () => number;
  /** Aborted when the lab stops. */
  readonly signal: AbortSignal;
  /** Real seconds per second of a worker's time; 1 in the lab, less in tests. */
  readonly pace: number;
}

const KEPT_TASKS = 1_000;

/** The task registry of the whole cluster: every slow call becomes a worker with a UPID, a log and an end. */
export class Tasks {
  readonly #options: TaskOptions;
  readonly #tasks = new Map<string, Task>();
  readonly #stops = new Map<string, AbortController>();
  #pid = 41_000;

  constructor(options: TaskOptions) {
    this.#options = options;
  }

  /** Starts `work` and returns its UPID at once. What `work` throws ends the task with that text. */
  start(
    node: string,
    type: string,
    id: string,
    caller: Caller,
    work: (worker: Worker) => Promise<void>,
  ): string {
    const starttime = Math.floor(this.#options.now() / 1_000);
    this.#pid += 7;
    const pstart = starttime % 100_000_000;
    const name = callerName(caller);
    const upid = `UPID:${node}:${hex(this.#pid)}:${hex(pstart)}:${hex(starttime)}:${type}:${id}:${name}:`;
    const task: Task = {
      upid,
      node,
      pid: this.#pid,
      pstart,
      starttime,
      type,
      id,
      user: caller.user,
      tokenid: caller.token,
      lines: [],
    };
    this.#tasks.set(upid, task);
    this.#forget();
    void this.#run(task, work);
    return upid;
  }

  get(upid: string): Task | undefined {
    return this.#tasks.get(upid);
  }

  /** Newest first. */
  list(): Task[] {
    return [...this.#tasks.values()].reverse();
  }

  /** Ends a running task; nothing for one that is over. */
  stop(upid: string): void {
    this.#stops.get(upid)?.abort();
  }

  /** Running tasks of a type for an id (a guest's shutdown, for instance). */
  running(type: string, id: string): Task[] {
    return this.list().filter((task) => task.type === type && task.id === id && task.endtime === undefined);
  }

  /** Waits in worker time. */
  async pause(ms: number, signal?: AbortSignal): Promise<void> {
    const any = signal ? AbortSignal.any([signal, this.#options.signal]) : this.#options.signal;
    await delay(ms * this.#options.pace, undefined, { signal: any });
  }

  async #run(task: Task, work: (worker: Worker) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    this.#stops.set(task.upid, stop);
    let warnings = 0;
    const worker: Worker = {
      log: (line) => void task.lines.push(line),
      warn: (line) => {
        warnings++;
        task.lines.push(`WARN: ${line}`);
      },
      pause: (ms) => this.pause(ms, stop.signal),
    };
    try {
      // The caller gets its UPID before the first step of the work, as from a forked worker.
      await worker.pause(20);
      await work(worker);
      task.exitstatus = warnings === 0 ? 'OK' : `WARNINGS: ${warnings}`;
      task.lines.push(warnings === 0 ? 'TASK OK' : `TASK WARNINGS: ${warnings}`);
    } catch (thrown) {
      const text = stop.signal.aborted
        ? 'interrupted by signal'
        : thrown instanceof Error
          ? thrown.message
          : 'unexpected status';
      task.exitstatus = text.split('\n', 1)[0] ?? text;
      task.lines.push(`TASK ERROR: ${text}`);
    } finally {
      task.endtime = Math.floor(this.#options.now() / 1_000);
      this.#stops.delete(task.upid);
    }
  }

  #forget(): void {
    for (const [upid, task] of this.#tasks) {
      if (this.#tasks.size <= KEPT_TASKS) return;
      if (task.endtime !== undefined) this.#tasks.delete(upid);
    }
  }
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(8, '0');
}
