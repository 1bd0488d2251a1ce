import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {{ name: string, state: 'passed' | 'failed' | 'skipped', reason?: string, errors?: string[] }} Outcome
 */

/** Outcomes that `vitest-reporter.mjs` wrote, or undefined when there are none: vitest did not get that far. */
export function readVitest(file) {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, 'utf8')).map((test) => ({
    ...test,
    // Pending: the run ended before its turn came.
    state: test.state === 'pending' ? 'failed' : test.state,
  }));
}

/** Outcomes in Playwright's JSON report, or undefined when there is none. */
export function readPlaywright(file) {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8'));
  const general = (report.errors ?? []).map((error) => ({
    name: 'playwright',
    state: 'failed',
    errors: [error.message ?? String(error)],
  }));
  return [...(report.suites ?? []).flatMap((suite) => specsOf(suite, [])), ...general];
}

function specsOf(suite, above) {
  const titles = [...above, suite.title].filter(Boolean);
  const own = (suite.specs ?? []).flatMap((spec) =>
    spec.tests.map((test) => ({
      name: [...titles, spec.title].join(' › '),
      state: test.status === 'expected' ? 'passed' : test.status === 'skipped' ? 'skipped' : 'failed',
      reason: test.annotations?.find(({ type }) => type === 'skip' || type === 'fixme')?.description,
      errors: test.results.flatMap(({ errors }) => errors ?? []).map(({ message }) => message ?? ''),
    })),
  );
  return [...own, ...(suite.suites ?? []).flatMap((inner) => specsOf(inner, titles))];
}

/** How many passed, failed and were skipped. */
export function tally(outcomes) {
  const count = (state) => outcomes.filter((outcome) => outcome.state === state).length;
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
}
