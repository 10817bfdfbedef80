/**
 * What exact mode decides: instructions and chosen system calls per request, launch by launch, base against head
 * (docs/exact.md). A difference is *changed* when it is larger than what launches of one side differ by; it is
 * *regressed* only when as many instructions are worth mentioning in CPU time. Percent of instructions is never CPU.
 */
import {
  type Attribution,
  bothSides,
  type BySide,
  type ExactCounted,
  type ExactRun,
  type ExactSummary,
  type FileDiff,
  type FunctionComparison,
  type GroupCost,
  type MetricComparison,
  type MetricId,
  type MetricVerdict,
  type ModuleChange,
  type Scenario,
} from '../../model/index.ts';
import { METRICS, UNSTEADY_CHANGED_RATIO } from '../../metrics/index.ts';
import { rowHead } from '../verdict/metric-row.ts';
import { median } from '../../stats/index.ts';
import { noisiestFunction } from '../counts/function-values.ts';
import { exactFunctions } from './functions.ts';
import { exactPackages } from './packages.ts';
import { mallocsByLaunch, medians } from './mallocs.ts';
import { countedRoutes } from './routes.ts';
import { compareReplies, type RepliesCompared } from './replies.ts';
import { callsByName, callsRow } from './syscalls.ts';
import {
  CONFIRMED_LAUNCHES,
  type CountingLimits,
  FIRST_LAUNCHES,
  judgedOf,
  MOST_LAUNCHES,
  setAside,
  settled,
} from './launches.ts';
import { INSTRUCTIONS_PER_NS } from '../counts/rate.ts';
import { isApart } from '../counts/spread.ts';
import { reasonsOf, unknownGoWarnings } from './unknown-go.ts';
import { exactWork, type ExactWork, type LaunchWork, type ProfiledLaunch } from '../counts/work.ts';
import { judgedMetrics, type JudgedMetric } from '../verdict/gates.ts';
import { formatPercent, formatSignedQuantity } from '../../units/index.ts';

/** What is read of counted launches: the profiles go no further. */
export interface ReadingInput {
  readonly run: ExactRun;
  /** One per launch of `run`. */
  readonly launches: readonly ProfiledLaunch[];
  readonly scenario: Scenario;
  readonly diff: readonly FileDiff[];
  readonly moduleChanges: readonly ModuleChange[];
  readonly modulePath: string | null;
  /** Which way CPU was found to have moved, launch by launch; null or left out: it was not. */
  readonly cpuMoved?: 1 | -1 | null;
}

/** What a verdict needs besides. */
export interface JudgingInput {
  readonly scenario: Scenario;
  /** The base's measured CPU per request; null where it was not measured. */
  readonly cpuNsPerRequest: number | null;
}

export interface ExactInput extends ReadingInput, JudgingInput {}

/** What counted launches say, whatever CPU costs and gates are: small beside the profiles that it was read from. */
export interface ExactReading {
  readonly run: ExactRun;
  /** Why these launches give no verdict; null when they do. */
  readonly refusal: string | null;
  /** Those that are judged, with their instructions per request. */
  readonly launches: BySide<readonly Pick<LaunchWork, 'launch' | 'work'>[]>;
  /** Instructions per request of all, set aside or not. */
  readonly allWorks: BySide<readonly number[]>;
  /** Of all launches; null where they agree. */
  readonly noisiest: string | null;
  readonly warnings: readonly string[];
  readonly replies: RepliesCompared;
  /** Of those launches, per request; null where the program's allocator is not Go's. */
  readonly mallocs: BySide<readonly number[]> | null;
  readonly functions: readonly FunctionComparison[];
  /** null where nothing is changed. */
  readonly attribution: Attribution | null;
  /** Of all calls, those whose caller is known; null where callers were not counted, or nobody asked for them. */
  readonly knownCallersRatio: number | null;
  /** By package, for two versions of Go. */
  readonly costs: readonly GroupCost[];
}

export interface ExactFindings {
  readonly exact: ExactSummary;
  readonly exactRows: readonly MetricComparison[];
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution | null;
  /** By package, for two versions of Go. */
  readonly costs: readonly GroupCost[];
  /** Launches per side that it takes to answer: more than there are while counts repeat badly, or to confirm a change. */
  readonly launchesWanted: number;
}

const SPREADS = 3;
/** Launches of one side that differ by more than this are no ground for "unchanged". */
const UNSTABLE_SPREAD = 0.003;
/** Unpatched, launches of identical code differed by up to 0.34 % (docs/exact.md), which is no reason not to judge. */
const UNSTABLE_SPREAD_UNSTEADY = 0.006;
/** A change below this part of the CPU cannot be shown in CPU time either. */
const LEAST_CPU_SHARE = 0.01;
/** More clockwork than this, and what is left is not what a request costs. */
export const MOST_CLOCK_SHARE = 0.1;

