/** `godyno compare` of two stored runs: head against head, with the limits that different times or machines demand. */
import { compareStored, type ScenarioFindings } from '../../compare/index.ts';
import type { ExitCode } from '../../errors.ts';
import type { ScenarioRun } from '../../model/index.ts';
import {
  compareCounts,
  type CountedRun,
  folderReader,
  headCounts,
  openOutput,
  openStored,
  type StoredRun,
  writeRun,
} from '../../results/index.ts';
import { type ReportOptions, writeReports } from './write-reports.ts';

export interface CompareStoredOptions extends ReportOptions {
  readonly out?: string | undefined;
  readonly baselines: string;
}

const countsIn = async ({ baseline, dir }: StoredRun, run: ScenarioRun): Promise<CountedRun> => {
  const counted = dir === null ? null : await headCounts(run, folderReader(dir));
  return { run, ...(counted ?? { counts: baseline?.counts ?? null, refusal: null }) };
};

/** Said only where one of them was counted. */
const countsBetween = async (base: StoredRun, head: StoredRun) => {
  const found = new Map<string, Partial<ScenarioFindings>>();
  for (const run of head.run.runs) {
    const before = base.run.runs.find(({ scenario }) => scenario.name === run.scenario.name);
    if (before === undefined) continue;
    const sides = [await countsIn(base, before), await countsIn(head, run)] as const;
    if (sides.some(({ counts }) => counts !== null)) found.set(run.scenario.name, compareCounts(...sides));
  }
  return (_: ScenarioRun, { scenario }: ScenarioRun): Partial<ScenarioFindings> => found.get(scenario.name) ?? {};
};

export const compareRuns = async (before: string, after: string, options: CompareStoredOptions): Promise<ExitCode> => {
  const base = await openStored(before, options.baselines);
  const head = await openStored(after, options.baselines);
  const comparison = compareStored(base.run, head.run, await countsBetween(base, head));
  const out = options.out === undefined ? null : await openOutput(options.out, new Date());
  if (out !== null) await writeRun(out, head.run);
  const invocation = { program: 'npx godyno', command: 'compare', args: [before, after], flags: [] } as const;
  return writeReports(out, { comparison, run: head.run, invocation }, options);
};
