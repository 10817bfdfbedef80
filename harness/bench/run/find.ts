/** Which benchmarks there are: by running each once on both sides. */
import { type BySide, type Side, SIDES } from '../../model/index.ts';
import type { BenchState } from '../judge/values.ts';
import { topOf, withinTop } from './pattern.ts';
import { type BenchPlan, orNull } from './plan.ts';
import { type BenchAnswer, listBenchmarks, runBenchmarks, type TestProgram } from './process.ts';
import type { BenchLine } from './results-file.ts';

/** A first iteration may build what later ones use. */
const FIRST_RUN_SECONDS = 60;

/** Of a trial on base: long enough to tell what an iteration takes. Head is only to show that it runs. */
const TRIAL = { base: '30ms', head: '1x' } as const;

type MeasuredLine = BenchLine & { readonly kind: 'measured' };

export interface FoundBenchmark {
  readonly name: string;
  readonly state: BenchState;
  readonly isParallel: boolean;
  /** A short one of base, where it was measured: what an iteration takes. */
  readonly trial: MeasuredLine | null;
}

type Outcome =
  | { readonly kind: 'absent' }
  | { readonly kind: 'measured'; readonly line: MeasuredLine }
  | { readonly kind: 'skipped' }
  | { readonly kind: 'failed'; readonly why: string; readonly output: string };

const ABSENT: Outcome = { kind: 'absent' };

interface Tried {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  /** What became of those that are not named: not reached, or not there. */
  readonly rest: Outcome;
}

/** What became of each benchmark below one top-level function; the function itself where it ended before any. */
const outcomesOf = (top: string, { lines, trouble, output }: BenchAnswer): ReadonlyMap<string, Outcome> => {
  const outcomes = new Map<string, Outcome>();
  for (const line of lines) {
    const known = outcomes.get(line.name);
    if (known?.kind === 'failed') continue;
    if (line.kind === 'measured') outcomes.set(line.name, { kind: 'measured', line });
    else if (line.kind === 'skipped') outcomes.set(line.name, { kind: 'skipped' });
    else outcomes.set(line.name, { kind: 'failed', why: trouble ?? 'it called b.Error or b.Fatal', output });
  }
  const isTold = [...outcomes.values()].some(({ kind }) => kind === 'failed');
  if (trouble !== null && !isTold) outcomes.set(top, { kind: 'failed', why: trouble, output });
  // A parent fails because its child did, and has no result of its own.
  const hasFailedChild = [...outcomes].some(([name, { kind }]) => name.startsWith(`${top}/`) && kind === 'failed');
  if (hasFailedChild && outcomes.get(top)?.kind === 'failed') outcomes.delete(top);
  return outcomes;
};

const stateOf = (outcomes: BySide<Outcome>): BenchState => {
  const sidesOf = (kind: Outcome['kind']): readonly Side[] => SIDES.filter((side) => outcomes[side].kind === kind);
  const failed = sidesOf('failed');
  const [first] = failed.toReversed();
  const outcome = first === undefined ? ABSENT : outcomes[first];
  if (outcome.kind === 'failed') return { kind: 'failed', sides: failed, why: outcome.why, output: outcome.output };
  const skipped = sidesOf('skipped');
  if (skipped.length > 0) return { kind: 'skipped', sides: skipped };
  if (outcomes.base.kind === 'absent') return { kind: 'new' };
  return outcomes.head.kind === 'absent' ? { kind: 'gone' } : { kind: 'measured' };
};

const foundOf = (name: string, outcomes: BySide<Outcome>): FoundBenchmark => {
  const { base, head } = outcomes;
  const isParallel = [base, head].some((one) => one.kind === 'measured' && one.line.isParallel);
  return { name, state: stateOf(outcomes), isParallel, trial: base.kind === 'measured' ? base.line : null };
};

