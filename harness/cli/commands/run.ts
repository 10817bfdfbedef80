/** `godyno run`: measure base and head, compare, report. */
import { applyWaivers, type Waiver } from '../../compare/index.ts';
import type { ExitCode } from '../../errors.ts';
import type { CommandLine, Comparison, ExactMode, RunFile, Scenario, ScenarioComparison } from '../../model/index.ts';
import type { Invocation } from '../../report/index.ts';
import {
  goFlagsFrom,
  loadScenarios,
  measure,
  type MeasureRequest,
  type BaselinePlan,
  planAgainstBaseline,
  todayUtc,
  waiversInCommits,
  waiversInFile,
  withGoFlags,
  withNoiseNotes,
} from '../../measure/index.ts';
import { type Explained, folderReader, openOutput, type ReadAlong, readAlong } from '../../results/index.ts';
import { asStored, compareWithStored } from './beside-stored.ts';
import { type DurationFlag, requireBaselinesFolder, withExactMode } from './flags.ts';
import { openJob, type OpenJob } from './open-job.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { stepsFor } from '../terminal/steps.ts';
import { writeReports } from './write-reports.ts';

export interface RunOptions {
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  readonly baseGo?: string | undefined;
  readonly headGo?: string | undefined;
  readonly baseRequired?: true | undefined;
  readonly baselines: string;
  readonly bundles: string;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly exact?: ExactMode | undefined;
  readonly seed?: number | undefined;
  readonly failOn: readonly string[];
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** The word that stands for the stored baseline of each scenario. */
const BASELINE = 'baseline';

const commandLineOf = (options: RunOptions, words: readonly string[]): CommandLine => ({
  args: words,
  flags: [
    ...(options.budget === undefined ? [] : ['--budget', options.budget.text]),
    ...(options.exact === undefined ? [] : ['--exact', options.exact]),
    ...(options.baseGo === undefined ? [] : ['--base-go', options.baseGo]),
    ...(options.headGo === undefined ? [] : ['--head-go', options.headGo]),
  ],
  ...(options.base === undefined ? {} : { base: options.base }),
  ...(options.head === undefined ? {} : { head: options.head }),
});

interface Measuring extends MeasureRequest {
  readonly reading: ReadAlong;
}

interface ComparedRun extends Explained {
  readonly run: RunFile;
  readonly readingSeconds: number;
}

const readRun = async (request: Measuring, run: RunFile): Promise<ComparedRun> => {
  const begunMs = performance.now();
  const explained = await request.step('Reading profiles', async () => request.reading.finish(run));
  return { run, ...explained, readingSeconds: (performance.now() - begunMs) / 1000 };
};

const sideBySide = async (request: Measuring, baselines: string): Promise<ComparedRun> =>
  readRun(request, await withNoiseNotes(await measure(request), baselines));

/** The head measured and counted alone, its figures beside the stored ones. */
const besideStored = async (
  request: Measuring,
  { baselines }: Extract<BaselinePlan, { kind: 'stored' }>,
): Promise<ComparedRun> => {
  const run = await measure(asStored(request, baselines));
  const read = await readRun(request, run);
  const comparison = await compareWithStored(request.scenarios, baselines, run, folderReader(request.outDir));
  return { ...read, comparison: { ...comparison, scenarios: comparison.scenarios.map(withTimeOf(read.comparison)) } };
};

/** Stored figures took no time; the head beside them did. */
const withTimeOf =
  (measured: Comparison) =>
  (scenario: ScenarioComparison): ScenarioComparison => {
    const took = measured.scenarios.find(({ scenario: name }) => name === scenario.scenario)?.took;
    return took === undefined ? scenario : { ...scenario, took };
  };

const outcomeOf = async (
  options: RunOptions,
  request: Measuring,
  scenarios: readonly Scenario[],
): Promise<ComparedRun> => {
  if (options.base !== BASELINE) return sideBySide(request, options.baselines);
  const history = options.baseRequired === true ? 'required' : 'wished';
  const wish = { dir: options.baselines, bundlesDir: options.bundles, history } as const;
  const plan = await planAgainstBaseline(scenarios, wish, request.signal);
  if (plan.kind === 'rebuild') return sideBySide({ ...request, base: plan.commit }, options.baselines);
  const isRelinked = plan.kind === 'relink';
  if (options.quiet !== true) {
    const how = isRelinked ? 'Linking the baseline from its bundle' : 'Comparing with stored figures';
    process.stderr.write(`${how}: ${plan.reason}\n`);
  }
  if (isRelinked) {
    return sideBySide({ ...request, base: undefined, bundles: plan.bundles }, options.baselines);
  }
  return besideStored(request, plan);
};

/** Texts that say where the figures belong, by their file in the output folder; none outside of a job. */
const claimFilesOf = async (open: OpenJob | null, invocation: Invocation): Promise<ReadonlyMap<string, string>> => {
  if (open === null) return new Map();
  const { CLAIM_FILE, claimOf, claimText } = await import('../../publish/index.ts');
  const claim = claimOf(open.event, invocation, process.env);
  return new Map(claim === null ? [] : [[CLAIM_FILE, claimText(claim)]]);
};

/** A mistyped scenario in a waiver looks like another part of a matrix, so it is only remarked. */
const elsewhere = (waivers: readonly Waiver[], scenarios: readonly Scenario[]): string =>
  waivers
    .filter(({ scenario }) => !scenarios.some(({ name }) => name === scenario))
    .map(({ source, scenario }) => `${source}: the waiver is for ${scenario}, which is not measured here\n`)
    .join('');

export const runCommandLine = async (options: RunOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const startedMs = performance.now();
    const chosenGo = goFlagsFrom(options);
    requireBaselinesFolder(options.baselines);
    const scenarios = withGoFlags(withExactMode(await loadScenarios(words), options.exact), chosenGo);
    const commandLine = commandLineOf(options, words);
    const invocation: Invocation = { program: 'npx godyno', command: 'run', ...commandLine };
    const inJob = await openJob();
    const claimFiles = await claimFilesOf(inJob, invocation);
    const waivers = [...(await waiversInFile())];
    if (options.quiet !== true) process.stderr.write(elsewhere(waivers, scenarios));
    const out = await openOutput(options.out, new Date());
    const reading = readAlong(out);
    const request: Measuring = {
      reading,
      onCounted: reading.onCounted,
      onIdle: reading.onIdle,
      isNamed: reading.isNamed,
      scenarios,
      base: options.base,
      head: options.head,
      job: inJob?.job ?? null,
      outDir: out.dir,
      budgetSeconds: options.budget?.seconds ?? null,
      seed: options.seed,
      purpose: 'compare',
      commandLine,
      beforeBuilds: async (sides) => void waivers.push(...(await waiversInCommits(sides, signal))),
      step: stepsFor(options.quiet === true ? 'quiet' : 'spoken'),
      signal,
    };
    const { run, comparison: measured, graphs, readingSeconds } = await outcomeOf(options, request, scenarios);
    const comparison = applyWaivers(measured, waivers, todayUtc(new Date()));
    const times = { startedMs, readingSeconds };
    return writeReports(out, { comparison, run, graphs, invocation, others: claimFiles, times }, options);
  });
