/** Test programs of further layouts: the next pair is linked beside what is measured with the one before. */
import { type BySide, bothSides } from '../../model/index.ts';
import { linkSeedOf } from '../../run/index.ts';
import { type Binary, discardBinary, type TestBuild } from '../../service/index.ts';
import type { TestedPackage } from './packages.ts';
import { type BenchPlan, orNull } from './plan.ts';
import type { TestProgram } from './process.ts';

export interface LinkedPrograms {
  readonly linkSeed: number | null;
  readonly programs: BySide<TestProgram>;
  /** Of both sides; 0 where nothing is linked anew. */
  readonly linkSeconds: number;
}

export interface Layouts {
  /** Calls `use` with programs of the package's next layout; meanwhile those of `next` are linked. */
  readonly withNext: (
    tested: TestedPackage,
    next: TestedPackage | undefined,
    use: (linked: LinkedPrograms) => Promise<void>,
  ) => Promise<void>;
  /** Whose next layout is there, or on its way. */
  readonly ahead: () => TestedPackage | undefined;
}

interface Linking {
  readonly tested: TestedPackage;
  readonly linkSeed: number;
  readonly binaries: Promise<BySide<Binary<TestBuild>>>;
}

const discardBoth = async ({ base, head }: BySide<Binary<TestBuild>>): Promise<void> => {
  await Promise.all([discardBinary(base), discardBinary(head)]);
};

class LayoutsAhead implements Layouts {
  readonly #plan: BenchPlan;
  readonly #given = new Map<TestedPackage, number>();
  #linking: Linking | undefined;

  constructor(plan: BenchPlan) {
    this.#plan = plan;
  }

  readonly ahead = (): TestedPackage | undefined => this.#linking?.tested;

  readonly withNext: Layouts['withNext'] = async (tested, next, use) => {
    const { linkSeed, binaries } = await this.#take(tested);
    const linked = await binaries;
    if (next !== undefined) this.#linking = this.#begin(next);
    try {
      const programs = bothSides((side) => ({ ...tested.programs[side], binary: linked[side].path }));
      await use({ linkSeed, programs, linkSeconds: linked.base.seconds + linked.head.seconds });
    } finally {
      await discardBoth(linked);
    }
  };

  async close(): Promise<void> {
    const left = await this.#linking?.binaries.catch(() => null);
    if (left !== undefined && left !== null) await discardBoth(left);
  }

  /** What is linked ahead for another package is not needed any more. */
  async #take(tested: TestedPackage): Promise<Linking> {
    const ahead = this.#linking;
    if (ahead?.tested === tested) {
      this.#linking = undefined;
      return ahead;
    }
    await this.close();
    this.#linking = undefined;
    return this.#begin(tested);
  }

  #begin(tested: TestedPackage): Linking {
    // The first layout is that of the builds.
    const layout = (this.#given.get(tested) ?? 1) + 1;
    this.#given.set(tested, layout);
    const linkSeed = linkSeedOf(this.#plan.seed, layout);
    const binaries = this.#link(tested, linkSeed);
    // Whoever awaits it sees the failure.
    binaries.catch(() => undefined);
    return { tested, linkSeed, binaries };
  }

  async #link({ linkers }: TestedPackage, linkSeed: number): Promise<BySide<Binary<TestBuild>>> {
    const { otherCpus, signal } = this.#plan;
    const request = { linkSeed, cpus: orNull(otherCpus) };
    const base = await linkers.base.further(request, signal);
    const head = await linkers.head.further(request, signal);
    return { base, head };
  }
}

/** Where Go cannot vary the layout: that of the builds, again and again. */
const ONE_LAYOUT: Layouts = {
  withNext: async ({ programs }, _next, use) => use({ linkSeed: null, programs, linkSeconds: 0 }),
  ahead: () => undefined,
};

export const withLayouts = async <T>(
  plan: BenchPlan,
  isSeeded: boolean,
  use: (layouts: Layouts) => Promise<T>,
): Promise<T> => {
  if (!isSeeded) return use(ONE_LAYOUT);
  const layouts = new LayoutsAhead(plan);
  try {
    return await use(layouts);
  } finally {
    await layouts.close();
  }
};
