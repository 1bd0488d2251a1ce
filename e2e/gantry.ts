/* oxlint-disable no-empty-pattern -- Playwright reads the names of needed fixtures from the pattern, and insists on one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { chooseMode, distDir, startConsole, type Console, type Mode } from './console.ts';
import { startLab, type Lab } from './lab-control.ts';
import { watchPage, type Problems } from './problems.ts';

export { expect };
export type { Console };

interface WorkerFixtures {
  /** `desktop` runs in a real Electron, `browser` in headless Chromium with `gantry serve`. The same specs for both. */
  readonly mode: Mode;
  /** A folder that is removed afterwards. */
  readonly folder: string;
  readonly lab: Lab;
  /** The console, connected to the lab. Shared by the tests of a run; those that break it start one of their own. */
  readonly console: Console;
}

interface TestFixtures {
  /** The console's window, freshly loaded at `#/`, as a Playwright page. */
  readonly window: Page;
  /** What went wrong in the page. Anything that is not allowed here fails the test. */
  readonly problems: Problems;
  /** Starts another console, which is closed after the test. */
  readonly launch: (args?: readonly string[]) => Promise<Console>;
}

/**
 * Use this `test` instead of Playwright's. A test fails when the page throws, logs an error, breaks its policy or asks
 * anybody but the console for anything. Faults of the lab are cleared after each test.
 */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  mode: [async ({}, use) => use(chooseMode()), { scope: 'worker' }],

  folder: [
    async ({}, use) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'gantry-e2e-'));
      await use(folder);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
    { scope: 'worker' },
  ],

  lab: [
    async ({ folder }, use) => {
      const lab = await startLab(distDir, folder);
      await use(lab);
      await lab.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  console: [
    async ({ mode, lab, folder }, use) => {
      const args = ['--no-lab', '--env', lab.environmentFile];
      const running = await startConsole(mode, args, path.join(folder, 'data'));
      await use(running);
      await running.close();
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  problems: async ({ console }, use) => {
    const { problems, stop } = watchPage(console.window, console.origin);
    await use(problems);
    stop();
    expect(problems.found, 'the page had no problem').toEqual([]);
  },

  window: async ({ console, problems, lab }, use) => {
    // Loaded after the watching began, so that nothing that happens while it loads is missed.
    expect(problems.found).toEqual([]);
    await console.window.evaluate(() => window.history.replaceState(null, '', '#/'));
    await console.window.reload();
    await use(console.window);
    await lab.clearFaults();
  },

  launch: async ({ mode, folder, lab }, use) => {
    const started: Console[] = [];
    await use(async (args = ['--no-lab', '--env', lab.environmentFile]) => {
      const running = await startConsole(mode, args, mkdtempSync(path.join(folder, 'data-')));
      started.push(running);
      return running;
    });
    await Promise.all(started.map((running) => running.close()));
  },
});
