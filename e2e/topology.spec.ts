import { AxeBuilder } from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { expect, test } from './gantry.ts';

/** The map over the real engine and lab: what it draws is read through its twins, and counted on its canvas. */

const view = (window: Page) => window.getByRole('region', { name: 'Topology' });
const map = (window: Page) => window.getByRole('listbox', { name: 'Map of the request path' });
const table = (window: Page) => window.getByRole('grid', { name: 'Topology as a table' });
const find = (window: Page) => window.getByRole('combobox', { name: 'Find on the map' });
const panel = (window: Page) => window.getByRole('complementary', { name: 'Selected entity' });
const node = (window: Page, name: string | RegExp) => map(window).getByRole('option', { name });

async function go(window: Page, params: string): Promise<void> {
  await window.evaluate((hash) => {
    location.hash = hash;
  }, `#/topology${params}`);
}

/** The map of the whole lab, nothing folded, once every system has told its part. */
async function openMap(window: Page, params = ''): Promise<void> {
  await go(window, params);
  await expect(node(window, /^guest /).first()).toBeAttached();
  await expect(node(window, /^virtual IP /)).toHaveCount(6);
  await expect(node(window, /^host /)).toHaveCount(3);
  await drawn(window);
}

/** The number of the last complete picture; waits for the first. */
async function drawn(window: Page): Promise<number> {
  const canvas = view(window).locator('canvas');
  await expect(canvas).toHaveAttribute('data-drawn-revision', /^[1-9]/);
  return Number(await canvas.getAttribute('data-drawn-revision'));
}

/** How many device pixels of the canvas have exactly the colour of a design token. */
function pixelsOf(window: Page, token: string): Promise<number> {
  return view(window)
    .locator('canvas')
    .evaluate((canvas: HTMLCanvasElement, name) => {
      const colour = getComputedStyle(canvas).getPropertyValue(name).trim();
      const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) {
        if (data[i] === red && data[i + 1] === green && data[i + 2] === blue) count++;
      }
      return count;
    }, token);
}

/** The node at the keyboard's place, by the name that a screen reader says. */
async function current(window: Page): Promise<string> {
  const id = await map(window).getAttribute('aria-activedescendant');
  return (await window.locator(`[id="${id}"]`).getAttribute('aria-label')) ?? '';
}

async function clickNode(window: Page, option: Locator): Promise<void> {
  const box = await option.boundingBox();
  if (!box) throw new Error('the node is not in the window');
  await window.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
}

test('draws each tier of the path, and the arrow keys walk it from its beginning to a host', async ({
  window,
}) => {
  await openMap(window);
  for (const tier of ['Virtual IPs', 'Services', 'Instances', 'Guests', 'Hosts']) {
    await expect(map(window).getByRole('group', { name: tier, exact: true })).toBeAttached();
  }
  await expect.poll(() => pixelsOf(window, '--healthy')).toBeGreaterThan(200);
  // The policy lets the layout have its own thread; a map that was arranged on this one would look the same.
  expect(window.workers().map((worker) => worker.url())).toEqual([expect.stringContaining('layout.worker')]);

  await map(window).focus();
  await window.keyboard.press('ArrowLeft');
  const seen: string[] = [];
  for (let step = 0; step < 6; step++) {
    await window.keyboard.press('ArrowLeft');
  }
  await expect.poll(() => current(window)).toMatch(/^(virtual IP|LLM client|service) /);
  for (let step = 0; step < 7; step++) {
    seen.push((await current(window)).split(' ')[0]!);
    await window.keyboard.press('ArrowRight');
  }
  await expect.poll(() => current(window)).toMatch(/^host /);
  expect(seen).toContain('guest');
});

test('opens a node in the panel, keeps it in the address, and lets it go', async ({ window }) => {
  await openMap(window);
  await clickNode(window, node(window, /^guest /).first());
  await expect(panel(window)).toBeVisible();
  expect(await window.evaluate(() => location.hash)).toContain('sel=proxmox');
  await expect.poll(() => pixelsOf(window, '--accent')).toBeGreaterThan(100);
  await window.reload();
  await expect(panel(window)).toBeVisible();
  await expect(map(window).getByRole('option', { selected: true })).toHaveAccessibleName(/^guest /);
  await window.keyboard.press('Escape');
  await expect(panel(window)).toBeHidden();
});

test('opens by keyboard, and the table has the same selection', async ({ window }) => {
  await openMap(window);
  await map(window).focus();
  await window.keyboard.press('ArrowRight');
  const name = await current(window);
  await window.keyboard.press('Enter');
  await expect(panel(window)).toBeVisible();
  await window.keyboard.press('t');
  const row = table(window).getByRole('row', { selected: true });
  await expect(row).toBeVisible();
  const title = (await row.getByRole('gridcell').nth(1).textContent()) ?? '';
  expect(name).toContain(title);
  await window.keyboard.press('Escape');
  await window.keyboard.press('t');
  await expect(map(window)).toBeVisible();
});

