/** The instructions of all counted launches of a side in one profile. */
import { type BySide, bothSides } from '../../model/index.ts';
import { mergeProfiles, type Profile } from '../../profile/index.ts';
import type { ProfiledLaunch } from './work.ts';

export interface MergedCount {
  readonly profile: Profile;
  /** Counted in all launches together. */
  readonly requests: number;
}

/** null where none of a side were counted. */
export type MergedCounts = BySide<MergedCount | null>;

export const mergeCounts = (launches: readonly ProfiledLaunch[]): MergedCounts =>
  bothSides((side) => {
    const own = launches.filter(({ launch }) => launch.side === side);
    if (own.length === 0) return null;
    const requests = own.reduce((sum, { launch }) => sum + launch.requests, 0);
    return { profile: mergeProfiles(own.map(({ profile }) => profile)), requests };
  });
