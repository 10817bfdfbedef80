/**
 * Which functions a change made more expensive or cheaper: profiles of both sides → rows, and the one name the verdict's
 * sentence says. Functions explain a metric that was judged elsewhere; they never fail a run (docs/method.md).
 */
import {
  type Attribution,
  type BySide,
  bothSides,
  type FunctionComparison,
  type FunctionKind,
  type GroupCost,
} from '../../model/index.ts';
import { isHeld, profileKind, SAMPLES_TO_NAME } from '../../metrics/index.ts';
import { packageOf } from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
import { type Blame, findBlame, isChanged } from './blame.ts';
import { type FunctionTotals, type KindTotals, totalCosts } from './costs.ts';
import { type BucketDelta, runtimeBuckets } from './diffuse.ts';
import { describeGcSplit } from './gc-split.ts';
import { describeCutStacks, describeDependencies, describeDiffuse } from './sentences.ts';
import {
  type CostProfile,
  type FunctionsContext,
  type FunctionsFound,
  type FunctionsInput,
  MOST_CHANGED,
  MOST_ROWS,
  type ProfiledKind,
} from './input.ts';
import { packageCostsOf } from './package-costs.ts';
import { findMoves, findRenames, joinRenames } from './moved.ts';
import { alignNames } from './names.ts';
import { nearChangeOf } from './near-change.ts';
import { isNamedForSure } from './sure-name.ts';
import { isKernels, isOwn } from './owners.ts';
import { buildPaths, pathAlongDelta, type Paths } from './paths.ts';
import { withCountedStacks, withoutAgentIn } from './counted-stacks.ts';
import { LEAST_OWN_RATIO, sureDelta, type Tested, testFunctions } from './tested.ts';
import { isBuiltByTwo } from '../verdict/gates.ts';
import { compareToolchains } from '../toolchain/build-settings.ts';
import { formatCount, formatNumberOf, formatPercent } from '../../units/index.ts';

/** Capture of CPU samples may differ between the sides by this ratio before the rows carry a warning. */
const MOST_CAPTURE_DIFFERENCE = 0.05;

/** What the profiles of one kind tell, without the profiles. */
export interface KindFindings {
  readonly profile: CostProfile;
  readonly practicalRatio: number;
  readonly totals: KindTotals;
  readonly tested: readonly Tested[];
  readonly moves: ReadonlyMap<string, string>;
  readonly renames: ReadonlyMap<string, string>;
  readonly changed: ReadonlySet<string>;
  readonly paths: Paths;
  readonly modulePath: string | null;
  readonly blame: Blame | null;
  /** Parts of the runtime. */
  readonly buckets: readonly BucketDelta[];
  /** By package, of two versions of Go. */
  readonly costs: readonly GroupCost[];
  /** About the stacks and the dependencies, one sentence each. */
  readonly remarks: readonly string[];
}

/** Kinds that the two builds count differently have no findings. */
export type KindCompared = KindFindings | { readonly profile: CostProfile; readonly isIncomparable: true };

/** Sums of many small costs are equal up to here. */
const ROUNDING = 1e-9;

/** Which way the total moved; null where it did not, so that there is nothing to explain and nobody to name. */
const directionOf = ({ total }: KindTotals): 1 | -1 | null => {
  if (Math.abs(total.head - total.base) <= ROUNDING * Math.max(total.head, total.base)) return null;
  return total.head > total.base ? 1 : -1;
};

const bySureness = (a: Tested, b: Tested): number =>
  sureDelta(b) - sureDelta(a) || Math.abs(b.delta) - Math.abs(a.delta) || (a.totals.name < b.totals.name ? -1 : 1);

/** Of what is held a package says little: who holds it has a name. */
const isByPackage = (profile: CostProfile, { builds }: FunctionsContext): boolean =>
  builds !== undefined && isBuiltByTwo(builds) && !isHeld(profile);

/**
 * Of sides measured apart nothing smaller can be told, and each function that is asked costs the others some of the error
 * that they may have. Chosen by both sides' sum, which says nothing of their difference (Bourgon, Gentleman and Huber 2010).
 */
const LEAST_SHARE_APART = 0.01;

const askedIn =
  ({ apart, samples, profile }: KindTotals) =>
  ({ name, sides: { base, head } }: FunctionTotals): boolean =>
    apart === undefined ||
    (!(profile === 'cpu' && isKernels(name)) &&
      sum(base.ownCounts) + sum(head.ownCounts) >= LEAST_SHARE_APART * (samples.base + samples.head));

/** Of sides measured apart the total moves with the hour: which way to look is said by the function that is surest. */
const directionOfSurest = (tested: readonly Tested[], moves: ReadonlyMap<string, string>): 1 | -1 | null => {
  const [first] = tested.filter(({ isNamed, totals: { name } }) => isNamed && !moves.has(name)).toSorted(bySureness);
  if (first === undefined) return null;
  return first.delta > 0 ? 1 : -1;
};

