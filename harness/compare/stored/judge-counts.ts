/** Head counted today against counts that were stored: the rule of two sides counted in turn, launch by launch. */
import type { ExactRun, MetricComparison, Scenario, StoredCounts } from '../../model/index.ts';
import {
  type ExactFindings,
  type ExactReading,
  judgedIn,
  judgeReading,
  readExact,
  withoutVerdict,
} from '../instructions/judge.ts';
import { mallocsRow } from '../instructions/mallocs.ts';
import { whyOtherCounts } from './count-conditions.ts';
import { launchesOfCounts } from './keep-counts.ts';

interface StoredCountsInput {
  readonly before: StoredCounts;
  readonly after: StoredCounts;
  readonly scenario: Scenario;
  /** Of the stored base, in its day, on its machine; null where it was not measured. */
  readonly cpuNsPerRequest: number | null;
  readonly modulePath: string | null;
}

/** What changed in the source is not known: whoever executes more is named by that alone. */
export const judgeStoredCounts = (input: StoredCountsInput): ExactFindings => {
  const { before, after, scenario, cpuNsPerRequest, modulePath } = input;
  const launches = [...launchesOfCounts(before, 'base'), ...launchesOfCounts(after, 'head')];
  const unsteadyReason = before.unsteadyReason ?? after.unsteadyReason;
  const run: ExactRun = {
    engine: after.conditions.engine,
    refusal: null,
    steady: unsteadyReason === null,
    unsteadyReason,
    launches: launches.map(({ launch }) => launch),
    warnings: [],
  };
  const why = whyOtherCounts(before.conditions, after.conditions);
  if (why !== null) return withoutVerdict(run, why);
  const reading = readExact({ run, launches, scenario, diff: [], moduleChanges: [], modulePath });
  const found = judgeReading(reading, { scenario, cpuNsPerRequest });
  return { ...found, exactRows: [...found.exactRows, ...allocationRows(reading, scenario)] };
};

/** Of launches that were measured on two days little is left to judge allocations by; what was counted is the same on both. */
const allocationRows = ({ mallocs, launches }: ExactReading, scenario: Scenario): readonly MetricComparison[] => {
  const row = mallocs && mallocsRow(mallocs, launches, judgedIn(scenario, 'mallocsPerRequest'));
  return row === null ? [] : [row];
};
