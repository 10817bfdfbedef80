/**
 * Leaks: bytes, objects and goroutines gained per request between two collections.
 *
 * Judged launches are short (hundreds of requests), so the noise of two heap snapshots hides a small leak. They screen;
 * what they cannot clear gets one long growth launch, and all launches together then decide at one level. Testing only
 * what the screen let through can only lower the false alarms of that one test.
 */
import { GROWTH_OBJECTS } from '../../metrics/index.ts';
import type { Growth, Launch, MetricId, ScenarioRun } from '../../model/index.ts';
import {
  decide,
  slopeOf,
  studentTwoSidedP,
  studentUpperQuantile,
  sum,
  type Direction,
  type Interval,
  type Levels,
  type Limits,
  type Slope,
} from '../../stats/index.ts';
import { metricOutcomeOf, notJudged, verdictOf, type MetricOutcome } from './metric-outcome.ts';
import type { JudgedMetric } from './gates.ts';
import { COUNTING_SLACK, differenceLimits, isFinal, judgeSequence, type Judgement } from './judge.ts';
import { launchesOf, launchValues, seriesOf } from './launch-series.ts';
import { stuckOnHead } from './stuck.ts';

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

/** Slopes of both sides per request, and of their difference with its error. */
interface Slopes {
  readonly base: number;
  readonly head: number;
  readonly centre: number;
  readonly standardError: number;
  readonly degrees: number;
  readonly launches: number;
}

const totals = (
  gains: readonly Gain[],
): { readonly requests: number; readonly base: number; readonly head: number } => ({
  requests: sum(gains.map(({ requests }) => requests)),
  base: sum(gains.map(({ base }) => base)),
  head: sum(gains.map(({ head }) => head)),
});

const slopeOfDifference = (gains: readonly Gain[]): Slope =>
  slopeOf(
    gains.map(({ base, head }) => head - base),
    gains.map(({ requests }) => requests),
  );

const slopesFrom = (gains: readonly Gain[], { standardError, degrees }: Slope): Slopes => {
  const { requests, base, head } = totals(gains);
  const centre = (head - base) / requests;
  return { base: base / requests, head: head / requests, centre, standardError, degrees, launches: gains.length };
};

/** Of judged launches alone; null where too few have snapshots. */
const shortSlopes = (short: readonly Launch[], quantity: Quantity): Slopes | null => {
  const gains = short.flatMap(gainIn(quantity));
  return gains.length < 2 ? null : slopesFrom(gains, slopeOfDifference(gains));
};

/**
 * Of judged and growth launches together. The growth launch is too long to share the short ones' error and too alone to
 * show its own: it is predicted from theirs, for a heap that wanders (variance grows with the requests), which is more
 * than two noisy snapshots would make.
 */
const pooledSlopes = (short: readonly Launch[], long: readonly Launch[], quantity: Quantity): Slopes | null => {
  const shorts = short.flatMap(gainIn(quantity));
  const longs = long.flatMap(gainIn(quantity));
  if (shorts.length < 2 || longs.length === 0) return null;
  const fromShort = slopeOfDifference(shorts);
  const all = [...shorts, ...longs];
  const usual = totals(shorts).requests / shorts.length;
  const spread = Math.max(LEAST_SPREAD[quantity], fromShort.spread);
  return slopesFrom(all, { ...fromShort, standardError: spread / Math.sqrt(usual * totals(all).requests) });
};

const intervalOf = ({ centre, standardError, degrees }: Slopes, level: number): Interval => {
  const half = studentUpperQuantile(level, degrees) * standardError;
  return [centre - half, centre + half];
};

const isChange = (direction: Direction): boolean => direction === 'up' || direction === 'down';

const OBJECT_LIMITS: Limits = {
  practical: GROWTH_OBJECTS.practicalAbsolute * COUNTING_SLACK,
  equivalent: GROWTH_OBJECTS.equivalentAbsolute,
};

const decideSlopes = (slopes: Slopes, levels: Levels, limits: Limits): Direction =>
  slopes.centre === 0 && slopes.standardError === 0
    ? 'same'
    : decide(slopes.centre, intervalOf(slopes, levels.change), intervalOf(slopes, levels.equivalence), limits);

/**
 * Bytes decide; objects only accuse, and only where the bytes lean the same way: their snapshots are too coarse to
 * acquit a service of a leak of one in 100 requests.
 */
const directionOf = (bytes: Slopes, objects: Slopes | null, judged: JudgedMetric, levels: Levels): Direction => {
  const byBytes = decideSlopes(bytes, levels, differenceLimits(judged, bytes.base, bytes.head));
  if (isChange(byBytes) || !objects) return byBytes;
  const byObjects = decideSlopes(objects, levels, OBJECT_LIMITS);
  return isChange(byObjects) && (byObjects === 'up') === bytes.centre > 0 ? byObjects : byBytes;
};

const judgementOf = (slopes: Slopes, judged: JudgedMetric, level: number, direction: Direction): Judgement => ({
  scale: 'absolute',
  unit: 'launch',
  n: slopes.launches,
  units: slopes.launches,
  base: slopes.base,
  head: slopes.head,
  centre: slopes.centre,
  interval: intervalOf(slopes, level),
  level,
  limits: differenceLimits(judged, slopes.base, slopes.head),
  direction,
  pValue: slopes.centre === 0 ? 1 : studentTwoSidedP(slopes.centre / slopes.standardError, slopes.degrees),
  detectable: Infinity,
  needed: Infinity,
});

const outcomeAs = (
  judged: JudgedMetric,
  judgement: Judgement | null,
  stage: MetricOutcome['stage'],
): MetricOutcome => ({
  judged,
  judgement,
  verdict: judgement ? verdictOf(judgement, judged) : 'open',
  pValue: judgement?.pValue ?? null,
  stage,
  reason: null,
  warnings: [],
});

