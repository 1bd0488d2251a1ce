import { defineConfig } from '@playwright/test';

/** See e2e/gantry.ts for what the tests run against. One worker: the tests share two cores with the console and its lab. */
export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: process.env['CI'] !== undefined,
  reporter: process.env['GANTRY_E2E_REPORT']
    ? [['line'], ['json', { outputFile: process.env['GANTRY_E2E_REPORT'] }]]
    : [['list']],
  use: { actionTimeout: 10_000, navigationTimeout: 15_000, trace: 'retain-on-failure' },
});
