/** One benchmark while it is measured: what a launch of it is, and the launches so far. */
import { type BySide, type Side, SIDES } from '../../model/index.ts';
import { coin } from '../../run/index.ts';
import type { BenchClock, BenchLaunch, BenchmarkRun, BenchState, Slice, Stage, Turn } from '../judge/values.ts';
import type { FoundBenchmark } from './find.ts';
import type { LinkedPrograms } from './links.ts';
import { patternOf } from './pattern.ts';
import { type BenchPlan, orNull } from './plan.ts';
import { type BenchAnswer, runInTurns } from './process.ts';

/** Less CPU time than this of the wall's is waiting: half of a CPU is what a busy neighbour leaves. */
const WAITS_BELOW = 0.3;

/** Of a launch that takes far longer than base's trial said: head may well be slower, by this much. */
const SLOWEST_RATIO = 20;
const LEAST_TIMEOUT_SECONDS = 20;

/** A number of iterations that Go takes. */
const MOST_ITERATIONS = 1e9;

/**
 * What else the machine does changes from one hundredth of a second to the next: the shorter both sides' turns, the more
 * of it they share. But a process that has waited takes 6 ms to come to rest (service/building/testing-hook.go.txt).
 */
const TURN_SECONDS = 0.012;
/** Set-up that is run in every turn is not to take more of it than what is measured, as far as this. */
const LONGEST_TURN_SECONDS = 0.06;
const MOST_COUPLES = 24;
/** After a wait so much of a turn comes before it, and is not measured. */
const WARM_SHARE = 1 / 2;

export interface Measured {
  readonly run: BenchmarkRun;
  /** A turn of each side. */
  readonly couples: number;
  readonly coupleSeconds: number;
}

const clockOf = ({ cpuNs, wallNs }: Slice): BenchClock => (cpuNs < WAITS_BELOW * wallNs ? 'wall' : 'cpu');

/** Iterations of a turn, and couples of turns that fit into `launchSeconds`; at least one of each. */
export const beginBenchmark = (
  pkg: string,
  found: FoundBenchmark,
  launchSeconds: number,
  parallelCpus: number,
): Measured => {
  const { name, state, trial } = found;
  const isParallel = found.isParallel && parallelCpus > 1;
  const { iterations: tried = 1, wallNs = 1 } = trial?.slice ?? {};
  const clock = trial === null || isParallel ? 'wall' : clockOf(trial.slice);
  const perOperation = Math.max(0.1, (clock === 'cpu' ? (trial?.slice.cpuNs ?? 1) : wallNs) / tried) / 1e9;
  const around = Math.max(0, (trial?.wholeNs ?? 0) - wallNs) / 1e9;
  const turn = Math.min(LONGEST_TURN_SECONDS, Math.max(TURN_SECONDS, around));
  const iterations = Math.min(MOST_ITERATIONS, Math.max(1, Math.round(turn / perOperation)));
  const coupleSeconds = 2 * (iterations * perOperation * (1 + WARM_SHARE) + around);
  return {
    run: {
      package: pkg,
      name,
      state,
      procs: isParallel ? parallelCpus : 1,
      iterations,
      clock,
      isParallel,
      launches: [],
    },
    couples: Math.min(MOST_COUPLES, Math.max(1, Math.floor(launchSeconds / coupleSeconds))),
    coupleSeconds,
  };
};

type Failed = BenchState & { readonly kind: 'failed' };

const slicesOf = ({ lines }: BenchAnswer, name: string): readonly Slice[] =>
  lines.flatMap((line) =>
    line.kind === 'measured' && line.name === name && line.slice.wallNs > 0 ? [line.slice] : [],
  );

const whyOf = ({ trouble, lines }: BenchAnswer): string =>
  trouble ?? (lines.some(({ kind }) => kind === 'skipped') ? 'it was skipped' : 'it ended without a result');

/** Sides whose answers are not whole; one that was ended because the other failed is not to blame. */
const failureOf = (answers: Partial<BySide<BenchAnswer>>, name: string, couples: number): Failed | null => {
  const sides = SIDES.filter((side) => {
    const answer = answers[side];
    return answer !== undefined && slicesOf(answer, name).length <= couples;
  });
  const [first] = sides;
  const answer = first === undefined ? undefined : answers[first];
  if (answer === undefined) return null;
  return { kind: 'failed', sides, why: whyOf(answer), output: answer.output };
};

export interface LaunchSpec extends Pick<LinkedPrograms, 'linkSeed' | 'programs'> {
  readonly stage: Stage;
  /** How many times as many couples as planned. */
  readonly times: number;
}

const turnOf = ({ iterations, wallNs, cpuNs }: Slice): Turn => ({ iterations, wallNs, cpuNs });

const tryLaunch = async (plan: BenchPlan, at: Measured, spec: LaunchSpec): Promise<BenchLaunch | Failed> => {
  const { run, coupleSeconds } = at;
  const couples = at.couples * spec.times;
  const count = run.launches.length + 1;
  const firstSides = Array.from(
    { length: couples },
    (_, couple): Side => (coin(plan.seed, run.package, run.name, count, couple) ? 'base' : 'head'),
  );
  const call = {
    pattern: patternOf(run.name),
    benchtime: `${run.iterations}x`,
    procs: run.procs,
    cpus: orNull(run.isParallel ? plan.usableCpus : plan.targetCpus),
    timeoutSeconds: Math.ceil(LEAST_TIMEOUT_SECONDS + SLOWEST_RATIO * couples * coupleSeconds),
    firstSides,
  };
  const answers = await runInTurns(spec.programs, call, plan.signal);
  const failed = failureOf(answers, run.name, couples);
  const { base, head } = answers;
  if (failed !== null || base === undefined || head === undefined) {
    return failed ?? { kind: 'failed', sides: [], why: 'it ended without a result', output: '' };
  }
  const [baseAlone, ...bases] = slicesOf(base, run.name);
  const [headAlone, ...heads] = slicesOf(head, run.name);
  if (baseAlone === undefined || headAlone === undefined) throw new RangeError('a whole answer has its slices');
  const pairs = bases.flatMap((slice, couple) => {
    const other = heads[couple];
    return other === undefined ? [] : [{ base: turnOf(slice), head: turnOf(other) }];
  });
  return {
    stage: spec.stage,
    linkSeed: spec.linkSeed,
    firstSides,
    alone: { base: baseAlone, head: headAlone },
    pairs,
  };
};

/** As it was with one launch more; where a side fails twice at that, what it fails with. */
export const withLaunch = async (plan: BenchPlan, at: Measured, spec: LaunchSpec): Promise<Measured> => {
  const first = await tryLaunch(plan, at, spec);
  const launch = 'kind' in first ? await tryLaunch(plan, at, spec) : first;
  const { run } = at;
  if ('kind' in launch) return { ...at, run: { ...run, state: launch } };
  return { ...at, run: { ...run, launches: [...run.launches, launch] } };
};
