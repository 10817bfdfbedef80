/** Which stacks of a kind count for its functions, its page and its metrics alike. */
import { profileKind } from '../../metrics/index.ts';
import { type BySide, bothSides, SIDES, type WaitApartRow } from '../../model/index.ts';
import {
  mergeProfiles,
  type Profile,
  requestWaits,
  servingFunctions,
  type WaitApart,
  waitsApart,
  withoutAgent,
} from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
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

/** Functions that were seen below a request, on either side: goroutines that one of them starts work for requests, too. */
export const servingIn = ({ launches }: ProfiledKind): ReadonlySet<string> =>
  servingFunctions(launches.flatMap(({ base, head }) => [base.profile, head.profile]));

const NONE: ReadonlySet<string> = new Set();

const union = (one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> =>
  other.size === 0 ? one : new Set([...one, ...other]);

/**
 * A kind with the stacks that count: of waits only those of requests and of what they started; `known`: functions that
 * other kinds have seen below requests. A service on a server library that is not known has no such stack in any launch:
 * then every one counts.
 */
export const withCountedStacks = (kind: ProfiledKind, known = NONE): ProfiledKind => {
  if (profileKind(kind.profile).stacks === 'all') return kind;
  const serving = union(servingIn(kind), known);
  const below = eachProfile(kind.launches, (profile) => requestWaits(profile, serving));
  return hasSamples(below) ? { ...kind, launches: below } : kind;
};

/** A kind as it was captured, less what godyno's own agent does in it. */
export const withoutAgentIn = (kind: ProfiledKind): ProfiledKind => ({
  ...kind,
  launches: eachProfile(kind.launches, withoutAgent),
});

/** More of them say nothing new. */
const MOST_APART = 3;

const keyOf = ({ whose, function: name }: WaitApart): string => `${whose} ${name}`;

/** What {@link withCountedStacks} leaves out of a kind, by function and request, the longest first; empty of other kinds. */
export const apartIn = (kind: ProfiledKind, known = NONE): readonly WaitApartRow[] => {
  const { profile, launches } = kind;
  if (profileKind(profile).stacks === 'all' || launches.length === 0) return [];
  const serving = union(servingIn(kind), known);
  const sides = bothSides((side) => {
    const merged = mergeProfiles(launches.map((launch) => launch[side].profile));
    const requests = Math.max(1, sum(launches.map((launch) => launch[side].requests)));
    return new Map(
      waitsApart(merged, serving).map((each) => [keyOf(each), { ...each, perRequest: each.delayNs / requests }]),
    );
  });
  const rows = new Map<string, WaitApartRow>();
  for (const side of SIDES) {
    for (const [key, { whose, function: name }] of sides[side]) {
      const [basePerRequest, headPerRequest] = SIDES.map((each) => sides[each].get(key)?.perRequest ?? 0) as [
        number,
        number,
      ];
      rows.set(key, { profile, whose, function: name, basePerRequest, headPerRequest });
    }
  }
  const longest = (row: WaitApartRow): number => Math.max(row.basePerRequest, row.headPerRequest);
  return [...rows.values()].toSorted((one, other) => longest(other) - longest(one)).slice(0, MOST_APART);
};
