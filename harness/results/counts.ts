/** What exact mode counted: each of its profiles opened once, then judged, explained and put below its callers. */
import {
  type Counted,
  describeAgreement,
  type ExactFindings,
  explainCalls,
  type Explanation,
  type ExactReading,
  isTotals,
  judgeReading,
  judgeTotals,
  type JudgedScenario,
  mergeCounts,
  type MergedCounts,
  type ProfiledCalls,
  readExact,
  withPaths,
  withToolchainGates,
} from '../compare/index.ts';
import { countedPairs, counterPerRequest } from '../metrics/index.ts';
import {
  type Attribution,
  type BySide,
  bothSides,
  type ExactLaunch,
  type ExactRun,
  type ExactSummary,
  type Launch,
  type MetricComparison,
  type Pair,
  type RunFile,
  type ScenarioRun,
  SIDES,
} from '../model/index.ts';
import { type Profile, withCallPaths } from '../profile/index.ts';
import { openFile, type ReadFile } from './profile-files.ts';

export interface OpenCounts {
  /** Of the launches whose profiles can be read. */
  readonly launches: readonly { readonly launch: ExactLaunch; readonly profile: Profile }[];
  /** By Go's coverage counters. */
  readonly calls: readonly ProfiledCalls[];
}

export const openCounts = async ({ exact }: ScenarioRun, read: ReadFile): Promise<OpenCounts> => {
  const launches: { readonly launch: ExactLaunch; readonly profile: Profile }[] = [];
  for (const launch of exact?.launches ?? []) {
    const profile = await openFile(launch.profile, 'instructions', read);
    if (profile !== null) launches.push({ launch, profile });
  }
  const calls: ProfiledCalls[] = [];
  for (const launch of exact?.calls ?? []) {
    const profile = await openFile(launch.profile, 'calls', read);
    if (profile !== null) calls.push({ launch, profile });
  }
  return { launches, calls };
};

export interface CountedSide {
  readonly profile: Profile;
  /** Counted in all launches together. */
  readonly requests: number;
  /** CPU samples that call paths were taken from; 0: there are none. */
  readonly pathSamples: number;
}

/** With the callers that the merged CPU profile of their side knows. */
export const countedSides = (counted: MergedCounts, sampled: BySide<Profile | null>): BySide<CountedSide | null> =>
  bothSides((side) => {
    const [own, cpu] = [counted[side], sampled[side]];
    if (own === null) return null;
    if (cpu === null) return { ...own, pathSamples: 0 };
    const { profile, samples } = withCallPaths(own.profile, cpu);
    return { ...own, profile, pathSamples: samples };
  });

const costPairs = (launch: Launch): readonly Pair[] => countedPairs(launch, 'cost');

const judgedLaunches = (run: ScenarioRun): readonly Launch[] => run.launches.filter(({ stage }) => stage === 'judged');

const pageFaultsOf = (run: ScenarioRun): readonly BySide<number>[] =>
  judgedLaunches(run).flatMap((launch) => {
    const [base, head] = SIDES.map((side) => counterPerRequest(costPairs(launch), side, 'minorFaults'));
    return base === undefined || head === undefined ? [] : [{ base, head }];
  });

/** Base's CPU per request by the kernel, over the judged windows; null where it was not measured. */
const cpuNsOf = (run: ScenarioRun): number | null =>
  counterPerRequest(judgedLaunches(run).flatMap(costPairs), 'base', 'cpuNs') ?? null;

/** Of a side, with profiles that can be read: fewer cannot tell what differs by chance. */
const LEAST_LAUNCHES = 2;

/** To be kept, or compared with what was kept (stored-counts.ts). */
const isHeadAlone = ({ launches }: ExactRun): boolean =>
  launches.length > 0 && launches.every(({ side }) => side === 'head');

/** What the emulator's launches say and sum up to, read while their profiles were in memory. */
export interface CountsRead {
  /** null where nothing was counted by function, or too few launches can be read. */
  readonly reading: ExactReading | null;
  readonly merged: MergedCounts;
}

