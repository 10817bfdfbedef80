/** Profiles of all launches → per function and side: cost per request, and the events behind it launch by launch. */
import { profileKind } from '../../metrics/index.ts';
import { type BySide, bothSides, type Side } from '../../model/index.ts';
import {
  canonicalPath,
  type Charging,
  functionSums,
  liveCounts,
  type Profile,
  RUNTIME_CHARGED,
  sampleCounts,
  sampleLabels,
  valueColumn,
} from '../../profile/index.ts';
import type { Apart, CostProfile, ProfiledKind, ProfiledSide } from './input.ts';
import type { NamesOf } from './names.ts';
import { librariesCharged, waitingCharged } from './owners.ts';

export interface SideCost {
  /** Own cost per request: flat, with runtime leaves charged to their first caller outside the runtime. */
  readonly own: number;
  /** Own, with all that is not the module's charged to its first caller in the module; 0 outside the module. */
  readonly withLibraries: number;
  /** Including callees. */
  readonly cum: number;
  /** Observed events per launch behind `own` and `cum`. */
  readonly ownCounts: readonly number[];
  readonly cumCounts: readonly number[];
  /** What `own` and `cum` were spent on, where samples say it; else empty. */
  readonly ownReasons: ReadonlyMap<string, number>;
  readonly cumReasons: ReadonlyMap<string, number>;
}

export interface FunctionTotals {
  readonly name: string;
  readonly file: string;
  readonly sides: BySide<SideCost>;
  /** Lines seen in the samples and where the function begins, per side; null where the side has no sample of it. */
  readonly lines: BySide<readonly [number, number] | null>;
  /** Line to show: the function's first, else the first seen. */
  readonly line: number;
}

export interface KindTotals {
  readonly profile: CostProfile;
  readonly functions: readonly FunctionTotals[];
  /** Cost of a request over everything. */
  readonly total: BySide<number>;
  /** Observed events in all launches. */
  readonly samples: BySide<number>;
  /** Costs are shares of an exact total, so what is sure is the whole, and a large share is surer than its count. */
  readonly isShareOfExact: boolean;
  /** Requests of one launch, in the mean. */
  readonly requestsPerLaunch: BySide<number>;
  /** Events per unit of cost, head ÷ base: how many more events head would show at equal cost. */
  readonly sizeRatio: number;
  /** What a CPU profile alone says a request costs ÷ the exact total; null where there is no exact total. */
  readonly captured: BySide<number | null>;
  /** Of sides that were measured apart. */
  readonly apart?: ApartTotals;
}

export interface ApartTotals extends Apart {
  /** Events of each launch in all, or its requests where costs are no shares of an exact total. */
  readonly exposures: BySide<readonly number[]>;
}

/** With the profiles at hand, for what no total tells; they are many, so nothing keeps this longer than it must. */
export interface ProfiledTotals extends KindTotals {
  /** Values times the factor are cost per request. */
  readonly sources: BySide<readonly { readonly profile: Profile; readonly factor: number }[]>;
}

interface MutableSide {
  own: number;
  withLibraries: number;
  cum: number;
  readonly ownCounts: number[];
  readonly cumCounts: number[];
  readonly ownReasons: Map<string, number>;
  readonly cumReasons: Map<string, number>;
  lines: [number, number] | null;
}

