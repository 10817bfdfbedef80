/** Which benchmarks run nothing that was changed: they are run once with Go's coverage counters, on both sides. */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { GodynoError, InterruptedError } from '../../errors.ts';
import { bothSides, type BySide, type Side, SIDES } from '../../model/index.ts';
import { discardBinary, linkBinary, type TestBuild } from '../../service/index.ts';
import { diffSides } from '../../source/index.ts';
import { changedOn, type ChangedFile, readCoverage, runsChanged } from '../judge/code-path.ts';
import type { FoundBenchmark } from './find.ts';
import type { TestedPackage } from './packages.ts';
import { patternOf } from './pattern.ts';
import { type BenchPlan, orNull } from './plan.ts';
import { runBenchmarks, type TestProgram } from './process.ts';

/** Fewer are measured in less time than it takes to build them with counters. */
const WORTH_BENCHMARKS = 4;
const TIMEOUT_SECONDS = 60;

/** What differs between the sides, for both; null where it cannot be told. */
export type Changes = BySide<readonly ChangedFile[]> | null;

/** A binary file, or a folder, has no lines. */
const textOf = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
};

export const changesOf = async (plan: BenchPlan): Promise<Changes> => {
  const { trees, place, signal } = plan;
  if (place.base !== place.head) return null;
  const { files } = await diffSides({ ...trees, module: place.head, signal });
  return bothSides((side) =>
    files.map((diff) => {
      const changed = changedOn(side, diff);
      return { ...changed, text: textOf(join(trees[side].rootDir, place[side], changed.file)) };
    }),
  );
};

const withCounters = (build: TestBuild): TestBuild => {
  const binFolder = join(build.binFolder, 'covered');
  mkdirSync(binFolder, { recursive: true });
  return { ...build, binFolder, flags: [...build.flags, '-cover', '-covermode=set', '-coverpkg=./...'] };
};

/** What the benchmark runs of what was changed, on one side; true where that cannot be told. */
const runsChangedOn = async (
  plan: BenchPlan,
  side: Side,
  program: TestProgram,
  name: string,
  changed: readonly ChangedFile[],
): Promise<boolean> => {
  const profile = join(program.scratch, 'covered.txt');
  rmSync(profile, { force: true });
  const call = {
    pattern: patternOf(name),
    benchtime: '1x',
    procs: 1,
    cpus: orNull(plan.targetCpus),
    timeoutSeconds: TIMEOUT_SECONDS,
    coverProfile: profile,
  };
  const { trouble } = await runBenchmarks(program, call, plan.signal);
  if (trouble !== null || !existsSync(profile)) return true;
  const { ownDir } = plan.trees[side];
  const folder = relative(join(ownDir, plan.place[side]), program.dir);
  return runsChanged(changed, readCoverage(readFileSync(profile, 'utf8')), folder === '' ? '' : `${folder}/`);
};

const bothCovered = async (plan: BenchPlan, tested: TestedPackage): Promise<BySide<TestProgram> | null> => {
  const request = { linkSeed: null, cpus: null, contents: 'no debug information' } as const;
  try {
    const base = await linkBinary(withCounters(tested.builds.base), request, plan.signal);
    const head = await linkBinary(withCounters(tested.builds.head), request, plan.signal);
    return bothSides((side) => ({ ...tested.programs[side], binary: { base, head }[side].path }));
  } catch (error) {
    // Without counters all are measured.
    if (!(error instanceof GodynoError) || error instanceof InterruptedError) throw error;
    return null;
  }
};

/** The same benchmarks; those that run nothing of what was changed are said to, as far as they were looked at by `untilMs`. */
export const withCodePaths = async (
  plan: BenchPlan,
  changes: Changes,
  tested: TestedPackage,
  found: readonly FoundBenchmark[],
  untilMs: number,
): Promise<readonly FoundBenchmark[]> => {
  const isLate = (): boolean => performance.now() >= untilMs;
  const measured = found.filter(({ state }) => state.kind === 'measured').length;
  if (changes === null || measured < WORTH_BENCHMARKS || isLate()) return found;
  const programs = await bothCovered(plan, tested);
  if (programs === null) return found;
  const looked: FoundBenchmark[] = [];
  for (const one of found) {
    let runs = one.state.kind !== 'measured' || isLate();
    for (const side of SIDES) runs ||= await runsChangedOn(plan, side, programs[side], one.name, changes[side]);
    looked.push(runs ? one : { ...one, state: { kind: 'same path' } });
  }
  await Promise.all(SIDES.map(async (side) => discardBinary({ path: programs[side].binary })));
  return looked;
};
