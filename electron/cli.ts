#!/usr/bin/env node
import { fork } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCheck } from './cli/check.ts';
import { runFault } from './cli/fault.ts';
import { complain, WrongUse, type Command } from './cli/command.ts';
import { runWorld } from './cli/world.ts';
import { runServe } from './hosts/serve-command.ts';
import { stopRequested } from './hosts/stop-request.ts';
import { GantryError } from '../shared/model/error.ts';

const usage = `Usage: gantry COMMAND [OPTIONS]

  serve    serve the console to a browser on this machine
  lab      start the built-in lab, or break something in it (lab fault, lab kill, …)
  world    connect to an environment and print its world
  check    test each connection of an environment and explain the step that fails

"gantry COMMAND --help" tells more. Results go to standard output, messages to standard error.
Exit status: 0 done, 1 failed, 2 wrong use.
`;

const distDir = dirname(fileURLToPath(import.meta.url));

const commands: Readonly<Record<string, Command>> = {
  serve: (args) => runServe(args, { distDir }),
  lab: (args) => (args.length > 0 && !args[0]?.startsWith('-') ? runFault(args) : runLabProcess(args)),
  world: runWorld,
  check: runCheck,
};

async function main([name, ...args]: string[]): Promise<number> {
  if (name === undefined || name === '--help' || name === 'help') {
    (name === undefined ? process.stderr : process.stdout).write(usage);
    return name === undefined ? 2 : 0;
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    complain(`there is no command "${name}"\n${usage}`);
    return 2;
  }
  try {
    return await command(args);
  } catch (thrown) {
    complain(wordsOf(thrown));
    return thrown instanceof WrongUse ? 2 : 1;
  }
}

/** In one line: a failure's advice says what is wrong and what to do. */
function wordsOf(thrown: unknown): string {
  if (thrown instanceof GantryError) return thrown.data.advice;
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The lab has a process of its own, so that breaking it cannot break anything here. */
function runLabProcess(args: readonly string[]): Promise<number> {
  const child = fork(join(distDir, 'lab.js'), [...args]);
  void stopRequested().then(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

main(process.argv.slice(2)).then(
  // Not process.exit: what was written to a pipe must arrive first.
  (code) => {
    process.exitCode = code;
  },
  (thrown: unknown) => {
    complain(wordsOf(thrown));
    process.exitCode = 1;
  },
);
