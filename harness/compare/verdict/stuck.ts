/**
 * Goroutines that are stuck after their requests were answered, on head alone. A growth of one in 400 requests is below what
 * fails by its number; here each of them is seen to wait, by its id, over seconds in which nobody asked for it.
 */
import type { GoroutinesLeft, Launch, LeftBehind, Side, StuckGoroutines, TextFrame } from '../../model/index.ts';
import {
  canonicalPath,
  collapseGenerics,
  isStandard,
  outerFunction,
  packageOf,
  stackKey,
} from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';

/** What has waited for less after its request may still be about to end. */
const LEAST_SECONDS = 0.5;
/** Of what both sides leave alike, head has so many and base none in fewer than one of 2,000 runs (2 to the power of −11). */
const FEWEST = 11;
/** One that is started once stays, too, and does not grow. */
const FEWEST_GAINED = 3;
const FEWEST_LAUNCHES_GAINED = 2;
/** Deep stacks say no more by their whole length. */
const MOST_FRAMES = 12;

interface Seen {
  readonly left: LeftBehind;
  readonly seconds: number;
}

const isOld = ({ seconds }: GoroutinesLeft, { waitMinutes }: LeftBehind): boolean =>
  Math.max(seconds, 60 * waitMinutes) >= LEAST_SECONDS;

const seenOn = (launches: readonly Launch[], side: Side): ReadonlyMap<string, readonly Seen[]> =>
  Map.groupBy(
    launches.flatMap(({ sides }) => {
      const { left } = sides[side];
      if (left === undefined) return [];
      const old = left.stacks.filter((stack) => isOld(left, stack));
      return old.map((stack): Seen => ({ left: stack, seconds: Math.max(left.seconds, 60 * stack.waitMinutes) }));
    }),
    ({ left }) => stackKey(left),
  );

const isEnough = (seen: readonly Seen[]): boolean =>
  sum(seen.map(({ left }) => left.count)) >= FEWEST &&
  sum(seen.map(({ left }) => left.gained)) >= FEWEST_GAINED &&
  seen.length >= FEWEST_LAUNCHES_GAINED;

/** Where it waits, as far as that is not Go's library; of what lives in it all along, where it began. */
const waitsIn = ({ frames }: LeftBehind, modulePath: string | null): TextFrame | undefined =>
  frames.find((frame) => !isStandard(packageOf(frame.function), modulePath)) ?? frames.at(-1);

const foundOf = (seen: readonly Seen[], modulePath: string | null): readonly StuckGoroutines[] => {
  const [first] = seen;
  const frame = first === undefined ? undefined : waitsIn(first.left, modulePath);
  if (first === undefined || frame === undefined) return [];
  const { state, createdBy, frames } = first.left;
  const creator = createdBy === null ? null : collapseGenerics(createdBy.function);
  return [
    {
      function: collapseGenerics(frame.function),
      file: canonicalPath(frame.file, modulePath === null ? {} : { module: modulePath }),
      line: frame.line,
      state,
      startedBy: creator === null ? null : (outerFunction(creator) ?? creator),
      count: sum(seen.map(({ left }) => left.count)),
      launches: seen.length,
      seconds: Math.min(...seen.map(({ seconds }) => seconds)),
      stack: frames.slice(0, MOST_FRAMES).map((each) => collapseGenerics(each.function)),
    },
  ];
};

/** The most first; empty where base leaves the like. */
export const stuckOnHead = (launches: readonly Launch[], modulePath: string | null): readonly StuckGoroutines[] => {
  const base = new Set(
    launches.flatMap(({ sides }) => (sides.base.left?.stacks ?? []).map((stack) => stackKey(stack))),
  );
  return [...seenOn(launches, 'head')]
    .flatMap(([stack, seen]) => (base.has(stack) || !isEnough(seen) ? [] : foundOf(seen, modulePath)))
    .toSorted((one, other) => other.count - one.count);
};
