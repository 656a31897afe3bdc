import { defineConfig } from 'vitest/config';

// Units run in parallel; what starts browsers, engines and functions runs one file at a time, since it shares two cores and
// its deadlines assume that. What is about the browser agent runs on both of its editions.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'scripts/**/*.test.ts',
            'test/support/**/*.test.ts',
            'examples/*/once/*.test.ts',
          ],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', 'test/bench/**/*.test.ts'],
          exclude: ['test/e2e/openTelemetry*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: 0,
        },
      },
      {
        test: {
          name: 'e2e-opentelemetry',
          include: ['test/e2e/browser*.test.ts', 'test/e2e/openTelemetry*.test.ts'],
          env: { EDITION: 'opentelemetry' },
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          retry: 0,
        },
      },
    ],
    reporters: ['default'],
  },
});
