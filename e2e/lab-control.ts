import { fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';

/** What the lab says of itself at `GET /`. */
export interface LabState {
  readonly servers: readonly { readonly name: string; readonly origin: string; readonly requests: number }[];
  readonly guests: readonly { readonly vmid: number; readonly name: string; readonly status: string }[];
  readonly instances: readonly { readonly id: string; readonly service: string; readonly process: string }[];
}

/** The lab of a test run, with the handles that break it. */
export interface Lab {
  /** Every URL and credential, as `--env` takes it. */
  readonly environmentFile: string;
  readonly controlUrl: string;
  state(): Promise<LabState>;
  /** Switches a fault of one server on: `down`, `hang`, `error`, `slow` (with `ms`), `malformed`, … */
  fault(server: string, mode: string, ms?: number): Promise<void>;
  clearFaults(): Promise<void>;
  /** Any other action: `instances/<id>/kill`, `guests/<vmid>/stop`, `hosts/<name>/offline`, … */
  act(action: string): Promise<void>;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 30_000;

/** Starts the built lab as a process of its own, and waits until all of its servers answer. */
export async function startLab(distDir: string, folder: string): Promise<Lab> {
  const environmentFile = path.join(folder, 'lab.json');
  const port = await freePort();
  const child = fork(
    path.join(distDir, 'lab.js'),
    ['--write-env', environmentFile, '--control-port', String(port)],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  await fileAppears(environmentFile, () => child.exitCode !== null);
  const controlUrl = `http://127.0.0.1:${port}`;
  const call = async (method: string, target: string, body?: unknown) => {
    const response = await fetch(`${controlUrl}/${target}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} /${target}: ${response.status} ${await response.text()}`);
    return response.json() as Promise<unknown>;
  };
  return {
    environmentFile,
    controlUrl,
    state: async () => (await call('GET', '')) as LabState,
    fault: async (server, mode, ms) =>
      void (await call('PUT', `faults/${server}`, ms === undefined ? { mode } : { mode, ms })),
    clearFaults: async () => void (await call('DELETE', 'faults')),
    act: async (action) => void (await call('POST', action)),
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

async function fileAppears(file: string, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + READY_DEADLINE_MS;
  while (!existsSync(file)) {
    if (ended()) throw new Error('the lab ended before it was ready');
    if (performance.now() > deadline) throw new Error('the lab was not ready in time');
    await new Promise((resolve) => {
      setTimeout(resolve, 25);
    });
  }
}
