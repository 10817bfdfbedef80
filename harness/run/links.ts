/**
 * The binaries of a run, one pair per link seed. The first pair is part of the build; while a launch runs, the next
 * pair is linked on the loader's CPUs (docs/method.md, code placement).
 */
import { type BySide, bothSides } from '../model/index.ts';
import { type Binary, discardBinary, linkBinary, type PreparedBuild } from '../target/index.ts';
import { linkSeedOf } from './seeds.ts';

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
  readonly waitedSeconds: () => number;
  readonly linkSeconds: () => BySide<readonly number[]>;
  /** Launches that share one seed: 1, or up to 3 where a pair of links takes longer than 5 s. */
  readonly launchesPerSeed: number;
  readonly seeded: boolean;
}

/** A launch takes about this long; links slower than a launch and a half are shared (reference: three at most). */
const LAUNCH_SECONDS = 3;
const SLOW_PAIR_SECONDS = 5;
const MOST_LAUNCHES_PER_SEED = 3;

/** @param pairSeconds what linking one pair takes on the loader's CPUs */
export const launchesPerSeed = (pairSeconds: number): number =>
  pairSeconds <= SLOW_PAIR_SECONDS
    ? 1
    : Math.min(MOST_LAUNCHES_PER_SEED, Math.max(1, Math.round(pairSeconds / LAUNCH_SECONDS)));

const linkPair = async (
  plan: LinkPlan,
  linkSeed: number | null,
  cpus: readonly number[] | null,
): Promise<LinkedPair> => {
  const base = await linkBinary(plan.prepared.base, { linkSeed, cpus }, plan.signal);
  const head = await linkBinary(plan.prepared.head, { linkSeed, cpus }, plan.signal);
  return { linkSeed, binaries: { base, head } };
};

const discardPair = async (pair: LinkedPair): Promise<void> => {
  await Promise.all([discardBinary(pair.binaries.base), discardBinary(pair.binaries.head)]);
};

/** Builds the first pair (throws a BuildError naming the side), then keeps one pair ahead until `use` is done. */
export const withLinks = async <T>(
  plan: LinkPlan,
  onBuilding: (side: 'base' | 'head') => void,
  use: (links: Links, first: LinkedPair) => Promise<T>,
): Promise<T> => {
  const seeded = bothSides((side) => plan.prepared[side].facts.unseededReason === null);
  const canSeed = seeded.base && seeded.head;
  const firstSeed = canSeed ? linkSeedOf(plan.seed, 1) : null;
  onBuilding('base');
  const base = await linkBinary(plan.prepared.base, { linkSeed: firstSeed, cpus: null }, plan.signal);
  onBuilding('head');
  const head = await linkBinary(plan.prepared.head, { linkSeed: firstSeed, cpus: null }, plan.signal);
  const first: LinkedPair = { linkSeed: firstSeed, binaries: { base, head } };

  // The head's build finds nearly all packages compiled, so it is the better estimate of a bare link.
  const perSeed = canSeed ? launchesPerSeed(2 * Math.min(base.seconds, head.seconds)) : 1;
  const pipeline = startPipeline(plan, first, perSeed, canSeed);
  try {
    return await use(pipeline.links, first);
  } finally {
    await pipeline.close();
  }
};

const startPipeline = (plan: LinkPlan, first: LinkedPair, perSeed: number, canSeed: boolean) => {
  const seconds: { base: number[]; head: number[] } = { base: [], head: [] };
  let current = first;
  let used = 0;
  let layout = 1;
  let waited = 0;
  let upcoming: Promise<LinkedPair> | null = null;

  const note = (pair: LinkedPair): void => {
    seconds.base.push(pair.binaries.base.seconds);
    seconds.head.push(pair.binaries.head.seconds);
  };
  note(first);

  const ended = new AbortController();
  const ahead: LinkPlan = { ...plan, signal: AbortSignal.any([plan.signal, ended.signal]) };

  const begin = (): void => {
    layout += 1;
    upcoming = linkPair(ahead, linkSeedOf(plan.seed, layout), plan.cpus);
    // Whoever awaits it sees the failure; nobody may be waiting yet.
    upcoming.catch(() => undefined);
  };

  const next = async (): Promise<LinkedPair> => {
    if (canSeed && used === perSeed) {
      if (upcoming === null) begin();
      const startedMs = performance.now();
      const pair = await (upcoming as unknown as Promise<LinkedPair>);
      waited += (performance.now() - startedMs) / 1000;
      note(pair);
      await discardPair(current);
      current = pair;
      used = 0;
      upcoming = null;
    }
    used += 1;
    if (canSeed && upcoming === null) begin();
    return current;
  };

  const links: Links = {
    next,
    waitedSeconds: () => waited,
    linkSeconds: () => seconds,
    launchesPerSeed: perSeed,
    seeded: canSeed,
  };
  const close = async (): Promise<void> => {
    ended.abort();
    const pending: Promise<LinkedPair> | null = upcoming;
    if (pending !== null) await (pending as Promise<LinkedPair>).then(discardPair, () => undefined);
    await discardPair(current);
  };
  return { links, close };
};