interface MutableTotals {
  file: string;
  line: number;
  readonly sides: BySide<MutableSide>;
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/** Exact totals weighted by requests; null when a launch has none. */
const exactTotal = (sides: readonly ProfiledSide[]): number | null => {
  let cost = 0;
  let requests = 0;
  for (const side of sides) {
    if (side.exactTotalPerRequest === undefined) return null;
    cost += side.exactTotalPerRequest * side.requests;
    requests += side.requests;
  }
  return requests > 0 ? cost / requests : null;
};

interface SideSums {
  readonly profiles: readonly Profile[];
  readonly reason: 'state' | null;
  readonly values: readonly Float64Array[];
  readonly counts: readonly Float64Array[];
  readonly valueTotal: number;
  readonly countTotal: number;
  /** Cost per request of one unit of sample value. */
  readonly factor: number;
  readonly costPerRequest: number;
  readonly requests: number;
  readonly exact: number | null;
}

/** What one request takes in the mean over both sides: the size of an event where nothing was sampled. */
const meanRequest = ({ profile: kind, launches }: ProfiledKind): number => {
  const sides = launches.flatMap(({ base, head }) => [base, head]);
  const { valueType } = profileKind(kind);
  const all = sides.reduce((sum, { profile }) => sum + total(valueColumn(profile, valueType)), 0);
  return (
    all /
    Math.max(
      1,
      sides.reduce((sum, { requests }) => sum + requests, 0),
    )
  );
};

const eventsOf = (kind: ProfiledKind, profile: Profile, values: Float64Array): Float64Array => {
  const { events } = profileKind(kind.profile);
  if (events === 'held') return liveCounts(profile);
  if (events === 'sampled') return sampleCounts(profile);
  const size = meanRequest(kind);
  return values.map((value) => (size > 0 ? value / size : 0));
};

const sumSide = (kind: ProfiledKind, side: Side): SideSums => {
  const sides = kind.launches.map((launch) => launch[side]);
  const profiles = sides.map(({ profile }) => profile);
  const values = profiles.map((profile) => valueColumn(profile, profileKind(kind.profile).valueType));
  const valueTotal = values.reduce((sum, column) => sum + total(column), 0);
  const requests = sides.reduce((sum, each) => sum + each.requests, 0);
  const exact = exactTotal(sides);
  const perRequest = requests > 0 ? valueTotal / requests : 0;
  const costPerRequest = exact ?? perRequest;
  const counts = profiles.map((profile, at) => eventsOf(kind, profile, values[at] ?? new Float64Array()));
  return {
    profiles,
    reason: profileKind(kind.profile).reason,
    values,
    counts,
    valueTotal,
    countTotal: counts.reduce((sum, column) => sum + total(column), 0),
    factor: valueTotal > 0 ? costPerRequest / valueTotal : 0,
    costPerRequest,
    requests,
    exact,
  };
};

/** Cost per request of one unit of a kind's sample value, over all its launches: a share of the exact total where there is one. */
export const costFactors = (kind: ProfiledKind): BySide<number> => bothSides((side) => sumSide(kind, side).factor);

/** First and last line of every function of the profile that a sample shows, its beginning included. */
const lineSpans = (profile: Profile): readonly (readonly [number, number] | null)[] => {
  const spans: ([number, number] | null)[] = Array.from({ length: profile.functions.count }, () => null);
  const { lineFunction, lineNumber } = profile.locations;
  lineFunction.forEach((fn, at) => {
    const line = lineNumber[at] ?? 0;
    const span = spans[fn] ?? [profile.functions.startLine[fn] || line, line];
    spans[fn] = [Math.min(span[0], line), Math.max(span[1], line)];
  });
  return spans;
};

const widen = (known: [number, number] | null, span: readonly [number, number] | null): [number, number] | null => {
  if (span === null) return known;
  return known === null ? [span[0], span[1]] : [Math.min(known[0], span[0]), Math.max(known[1], span[1])];
};

const emptySide = (launches: number): MutableSide => ({
  own: 0,
  withLibraries: 0,
  cum: 0,
  ownCounts: Array.from({ length: launches }, () => 0),
  cumCounts: Array.from({ length: launches }, () => 0),
  ownReasons: new Map(),
  cumReasons: new Map(),
  lines: null,
});

/** Whose cost is a caller's in this kind; and what the module's own functions pay for besides. */
interface Payers {
  readonly own: Charging;
  readonly libraries: Charging;
}

const payersIn = (kind: CostProfile, modulePath: string | null): Payers => ({
  own: profileKind(kind).charged === 'library' ? waitingCharged(modulePath) : RUNTIME_CHARGED,
  libraries: librariesCharged(modulePath),
});

/** Adds what the values of one profile were spent on to the functions that have been found in it. */
const addReasons = (
  functions: ReadonlyMap<string, MutableTotals>,
  side: Side,
  { profile, names, values, key, factor }: Reasoned,
  { own }: Payers,
): void => {
  const labels = sampleLabels(profile, key);
  const sums = functionSums(profile, names);
  const add = (reasons: Map<string, number> | undefined, label: string, value: number | undefined): void => {
    if (reasons !== undefined && value) reasons.set(label, (reasons.get(label) ?? 0) + value * factor);
  };
  for (const label of new Set(labels)) {
    const spent = values.map((value, i) => (labels[i] === label ? value : 0));
    const [owned, below] = [sums.own(spent, own), sums.cum(spent)];
    sums.names.forEach((name, i) => {
      const part = functions.get(name)?.sides[side];
      add(part?.ownReasons, label, owned[i]);
      add(part?.cumReasons, label, below[i]);
    });
  }
};

interface Reasoned {
  readonly profile: Profile;
  readonly names: readonly string[];
  readonly values: Float64Array;
  /** Of the label that says it. */
  readonly key: string;
  readonly factor: number;
}

const addSide = (
  functions: Map<string, MutableTotals>,
  sums: SideSums,
  side: Side,
  namesOf: (profile: Profile) => readonly string[],
  payers: Payers,
): void => {
  const launches = sums.profiles.length;
  sums.profiles.forEach((profile, launch) => {
    const names = namesOf(profile);
    const values = sums.values[launch] ?? new Float64Array();
    const counts = sums.counts[launch] ?? new Float64Array();
    const functionsOf = functionSums(profile, names);
    const [cum, cumCounts] = [functionsOf.cum(values), functionsOf.cum(counts)];
    const [own, ownCounts] = [functionsOf.own(values, payers.own), functionsOf.own(counts, payers.own)];
    const withLibraries = functionsOf.own(values, payers.libraries);
    const spans = lineSpans(profile);
    functionsOf.names.forEach((name, i) => {
      // The table also holds functions of stacks that were filtered out.
      if (cum[i] === 0 && cumCounts[i] === 0) return;
      const found = functions.get(name) ?? { file: '', line: 0, sides: bothSides(() => emptySide(launches)) };
      functions.set(name, found);
      const index = functionsOf.functionIndex[i] ?? -1;
      const part = found.sides[side];
      part.own += (own[i] ?? 0) * sums.factor;
      part.withLibraries += payers.libraries.isCharged(name) ? 0 : (withLibraries[i] ?? 0) * sums.factor;
      part.cum += (cum[i] ?? 0) * sums.factor;
      part.ownCounts[launch] = ownCounts[i] ?? 0;
      part.cumCounts[launch] = cumCounts[i] ?? 0;
      if (index < 0) return;
      part.lines = widen(part.lines, spans[index] ?? null);
      // Head is added last, so its file and line are the ones shown.
      found.file = canonicalPath(profile.strings[profile.functions.file[index] ?? 0] ?? '');
      found.line = profile.functions.startLine[index] || (part.lines?.[0] ?? 0);
    });
    if (sums.reason !== null)
      addReasons(functions, side, { profile, names, values, key: sums.reason, factor: sums.factor }, payers);
  });
};

/** Events per unit of cost: of shares of an exact total what was seen for it, else as many as requests give. */
const exposure = ({ exact, requests, costPerRequest, countTotal }: SideSums): number => {
  if (exact === null) return requests;
  return costPerRequest > 0 ? countTotal / costPerRequest : 0;
};

/** Head's events per unit of cost over base's; 1 when a side has none. */
const sizeRatioOf = ({ base, head }: BySide<SideSums>): number => {
  const ratio = exposure(head) / exposure(base);
  return Number.isFinite(ratio) && ratio > 0 ? ratio : 1;
};

const exposuresOf = ({ exact, counts }: SideSums, sides: readonly ProfiledSide[]): readonly number[] =>
  exact === null ? sides.map(({ requests }) => requests) : counts.map(total);

const apartOf = (kind: ProfiledKind, sums: BySide<SideSums>): Pick<KindTotals, 'apart'> => {
  if (kind.apart === undefined) return {};
  const sidesOf = (side: Side): readonly ProfiledSide[] => kind.launches.map((launch) => launch[side]);
  return { apart: { ...kind.apart, exposures: bothSides((side) => exposuresOf(sums[side], sidesOf(side))) } };
};

/** Of a CPU profile, by its own nanoseconds: what the samples say beside what the kernel says. */
const capturedOf = ({ profiles, exact, requests }: SideSums, kind: CostProfile): number | null => {
  if (kind !== 'cpu' || exact === null || exact === 0 || requests === 0) return null;
  const sampledNs = profiles.reduce((sum, profile) => sum + total(valueColumn(profile, 'cpu')), 0);
  return sampledNs / requests / exact;
};

/** Adds up one kind of profile over all launches, both sides under the same names. */
export const totalCosts = (kind: ProfiledKind, names: NamesOf, modulePath: string | null): ProfiledTotals => {
  const sums = bothSides((side) => sumSide(kind, side));
  const functions = new Map<string, MutableTotals>();
  const payers = payersIn(kind.profile, modulePath);
  addSide(functions, sums.base, 'base', names.base, payers);
  addSide(functions, sums.head, 'head', names.head, payers);
  return {
    profile: kind.profile,
    functions: [...functions].map(([name, { file, line, sides }]) => ({
      name,
      file,
      line,
      sides,
      lines: { base: sides.base.lines, head: sides.head.lines },
    })),
    total: { base: sums.base.costPerRequest, head: sums.head.costPerRequest },
    samples: { base: sums.base.countTotal, head: sums.head.countTotal },
    isShareOfExact: sums.base.exact !== null && sums.head.exact !== null,
    requestsPerLaunch: bothSides((side) => sums[side].requests / Math.max(1, sums[side].profiles.length)),
    sizeRatio: sizeRatioOf(sums),
    captured: bothSides((side) => capturedOf(sums[side], kind.profile)),
    ...apartOf(kind, sums),
    sources: bothSides((side) => sums[side].profiles.map((profile) => ({ profile, factor: sums[side].factor }))),
  };
};
