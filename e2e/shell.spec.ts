import type { Page } from '@playwright/test';
import { expect, test } from './gantry.ts';

/** The frame around every view: where one is, finding anything, the keyboard, the URL, news of systems. */

const heading = (window: Page) => window.getByRole('heading', { level: 1 });
const panel = (window: Page) => window.getByRole('complementary', { name: 'Selected entity' });
const chips = (window: Page) =>
  window.getByRole('list', { name: 'Connections', exact: true }).getByRole('listitem');
const hash = (window: Page) => window.evaluate(() => location.hash);

/** All systems have answered: from here on the world is known. */
async function settled(window: Page): Promise<void> {
  await expect(window.getByRole('banner').getByRole('button', { name: 'Live', exact: true })).toBeVisible();
}

test('opens on the overview, with the environment, its systems and the console’s own cost', async ({
  window,
}) => {
  await expect(heading(window)).toHaveText('Overview');
  await expect(window.getByRole('button', { name: /^Environment .+Switch environment$/ })).toBeVisible();
  await settled(window);
  expect(await chips(window).count()).toBeGreaterThanOrEqual(4);
  const foot = window.getByRole('contentinfo');
  await expect(foot).toContainText(/\d req\/s to systems/);
  await expect(foot).toContainText(/engine \d+\.\d\s%/);
  await expect(window.getByRole('region', { name: 'Systems' }).getByRole('row')).toHaveCount(
    (await chips(window).count()) + 1,
  );
});

test('goes everywhere by keyboard, and back', async ({ window }) => {
  await expect(heading(window)).toHaveText('Overview');
  for (const [key, title] of [
    ['t', 'Topology'],
    ['h', 'Health'],
    ['c', 'Connections'],
  ] as const) {
    await window.keyboard.press('g');
    await window.keyboard.press(key);
    await expect(heading(window)).toHaveText(title);
    await expect(
      window.getByRole('navigation', { name: 'Views' }).getByRole('button', { name: title }),
    ).toHaveAttribute('aria-current', 'page');
  }
  await window.goBack();
  await expect(heading(window)).toHaveText('Health');
});

