import { defineConfig } from 'vitest/config';

// Two projects (the suites of Windows have a runner of their own, scripts/test-windows.mjs): `fast` on every save (no processes, no disk beyond a temporary folder), `slow` with real agents, workers and files.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          setupFiles: ['test/seed.ts'],
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.slow.test.ts', 'test/**/*.windows.test.ts', 'test/vscode/**'],
          testTimeout: 30_000, // a busy machine is no failure
        },
      },
      {
        test: {
          name: 'slow',
          setupFiles: ['test/seed.ts'],
          include: ['test/**/*.slow.test.ts'],
          exclude: ['test/vscode/**'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
