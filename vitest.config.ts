import path from 'node:path';
import { defineConfig } from 'vitest/config';

/**
 * Tests start godyno and its loader some hundred times. Node keeps here what it made of their sources: a start takes half
 * the CPU, 0.5 s instead of 0.9. Read by Node when it starts, so workers and what they start have it, this process has not.
 */
process.env['NODE_COMPILE_CACHE'] ??= path.resolve(import.meta.dirname, 'node_modules/.cache/node-compile');

const limits = { testTimeout: 20_000, hookTimeout: 60_000 } as const;
const wholeRunLimits = { testTimeout: 180_000, hookTimeout: 180_000 } as const;

/** Whole runs that ask for windows of a certain size, or for launches within a budget: nothing may run beside them. */
const UNDISTURBED = ['interrupt-latency', 'odd', 'run', 'state'].map((name) => `test/e2e/${name}.test.ts`);

/** Modules that never touch anything outside (docs/architecture.md): their tests can leave nothing behind for one another. */
const PURE = ['compare', 'metrics', 'model', 'profile', 'report', 'scenario', 'stats', 'units'].map(
  (module) => `test/${module}/**/*.test.ts`,
);

/** One more than the fewest CPUs a runner has: tests wait for programs and deadlines a third of their time. */
const BESIDE = { maxWorkers: 3, sequence: { groupOrder: 0 } };

/** Those with the same `groupOrder` run at the same time, begun in the order of their names: what takes longest comes first. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...wholeRunLimits,
          ...BESIDE,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: UNDISTURBED,
        },
      },
      {
        test: {
          ...limits,
          ...BESIDE,
          name: 'effects',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', ...PURE],
        },
      },
      {
        test: { ...limits, ...BESIDE, name: 'pure', include: PURE, isolate: false },
      },
      {
        // One file at a time, after everything else.
        test: {
          ...wholeRunLimits,
          name: 'undisturbed',
          include: UNDISTURBED,
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
