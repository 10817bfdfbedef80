/**
 * What a machine's noise lets this procedure see, from runs whose sides do the same: their launches are replayed, with
 * and without a change put in, through the looks that decide a real run.
 *
 * Sides that do the same may be exchanged launch by launch, and launches may come in any order: each such replay is
 * another run that could have been (a permutation test's argument; Good, Permutation Tests, 3rd ed., ch. 1).
 */
import { metricDef } from '../metrics/index.ts';
import {
  METRIC_IDS,
  type Launch,
  type MetricId,
  type NoiseMetric,
  type NoiseProfile,
  type Pair,
  type ScenarioRun,
  type Window,
} from '../model/index.ts';
import { type RandomSource, randomFrom, standardDeviation } from '../stats/index.ts';
import { type Family, type JudgedMetric, judgedGates, limitsIn, looksOf } from './verdict/gates.ts';
import { judgeSoFar } from './verdict/stopping-rule.ts';
import {
  launchesOf,
  launchValues,
  scaleFor,
  wallSecondsOf,
  seriesOf,
  unitContrasts,
  unitsOf,
} from './verdict/launch-series.ts';

export interface NoiseRequest {
  /** Identical code at equal places; null: there was no time for it. */
  readonly equal: ScenarioRun | null;
  /** Code of the head moved (every function elsewhere), nothing else changed: what a real pull request does at least. */
  readonly moved: ScenarioRun;
  readonly family: Family;
  /** A change counts as seen when it is found within this. */
  readonly horizonSeconds: number;
  readonly seed: number;
}

export type Noise = Omit<NoiseProfile, 'createdAt' | 'godynoVersion' | 'scenarioDigest' | 'cpuModel' | 'cpus'>;

const REPLAYS = 400;
/** Per size of a change; nine of ten have to be seen. */
const TRIALS = 100;
const SEEN_RATIO = 0.9;
/** Sizes are told to a twentieth of themselves. */
const STEPS = 10;
/** Beyond the double, "cannot see" is the answer. */
const LARGEST_RATIO = 1;
/** Thresholds are suggested in tenths of a percent. */
const STEP_RATIO = 0.001;

type Unit = readonly Launch[];

const exchanged = (launch: Launch): Launch => ({
  ...launch,
  firstSide: launch.firstSide === 'base' ? 'head' : 'base',
  pairs: launch.pairs.map((pair): Pair => ({ ...pair, base: pair.head, head: pair.base })),
  sides: { base: launch.sides.head, head: launch.sides.base },
});

/** A unit of its own wherever it stands: a seed that comes twice must not make one unit of two. */
const placed = (unit: Unit, index: number, random: RandomSource): Unit => {
  const turn = random() < 0.5 ? exchanged : (launch: Launch): Launch => launch;
  return unit.map((launch) => ({ ...turn(launch), linkSeed: launch.linkSeed === null ? null : index + 1 }));
};

const shuffled = (units: readonly Unit[], random: RandomSource): readonly Unit[] => {
  const order = [...units];
  for (let last = order.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as Unit, order[last] as Unit];
  }
  return order;
};

const drawn = (units: readonly Unit[], count: number, random: RandomSource): readonly Unit[] =>
  Array.from({ length: count }, () => units[Math.floor(random() * units.length)] as Unit);

const withUnits = (run: ScenarioRun, units: readonly Unit[], random: RandomSource): ScenarioRun => ({
  ...run,
  launches: units.flatMap((unit, index) => placed(unit, index, random)),
});

const isAlarm = (verdict: string): boolean => verdict === 'regressed' || verdict === 'improved';

const alarmsIn = (run: ScenarioRun, family: Family): readonly MetricId[] =>
  judgeSoFar(run, family)
    .verdicts.filter(({ verdict }) => isAlarm(verdict))
    .map(({ metric }) => metric);

/** Counters of a window that a metric is made of. */
const COUNTERS: Partial<Readonly<Record<MetricId, 'cpuNs' | 'mallocs' | 'allocBytes'>>> = {
  cpuNsPerRequest: 'cpuNs',
  mallocsPerRequest: 'mallocs',
  allocBytesPerRequest: 'allocBytes',
};

const dearer = (run: ScenarioRun, counter: 'cpuNs' | 'mallocs' | 'allocBytes', ratio: number): ScenarioRun => {
  const raised = ({ counters, ...window }: Window): Window => {
    const value = counters[counter];
    return { ...window, counters: value === undefined ? counters : { ...counters, [counter]: value * (1 + ratio) } };
  };
  return {
    ...run,
    launches: run.launches.map((launch) => ({
      ...launch,
      pairs: launch.pairs.map((pair) => ({ ...pair, head: raised(pair.head) })),
    })),
  };
};

/** The run's scenario with one gate: what is asked about it costs no time for the others. */
const onlyGate = (run: ScenarioRun, metric: MetricId): ScenarioRun => {
  const others = METRIC_IDS.filter((id) => id !== metric).map((id) => [id, false] as const);
  const { gates } = run.scenario;
  const own = gates[metric] === undefined ? {} : { [metric]: gates[metric] };
  return { ...run, scenario: { ...run.scenario, gates: { ...Object.fromEntries(others), ...own } } };
};

