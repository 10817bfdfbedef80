/** Exact mode keeps to the budget: what does not fit is refused as soon as that is known, with the budget that would do. */
import { CountingRefusal } from './refusal.ts';
import type { Session } from '../session/session.ts';

interface Timed {
  readonly wallSeconds: number;
}

/** What the launches still missing of `wanted` take at the best pace so far: the first one also warms caches. */
const secondsAhead = (counted: readonly Timed[], wanted: number): number =>
  Math.max(0, wanted - counted.length) * Math.min(...counted.map(({ wallSeconds }) => wallSeconds));

/** Launches that are done need no time, whatever is left. @param leaveSeconds of the budget, for what comes after */
export const hasTimeFor = (
  { clock }: Session,
  counted: readonly Timed[],
  wanted: number,
  leaveSeconds = 0,
): boolean => {
  const ahead = secondsAhead(counted, wanted);
  return ahead === 0 || ahead <= clock.secondsLeft() - leaveSeconds;
};

/** Throws a {@link CountingRefusal} where `wanted` launches in all do not fit. */
export const requireTimeFor = (session: Session, counted: readonly Timed[], wanted: number, leaveSeconds = 0): void => {
  if (hasTimeFor(session, counted, wanted, leaveSeconds)) return;
  const wantedSeconds = session.clock.elapsedSeconds() + secondsAhead(counted, wanted) + leaveSeconds;
  throw new CountingRefusal({
    kind: 'time',
    counted: counted.length,
    wanted,
    minutes: Math.ceil(wantedSeconds / 60),
  });
};

/** Says that the next one of `wanted` launches begins. */
export const tellLaunch = (
  { plan, clock }: Session,
  counted: readonly Timed[],
  wanted: number,
  leaveSeconds = 0,
): void => {
  const ahead = counted.length === 0 ? null : secondsAhead(counted, wanted) + leaveSeconds;
  const number = counted.length + 1;
  plan.onProgress({
    kind: 'launch',
    stage: 'exact',
    number,
    secondsLeft: clock.secondsLeft(),
    outlook: { aboutSeconds: ahead, decision: null, part: [number, wanted] },
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
