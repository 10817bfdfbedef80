/** What a baseline's sessions tell of the spread between them, for those who ask how sharp it is. */
import type { StoredLaunches } from '../../model/index.ts';
import { totalCosts } from '../functions/costs.ts';
import { alignNames } from '../functions/names.ts';
import { sessionSpreadIn } from '../functions/tested.ts';
import { cpuOf, KNOWN_SPREADS } from './compare-profiles.ts';

export interface SessionsKnown {
  readonly launches: number;
  readonly cpuSamples: number;
  /** Of a function's CPU between sessions, as it is used: what was known before, and what sessions have shown. */
  readonly sdRatio: number;
  /** Before any session of this baseline. */
  readonly knownSdRatio: number;
}

/** null: no CPU profiles were kept. */
export const sessionsOf = (stored: StoredLaunches): SessionsKnown | null => {
  const kind = cpuOf(stored);
  if (kind === null) return null;
  const profiles = kind.launches.map(({ base }) => base.profile);
  const totals = totalCosts(kind, alignNames(profiles, profiles, [], null), null);
  return {
    launches: kind.launches.length,
    cpuSamples: totals.samples.base,
    sdRatio: sessionSpreadIn(totals)?.sdRatio ?? KNOWN_SPREADS.cpu.sdRatio,
    knownSdRatio: KNOWN_SPREADS.cpu.sdRatio,
  };
};
