/** Exact mode keeps to the budget: what does not fit is refused as soon as that is known, with the budget that would do. */
import { SIDES } from '../../model/index.ts';
import { CountingRefusal } from './refusal.ts';
import type { Session } from '../session/session.ts';

interface Timed {
  readonly wallSeconds: number;
}

/** What the launches still missing of `rounds` take at the best pace so far: the first one also warms caches. */
const secondsAhead = (counted: readonly Timed[], rounds: number): number =>
  Math.max(0, rounds * SIDES.length - counted.length) * Math.min(...counted.map(({ wallSeconds }) => wallSeconds));

/** Launches that are done need no time, whatever is left. @param leaveSeconds of the budget, for what comes after */
export const hasTimeFor = (
  { clock }: Session,
  counted: readonly Timed[],
  rounds: number,
  leaveSeconds = 0,
): boolean => {
  const ahead = secondsAhead(counted, rounds);
  return ahead === 0 || ahead <= clock.secondsLeft() - leaveSeconds;
};

/** Throws a {@link CountingRefusal} where `rounds` of both sides do not fit. */
export const requireTimeFor = (session: Session, counted: readonly Timed[], rounds: number, leaveSeconds = 0): void => {
  if (hasTimeFor(session, counted, rounds, leaveSeconds)) return;
  const wantedSeconds = session.clock.elapsedSeconds() + secondsAhead(counted, rounds) + leaveSeconds;
  throw new CountingRefusal({
    kind: 'time',
    counted: counted.length,
    wanted: rounds * SIDES.length,
    minutes: Math.ceil(wantedSeconds / 60),
  });
};

/** Says that the next one of `rounds` of both sides begins. */
export const tellLaunch = (
  { plan, clock }: Session,
  counted: readonly Timed[],
  rounds: number,
  leaveSeconds = 0,
): void => {
  const ahead = counted.length === 0 ? null : secondsAhead(counted, rounds) + leaveSeconds;
  const number = counted.length + 1;
  plan.onProgress({
    kind: 'launch',
    stage: 'exact',
    number,
    secondsLeft: clock.secondsLeft(),
    outlook: { aboutSeconds: ahead, decision: null, part: [number, rounds * SIDES.length] },
  });
};

/** Builds with the clock stopped, and says so. */
export const buildInOwnTime = async <T>(
  { plan, clock }: Session,
  text: string,
  build: () => Promise<T>,
): Promise<T> => {
  const startedMs = performance.now();
  plan.onProgress({ kind: 'note', text });
  const built = await build();
  const seconds = (performance.now() - startedMs) / 1000;
  clock.exclude(seconds, 'builds');
  plan.onProgress({ kind: 'built', seconds });
  return built;
};
