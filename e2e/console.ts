import { fork } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import {
  _electron,
  chromium,
  type BrowserContext,
  type ElectronApplication,
  type Page,
} from '@playwright/test';
import { findChromium } from '../scripts/lib/browsers.mjs';
import { findElectron } from '../scripts/lib/electron-binary.mjs';

export type Mode = 'desktop' | 'browser';

export const projectDir = path.resolve(import.meta.dirname, '..');
export const distDir = path.join(projectDir, 'dist');

/** A running console, with the window that shows it. */
export interface Console {
  readonly mode: Mode;
  readonly window: Page;
  readonly context: BrowserContext;
  /** `app://gantry` or `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Desktop only. */
  readonly app?: ElectronApplication;
  /** The lines that the console wrote for people, on both outputs. */
  readonly lines: readonly string[];
  close(): Promise<void>;
}

/** Real Electron wherever one is there and can show a window; `GANTRY_E2E_MODE` decides by hand. */
export function chooseMode(env: NodeJS.ProcessEnv = process.env): Mode {
  const asked = env['GANTRY_E2E_MODE'];
  if (asked === 'desktop' || asked === 'browser') return asked;
  const display = process.platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY']);
  return display && findElectron() !== undefined ? 'desktop' : 'browser';
}

/** Starts the built console. `dataDir` is a folder of its own for each, and so is the single-instance lock. */
export function startConsole(mode: Mode, args: readonly string[], dataDir: string): Promise<Console> {
  return mode === 'desktop' ? startDesktop(args, dataDir) : startBrowser(args);
}

async function startDesktop(args: readonly string[], dataDir: string): Promise<Console> {
  const executablePath = findElectron();
  if (executablePath === undefined) throw new Error('there is no Electron here');
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) env[name] = value;
  const app = await _electron.launch({
    executablePath,
    args: [projectDir, '--data-dir', dataDir, ...args],
    cwd: projectDir,
    env,
  });
  const lines = collectLines(app.process().stdout, app.process().stderr);
  const window = await app.firstWindow();
  return {
    mode: 'desktop',
    window,
    context: app.context(),
    origin: 'app://gantry',
    app,
    lines,
    close: async () => {
      await app.close();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

async function startBrowser(args: readonly string[]): Promise<Console> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error('there is no Chromium here; GANTRY_CHROMIUM may name one');
  const serve = await startServe(args);
  const browser = await chromium.launch({ executablePath });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const window = await context.newPage();
  await window.goto(serve.address);
  return {
    mode: 'browser',
    window,
    context,
    origin: new URL(serve.address).origin,
    lines: serve.lines,
    close: async () => {
      await browser.close();
      await serve.stop();
    },
  };
}

/** The browser host alone, for tests that speak HTTP to it. */
export async function startServe(args: readonly string[]): Promise<{
  address: string;
  lines: readonly string[];
  stop(): Promise<void>;
}> {
  const child = fork(path.join(distDir, 'serve.js'), [...args], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const lines = collectLines(child.stdout, child.stderr);
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`exit ${signal ?? code}`));
  });
  const ready = new Promise<string>((resolve) => {
    if (!child.stdout) return;
    readline.createInterface({ input: child.stdout }).on('line', (line) => {
      const address = /^Gantry is ready at (.+)$/.exec(line)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
  const address = await Promise.race([ready, exited]);
  if (!address.startsWith('http')) throw new Error(`serve ended: ${lines.join('\n')}`);
  return {
    address,
    lines,
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function collectLines(...streams: readonly (NodeJS.ReadableStream | null)[]): string[] {
  const lines: string[] = [];
  for (const stream of streams) {
    if (stream) readline.createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  return lines;
}
