import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, stripVTControlCharacters } from 'node:util';
import { ensureChromium } from './lib/chromium.mjs';
import { findElectron, hasDisplay } from './lib/electron-binary.mjs';
import { readPlaywright, readVitest, tally } from './lib/outcomes.mjs';
import { inProject, Problem, root, runMain } from './lib/project.mjs';
import { ensureBuilt, ensureInstalled, requireNode } from './lib/setup.mjs';

const usage = `Usage: npm test [-- STEP...]

Runs every check, or the steps named: types, format, lint, knip, unit, integration, build, e2e.
The end-to-end tests run in Electron where there is one (and a display), else in browser mode.
`;

/** No step may hang a pipeline. */
const STEP_LIMIT_MS = 8 * 60_000;

const bin = (file) => inProject('node_modules', file);
const reports = mkdtempSync(path.join(os.tmpdir(), 'gantry-test-'));

const steps = [
  { name: 'types', run: () => tool('types', bin('typescript/bin/tsc'), ['--noEmit']) },
  {
    name: 'format',
    run: () => tool('format', bin('prettier/bin/prettier.cjs'), ['--check', '--log-level=warn', '.']),
  },
  {
    name: 'lint',
    run: () => tool('lint', bin('oxlint/bin/oxlint'), ['--type-aware', '--quiet', '--format=unix']),
  },
  { name: 'knip', run: () => tool('knip', bin('knip/bin/knip.js'), []) },
  { name: 'unit', run: () => vitest('unit') },
  { name: 'integration', run: () => vitest('integration') },
  { name: 'build', run: build },
  { name: 'e2e', run: playwright },
];

runMain(async (args) => {
  const { values, positionals } = parse(args);
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const unknown = positionals.filter((name) => !steps.some((step) => step.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`gantry: no such step: ${unknown.join(', ')}\n${usage}`);
    return 2;
  }
  requireNode();
  ensureInstalled();

  const outcomes = [];
  for (const step of steps.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    outcomes.push(...(await runStep(step)));
  }
  rmSync(reports, { recursive: true, force: true });
  const { passed, failed, skipped } = tally(outcomes);
  if (skipped > 0) console.log('\nSkipped:');
  for (const { name, reason } of outcomes.filter(({ state }) => state === 'skipped')) {
    console.log(`  ${name}: ${reason ?? 'no reason given'}`);
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
});

function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { help: { type: 'boolean', default: false } },
    });
  } catch (thrown) {
    return { values: { help: false }, positionals: [thrown.message] };
  }
}

/** Runs one step and says how it went: one line, and the details of what failed. */
async function runStep({ name, run }) {
  const started = performance.now();
  const outcomes = await run().catch((thrown) => [
    { name, state: 'failed', errors: [thrown instanceof Problem ? thrown.message : thrown.stack] },
  ]);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const { passed, failed, skipped } = tally(outcomes);
  const counts = [`${passed} passed`, failed > 0 && `${failed} failed`, skipped > 0 && `${skipped} skipped`];
  console.log(
    `${failed === 0 ? 'ok  ' : 'FAIL'} ${name.padEnd(12)} ${seconds.padStart(6)} s  ${counts.filter(Boolean).join(', ')}`,
  );
  for (const failure of outcomes.filter(({ state }) => state === 'failed')) {
    console.log(`     ${failure.name === name ? '' : failure.name}`);
    for (const error of failure.errors ?? []) console.log(indented(error));
  }
  return outcomes.map((outcome) => ({
    ...outcome,
    name: outcome.name === name ? name : `${name}: ${outcome.name}`,
  }));
}

const LONGEST_REPORT = 60;

function indented(text) {
  const lines = stripVTControlCharacters(text).trimEnd().split('\n');
  const cut = lines.length > LONGEST_REPORT ? [`… ${lines.length - LONGEST_REPORT} more lines`] : [];
  return [...lines.slice(0, LONGEST_REPORT), ...cut].map((line) => `       ${line}`).join('\n');
}

/** A tool that passes or fails as a whole. */
async function tool(name, script, args) {
  const { status, output } = await node(script, args);
  return [status === 0 ? { name, state: 'passed' } : { name, state: 'failed', errors: [output] }];
}

async function vitest(project) {
  const file = path.join(reports, `${project}.json`);
  const reporter = inProject('scripts/lib/vitest-reporter.mjs');
  const args = ['run', '--project', project, '--passWithNoTests', `--reporter=${reporter}`];
  const { output } = await node(bin('vitest/vitest.mjs'), args, { GANTRY_UNIT_REPORT: file });
  return readVitest(file) ?? [{ name: project, state: 'failed', errors: [output] }];
}

async function build() {
  await ensureBuilt();
  return [{ name: 'build', state: 'passed' }];
}

async function playwright() {
  await ensureBuilt();
  const desktop = hasDisplay() && findElectron() !== undefined;
  const chromium = desktop ? undefined : await ensureChromium();
  if (!desktop && chromium === undefined) throw new Problem('there is no browser for the end-to-end tests');
  const file = path.join(reports, 'e2e.json');
  const { output } = await node(bin('@playwright/test/cli.js'), ['test'], {
    GANTRY_E2E_REPORT: file,
    GANTRY_E2E_MODE: desktop ? 'desktop' : 'browser',
    ...(chromium === undefined ? {} : { GANTRY_CHROMIUM: chromium }),
  });
  console.log(`     end-to-end tests ran in ${desktop ? 'Electron' : 'browser mode'}`);
  return readPlaywright(file) ?? [{ name: 'e2e', state: 'failed', errors: [output] }];
}

/** Runs a script in Node, quietly. Both outputs come back as one text. */
function node(script, args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    const timer = setTimeout(() => {
      output += `\nstopped after ${STEP_LIMIT_MS / 60_000} minutes`;
      child.kill('SIGTERM');
    }, STEP_LIMIT_MS);
    child.once('error', (error) => resolve({ status: 1, output: error.message }));
    child.once('close', (status) => {
      clearTimeout(timer);
      resolve({ status: status ?? 1, output });
    });
  });
}
