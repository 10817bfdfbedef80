/** The order of things: builds, finding, screening, confirming; and the time each may take. */
import { randomFrom, type RandomSource } from '../../stats/index.ts';
import type { BySide } from '../../model/index.ts';
import { bindSelf } from '../../process/index.ts';
import { mixSeed } from '../../run/index.ts';
import { formatNumberOf } from '../../units/index.ts';
import { openSuspects } from '../judge/confirm.ts';
import { CONFIRM_LOOKS, SCREEN_LOOKS } from '../judge/limits.ts';
import { screenBenchmark } from '../judge/screen.ts';
import { type BenchmarkRun, benchmarkKey, type BrokenPackage, type Stage } from '../judge/values.ts';
import { type Changes, changesOf, withCodePaths } from './code-paths.ts';
import { findBenchmarks, type FoundBenchmark, listOnly } from './find.ts';
import { type Layouts, type LinkedPrograms, withLayouts } from './links.ts';
import { beginBenchmark, type Measured, withLaunch } from './measured.ts';
import { buildPackages, type Packages, type TestedPackage } from './packages.ts';
import type { BenchPlan } from './plan.ts';

export interface Conducted {
  readonly benchmarks: readonly BenchmarkRun[];
  readonly broken: readonly BrokenPackage[];
  readonly goVersion: BySide<string>;
  readonly buildSeconds: number;
  readonly measureSeconds: number;
  readonly notes: readonly string[];
}

/** Of both sides together, without their starts; shorter where there are many benchmarks. */
const LONGEST_LAUNCH_SECONDS = 0.4;
const SHORTEST_LAUNCH_SECONDS = 0.05;
/** Of two processes and their warm-up. */
const START_SECONDS = 0.05;

/** Of the budget: a trial of each benchmark says what there is to measure, and must leave time to do so. */
const FINDING_SHARE = 0.4;
/** Of the budget: suspects are to be measured anew in what is left. */
const SCREENING_SHARE = 0.6;
/** The same where there are no suspects yet. */
const SCREENING_SHARE_ALONE = 0.9;
/** Launches that most benchmarks take to be found unchanged. */
const USUAL_LAUNCHES = 6;

/** Launches are longer where the next layouts take their time to be linked. */
const MOST_TIMES = 3;

/** So long that all benchmarks are screened in their share of the budget. */
export const launchSecondsFor = (benchmarks: number, budgetSeconds: number): number => {
  const each = (SCREENING_SHARE * budgetSeconds) / (USUAL_LAUNCHES * Math.max(1, benchmarks));
  return Math.min(LONGEST_LAUNCH_SECONDS, Math.max(SHORTEST_LAUNCH_SECONDS, each - START_SECONDS));
};

