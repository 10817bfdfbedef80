/**
 * Functions of head against those of a baseline that was recorded at another time: what launches of one session differ
 * by, and what sessions differ by besides (docs/method.md).
 *
 * CPU is compared by what a function takes beside the others: the hour and the machine, which move all functions alike, cancel
 * by taking those that did not move by themselves as unchanged. So does a change that makes everything dearer alike, which cannot be
 * seen. Allocations are compared as they are: they depend on neither. Waits are compared as they are, with the wide
 * spread that they have between sessions.
 */
import {
  type BuildInfo,
  type BySide,
  bothSides,
  type FunctionGate,
  type ProfileKind,
  type StoredLaunches,
} from '../../model/index.ts';
import { METRICS, profileKind } from '../../metrics/index.ts';
import { filterByLabel } from '../../profile/index.ts';
import { type SessionSpread, sum } from '../../stats/index.ts';
import { compareKind, explainByKinds, type KindCompared } from '../functions/compare-functions.ts';
import { type FunctionTotals, type KindTotals, totalCosts } from '../functions/costs.ts';
import { withCountedStacks } from '../functions/counted-stacks.ts';
import { judgeFunctionGates } from '../functions/function-gates.ts';
import type { CostProfile, ProfiledKind, ProfiledSide } from '../functions/input.ts';
import { alignNames } from '../functions/names.ts';
import { isKernels } from '../functions/owners.ts';
import type { Explanation } from '../verdict/findings.ts';
import { type KeptSide, launchesKept } from './keep-launches.ts';

/** Of a function's cost between three sessions of the demo within 20 minutes (docs/method.md); each counts as four sessions. */
export const KNOWN_SPREADS = {
  cpu: { sdRatio: 0.03, degrees: 20 },
  alloc_objects: { sdRatio: 0.03, degrees: 20 },
  alloc_space: { sdRatio: 0.03, degrees: 20 },
  mutex: { sdRatio: 0.3, degrees: 20 },
  block: { sdRatio: 0.3, degrees: 20 },
} as const satisfies Partial<Record<CostProfile, SessionSpread>>;

type KeptKind = keyof typeof KNOWN_SPREADS;

export const KEPT_KINDS = [
  'cpu',
  'alloc_objects',
  'alloc_space',
  'mutex',
  'block',
] as const satisfies readonly KeptKind[];

export const KEPT_FILES: readonly ProfileKind[] = [...new Set(KEPT_KINDS.map((kind) => profileKind(kind).file))];

export interface StoredProfilesInput {
  readonly before: StoredLaunches;
  readonly after: StoredLaunches;
  readonly modulePath: string | null;
  readonly builds: BySide<BuildInfo>;
  readonly functionGates?: readonly FunctionGate[] | undefined;
}

/** A launch that the other side has more: nothing was asked, nothing seen. */
const emptyLike = ({ profile }: ProfiledSide): ProfiledSide => ({
  profile: filterByLabel(profile, '', ''),
  requests: 0,
  exactTotalPerRequest: 0,
});

const paired = ({ base, head }: BySide<readonly KeptSide[]>): readonly BySide<ProfiledSide>[] => {
  const [first] = base;
  if (first === undefined) return [];
  const none = emptyLike(first);
  return Array.from({ length: Math.max(base.length, head.length) }, (_, at) => ({
    base: base[at] ?? none,
    head: head[at] ?? none,
  }));
};

const practicalRatioOf = (kind: KeptKind): number =>
  Math.min(...profileKind(kind).explains.map((metric) => METRICS[metric].practicalRatio ?? 0));

const kindOf = (profile: KeptKind, sides: BySide<readonly KeptSide[]>): ProfiledKind =>
  withCountedStacks({
    profile,
    launches: paired(sides),
    practicalRatio: practicalRatioOf(profile),
    apart: {
      sessions: bothSides((side) => sides[side].map(({ session }) => session)),
      knownSpread: KNOWN_SPREADS[profile],
    },
  });

/** A baseline's own CPU, as if it were both sides; null: it has none. */
export const cpuOf = (stored: StoredLaunches): ProfiledKind | null => {
  const kept = launchesKept(stored, 'cpu');
  return kept.length < 2 ? null : kindOf('cpu', { base: kept, head: kept });
};

/** Fewer events on both sides together say nothing of a function by itself. */
const LEAST_EVENTS = 20;
/** In standard errors: a function that moved by more moved by itself. */
const MOVED_BY_ITSELF = 2.5;
/** What is left as unchanged holds at least this part of base. */
const LEAST_LEFT = 0.5;