const SHOWN_FUNCTIONS = 3;

/** The scenario's own limit on instructions; null: the CPU share decides what fails. */
const failRatioOf = ({ gates }: Scenario): number | null => {
  const named = gates['instructionsPerRequest'];
  return typeof named === 'object' ? named.failRatio : null;
};

export const judgedIn = (scenario: Scenario, id: MetricId): JudgedMetric =>
  judgedMetrics(scenario).find(({ metric }) => metric === id) as JudgedMetric;

const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values) - 1;

const worksOf = ({ launches }: Pick<ExactReading, 'launches'>): BySide<readonly number[]> =>
  bothSides((side) => launches[side].map(({ work }) => work));

export interface CountedFigures {
  readonly base: number;
  readonly head: number;
  readonly effectRatio: number;
  /** Largest difference between two launches of one side. */
  readonly aaSpreadRatio: number;
  readonly limitRatio: number;
  /** As many instructions as the smallest CPU share that fails. */
  readonly failingRatio: number;
  /** Of the base's CPU per request. */
  readonly cpuShare: number;
  readonly cpuMeasured: boolean;
  readonly isChanged: boolean;
  /** Launches differ too much for "unchanged". */
  readonly isUnstable: boolean;
  readonly range: readonly [number, number];
}

const limitsOf = ({ steady }: Pick<ExactRun, 'steady'>): CountingLimits => ({
  changedRatio: steady ? METRICS.instructionsPerRequest.changedRatio : UNSTEADY_CHANGED_RATIO,
  unstableRatio: steady ? UNSTABLE_SPREAD : UNSTABLE_SPREAD_UNSTEADY,
});

/** Whether launches of one side, counted alone, agree well enough to be compared with others. */
export const doAgree = (launches: readonly ProfiledLaunch[], steady: boolean): boolean => {
  const limits = limitsOf({ steady });
  const { base, head } = judgedOf(exactWork({ launches, steady, diff: [], modulePath: null }).launches, limits);
  return spread([...base, ...head].map(({ work }) => work)) <= limits.unstableRatio;
};

/** From the instructions per request of every launch; `all`: those that were set aside, too. */
export const figuresOf = (
  works: BySide<readonly number[]>,
  { changedRatio, unstableRatio }: CountingLimits,
  cpuNsPerRequest: number | null,
  all: BySide<readonly number[]> = works,
): CountedFigures => {
  const [base, head] = [median(works.base), median(works.head)];
  const aaSpreadRatio = Math.max(spread(works.base), spread(works.head));
  const limitRatio = Math.max(changedRatio, SPREADS * aaSpreadRatio);
  const effectRatio = head / base - 1;
  const isLarge = Math.abs(effectRatio) >= limitRatio;
  const isChanged = isLarge && isApart(all);
  const cpuNs = cpuNsPerRequest ?? base / INSTRUCTIONS_PER_NS;
  return {
    base,
    head,
    effectRatio,
    aaSpreadRatio,
    limitRatio,
    failingRatio: (LEAST_CPU_SHARE * cpuNs * INSTRUCTIONS_PER_NS) / base,
    cpuShare: (head - base) / INSTRUCTIONS_PER_NS / cpuNs,
    cpuMeasured: cpuNsPerRequest !== null,
    isChanged,
    isUnstable: (isLarge || aaSpreadRatio > unstableRatio) && !isChanged,
    range: [
      Math.min(...works.head) / Math.max(...works.base) - 1,
      Math.max(...works.head) / Math.min(...works.base) - 1,
    ],
  };
};

const verdictOf = (figures: CountedFigures, failRatio: number | null): MetricVerdict => {
  const { effectRatio, cpuShare, isChanged, isUnstable } = figures;
  if (isUnstable) return 'notJudged';
  if (!isChanged) return 'unchanged';
  const size = failRatio === null ? Math.abs(cpuShare) / LEAST_CPU_SHARE : Math.abs(effectRatio) / failRatio;
  if (size < 1) return 'changed';
  return effectRatio > 0 ? 'regressed' : 'improved';
};

/** What the instructions are worth in CPU, and that it is an estimate. */
const worth = ({ base, head, cpuShare, cpuMeasured, isChanged }: CountedFigures): readonly string[] => {
  if (!isChanged) return [];
  const time = formatSignedQuantity((head - base) / INSTRUCTIONS_PER_NS, 'ns');
  const whose = cpuMeasured ? 'of the CPU per request' : 'of the instructions; CPU per request was not measured';
  const visible = Math.abs(cpuShare) < LEAST_CPU_SHARE ? ': too little to be measured in CPU time' : '';
  return [
    `Worth about ${time} a request (estimated at ${INSTRUCTIONS_PER_NS} instructions per ns), ${formatPercent(Math.abs(cpuShare))} ${whose}${visible}.`,
  ];
};

