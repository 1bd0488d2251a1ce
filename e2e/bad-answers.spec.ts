import type { Page } from '@playwright/test';
import { expect, test } from './gantry.ts';

/** A bad answer of one system, whatever its kind: told once, with what to do, and nothing else is disturbed. */

const chip = (window: Page, id: string) =>
  window
    .getByRole('list', { name: 'Connections' })
    .getByRole('button', { name: new RegExp(`^(\\S+ )?${id}`) });
const notices = (window: Page) => window.getByRole('region', { name: /^Notices/ }).getByRole('listitem');
/** Rounds of its poller that a system is watched through. */
const ROUNDS = 3;

for (const [server, id, mode, words] of [
  ['llm', 'llm', 'malformed', /JSON|understood|answer/],
  ['loxilb', 'lb-1', 'truncated', /\w/],
  ['llm', 'llm', 'oversized', /\w/],
  ['proxmox', 'pve', 'error', /\w/],
  ['llm', 'llm', 'down', /\w/],
] as const) {
  test(`${server} answers ${mode}: told once, with advice; the others stay live`, async ({ window, lab }) => {
    await expect(window.getByRole('banner').getByRole('button', { name: 'Live', exact: true })).toBeVisible();
    await expect(chip(window, id)).not.toContainText('old');
    await lab.fault(server, mode);
    const asked = async () => (await lab.state()).servers.find(({ name }) => name === server)?.requests ?? 0;
    await expect(chip(window, id)).toContainText('old', { timeout: 30_000 });
    await expect(notices(window)).toHaveCount(1);
    await expect(notices(window)).toContainText('does not answer');
    await expect(notices(window)).toContainText(words);

    if (mode !== 'down') {
      const before = await asked();
      await expect.poll(asked, { timeout: 40_000 }).toBeGreaterThanOrEqual(before + ROUNDS);
      expect(await notices(window).count()).toBeLessThanOrEqual(1);
    }
    for (const other of ['consul', 'lb-1', 'pve', 'llm'].filter((name) => name !== id)) {
      await expect(chip(window, other)).not.toContainText('old');
    }

    await lab.clearFaults();
    await expect(chip(window, id)).not.toContainText('old', { timeout: 40_000 });
  });
}
