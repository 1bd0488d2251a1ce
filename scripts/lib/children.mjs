import { fork, spawn } from 'node:child_process';
import readline from 'node:readline';

const READY = /^Gantry is ready at /;
/** What our own processes say to a person; Chromium's remarks on buses and graphics cards are not for anybody. */
const OURS = /^gantry( lab)?: /;
const LAB_CONTROL = /^gantry lab: ready, control API at (.+)$/;
const STOP_DEADLINE_MS = 8_000;

/**
 * A child process that says when it is ready. `ready` resolves with true, or false when it ended first. `exited`
 * resolves with its exit status. `explained` is true once it said itself what is wrong. `address` is what it serves, and
 * `labControl` where its lab is controlled.
 */
export class Child {
  explained = false;
  #process;
  #signalled = false;

  constructor(process_) {
    this.#process = process_;
    let markReady;
    const ready = new Promise((resolve) => {
      markReady = resolve;
    });
    this.exited = new Promise((resolve) => {
      process_.once('error', () => resolve(1));
      process_.once('exit', (code, signal) => resolve(this.#signalled ? 0 : signal ? 1 : (code ?? 1)));
    });
    this.ready = Promise.race([ready, this.exited.then(() => false)]);
    this.address = undefined;
    this.labControl = undefined;
    eachLine(process_.stdout, (line) => {
      console.log(line);
      if (!READY.test(line)) return;
      this.address = line.replace(READY, '');
      markReady(true);
    });
    eachLine(process_.stderr, (line) => {
      this.labControl ??= LAB_CONTROL.exec(line)?.[1];
      if (!OURS.test(line)) return;
      if (line.startsWith('gantry: ')) this.explained = true;
      process.stderr.write(`${line}\n`);
    });
  }

  /** Asks it to stop, by force after 8 s. Resolves when it is gone. */
  async stop() {
    this.#signalled = true;
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), STOP_DEADLINE_MS);
    await this.exited;
    clearTimeout(timer);
  }
}

function eachLine(stream, onLine) {
  readline.createInterface({ input: stream }).on('line', onLine);
}

/**
 * Children hang on an IPC channel: when this process goes away, by whatever end, the channel closes and they stop. They
 * are not in our terminal's group, so that a Ctrl-C reaches them once, through us.
 */
const stdio = ['ignore', 'pipe', 'pipe', 'ipc'];

const LOOK_EVERY_MS = 250;

/**
 * Calls `stop` once: on the first signal, or when the npm that runs this script is gone. npm hands a signal on to its
 * shell only, and the shell dies of it without telling us: all there is to notice is another parent. The returned
 * function says whether it was called.
 */
export function onStopRequest(stop) {
  let came = false;
  const request = () => {
    if (came) return;
    came = true;
    void stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, request);
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid;
    const timer = setInterval(() => process.ppid === parent || request(), LOOK_EVERY_MS);
    timer.unref();
  }
  return () => came;
}

/** Runs a script of ours in this terminal until it ends or is asked to. Resolves with its exit status. */
export function foreground(script, args, cwd) {
  const child = fork(script, args, { cwd, stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  onStopRequest(() => child.kill('SIGTERM'));
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

/** A script of ours in Node. */
export function nodeChild(script, args, cwd) {
  return new Child(fork(script, args, { cwd, stdio, detached: process.platform !== 'win32' }));
}

/** Some other program. */
export function programChild(file, args, cwd, env = process.env) {
  return new Child(spawn(file, args, { cwd, env, stdio, detached: process.platform !== 'win32' }));
}