const findKind = (kind: ProfiledKind, input: FunctionsContext): KindFindings => {
  const profilesOf = (side: 'base' | 'head') => kind.launches.map((launch) => launch[side].profile);
  const names = alignNames(profilesOf('base'), profilesOf('head'), input.diff, input.modulePath);
  const profiled = totalCosts(kind, names, input.modulePath);
  const paths = buildPaths(profiled, names);
  const renames = findRenames(profiled.functions, paths);
  const { sources: _profiles, ...raw } = profiled;
  const totals = { ...raw, functions: joinRenames(raw.functions, renames) };
  const changed = new Set(
    totals.functions.filter((each) => isChanged(each, input.diff, input.modulePath)).map(({ name }) => name),
  );
  const floors = { practicalRatio: kind.practicalRatio, leastOwnRatio: LEAST_OWN_RATIO };
  const tested = testFunctions(totals, floors, changed, askedIn(totals));
  const moves = findMoves(tested, paths);
  const sign = kind.apart === undefined ? directionOf(totals) : directionOfSurest(tested, moves);
  const named = tested
    .filter(({ isNamed, delta, totals: { name } }) => isNamed && delta * (sign ?? 0) > 0 && !moves.has(name))
    .toSorted(bySureness);
  const blame = sign === null ? null : findBlame(totals, named, changed, paths, kind.practicalRatio, sign);
  const { profile, practicalRatio } = kind;
  const { modulePath, moduleChanges } = input;
  return {
    profile,
    practicalRatio,
    totals,
    tested,
    moves,
    renames,
    changed,
    paths,
    modulePath,
    blame,
    buckets: profile === 'cpu' || blame === null ? runtimeBuckets(profiled) : [],
    costs: isByPackage(profile, input) ? packageCostsOf(profiled, modulePath, practicalRatio) : [],
    remarks: [
      ...[describeCutStacks(profiled) ?? []].flat(),
      ...describeDependencies(profiled, moduleChanges, modulePath),
    ],
  };
};

const isAbsent = ({ cumCounts }: FunctionTotals['sides']['base']): boolean => sum(cumCounts) === 0;

const kindOf = (each: Tested, found: KindFindings): FunctionKind => {
  const { name, sides } = each.totals;
  if (found.moves.has(name)) return 'moved';
  const isBlamed = found.blame?.name === name && found.blame.for === 'callees';
  if (!each.isNamed && !isBlamed) return found.renames.has(name) ? 'moved' : 'unclear';
  if (isAbsent(sides.base)) return 'new';
  if (isAbsent(sides.head)) return 'gone';
  const delta = isBlamed ? sides.head.cum - sides.base.cum : each.delta;
  return delta > 0 ? 'regressed' : 'improved';
};

/** Of a row named for its callees the interval is not known by itself: only that it is certain. */
const impactOf = (each: Tested, found: KindFindings): Pick<FunctionComparison, 'impactRatio' | 'impactCiRatio'> => {
  const { impactRatio, impactCiRatio, totals } = each;
  if (found.blame?.name !== totals.name || found.blame.for === 'own') return { impactRatio, impactCiRatio };
  const { base } = found.totals.total;
  const delta = totals.sides.head.cum - totals.sides.base.cum;
  return { impactRatio: base > 0 ? delta / base : 0, impactCiRatio: null };
};

/** As it stood at the end of a launch; costs have no such value. */
const heldOf = (
  { totals }: Tested,
  { profile, totals: all }: KindFindings,
  column: 'own' | 'cum',
): Pick<FunctionComparison, 'held'> =>
  isHeld(profile) ? { held: bothSides((side) => totals.sides[side][column] * all.requestsPerLaunch[side]) } : {};

/** What it was spent on; absent where samples do not say it. */
const reasonsOf = ({ totals: { sides } }: Tested, column: 'own' | 'cum'): Pick<FunctionComparison, 'reasons'> => {
  const { base, head } = bothSides((side) => (column === 'own' ? sides[side].ownReasons : sides[side].cumReasons));
  const labels = new Set([...base.keys(), ...head.keys()]);
  if (labels.size === 0) return {};
  return {
    reasons: [...labels]
      .map((reason) => ({ reason, base: base.get(reason) ?? 0, head: head.get(reason) ?? 0 }))
      .toSorted((a, b) => Math.abs(b.head - b.base) - Math.abs(a.head - a.base)),
  };
};

