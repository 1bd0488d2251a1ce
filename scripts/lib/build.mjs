import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { digestOf, filesBelow, inProject, Problem } from './project.mjs';

/** Output name → source of everything that runs in Node. An entry whose source is not there is left out. */
const nodeEntries = {
  main: 'electron/main.ts',
  'engine-process': 'electron/engine-process.ts',
  serve: 'electron/serve.ts',
  cli: 'electron/cli.ts',
  lab: 'lab/main.ts',
};

const STAMP = 'dist/.built-from';

/** What the outputs are made from. Tests beside the sources do not change them. */
function digestOfSources() {
  const sources = ['shared', 'electron', 'renderer', 'lab']
    .flatMap(filesBelow)
    .filter((file) => !/\.test\.tsx?$/.test(file));
  const settings = ['vite.renderer.config.ts', 'vite.node.config.ts', 'vite.preload.config.ts'];
  return digestOf([...sources, ...settings, 'package.json', 'package-lock.json', 'scripts/lib/build.mjs']);
}

/** True when dist/ is what the sources would give. */
export function isBuilt() {
  return existsSync(inProject(STAMP)) && readFileSync(inProject(STAMP), 'utf8') === digestOfSources();
}

/** Builds everything into dist/. A source that does not build is a `Problem`. */
export async function buildAll() {
  const digest = digestOfSources();
  rmSync(inProject('dist'), { recursive: true, force: true });
  if (existsSync(inProject('renderer/index.html'))) await viteBuild('vite.renderer.config.ts');
  await buildNode(nodeEntries);
  if (existsSync(inProject('electron/preload.ts'))) await viteBuild('vite.preload.config.ts');
  writeFileSync(inProject(STAMP), digest);
}

/**
 * Builds some entries that run in Node, output name → source, into dist/. With `packages: 'external'` they import
 * packages instead of containing them. A source that does not build is a `Problem`.
 */
export async function buildNode(entries, { packages = 'bundled' } = {}) {
  const present = Object.entries(entries)
    .filter(([, source]) => existsSync(inProject(source)))
    .map(([name, source]) => [name, inProject(source)]);
  if (present.length === 0) return;
  process.env.GANTRY_ENTRIES = JSON.stringify(Object.fromEntries(present));
  process.env.GANTRY_PACKAGES = packages;
  await viteBuild('vite.node.config.ts');
}

async function viteBuild(configFile) {
  // Loaded here: before the first install there is no Vite.
  const { build } = await import('vite');
  try {
    await build({ configFile: inProject(configFile), logLevel: 'error' });
  } catch (thrown) {
    const [text] = stripVTControlCharacters(String(thrown?.message ?? thrown)).split(/\n\s+at /);
    throw new Problem(`the build failed (${configFile})\n${text.trim()}`);
  }
}