/** Top-level names in the order of the source, head's first. */
const topsOf = async (
  plan: BenchPlan,
  programs: Partial<BySide<TestProgram>>,
): Promise<{ readonly tops: readonly string[]; readonly failed: readonly FoundBenchmark[] }> => {
  const tops = new Set<string>();
  const failed: FoundBenchmark[] = [];
  for (const side of ['head', 'base'] as const) {
    const program = programs[side];
    if (program === undefined) continue;
    const listed = await listBenchmarks(program, topOf(plan.bench), FIRST_RUN_SECONDS, plan.signal);
    if ('names' in listed) for (const name of listed.names) tops.add(name);
    else {
      const state = { kind: 'failed', sides: [side], why: listed.trouble, output: listed.output } as const;
      failed.push({ name: '(its TestMain)', state, isParallel: false, trial: null });
    }
  }
  return { tops: [...tops], failed };
};

const tried = async (plan: BenchPlan, side: Side, program: TestProgram | undefined, top: string): Promise<Tried> => {
  if (program === undefined) return { outcomes: new Map(), rest: ABSENT };
  const call = {
    pattern: withinTop(top, plan.bench),
    benchtime: TRIAL[side],
    procs: 1,
    cpus: orNull(plan.targetCpus),
    timeoutSeconds: FIRST_RUN_SECONDS,
  };
  const answer = await runBenchmarks(program, call, plan.signal);
  const { trouble, output } = answer;
  const rest: Outcome = trouble === null ? ABSENT : { kind: 'failed', why: trouble, output };
  return { outcomes: outcomesOf(top, answer), rest };
};

const namesOf = (base: Tried, head: Tried): readonly string[] => [
  ...new Set([...base.outcomes.keys(), ...head.outcomes.keys()]),
];

const joined = (base: Tried, head: Tried): readonly FoundBenchmark[] =>
  namesOf(base, head).map((name) =>
    foundOf(name, { base: base.outcomes.get(name) ?? base.rest, head: head.outcomes.get(name) ?? head.rest }),
  );

const failsOnHeadAlone = ({ state }: FoundBenchmark): boolean =>
  state.kind === 'failed' && state.sides.length === 1 && state.sides[0] === 'head';

/** What fails on head alone is tried again: a regression is told of what fails twice. */
const findBelow = async (
  plan: BenchPlan,
  programs: Partial<BySide<TestProgram>>,
  top: string,
): Promise<readonly FoundBenchmark[]> => {
  const base = await tried(plan, 'base', programs.base, top);
  const head = await tried(plan, 'head', programs.head, top);
  const found = joined(base, head);
  if (!found.some(failsOnHeadAlone) || programs.base === undefined) return found;
  return joined(base, await tried(plan, 'head', programs.head, top));
};

const untried = (name: string): FoundBenchmark => ({
  name,
  state: { kind: 'untried' },
  isParallel: false,
  trial: null,
});

/**
 * A side that a package lacks has none of its benchmarks. From `untilMs` on (of `performance.now()`) top-level functions
 * are only listed.
 */
export const findBenchmarks = async (
  plan: BenchPlan,
  programs: Partial<BySide<TestProgram>>,
  untilMs: number,
): Promise<readonly FoundBenchmark[]> => {
  const { tops, failed } = await topsOf(plan, programs);
  if (failed.length > 0) return failed;
  const found: FoundBenchmark[] = [];
  for (const top of tops) {
    const isLate = performance.now() >= untilMs;
    found.push(...(isLate ? [untried(top)] : await findBelow(plan, programs, top)));
  }
  return found;
};

/** Their names alone, of programs that need not be run. */
export const listOnly = async (plan: BenchPlan, program: TestProgram): Promise<readonly FoundBenchmark[]> => {
  const { tops, failed } = await topsOf(plan, { head: program });
  if (failed.length > 0) return failed;
  return tops.map((name) => ({ name, state: { kind: 'same program' }, isParallel: false, trial: null }));
};
