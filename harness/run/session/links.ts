/**
 * The binaries of a run, one pair per link seed. The first pair is part of the build; while launches run, the next pairs
 * are linked on the loaders' CPUs, one in each lane (docs/method.md, code placement).
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { type BySide, bothSides, inPlace, otherSide, type Side } from '../../model/index.ts';
import {
  type Binary,
  discardBinary,
  type Linker,
  type LinkStep,
  linkerOf,
  type OnStage,
  type PreparedBuild,
} from '../../service/index.ts';
import { atOnce } from './at-once.ts';
import { coin, linkSeedOf } from './seeds.ts';

export interface LinkedPair {
  readonly linkSeed: number | null;
  readonly binaries: BySide<Binary>;
}

export interface LinkPlan {
  readonly prepared: BySide<PreparedBuild>;
  readonly seed: number;
  /** Where links may run while services are measured, a pair at a time in each; null: anywhere. */
  readonly lanes: readonly (readonly number[] | null)[];
  readonly signal: AbortSignal;
}

export interface Links {
  /**
   * The pairs for the next launches, which may run at the same time; begins those after them. Every launch with a pair
   * that was given before must have ended: its binaries go.
   */
  readonly next: (launches: number) => Promise<readonly LinkedPair[]>;
  /** The pair that the last launch had, for one that needs no layout of its own; begins no links. */
  readonly again: () => LinkedPair;
  /** About how long {@link Links.next} will wait. */
  readonly secondsToNext: (launches: number) => number;
  readonly waitedSeconds: () => number;
  readonly linkSeconds: () => BySide<readonly number[]>;
  /** What the first `go build` of a side called its linker with; null where it was not seen. */
  readonly recorded: (side: Side) => LinkStep | null;
}

/**
 * A launch takes at least about this long: those of the demo without contention took 1.8 to 2.0 s with nothing beside them
 * (docs/method.md, what a launch costs). Links slower than a launch and two thirds are shared, by three at most.
 */
const LAUNCH_SECONDS = 2;
const SLOW_PAIR_RATIO = 5 / 3;
const MOST_LAUNCHES_PER_SEED = 3;

/** Up to here a pair of links is no slower than what is measured meanwhile. */
const slowPairSeconds = (launchSeconds: number): number => SLOW_PAIR_RATIO * Math.max(LAUNCH_SECONDS, launchSeconds);

/**
 * As many launches of one seed as fit beside the next pair's links: seeds are what a verdict needs (docs/method.md).
 *
 * @param pairSeconds what linking one pair takes on the loader's CPUs
 * @param launchSeconds what a launch takes here: on a busy machine, or with slow requests, far more than that
 */
export const launchesPerSeed = (pairSeconds: number, launchSeconds: number): number =>
  pairSeconds <= slowPairSeconds(launchSeconds)
    ? 1
    : Math.min(MOST_LAUNCHES_PER_SEED, Math.max(1, Math.round(pairSeconds / Math.max(LAUNCH_SECONDS, launchSeconds))));

/** One side after the other, `first` before the other; where that fails, nothing is left of either. */
const linkPair = async (
  linkSeed: number | null,
  first: Side,
  link: (side: Side) => Promise<Binary>,
): Promise<LinkedPair> => {
  const early = await link(first);
  try {
    return { linkSeed, binaries: inPlace(first, early, await link(otherSide(first))) };
  } catch (error) {
    await discardBinary(early);
    throw error;
  }
};

/** Drawn, so that neither side's binary is always the fresher one in memory. */
const linkedFirst = (seed: number, linkSeed: number): Side => (coin(seed, 'link', linkSeed) ? 'base' : 'head');

const discardPair = async (pair: LinkedPair): Promise<void> => {
  await Promise.all([discardBinary(pair.binaries.base), discardBinary(pair.binaries.head)]);
};

/**
 * Head begins when base has nothing left to compile: what they share is compiled once, and a base that does not compile is
 * alone. On a single CPU the one follows the other.
 */
