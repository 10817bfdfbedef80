/** What exact mode counted, judged and put before what the samples say: counts are the first witness. */
import {
  compareRun,
  describeAgreement,
  type ExactFindings,
  explainCalls,
  type FindingsOf,
  isTotals,
  judgeExact,
  judgeTotals,
  NO_FINDINGS,
  type ProfiledCalls,
  type ScenarioFindings,
  withPaths,
  withToolchainGates,
} from '../compare/index.ts';
import { countedPairs, counterPerRequest } from '../metrics/index.ts';
import {
  type Attribution,
  type BySide,
  type ExactRun,
  type Launch,
  type Pair,
  type RunFile,
  type ScenarioRun,
  SIDES,
} from '../model/index.ts';
import type { Profile } from '../profile/index.ts';
import { countedSide } from './profiles.ts';
import { openFile, type ReadFile } from './read-profile.ts';

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

const judge = async (
  file: RunFile,
  measured: ScenarioRun,
  exact: ExactRun,
  read: ReadFile,
): Promise<ExactFindings | null> => {
  const run = withToolchainGates(measured);
  if (isTotals(exact)) return judgeTotals({ run: exact, scenario: run.scenario, cpuNsPerRequest: cpuNsOf(run) });
  const launches: { readonly launch: ExactRun['launches'][number]; readonly profile: Profile }[] = [];
  for (const launch of exact.launches) {
    const profile = await openFile(launch.profile, 'instructions', read);
    if (profile !== null) launches.push({ launch, profile });
  }
  const isLost = launches.length < exact.launches.length;
  const isFew = SIDES.some((side) => launches.filter(({ launch }) => launch.side === side).length < LEAST_LAUNCHES);
  if (isLost && isFew) return null;
  return judgeExact({
    run: exact,
    launches,
    scenario: run.scenario,
    cpuNsPerRequest: cpuNsOf(run),
    diff: file.diff,
    moduleChanges: file.moduleChanges,
    modulePath: run.builds.head.modulePath || null,
  });
};

/** With the call paths of CPU samples, where there were any. */
const withCallers = async (run: ScenarioRun, found: ExactFindings, read: ReadFile): Promise<ExactFindings> => {
  const { counted } = found.exact;
  const [base, head] = [await countedSide(run, 'base', read), await countedSide(run, 'head', read)];
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

/** Calls by Go's coverage counters: beside what the samples found, never in its place. */
const withCalls = async (
  file: RunFile,
  run: ScenarioRun,
  exact: ExactRun,
  read: ReadFile,
  sampled: Partial<ScenarioFindings>,
): Promise<Partial<ScenarioFindings>> => {
  const launches: ProfiledCalls[] = [];
  for (const launch of exact.calls ?? []) {
    const profile = await openFile(launch.profile, 'calls', read);
    if (profile !== null) launches.push({ launch, profile });
  }
  const { functions, attribution } = { ...NO_FINDINGS, ...sampled };
  return explainCalls({
    run: exact,
    launches,
    diff: file.diff,
    modulePath: run.builds.head.modulePath || null,
    sampled: { functions, attribution },
  });
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

const join = (
  exact: ExactFindings,
  sampled: Partial<ScenarioFindings>,
  agreement: string | null,
): Partial<ScenarioFindings> => ({
  exact: exact.exact,
  exactRows: exact.exactRows,
  functions: [...exact.functions, ...(sampled.functions ?? [])],
  costs: [...exact.costs, ...(sampled.costs ?? [])],
  attribution: attributionOf(exact, sampled.attribution ?? null, agreement),
});

/** Adds exact mode's findings to what the samples found, for the scenarios in which it ran. */
export const withExact = async (file: RunFile, read: ReadFile, sampledOf: FindingsOf): Promise<FindingsOf> => {
  const joined = new Map<string, Partial<ScenarioFindings>>();
  const verdicts = compareRun(file, sampledOf).scenarios;
  for (const run of file.runs) {
    if (run.exact?.engine === 'cover') {
      joined.set(run.scenario.name, await withCalls(file, run, run.exact, read, sampledOf(run)));
      continue;
    }
    const judged = run.exact === undefined ? null : await judge(file, run, run.exact, read);
    if (judged === null) continue;
    const found = await withCallers(run, judged, read);
    const rows = verdicts.find(({ scenario }) => scenario === run.scenario.name)?.metrics ?? [];
    const agreement = describeAgreement({
      rows: [...rows, ...found.exactRows],
      culprit: found.attribution?.culprit ?? null,
      pageFaults: pageFaultsOf(run),
    });
    joined.set(run.scenario.name, join(found, sampledOf(run), agreement));
  }
  return (run) => joined.get(run.scenario.name) ?? sampledOf(run);
};
