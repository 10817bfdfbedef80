/** From launches to the units that are judged: one value pair per unit, in the order in which they were measured. */
import { countedPairs, counterPerRequest, phaseOf, readLaunchSide, readWindow } from '../../metrics/index.ts';
import type { Launch, LaunchSide, MetricId, Pair, Phase, ScenarioRun, Side, Stage, Window } from '../../model/index.ts';
import { mean, sum } from '../../stats/index.ts';

/** Base's and head's value of one window, or of one launch. */
export interface ValuePair {
  readonly base: number;
  readonly head: number;
}

/** What one unit (a launch, or all launches of a link seed) has of one metric; a launch lists its windows. */
export interface UnitValues {
  readonly launches: readonly (readonly ValuePair[])[];
}

/** Launches of one stage, in order. */
export const launchesOf = (run: ScenarioRun, stage: Stage): readonly Launch[] =>
  run.launches.filter((launch) => launch.stage === stage);

const beginOf = ({ endedSeconds = 0, wallSeconds }: Launch): number => endedSeconds - wallSeconds;

/** Launches may run beside one another: the time in which at least one of them did. Older runs had one at a time. */
export const wallSecondsOf = (launches: readonly Launch[]): number => {
  if (launches.some(({ endedSeconds }) => endedSeconds === undefined))
    return sum(launches.map(({ wallSeconds }) => wallSeconds));
  let covered = 0;
  let until = 0;
  for (const { endedSeconds = 0, wallSeconds } of launches.toSorted((a, b) => beginOf(a) - beginOf(b))) {
    covered += Math.max(0, endedSeconds - Math.max(until, endedSeconds - wallSeconds));
    until = Math.max(until, endedSeconds);
  }
  return covered;
};

const hasCost = (launch: Launch): boolean =>
  launch.pairs.some((pair) => pair.phase === 'cost' && pair.discarded === null);

const groupBySeed = (launches: readonly Launch[]): readonly (readonly Launch[])[] => {
  const groups: Launch[][] = [];
  for (const launch of launches) {
    const last = groups.at(-1);
    if (last && launch.linkSeed !== null && last[0]?.linkSeed === launch.linkSeed) last.push(launch);
    else groups.push([launch]);
  }
  return groups;
};

/**
 * The units of a run: judged launches with at least one cost pair that counts; launches of one link seed form one unit.
 * A last seed that still misses launches its forerunners had is left out, since its mean is noisier than theirs.
 */
export const unitsOf = (run: ScenarioRun): readonly (readonly Launch[])[] => {
  const groups = groupBySeed(launchesOf(run, 'judged').filter(hasCost));
  const usual = groups[0]?.length ?? 0;
  const last = groups.at(-1);
  return groups.length > 1 && last && last.length < usual ? groups.slice(0, -1) : groups;
};

/** Each launch a unit of its own, whichever layout it had: for what does not move with the layout of the code. */
export const launchUnits = (run: ScenarioRun): readonly (readonly Launch[])[] =>
  launchesOf(run, 'judged')
    .filter(hasCost)
    .map((launch) => [launch]);

type PairReader = (pair: Pair) => ValuePair | undefined;

const both = (base: number | undefined, head: number | undefined): ValuePair | undefined =>
  base === undefined || head === undefined ? undefined : { base, head };

const readPairs = (launch: Launch, phase: Phase, read: PairReader): readonly ValuePair[] =>
  countedPairs(launch, phase).flatMap((pair) => read(pair) ?? []);

const ofWindows =
  (read: (window: Window) => number | undefined, phase: Phase) =>
  (launch: Launch): readonly ValuePair[] =>
    readPairs(launch, phase, (pair) => both(read(pair.base), read(pair.head)));

const ofSides =
  (read: (side: LaunchSide) => number | undefined) =>
  (launch: Launch): readonly ValuePair[] => {
    const values = both(read(launch.sides.base), read(launch.sides.head));
    return values ? [values] : [];
  };

type LaunchValues = (launch: Launch) => readonly ValuePair[];

/** Reads one metric of a launch: its windows of the right phase, or the launch as a whole. */
export const launchValues = (metric: MetricId): LaunchValues => {
  const phase = phaseOf(metric);
  return phase
    ? ofWindows((window) => readWindow(metric, window), phase)
    : ofSides((side) => readLaunchSide(metric, side));
};

/** Any window reading as launch values, e.g. the couples' service time. */
export const windowValues = ofWindows;

/** The series of one metric, unit by unit; units without a value on both sides are left out. */
export const seriesOf = (units: readonly (readonly Launch[])[], read: LaunchValues): readonly UnitValues[] =>
  units
    .map((launches) => ({ launches: launches.map(read).filter((values) => values.length > 0) }))
    .filter(({ launches }) => launches.length > 0);

/** Which sides have a value anywhere, to tell "not measured" from "not measured on base". */
export const measuredSides = (
  launches: readonly Launch[],
  metric: MetricId,
): { readonly base: boolean; readonly head: boolean } => {
  const phase = phaseOf(metric);
  const has = (side: 'base' | 'head'): boolean =>
    launches.some((launch) =>
      phase
        ? countedPairs(launch, phase).some((pair) => readWindow(metric, pair[side]) !== undefined)
        : readLaunchSide(metric, launch.sides[side]) !== undefined,
    );
  return { base: has('base'), head: has('head') };
};

const meanBy = (unit: UnitValues, value: (pair: ValuePair) => number): number =>
  mean(unit.launches.map((windows) => mean(windows.map(value))));

/** How two values are compared: log-ratio, or difference where a zero forbids a ratio. */
export type EffectScale = 'ratio' | 'absolute';

/**
 * `floor` is added to both values before they are compared as a ratio: what is below it is nothing, so that ten times
 * nothing is nothing, too, and zeros need no other scale. 0 for metrics that have no such amount.
 */
const contrastOf = (scale: EffectScale, floor: number): ((pair: ValuePair) => number) =>
  scale === 'ratio'
    ? ({ base, head }) => Math.log(head + floor) - Math.log(base + floor)
    : ({ base, head }) => head - base;

/** One contrast per unit: the mean over its launches of their mean over windows. */
export const unitContrasts = (units: readonly UnitValues[], scale: EffectScale, floor = 0): readonly number[] =>
  units.map((unit) => meanBy(unit, contrastOf(scale, floor)));

/** One contrast per window. */
export const windowContrasts = (units: readonly UnitValues[], scale: EffectScale): readonly number[] =>
  units.flatMap(({ launches }) => launches.flatMap((windows) => windows.map(contrastOf(scale, 0))));

/** Means of both sides over units. */
export const sideMeans = (units: readonly UnitValues[]): ValuePair => ({
  base: mean(units.map((unit) => meanBy(unit, ({ base }) => base))),
  head: mean(units.map((unit) => meanBy(unit, ({ head }) => head))),
});

/** A ratio needs something positive on both sides everywhere. */
export const scaleFor = (units: readonly UnitValues[], floor = 0): EffectScale =>
  units.every(({ launches }) =>
    launches.every((windows) => windows.every(({ base, head }) => base + floor > 0 && head + floor > 0)),
  )
    ? 'ratio'
    : 'absolute';

/** Fewer than one in twenty requests: a timer or a collection now and then, not the requests. */
const FEWEST_MALLOCS = 0.05;

/** Whether the requests of one side took no allocation; false where none were counted. */
export const allocatesNothing = (pairs: readonly Pair[], side: Side): boolean =>
  (counterPerRequest(pairs, side, 'mallocs') ?? FEWEST_MALLOCS) < FEWEST_MALLOCS;
