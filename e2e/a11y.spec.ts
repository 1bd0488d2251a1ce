import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from './gantry.ts';

/** axe finds nothing, in any view, in either theme, with whatever can be opened open. */

async function expectAccessible(window: Page): Promise<void> {
  // Legacy mode: the other opens a page of its own, which a desktop window cannot.
  const { violations } = await new AxeBuilder({ page: window })
    .setLegacyMode(true)
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  expect(
    violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} ${failureSummary}`).join('; ')}`,
    ),
  ).toEqual([]);
}

/** Shows a place and waits until it is there with its data. */
async function open(window: Page, hash: string, title: string): Promise<void> {
  await window.evaluate((target) => {
    location.hash = target;
  }, hash);
  await expect(window.getByRole('heading', { level: 1 })).toHaveText(title);
  await expect(window.getByRole('banner').getByRole('button', { name: 'Live', exact: true })).toBeVisible();
}

const places = [
  { title: 'Overview', hash: '#/overview' },
  { title: 'Topology', hash: '#/topology' },
  { title: 'Health', hash: '#/health?group=kind' },
  { title: 'Connections', hash: '#/connections' },
] as const;

for (const theme of ['dark', 'light'] as const) {
  test.describe(`${theme} theme`, () => {
    test.beforeEach(async ({ window }) => {
      await window.evaluate((choice) => localStorage.setItem('gantry.theme', choice), theme);
      await window.reload();
    });

    test.afterEach(async ({ window }) => {
      await window.evaluate(() => localStorage.removeItem('gantry.theme'));
    });

    for (const { title, hash } of places) {
      test(title, async ({ window }) => {
        await open(window, hash, title);
        await expectAccessible(window);
      });
    }

    test('an entity beside the view', async ({ window }) => {
      await open(window, '#/health?q=type:guest', 'Health');
      await window.getByRole('grid').getByRole('row').nth(1).click();
      await expect(window.getByRole('complementary', { name: 'Selected entity' })).toBeVisible();
      await expectAccessible(window);
    });

    test('what can be opened over it', async ({ window }) => {
      await open(window, '#/overview', 'Overview');
      await window.keyboard.press('ControlOrMeta+k');
      await window.getByRole('dialog').getByRole('combobox').fill('pve');
      await expect(window.getByRole('dialog').getByRole('option').first()).toBeVisible();
      await expectAccessible(window);
      await window.keyboard.press('Escape');
      await window.keyboard.press('?');
      await expect(window.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
      await expectAccessible(window);
      await window.keyboard.press('Escape');
      await window.getByRole('button', { name: /Switch environment/ }).click();
      await expect(window.getByRole('menu')).toBeVisible();
      await expectAccessible(window);
    });
  });
}

test('nothing moves where motion is not wanted', async ({ window }) => {
  await window.emulateMedia({ reducedMotion: 'reduce' });
  await expect(window.getByRole('heading', { level: 1 })).toBeVisible();
  const moving = await window.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((element) => {
        const { transitionDuration, animationDuration } = getComputedStyle(element);
        return [transitionDuration, animationDuration].some((text) =>
          text.split(',').some((part) => parseFloat(part) > 0),
        );
      }).length,
  );
  expect(moving).toBe(0);
  await window.emulateMedia({ reducedMotion: null });
});
