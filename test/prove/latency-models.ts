/**
 * Simulated latency phases, judged by the shipped code as the conductor does: a launch, and on while a look is to come.
 * Launches are drawn from a model of their spread, or from those recorded on identical code (latency.ts), each with a
 * random sign, since identical code has no direction.
 */
import { familyOf, judgedGates } from '../../harness/compare/index.ts';
import { latencyOutcome, nextLatencyLook } from '../../harness/compare/verdict/latency.ts';
import { readingOf } from '../../harness/compare/verdict/reading.ts';
import { type Launch, type LatencySummary, type MetricId, type Scenario } from '../../harness/model/index.ts';
import { normalDeviates, type RandomSource, randomFrom } from '../../harness/stats/index.ts';
import { latencyOf, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';
import { scenarioWith } from '../builders/scenarios.ts';
import { type LatencyRow, measuredOf, PERCENTILES } from './latency-spread.ts';

/** A window of half a second or three quarters: by what the sides differ, and by how much the loader was late. */
interface DrawnWindow {
  /** Base's percentiles in µs, and ln(head ÷ base) of each. */
  readonly baseUs: readonly number[];
  readonly logRatios: readonly number[];
  readonly lagP99Us: number;
}

type DrawnLaunch = readonly DrawnWindow[];

/** The launches of one run, without end. */
export type LatencyNoise = () => Generator<DrawnLaunch, never>;

/** Standard deviations of ln(head ÷ base) of all percentiles, and the share of windows in which the loader is late. */
export interface LatencyModel {
  readonly launchSd: number;
  readonly windowSd: number;
  readonly lateShare: number;
}

/** As measured (docs/evidence, latency): the demo, beside a neighbour, and requests that all take a millisecond. */
export const LATENCY_MODELS = {
  quiet: { launchSd: 0.033, windowSd: 0.04, lateShare: 0.1 },
  noisy: { launchSd: 0.05, windowSd: 0.1, lateShare: 0.1 },
  noisier: { launchSd: 0.1, windowSd: 0.12, lateShare: 0.3 },
  'two-step': { launchSd: 0.18, windowSd: 0.2, lateShare: 0.1 },
} as const satisfies Record<string, LatencyModel>;

/** Far above half a millisecond, so that the limits are 20 and 40 %. */
const BASE_US = [8000, 16_000, 32_000];
const ON_TIME_US = 900;
const LATE_US = 9000;

export const noiseFrom = ({ launchSd, windowSd, lateShare }: LatencyModel, seed: number): LatencyNoise => {
  const random = randomFrom(seed);
  const normal = normalDeviates(random);
  const window = (launch: number): DrawnWindow => ({
    baseUs: BASE_US,
    logRatios: BASE_US.map(() => launch + windowSd * normal()),
    lagP99Us: random() < lateShare ? LATE_US : ON_TIME_US,
  });
  return function* launches() {
    for (;;) {
      const launch = launchSd * normal();
      yield [window(launch), window(launch)];
    }
  };
};

const shuffled = <T>(values: readonly T[], random: RandomSource): readonly T[] =>
  values
    .map((value) => ({ value, place: random() }))
    .toSorted((one, other) => one.place - other.place)
    .map(({ value }) => value);

/**
 * None comes twice in a run before all have come: a launch that did would pass for two that agree. `timesSlower`: as if
 * the service had taken so many times as long, to be beyond the floor of half a millisecond.
 */
export const recordedNoise = (rows: readonly LatencyRow[], timesSlower: number, seed: number): LatencyNoise => {
  const random = randomFrom(seed);
  const launchOf = (row: LatencyRow): DrawnLaunch => {
    const sign = random() < 0.5 ? -1 : 1;
    return measuredOf(row).map(({ base, head, lagP99Us }) => ({
      baseUs: base.map((us) => us * timesSlower),
      logRatios: base.map((us, at) => sign * Math.log((head[at] ?? 0) / us)),
      lagP99Us,
    }));
  };
  return function* launches() {
    for (;;) yield* shuffled(rows, random).map(launchOf);
  };
};

const summary = (us: readonly number[]): LatencySummary => ({
  ...latencyOf(us[0] ?? 0),
  ...Object.fromEntries(PERCENTILES.map((name, at) => [name, us[at] ?? 0])),
});

const launchFrom = (windows: DrawnLaunch, index: number, effect: number): Launch =>
  launchOf(
    index,
    windows.map(({ baseUs, logRatios, lagP99Us }, at) =>
      pairOf(
        windowOf({}, { response: summary(baseUs) }),
        windowOf(
          {},
          { response: summary(baseUs.map((us, number) => us * Math.exp((logRatios[number] ?? 0) + effect))) },
        ),
        { index: at, phase: 'latency', loader: { eventLoopRatio: 0.3, cpuNs: 1e8, lagP50Us: 100, lagP99Us } },
      ),
    ),
    { stage: 'latency' },
  );

/** With `gate` the only gate of the latency phase; a tail is one only where the scenario names it. */
const scenarioFor = (gate: MetricId): Scenario =>
  scenarioWith({ gates: gate === 'latencyP50Ms' ? {} : { latencyP50Ms: false, [gate]: true } });

export interface LatencyPlan {
  readonly gate: MetricId;
  /** True ln(head ÷ base). */
  readonly effect: number;
  readonly runs: number;
}

export interface LatencyRates {
  readonly regressed: number;
  readonly improved: number;
  readonly unchanged: number;
  /** The loader was late: the phase ended without a look. */
  readonly late: number;
  readonly meanLaunches: number;
}

export const simulateLatency = (noise: LatencyNoise, { gate, effect, runs }: LatencyPlan): LatencyRates => {
  const scenario = scenarioFor(gate);
  const family = familyOf([scenario]);
  const judged = judgedGates(scenario).find(({ metric }) => metric === gate);
  if (judged === undefined) throw new Error(`${gate} is no gate`);
  const counts = { regressed: 0, improved: 0, unchanged: 0, late: 0 };
  let total = 0;
  for (let run = 0; run < runs; run++) {
    const launches: Launch[] = [];
    const drawn = noise();
    const reading = () => readingOf(runOf([...launches], { scenario }), family);
    while (nextLatencyLook(reading(), [judged]) !== null)
      launches.push(launchFrom(drawn.next().value, launches.length, effect));
    const { verdict, judgement } = latencyOutcome(reading(), judged);
    if (judgement === null) counts.late += 1;
    else if (verdict === 'regressed' || verdict === 'improved' || verdict === 'unchanged') counts[verdict] += 1;
    total += launches.length;
  }
  return { ...counts, meanLaunches: total / runs };
};