test('the table sorts by its titles, and says so in the address', async ({ window }) => {
  await go(window, '?twin=table');
  await table(window).getByRole('button', { name: 'Name' }).click();
  await expect(table(window).getByRole('columnheader', { name: 'Name' })).toHaveAttribute(
    'aria-sort',
    'ascending',
  );
  const names = await table(window).getByRole('row').locator('> :nth-child(2)').allTextContents();
  const body = names.slice(1, 12);
  expect(body).toEqual(body.toSorted(new Intl.Collator('en', { numeric: true }).compare));
  expect(await window.evaluate(() => location.hash)).toContain('sort=name');
});

test('finds, walks what it found, and hides the rest', async ({ window }) => {
  await openMap(window);
  const all = await map(window).getByRole('option').count();
  await window.keyboard.press('f');
  await window.keyboard.type('type:host');
  await expect(view(window).getByText('3 found')).toBeVisible();
  await window.keyboard.press('Enter');
  await expect.poll(() => current(window)).toMatch(/^host /);
  await view(window).getByRole('button', { name: 'only these' }).click();
  await expect(map(window).getByRole('option')).toHaveCount(3);
  await find(window).fill('no such thing');
  await expect(view(window).getByText('Nothing passes the filter')).toBeVisible();
  await view(window).getByRole('button', { name: 'Show everything' }).click();
  await expect(map(window).getByRole('option')).toHaveCount(all);
  await find(window).fill('health:broken');
  await expect(view(window).getByText('health: does not know "broken"', { exact: false })).toBeVisible();
});

test('folds by pool, opens one group, and closes it again', async ({ window }) => {
  await openMap(window);
  await view(window)
    .getByRole('button', { name: /^fold:/ })
    .click();
  await window.getByRole('menuitemcheckbox', { name: 'By pool' }).click();
  const groups = node(window, /^group of guests /);
  await expect(groups.first()).toBeAttached();
  const count = await groups.count();
  await clickNode(window, groups.first());
  await expect(groups).toHaveCount(count - 1);
  await view(window).getByRole('button', { name: 'close 1 group' }).click();
  await expect(groups).toHaveCount(count);
});

test('a process that ends shows in the colour of its state, with the path that it breaks', async ({
  window,
  lab,
}) => {
  await openMap(window);
  const { instances } = await lab.state();
  const victim = instances.find(({ process }) => process === 'up') ?? instances[0]!;
  await lab.act(`instances/${victim.id}/kill`);
  try {
    await expect(node(window, new RegExp(`^instance ${victim.id}, down`))).toBeAttached();
    await expect.poll(() => pixelsOf(window, '--down')).toBeGreaterThan(100);
    // Hiding the healthy leaves the broken path, from what depends on it to where it runs.
    await window.keyboard.press('h');
    await expect(node(window, /^host /)).not.toHaveCount(3);
    await expect(node(window, new RegExp(`^instance ${victim.id}, down`))).toBeAttached();
    await expect(node(window, /^guest /).first()).toBeAttached();
  } finally {
    await lab.act(`instances/${victim.id}/restore`);
  }
  await expect(node(window, new RegExp(`^instance ${victim.id}, down`))).toHaveCount(0);
});

test('remembers where one looked; 0 shows everything again', async ({ window }) => {
  await openMap(window);
  const box = (await map(window).boundingBox())!;
  await window.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await window.mouse.wheel(0, -300);
  await expect.poll(() => window.evaluate(() => location.hash)).toContain('cam=');
  const hash = await window.evaluate(() => location.hash);
  await window.reload();
  await drawn(window);
  expect(await window.evaluate(() => location.hash)).toBe(hash);
  await window.keyboard.press('0');
  await expect.poll(() => window.evaluate(() => location.hash)).not.toContain('cam=');
});

test('draws nothing while nothing changes', async ({ window, lab }) => {
  await openMap(window);
  for (const { name } of (await lab.state()).servers) await lab.fault(name, 'hang');
  // With every system silent the pictures cease; they do not go on for their own sake.
  await expect
    .poll(async () => {
      const before = await drawn(window);
      await window.evaluate(
        () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
      );
      return (await drawn(window)) - before;
    })
    .toBe(0);
});

for (const [name, params] of [
  ['map, folded, with a search', '?fold=pool&q=pve'],
  ['table', '?twin=table'],
] as const) {
  test(`axe finds nothing: ${name}`, async ({ window }) => {
    await go(window, params);
    await expect(params.includes('table') ? table(window) : node(window, /^host /).first()).toBeAttached();
    const { violations } = await new AxeBuilder({ page: window }).setLegacyMode(true).analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
  });
}
