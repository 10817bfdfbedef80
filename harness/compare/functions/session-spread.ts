/** How much functions differ between sessions of one program, hours or days apart, beyond what their launches differ by. */
import { type CountTest, estimateSessionSpread, type SessionSpread, sum } from '../../stats/index.ts';
import type { ApartTotals, FunctionTotals } from './costs.ts';

/** What was known before counts as much as so many sessions. */
export const KNOWN_SESSIONS = 4;

const bySession = (values: readonly number[], sessions: readonly number[]): readonly number[] => {
  const known = [...new Set(sessions)];
  return known.map((session) => sum(values.filter((_, launch) => sessions[launch] === session)));
};

/** Of the base, which alone has more than one session. */
export const spreadOfSessions = (
  { sessions: { base: sessions }, exposures, knownSpread }: ApartTotals,
  functions: readonly FunctionTotals[],
  tests: readonly CountTest[],
): SessionSpread =>
  estimateSessionSpread(
    functions.map(({ sides }, i) => ({
      counts: bySession(sides.base.ownCounts, sessions),
      dispersion: tests[i]?.dispersion ?? 1,
    })),
    bySession(exposures.base, sessions),
    knownSpread,
    KNOWN_SESSIONS,
  );
