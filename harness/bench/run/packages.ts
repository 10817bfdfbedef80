/** The packages with benchmarks of both sides, built once with the first layout. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { GodynoError, InterruptedError, UsageError } from '../../errors.ts';
import { type BySide, bothSides, type Side, SIDES } from '../../model/index.ts';
import { linkSeedOf } from '../../run/index.ts';
import {
  type Binary,
  type Linker,
  linkerOf,
  type PreparedTests,
  prepareTests,
  type TestBuild,
  type TestPackage,
} from '../../service/index.ts';
import { folderDigest, type SourceTree } from '../../source/index.ts';
import type { BrokenPackage } from '../judge/values.ts';
import type { BenchPlan } from './plan.ts';
import type { TestProgram } from './process.ts';

export interface TestedPackage {
  readonly importPath: string;
  readonly builds: BySide<TestBuild>;
  readonly linkers: BySide<Linker<TestBuild>>;
  readonly programs: BySide<TestProgram>;
  /** Wall clock of a whole `go test -c` of both sides. */
  readonly buildSeconds: number;
  /** Byte by byte, and so are the files around them. */
  readonly isSameProgram: boolean;
}

/** One side alone has it. */
export interface LonePackage {
  readonly importPath: string;
  readonly side: Side;
  readonly program: TestProgram;
}

export interface Packages {
  readonly both: readonly TestedPackage[];
  readonly lone: readonly LonePackage[];
  readonly broken: readonly BrokenPackage[];
  readonly goVersion: BySide<string>;
  /** Link seeds cannot be had; null when they can. */
  readonly unseededReason: string | null;
}

const prepared = async (plan: BenchPlan, side: Side): Promise<PreparedTests> =>
  prepareTests({
    side,
    moduleDir: join(plan.trees[side].rootDir, plan.place[side]),
    patterns: plan.patterns,
    buildFlags: plan.buildFlags,
    workDir: plan.workDir,
    signal: plan.signal,
  });

/** Where the tests of a package run: the same folder in the side's own copy. */
const ownPlace = ({ rootDir, ownDir }: SourceTree, dir: string): string => {
  const inside = relative(rootDir, dir);
  return inside.startsWith('..') ? dir : join(ownDir, inside);
};

const programOf = (plan: BenchPlan, side: Side, { dir }: TestPackage, { path }: Pick<Binary, 'path'>): TestProgram => {
  const scratch = join(plan.workDir, 'run', side);
  mkdirSync(scratch, { recursive: true });
  return { binary: path, dir: ownPlace(plan.trees[side], dir), scratch };
};

const digestOf = async (file: string): Promise<string> =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');

/** Benchmarks read files beside their package: those count, too. */
const areSame = async (programs: BySide<TestProgram>): Promise<boolean> => {
  const { base, head } = programs;
  if ((await digestOf(base.binary)) !== (await digestOf(head.binary))) return false;
  return (await folderDigest(base.dir)) === (await folderDigest(head.dir));
};

/** What kept a side from being built; anything but its own fault is thrown. */
const brokenBy = (error: unknown, importPath: string, side: Side): BrokenPackage => {
  if (!(error instanceof GodynoError) || error instanceof InterruptedError || error instanceof UsageError) throw error;
  return { package: importPath, side, why: error.message };
};

interface BuiltTests {
  readonly build: TestBuild;
  readonly linker: Linker<TestBuild>;
  readonly program: TestProgram;
}

type Built = BuiltTests | BrokenPackage;

const build = async (plan: BenchPlan, side: Side, found: TestPackage, linkSeed: number | null): Promise<Built> => {
  const linker = linkerOf(found.build);
  try {
    const binary = await linker.first({ linkSeed, cpus: null }, plan.signal);
    return { build: found.build, linker, program: programOf(plan, side, found, binary) };
  } catch (error) {
    return brokenBy(error, found.importPath, side);
  }
};

const isBroken = (built: Built): built is BrokenPackage => 'why' in built;

/** Without a benchmark nothing can be done: what was looked at, and what was found wrong. */
const nothingFound = (plan: BenchPlan, sides: BySide<PreparedTests>): UsageError => {
  const unlisted = SIDES.flatMap((side) => sides[side].unlisted.map(({ why }) => `${side}: ${why}`));
  const said = unlisted.length === 0 ? '' : `\n${unlisted.slice(0, 6).join('\n')}`;
  return new UsageError(
    'NO_BENCHMARKS',
    `No package of ${plan.patterns.join(' ')} has a benchmark on either side${said}`,
    'A benchmark is a func BenchmarkXxx(b *testing.B) in a _test.go file; name its packages as for go test: godyno bench ./... .',
  );
};

/** A package that go cannot even list is broken on that side, unless the side just does not have it. */
const unlistedOf = (sides: BySide<PreparedTests>): readonly BrokenPackage[] =>
  SIDES.flatMap((side) =>
    sides[side].unlisted
      .filter(({ name }) => sides[side === 'base' ? 'head' : 'base'].packages.some((one) => one.importPath === name))
      .map(({ name, why }) => ({ package: name, side, why })),
  );

/** Builds all of them; a package that does not compile spoils no other. Throws `NO_BENCHMARKS` (exit 2). */
export const buildPackages = async (plan: BenchPlan): Promise<Packages> => {
  const sides = { base: await prepared(plan, 'base'), head: await prepared(plan, 'head') };
  const { base, head } = sides;
  const unseededReason = base.unseededReason ?? head.unseededReason;
  const linkSeed = unseededReason === null ? linkSeedOf(plan.seed, 1) : null;
  const names = [...new Set([...base.packages, ...head.packages].map(({ importPath }) => importPath))];
  if (names.length === 0) throw nothingFound(plan, sides);
  const both: TestedPackage[] = [];
  const lone: LonePackage[] = [];
  const broken: BrokenPackage[] = [...unlistedOf(sides)];
  for (const [index, importPath] of names.entries()) {
    plan.say(`building the tests of ${importPath} (${index + 1} of ${names.length})`);
    const begunMs = performance.now();
    const found = bothSides((side) => sides[side].packages.find((one) => one.importPath === importPath));
    const [first, second] = await Promise.all(
      SIDES.map(async (side) => found[side] && build(plan, side, found[side], linkSeed)),
    );
    const built: Partial<BySide<Built>> = { ...(first && { base: first }), ...(second && { head: second }) };
    const buildSeconds = (performance.now() - begunMs) / 1000;
    broken.push(...Object.values(built).filter(isBroken));
    const whole = (side: Side) => {
      const one = built[side];
      return one === undefined || isBroken(one) ? undefined : one;
    };
    const [onBase, onHead] = [whole('base'), whole('head')];
    if (onBase !== undefined && onHead !== undefined) {
      const programs = { base: onBase.program, head: onHead.program };
      const linkers = { base: onBase.linker, head: onHead.linker };
      const builds = { base: onBase.build, head: onHead.build };
      both.push({ importPath, builds, linkers, programs, buildSeconds, isSameProgram: await areSame(programs) });
    } else if (onBase !== undefined) lone.push({ importPath, side: 'base', program: onBase.program });
    else if (onHead !== undefined) lone.push({ importPath, side: 'head', program: onHead.program });
  }
  return { both, lone, broken, goVersion: { base: base.goVersion, head: head.goVersion }, unseededReason };
};
