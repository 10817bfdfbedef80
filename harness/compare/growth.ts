/**
 * Leaks: bytes, objects and goroutines gained per request between two collections.
 *
 * Judged launches are short (hundreds of requests), so the noise of two heap snapshots hides a small leak. They screen;
 * what they cannot clear gets one long growth launch, and all launches together then decide at one level. Testing only
 * what the screen let through can only lower the false alarms of that one test.
 */
import { GROWTH_OBJECTS } from '../metrics/index.ts';
import type { Growth, Launch, MetricId, ScenarioRun } from '../model/index.ts';
import {
  decide,
  studentTwoSidedP,
  studentUpperQuantile,
  sum,
  type Direction,
  type Interval,
  type Levels,
} from '../stats/index.ts';
import { answerOf, notJudged, verdictOf, type Answer } from './answer.ts';
import type { JudgedMetric } from './gates.ts';
import { COUNTING_SLACK, differenceLimits, judgeOnce, judgeSequence, spreadOf, type Judgement } from './judge.ts';
import { launchesOf, launchValues, objectGrowthValues, seriesOf, type UnitValues } from './series.ts';

/** One-sided levels at which short launches raise a suspicion, and at which they acquit. */
const SCREEN: Levels = { change: 0.01, equivalence: 0.02 };
/** Fewer requests make no growth launch. */
const FEWEST_GROWTH_REQUESTS = 5000;
/** Snapshot noise never taken as smaller: a page and a handful of objects come and go with the runtime itself. */
const LEAST_SPREAD = { bytes: 2048, objects: 20 } as const;

type Quantity = keyof typeof LEAST_SPREAD;

const gain = (growth: Growth): Readonly<Record<Quantity, number>> => ({
  bytes: growth.liveHeapBytesEnd - growth.liveHeapBytesStart,
  objects: growth.liveObjectsEnd - growth.liveObjectsStart,
});

/** What one launch gained on both sides, at equal requests. */
interface Gain {
  readonly requests: number;
  readonly base: number;
  readonly head: number;
}

const gainIn =
  (quantity: Quantity) =>
  ({ sides: { base, head } }: Launch): readonly Gain[] => {
    if (!base.growth || !head.growth || base.growth.requests <= 0 || head.growth.requests <= 0) return [];
    const requests = (base.growth.requests + head.growth.requests) / 2;
    const scaled = (growth: Growth): number => (gain(growth)[quantity] / growth.requests) * requests;
    return [{ requests, base: scaled(base.growth), head: scaled(head.growth) }];
  };

/** Pooled slopes per request, with the error that the short launches' spread predicts for them. */
interface Slopes {
  readonly base: number;
  readonly head: number;
  readonly centre: number;
  readonly standardError: number;
  readonly degrees: number;
}

/**
 * Slope = gain ÷ requests over all launches. The error assumes a heap that wanders (variance grows with the requests),
 * which is more than two noisy snapshots would make; short launches show the spread, without a steady leak's part.
 */
const pooledSlopes = (short: readonly Launch[], long: readonly Launch[], quantity: Quantity): Slopes | null => {
  const shorts = short.flatMap(gainIn(quantity));
  const all = [...shorts, ...long.flatMap(gainIn(quantity))];
  if (shorts.length < 2 || all.length === shorts.length) return null;
  const total = sum(all.map(({ requests }) => requests));
  const shortTotal = sum(shorts.map(({ requests }) => requests));
  const shortSlope = sum(shorts.map(({ base, head }) => head - base)) / shortTotal;
  const residuals = shorts.map(({ base, head, requests }) => head - base - shortSlope * requests);
  const spread = Math.max(LEAST_SPREAD[quantity], spreadOf(residuals));
  const base = sum(all.map((launch) => launch.base)) / total;
  const head = sum(all.map((launch) => launch.head)) / total;
  const standardError = spread / Math.sqrt((shortTotal / shorts.length) * total);
  return { base, head, centre: head - base, standardError, degrees: shorts.length - 1 };
};

const intervalOf = ({ centre, standardError, degrees }: Slopes, level: number): Interval => {
  const half = studentUpperQuantile(level, degrees) * standardError;
  return [centre - half, centre + half];
};

/** Which way short launches lean at the screening level; `same`: they acquit; `open`: they cannot tell. */
const lean = (units: readonly UnitValues[], judged: JudgedMetric): Direction =>
  judgeOnce(units, judged, SCREEN)?.direction ?? 'open';

const objectsOf = (judged: JudgedMetric): JudgedMetric => ({ ...judged, ...GROWTH_OBJECTS });

const isChange = (direction: Direction): boolean => direction === 'up' || direction === 'down';

/** Objects only accuse: their snapshots are too coarse to acquit a service of a leak of one in 100 requests. */
const screenHeap = (units: readonly (readonly Launch[])[], judged: JudgedMetric): Direction => {
  const bytes = lean(seriesOf(units, launchValues(judged.metric)), judged);
  const objects = lean(seriesOf(units, objectGrowthValues), objectsOf(judged));
  return !isChange(bytes) && isChange(objects) ? objects : bytes;
};

