import { parseArgs } from 'node:util';
import path from 'node:path';
import { RPCHandler } from '@orpc/server/ws';
import { GantryError } from '../../shared/model/error.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { startBrowserHost, type BrowserHost } from './browser-host.ts';
import { environmentSources, inOpeningOrder } from './environment-source.ts';
import { loadEnvironments } from './environments.ts';
import { nodeLabSpawner, startLab, type RunningLab } from './lab.ts';
import { stopRequested } from './stop-request.ts';

const usage = `Usage: gantry serve [--port PORT] [--env FILE]... [--data-dir DIR] [--no-lab]

Serves the console to a browser on this machine, until SIGTERM or Ctrl-C.

  --port PORT      loopback port (default: any free one)
  --env FILE       an environment to connect to; may be given more than once, the first is opened
  --data-dir DIR   the console's data; environment files in its folder environments/ are offered too
  --no-lab         without the built-in lab
`;

interface ServeOptions {
  readonly port: number;
  readonly environmentFiles: readonly string[];
  readonly dataDir: string | undefined;
  readonly lab: boolean;
}

export interface ServePlaces {
  /** Folder of the built console: `renderer/` and `lab.js` lie in it. */
  readonly distDir: string;
}

/**
 * `gantry serve`: the engine with its lab and the browser host, in this process. Prints one line when a browser can
 * come. Resolves with the exit status after a signal, or after the process that started this one went away.
 */
export async function runServe(args: readonly string[], places: ServePlaces): Promise<number> {
  let options: ServeOptions | 'help';
  try {
    options = parseServeOptions(args);
  } catch (thrown) {
    complain(`${messageOf(thrown)}\n${usage}`);
    return 2;
  }
  if (options === 'help') {
    process.stdout.write(usage);
    return 0;
  }
  const stopRequest = stopRequested();
  const parts: { lab?: RunningLab; engine?: Engine; host?: BrowserHost } = {};
  try {
    await Promise.race([start(options, places, parts), stopRequest]);
    if (parts.host) process.stdout.write(`Gantry is ready at ${parts.host.address}\n`);
    await stopRequest;
    return 0;
  } catch (thrown) {
    complain(portProblem(thrown, options.port) ?? messageOf(thrown));
    return 1;
  } finally {
    await parts.host?.close();
    await parts.engine?.stop();
    await parts.lab?.stop();
  }
}

/** Fills `parts` step by step, so that whatever was started can be stopped. */
async function start(
  options: ServeOptions,
  places: ServePlaces,
  parts: { lab?: RunningLab; engine?: Engine; host?: BrowserHost },
): Promise<void> {
  // Read first: a wrong file is said at once, before anything runs.
  const sources = environmentSources(options.environmentFiles, options.dataDir);
  await loadEnvironments(sources, complain);
  if (options.lab) parts.lab = await startLab(nodeLabSpawner(path.join(places.distDir, 'lab.js')));
  const environments = await loadEnvironments(inOpeningOrder(sources, parts.lab?.environment), () => {});
  const first = environments[0]?.id;
  const engine = await createEngine({
    host: 'browser',
    environments,
    ...(first === undefined ? {} : { activate: first }),
  });
  parts.engine = engine;
  const handler = new RPCHandler(engine.router);
  parts.host = await startBrowserHost({
    rendererDir: path.join(places.distDir, 'renderer'),
    port: options.port,
    serve: (socket) => void handler.upgrade(socket),
    onNewAddress: (address) => {
      process.stdout.write(
        `The last session ended for lack of use. Open this address for a new one: ${address}\n`,
      );
    },
  });
}

/** @throws TypeError in one line for wrong use. */
export function parseServeOptions(args: readonly string[]): ServeOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowPositionals: false,
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string' },
      env: { type: 'string', multiple: true, default: [] },
      'data-dir': { type: 'string' },
      'no-lab': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  if (values.host !== undefined && values.host !== '127.0.0.1') {
    throw new TypeError(
      '--host: the console listens on 127.0.0.1 only; another address needs TLS, which is not there yet',
    );
  }
  if (!/^\d{1,5}$/.test(values.port) || Number(values.port) > 65_535) {
    throw new TypeError('--port must be a number from 0 to 65535');
  }
  return {
    port: Number(values.port),
    environmentFiles: values.env,
    dataDir: values['data-dir'],
    lab: !values['no-lab'],
  };
}

function portProblem(thrown: unknown, port: number): string | undefined {
  const code = thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
  if (code === 'EADDRINUSE')
    return `port ${port} of 127.0.0.1 is in use by another program; choose one with --port`;
  if (code === 'EACCES')
    return `port ${port} may not be used without more rights; choose one above 1023 with --port`;
  return undefined;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof GantryError) return thrown.data.advice;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

function complain(text: string): void {
  process.stderr.write(`gantry: ${text}\n`);
}
