/** The graphs of the page, from the profiles that the rows of the comparison come from. */
import { costFactors, type ProfiledKind, type ProfiledSide } from '../compare/index.ts';
import { isHeld, PERF_TITLE, profileKind, valueTypeOf } from '../metrics/index.ts';
import { type BySide, bothSides } from '../model/index.ts';
import { mergeProfiles, type Profile } from '../profile/index.ts';
import type { ProfilePair } from '../report/index.ts';
import type { CountedSide } from './counts.ts';

/** Merged already where every stack counts. */
const profilesOf = (kind: ProfiledKind, merged: BySide<Profile>): BySide<Profile> =>
  profileKind(kind.profile).stacks === 'all'
    ? merged
    : bothSides((side) => mergeProfiles(kind.launches.map((launch) => launch[side].profile)));

/** What is held is shown as it stood, in the mean over launches; what is spent as a request's. */
const scalesOf = (kind: ProfiledKind): BySide<number> =>
  isHeld(kind.profile) ? bothSides(() => 1 / Math.max(1, kind.launches.length)) : costFactors(kind);

/** Of a kind with the stacks that count, and its launches merged. */
export const graphOf = (scenario: string, kind: ProfiledKind, merged: BySide<Profile>): ProfilePair => {
  const { title, valueType, unit, reason } = profileKind(kind.profile);
  const scales = scalesOf(kind);
  const profiles = profilesOf(kind, merged);
  const sides = bothSides((side) => ({
    profile: profiles[side],
    valueType,
    scale: scales[side],
    ...(reason !== null && { reason }),
  }));
  return { scenario, title, compared: kind.profile, unit, perRequest: !isHeld(kind.profile), ...sides };
};

/** Of launches under Linux perf; no rows of functions belong to it. */
export const perfGraph = (
  scenario: string,
  launches: readonly BySide<ProfiledSide>[],
  explained: BySide<Profile>,
): ProfilePair => {
  const scales = costFactors({ profile: 'cpu', launches, practicalRatio: 0 });
  const sides = bothSides((side) => ({
    profile: explained[side],
    valueType: valueTypeOf('perf'),
    scale: scales[side],
  }));
  return { scenario, title: PERF_TITLE, compared: null, unit: 'ns', perRequest: true, ...sides };
};

/** Counted instructions, by paths where CPU samples know them. */
export const countedGraph = (scenario: string, { base, head }: BySide<CountedSide | null>): readonly ProfilePair[] => {
  if (base === null || head === null) return [];
  const { title, valueType, unit } = profileKind('instructions');
  const source = ({ profile, requests }: CountedSide) => ({ profile, valueType, scale: 1 / Math.max(1, requests) });
  return [
    {
      scenario,
      title: base.pathSamples > 0 ? title : `${title}, no call paths`,
      compared: 'instructions',
      unit,
      perRequest: true,
      base: source(base),
      head: source(head),
    },
  ];
};
