import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startControl } from './control.ts';
import { environmentFile, writeEnvironment } from './kit/environment.ts';
import { clearControlAddress, saveControlAddress } from './kit/control-address.ts';
import { startLab } from './lab.ts';

const usage = `Usage: gantry lab [--write-env FILE] [--control-port PORT]

Starts stand-in servers for every system on loopback ports, with traffic, until SIGTERM or Ctrl-C.

  --write-env FILE     once all servers answer, write an environment file with every URL and credential
  --control-port PORT  port of the control API (default: any free one); see "gantry lab fault --help"
`;

/** Entry of the lab's own process. Messages go to standard error; exit 0 stopped, 1 failed, 2 wrong use. */
async function main(args: string[]): Promise<number> {
  let options: { 'write-env'?: string; 'control-port'?: string; help?: boolean };
  try {
    options = parseArgs({
      args,
      options: {
        'write-env': { type: 'string' },
        'control-port': { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (thrown) {
    process.stderr.write(
      `gantry lab: ${thrown instanceof Error ? thrown.message : String(thrown)}\n${usage}`,
    );
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const controlPort = Number(options['control-port'] ?? 0);
  if (!Number.isInteger(controlPort) || controlPort < 0 || controlPort > 65_535) {
    process.stderr.write(`gantry lab: --control-port must be a port number\n`);
    return 2;
  }

  const lab = await startLab();
  const control = await startControl(lab, Date.now, controlPort);
  await saveControlAddress(control.origin);
  const file = options['write-env'];
  if (file === undefined)
    process.stderr.write(`${JSON.stringify(environmentFile(lab.connections), null, 2)}\n`);
  else await writeEnvironment(file, lab.connections);
  process.stderr.write(`gantry lab: ready, control API at ${control.origin}\n`);

  await stopRequested();
  await Promise.all([control.close(), lab.stop()]);
  await clearControlAddress(control.origin);
  if (file !== undefined) rmSync(file, { force: true });
  return 0;
}

/** SIGTERM, Ctrl-C, or the process that forked this one going away. */
function stopRequested(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
  });
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (thrown: unknown) => {
    process.stderr.write(`gantry lab: ${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exit(1);
  },
);