const shuffled = <T>(items: readonly T[], random: RandomSource): readonly T[] =>
  items
    .map((item) => ({ item, place: random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);

interface FoundIn {
  readonly tested: TestedPackage | null;
  readonly importPath: string;
  readonly found: FoundBenchmark;
}

const findIn = async (
  plan: BenchPlan,
  tested: TestedPackage,
  changes: Changes,
  untilMs: number,
): Promise<readonly FoundBenchmark[]> =>
  tested.isSameProgram
    ? listOnly(plan, tested.programs.head)
    : withCodePaths(plan, changes, tested, await findBenchmarks(plan, tested.programs, untilMs), untilMs);

const findAll = async (plan: BenchPlan, packages: Packages, untilMs: number): Promise<readonly FoundIn[]> => {
  const { both, lone, broken, goVersion } = packages;
  const all: FoundIn[] = [];
  // Another Go makes other code of the same lines.
  const changes = goVersion.base === goVersion.head ? await changesOf(plan) : null;
  for (const [index, tested] of both.entries()) {
    plan.say(`finding the benchmarks of ${tested.importPath} (${index + 1} of ${both.length})`);
    const { importPath } = tested;
    const found = await findIn(plan, tested, changes, untilMs);
    all.push(...found.map((one) => ({ tested, importPath, found: one })));
  }
  for (const { importPath, side, program } of lone) {
    // Nothing is new or gone where the other side does not build.
    if (broken.some((one) => one.package === importPath)) continue;
    const found = await findBenchmarks(plan, { [side]: program }, untilMs);
    all.push(...found.map((one) => ({ tested: null, importPath, found: one })));
  }
  return all;
};

/** What is linked already comes first. */
const inOrder = (packages: readonly TestedPackage[], ahead: TestedPackage | undefined): readonly TestedPackage[] =>
  ahead !== undefined && packages.includes(ahead) ? [ahead, ...packages.filter((one) => one !== ahead)] : packages;

const secondsOf = (all: readonly Measured[]): number =>
  all.reduce((sum, { couples, coupleSeconds }) => sum + START_SECONDS + couples * coupleSeconds, 0);

/** As many times the planned couples as are measured while the next layouts are linked, or as there is time for. */
export const timesFor = (linkSeconds: number, affordableSeconds: number, plannedSeconds: number): number =>
  Math.min(MOST_TIMES, Math.max(1, Math.floor(Math.max(linkSeconds, affordableSeconds) / plannedSeconds)));

/** All benchmarks while they are measured. */
class Measuring {
  readonly #plan: BenchPlan;
  readonly #layouts: Layouts;
  readonly #begunMs: number;
  readonly #packages = new Map<string, TestedPackage>();
  readonly #all = new Map<string, Measured>();
  #round = 0;

  constructor(plan: BenchPlan, layouts: Layouts, found: readonly FoundIn[], begunMs: number) {
    this.#plan = plan;
    this.#layouts = layouts;
    this.#begunMs = begunMs;
    const measured = found.filter((one) => one.found.state.kind === 'measured').length;
    const launchSeconds = launchSecondsFor(measured, plan.budgetSeconds);
    for (const { tested, importPath, found: one } of found) {
      const begun = beginBenchmark(importPath, one, launchSeconds, plan.parallelCpus);
      const key = benchmarkKey(begun.run);
      this.#all.set(key, begun);
      if (tested !== null) this.#packages.set(key, tested);
    }
  }

  readonly runs = (): readonly BenchmarkRun[] => [...this.#all.values()].map(({ run }) => run);

  readonly #measured = (): readonly BenchmarkRun[] => this.runs().filter(({ state }) => state.kind === 'measured');

  readonly #seconds = (): number => (performance.now() - this.#begunMs) / 1000;

  readonly #openInScreening = (): readonly BenchmarkRun[] => {
    const most = SCREEN_LOOKS.at(-1) ?? 0;
    return this.#measured().filter((run) => run.launches.length < most && screenBenchmark(run) === 'open');
  };

  readonly screen = async (): Promise<void> => {
    const { budgetSeconds } = this.#plan;
    await this.#rounds('screen', SCREENING_SHARE * budgetSeconds, this.#openInScreening);
    if (this.#measured().some((run) => screenBenchmark(run) === 'suspect')) return;
    await this.#rounds('screen', SCREENING_SHARE_ALONE * budgetSeconds, this.#openInScreening);
  };

  readonly confirm = async (): Promise<void> =>
    this.#rounds('confirm', this.#plan.budgetSeconds, () => openSuspects(this.#measured()));

  /** Of a round in which suspects are measured anew, were all of them to get as many launches as there are looks. */
  #affordableSeconds(stage: Stage, untilSeconds: number): number {
    if (stage === 'screen') return 0;
    return (untilSeconds - this.#seconds()) / (CONFIRM_LOOKS.at(-1) ?? 1);
  }

  async #rounds(stage: Stage, untilSeconds: number, open: () => readonly BenchmarkRun[]): Promise<void> {
    for (;;) {
      const chosen = open();
      if (chosen.length === 0 || this.#seconds() >= untilSeconds) return;
      const launches = Math.max(...chosen.map((run) => run.launches.filter((one) => one.stage === stage).length));
      const doing = stage === 'screen' ? 'screening' : 'measuring suspects anew';
      this.#plan.say(`${doing}: ${formatNumberOf(chosen.length, 'benchmark')}, launch ${launches + 1}`);
      await this.#launchAll(stage, untilSeconds, chosen);
    }
  }

  async #launchAll(stage: Stage, untilSeconds: number, chosen: readonly BenchmarkRun[]): Promise<void> {
    this.#round += 1;
    const random = randomFrom(mixSeed(this.#plan.seed, 'order', this.#round));
    const byPackage = Map.groupBy(chosen.map(benchmarkKey), (key) => this.#packages.get(key));
    const drawn = shuffled([...byPackage.keys()], random).flatMap((one) => one ?? []);
    const packages = inOrder(drawn, this.#layouts.ahead());
    for (const [index, tested] of packages.entries()) {
      const keys = shuffled(byPackage.get(tested) ?? [], random);
      const next = packages[index + 1] ?? packages[0];
      await this.#layouts.withNext(tested, next, async (linked) => this.#launch(stage, untilSeconds, keys, linked));
    }
  }

  async #launch(stage: Stage, untilSeconds: number, keys: readonly string[], linked: LinkedPrograms): Promise<void> {
    const all = keys.flatMap((key) => this.#all.get(key) ?? []);
    const times = timesFor(linked.linkSeconds, this.#affordableSeconds(stage, untilSeconds), secondsOf(all));
    for (const at of all) {
      if (this.#seconds() >= untilSeconds) return;
      this.#all.set(benchmarkKey(at.run), await withLaunch(this.#plan, at, { ...linked, stage, times }));
    }
  }
}

/** A benchmark may call RunParallel for its throughput alone; who wants to see waiting asks for CPUs. */
const parallelNotes = (found: readonly FoundIn[], { parallelCpus }: BenchPlan): readonly string[] => {
  const parallel = found.filter((one) => one.found.isParallel && one.found.state.kind === 'measured').length;
  if (parallel === 0 || parallelCpus > 1) return [];
  const what = formatNumberOf(parallel, 'benchmark calls', 'benchmarks call');
  return [
    `${what} b.RunParallel and ran on one CPU: what goroutines wait for one another is not in the figures (--cpu)`,
  ];
};

type MeasuredAll = Pick<Conducted, 'benchmarks' | 'notes'>;

const measureAll = async (plan: BenchPlan, packages: Packages): Promise<MeasuredAll> => {
  const begunMs = performance.now();
  const found = await findAll(plan, packages, begunMs + FINDING_SHARE * plan.budgetSeconds * 1000);
  return withLayouts(plan, packages.unseededReason === null, async (layouts) => {
    const measuring = new Measuring(plan, layouts, found, begunMs);
    await measuring.screen();
    await measuring.confirm();
    return { benchmarks: measuring.runs(), notes: parallelNotes(found, plan) };
  });
};

/** We keep off the CPU on which they run. */
const keptOff = async <T>(plan: BenchPlan, work: () => Promise<T>): Promise<T> => {
  await bindSelf(plan.otherCpus, plan.signal);
  try {
    return await work();
  } finally {
    await bindSelf(plan.usableCpus, new AbortController().signal);
  }
};

export const conductBenchmarks = async (plan: BenchPlan): Promise<Conducted> => {
  const builtMs = performance.now();
  const packages = await buildPackages(plan);
  const measureMs = performance.now();
  const { benchmarks, notes } = await keptOff(plan, async () => measureAll(plan, packages));
  const { unseededReason, broken, goVersion } = packages;
  return {
    benchmarks,
    broken,
    goVersion,
    buildSeconds: (measureMs - builtMs) / 1000,
    measureSeconds: (performance.now() - measureMs) / 1000,
    notes: unseededReason === null ? notes : [...notes, `one layout only: ${unseededReason}`],
  };
};
