/** From a run and its profiles to the comparison: judged once, explained kind by kind, put together. */
import {
  assemble,
  assembleScenario,
  explainByKinds,
  type Explanation,
  familyOf,
  type Family,
  type JudgedScenario,
  judgeFunctionGates,
  judgeScenario,
  type KindCompared,
} from '../compare/index.ts';
import { profileKind } from '../metrics/index.ts';
import {
  type Comparison,
  COST_KINDS,
  type MetricComparison,
  type MetricId,
  type RunFile,
  type ScenarioComparison,
  type ScenarioRun,
} from '../model/index.ts';
import type { ProfilePair } from '../report/index.ts';
import { countedOf, countedSides, type CountsRead, explainWithCounts, judgeCounts, readCounts } from './counts.ts';
import { countedGraph } from './graphs.ts';
import { profileFolder } from './layout.ts';
import { keepCounted, keepNone, type KeepMerged } from './merged.ts';
import type { ReadFile } from './profile-files.ts';
import { type Sampled, SamplesReader } from './samples.ts';

export interface Explained {
  readonly comparison: Comparison;
  /** What the page draws: the same launches, scaled as the rows of the comparison are. */
  readonly graphs: readonly ProfilePair[];
}

/** A metric that failed its gate explains before those that moved. */
const weightOf = (metric: MetricId, rows: readonly MetricComparison[]): number => {
  const row = rows.find((each) => each.metric === metric);
  if (row?.verdict === 'regressed') return row.gate ? 0 : 2;
  return row?.verdict === 'improved' ? 1 : 3;
};

/** The gate that fired leads: its function is the one the sentence names. */
const leadingFirst = (
  compared: readonly KindCompared[],
  rows: readonly MetricComparison[],
): readonly KindCompared[] => {
  const weight = ({ profile }: KindCompared): number =>
    Math.min(...profileKind(profile).explains.map((metric) => weightOf(metric, rows)));
  return compared.toSorted(
    (a, b) => weight(a) - weight(b) || COST_KINDS.indexOf(a.profile) - COST_KINDS.indexOf(b.profile),
  );
};

/** What the samples of a run say, whatever was judged: names stand only where {@link assembleScenario} lets them. */
export const explainSamples = async (
  file: RunFile,
  { run, measured, rows }: JudgedScenario,
  reader: SamplesReader,
): Promise<Omit<Sampled, 'compared' | 'apart' | 'labels' | 'perf'> & { readonly explanation: Explanation }> => {
  const { compared, graphs, cpu, apart, labels, perf } = await reader.all(file, measured);
  const { functionGates } = measured.scenario;
  const isExplainPass = run.launches.some(({ stage }) => stage === 'explain');
  return {
    explanation: {
      ...explainByKinds(leadingFirst(compared, rows), isExplainPass ? 'explain' : 'judged'),
      ...(functionGates !== undefined && { functionGates: judgeFunctionGates(functionGates, compared) }),
      ...(labels.length > 0 && { labels }),
      ...(apart.length > 0 && { waitsApart: apart }),
      ...(perf !== null && { perf }),
    },
    graphs,
    cpu,
  };
};

const inOrder = (graphs: readonly ProfilePair[]): readonly ProfilePair[] => {
  const place = ({ compared }: ProfilePair): number =>
    compared === null ? COST_KINDS.length : COST_KINDS.indexOf(compared);
  return graphs.toSorted((a, b) => place(a) - place(b));
};

type OnlySampled = Pick<Explanation, 'functionGates' | 'waitsApart' | 'labels' | 'perf'>;

/** What samples alone say, whatever counts say beside them. */
const onlySampled = ({ functionGates, waitsApart, labels, perf }: Explanation): OnlySampled => ({
  ...(functionGates !== undefined && { functionGates }),
  ...(waitsApart !== undefined && { waitsApart }),
  ...(labels !== undefined && { labels }),
  ...(perf !== undefined && { perf }),
});

interface ScenarioExplained {
  readonly scenario: ScenarioComparison;
  readonly graphs: readonly ProfilePair[];
}

/** What may be known before the run is explained. */
export interface KnownBefore {
  /** From the last look at what was counted. */
  readonly counts: CountsRead | null;
  /** May have read some of the samples ahead. */
  readonly samples: SamplesReader;
}

/** Read once: the look that said that the launches are enough has read the same. */
const countsOf = async (file: RunFile, run: ScenarioRun, read: ReadFile, { counts }: KnownBefore) =>
  counts !== null && counts.reading?.run === run.exact ? { ...counts, calls: [] } : readCounts(file, run, read);

const explainScenario = async (
  file: RunFile,
  run: ScenarioRun,
  family: Family,
  read: ReadFile,
  keep: KeepMerged,
  known: KnownBefore,
): Promise<ScenarioExplained> => {
  const { reading, merged, calls } = await countsOf(file, run, read, known);
  const counts = judgeCounts(run, reading);
  const judged = judgeScenario(run, family, countedOf(counts));
  const { explanation: sampled, graphs, cpu } = await explainSamples(file, judged, known.samples);
  const sides = countedSides(merged, cpu);
  await keepCounted(run, sides, keep);
  const { exact, ...explanation } = explainWithCounts(file, judged, { calls, judged: counts, sides }, sampled);
  return {
    // Counts beside the samples say nothing of limits that samples decide.
    scenario: assembleScenario(judged, file, exact, { ...explanation, ...onlySampled(sampled) }),
    graphs: inOrder([...graphs, ...countedGraph(run.scenario.name, sides)]),
  };
};

/** Profiles that were left out are named where they would have explained something. */
const withProblems = (scenario: ScenarioComparison, problems: readonly string[]): ScenarioComparison => {
  const own = problems.filter((what) => what.includes(profileFolder(scenario.scenario)));
  return own.length === 0 ? scenario : { ...scenario, warnings: [...scenario.warnings, leftOutText(own)] };
};

const leftOutText = ([first = '', ...others]: readonly string[]): string => {
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `Profiles that cannot be read explain nothing here, the verdict does not need them: ${first}${more}.`;
};

/**
 * Compares a run and explains it by its profiles, each opened once. Those that are gone (a run's folder copied without
 * them) or broken explain nothing; the verdict does not need them.
 */
export const explainRun = async (
  file: RunFile,
  read: ReadFile & { readonly problems?: ReadonlySet<string> },
  keep: KeepMerged = keepNone,
  known: KnownBefore = { counts: null, samples: new SamplesReader(read, keep) },
): Promise<Explained> => {
  const family = familyOf(file.runs.map(({ scenario }) => scenario));
  const scenarios: ScenarioComparison[] = [];
  const graphs: ProfilePair[] = [];
  for (const run of file.runs) {
    const explained = await explainScenario(file, run, family, read, keep, known);
    scenarios.push(withProblems(explained.scenario, [...(read.problems ?? [])]));
    graphs.push(...explained.graphs);
  }
  return { comparison: assemble(file, scenarios), graphs };
};
