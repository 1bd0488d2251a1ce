import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findChromium } from './browsers.mjs';
import { hasDisplay } from './electron-binary.mjs';

/** A browser that ends sooner than this did not open a window. */
const FAILED_START_MS = 2_000;

/**
 * Shows an address to the person: as a window of its own in a Chromium, else in the default browser. The address holds
 * the launch token, which another user of this machine may read from the process list; it works once, and the window
 * uses it within a second.
 *
 * @returns `closed` resolves when the window was closed (never for the default browser); `close` ends it. Undefined
 *   when nothing could be opened; `why` says so.
 */
export async function openPage(address, env = process.env) {
  if (!hasDisplay(env)) return { why: 'there is no display' };
  if (process.platform === 'linux' && process.getuid?.() === 0) {
    return { why: 'browsers do not run as root with their sandbox on' };
  }
  const chromium = findChromium(env);
  const window = chromium === undefined ? undefined : await appWindow(chromium, address);
  if (window) return window;
  return (await defaultBrowser(address))
    ? { closed: new Promise(() => {}), close: async () => {} }
    : { why: 'no browser was found' };
}

async function appWindow(chromium, address) {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'gantry-window-'));
  const child = spawn(
    chromium,
    [
      `--app=${address}`,
      `--user-data-dir=${profile}`,
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-sync',
      '--window-size=1440,900',
    ],
    { stdio: 'ignore', detached: process.platform !== 'win32' },
  );
  const closed = new Promise((resolve) => {
    child.once('error', resolve);
    child.once('exit', resolve);
  });
  const clean = () => rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  void closed.then(clean);
  const early = await Promise.race([closed.then(() => true), wait(FAILED_START_MS).then(() => false)]);
  if (early) return undefined;
  const close = async () => {
    child.kill('SIGTERM');
    await Promise.race([closed, wait(FAILED_START_MS)]);
    child.kill('SIGKILL');
    await closed;
    clean();
  };
  return { closed, close };
}

async function defaultBrowser(address) {
  const [file, ...args] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['rundll32', 'url.dll,FileProtocolHandler', address]
        : ['xdg-open', address];
  const child = spawn(file, args, { stdio: 'ignore', detached: true });
  child.unref();
  return new Promise((resolve) => {
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
    setTimeout(resolve, FAILED_START_MS, true).unref();
  });
}

function wait(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
