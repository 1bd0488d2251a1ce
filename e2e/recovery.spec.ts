import { kill } from 'node:process';
import type { Page } from '@playwright/test';
import { expect, test, type Console } from './gantry.ts';
import { watchPage } from './problems.ts';

/** The engine goes away under the window: the window says so, and goes on by itself once there is one again. */

const banner = (window: Page) => window.getByText('Engine restarting');
const connections = (window: Page) => window.getByRole('list', { name: 'Connections' }).getByRole('listitem');

/** Ends the engine's process as a crash would. Returns its process id. */
async function killEngine({ app }: Console): Promise<number> {
  const pid = await app?.evaluate(
    ({ app: electron }) =>
      electron
        .getAppMetrics()
        .find((process) => process.name === 'Gantry Engine' || process.serviceName === 'Gantry Engine')?.pid,
  );
  if (pid === undefined) throw new Error('no engine process');
  kill(pid, 'SIGKILL');
  return pid;
}

test('the engine is killed: the window says so and recovers by itself', async ({ mode, launch }) => {
  test.skip(mode !== 'desktop', 'in browser mode the engine and the host are one process');
  const console = await launch();
  const { window } = console;
  const { problems, stop } = watchPage(window, console.origin);
  await expect(connections(window).first()).toBeVisible();
  const count = await connections(window).count();
  for (let n = 1; n <= 2; n += 1) {
    const pid = await killEngine(console);
    await expect(banner(window)).toBeVisible();
    expect(await connections(window).count()).toBe(count);
    await expect(banner(window)).toBeHidden();
    await expect(connections(window)).toHaveCount(count);
    const newPid = await console.app?.evaluate(
      ({ app }) =>
        app
          .getAppMetrics()
          .find(({ name, serviceName }) => name === 'Gantry Engine' || serviceName === 'Gantry Engine')?.pid,
    );
    expect(newPid).not.toBe(pid);
  }
  expect(console.lines.filter((line) => line.includes('the engine ended'))).toHaveLength(2);
  expect(problems.found).toEqual([]);
  stop();
});

test('the page crashes: it is loaded again', async ({ mode, launch }) => {
  test.skip(mode !== 'desktop', 'a browser looks after its own pages');
  const console = await launch();
  await expect(connections(console.window).first()).toBeVisible();
  await console.app?.evaluate(
    ({ BrowserWindow }) =>
      new Promise<void>((resolve) => {
        const contents = BrowserWindow.getAllWindows()[0]?.webContents;
        contents?.once('did-finish-load', () => resolve());
        contents?.forcefullyCrashRenderer();
      }),
  );
  // Asked through main: for the driver a page that crashed stays crashed.
  const listed = () =>
    console.app?.evaluate(({ BrowserWindow }) => {
      const contents = BrowserWindow.getAllWindows()[0]?.webContents;
      return contents?.executeJavaScript(
        "document.querySelectorAll('footer li').length > 0",
      ) as Promise<boolean>;
    });
  await expect.poll(listed).toBe(true);
  expect(console.lines.join('\n')).toContain("the window's process ended");
});

test('the way to the engine is cut: the window says so and recovers by itself', async ({ mode, launch }) => {
  test.skip(mode !== 'browser', 'a port of the desktop window is only cut by the end of a process');
  const { window } = await launch();
  const ways: { close(): Promise<void> }[] = [];
  let refused = false;
  await window.routeWebSocket(/\/rpc$/, async (way) => {
    if (refused) {
      await way.close();
      return;
    }
    way.connectToServer();
    ways.push(way);
  });
  await window.reload();
  await expect(connections(window).first()).toBeVisible();
  const count = await connections(window).count();
  refused = true;
  await Promise.all(ways.map((way) => way.close()));
  await expect(banner(window)).toBeVisible();
  expect(await connections(window).count()).toBe(count);
  refused = false;
  await expect(banner(window)).toBeHidden();
  await expect(connections(window)).toHaveCount(count);
});
