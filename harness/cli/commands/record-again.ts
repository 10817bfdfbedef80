/** `godyno baseline record --again`: one more session of what a baseline was recorded of, on another day. */
import { addSession, type Baseline } from '../../baseline/index.ts';
import { UsageError } from '../../errors.ts';
import type { RunFile, Scenario } from '../../model/index.ts';
import { baselineOf, loadScenarios, measure } from '../../measure/index.ts';
import { requireComparable } from '../../compare/index.ts';
import { folderReader, headLaunches, openOutput, type OutputFolder, writeRun } from '../../results/index.ts';
import { formatNumberOf } from '../../units/index.ts';
import { stepsFor } from '../terminal/steps.ts';
import type { DurationFlag } from './flags.ts';
import { firstFailureOf } from './write-reports.ts';

interface AgainOptions {
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly seed?: number | undefined;
  readonly baselines: string;
  readonly quiet?: true | undefined;
}

/** Instructions are the same on every day. */
const uncounted = (scenario: Scenario): Scenario => ({ ...scenario, measure: { ...scenario.measure, exact: 'off' } });

const RECORD_ANEW = 'Record it anew: godyno baseline record.';

/** What all of them were recorded of, unless it is told. */
const headOf = (baselines: readonly Baseline[], { head }: AgainOptions): string => {
  if (head !== undefined) return head;
  const commits = [...new Set(baselines.map(({ entry }) => entry.commit))];
  const [commit] = commits;
  if (commits.length === 1 && commit !== null && commit !== undefined) return commit;
  throw new UsageError(
    'AGAIN_OF_WHAT',
    commits.length > 1
      ? `The baselines are of ${formatNumberOf(commits.length, 'commit')}`
      : 'The baseline was recorded from a tree that is no commit',
    commits.length > 1 ? 'Name one scenario.' : 'Name the same tree by --head.',
  );
};

const requireSame = ({ entry, run: recorded }: Baseline, run: RunFile): void => {
  if (run.head.revision !== entry.revision.revision) {
    throw new UsageError(
      'AGAIN_OTHER_REVISION',
      `The baseline ${entry.path} is of ${entry.revision.label}, and this is ${run.head.label}`,
      'Name what it was recorded of by --head, or leave --again out to record another baseline.',
    );
  }
  if (run.environment.fingerprint !== recorded.environment.fingerprint) {
    throw new UsageError(
      'AGAIN_OTHER_MACHINE',
      `The baseline ${entry.path} was recorded on another kind of machine, whose sessions tell nothing of this one`,
      RECORD_ANEW,
    );
  }
};

interface Again {
  readonly run: RunFile;
  readonly out: OutputFolder;
  readonly isQuiet: boolean;
}

const addTo = async (baseline: Baseline, { run, out, isQuiet }: Again): Promise<void> => {
  const part = run.runs.find(({ scenario }) => scenario.name === baseline.entry.scenario);
  if (part === undefined) return;
  requireComparable(baseline.scenarioRun, part);
  const launches = await headLaunches(run, part, folderReader(out.dir), baseline.launches);
  if (launches === null) return;
  await addSession(baseline.entry, { ...run, runs: [part] }, launches);
  const { sessions } = launches.costs;
  if (!isQuiet)
    process.stderr.write(`Added to ${baseline.entry.path}: ${formatNumberOf(sessions.length, 'session')} now\n`);
};

export const recordAgain = async (
  options: AgainOptions,
  words: readonly string[],
  signal: AbortSignal,
): Promise<void> => {
  const scenarios = (await loadScenarios(words)).map(uncounted);
  const baselines: Baseline[] = [];
  for (const scenario of scenarios) baselines.push(await baselineOf(scenario, options.baselines));
  const head = headOf(baselines, options);
  const isQuiet = options.quiet === true;
  const out = await openOutput(options.out, new Date());
  const run = await measure({
    scenarios,
    base: undefined,
    head,
    outDir: out.dir,
    budgetSeconds: options.budget?.seconds ?? null,
    seed: options.seed,
    purpose: 'record',
    step: stepsFor(isQuiet ? 'quiet' : 'spoken'),
    signal,
  });
  await writeRun(out, run);
  for (const baseline of baselines) requireSame(baseline, run);
  const again = { run, out, isQuiet };
  const failure = await firstFailureOf(baselines.map((baseline) => async () => addTo(baseline, again)));
  if (failure !== null) throw failure;
};
