/** `godyno report`: comparison and reports of a finished run, made again from its run.json. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError, type ExitCode } from '../../errors.ts';
import { type Comparison, parseComparison } from '../../model/index.ts';
import { COMPARISON_FILE, explainRun, folderReader, openOutput, openRun } from '../../results/index.ts';
import { exportRun, formatsFrom } from './export.ts';
import { type ReportOptions, writeReports } from './write-reports.ts';

/** What no run.json holds. */
type Earlier = Pick<Comparison, 'waivers' | 'took'>;

/** A file that was damaged since is written anew; what it accepted has to be given again. */
const earlierIn = (text: string, file: string): Earlier => {
  try {
    return parseComparison(text, file);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}; it is written anew, without the waivers it may have held.\n`);
    return {};
  }
};

/** What was accepted when the run was made stays accepted, and what it took: a report made again is the same report. */
const withEarlier = async (comparison: Comparison, file: string): Promise<Comparison> => {
  const text = await readFile(file, 'utf8').catch(() => null);
  const { waivers, took } = text === null ? {} : earlierIn(text, file);
  return { ...comparison, ...(waivers !== undefined && { waivers }), ...(took !== undefined && { took }) };
};

interface ReportAgainOptions extends ReportOptions {
  readonly format?: string | undefined;
}

export const reportAgain = async (options: ReportAgainOptions, dir: string): Promise<ExitCode> => {
  const formats = options.format === undefined ? [] : formatsFrom(options.format);
  const { run, dir: folder } = await openRun(dir);
  const out = await openOutput(folder, new Date());
  const { comparison: again, graphs } = await explainRun(run, folderReader(folder));
  const comparison = await withEarlier(again, out.path(COMPARISON_FILE));
  if (formats.length > 0) await exportRun(run, folder, formats, join(folder, 'exports'));
  const { commandLine = { args: [], flags: [] } } = run;
  const invocation = { program: 'npx godyno', command: 'run', ...commandLine } as const;
  return writeReports(out, { comparison, run, graphs, invocation }, options);
};