const clockWarnings = ({ clockwork, clockShare }: ExactWork): readonly string[] => {
  if (clockwork.length === 0) return [];
  const shown = clockwork.slice(0, SHOWN_FUNCTIONS).join(', ');
  const more = clockwork.length > SHOWN_FUNCTIONS ? ` and ${clockwork.length - SHOWN_FUNCTIONS} more` : '';
  return [
    `Left out, since they run without requests, too (${formatPercent(clockShare)} of all work): ${shown}${more}.`,
  ];
};

const reasonOf = (figures: CountedFigures, noisy: string | null, { unstableRatio }: CountingLimits): string | null => {
  if (!figures.isUnstable) return null;
  const what =
    figures.aaSpreadRatio > unstableRatio
      ? `launches of one side differ by ${formatPercent(figures.aaSpreadRatio)}`
      : `the sides seem to differ by ${formatPercent(Math.abs(figures.effectRatio))}, but so do launches of one side that were set aside`;
  return `unstable: ${what}${noisy === null ? '' : `, most in ${noisy}`}`;
};

/** A change that CPU has shown, too, needs no second look: two ways to measure do not err alike by chance. */
const launchesWanted = (
  { isChanged, isUnstable, effectRatio }: CountedFigures,
  cpuMoved: 1 | -1 | null = null,
): number => {
  if (isUnstable) return MOST_LAUNCHES;
  const isShown = cpuMoved !== null && Math.sign(effectRatio) === cpuMoved;
  return isChanged && !isShown ? CONFIRMED_LAUNCHES : FIRST_LAUNCHES;
};

/** `n`: launches per side; `linkSeeds`: different ones among them. */
export const instructionsRow = (
  figures: CountedFigures,
  scenario: Scenario,
  counted: { readonly n: number; readonly linkSeeds: number },
  said: { readonly reason: string | null; readonly warnings: readonly string[] },
): MetricComparison => {
  const judged = judgedIn(scenario, 'instructionsPerRequest');
  return {
    ...rowHead(judged),
    base: figures.base,
    head: figures.head,
    effectRatio: figures.effectRatio,
    ciRatio: figures.range,
    effectAbsolute: null,
    ciAbsolute: null,
    // The smallest and largest ratio between launches, not an interval of a level.
    ciLevel: 1,
    pValue: null,
    qValue: null,
    practicalRatio: failRatioOf(scenario) ?? figures.failingRatio,
    practicalAbsolute: null,
    smallestDetectableRatio: figures.limitRatio,
    verdict: verdictOf(figures, failRatioOf(scenario)),
    reason: said.reason,
    decidedBy: { stage: 'exact', unit: 'launch', ...counted },
    unitsNeeded: null,
    warnings: [...worth(figures), ...said.warnings],
  };
};

const countedIn = ({ base, head }: ExactReading['launches']): { readonly n: number; readonly linkSeeds: number } => ({
  n: Math.min(base.length, head.length),
  linkSeeds: new Set([...base, ...head].map(({ launch }) => launch.linkSeed)).size,
});

export const withoutVerdict = (run: ExactRun, refusal: string): ExactFindings => ({
  exact: { engine: run.engine, aaSpreadRatio: 0, refusal, ...reasonsOf(run) },
  exactRows: [],
  functions: [],
  attribution: null,
  costs: [],
  launchesWanted: 0,
});

/** What the next round depends on; no CPU does. */
export interface CountsLook {
  /** More launches would be refused, too. */
  readonly isRefused: boolean;
  /** Launches do not agree. */
  readonly isUnstable: boolean;
  /** Launches per side that it takes to answer: more than there are while counts repeat badly, or to confirm a change. */
  readonly launchesWanted: number;
  /** Functions, too; wants the profiles still. */
  readonly read: () => ExactReading;
}

/** Why these launches give no verdict; null when they do. */
const refusalOf = (work: ExactWork, replies: RepliesCompared, run: ExactRun): string | null => {
  if (run.refusal !== null) return run.refusal;
  if (work.launches.base.length === 0 || work.launches.head.length === 0) return 'not both sides were counted';
  if (replies.refusal !== null) return replies.refusal;
  if (work.clockShare <= MOST_CLOCK_SHARE) return null;
  const shown = work.clockwork.slice(0, SHOWN_FUNCTIONS).join(', ');
  return `${formatPercent(work.clockShare)} of its work follows the clock, not the requests: ${shown}`;
};

/** Of a scenario with one route that is the whole. */
const routesOf = (launches: ExactReading['launches'], { load }: Scenario): Pick<ExactCounted, 'routes'> => {
  const names = load.requests.map(({ name }) => name);
  const routes = countedRoutes(launches, names);
  return routes.length < 2 ? {} : { routes };
};

