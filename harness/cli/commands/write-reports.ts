/** comparison.json, report.md, report.html and the lines on the terminal. */
import { EXIT, type ExitCode, reasonOf } from '../../errors.ts';
import type { Comparison, RunFile, RunVerdict, TimeTaken } from '../../model/index.ts';
import { buildReport, type Invocation, type ProfilePair, renderMarkdown, renderTerminal } from '../../report/index.ts';
import { COMPARISON_FILE, type OutputFolder, PAGE_FILE, pageOf, REPORT_FILE } from '../../results/index.ts';

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

/** Of a command that measures. */
export interface CommandTimes {
  /** By `performance.now()`. */
  readonly startedMs: number;
  /** Spent on profiles and counts after the measurement. */
  readonly readingSeconds: number;
}

export interface ReportedRun {
  readonly comparison: Comparison;
  /** Left out: nothing was measured, and the comparison's own times stand. */
  readonly times?: CommandTimes;
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

/** A page is a convenience beside the report: it is said that it failed, and why. Resolves to null without one. */
const orWithoutPage = async <T>(make: () => Promise<T> | T): Promise<T | null> => {
  try {
    return await make();
  } catch (error) {
    const why = reasonOf(error);
    process.stderr.write(`${PAGE_FILE} could not be made; ${REPORT_FILE} has all figures. ${why}\n`);
    return null;
  }
};

const makePage = async ({ comparison, run, graphs = [], ...rest }: ReportedRun): Promise<string | null> =>
  run === undefined
    ? null
    : orWithoutPage(() => pageOf(buildReport({ comparison, run, ...rest }), comparison, run, graphs));

/** The time so far, and what of it went since `begunMs`. */
const withTime = ({ comparison, run, times }: ReportedRun, begunMs: number): Comparison => {
  if (times === undefined) return comparison;
  const now = performance.now();
  const took: TimeTaken = {
    sourcesSeconds: run?.sourcesSeconds ?? 0,
    wholeSeconds: (now - times.startedMs) / 1000,
    readingSeconds: times.readingSeconds,
    reportingSeconds: (now - begunMs) / 1000,
  };
  return { ...comparison, took };
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
  const { others = new Map<string, string>() } = reported;
  const begunMs = performance.now();
  // First, since it takes longest: the other files then tell how long.
  const page = out === null ? null : await makePage({ ...reported, comparison: withTime(reported, begunMs) });
  const comparison = withTime(reported, begunMs);
  const report = buildReport({ ...reported, comparison });
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
  if (out !== null && page !== null) await orWithoutPage(async () => out.write(PAGE_FILE, page));
  process.stderr.write(`${renderTerminal(report)}\n`);
  if (options.json === true) process.stdout.write(asJson(comparison));
  if (failure !== null) throw failure;
  if (out !== null && options.quiet !== true) process.stderr.write(`\nReport: ${out.path(REPORT_FILE)}\n`);
  return exitCodeOf(comparison.waivers?.verdictWithout ?? comparison.verdict, options.failOn);
};
