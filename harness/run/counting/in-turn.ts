/** Counted launches of both sides in turn. */
import { FIRST_LAUNCHES } from '../../compare/index.ts';
import { SIDES } from '../../model/index.ts';
import type { CountedLaunchSpec } from './launch.ts';
import { hasTimeFor, type Pace, requireTimeFor, tellLaunch } from './time.ts';
import type { Session } from '../session/session.ts';

/** Both sides in turn, the first one changing, until `wanted` says that the rounds are enough. */
export const inTurn = async <T>(
  session: Session,
  count: (place: CountedLaunchSpec) => Promise<T>,
  wanted: (counted: readonly T[]) => number,
  leaveSeconds = 0,
): Promise<readonly T[]> => {
  const { clock } = session;
  const counted: T[] = [];
  const timed: { readonly wallSeconds: number }[] = [];
  const inTurnPace: Pace = { counted: timed, atOnce: 1 };
  for (let rounds = FIRST_LAUNCHES, round = 0; round < rounds; round++) {
    for (const side of round % 2 === 0 ? SIDES : SIDES.toReversed()) {
      const number = counted.length + 1;
      tellLaunch(session, inTurnPace, rounds * SIDES.length, leaveSeconds);
      const begunSeconds = clock.elapsedSeconds();
      counted.push(await count({ side, number }));
      timed.push({ wallSeconds: clock.elapsedSeconds() - begunSeconds });
      requireTimeFor(session, inTurnPace, FIRST_LAUNCHES * SIDES.length, leaveSeconds);
    }
    if (round === FIRST_LAUNCHES - 1) rounds = wanted(counted);
    if (round >= FIRST_LAUNCHES - 1 && !hasTimeFor(session, inTurnPace, (round + 2) * SIDES.length, leaveSeconds))
      break;
  }
  return counted;
};