/** A default gate that this service's own noise hides is not judged; one that the scenario names stays open. */
const unresolved = (outcome: MetricOutcome, reason: string): MetricOutcome =>
  outcome.judged.required ? { ...outcome, reason } : notJudged(outcome, reason);

const fromGrowthLaunch = (
  short: readonly Launch[],
  long: readonly Launch[],
  judged: JudgedMetric,
  atOnce: Levels,
): MetricOutcome | null => {
  const bytes = pooledSlopes(short, long, 'bytes');
  if (!bytes) return null;
  // Two witnesses, half the level each.
  const levels = { ...atOnce, change: atOnce.change / 2 };
  const direction = directionOf(bytes, pooledSlopes(short, long, 'objects'), judged, levels);
  const outcome = outcomeAs(judged, judgementOf(bytes, judged, levels.change, direction), 'growth');
  return direction === 'open' ? unresolved(outcome, 'the heap wanders by more than the leak to be found') : outcome;
};

const isLong = ({ sides: { base, head } }: Launch): boolean =>
  Math.min(base.growth?.requests ?? 0, head.growth?.requests ?? 0) >= FEWEST_GROWTH_REQUESTS;

type Units = readonly (readonly Launch[])[];

/** Which way judged launches lean at the screening level; `same`: they acquit; `open`: they cannot tell. */
const screenHeap = (units: Units, judged: JudgedMetric): Direction => {
  const short = units.flat();
  const bytes = shortSlopes(short, 'bytes');
  return bytes ? directionOf(bytes, shortSlopes(short, 'objects'), judged, SCREEN) : 'open';
};

/** What judged launches say so far, as it is shown; the direction is the screen's, never a change. */
const shortOutcome = (
  units: Units,
  judged: JudgedMetric,
  levels: Levels,
  direction: 'same' | 'open',
): MetricOutcome => {
  const bytes = shortSlopes(units.flat(), 'bytes');
  return outcomeAs(judged, bytes && judgementOf(bytes, judged, levels.change, direction), 'judged');
};

/** The look at which short launches acquit: the first that is final, or an early one as long as no later one differs. */
const acquittal = (
  units: Units,
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): MetricOutcome | null => {
  let acquitted: MetricOutcome | null = null;
  for (const look of looks.filter((count) => count <= units.length)) {
    const seen = units.slice(0, look);
    const direction = screenHeap(seen, judged);
    acquitted = direction === 'same' ? shortOutcome(seen, judged, levels, 'same') : null;
    if (direction === 'same' && isFinal(direction, look)) break;
  }
  return acquitted;
};

/** What a growth launch sends, and what it takes besides (harness/run). */
const GROWTH_LAUNCH = { requests: 10_000, seconds: 4 } as const;

/** Whole minutes that would have held this run and a growth launch at its pace. */
const growthBudget = (run: ScenarioRun): string => {
  const cost = launchesOf(run, 'judged').flatMap(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost'));
  const requests = sum(cost.map(({ base }) => base.planned));
  const seconds = sum(cost.map(({ wallSeconds }) => wallSeconds));
  const launchSeconds = (GROWTH_LAUNCH.requests * seconds) / Math.max(1, requests) + GROWTH_LAUNCH.seconds;
  return `--budget ${Math.ceil((run.timing.measureSeconds + launchSeconds) / 60)}m`;
};

export interface HeapOutcome {
  readonly outcome: MetricOutcome;
  /** A growth launch is wanted. */
  readonly suspect: boolean;
  /** What to say where that launch never came: a leaning stays open, mere noise is not judged unless asked for. */
  readonly withoutGrowthLaunch: MetricOutcome;
}

const settled = (outcome: MetricOutcome): HeapOutcome => ({ outcome, suspect: false, withoutGrowthLaunch: outcome });

/** `levels`: all of the gate's level, since heap growth is decided once. */
export const heapGrowthOutcome = (
  run: ScenarioRun,
  units: Units,
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): HeapOutcome => {
  const acquitted = acquittal(units, judged, looks, levels);
  if (acquitted) return settled(acquitted);
  const reached = looks.filter((count) => count <= units.length).at(-1);
  const seen = units.slice(0, reached ?? units.length);
  const long = launchesOf(run, 'growth').filter(isLong);
  const confirmed = reached && long.length > 0 ? fromGrowthLaunch(seen.flat(), long, judged, levels) : null;
  if (confirmed) return settled(confirmed);
  const outcome = shortOutcome(seen, judged, levels, 'open');
  if (!reached) return settled(outcome);
  const would = `a launch of 10,000 requests, which would tell, had no time; ${growthBudget(run)} would hold it`;
  const withoutGrowthLaunch = isChange(screenHeap(seen, judged))
    ? { ...outcome, reason: `it looks like a leak; ${would}` }
    : unresolved(outcome, `short launches cannot tell a leak from snapshot noise; ${would}`);
  return { outcome, suspect: true, withoutGrowthLaunch };
};

/** Goroutine growth repeats nearly exactly, so the judged launches decide it at their looks. */
export const goroutineGrowthOutcome = (
  units: Units,
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): MetricOutcome => {
  const series = seriesOf(units, launchValues(judged.metric));
  const outcome = metricOutcomeOf(judged, judgeSequence(series, judged, looks, levels), 'judged');
  const [stuck] = stuckOnHead(units.flat(), null);
  // Too few for their number, but each is seen to be stuck, and base has none.
  return stuck === undefined || outcome.verdict === 'regressed'
    ? outcome
    : { ...outcome, verdict: 'regressed', reason: 'stuck after their requests, on head alone' };
};

export const isHeapGrowth = (metric: MetricId): boolean => metric === 'heapGrowthBytesPerRequest';
