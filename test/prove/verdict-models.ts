/**
 * Simulated runs under the service models of docs/method.md, judged by the shipped code exactly as the conductor does:
 * launch until the next look, ask, stop when told to.
 *
 * All figures of a model are in percent of the ratio head / base; one launch is one unit.
 */
import { judgeAtEnd, judgeSoFar, looksOf, type Look } from '../../harness/compare/index.ts';
import type { Launch, MetricVerdict, Scenario, Window } from '../../harness/model/index.ts';
import { exponential, normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { cpuRun, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';

export interface ServiceModel {
  /** sd of a launch's own speed ratio. */
  readonly launchSd: number;
  /** Share of processes that are slow for life, and by how much. */
  readonly slowShare: number;
  readonly slowBy: number;
  /** sd of a link seed's layout effect. */
  readonly layoutSd: number;
  /** Share of launches thrown off by ±Exp(8 %). */
  readonly outlierShare: number;
}

const WINDOW_SD = 0.8 / Math.sqrt(3);
const OUTLIER_MEAN = 8;

const quiet = { launchSd: 0.5, slowShare: 0, slowBy: 0, layoutSd: 0.9, outlierShare: 0 };

export const SERVICES = {
  typical: quiet,
  'layout1.3': { ...quiet, layoutSd: 1.3 },
  bad: { ...quiet, launchSd: 1.3 },
  'two-mode': { ...quiet, launchSd: 0.3, slowShare: 0.2, slowBy: 3 },
  worst: { ...quiet, launchSd: 0.3, slowShare: 0.2, slowBy: 3, layoutSd: 1.3 },
  outliers: { ...quiet, outlierShare: 0.05 },
} as const satisfies Record<string, ServiceModel>;

export type ServiceName = keyof typeof SERVICES;

/** Draws the log-ratio of one launch without any change, as a ratio (not percent). */
export type LaunchNoise = () => number;

/** One launch, and what all launches of one code layout have in common. */
interface Draws {
  readonly launch: LaunchNoise;
  readonly layout: () => number;
}

const drawsOf = (model: ServiceModel, seed: number, placement: number): Draws => {
  const random = randomFrom(seed);
  const normal = normalDeviates(random);
  const sd = Math.hypot(model.launchSd, WINDOW_SD, placement);
  const slow = (): number => (random() < model.slowShare ? model.slowBy : 0);
  const outlier = (): number =>
    random() < model.outlierShare ? exponential(random, OUTLIER_MEAN) * (random() < 0.5 ? -1 : 1) : 0;
  return {
    launch: () => (sd * normal() + slow() - slow() + outlier()) / 100,
    layout: () => (model.layoutSd * normal()) / 100,
  };
};

/** Every launch with a layout of its own. */
export const noiseOf = (model: ServiceModel, seed: number): LaunchNoise => drawsOf(model, seed, model.layoutSd).launch;

export interface SimulatedRun {
  readonly verdict: MetricVerdict | 'open';
  readonly launches: number;
  /** Whether the interval shown holds the true effect. */
  readonly covered: boolean;
}

const cpuOnly = (tight: boolean): Scenario =>
  scenarioWith({
    tight,
    latency: null,
    gates: {
      mallocsPerRequest: false,
      allocBytesPerRequest: false,
      heapGrowthBytesPerRequest: false,
      goroutineGrowthPerRequest: false,
    },
  });

const MALLOCS_ONLY = scenarioWith({
  latency: null,
  gates: {
    cpuNsPerRequest: false,
    allocBytesPerRequest: false,
    heapGrowthBytesPerRequest: false,
    goroutineGrowthPerRequest: false,
  },
});

const SCENARIOS = { usual: cpuOnly(false), tight: cpuOnly(true) } as const;
export type Mode = keyof typeof SCENARIOS;

/** One run as the conductor makes it. `effect`: true ln(head / base); `gates`: over how many the level is divided. */
export const simulateRun = (noise: LaunchNoise, effect: number, gates: number, mode: Mode): SimulatedRun => {
  const scenario = SCENARIOS[mode];
  const launches: Launch[] = [];
  let answer: Look | null = null;
  for (let next: number | null = looksOf(scenario)[0] ?? null; next !== null && !answer?.done; next = answer.nextLook) {
    const more = cpuRun(Array.from({ length: next - launches.length }, () => effect + noise()));
    launches.push(...more.launches);
    answer = judgeSoFar({ ...more, scenario, launches }, { gates });
  }
  const cpu = answer?.verdicts[0];
  if (!answer || !cpu?.ciRatio) throw new Error('no look was taken');
  const truth = Math.expm1(effect);
  const covered = cpu.ciRatio[0] <= truth && truth <= cpu.ciRatio[1];
  return { verdict: cpu.verdict, launches: launches.length, covered };
};

export interface Rates {
  readonly runs: number;
  readonly regressed: number;
  readonly improved: number;
  readonly unchanged: number;
  readonly inconclusive: number;
  readonly covered: number;
  readonly meanLaunches: number;
  /** Runs that were regressed within so many launches. */
  readonly regressedWithin: (launches: number) => number;
}

export const simulate = (noise: LaunchNoise, effect: number, gates: number, mode: Mode, runs: number): Rates => {
  const made = Array.from({ length: runs }, () => simulateRun(noise, effect, gates, mode));
  const count = (wanted: MetricVerdict | 'open'): number => made.filter(({ verdict }) => verdict === wanted).length;
  return {
    runs,
    regressed: count('regressed'),
    improved: count('improved'),
    unchanged: count('unchanged'),
    inconclusive: count('open'),
    covered: made.filter(({ covered }) => covered).length,
    meanLaunches: made.reduce((total, { launches }) => total + launches, 0) / runs,
    regressedWithin: (most) =>
      made.filter(({ verdict, launches }) => verdict === 'regressed' && launches <= most).length,
  };
};

/** A run that ended before CPU's first look. */
export interface FewLayouts {
  readonly launches: number;
  readonly layouts: number;
}

export type FewRates = Record<'regressed' | 'improved' | 'unchanged', number>;

/** Runs of so few layouts, judged as the shipped code judges them at their end. */
export const simulateFew = (
  model: ServiceModel,
  { launches, layouts }: FewLayouts,
  {
    effect,
    gates,
    runs,
    seed,
  }: { readonly effect: number; readonly gates: number; readonly runs: number; readonly seed: number },
): FewRates => {
  const draws = drawsOf(model, seed, 0);
  const rates: FewRates = { regressed: 0, improved: 0, unchanged: 0 };
  for (let run = 0; run < runs; run++) {
    const placement = Array.from({ length: layouts }, draws.layout);
    const layoutOf = (launch: number): number => Math.floor((launch * layouts) / launches);
    const ratios = Array.from(
      { length: launches },
      (_, at) => effect + (placement[layoutOf(at)] ?? 0) + draws.launch(),
    );
    const made = cpuRun(ratios);
    const shared = made.launches.map((launch, at) => ({ ...launch, linkSeed: 1 + layoutOf(at) }));
    const [cpu] = judgeAtEnd(
      { ...made, scenario: SCENARIOS.usual, launches: shared, stop: 'budget' },
      { gates },
    ).verdicts;
    const verdict = cpu?.verdict ?? 'open';
    if (verdict in rates) rates[verdict as keyof FewRates] += 1;
  }
  return rates;
};

/** Allocations of a service in which each process throws a coin: on one side it allocates `ratio` more for life. */
export interface CoinService {
  readonly share: number;
  readonly ratio: number;
  /** sd of a window, as a ratio. */
  readonly windowSd: number;
}

/** Of identical code: how often its allocations are called regressed or improved within `launches`. */
export const simulateCoins = (
  { share, ratio, windowSd }: CoinService,
  launches: number,
  { gates, runs, seed }: { readonly gates: number; readonly runs: number; readonly seed: number },
): { readonly regressed: number; readonly improved: number } => {
  const random = randomFrom(seed);
  const normal = normalDeviates(random);
  const side = (mode: number): Window => windowOf({ mallocs: 100 * mode * Math.exp(windowSd * normal()) });
  let [regressed, improved] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const made = Array.from({ length: launches }, (_, index) => {
      const [base, head] = [0, 1].map(() => (random() < share ? 1 + ratio : 1)) as [number, number];
      return launchOf(
        index,
        [0, 1, 2].map((at) => pairOf(side(base), side(head), { index: at })),
      );
    });
    const [mallocs] = judgeSoFar(runOf(made, { scenario: MALLOCS_ONLY }), { gates }).verdicts;
    if (mallocs?.verdict === 'regressed') regressed += 1;
    if (mallocs?.verdict === 'improved') improved += 1;
  }
  return { regressed, improved };
};
