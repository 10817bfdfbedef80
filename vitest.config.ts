import path from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Tests start godyno and its loader some hundred times. Node keeps here what it made of their sources: a start takes half
 * the CPU, 0.5 s instead of 0.9. Read by Node when it starts, so workers and what they start have it, this process has not.
 */
process.env['NODE_COMPILE_CACHE'] ??= path.resolve(import.meta.dirname, 'node_modules/.cache/node-compile');

const limits = { testTimeout: 20_000, hookTimeout: 60_000 } as const;
const wholeRunLimits = { testTimeout: 180_000, hookTimeout: 180_000 } as const;

/** Modules that never touch anything outside (docs/architecture.md): their tests can leave nothing behind for one another. */
const PURE = ['compare', 'metrics', 'model', 'profile', 'report', 'scenario', 'stats', 'units'].map(
  (module) => `test/${module}/**/*.test.ts`,
);

/** Whole runs that end before anything is timed, or count instructions: what runs beside them changes nothing. */
const UNTIMED = ['test/e2e/bad-input.test.ts', 'test/e2e/exact.test.ts'];

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...limits,
          name: 'effects',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', ...PURE],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          ...limits,
          name: 'pure',
          include: PURE,
          isolate: false,
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