const countedOf = (
  { launches, replies, mallocs, knownCallersRatio }: ExactReading,
  { scenario }: JudgingInput,
): ExactCounted => ({
  launches: { base: launches.base.length, head: launches.head.length },
  requests: launches.base[0]?.launch.requests ?? 0,
  instructionsPerNs: INSTRUCTIONS_PER_NS,
  syscalls: callsByName(launches, judgedIn(scenario, 'syscallsPerRequest').practicalAbsolute),
  mallocs: mallocs && medians(mallocs),
  ...routesOf(launches, scenario),
  replies: replies.differences,
  varyingRoutes: replies.varying,
  pathSamples: null,
  ...(knownCallersRatio !== null && { knownCallersRatio }),
});

type ReadFunctions = Pick<ExactReading, 'functions' | 'attribution' | 'knownCallersRatio' | 'costs'>;

const NOTHING: ReadFunctions & Pick<ExactReading, 'mallocs' | 'noisiest' | 'warnings'> = {
  functions: [],
  attribution: null,
  knownCallersRatio: null,
  costs: [],
  mallocs: null,
  noisiest: null,
  warnings: [],
};

const readFunctions = (
  input: ReadingInput,
  launches: ExactWork['launches'],
  { isChanged, isUnstable }: CountedFigures,
): ReadFunctions => {
  const { functions, attribution, knownCallersRatio } = exactFunctions({ ...input, launches });
  return {
    // Of launches that do not agree nobody can say which functions the difference is in.
    functions: isUnstable ? functions.map((row) => ({ ...row, kind: 'unclear' as const })) : functions,
    attribution: isChanged ? attribution : null,
    knownCallersRatio,
    costs: isUnstable ? [] : exactPackages(launches, input.modulePath),
  };
};

/** What the exact launches there are say; to be judged by {@link judgeReading}, as often as anybody asks. */
export const readExact = (input: ReadingInput): ExactReading => lookAtCounts(input).read();

/** The exact launches so far. Ask again after each round until `launchesWanted` is no more than what there is. */
export const lookAtCounts = (input: ReadingInput): CountsLook => {
  const { run, scenario } = input;
  const all = exactWork({
    launches: settled(input.launches),
    steady: run.steady,
    diff: input.diff,
    modulePath: input.modulePath,
  });
  const limits = limitsOf(run);
  const work = { ...all, launches: judgedOf(all.launches, limits) };
  const routes = scenario.load.requests.map(({ name }) => name);
  const replies = compareReplies(run.launches, routes);
  const read = {
    run,
    refusal: refusalOf(work, replies, run),
    launches: bothSides((side) => work.launches[side].map((each) => ({ launch: each.launch, work: each.work }))),
    allWorks: worksOf(all),
    replies,
  };
  if (read.refusal !== null) {
    return { isRefused: true, isUnstable: false, launchesWanted: 0, read: () => ({ ...read, ...NOTHING }) };
  }
  const figures = figuresOf(worksOf(work), limits, null, read.allWorks);
  const { isUnstable } = figures;
  return {
    isRefused: false,
    isUnstable,
    launchesWanted: launchesWanted(figures, input.cpuMoved),
    read: () => ({
      ...read,
      ...readFunctions(input, work.launches, figures),
      mallocs: mallocsByLaunch(work.launches),
      noisiest: isUnstable ? noisiestFunction(all.launches) : null,
      warnings: [...clockWarnings(work), ...setAside(all.launches, work.launches, limits)],
    }),
  };
};

/** Judges what was read of all exact launches there are. */
export const judgeReading = (reading: ExactReading, { scenario, cpuNsPerRequest }: JudgingInput): ExactFindings => {
  const { run, refusal, launches, functions, attribution, costs } = reading;
  if (refusal !== null) return withoutVerdict(run, refusal);
  const limits = limitsOf(run);
  const figures = figuresOf(worksOf(reading), limits, cpuNsPerRequest, reading.allWorks);
  return {
    exact: {
      engine: run.engine,
      aaSpreadRatio: figures.aaSpreadRatio,
      refusal: null,
      ...reasonsOf(run),
      counted: countedOf(reading, { scenario, cpuNsPerRequest }),
    },
    exactRows: [
      instructionsRow(figures, scenario, countedIn(launches), {
        reason: reasonOf(figures, reading.noisiest, limits),
        warnings: [...unknownGoWarnings(run, limits.changedRatio), ...reading.warnings],
      }),
      callsRow(launches, judgedIn(scenario, 'syscallsPerRequest')),
    ],
    functions,
    attribution,
    costs,
    launchesWanted: launchesWanted(figures),
  };
};

/** Judges the exact launches there are. */
export const judgeExact = (input: ExactInput): ExactFindings => judgeReading(readExact(input), input);
