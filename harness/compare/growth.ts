/**
 * Leaks: bytes, objects and goroutines gained per request between two collections.
 *
 * Judged launches are short (hundreds of requests), so the noise of two heap snapshots hides a small leak. They screen;
 * what they cannot clear gets one long growth launch, judged by the spread the short ones showed. Two independent looks
 * at the leak, so their levels multiply.
 */
import { GROWTH_OBJECTS } from '../metrics/index.ts';
import type { Growth, Launch, MetricId, ScenarioRun } from '../model/index.ts';
import { decide, mean, studentUpperQuantile, sum, type Direction, type Interval, type Levels } from '../stats/index.ts';
import { answerOf, verdictOf, type Answer } from './answer.ts';
import type { JudgedMetric } from './gates.ts';
import { judgeOnce, judgeSequence, spreadOf, type Judgement } from './judge.ts';
import { launchesOf, launchValues, objectGrowthValues, seriesOf, type UnitValues } from './series.ts';

/** One-sided level at which short launches raise a suspicion. */
const SCREEN_LEVEL = 0.01;
/** The weakest confirmation accepted after a suspicion. */
const WEAKEST_CONFIRMATION = 0.05;
/** Fewer requests make no growth launch. */
const FEWEST_GROWTH_REQUESTS = 5000;
/** Snapshot noise never taken as smaller: a page and a handful of objects come and go with the runtime itself. */
const LEAST_SPREAD = { bytes: 2048, objects: 20 } as const;
const COUNTING_SLACK = 0.75;

type Quantity = keyof typeof LEAST_SPREAD;

const gain = ({
  liveHeapBytesStart,
  liveHeapBytesEnd,
  liveObjectsStart,
  liveObjectsEnd,
}: Growth): Record<Quantity, number> => ({
  bytes: liveHeapBytesEnd - liveHeapBytesStart,
  objects: liveObjectsEnd - liveObjectsStart,
});

interface Contrast {
  readonly requests: number;
  /** Head's gain minus base's, over the whole launch. */
  readonly excess: number;
  readonly base: number;
  readonly head: number;
}

const contrastIn =
  (quantity: Quantity) =>
  ({ sides: { base, head } }: Launch): readonly Contrast[] => {
    if (!base.growth || !head.growth || base.growth.requests <= 0 || head.growth.requests <= 0) return [];
    const requests = (base.growth.requests + head.growth.requests) / 2;
    const slopes = {
      base: gain(base.growth)[quantity] / base.growth.requests,
      head: gain(head.growth)[quantity] / head.growth.requests,
    };
    return [{ requests, excess: (slopes.head - slopes.base) * requests, ...slopes }];
  };

/** Spread of the excess of a short launch, without the part that a steady leak makes. */
const shortSpread = (contrasts: readonly Contrast[], quantity: Quantity): number => {
  const slope = sum(contrasts.map(({ excess }) => excess)) / sum(contrasts.map(({ requests }) => requests));
  const residuals = contrasts.map(({ excess, requests }) => excess - slope * requests);
  return Math.max(LEAST_SPREAD[quantity], spreadOf(residuals));
};

interface Prediction {
  readonly centre: number;
  readonly half: (level: number) => number;
  readonly base: number;
  readonly head: number;
}

/**
 * The long launches' slope with the noise that the short ones predict for it. Noise is taken to grow with the square
 * root of the requests (a wandering heap), which is more than the constant noise of two snapshots.
 */
const predict = (short: readonly Launch[], long: readonly Launch[], quantity: Quantity): Prediction | null => {
  const shorts = short.flatMap(contrastIn(quantity));
  const longs = long.flatMap(contrastIn(quantity));
  if (shorts.length < 2 || longs.length === 0) return null;
  const requests = sum(longs.map((contrast) => contrast.requests));
  const usual = mean(shorts.map((contrast) => contrast.requests));
  const spread = shortSpread(shorts, quantity) * Math.sqrt(Math.max(1, requests / usual));
  return {
    centre: sum(longs.map(({ excess }) => excess)) / requests,
    half: (level) => (studentUpperQuantile(level, shorts.length - 1) * spread) / requests,
    base: mean(longs.map(({ base }) => base)),
    head: mean(longs.map(({ head }) => head)),
  };
};

const around = (centre: number, half: number): Interval => [centre - half, centre + half];

/** Which way short launches lean at the screening level; `same`: no suspicion; `open`: they cannot tell. */
const screen = (units: readonly UnitValues[], judged: JudgedMetric): Direction => {
  const judgement = judgeOnce(units, judged, { change: SCREEN_LEVEL, equivalence: SCREEN_LEVEL });
  return judgement?.direction ?? 'open';
};

const objectsOf = (judged: JudgedMetric): JudgedMetric => ({
  ...judged,
  practicalAbsolute: GROWTH_OBJECTS.practicalAbsolute,
  equivalentAbsolute: GROWTH_OBJECTS.equivalentAbsolute,
});

interface Screening {
  readonly direction: Direction;
  /** Both witnesses, the stronger first. */
  readonly suspect: boolean;
}

const screenHeap = (units: readonly (readonly Launch[])[], judged: JudgedMetric): Screening => {
  const bytes = screen(seriesOf(units, launchValues(judged.metric)), judged);
  const objects = screen(seriesOf(units, objectGrowthValues), objectsOf(judged));
  const leaning = [bytes, objects].find((direction) => direction === 'up' || direction === 'down');
  // Objects only accuse: their snapshots are too coarse to acquit a service of a leak of one in 100 requests.
  return leaning ? { direction: leaning, suspect: true } : { direction: bytes, suspect: bytes !== 'same' };
};