/** The smallest ratio that is found nine times of ten; null: not even the double. */
const smallestSeen = (
  request: NoiseRequest,
  units: readonly Unit[],
  launches: number,
  { metric }: JudgedMetric,
): number | null => {
  const counter = COUNTERS[metric];
  const fewest = looksOf(request.moved.scenario)[0] ?? 0;
  if (counter === undefined || launches < fewest) return null;
  const run = onlyGate(request.moved, metric);
  const seenAt = (ratio: number): boolean => {
    // The same draws at every size, so that larger is never seen less for bad luck.
    const random = randomFrom(request.seed);
    let seen = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      const replay = withUnits(run, drawn(units, launches, random), random);
      const [answer] = judgeSoFar(dearer(replay, counter, ratio), request.family).verdicts;
      if (answer?.verdict === 'regressed') seen += 1;
    }
    return seen >= TRIALS * SEEN_RATIO;
  };
  if (!seenAt(LARGEST_RATIO)) return null;
  let [low, high] = [STEP_RATIO / 10, LARGEST_RATIO];
  for (let step = 0; step < STEPS; step++) {
    const middle = Math.sqrt(low * high);
    if (seenAt(middle)) high = middle;
    else low = middle;
  }
  return high;
};

const sdOf = (units: readonly Unit[], metric: MetricId): number | null => {
  const series = seriesOf(units, launchValues(metric));
  if (series.length < 2 || scaleFor(series) !== 'ratio') return null;
  return standardDeviation(unitContrasts(series, 'ratio'));
};

const metricNoise = (
  request: NoiseRequest,
  units: readonly Unit[],
  launches: number,
  asked: JudgedMetric,
): NoiseMetric => {
  const judged = limitsIn(request.moved, asked);
  const smallest = smallestSeen(request, units, launches, judged);
  const rounded = smallest === null ? null : Math.ceil(smallest / STEP_RATIO - 1e-9) * STEP_RATIO;
  return {
    metric: judged.metric,
    sdRatio: sdOf(units, judged.metric),
    smallestDetectableRatio: smallest,
    practicalRatio: judged.practicalRatio,
    suggestedRatio:
      rounded === null || judged.practicalRatio === null
        ? null
        : Number(Math.max(rounded, judged.practicalRatio).toPrecision(6)),
  };
};

const secondsPerLaunch = (run: ScenarioRun): number => {
  const judged = launchesOf(run, 'judged');
  const elsewhere = wallSecondsOf(run.launches.filter(({ stage }) => stage !== 'judged'));
  return judged.length === 0 ? 0 : Math.max(0, run.timing.measureSeconds - elsewhere) / judged.length;
};

/** Launches that fit beside what a run keeps for latency. */
const launchesWithin = (run: ScenarioRun, seconds: number, perLaunch: number): number => {
  const latency = wallSecondsOf(launchesOf(run, 'latency'));
  const looks = looksOf(run.scenario);
  const fitting = perLaunch > 0 ? Math.floor((seconds - latency) / perLaunch) : 0;
  return Math.min(looks.at(-1) ?? 0, Math.max(0, fitting));
};

const falseAlarms = (request: NoiseRequest, units: readonly Unit[]): NoiseProfile['falseAlarms'] => {
  const random = randomFrom(request.seed);
  const runs = request.equal === null ? [request.moved] : [request.equal, request.moved];
  let alarms = 0;
  for (let replay = 0; replay < REPLAYS; replay++) {
    if (alarmsIn(withUnits(request.moved, shuffled(units, random), random), request.family).length > 0) alarms += 1;
  }
  return { seen: [...new Set(runs.flatMap((run) => alarmsIn(run, request.family)))], replays: REPLAYS, alarms };
};

const layoutSd = (all: number | null, launch: number | null): number | null =>
  all === null || launch === null ? null : Math.sqrt(Math.max(0, all ** 2 - launch ** 2));

/** Pure: the same runs and seed give the same noise. Throws {@link UsageError} on gates that no metric can carry. */
export const noiseOf = (request: NoiseRequest): Noise => {
  const { equal, moved, horizonSeconds } = request;
  const units = unitsOf(moved);
  const perLaunch = secondsPerLaunch(moved);
  const launches = launchesWithin(moved, horizonSeconds, perLaunch);
  const perUnit = units[0]?.length ?? 1;
  const launchSd = equal === null ? null : sdOf(unitsOf(equal), 'cpuNsPerRequest');
  return {
    launches: {
      equal: equal === null ? 0 : launchesOf(equal, 'judged').length,
      moved: launchesOf(moved, 'judged').length,
    },
    secondsPerLaunch: perLaunch,
    horizon: { seconds: horizonSeconds, launches },
    falseAlarms: falseAlarms(request, units),
    launchSdRatio: launchSd,
    layoutSdRatio: layoutSd(sdOf(units, 'cpuNsPerRequest'), launchSd),
    metrics: judgedGates(moved.scenario)
      .filter(({ metric }) => metricDef(metric).stage === 'cost' && metricDef(metric).method !== 'errors')
      .map((judged) => metricNoise(request, units, Math.floor(launches / perUnit), judged)),
  };
};