/** What the module has to do with it: its own functions pay for libraries, all others have a caller among them. */
const payersOf = (
  { totals: { name, sides } }: Tested,
  path: readonly string[],
  modulePath: string | null,
): Pick<FunctionComparison, 'caller' | 'withLibraries'> => {
  if (isOwn(name, modulePath)) return { withLibraries: bothSides((side) => sides[side].withLibraries) };
  const caller = path.slice(0, -1).findLast((each) => isOwn(each, modulePath));
  return caller === undefined ? {} : { caller };
};

const rowOf = (each: Tested, found: KindFindings): FunctionComparison => {
  const { name, file, line, sides } = each.totals;
  const kind = kindOf(each, found);
  const oldName = found.renames.get(name);
  const isRename = kind === 'moved' && oldName !== undefined && !found.moves.has(name);
  const isBlamed = found.blame?.name === name && found.blame.for === 'callees';
  const sign = (isBlamed ? sides.head.cum - sides.base.cum : each.delta) >= 0 ? 1 : -1;
  const path = pathAlongDelta(found.paths, name, sign);
  const nearChange = nearChangeOf(name, path, found.changed, found.paths, found.modulePath);
  return {
    profile: found.profile,
    function: isRename ? oldName : name,
    package: packageOf(isRename ? oldName : name),
    file,
    line,
    basePerRequest: sides.base.own,
    headPerRequest: sides.head.own,
    deltaPerRequest: each.delta,
    ...heldOf(each, found, isBlamed ? 'cum' : 'own'),
    ...reasonsOf(each, isBlamed ? 'cum' : 'own'),
    baseCumPerRequest: sides.base.cum,
    headCumPerRequest: sides.head.cum,
    unit: profileKind(found.profile).unit,
    ...impactOf(each, found),
    smallestDetectableRatio: each.smallestDetectableRatio,
    qValue: each.qValue,
    baseCallsPerRequest: null,
    headCallsPerRequest: null,
    kind,
    ...payersOf(each, path, found.modulePath),
    path,
    changedInDiff: found.changed.has(name),
    ...(nearChange === undefined ? {} : { nearChange }),
    movedTo: isRename ? name : (found.moves.get(name) ?? null),
    ...(isBlamed ? { namedFor: 'callees' as const } : {}),
  };
};

/** Named rows first, then moved ones, then what changed most without being certain. */
const RANK: Readonly<Record<FunctionKind, number>> = {
  regressed: 0,
  improved: 0,
  new: 0,
  gone: 0,
  moved: 1,
  unclear: 2,
};

/**
 * The rows of one kind. Those on the named function's path stay in, so that the path can be printed with figures, and
 * those that the change touches: what they cost is what a reviewer asks for, also where it is the same.
 */
const rowsOf = (found: KindFindings): readonly FunctionComparison[] => {
  const ordered = found.tested
    .map((each) => ({ each, rank: RANK[kindOf(each, found)], isFirst: each.totals.name === found.blame?.name }))
    .toSorted((a, b) => Number(b.isFirst) - Number(a.isFirst) || a.rank - b.rank || bySureness(a.each, b.each))
    .map(({ each }) => each);
  const blamed = ordered.find(({ totals }) => totals.name === found.blame?.name);
  const onPath = new Set(
    blamed === undefined ? [] : pathAlongDelta(found.paths, blamed.totals.name, directionOf(found.totals) ?? 1),
  );
  // Of what is held a frame that holds nothing itself says nothing; costs keep it for what it costs with its callees.
  const saysSomething = ({ totals: { sides } }: Tested): boolean =>
    !isHeld(found.profile) || sides.base.own !== 0 || sides.head.own !== 0;
  const changed = new Set(
    ordered
      .filter(({ totals: { name } }) => found.changed.has(name))
      .slice(0, MOST_CHANGED)
      .map(({ totals }) => totals.name),
  );
  return ordered
    .filter(
      (each, place) =>
        (place < MOST_ROWS && saysSomething(each)) || onPath.has(each.totals.name) || changed.has(each.totals.name),
    )
    .map((each) => rowOf(each, found));
};

const samplesOf = ({ totals }: KindFindings): BySide<number> => ({
  base: Math.round(totals.samples.base),
  head: Math.round(totals.samples.head),
});

const captureWarnings = ({ totals, profile }: KindFindings): readonly string[] => {
  const { base, head } = totals.captured;
  if (profile !== 'cpu' || base === null || head === null || base === 0 || head === 0) return [];
  if (Math.max(head / base, base / head) - 1 <= MOST_CAPTURE_DIFFERENCE) return [];
  return [`The CPU profile caught ${formatPercent(base)} of the CPU time on base and ${formatPercent(head)} on head.`];
};

const sampleWarnings = (found: KindFindings): readonly string[] => {
  const { base, head } = samplesOf(found);
  if (found.profile !== 'cpu' || Math.min(base, head) >= SAMPLES_TO_NAME || isNamedForSure(found)) return [];
  return [`${base} CPU samples on base and ${head} on head are few to name a function by.`];
};

