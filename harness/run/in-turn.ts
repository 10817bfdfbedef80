/** Counted launches of both sides in turn. */
import { FIRST_LAUNCHES } from '../compare/index.ts';
import { SIDES } from '../model/index.ts';
import type { LaunchPlace } from './exact-launch.ts';
import type { Session } from './session.ts';

/** Both sides in turn, the first one changing, until `wanted` says that the rounds are enough. */
export const inTurn = async <T>(
  { plan, clock }: Session,
  count: (place: LaunchPlace) => Promise<T>,
  wanted: (counted: readonly T[]) => number,
): Promise<readonly T[]> => {
  const counted: T[] = [];
  for (let rounds = FIRST_LAUNCHES, round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      const number = counted.length + 1;
      plan.onProgress({ kind: 'launch', stage: 'exact', number, secondsLeft: clock.secondsLeft() });
      counted.push(await count({ side, number }));
    }
    if (round === FIRST_LAUNCHES - 1) rounds = wanted(counted);
  }
  return counted;
};
