/** Exact mode keeps to the budget: what does not fit is refused as soon as that is known, with the budget that would do. */
import { CountingRefusal } from './refusal.ts';
import type { Session } from '../session/session.ts';

interface Timed {
  readonly wallSeconds: number;
}

/** Launches so far, and how many go beside each other. */
export interface Pace {
  readonly counted: readonly Timed[];
  readonly atOnce: number;
}

/** What the launches still missing of `wanted` take at the best pace so far: the first one also warms caches. */
const secondsAhead = ({ counted, atOnce }: Pace, wanted: number): number =>
  Math.ceil(Math.max(0, wanted - counted.length) / atOnce) * Math.min(...counted.map(({ wallSeconds }) => wallSeconds));

/** Launches that are done need no time, whatever is left. @param leaveSeconds of the budget, for what comes after */
export const hasTimeFor = ({ clock }: Session, pace: Pace, wanted: number, leaveSeconds = 0): boolean => {
  const ahead = secondsAhead(pace, wanted);
  return ahead === 0 || ahead <= clock.secondsLeft() - leaveSeconds;
};

/** Throws a {@link CountingRefusal} where `wanted` launches in all do not fit. */
export const requireTimeFor = (session: Session, pace: Pace, wanted: number, leaveSeconds = 0): void => {
  if (hasTimeFor(session, pace, wanted, leaveSeconds)) return;
  const wantedSeconds = session.clock.elapsedSeconds() + secondsAhead(pace, wanted) + leaveSeconds;
  throw new CountingRefusal({
    kind: 'time',
    counted: pace.counted.length,
    wanted,
    minutes: Math.ceil(wantedSeconds / 60),
  });
};

/** Says that the next one of `wanted` launches begins. */
export const tellLaunch = ({ plan, clock }: Session, pace: Pace, wanted: number, leaveSeconds = 0): void => {
  const { length } = pace.counted;
  const ahead = length === 0 ? null : secondsAhead(pace, wanted) + leaveSeconds;
  const number = length + 1;
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