/** Objects fail a run too, where the bytes lean the same way. */
const directionOf = (bytes: Slopes, objects: Slopes | null, judged: JudgedMetric, levels: Levels): Direction => {
  const limits = differenceLimits(judged, bytes.base, bytes.head);
  const byBytes = decide(bytes.centre, intervalOf(bytes, levels.change), intervalOf(bytes, levels.equivalence), limits);
  if (isChange(byBytes) || !objects) return byBytes;
  const practical = GROWTH_OBJECTS.practicalAbsolute * COUNTING_SLACK;
  const wide: Interval = [-Infinity, Infinity];
  const byObjects = decide(objects.centre, intervalOf(objects, levels.change), wide, { practical, equivalent: 0 });
  return isChange(byObjects) && (byObjects === 'up') === bytes.centre > 0 ? byObjects : byBytes;
};

const fromGrowthLaunch = (
  short: readonly Launch[],
  long: readonly Launch[],
  judged: JudgedMetric,
  atOnce: Levels,
): Answer | null => {
  const bytes = pooledSlopes(short, long, 'bytes');
  if (!bytes) return null;
  // Two witnesses, half the level each.
  const levels = { ...atOnce, change: atOnce.change / 2 };
  const judgement: Judgement = {
    scale: 'absolute',
    unit: 'launch',
    n: short.length + long.length,
    units: short.length + long.length,
    base: bytes.base,
    head: bytes.head,
    centre: bytes.centre,
    interval: intervalOf(bytes, levels.change),
    level: levels.change,
    limits: differenceLimits(judged, bytes.base, bytes.head),
    direction: directionOf(bytes, pooledSlopes(short, long, 'objects'), judged, levels),
    pValue: studentTwoSidedP(bytes.centre / bytes.standardError, bytes.degrees),
    detectable: Infinity,
    needed: Infinity,
  };
  const verdict = verdictOf(judgement, judged);
  const answer: Answer = {
    judged,
    judgement,
    verdict,
    pValue: judgement.pValue,
    stage: 'growth',
    reason: null,
    warnings: [],
  };
  return verdict === 'open' ? unresolved(answer, 'the heap wanders by more than the leak to be found') : answer;
};

/** A default gate that this service's own noise hides is not judged; one that the scenario names stays open. */
const unresolved = (answer: Answer, reason: string): Answer =>
  answer.judged.required ? { ...answer, reason } : notJudged(answer, reason);

const isLong = ({ sides: { base, head } }: Launch): boolean =>
  Math.min(base.growth?.requests ?? 0, head.growth?.requests ?? 0) >= FEWEST_GROWTH_REQUESTS;

type Units = readonly (readonly Launch[])[];

/** What short launches say so far, as it is shown; the direction is the screen's. */
const shortAnswer = (units: Units, judged: JudgedMetric, levels: Levels, direction: Direction): Answer => {
  const judgement = judgeOnce(seriesOf(units, launchValues(judged.metric)), judged, levels);
  const last = judgement ? { ...judgement, direction } : null;
  return answerOf(judged, { last, decided: direction !== 'open', pValue: last?.pValue ?? null }, 'judged');
};

/** The first look at which short launches acquit is final. */
const acquittal = (units: Units, judged: JudgedMetric, looks: readonly number[], levels: Levels): Answer | null => {
  for (const look of looks.filter((count) => count <= units.length)) {
    const seen = units.slice(0, look);
    if (screenHeap(seen, judged) === 'same') return shortAnswer(seen, judged, levels, 'same');
  }
  return null;
};

export interface HeapAnswer {
  readonly answer: Answer;
  /** A growth launch is wanted. */
  readonly suspect: boolean;
  /** What to say where that launch never came: a leaning stays open, mere noise is not judged unless asked for. */
  readonly withoutGrowthLaunch: Answer;
}

const settled = (answer: Answer): HeapAnswer => ({ answer, suspect: false, withoutGrowthLaunch: answer });

/** `levels`: all of the gate's level, since heap growth is decided once. */
export const answerHeapGrowth = (
  run: ScenarioRun,
  units: Units,
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): HeapAnswer => {
  const acquitted = acquittal(units, judged, looks, levels);
  if (acquitted) return settled(acquitted);
  const reached = looks.filter((count) => count <= units.length).at(-1);
  const seen = units.slice(0, reached ?? units.length);
  const long = launchesOf(run, 'growth').filter(isLong);
  const confirmed = reached && long.length > 0 ? fromGrowthLaunch(seen.flat(), long, judged, levels) : null;
  if (confirmed) return settled(confirmed);
  const answer = shortAnswer(seen, judged, levels, 'open');
  if (!reached) return settled(answer);
  const withoutGrowthLaunch = isChange(screenHeap(seen, judged))
    ? { ...answer, reason: 'the heap may grow; no growth launch was run to confirm it' }
    : unresolved(answer, 'short launches cannot tell a leak from snapshot noise; no growth launch was run');
  return { answer, suspect: true, withoutGrowthLaunch };
};

/** Goroutine growth repeats nearly exactly, so the judged launches decide it at their looks. */
export const answerGoroutineGrowth = (
  units: Units,
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): Answer =>
  answerOf(judged, judgeSequence(seriesOf(units, launchValues(judged.metric)), judged, looks, levels), 'judged');

export const isHeapGrowth = (metric: MetricId): boolean => metric === 'heapGrowthBytesPerRequest';