test('the palette finds an entity, and shows it beside the view', async ({ window }) => {
  await settled(window);
  await window.keyboard.press('ControlOrMeta+k');
  const palette = window.getByRole('dialog', { name: 'Find anything' });
  await palette.getByRole('combobox').fill('type:host pve-2');
  await expect(palette.getByRole('option').first()).toContainText('pve-2');
  await window.keyboard.press('Enter');
  await expect(palette).toBeHidden();
  await expect(panel(window).getByRole('heading').first()).toHaveText('pve-2');
  expect(await hash(window)).toMatch(/^#\/overview\?sel=proxmox/);
  for (const section of ['Facts', 'Why it matters', 'Links and why they are believed', 'What changed before'])
    await expect(panel(window).getByRole('region', { name: section })).toBeVisible();

  // The selection stays in every view, and Escape clears it.
  await window.keyboard.press('g');
  await window.keyboard.press('h');
  await expect(heading(window)).toHaveText('Health');
  await expect(panel(window)).toBeVisible();
  await window.keyboard.press('Escape');
  await expect(panel(window)).toBeHidden();
});

test('the palette runs commands and offers every view', async ({ window }) => {
  await expect(heading(window)).toHaveText('Overview');
  await window.getByRole('button', { name: /^Find anything/ }).click();
  const palette = window.getByRole('dialog', { name: 'Find anything' });
  for (const title of ['Overview', 'Topology', 'Health', 'Connections'])
    await expect(palette.getByRole('option', { name: title })).toBeVisible();
  // However fast: Enter acts on what was typed, never on the list of before.
  for (const title of ['Topology', 'Health', 'Connections', 'Overview', 'Topology']) {
    if (await palette.isHidden()) await window.keyboard.press('ControlOrMeta+k');
    await palette.getByRole('combobox').fill(`go to ${title.toLowerCase()}`);
    await window.keyboard.press('Enter');
    await expect(heading(window)).toHaveText(title);
    await expect(palette).toBeHidden();
  }
});

test('the theme is chosen once and remembered', async ({ window }) => {
  const theme = () => window.evaluate(() => document.documentElement.dataset['theme']);
  await window.getByRole('button', { name: /^Theme/ }).click();
  await window.getByRole('menuitemcheckbox', { name: 'Light' }).click();
  expect(await theme()).toBe('light');
  await window.reload();
  await expect(heading(window)).toHaveText('Overview');
  expect(await theme()).toBe('light');
  await window.getByRole('button', { name: /^Theme/ }).click();
  await window.getByRole('menuitemcheckbox', { name: 'As the system' }).click();
  expect(await window.evaluate(() => localStorage.getItem('gantry.theme'))).toBe('system');
});

test('an address says everything: view, filter and selection', async ({ window }) => {
  await settled(window);
  await window.evaluate(() => {
    location.hash = '#/health?q=type%3Ahost&sort=name';
  });
  const rows = window.getByRole('grid').getByRole('row');
  await expect(rows).toHaveCount(4);
  await rows.nth(2).click();
  const shared = await hash(window);
  await window.evaluate((target) => {
    location.hash = '#/overview';
    location.hash = target;
  }, shared);
  await window.reload();
  await expect(window.getByRole('combobox', { name: 'Filter entities' })).toHaveValue('type:host');
  await expect(window.getByRole('grid').getByRole('row', { selected: true })).toHaveCount(1);
  await expect(panel(window)).toBeVisible();
});

test('an address of a view that is not there offers the way back', async ({ window }) => {
  await window.evaluate(() => {
    location.hash = '#/nowhere';
  });
  await expect(window.getByText('There is no such view')).toBeVisible();
  await window.getByRole('button', { name: 'Open the overview' }).click();
  await expect(heading(window)).toHaveText('Overview');
});

test('a system that stops answering is told once, stays on screen marked, and comes back by itself', async ({
  window,
  lab,
}) => {
  await settled(window);
  const chip = window
    .getByRole('list', { name: 'Connections', exact: true })
    .getByRole('button')
    .filter({ hasText: /proxmox|pve/ });
  await expect(chip).toHaveCount(1);
  await lab.fault('proxmox', 'error');
  await expect(chip).toContainText(/old|down/, { timeout: 40_000 });
  const notices = window.getByRole('listitem').filter({ hasText: /does not answer|is down|refuses/ });
  await expect(notices).toHaveCount(1);

  // Its entities are still there, as they were last seen.
  const wrong = window.getByRole('region', { name: 'Wrong now' });
  await expect(wrong).toContainText(/entities are shown as last seen/);
  await window.keyboard.press('g');
  await window.keyboard.press('c');
  const advice = window.getByRole('group', { name: /^Could not/ });
  await expect(advice).toBeVisible();
  await expect(advice.getByRole('button', { name: 'Copy this error' })).toBeVisible();

  await lab.clearFaults();
  await window.getByRole('button', { name: 'Try again now' }).click();
  await settled(window);
  await expect(advice).toBeHidden();
});

test('a connection is tested step by step', async ({ window }) => {
  await settled(window);
  await window.keyboard.press('g');
  await window.keyboard.press('c');
  await window.getByRole('list', { name: 'All connections' }).getByRole('button').first().click();
  await window.getByRole('button', { name: 'Test the connection' }).click();
  const steps = window.getByRole('list', { name: 'Steps of the test' }).getByRole('listitem');
  await expect(steps.filter({ hasText: 'Rights' }).getByRole('img', { name: 'healthy' })).toBeVisible();
  await expect(steps.getByRole('img', { name: 'down' })).toHaveCount(0);
});

test('every shortcut that there is stands in the help', async ({ window }) => {
  await expect(heading(window)).toHaveText('Overview');
  await window.keyboard.press('?');
  const help = window.getByRole('dialog', { name: 'Keyboard shortcuts' });
  for (const title of ['Find anything', 'Topology', 'Health', 'Copy id', 'Close the panel'])
    await expect(help.getByText(title, { exact: true })).toBeVisible();
  await window.keyboard.press('Escape');
  await expect(help).toBeHidden();
});
