import { defineConfig } from 'vitest/config';

const limits = { testTimeout: 20_000, hookTimeout: 60_000 } as const;
const wholeRunLimits = { testTimeout: 180_000, hookTimeout: 180_000 } as const;
/** Whole runs that end before anything is timed, or count instructions: what runs beside them changes nothing. */
const UNTIMED = ['test/e2e/bad-input.test.ts', 'test/e2e/exact.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...limits,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...wholeRunLimits,
          name: 'untimed',
          include: UNTIMED,
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole runs measure CPU time and claim CPUs: one file at a time, after everything else.
        test: {
          ...wholeRunLimits,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: UNTIMED,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