/** Of a cost that so many events stand for, between sessions. */
const varianceOf = ({ own, ownCounts }: FunctionTotals['sides']['base']): number => {
  const events = sum(ownCounts);
  return (events > 0 ? own ** 2 / events : 0) + (KNOWN_SPREADS.cpu.sdRatio * own) ** 2;
};

/** How far a function is from what all of them did, in standard errors. */
const deviation = ({ sides: { base, head } }: FunctionTotals, common: number): number =>
  sum(base.ownCounts) + sum(head.ownCounts) < LEAST_EVENTS
    ? 0
    : Math.abs(head.own - common * base.own) / Math.sqrt(varianceOf(head) + common ** 2 * varianceOf(base));

const ratioOf = (functions: readonly FunctionTotals[]): number =>
  sum(functions.map(({ sides }) => sides.head.own)) / sum(functions.map(({ sides }) => sides.base.own));

/**
 * What head's functions cost of base's, those that moved by themselves left out, the furthest first (as Kadota,
 * Nishiyama and Shimizu 2012 leave out genes): the hour, the machine, and what a dear function takes of the shares of others.
 */
const commonRatio = ({ functions, total }: Pick<KindTotals, 'functions' | 'total'>): number => {
  let left = functions.filter(({ name }) => !isKernels(name));
  for (;;) {
    const common = ratioOf(left);
    const [furthest] = left.toSorted((one, other) => deviation(other, common) - deviation(one, common));
    if (furthest === undefined || deviation(furthest, common) < MOVED_BY_ITSELF) return common;
    const rest = left.filter((each) => each !== furthest);
    if (sum(rest.map(({ sides }) => sides.base.own)) < LEAST_LEFT * total.base) return common;
    left = rest;
  }
};

const withTotals = (kind: ProfiledKind, totals: BySide<number>): ProfiledKind => ({
  ...kind,
  launches: kind.launches.map((launch) =>
    bothSides((side) => ({ ...launch[side], exactTotalPerRequest: totals[side] })),
  ),
});

/** As if functions that did not move by themselves cost the same: the unit is that of the base in its hour, on its machine. */
const besideOthers = (kind: ProfiledKind, { modulePath }: StoredProfilesInput): ProfiledKind => {
  const profilesOf = (side: 'base' | 'head') => kind.launches.map((launch) => launch[side].profile);
  const names = alignNames(profilesOf('base'), profilesOf('head'), [], modulePath);
  const { total } = totalCosts(kind, names, modulePath);
  const alike = withTotals(kind, { base: total.base, head: total.base });
  const ratio = commonRatio(totalCosts(alike, names, modulePath));
  return withTotals(kind, { base: total.base, head: total.base / ratio });
};

const compareKept = (profile: KeptKind, input: StoredProfilesInput): readonly KindCompared[] => {
  const sides = { base: launchesKept(input.before, profile), head: launchesKept(input.after, profile) };
  if (sides.base.length < 2 || sides.head.length < 2) return [];
  const kind = kindOf(profile, sides);
  const { modulePath, builds } = input;
  const context = { diff: [], moduleChanges: [], modulePath, builds };
  return [compareKind(profile === 'cpu' ? besideOthers(kind, input) : kind, context) ?? []].flat();
};

const isNaming = (each: KindCompared): boolean => !('isIncomparable' in each) && each.blame !== null;

const namedFirst = (one: KindCompared, other: KindCompared): number => Number(isNaming(other)) - Number(isNaming(one));

/** What is compared, and what cannot be seen. */
const howCompared = ({ before: { costs } }: StoredProfilesInput): string =>
  `Functions are compared with profiles stored on ${costs.sessions.map(({ createdAt }) => createdAt.slice(0, 10)).join(', ')}: CPU by what a function takes beside the others, so that what makes all of them dearer alike cannot be seen, nor can system calls; allocations, lock waits and blocked time per request.`;

export const compareStoredProfiles = (input: StoredProfilesInput): Explanation => {
  const compared = KEPT_KINDS.flatMap((kind) => compareKept(kind, input));
  const { functionGates } = input;
  const { attribution, ...found } = explainByKinds(compared.toSorted(namedFirst), 'stored');
  return {
    ...found,
    attribution: { ...attribution, warnings: [howCompared(input), ...attribution.warnings] },
    ...(functionGates !== undefined && { functionGates: judgeFunctionGates(functionGates, compared) }),
  };
};
