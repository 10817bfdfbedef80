/** `godyno compare` of two stored runs: head against head, with the limits that different times or machines demand. */
import { compareStored, type ScenarioFindings } from '../../compare/index.ts';
import type { ExitCode } from '../../errors.ts';
import type { ScenarioRun } from '../../model/index.ts';
import {
  folderReader,
  headCounts,
  headLaunches,
  openOutput,
  openStored,
  type StoredRun,
  writeRun,
} from '../../results/index.ts';
import { findingsBetween, type KeptRun } from './stored-findings.ts';
import { type ReportOptions, writeReports } from './write-reports.ts';

export interface CompareStoredOptions extends ReportOptions {
  readonly out?: string | undefined;
  readonly baselines: string;
}

const keptIn = async ({ run: file, baseline, dir }: StoredRun, run: ScenarioRun): Promise<KeptRun> => {
  if (dir === null)
    return { run, counts: baseline?.counts ?? null, refusal: null, launches: baseline?.launches ?? null };
  const read = folderReader(dir);
  return { run, ...(await headCounts(run, read)), launches: await headLaunches(file, run, read) };
};

/** Of counts only where one of them was counted. */
const findingsOf = async (base: StoredRun, head: StoredRun) => {
  const found = new Map<string, Partial<ScenarioFindings>>();
  for (const run of head.run.runs) {
    const before = base.run.runs.find(({ scenario }) => scenario.name === run.scenario.name);
    if (before === undefined) continue;
    const sides = [await keptIn(base, before), await keptIn(head, run)] as const;
    const counting = sides.some(({ counts }) => counts !== null);
    found.set(run.scenario.name, findingsBetween(...sides, { counting }));
  }
  return (_: ScenarioRun, { scenario }: ScenarioRun): Partial<ScenarioFindings> => found.get(scenario.name) ?? {};
};

export const compareRuns = async (before: string, after: string, options: CompareStoredOptions): Promise<ExitCode> => {
  const base = await openStored(before, options.baselines);
  const head = await openStored(after, options.baselines);
  const comparison = compareStored(base.run, head.run, await findingsOf(base, head));
  const out = options.out === undefined ? null : await openOutput(options.out, new Date());
  if (out !== null) await writeRun(out, head.run);
  const invocation = { program: 'npx godyno', command: 'compare', args: [before, after], flags: [] } as const;
  return writeReports(out, { comparison, run: head.run, invocation }, options);
};