const readingOf = (file: RunFile, run: ScenarioRun, { launches }: OpenCounts): ExactReading | null => {
  const { exact } = run;
  if (exact === undefined || exact.engine === 'cover' || isTotals(exact) || isHeadAlone(exact)) return null;
  const isLost = launches.length < exact.launches.length;
  const isFew = SIDES.some((side) => launches.filter(({ launch }) => launch.side === side).length < LEAST_LAUNCHES);
  if (isLost && isFew) return null;
  return readExact({
    run: exact,
    launches,
    scenario: run.scenario,
    diff: file.diff,
    moduleChanges: file.moduleChanges,
    modulePath: run.builds.head.modulePath || null,
  });
};

/** The profiles of the launches are not kept beside the samples. */
export const readCounts = async (
  file: RunFile,
  run: ScenarioRun,
  read: ReadFile,
): Promise<CountsRead & Pick<OpenCounts, 'calls'>> => {
  const open = await openCounts(run, read);
  return { reading: readingOf(file, run, open), merged: mergeCounts(open.launches), calls: open.calls };
};

/** The verdict of counted instructions; null where none were counted, or too few can be read. */
export const judgeCounts = (measured: ScenarioRun, reading: ExactReading | null): ExactFindings | null => {
  const { exact } = measured;
  if (exact === undefined) return null;
  const run = withToolchainGates(measured);
  const cpuNsPerRequest = cpuNsOf(run);
  if (isTotals(exact)) return judgeTotals({ run: exact, scenario: run.scenario, cpuNsPerRequest });
  return reading === null ? null : judgeReading(reading, { scenario: run.scenario, cpuNsPerRequest });
};

/** With the call paths of CPU samples, where there were any. */
const withCallers = (
  run: ScenarioRun,
  found: ExactFindings,
  { base, head }: BySide<CountedSide | null>,
): ExactFindings => {
  const { counted } = found.exact;
  if (counted === undefined || base === null || head === null) return found;
  const samples = { base: base.pathSamples, head: head.pathSamples };
  if (samples.base + samples.head === 0) return found;
  const profiles = { base: base.profile, head: head.profile };
  return {
    ...found,
    exact: { ...found.exact, counted: { ...counted, pathSamples: samples } },
    functions: withPaths({ profiles, functions: found.functions, modulePath: run.builds.head.modulePath || null }),
  };
};

/** Counts name the function where they can; what both answers mean together is said in either case. */
const attributionOf = (
  exact: ExactFindings,
  sampled: Attribution | null,
  agreement: string | null,
): Attribution | null => {
  const named = exact.attribution !== null && exact.attribution.culprit !== null;
  const leading = named ? exact.attribution : (sampled ?? exact.attribution);
  if (leading === null || agreement === null) return leading;
  return { ...leading, warnings: [agreement, ...leading.warnings] };
};

export interface JoinedExplanation extends Explanation {
  readonly exact: ExactSummary | null;
}

const joinCounts = (
  rows: readonly MetricComparison[],
  run: ScenarioRun,
  exact: ExactFindings,
  sampled: Explanation,
): JoinedExplanation => {
  const agreement = describeAgreement({
    rows,
    culprit: exact.attribution?.culprit ?? null,
    pageFaults: pageFaultsOf(run),
  });
  return {
    exact: exact.exact,
    functions: [...exact.functions, ...sampled.functions],
    costs: [...exact.costs, ...sampled.costs],
    attribution: attributionOf(exact, sampled.attribution, agreement),
  };
};

/**
 * What was counted beside what samples found: instructions come first, since counts are the better witness; calls by
 * coverage counters stand beside the samples and never in their place.
 */
export const explainWithCounts = (
  file: RunFile,
  { measured, rows }: JudgedScenario,
  counts: {
    readonly calls: OpenCounts['calls'];
    readonly judged: ExactFindings | null;
    readonly sides: BySide<CountedSide | null>;
  },
  sampled: Explanation,
): JoinedExplanation => {
  const { exact } = measured;
  if (exact?.engine === 'cover') {
    const { functions, attribution } = sampled;
    const launches = counts.calls;
    const modulePath = measured.builds.head.modulePath || null;
    return {
      ...sampled,
      ...explainCalls({ run: exact, launches, diff: file.diff, modulePath, sampled: { functions, attribution } }),
    };
  }
  if (counts.judged === null) return { ...sampled, exact: null };
  return joinCounts(rows, measured, withCallers(measured, counts.judged, counts.sides), sampled);
};

export const countedOf = (judged: ExactFindings | null): Counted =>
  judged === null ? { exact: null, exactRows: [] } : { exact: judged.exact, exactRows: judged.exactRows };
