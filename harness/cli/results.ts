/** From a RunFile to what a run leaves: merged profiles, comparison.json, report.md, and the lines on the terminal. */
import { compareRun } from '../compare/index.ts';
import { EXIT, type ExitCode, reasonOf } from '../errors.ts';
import type { Comparison, RunFile, RunVerdict } from '../model/index.ts';
import { buildReport, type Invocation, renderMarkdown, renderTerminal, type Report } from '../report/index.ts';
import { folderOf } from '../run/index.ts';
import { withExact } from './exact-findings.ts';
import { findingsIn } from './findings.ts';
import type { OutputFolder } from './output.ts';
import { pageOf } from './page.ts';
import { mergedProfiles } from './profiles.ts';
import { folderReader } from './read-profile.ts';

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

/** Profiles that were left out are named where they would have explained something. */
const withProblems = (comparison: Comparison, problems: readonly string[]): Comparison => {
  if (problems.length === 0) return comparison;
  return {
    ...comparison,
    scenarios: comparison.scenarios.map((scenario) => {
      const own = problems.filter((what) => what.includes(`profiles/${folderOf(scenario.scenario)}/`));
      return own.length === 0 ? scenario : { ...scenario, warnings: [...scenario.warnings, leftOutText(own)] };
    }),
  };
};

const leftOutText = ([first = '', ...others]: readonly string[]): string => {
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `Profiles that cannot be read explain nothing here, the verdict does not need them: ${first}${more}.`;
};

export const compareWithProfiles = async (run: RunFile, dir: string): Promise<Comparison> => {
  const read = folderReader(dir);
  const findings = await withExact(run, read, await findingsIn(run, read));
  return withProblems(compareRun(run, findings), [...read.problems]);
};

export interface Tellings {
  readonly comparison: Comparison;
  readonly run?: RunFile;
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
const writePage = async (out: OutputFolder, report: Report, { comparison, run }: Tellings): Promise<void> => {
  if (run === undefined) return;
  try {
    const page = await pageOf(report, comparison, run, folderReader(out.dir));
    if (page !== null) await out.write(PAGE_FILE, page);
  } catch (error) {
    const why = reasonOf(error);
    process.stderr.write(`${PAGE_FILE} could not be made; ${REPORT_FILE} has all figures. ${why}\n`);
  }
};

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/**
 * Writes the reports, then says the verdict: on stderr for people, on stdout as JSON when asked. Where a file cannot be
 * written the others are, and the verdict is said before that error is thrown.
 */
export const tell = async (
  out: OutputFolder | null,
  tellings: Tellings,
  options: Readonly<Record<string, unknown>>,
): Promise<ExitCode> => {
  const { comparison, others = new Map<string, string>() } = tellings;
  const report = buildReport(tellings);
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
  if (out !== null) await writePage(out, report, tellings);
  process.stderr.write(`${renderTerminal(report)}\n`);
  if (options['json'] === true) process.stdout.write(asJson(comparison));
  if (failure !== null) throw failure;
  if (out !== null && options['quiet'] !== true) process.stderr.write(`\nReport: ${out.path(REPORT_FILE)}\n`);
  return exitCodeOf(comparison.waivers?.verdictWithout ?? comparison.verdict, options['failOn'] as readonly string[]);
};

export const writeRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await out.write(RUN_FILE, `${JSON.stringify(run)}\n`);
};

/** The run and its profiles, merged over launches, so that everything later starts from files. */
export const finishRun = async (out: OutputFolder, run: RunFile): Promise<void> => {
  await writeRun(out, run);
  for (const { file, bytes } of await mergedProfiles(run, folderReader(out.dir))) await out.write(file, bytes);
};
