/** A kind's cost by the values of a label that the service sets itself (pprof.Do), tested as functions are. */
import { profileKind } from '../../metrics/index.ts';
import type { LabelComparison } from '../../model/index.ts';
import { byLabel, labelOfFrame, type Profile } from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
import { totalCosts } from './costs.ts';
import type { ProfiledKind } from './input.ts';
import { CI_90, type Tested, testFunctions } from './tested.ts';

/** Values of a label that have rows, the most expensive ones. */
const MOST_VALUES = 50;

/** A value that a twentieth more or less is spent on is worth a name: others see theirs by it alone, as no function does. */
const LEAST_OWN_RATIO = 0.05;

const NOTHING_CHANGED: ReadonlySet<string> = new Set();

const framesOf = (profile: Profile): readonly string[] =>
  Array.from(profile.functions.name, (name) => profile.strings[name] ?? '');

const verdictOf = ({ isNamed, delta }: Tested): LabelComparison['verdict'] =>
  isNamed ? (delta > 0 ? 'regressed' : 'improved') : 'notJudged';

const rowOf = (each: Tested, label: string, { profile }: ProfiledKind): LabelComparison => {
  const { totals, delta, standardError, qValue, impactRatio, impactCiRatio } = each;
  const { base, head } = totals.sides;
  const ratioOf = (part: number): number => part / base.own;
  return {
    label,
    value: labelOfFrame(totals.name),
    profile,
    unit: profileKind(profile).unit,
    samples: { base: sum(base.ownCounts), head: sum(head.ownCounts) },
    basePerRequest: base.own,
    headPerRequest: head.own,
    effectRatio: base.own > 0 ? ratioOf(delta) : null,
    ciRatio: base.own > 0 ? [ratioOf(delta - CI_90 * standardError), ratioOf(delta + CI_90 * standardError)] : null,
    impactRatio,
    impactCiRatio,
    qValue,
    verdict: verdictOf(each),
  };
};

/** Rows of one label, the most expensive value first; empty where no sample has it. */
export const compareLabel = (kind: ProfiledKind, label: string): readonly LabelComparison[] => {
  const launches = kind.launches.map(({ base, head }) => ({
    base: { ...base, profile: byLabel(base.profile, label) },
    head: { ...head, profile: byLabel(head.profile, label) },
  }));
  const { sources: _profiles, ...totals } = totalCosts({ ...kind, launches }, { base: framesOf, head: framesOf }, null);
  const floors = { practicalRatio: kind.practicalRatio, leastOwnRatio: LEAST_OWN_RATIO };
  const rows = testFunctions(totals, floors, NOTHING_CHANGED).map((each) => rowOf(each, label, kind));
  if (rows.every(({ value }) => value === '')) return [];
  return rows
    .toSorted((a, b) => b.basePerRequest + b.headPerRequest - (a.basePerRequest + a.headPerRequest))
    .slice(0, MOST_VALUES);
};
