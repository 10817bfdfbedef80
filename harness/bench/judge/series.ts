/** From launches to one number each: by how much head differs from base. */
import { type BySide, bothSides } from '../../model/index.ts';
import { hodgesLehmann, mean, sum } from '../../stats/index.ts';
import type { BenchClock, BenchLaunch, BenchmarkRun, GateMetric, Slice, Stage, Turn } from './values.ts';

const CLOCKS: Readonly<Record<BenchClock, (turn: Turn) => number>> = {
  cpu: ({ cpuNs }) => cpuNs,
  wall: ({ wallNs }) => wallNs,
};

const COUNTERS: Readonly<Record<Exclude<GateMetric, 'time'>, (slice: Slice) => number>> = {
  allocs: ({ mallocs }) => mallocs,
  bytes: ({ allocBytes }) => allocBytes,
};

/** Below these a difference is measured against them: one allocation more where there was none is 100 %. */
const LEAST: Readonly<Record<GateMetric, number>> = { time: 0, allocs: 1, bytes: 16 };

/**
 * What the runtime allocates by itself in a slice now and then is no change: so much of it is as large as the smallest
 * change that counts, half a per cent of this.
 */
const LEAST_OF_SLICE: Readonly<Record<GateMetric, number>> = { time: 0, allocs: 200, bytes: 40_000 };

/** Per operation of one launch. */
const perOperation = ({ pairs, alone }: BenchLaunch, metric: GateMetric, clock: BenchClock): BySide<number> =>
  bothSides((side) => {
    if (metric !== 'time') return COUNTERS[metric](alone[side]) / alone[side].iterations;
    const turns = pairs.map((pair) => pair[side]);
    return sum(turns.map(CLOCKS[clock])) / sum(turns.map(({ iterations }) => iterations));
  });

/** What disturbs one turn of one side is an outlier among couples: their pseudo-median leaves it out. */
const timeOf = ({ pairs }: BenchLaunch, clock: BenchClock): number => {
  const read = CLOCKS[clock];
  return hodgesLehmann(
    pairs.map(({ base, head }) => Math.log((read(head) * base.iterations) / (read(base) * head.iterations))),
  );
};

/** One value per launch of a stage: a log-ratio for times, a relative difference for what may be 0. */
export const seriesOf = (run: BenchmarkRun, metric: GateMetric, stage: Stage): readonly number[] => {
  const launches = run.launches.filter((launch) => launch.stage === stage);
  if (metric === 'time') return launches.map((launch) => timeOf(launch, run.clock)).filter(Number.isFinite);
  const each = launches.map((launch) => perOperation(launch, metric, run.clock));
  const least = Math.max(LEAST[metric], LEAST_OF_SLICE[metric] / run.iterations);
  const usual = each.reduce((sum, { base }) => sum + base, 0) / Math.max(1, each.length);
  return each.map(({ base, head }) => (head - base) / Math.max(usual, least));
};

/** The mean over launches of a stage, per operation. */
export const meanOf = (run: BenchmarkRun, metric: GateMetric, stage: Stage): BySide<number> => {
  const each = run.launches
    .filter((launch) => launch.stage === stage)
    .map((launch) => perOperation(launch, metric, run.clock));
  return { base: mean(each.map(({ base }) => base)), head: mean(each.map(({ head }) => head)) };
};

/** As a ratio of what it was, for people. */
export const ratioOf = (metric: GateMetric, value: number): number => (metric === 'time' ? Math.expm1(value) : value);
