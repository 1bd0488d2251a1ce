import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Page } from '@playwright/test';
import {
  startRealAgent,
  whyNoConsul,
  type RealAgent,
} from '../electron/engine/systems/consul/testing/real-agent.ts';
import { expect, test } from './gantry.ts';

/** A real Consul agent, from its API to the words on the screen. */

const missing = whyNoConsul();
test.skip(missing !== undefined, missing ?? '');
test.describe.configure({ mode: 'serial' });

let agent: RealAgent;
let web: Server;
let folder: string;

test.beforeAll(async () => {
  agent = await startRealAgent();
  web = createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  folder = mkdtempSync(path.join(tmpdir(), 'gantry-real-'));
  await register();
});

test.afterAll(async () => {
  await agent.close();
  web.close();
  rmSync(folder, { recursive: true, force: true });
});

test('shows its services; a failed check is on the screen within a second', async ({ launch }) => {
  const { window } = await launch(['--no-lab', '--env', environmentOf(agent)]);
  await openHealth(window);
  await expect(row(window, 'jobs-1')).toContainText('healthy');
  await expect(row(window, 'web-1')).toContainText('healthy');

  // By its own word: the time from Consul's knowing to the screen's showing.
  const failedAt = Date.now();
  await agent.call('PUT', '/v1/agent/check/fail/jobs-alive');
  await shown(window, 'jobs-1', 'down');
  expect(Date.now() - failedAt).toBeLessThan(1_000);
  await agent.call('PUT', '/v1/agent/check/pass/jobs-alive');
  await expect(row(window, 'jobs-1')).toContainText('healthy');

  // By dying: from the moment that Consul itself says critical.
  web.closeAllConnections();
  web.close();
  const criticalAt = await consulSays('web', 'critical');
  await shown(window, 'web-1', 'down');
  expect(Date.now() - criticalAt).toBeLessThan(1_000);
  await expect(row(window, 'web-1')).toContainText('connection refused');
});

test('stays on the screen with its age while Consul is stopped, and comes back without a click', async ({
  launch,
}) => {
  const { window } = await launch(['--no-lab', '--env', environmentOf(agent)]);
  await openHealth(window);
  await expect(row(window, 'jobs-1')).toContainText('healthy');
  await agent.kill();
  const chip = window.getByRole('list', { name: 'Connections' }).getByRole('button', { name: /^consul/ });
  await expect(chip).toContainText(/stale|old/);
  await expect(row(window, 'jobs-1')).toContainText('healthy');
  await expect(row(window, 'jobs-1')).toContainText(/\d+\ss old/);

  await agent.start();
  await register();
  await expect(chip).not.toContainText(/stale|old/, { timeout: 40_000 });
  await expect(row(window, 'jobs-1')).toContainText('live');
});

/** A service that a dying process takes down, and one that is told by hand. */
async function register(): Promise<void> {
  const { port } = web.address() ? (web.address() as AddressInfo) : { port: 1 };
  await agent.call('PUT', '/v1/agent/service/register', {
    Name: 'web',
    ID: 'web-1',
    Address: '127.0.0.1',
    Port: port,
    Check: { HTTP: `http://127.0.0.1:${port}/`, Interval: '1s', Timeout: '1s', Status: 'passing' },
  });
  await agent.call('PUT', '/v1/agent/service/register', {
    Name: 'jobs',
    ID: 'jobs-1',
    Address: '127.0.0.1',
    Port: 4_000,
    Check: { CheckID: 'jobs-alive', TTL: '10m', Status: 'passing' },
  });
}

/** Epoch ms of the first answer of Consul's own API that says so. */
async function consulSays(service: string, status: string): Promise<number> {
  let at = 0;
  await expect
    .poll(
      async () => {
        const checks = (await agent.call('GET', `/v1/health/checks/${service}`)) as { Status: string }[];
        at = Date.now();
        return checks[0]?.Status;
      },
      { intervals: [10], timeout: 15_000 },
    )
    .toBe(status);
  return at;
}

function environmentOf({ url }: RealAgent): string {
  const file = path.join(folder, 'consul.json');
  writeFileSync(
    file,
    JSON.stringify({
      name: 'real',
      protection: 'read-only',
      connections: [{ id: 'consul', system: 'consul', url }],
    }),
  );
  return file;
}

async function openHealth(window: Page): Promise<void> {
  await expect(window.getByRole('banner').getByRole('button', { name: 'Live', exact: true })).toBeVisible();
  await window.keyboard.press('g');
  await window.keyboard.press('h');
}

function row(window: Page, name: string) {
  return window.locator(`[data-key$="/n1:${name}"]`);
}

/** Looks at every frame, so that it ends when the screen shows it and not when somebody looks again. */
async function shown(window: Page, name: string, text: string): Promise<void> {
  await window.waitForFunction(
    ([key, words]) => document.querySelector(`[data-key$="/n1:${key}"]`)?.textContent.includes(words),
    [name, text] as const,
  );
}
