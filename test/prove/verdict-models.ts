/**
 * Simulated runs under the service models of docs/method.md, judged by the shipped code exactly as the conductor does:
 * launch until the next look, ask, stop when told to.
 *
 * All figures of a model are in percent of the ratio head / base; one launch is one unit.
 */
import { look, looksOf, type Look } from '../../harness/compare/index.ts';
import type { Launch, MetricVerdict, Scenario } from '../../harness/model/index.ts';
import { exponential, normalDeviates, randomFrom } from '../../harness/stats/index.ts';
import { cpuRun, scenarioWith } from '../compare/synthetic-run.ts';

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

export const noiseOf = (model: ServiceModel, seed: number): LaunchNoise => {
  const random = randomFrom(seed);
  const normal = normalDeviates(random);
  const sd = Math.hypot(model.launchSd, WINDOW_SD, model.layoutSd);
  const slow = (): number => (random() < model.slowShare ? model.slowBy : 0);
  const outlier = (): number =>
    random() < model.outlierShare ? exponential(random, OUTLIER_MEAN) * (random() < 0.5 ? -1 : 1) : 0;
  return () => (sd * normal() + slow() - slow() + outlier()) / 100;
};

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
    answer = look({ ...more, scenario, launches }, { gates });
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
