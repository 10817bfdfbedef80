/** `godyno compare` of two stored runs: head against head, with the limits that different times or machines demand. */
import { compareStored } from '../../compare/index.ts';
import type { ExitCode } from '../../errors.ts';
import { openOutput, openStored, writeRun } from '../../results/index.ts';
import { type ReportOptions, writeReports } from './write-reports.ts';

export interface CompareStoredOptions extends ReportOptions {
  readonly out?: string | undefined;
  readonly baselines: string;
}

export const compareRuns = async (before: string, after: string, options: CompareStoredOptions): Promise<ExitCode> => {
  const base = await openStored(before, options.baselines);
  const head = await openStored(after, options.baselines);
  const comparison = compareStored(base.run, head.run);
  const out = options.out === undefined ? null : await openOutput(options.out, new Date());
  if (out !== null) await writeRun(out, head.run);
  const invocation = { program: 'npx godyno', command: 'compare', args: [before, after], flags: [] } as const;
  return writeReports(out, { comparison, run: head.run, invocation }, options);
};
