import type { Pair, Side, WindowCounters } from '../model/index.ts';

/**
 * A counter of one side over several pairs, per answered request. `undefined` when a pair lacks it or nothing was
 * answered: a sum over some of the windows is no cost of a request.
 */
export const counterPerRequest = (
  pairs: readonly Pair[],
  side: Side,
  counter: keyof WindowCounters,
): number | undefined => {
  const values = pairs.flatMap((pair) => pair[side].counters[counter] ?? []);
  const answered = pairs.reduce((sum, pair) => sum + pair[side].answered, 0);
  return values.length < pairs.length || answered === 0 ? undefined : values.reduce((a, b) => a + b, 0) / answered;
};