export interface HeapAnswer {
  readonly answer: Answer;
  /** A growth launch is wanted. */
  readonly suspect: boolean;
}

const shortNotice = (units: number, looks: readonly number[]): boolean => units < (looks[0] ?? 0);

/** Level of the confirmation in one direction: what the suspicion has not spent yet; half each for bytes and objects. */
const confirmationLevel = (screening: Direction, wanted: 'up' | 'down', levels: Levels): number =>
  screening === wanted ? Math.min(WEAKEST_CONFIRMATION, levels.change / SCREEN_LEVEL) / 2 : levels.change / 2;

const confirm = (
  bytes: Prediction,
  objects: Prediction | null,
  judged: JudgedMetric,
  screening: Direction,
  levels: Levels,
): { readonly direction: Direction; readonly interval: Interval; readonly level: number } => {
  const leansUp = bytes.centre >= 0;
  const level = confirmationLevel(screening, leansUp ? 'up' : 'down', levels);
  const interval = around(bytes.centre, bytes.half(level));
  const limits = {
    practical: judged.practicalAbsolute * COUNTING_SLACK,
    equivalent: judged.equivalentAbsolute ?? judged.practicalAbsolute,
  };
  const equivalence = around(bytes.centre, bytes.half(levels.equivalence));
  const byBytes = decide(bytes.centre, interval, equivalence, limits);
  if (byBytes === 'up' || byBytes === 'down' || !objects) return { direction: byBytes, interval, level };
  const objectInterval = around(objects.centre, objects.half(level));
  const objectLimits = { practical: GROWTH_OBJECTS.practicalAbsolute * COUNTING_SLACK, equivalent: 0 };
  const byObjects = decide(objects.centre, objectInterval, [-Infinity, Infinity], objectLimits);
  // Objects accuse only where the bytes lean the same way.
  const agrees = (byObjects === 'up' && leansUp) || (byObjects === 'down' && !leansUp);
  return { direction: agrees ? byObjects : byBytes, interval, level };
};

const fromGrowthLaunch = (
  short: readonly Launch[],
  long: readonly Launch[],
  judged: JudgedMetric,
  screening: Direction,
  levels: Levels,
): Answer | null => {
  const bytes = predict(short, long, 'bytes');
  if (!bytes) return null;
  const { direction, interval, level } = confirm(bytes, predict(short, long, 'objects'), judged, screening, levels);
  const judgement: Judgement = {
    scale: 'absolute',
    unit: 'launch',
    n: long.length,
    units: long.length,
    base: bytes.base,
    head: bytes.head,
    centre: bytes.centre,
    interval,
    level,
    limits: { practical: judged.practicalAbsolute, equivalent: judged.equivalentAbsolute ?? judged.practicalAbsolute },
    direction,
    pValue: 1,
    detectable: bytes.half(level),
    needed: Infinity,
  };
  const verdict = verdictOf(judgement, judged);
  return {
    judged,
    judgement,
    verdict: verdict === 'open' ? 'inconclusive' : verdict,
    pValue: null,
    stage: 'growth',
    reason: verdict === 'open' ? 'the heap wanders more than the leak to be found' : null,
    warnings: [],
  };
};

const isLong = ({ sides }: Launch): boolean =>
  (sides.base.growth?.requests ?? 0) >= FEWEST_GROWTH_REQUESTS &&
  (sides.head.growth?.requests ?? 0) >= FEWEST_GROWTH_REQUESTS;

/** Looks that were reached; the first at which the short launches acquit is final. */
const acquittedAt = (
  units: readonly (readonly Launch[])[],
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): Answer | null => {
  for (const look of looks.filter((count) => count <= units.length)) {
    const seen = units.slice(0, look);
    if (screenHeap(seen, judged).suspect) continue;
    const judgement = judgeOnce(seriesOf(seen, launchValues(judged.metric)), judged, levels);
    if (judgement)
      return answerOf(judged, { last: { ...judgement, direction: 'same' }, decided: true, pValue: null }, 'judged');
  }
  return null;
};

/** Heap growth from short launches, and from the growth launch where there is one. */
export const answerHeapGrowth = (
  run: ScenarioRun,
  units: readonly (readonly Launch[])[],
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): HeapAnswer => {
  const acquitted = acquittedAt(units, judged, looks, levels);
  if (acquitted) return { answer: acquitted, suspect: false };
  const reached = looks.filter((count) => count <= units.length).at(-1) ?? units.length;
  const seen = units.slice(0, reached);
  const screening = screenHeap(seen, judged);
  const long = launchesOf(run, 'growth').filter(isLong);
  const confirmed = long.length > 0 ? fromGrowthLaunch(seen.flat(), long, judged, screening.direction, levels) : null;
  if (confirmed) return { answer: confirmed, suspect: false };
  const last = judgeOnce(seriesOf(seen, launchValues(judged.metric)), judged, levels) ?? null;
  const open: Answer = {
    ...answerOf(judged, { last: last && { ...last, direction: 'open' }, decided: false, pValue: null }, 'judged'),
    reason: 'short launches cannot tell a leak from snapshot noise, and no growth launch was run',
  };
  return { answer: open, suspect: !shortNotice(units.length, looks) };
};

/** Goroutine growth repeats nearly exactly, so the judged launches decide it at their looks. */
export const answerGoroutineGrowth = (
  units: readonly (readonly Launch[])[],
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): Answer =>
  answerOf(judged, judgeSequence(seriesOf(units, launchValues(judged.metric)), judged, looks, levels), 'judged');

export const isHeapGrowth = (metric: MetricId): boolean => metric === 'heapGrowthBytesPerRequest';
