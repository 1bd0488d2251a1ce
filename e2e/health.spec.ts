import type { Page } from '@playwright/test';
import { expect, test } from './gantry.ts';

/** What is wrong, why, and since when: from a stopped process in the lab to the words on the screen. */

const grid = (window: Page) => window.getByRole('grid', { name: 'Health of entities' });
const rows = (window: Page) => grid(window).getByRole('row');
const filter = (window: Page) => window.getByRole('combobox', { name: 'Filter entities' });
const panel = (window: Page) => window.getByRole('complementary', { name: 'Selected entity' });

async function openHealth(window: Page): Promise<void> {
  await expect(window.getByRole('banner').getByRole('button', { name: 'Live', exact: true })).toBeVisible();
  await window.keyboard.press('g');
  await window.keyboard.press('h');
  await expect(rows(window).nth(1)).toBeVisible();
}

/** How many rows the list has, seen or not. */
async function rowCount(window: Page): Promise<number> {
  return Number(await grid(window).getAttribute('aria-rowcount')) - 1;
}

test('lists everything, draws only what is seen, and is walked by keyboard', async ({ window }) => {
  await openHealth(window);
  const total = await rowCount(window);
  expect(total).toBeGreaterThan(80);
  expect(await rows(window).count()).toBeLessThan(total);

  await grid(window).focus();
  await window.keyboard.press('ArrowDown');
  const selected = grid(window).getByRole('row', { selected: true });
  await expect(selected).toHaveAttribute('aria-rowindex', '2');
  await window.keyboard.press('End');
  await expect(selected).toHaveAttribute('aria-rowindex', String(total + 1));
  await expect(selected).toBeInViewport();
  const name = await selected.getByRole('gridcell').nth(1).textContent();
  await expect(panel(window).getByRole('heading').first()).toHaveText(name ?? '');
  await window.keyboard.press('Escape');
  await expect(panel(window)).toBeHidden();
});

test('filters by qualifier, says what it does not understand, and completes what is typed', async ({
  window,
}) => {
  await openHealth(window);
  const total = await rowCount(window);
  await window.keyboard.press('f');
  await expect(filter(window)).toBeFocused();
  await window.keyboard.type('type:hos');
  await window.keyboard.press('ArrowDown');
  await window.keyboard.press('Enter');
  await expect(filter(window)).toHaveValue('type:host ');
  await expect.poll(() => rowCount(window)).toBe(3);

  await filter(window).fill('health:broken');
  await expect(window.getByText('health: does not know "broken"')).toBeVisible();
  await expect.poll(() => rowCount(window)).toBe(total);

  await filter(window).fill('there is no such thing');
  await expect(window.getByText('Nothing passes this filter')).toBeVisible();
  await window.getByRole('button', { name: 'Clear the filter' }).last().click();
  await expect.poll(() => rowCount(window)).toBe(total);
});

test('groups by kind and sorts by any column', async ({ window }) => {
  await openHealth(window);
  await window.getByRole('button', { name: 'By kind' }).click();
  await expect(
    grid(window)
      .getByText(/^\d+ (guests|instances|members|services)/)
      .first(),
  ).toBeVisible();
  await window.getByRole('button', { name: 'By kind' }).click();
  await grid(window).getByRole('button', { name: 'Name' }).click();
  await expect(grid(window).getByRole('columnheader', { name: 'Name' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  const names = await grid(window).getByRole('row').locator('[role=gridcell]:nth-child(2)').allTextContents();
  const collator = new Intl.Collator('en', { numeric: true });
  expect(names).toEqual([...names].sort((a, b) => collator.compare(a, b)));
});

test('a right click offers what can be done with the row', async ({ window }) => {
  await openHealth(window);
  await filter(window).fill('type:host pve-1');
  await expect.poll(() => rowCount(window)).toBe(1);
  await rows(window).nth(1).click({ button: 'right' });
  const menu = window.getByRole('menu', { name: 'Actions' });
  await expect(menu.getByRole('menuitem', { name: 'Copy as JSON' })).toBeVisible();
  await menu.getByRole('menuitem', { name: 'Show in topology' }).click();
  await expect(window.getByRole('heading', { level: 1 })).toHaveText('Topology');
  await expect(panel(window).getByRole('heading').first()).toHaveText('pve-1');
});

test('a stopped guest is the one cause of all that it takes down, and recovers on screen', async ({
  window,
  lab,
}) => {
  await openHealth(window);
  await lab.act('guests/112/stop');
  await filter(window).fill('type:guest health:bad');
  const row = rows(window)
    .filter({ hasText: '112' })
    .or(rows(window).filter({ hasText: 'catalog-b' }));
  await expect(row).toHaveCount(1, { timeout: 20_000 });
  await row.click();
  await expect(panel(window)).toContainText('down');
  await expect(panel(window).getByRole('region', { name: 'Why it matters' })).toContainText('catalog');
  await expect(
    panel(window).getByRole('list', { name: 'Changes of health' }).getByRole('listitem').first(),
  ).toContainText('down');

  await window.keyboard.press('Escape');
  await window.evaluate(() => {
    location.hash = '#/overview';
  });
  const wrong = window.getByRole('region', { name: 'Wrong now' });
  const cause = wrong.getByRole('listitem').filter({ hasText: 'affects' });
  await expect(cause.first()).toContainText('catalog', { timeout: 20_000 });
  await expect(window.getByRole('banner')).toContainText(/\d+ alerts? · \d+ causes?/);

  await lab.act('guests/112/start');
  await expect(wrong.getByRole('listitem').filter({ hasText: 'catalog' })).toHaveCount(0, {
    timeout: 30_000,
  });
  await expect(window.getByRole('list', { name: 'Latest changes of health' })).toContainText('catalog');
});
