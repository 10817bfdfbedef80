/** `godyno baseline record|list|show`. */
import { stat } from 'node:fs/promises';
import {
  type BaselineEntry,
  checkWritable,
  listBaselines,
  loadBaseline,
  runOfScenario,
  storeBaseline,
} from '../../baseline/index.ts';
import { EXIT, type ExitCode } from '../../errors.ts';
import type { RunFile, Scenario } from '../../model/index.ts';
import { type DurationFlag, requireBaselinesFolder } from './flags.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { loadScenarios, measure } from '../../measure/index.ts';
import { baselineNamed, type MergedProfile, openOutput, storeRun } from '../../results/index.ts';
import { stepsFor } from '../terminal/steps.ts';
import { firstFailureOf } from './write-reports.ts';
import { formatNumberOf } from '../../units/index.ts';

interface ListOptions {
  readonly baselines: string;
  readonly json?: true | undefined;
}

interface RecordOptions {
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly seed?: number | undefined;
  readonly baselines: string;
  readonly keep: number;
  readonly quiet?: true | undefined;
}

export const recordBaseline = async (options: RecordOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    // A place that cannot hold a baseline, or holds a broken one, is found before minutes are spent.
    requireBaselinesFolder(options.baselines);
    await listBaselines(options.baselines);
    const scenarios = await loadScenarios(words);
    await checkWritable(options.baselines);
    const out = await openOutput(options.out, new Date());
    const run = await measure({
      scenarios,
      base: undefined,
      head: options.head,
      outDir: out.dir,
      budgetSeconds: options.budget?.seconds ?? null,
      seed: options.seed,
      purpose: 'record',
      step: stepsFor(options.quiet === true ? 'quiet' : 'spoken'),
      signal,
    });
    const merged = await storeRun(out, run);
    const failure = await firstFailureOf(scenarios.map((scenario) => async () => keep(options, run, scenario, merged)));
    if (failure !== null) throw failure;
    return EXIT.ok;
  });

const keep = async (
  options: RecordOptions,
  run: RunFile,
  scenario: Scenario,
  merged: readonly MergedProfile[],
): Promise<void> => {
  const part = runOfScenario(run, scenario.name);
  const profiles = new Map(
    merged
      .filter((each) => each.scenario === scenario.name && each.side === 'head')
      .map(({ kind, bytes }) => [kind, bytes]),
  );
  const { path, pruned } = await storeBaseline({ dir: options.baselines, run: part, profiles, keep: options.keep });
  const removed = pruned.length === 0 ? '' : ` (removed ${pruned.length} older)`;
  process.stderr.write(`Stored ${path}${removed}\n`);
};

const lineOf = ({ path, scenario, revision, createdAt, goVersion }: BaselineEntry): string =>
  [scenario, revision.revision.slice(0, 12), createdAt.slice(0, 16).replace('T', ' '), goVersion, path].join('  ');

export const showBaselines = async ({ baselines, json }: ListOptions): Promise<ExitCode> => {
  requireBaselinesFolder(baselines);
  const entries = await listBaselines(baselines);
  if (json) process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  else if (entries.length === 0)
    process.stderr.write(`No baseline is stored in ${baselines}; godyno baseline record makes one.\n`);
  else process.stdout.write(`${entries.map(lineOf).join('\n')}\n`);
  return EXIT.ok;
};

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

export const showBaseline = async ({ baselines, json }: ListOptions, word: string): Promise<ExitCode> => {
  const path = (await isThere(word)) ? word : (await baselineNamed(word, baselines)).path;
  const { entry, run, scenarioRun } = await loadBaseline(path);
  if (json) {
    process.stdout.write(`${JSON.stringify(run, null, 2)}\n`);
    return EXIT.ok;
  }
  const { environment } = run;
  const lines = [
    lineOf(entry),
    `machine     ${environment.cpuModel}, ${environment.cpus} CPUs, ${environment.os} ${environment.kernel} (${environment.fingerprint})`,
    `settings    GOMAXPROCS ${scenarioRun.settings.gomaxprocs}, GOGC ${scenarioRun.settings.gogc}, ${scenarioRun.settings.pinned ? 'pinned' : 'not pinned'}`,
    `measured    ${formatNumberOf(scenarioRun.launches.length, 'launch', 'launches')}, seed ${run.seed}`,
    `profiles    ${entry.profileKinds.join(', ')}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
};
