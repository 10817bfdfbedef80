/** `godyno run`: measure base and head, compare, report. */
import type { ExitCode } from '../errors.ts';
import type { Invocation } from '../report/index.ts';
import { parseDurationSeconds } from '../units/index.ts';
import { withInterrupt } from './interrupt.ts';
import { budgetFrom, measure } from './measure.ts';
import { openOutput } from './output.ts';
import { stepsFor } from './progress.ts';
import { compareWithProfiles, tell, writeRun } from './results.ts';
import { loadScenarios } from './scenarios.ts';

export interface RunOptions {
  readonly base?: string;
  readonly head?: string;
  readonly out?: string;
  readonly budget?: string;
  readonly seed?: number;
  readonly failOn: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

const invocationOf = (options: RunOptions, words: readonly string[]): Invocation => ({
  program: 'npx godyno',
  command: 'run',
  args: words,
  flags: options.budget === undefined ? [] : ['--budget', options.budget],
  ...(options.base === undefined ? {} : { base: options.base }),
  ...(options.head === undefined ? {} : { head: options.head }),
});

export const runCommandLine = async (given: Record<string, unknown>, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const options = given as unknown as RunOptions;
    const scenarios = await loadScenarios(words);
    const { budget } = options;
    const budgetSeconds = budget === undefined ? null : budgetFrom(parseDurationSeconds(budget), budget);
    const out = await openOutput(options.out, new Date());
    const run = await measure({
      scenarios,
      base: options.base,
      head: options.head,
      outDir: out.dir,
      budgetSeconds,
      seed: options.seed,
      purpose: 'compare',
      step: stepsFor(options.quiet === true ? 'quiet' : 'spoken'),
      signal,
    });
    await writeRun(out, run);
    const comparison = await compareWithProfiles(run, out.dir);
    return tell(out, { comparison, run, invocation: invocationOf(options, words) }, given);
  });