const buildPair = async (
  linkers: BySide<Linker>,
  linkSeed: number | null,
  onBuilding: (side: Side) => OnStage | undefined,
  signal: AbortSignal,
): Promise<LinkedPair> => {
  const request = { linkSeed, cpus: null };
  const compiled = Promise.withResolvers<void>();
  const onLinking = availableParallelism() > 1 ? compiled.resolve : () => undefined;
  const binaries = await atOnce(signal, {
    base: async (either) => {
      const onStage = onBuilding('base');
      return linkers.base.first({ ...request, onStage }, either, onLinking);
    },
    head: async (either, base) => {
      await Promise.race([compiled.promise, base]);
      const onStage = onBuilding('head');
      return linkers.head.first({ ...request, onStage }, either);
    },
  });
  return { linkSeed, binaries };
};

/**
 * Builds the first pair (throws a BuildError naming the side; of two that fail base is always the one that is named;
 * `onBuilding` may answer with who wants to hear how far it is), then keeps as many pairs ahead as there are lanes until `use` is done.
 */
export const withLinks = async <T>(
  plan: LinkPlan,
  onBuilding: (side: Side) => OnStage | undefined,
  use: (links: Links, first: LinkedPair) => Promise<T>,
): Promise<T> => {
  const seeded = bothSides((side) => plan.prepared[side].facts.unseededReason === null);
  const canSeed = seeded.base && seeded.head;
  const firstSeed = canSeed ? linkSeedOf(plan.seed, 1) : null;
  const linkers = bothSides((side) => linkerOf(plan.prepared[side]));
  const first = await buildPair(linkers, firstSeed, onBuilding, plan.signal);
  const links = new LinkPipeline(plan, linkers, first, canSeed);
  try {
    return await use(links, first);
  } finally {
    await links.close();
  }
};

/** Resolves to null after `seconds`, if the pair is not there by then. */
const within = async (pair: Promise<LinkedPair>, seconds: number): Promise<LinkedPair | null> => {
  const patience = new AbortController();
  try {
    return await Promise.race([pair, delay(seconds * 1000, null, { signal: patience.signal })]);
  } finally {
    patience.abort();
  }
};

const pairSeconds = ({ binaries: { base, head } }: LinkedPair): number => base.seconds + head.seconds;

interface Upcoming {
  /** Where it is linked: a place in {@link LinkPlan.lanes}. */
  readonly lane: number;
  readonly pair: Promise<LinkedPair>;
  readonly begunMs: number;
  readonly isThere: () => boolean;
}

/** Keeps a pair for each lane ahead of those in use. */
class LinkPipeline implements Links {
  readonly #plan: LinkPlan;
  readonly #linkers: BySide<Linker>;
  readonly #first: LinkedPair;
  readonly #seeded: boolean;
  readonly #ended = new AbortController();
  readonly #seconds: { base: number[]; head: number[] } = { base: [], head: [] };
  #current: LinkedPair;
  /** In the order in which launches will have them. */
  readonly #upcoming: Upcoming[] = [];
  /** No longer current; the launches under way may still have them. */
  readonly #past: LinkedPair[] = [];
  /** Launches of the current pair. */
  #used = 0;
  #layout = 1;
  #waitedSeconds = 0;
  #launchBegunMs = 0;
  /** Known once a bare link has been timed: the first pair's time holds compiling, too. */
  #perSeed: number | null;

  constructor(plan: LinkPlan, linkers: BySide<Linker>, first: LinkedPair, seeded: boolean) {
    this.#plan = { ...plan, signal: AbortSignal.any([plan.signal, this.#ended.signal]) };
    this.#linkers = linkers;
    this.#first = first;
    this.#seeded = seeded;
    this.#current = first;
    this.#perSeed = seeded ? null : Infinity;
    this.#note(first);
  }

