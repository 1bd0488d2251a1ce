import { copyFileSync, mkdirSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureChromium } from './lib/chromium.mjs';
import { nodeChild } from './lib/children.mjs';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { prepare } from './lib/setup.mjs';

/** File name → route. `topology` in dark at the larger size is the picture in the README. */
const views = {
  overview: '/overview',
  topology: '/topology',
  'topology-table': '/topology?twin=table',
  health: '/health',
  connections: '/connections',
};
const themes = ['dark', 'light'];
const sizes = [
  { width: 1440, height: 900 },
  { width: 1024, height: 700 },
];
const README_PICTURE = 'topology-dark-1440x900.png';
const CONDITION_LIMIT_MS = 30_000;

/**
 * `npm run screenshots [-- FOLDER]`: every view in both themes and two sizes into a folder (default: a temporary one),
 * and the README's picture into assets/. Shows the lab with one instance killed, so that there is something to see.
 */
runMain(async ([folder = mkdtempSync(path.join(os.tmpdir(), 'gantry-screenshots-'))]) => {
  await prepare();
  const executablePath = await ensureChromium();
  if (executablePath === undefined) throw new Problem('there is no browser to take pictures with');
  const { chromium } = await import('@playwright/test');
  mkdirSync(folder, { recursive: true });

  const serve = nodeChild(inProject('dist/serve.js'), [], root);
  try {
    if (!(await serve.ready)) throw new Problem('the console did not start');
    await killOneInstance(serve.labControl);
    const browser = await chromium.launch({ executablePath });
    const page = await browser.newPage();
    await page.goto(serve.address);
    const { origin } = new URL(serve.address);
    await settled(page);
    for (const theme of themes) {
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      for (const size of sizes) {
        await page.setViewportSize(size);
        for (const [name, route] of Object.entries(views)) {
          await page.goto(`${origin}/#${route}`);
          await page.reload();
          await settled(page);
          const file = path.join(folder, `${name}-${theme}-${size.width}x${size.height}.png`);
          await page.screenshot({ path: file, animations: 'disabled' });
        }
      }
    }
    await browser.close();
  } finally {
    await serve.stop();
  }
  mkdirSync(inProject('assets/screenshots'), { recursive: true });
  copyFileSync(path.join(folder, README_PICTURE), inProject('assets/screenshots/topology.png'));
  console.log(`Pictures are in ${folder}; the README's is assets/screenshots/topology.png`);
  return 0;
});

/** The view is there, every connection answers, the console noticed what is wrong, and the fonts are loaded. */
async function settled(page) {
  await page.waitForFunction(
    () => {
      const text = document.body.innerText;
      const views = document.querySelector('main')?.childElementCount ?? 0;
      return /\d+ alerts?\b/.test(text) && views > 0 && document.querySelectorAll('footer li').length > 1;
    },
    undefined,
    { timeout: CONDITION_LIMIT_MS },
  );
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  // Two frames: one to lay out, one to paint.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve()))),
  );
}

async function killOneInstance(control) {
  const state = await (await fetch(control)).json();
  const victim = state.instances.find(({ process }) => process === 'up');
  await fetch(new URL(`/instances/${victim.id}/kill`, control), { method: 'POST' });
}
