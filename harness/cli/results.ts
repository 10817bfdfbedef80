/** From a RunFile to what a run leaves: merged profiles, comparison.json, report.md, and the lines on the terminal. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareRun } from '../compare/index.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import type { Comparison, RunFile, RunVerdict } from '../model/index.ts';
import { buildReport, type Invocation, renderMarkdown, renderTerminal } from '../report/index.ts';
import { withExact } from './exact-findings.ts';
import { findingsIn } from './findings.ts';
import type { OutputFolder } from './output.ts';
import { pageOf } from './page.ts';
import { mergedProfiles, type ReadFile } from './profiles.ts';

export const RUN_FILE = 'run.json';
export const COMPARISON_FILE = 'comparison.json';
export const REPORT_FILE = 'report.md';
export const PAGE_FILE = 'report.html';

const CODES: Readonly<Record<RunVerdict, ExitCode>> = {
  regressed: EXIT.regressed,
  invalid: EXIT.invalid,
  inconclusive: EXIT.inconclusive,
  // Asked for with --fail-on: somebody wants to hear of them as of a regression.
  improved: EXIT.regressed,
  unchanged: EXIT.regressed,
};

/** The exit code of a verdict; verdicts not named in `--fail-on` end with 0. */
export const exitCodeOf = (verdict: RunVerdict, failOn: readonly string[]): ExitCode =>
  failOn.includes(verdict) ? CODES[verdict] : EXIT.ok;

/** Files that are gone read as null. */
const readerIn =
  (dir: string): ReadFile =>
  async (file) =>
    readFile(join(dir, file)).catch(() => null);

export const compareWithProfiles = async (run: RunFile, dir: string): Promise<Comparison> => {
  const read = readerIn(dir);
  const findings = await withExact(run, read, await findingsIn(run, read));
  return compareRun(run, findings);
};

export interface Tellings {
  readonly comparison: Comparison;
  readonly run?: RunFile;
  readonly invocation: Invocation;
}

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Writes the reports, then says the verdict: on stderr for people, on stdout as JSON when asked. */
export const tell = async (
  out: OutputFolder | null,
  tellings: Tellings,
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> => {
  const { comparison } = tellings;
  const report = buildReport(tellings);
  if (out !== null) {
    await out.write(COMPARISON_FILE, asJson(comparison));
    await out.write(REPORT_FILE, renderMarkdown(report));
    const page = tellings.run === undefined ? null : await pageOf(report, comparison, tellings.run, readerIn(out.dir));
    if (page !== null) await out.write(PAGE_FILE, page);
  }
  process.stderr.write(`${renderTerminal(report)}\n`);
  if (out !== null && options['quiet'] !== true) process.stderr.write(`\nReport: ${out.path(REPORT_FILE)}\n`);
  if (options['json'] === true) process.stdout.write(asJson(comparison));
  return exitCodeOf(comparison.waivers?.verdictWithout ?? comparison.verdict, options['failOn'] as readonly string[]);
};

export const writeRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await out.write(RUN_FILE, `${JSON.stringify(run)}\n`);
};

/** The run and its profiles, merged over launches, so that everything later starts from files. */
export const finishRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await writeRun(out, run);
  for (const { file, bytes } of await mergedProfiles(run, readerIn(out.dir))) await out.write(file, bytes);
};