  readonly next = async (launches: number): Promise<readonly LinkedPair[]> => {
    const startedMs = performance.now();
    await this.#discardPast();
    if (this.#used > 0 && this.#perSeed === null) {
      const launchSeconds = (startedMs - this.#launchBegunMs) / 1000;
      this.#perSeed = await this.#timeFirstLink(this.#upcoming[0] ?? this.#begin(), launchSeconds);
    }
    const pairs: LinkedPair[] = [];
    while (pairs.length < launches) pairs.push(await this.#take());
    this.#waitedSeconds += (performance.now() - startedMs) / 1000;
    this.#launchBegunMs = performance.now();
    if (this.#seeded) while (this.#upcoming.length < this.#plan.lanes.length) this.#begin();
    return pairs;
  };

  readonly again = (): LinkedPair => this.#current;

  readonly secondsToNext = (launches: number): number => {
    if (this.#perSeed === null) return 0;
    const wanted = Math.max(0, Math.ceil((this.#used + launches) / this.#perSeed) - 1);
    const pace = (this.#seconds.base.at(-1) ?? 0) + (this.#seconds.head.at(-1) ?? 0);
    const left = ({ isThere, begunMs }: Upcoming): number =>
      isThere() ? 0 : Math.max(0, pace - (performance.now() - begunMs) / 1000);
    return Math.max(0, ...this.#upcoming.slice(0, wanted).map(left));
  };

  readonly waitedSeconds = (): number => this.#waitedSeconds;

  readonly linkSeconds = (): BySide<readonly number[]> => this.#seconds;

  readonly recorded = (side: Side): LinkStep | null => this.#linkers[side].recorded();

  async close(): Promise<void> {
    this.#ended.abort();
    for (const { pair } of this.#upcoming) await pair.then(discardPair, () => undefined);
    await this.#discardPast();
    await discardPair(this.#current);
  }

  /** For one launch: the current pair, or where that has had its launches the one after it. */
  async #take(): Promise<LinkedPair> {
    if (this.#perSeed !== null && this.#used >= this.#perSeed) await this.#advance(this.#upcoming[0] ?? this.#begin());
    this.#used += 1;
    return this.#current;
  }

  async #discardPast(): Promise<void> {
    await Promise.all(this.#past.splice(0).map(discardPair));
  }

  #note({ binaries: { base, head } }: LinkedPair): void {
    this.#seconds.base.push(base.seconds);
    this.#seconds.head.push(head.seconds);
  }

  #begin(): Upcoming {
    this.#layout += 1;
    const { seed, lanes, signal } = this.#plan;
    const linkSeed = linkSeedOf(seed, this.#layout);
    const lane = this.#idleLane();
    const request = { linkSeed, cpus: lanes[lane] ?? null };
    const pair = linkPair(linkSeed, linkedFirst(seed, linkSeed), async (side) =>
      this.#linkers[side].further(request, signal),
    );
    let there = false;
    // Whoever awaits it sees the failure; nobody may be waiting yet.
    pair.then(
      () => (there = true),
      () => undefined,
    );
    const begun = { lane, pair, begunMs: performance.now(), isThere: () => there };
    this.#upcoming.push(begun);
    return begun;
  }

  #idleLane(): number {
    const isLinking = (lane: number): boolean => this.#upcoming.some((each) => each.lane === lane && !each.isThere());
    return Math.max(
      0,
      this.#plan.lanes.findIndex((_, lane) => !isLinking(lane)),
    );
  }

  /** A pair that is not there when a launch is long over is slow; how slow, its first build bounds from above. */
  async #timeFirstLink({ pair, begunMs }: Upcoming, launchSeconds: number): Promise<number> {
    const slowSeconds = slowPairSeconds(launchSeconds);
    const linked = await within(pair, Math.max(0, slowSeconds - (performance.now() - begunMs) / 1000));
    const seconds = linked === null ? Math.max(slowSeconds + 1, pairSeconds(this.#first)) : pairSeconds(linked);
    return launchesPerSeed(seconds, launchSeconds);
  }

  async #advance(next: Upcoming): Promise<void> {
    const pair = await next.pair;
    this.#upcoming.shift();
    this.#note(pair);
    this.#past.push(this.#current);
    this.#current = pair;
    this.#used = 0;
  }
}
