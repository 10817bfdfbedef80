/** Profiles from profiles: the sum of several, the exact difference of two snapshots, base and head as one diff. */
import { combine, type Matching } from './builder.ts';
import { DIFF_BASE } from '../costs/exact-sums.ts';
import type { Profile } from '../columns/profile.ts';
import { MISMATCH_HINT, ProfileError } from '../columns/profile-error.ts';

const typeNames = (profile: Profile): string =>
  profile.sampleTypes.map(({ type, unit }) => `${type}/${unit}`).join(', ');

const requireSameKind = (first: Profile, other: Profile): void => {
  const kinds = [first, other].map((profile) => `${typeNames(profile)} by ${profile.periodType.type}`);
  if (kinds[0] === kinds[1]) return;
  throw new ProfileError(
    `${first.name} holds ${kinds[0] ?? ''}, but ${other.name} holds ${kinds[1] ?? ''}`,
    MISMATCH_HINT,
  );
};

const minTime = (a: bigint, b: bigint): bigint => (a === 0n || (b !== 0n && b < a) ? b : a);

const unique = (texts: readonly string[]): readonly string[] => [...new Set(texts)];

/** For the sum of `profiles`. Throws {@link ProfileError} for none, or for different kinds. */
const headerOf = (profiles: readonly Profile[]): Profile => {
  const [first, ...others] = profiles;
  if (first === undefined) throw new ProfileError('No profile to merge', 'Give at least one profile.');
  for (const other of others) requireSameKind(first, other);
  return {
    ...first,
    name: profiles.length === 1 ? first.name : `${first.name} and ${profiles.length - 1} more`,
    timeNs: profiles.reduce((time, profile) => minTime(time, profile.timeNs), 0n),
    durationNs: profiles.reduce((sum, profile) => sum + profile.durationNs, 0n),
    period: profiles.reduce((most, { period }) => (period > most ? period : most), first.period),
    comments: unique(profiles.flatMap((profile) => profile.comments)),
  };
};

const summed = (profiles: readonly Profile[], header: Profile, matching: Matching): Profile => {
  const factors = header.sampleTypes.map(() => 1);
  return combine(
    profiles.map((profile) => ({ profile, factors })),
    header,
    matching,
  );
};

/**
 * The sum of profiles of one kind: equal stacks with equal labels become one sample. What each function costs does not
 * depend on the order. Throws {@link ProfileError} for none, or for different kinds.
 */
export const mergeProfiles = (profiles: readonly Profile[]): Profile => summed(profiles, headerOf(profiles), 'lines');

/**
 * The same for several processes of one program over one span of time. Code is matched by address, as in
 * {@link subtractProfile}, which two such sums may go through.
 */
export const mergeWorkers = (profiles: readonly Profile[]): Profile => {
  const durationNs = profiles.reduce((most, each) => (each.durationNs > most ? each.durationNs : most), 0n);
  return summed(profiles, { ...headerOf(profiles), durationNs }, 'address');
};

/** Columns that only grow while the process lives; of the others (inuse, goroutine) the later snapshot counts. */
const CUMULATIVE = new Set(['alloc_objects', 'alloc_space', 'contentions', 'delay']);

/** Scaled counts are rounded once per snapshot, so equal counts may differ by this much. */
const ROUNDING = 2;

const settleNegatives = (profile: Profile, before: Profile): void => {
  const { values } = profile.samples;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (value >= 0) continue;
    if (value < -ROUNDING) {
      const type = profile.sampleTypes[i % profile.sampleTypes.length]?.type ?? '';
      throw new ProfileError(
        `${profile.name}: ${type} of one stack fell by ${-value} since ${before.name}`,
        'The process was restarted or its sampling rate changed in between; take both snapshots anew.',
      );
    }
    values[i] = 0;
  }
};

/**
 * What happened between two snapshots of one process: cumulative columns (alloc_* of heap and allocs, both of mutex and
 * block) are subtracted exactly, snapshot columns keep the later values. Differences of −1 and −2 are rounding and
 * become 0; anything lower throws {@link ProfileError}, as do profiles of different kinds and of an interval kind (CPU).
 */
export const subtractProfile = (after: Profile, before: Profile): Profile => {
  requireSameKind(after, before);
  const isCumulative = after.sampleTypes.map(({ type }) => CUMULATIVE.has(type));
  if (!isCumulative.includes(true)) {
    throw new ProfileError(
      `${after.name} holds ${typeNames(after)}, which does not add up over time, so nothing can be subtracted`,
      'Only heap, allocs, mutex and block profiles are cumulative; to compare two CPU profiles use a diff.',
    );
  }
  const header: Profile = {
    ...after,
    durationNs: after.timeNs > before.timeNs ? after.timeNs - before.timeNs : 0n,
  };
  const delta = combine(
    [
      { profile: after, factors: isCumulative.map(() => 1) },
      { profile: before, factors: isCumulative.map((cumulative) => (cumulative ? -1 : 0)) },
    ],
    header,
    'address',
  );
  settleNegatives(delta, before);
  return delta;
};

/**
 * Base and head in one profile that `go tool pprof` shows as a difference: the base's values negative and labelled
 * `pprof::base=true`, as its own -diff_base does. Percentages there are then of the base's total.
 */
export const diffProfile = (base: Profile, head: Profile): Profile => {
  requireSameKind(base, head);
  const ones = head.sampleTypes.map(() => 1);
  return combine(
    [
      { profile: head, factors: ones },
      { profile: base, factors: ones.map(() => -1), label: DIFF_BASE },
    ],
    { ...head, name: `${head.name} against ${base.name}` },
  );
};
