/** comparison.json, report.md, report.html and the lines on the terminal. */
import { EXIT, type ExitCode, reasonOf } from '../errors.ts';
import type { Comparison, RunFile, RunVerdict } from '../model/index.ts';
import {
  buildReport,
  type Invocation,
  type ProfilePair,
  renderMarkdown,
  renderTerminal,
  type Report,
} from '../report/index.ts';
import { COMPARISON_FILE, type OutputFolder, PAGE_FILE, pageOf, REPORT_FILE } from '../results/index.ts';

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

export interface ReportedRun {
  readonly comparison: Comparison;
  readonly run?: RunFile;
  /** Of the page; none where the profiles are not at hand. */
  readonly graphs?: readonly ProfilePair[];
  readonly invocation: Invocation;
  /** Other files to leave: name → text. */
  readonly others?: ReadonlyMap<string, string>;
}

/** Takes every step, whatever became of those before it. Resolves to what the first failed one threw, else to null. */
export const firstFailureOf = async (steps: readonly (() => Promise<unknown>)[]): Promise<unknown> => {
  let first: unknown = null;
  for (const step of steps) {
    await step().catch((error: unknown) => {
      first ??= error;
    });
  }
  return first;
};

/** A page is a convenience beside the report: it is said that it failed, and why. */
const writePage = async (
  out: OutputFolder,
  report: Report,
  { comparison, run, graphs = [] }: ReportedRun,
): Promise<void> => {
  if (run === undefined) return;
  try {
    const page = pageOf(report, comparison, run, graphs);
    if (page !== null) await out.write(PAGE_FILE, page);
  } catch (error) {
    const why = reasonOf(error);
    process.stderr.write(`${PAGE_FILE} could not be made; ${REPORT_FILE} has all figures. ${why}\n`);
  }
};

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Options of every command that ends in a verdict. */
export interface ReportOptions {
  readonly failOn: readonly string[];
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

/**
 * Writes the reports, then says the verdict: on stderr for people, on stdout as JSON when asked. Where a file cannot be
 * written the others are, and the verdict is said before that error is thrown.
 */
export const writeReports = async (
  out: OutputFolder | null,
  reported: ReportedRun,
  options: ReportOptions,
): Promise<ExitCode> => {
  const { comparison, others = new Map<string, string>() } = reported;
  const report = buildReport(reported);
  const files = [[COMPARISON_FILE, asJson(comparison)], [REPORT_FILE, renderMarkdown(report)], ...others] as const;
  const failure =
    out === null
      ? null
      : await firstFailureOf(
          files.map(
            ([name, text]) =>
              async () =>
                out.write(name, text),
          ),
        );
  if (out !== null) await writePage(out, report, reported);
  process.stderr.write(`${renderTerminal(report)}\n`);
  if (options.json === true) process.stdout.write(asJson(comparison));
  if (failure !== null) throw failure;
  if (out !== null && options.quiet !== true) process.stderr.write(`\nReport: ${out.path(REPORT_FILE)}\n`);
  return exitCodeOf(comparison.waivers?.verdictWithout ?? comparison.verdict, options.failOn);
};
