/**
 * The binaries of a run, one pair per link seed. The first pair is part of the build; while a launch runs, the next
 * pair is linked on the loader's CPUs (docs/method.md, code placement).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type BySide, bothSides, inPlace, otherSide, type Side } from '../../model/index.ts';
import { type Binary, discardBinary, type Linker, linkerOf, type PreparedBuild } from '../../service/index.ts';
import { coin, linkSeedOf } from './seeds.ts';

export interface LinkedPair {
  readonly linkSeed: number | null;
  readonly binaries: BySide<Binary>;
}

export interface LinkPlan {
  readonly prepared: BySide<PreparedBuild>;
  readonly seed: number;
  /** Where links may run while services are measured; null: anywhere. */
  readonly cpus: readonly number[] | null;
  readonly signal: AbortSignal;
}

export interface Links {
  /** The pair for the next launch; begins the one after it. */
  readonly next: () => Promise<LinkedPair>;
  /** About how long {@link Links.next} will wait. */
  readonly secondsToNext: () => number;
  readonly waitedSeconds: () => number;
  readonly linkSeconds: () => BySide<readonly number[]>;
}

/** A launch takes at least about this long; links slower than a launch and two thirds are shared, by three at most. */
const LAUNCH_SECONDS = 3;
const SLOW_PAIR_RATIO = 5 / 3;
const MOST_LAUNCHES_PER_SEED = 3;

/** Up to here a pair of links is no slower than what is measured meanwhile. */
const slowPairSeconds = (launchSeconds: number): number => SLOW_PAIR_RATIO * Math.max(LAUNCH_SECONDS, launchSeconds);

/**
 * As many launches of one seed as fit beside the next pair's links: seeds are what a verdict needs (docs/method.md).
 *
 * @param pairSeconds what linking one pair takes on the loader's CPUs
 * @param launchSeconds what a launch takes here: on a busy machine, or with slow requests, far more than three seconds
 */
export const launchesPerSeed = (pairSeconds: number, launchSeconds: number): number =>
  pairSeconds <= slowPairSeconds(launchSeconds)
    ? 1
    : Math.min(MOST_LAUNCHES_PER_SEED, Math.max(1, Math.round(pairSeconds / Math.max(LAUNCH_SECONDS, launchSeconds))));

/** One side after the other, `first` before the other. */
const linkPair = async (
  linkSeed: number | null,
  first: Side,
  link: (side: Side) => Promise<Binary>,
): Promise<LinkedPair> => {
  const early = await link(first);
  return { linkSeed, binaries: inPlace(first, early, await link(otherSide(first))) };
};

/** Drawn, so that neither side's binary is always the fresher one in memory. */
const linkedFirst = (seed: number, linkSeed: number): Side => (coin(seed, 'link', linkSeed) ? 'base' : 'head');

const discardPair = async (pair: LinkedPair): Promise<void> => {
  await Promise.all([discardBinary(pair.binaries.base), discardBinary(pair.binaries.head)]);
};

/**
 * Builds the first pair (throws a BuildError naming the side; base is built first, so that of two that fail it is always
 * the one that is named), then keeps one pair ahead until `use` is done.
 */
export const withLinks = async <T>(
  plan: LinkPlan,
  onBuilding: (side: Side) => void,
  use: (links: Links, first: LinkedPair) => Promise<T>,
): Promise<T> => {
  const seeded = bothSides((side) => plan.prepared[side].facts.unseededReason === null);
  const canSeed = seeded.base && seeded.head;
  const firstSeed = canSeed ? linkSeedOf(plan.seed, 1) : null;
  const linkers = bothSides((side) => linkerOf(plan.prepared[side]));
  const first = await linkPair(firstSeed, 'base', async (side) => {
    onBuilding(side);
    return linkers[side].first({ linkSeed: firstSeed, cpus: null }, plan.signal);
  });

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
  readonly pair: Promise<LinkedPair>;
  readonly begunMs: number;
  readonly isThere: () => boolean;
}

/** Keeps one pair ahead of the one in use. */
class LinkPipeline implements Links {
  readonly #plan: LinkPlan;
  readonly #linkers: BySide<Linker>;
  readonly #first: LinkedPair;
  readonly #seeded: boolean;
  readonly #ended = new AbortController();
  readonly #seconds: { base: number[]; head: number[] } = { base: [], head: [] };
  #current: LinkedPair;
  #upcoming: Upcoming | null = null;
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

  readonly next = async (): Promise<LinkedPair> => {
    const startedMs = performance.now();
    if (this.#used > 0 && this.#perSeed === null) {
      const launchSeconds = (startedMs - this.#launchBegunMs) / 1000;
      this.#perSeed = await this.#timeFirstLink(this.#upcoming ?? this.#begin(), launchSeconds);
    }
    if (this.#perSeed !== null && this.#used >= this.#perSeed) await this.#advance(this.#upcoming ?? this.#begin());
    this.#waitedSeconds += (performance.now() - startedMs) / 1000;
    this.#used += 1;
    this.#launchBegunMs = performance.now();
    if (this.#seeded && this.#upcoming === null) this.#begin();
    return this.#current;
  };

  readonly secondsToNext = (): number => {
    const upcoming = this.#upcoming;
    if (this.#perSeed === null || this.#used < this.#perSeed || upcoming === null) return 0;
    const pace = (this.#seconds.base.at(-1) ?? 0) + (this.#seconds.head.at(-1) ?? 0);
    return upcoming.isThere() ? 0 : Math.max(0, pace - (performance.now() - upcoming.begunMs) / 1000);
  };

  readonly waitedSeconds = (): number => this.#waitedSeconds;

  readonly linkSeconds = (): BySide<readonly number[]> => this.#seconds;

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#upcoming?.pair.then(discardPair, () => undefined);
    await discardPair(this.#current);
  }

  #note({ binaries: { base, head } }: LinkedPair): void {
    this.#seconds.base.push(base.seconds);
    this.#seconds.head.push(head.seconds);
  }

  #begin(): Upcoming {
    this.#layout += 1;
    const { seed, cpus, signal } = this.#plan;
    const linkSeed = linkSeedOf(seed, this.#layout);
    const pair = linkPair(linkSeed, linkedFirst(seed, linkSeed), async (side) =>
      this.#linkers[side].further({ linkSeed, cpus }, signal),
    );
    let there = false;
    // Whoever awaits it sees the failure; nobody may be waiting yet.
    pair.then(
      () => (there = true),
      () => undefined,
    );
    this.#upcoming = { pair, begunMs: performance.now(), isThere: () => there };
    return this.#upcoming;
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
    this.#note(pair);
    await discardPair(this.#current);
    this.#current = pair;
    this.#used = 0;
    this.#upcoming = null;
  }
}
