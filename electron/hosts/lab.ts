import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fork } from 'node:child_process';
import { LAB_ID, type EnvironmentSource } from './environment-source.ts';

/** A process that runs the lab, whoever started it: Node's `fork` or Electron's utility process. */
export interface LabProcess {
  /** Resolves when the process is gone, with a description of its end. Never rejects. */
  readonly exited: Promise<string>;
  /** Asks it to stop. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

export type LabSpawner = (args: readonly string[]) => LabProcess;

export interface RunningLab {
  readonly environment: EnvironmentSource;
  readonly exited: Promise<string>;
  /** Stops the lab and removes its environment file. Resolves when the process is gone. */
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 3_000;
const LOOK_EVERY_MS = 25;

/**
 * Starts the lab and waits until all of its servers answer, which it says by writing its environment file.
 *
 * @throws Error in one line when the lab ends first or takes longer than 30 s.
 */
export async function startLab(spawn: LabSpawner, deadlineMs = READY_DEADLINE_MS): Promise<RunningLab> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gantry-lab-'));
  const file = path.join(folder, 'environment.json');
  const child = spawn(['--write-env', file]);
  const stop = async () => {
    child.stop();
    const forced = setTimeout(() => child.kill(), STOP_DEADLINE_MS);
    await child.exited;
    clearTimeout(forced);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await appearance(file, child.exited, deadlineMs);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return {
    environment: { id: LAB_ID, origin: 'built-in lab', path: file, optional: false },
    exited: child.exited,
    stop,
  };
}

async function appearance(file: string, exited: Promise<string>, deadlineMs: number): Promise<void> {
  const started = performance.now();
  let ended: string | undefined;
  void exited.then((how) => {
    ended = how;
  });
  while (!(await exists(file))) {
    if (ended !== undefined) throw new Error(`The lab ended before it was ready (${ended})`);
    if (performance.now() - started > deadlineMs) {
      throw new Error(`The lab was not ready within ${Math.round(deadlineMs / 1_000)} s`);
    }
    await new Promise((resolve) => {
      setTimeout(resolve, LOOK_EVERY_MS);
    });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false;
  }
}

/** Runs the lab as a child of this Node process. Its IPC channel closes with this process, and the lab with it. */
export function nodeLabSpawner(entry: string): LabSpawner {
  return (args) => {
    const child = fork(entry, [...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const exited = new Promise<string>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) =>
        resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
      );
    });
    return { exited, stop: () => void child.kill('SIGTERM'), kill: () => void child.kill('SIGKILL') };
  };
}
