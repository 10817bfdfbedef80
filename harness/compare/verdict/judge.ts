/** One metric, judged at one look or over all looks: units in, direction with its figures out. */
import { metricDef } from '../../metrics/index.ts';
import {
  changeInterval,
  changePValue,
  decide,
  equivalenceInterval,
  estimate,
  hull,
  LOOKS,
  smallestDetectable,
  studentIntervalOf,
  unitsNeeded,
  type Direction,
  type Interval,
  type Levels,
  type Limits,
} from '../../stats/index.ts';
import type { JudgedMetric } from './gates.ts';
import {
  scaleFor,
  sideMeans,
  unitContrasts,
  windowContrasts,
  type EffectScale,
  type UnitValues,
} from './launch-series.ts';

/** What one look says of one metric. Contrasts are ln(head / base), or head − base in the metric's unit. */
export interface Judgement {
  readonly scale: EffectScale;
  readonly unit: 'launch' | 'window';
  /** Launches or windows behind it. */
  readonly n: number;
  /** Units (launches or link seeds) consumed. */
  readonly units: number;
  readonly base: number;
  readonly head: number;
  readonly centre: number;
  readonly interval: Interval;
  readonly level: number;
  readonly limits: Limits;
  readonly direction: Direction;
  /** At this look alone, two-sided. */
  readonly pValue: number;
  readonly detectable: number;
  readonly needed: number;
}

/** Fewer units give no interval at all. */
const FEWEST_UNITS = 2;

/** A leak of exactly one in 100 shows as 6 in 650 or 7 in 650: whole counts must not slip under the limit. */
export const COUNTING_SLACK = 0.75;

/** @param floor what both sides had added before they were compared ({@link waitFloor}) */
export const ratioLimits = (judged: JudgedMetric, base: number, head: number, floor = 0): Limits => {
  // The smaller side, so that exchanging the sides mirrors the verdict; for a regression that is base.
  const smaller = Math.min(base, head);
  const least = judged.practicalAbsolute;
  return {
    practical: Math.log1p(Math.max(smaller * (judged.practicalRatio ?? 0), least) / (smaller + floor)),
    equivalent: Math.log1p(Math.max(smaller * (judged.equivalentRatio ?? 0), 2 * least) / (smaller + floor)),
  };
};

/**
 * Waiting is next to nothing in most services, and next to nothing varies a thousandfold from launch to launch: what is
 * below the metric's own least amount is compared as that amount.
 */
const waitFloor = ({ metric }: JudgedMetric): number => {
  const { stage, practicalAbsolute } = metricDef(metric);
  return stage === 'contention' ? practicalAbsolute : 0;
};

export const differenceLimits = (judged: JudgedMetric, base: number, head: number): Limits => {
  if (judged.equivalentAbsolute !== null) {
    return { practical: judged.practicalAbsolute * COUNTING_SLACK, equivalent: judged.equivalentAbsolute };
  }
  const smaller = Math.min(base, head);
  return {
    practical: Math.max(judged.practicalAbsolute, smaller * (judged.practicalRatio ?? 0)),
    equivalent: Math.max(2 * judged.practicalAbsolute, smaller * (judged.equivalentRatio ?? 0)),
  };
};

/** Whether this metric's unit is the window: its counters repeat almost exactly. */
const byWindow = ({ metric }: JudgedMetric): boolean => metricDef(metric).method === 'windows';

const isGrowth = ({ metric }: JudgedMetric): boolean => metricDef(metric).method === 'growth';

interface Contrasts {
  readonly unit: Judgement['unit'];
  readonly values: readonly number[];
  /** Unit means; null when they are the values. */
  readonly coarse: readonly number[] | null;
}

const contrastsOf = (units: readonly UnitValues[], judged: JudgedMetric, scale: EffectScale): Contrasts => {
  const coarse = unitContrasts(units, scale, waitFloor(judged));
  if (!byWindow(judged)) return { unit: 'launch', values: coarse, coarse: null };
  return { unit: 'window', values: windowContrasts(units, scale), coarse };
};

/** Windows of a launch share its caches and hash seeds; where launches differ more than that, their say is held too. */
const widenByLaunch = (interval: Interval, { coarse }: Contrasts, level: number): Interval =>
  coarse && coarse.length >= FEWEST_UNITS ? hull(interval, studentIntervalOf(coarse, level)) : interval;

/** Judges what has been measured so far at one level. undefined: not enough for any interval. */
export const judgeOnce = (
  units: readonly UnitValues[],
  judged: JudgedMetric,
  levels: Levels,
): Judgement | undefined => {
  if (units.length === 0) return undefined;
  const floor = waitFloor(judged);
  const scale = isGrowth(judged) ? 'absolute' : scaleFor(units, floor);
  const contrasts = contrastsOf(units, judged, scale);
  if (contrasts.values.length < FEWEST_UNITS) return undefined;
  const { base, head } = sideMeans(units);
  const limits = scale === 'ratio' ? ratioLimits(judged, base, head, floor) : differenceLimits(judged, base, head);
  const at = estimate(contrasts.values);
  const interval = widenByLaunch(changeInterval(at, levels.change), contrasts, levels.change);
  const equivalence = widenByLaunch(equivalenceInterval(at, levels.equivalence), contrasts, levels.equivalence);
  const identical = at.centre === 0 && at.standardError === 0;
  return {
    scale,
    unit: contrasts.unit,
    n: at.n,
    units: units.length,
    base,
    head,
    centre: at.centre,
    interval,
    level: levels.change,
    limits,
    direction: identical ? 'same' : decide(at.centre, interval, equivalence, limits),
    pValue: changePValue(at),
    detectable: smallestDetectable(at, interval, limits),
    needed: unitsNeeded({ n: at.n, centre: at.centre, change: interval, equivalence, limits }),
  };
};

/** A metric after the looks that could be taken. */
export interface Sequence {
  /** The look it was decided at, else the last one; null before the first. */
  readonly last: Judgement | null;
  readonly decided: boolean;
  /** min(1, K × smallest two-sided p so far): valid whatever the stopping; null before the first look. */
  readonly pValue: number | null;
}

/**
 * A change is final at any look. That nothing changed is, in the few launches of an early look, only the last word so
 * far: what one process in five does was perhaps not among them, and whoever goes on for other gates sees it.
 */
export const isFinal = (direction: Direction, look: number): boolean =>
  direction === 'up' || direction === 'down' || (direction === 'same' && look >= LOOKS[0]);

/**
 * Replays the looks over prefixes of the units, so that the same data give the same answer whenever it is asked, and
 * a verdict stays what it was at its look.
 */
export const judgeSequence = (
  units: readonly UnitValues[],
  judged: JudgedMetric,
  looks: readonly number[],
  levels: Levels,
): Sequence => {
  let last: Judgement | null = null;
  let smallest = 1;
  for (const look of looks) {
    if (look > units.length) break;
    const judgement = judgeOnce(units.slice(0, look), judged, levels);
    if (!judgement) break;
    last = judgement;
    smallest = Math.min(smallest, judgement.pValue);
    if (isFinal(judgement.direction, look)) break;
  }
  return {
    last,
    decided: last !== null && last.direction !== 'open',
    pValue: last === null ? null : Math.min(1, looks.length * smallest),
  };
};
