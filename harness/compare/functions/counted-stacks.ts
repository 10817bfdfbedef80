/** Which stacks of a kind count for its functions, its page and its metrics alike. */
import { profileKind } from '../../metrics/index.ts';
import type { BySide } from '../../model/index.ts';
import { belowRequests, type Profile, withoutAgent } from '../../profile/index.ts';
import type { ProfiledKind, ProfiledSide } from './input.ts';

type CountedLaunches = ProfiledKind['launches'];

const eachProfile = (launches: CountedLaunches, choose: (profile: Profile) => Profile): CountedLaunches =>
  launches.map(
    ({ base, head }): BySide<ProfiledSide> => ({
      base: { ...base, profile: choose(base.profile) },
      head: { ...head, profile: choose(head.profile) },
    }),
  );

const hasSamples = (launches: CountedLaunches): boolean =>
  launches.some(({ base, head }) => base.profile.samples.count + head.profile.samples.count > 0);

/**
 * A kind with the stacks that count: of waits only what is below a request handler. A service on a server library that is
 * not known has no such frame in any launch: then every stack counts.
 */
export const withCountedStacks = (kind: ProfiledKind): ProfiledKind => {
  if (profileKind(kind.profile).stacks === 'all') return kind;
  const below = eachProfile(kind.launches, belowRequests);
  return hasSamples(below) ? { ...kind, launches: below } : kind;
};

/** A kind as it was captured, less what godyno's own agent does in it. */
export const withoutAgentIn = (kind: ProfiledKind): ProfiledKind => ({
  ...kind,
  launches: eachProfile(kind.launches, withoutAgent),
});