/** The collector's part belongs to the CPU; what allocates more is in the other profile. */
const gcWarnings = (all: readonly KindFindings[]): readonly string[] => {
  const cpu = all.find(({ profile }) => profile === 'cpu');
  const bytes = all.find(({ profile }) => profile === 'alloc_space');
  if (cpu === undefined || bytes === undefined) return [];
  return [describeGcSplit(cpu.totals, cpu.buckets, bytes.tested, bytes.moves) ?? []].flat();
};

const heldOn = ({ totals }: KindFindings): BySide<number> =>
  bothSides((side) => Math.round(totals.total[side] * totals.requestsPerLaunch[side]));

/**
 * Where goroutines grew: how many of them can never wake, as Go itself finds by a collection (1.27). What lives and could
 * still wake one, if only it were told to, is enough to leave it out.
 */
const leakWarnings = (all: readonly KindFindings[]): readonly string[] => {
  const leaks = all.find(({ profile }) => profile === 'goroutineleak');
  if (leaks === undefined || all[0]?.profile !== 'goroutine' || directionOf(all[0].totals) !== 1) return [];
  const { base, head } = heldOn(leaks);
  return [
    head > base
      ? `After ${formatNumberOf(leaks.totals.requestsPerLaunch.head, 'request')} ${formatNumberOf(head, 'goroutine')} of head (${formatCount(base)} of base) can never wake, by Go's own count; those that a global variable, a timer or a live goroutine still reaches are not among them.`
      : 'Go does not count head’s new goroutines among those that can never wake: something alive (a global variable, a timer, another goroutine) still reaches what they wait for.',
  ];
};

/** Kinds of profile that the builds make incomparable, said in place of their rows. */
const incomparableWarnings = (compared: readonly KindCompared[]): readonly string[] => {
  const nouns = compared.filter((each) => 'isIncomparable' in each).map(({ profile }) => profileKind(profile).noun);
  if (nouns.length === 0) return [];
  return [`Functions are not compared by ${nouns.join(' and ')}: the two builds count it differently.`];
};

const allocatedIn = (all: readonly KindFindings[]): readonly KindTotals[] =>
  (['alloc_objects', 'alloc_space'] as const).flatMap(
    (wanted) => all.find(({ profile }) => profile === wanted)?.totals ?? [],
  );

/** Of the CPU profile, whoever leads; null where there is none. */
const cpuSamplesOf = (all: readonly KindFindings[]): BySide<number> | null => {
  const cpu = all.find(({ profile }) => profile === 'cpu');
  return cpu === undefined ? null : samplesOf(cpu);
};

const attributionOf = (
  all: readonly KindFindings[],
  source: Attribution['source'],
  first: readonly string[],
): Attribution => {
  const [leading] = all;
  if (leading === undefined) return { source, samples: null, diffuse: null, culprit: null, warnings: first };
  return {
    source,
    samples: cpuSamplesOf(all),
    diffuse:
      leading.blame === null
        ? describeDiffuse(leading.totals, leading.tested, leading.buckets, leading.practicalRatio, allocatedIn(all))
        : null,
    culprit: leading.blame?.name ?? null,
    warnings: [
      ...first,
      ...sampleWarnings(leading),
      ...captureWarnings(leading),
      ...leading.remarks,
      ...gcWarnings(all),
      ...leakWarnings(all),
    ],
  };
};

/** Compares the functions of both sides by one kind, of which every stack counts; null where it has no launches. */
export const compareKind = (kind: ProfiledKind, context: FunctionsContext): KindCompared | null => {
  const { profile, launches } = kind;
  if (launches.length === 0) return null;
  const isIncomparable = context.builds !== undefined && compareToolchains(context.builds).forbidden.has(profile);
  return isIncomparable ? { profile, isIncomparable } : findKind(kind, context);
};

/**
 * The rows of all kinds. The first that can be compared names the culprit, in the direction its total moved. The same
 * input gives the same rows, and sides exchanged give rows with every difference negated.
 */
export const explainByKinds = (compared: readonly KindCompared[], source: Attribution['source']): FunctionsFound => {
  const found = compared.filter((each): each is KindFindings => !('isIncomparable' in each));
  return {
    functions: found.flatMap(rowsOf),
    attribution: attributionOf(found, source, incomparableWarnings(compared)),
    costs: found.flatMap(({ costs }) => costs),
  };
};

/** The same from profiles as they were captured, for those who have every kind at hand. */
export const compareFunctions = (input: FunctionsInput): FunctionsFound =>
  explainByKinds(
    input.kinds.flatMap((kind) => compareKind(withCountedStacks(withoutAgentIn(kind)), input) ?? []),
    input.source,
  );
