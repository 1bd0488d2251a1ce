import { defineConfig } from 'vitest/config';

const shared = { environment: 'node' as const, pool: 'forks' as const, testTimeout: 15_000 };

/** Unit tests stand beside their source; integration tests start real servers and are named `*.integration.test.ts`. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'unit',
          include: ['{shared,electron,renderer,lab,scripts}/**/*.test.{ts,tsx}'],
          exclude: ['**/*.integration.test.ts', 'node_modules/**'],
        },
      },
      {
        test: {
          ...shared,
          name: 'integration',
          include: ['{electron,lab}/**/*.integration.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
