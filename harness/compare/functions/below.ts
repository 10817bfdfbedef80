/**
 * Launches under Linux perf: what a request costs in Go's code, in C's and in the kernel, and which of the latter two costs
 * more or less, by the Go function that it was called below. Tested as functions are, in families of their own: perf knows
 * no inlined frames, so its figures are none of Go's profiles.
 */
import { METRICS } from '../../metrics/index.ts';
import {
  type BySide,
  bothSides,
  PERF_PLACES,
  type PerfComparison,
  type PerfPlace,
  type PerfPlaceRow,
  type PerfRow,
} from '../../model/index.ts';
import { byFrame, canonicalNames, isRuntime, packageOf, type Profile, valueColumn } from '../../profile/index.ts';
import { mean, sum } from '../../stats/index.ts';
import { intervalOver, SHOWN_TAIL } from '../verdict/over-launches.ts';
import { totalCosts } from './costs.ts';
import type { ProfiledKind, ProfiledSide } from './input.ts';
import { isOwn } from './owners.ts';
import { LEAST_OWN_RATIO, type Tested, testFunctions } from './tested.ts';

type Launches = readonly BySide<ProfiledSide>[];

/** As the profile names functions that are not Go's. */
const PREFIX = /^(C|kernel): /;

/** Nobody's choice: what lies between a function and the system call or the call into C. */
const BETWEEN = /^(?:internal\/|golang\.org\/x\/sys\/)/;
const CGO_CALL = /(?:^|\.)_C(?:2?func|macro)_/;

const isBetween = (name: string): boolean => isRuntime(name) || BETWEEN.test(packageOf(name)) || CGO_CALL.test(name);

/** Where there is nothing but the runtime: collections, timers, idle threads. */
const RUNTIME = 'runtime';

/** Of one sample. */
interface Where {
  readonly place: PerfPlace;
  readonly function: string;
  readonly below: string | null;
  readonly calledIn: string | null;
}

const placeOf = (name: string): PerfPlace => (PREFIX.exec(name)?.[1] as PerfPlace | undefined) ?? 'Go';

/** @param frames the innermost first */
const whereIs = (frames: readonly string[], modulePath: string | null): Where => {
  const [leaf = ''] = frames;
  const ofGo = frames.filter((name) => !PREFIX.test(name));
  return {
    place: placeOf(leaf),
    function: leaf.replace(PREFIX, ''),
    below: ofGo.find((name) => !isBetween(name)) ?? (ofGo.length > 0 ? RUNTIME : null),
    calledIn: ofGo.find((name) => isOwn(name, modulePath) && !isBetween(name)) ?? null,
  };
};

const samplesOf = (profile: Profile, modulePath: string | null): readonly Where[] => {
  const names = canonicalNames(profile);
  const { samples, locations } = profile;
  return Array.from({ length: samples.count }, (_, i) => {
    const stack = Array.from(samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1]));
    const frames = stack.map((at) => names[locations.lineFunction[locations.lineStart[at] ?? 0] ?? 0] ?? '');
    return whereIs(frames, modulePath);
  });
};

/** What a frame of a family stands for; no name holds a zero byte. */
const keyOf = (...parts: readonly string[]): string => parts.join('\0');

const framesOf = (profile: Profile): readonly string[] =>
  Array.from(profile.functions.name, (name) => profile.strings[name] ?? '');

const NOTHING_CHANGED: ReadonlySet<string> = new Set();

/** Every sample of all launches with its place, side by side with the profiles. */
interface Sampled {
  readonly launches: Launches;
  readonly where: ReadonlyMap<Profile, readonly Where[]>;
}

const kindOf = ({ launches, where }: Sampled, keyIn: (where: Where) => string): ProfiledKind => {
  const each = (side: ProfiledSide): ProfiledSide => ({
    ...side,
    profile: byFrame(side.profile, (where.get(side.profile) ?? []).map(keyIn)),
  });
  return {
    profile: 'cpu',
    launches: launches.map(({ base, head }) => ({ base: each(base), head: each(head) })),
    practicalRatio: METRICS.cpuNsPerRequest.practicalRatio,
  };
};

/** What is Go's own is counted with the others and not asked for. */
const GO_KEY = keyOf('Go');

/** Those that moved as all CPU did: what became less beside it is no answer to why. */
const family = (sampled: Sampled, keyIn: (where: Where) => string): readonly Tested[] => {
  const kind = kindOf(sampled, (where) => (where.place === 'Go' ? GO_KEY : keyIn(where)));
  const { sources: _profiles, ...totals } = totalCosts(kind, { base: framesOf, head: framesOf }, null);
  const floors = { practicalRatio: kind.practicalRatio, leastOwnRatio: LEAST_OWN_RATIO };
  const { base, head } = totals.total;
  return testFunctions(totals, floors, NOTHING_CHANGED, ({ name }) => name !== GO_KEY).filter(
    ({ delta }) => delta * (head - base) > 0,
  );
};

const placeKey = ({ place, below }: Where): string => keyOf(place, below ?? '');
const functionKey = (where: Where): string => keyOf(placeKey(where), where.function);

const countsOf = (profile: Profile): Float64Array => valueColumn(profile, 'samples');

/** Of the module's functions the one in which most samples of a key were called. */
const callersIn = ({ where }: Sampled, keyIn: (where: Where) => string): ReadonlyMap<string, string> => {
  const met = new Map<string, Map<string, number>>();
  for (const [profile, samples] of where) {
    const counts = countsOf(profile);
    samples.forEach((one, i) => {
      const key = keyIn(one);
      const callers = met.get(key) ?? new Map<string, number>();
      met.set(key, callers);
      if (one.calledIn !== null) callers.set(one.calledIn, (callers.get(one.calledIn) ?? 0) + (counts[i] ?? 0));
    });
  }
  return new Map(
    [...met].flatMap(([key, callers]) => {
      const [most] = [...callers].toSorted((one, other) => other[1] - one[1]);
      return most === undefined ? [] : [[key, most[0]] as const];
    }),
  );
};

const deltaOf = ({ basePerRequest, headPerRequest }: PerfRow): number => headPerRequest - basePerRequest;

/** Of a difference, for one function to be what it mostly is. */
const MOST_OF_IT = 0.5;

const mostlyIn = (name: string, delta: number, functions: readonly Tested[]): string | null => {
  const own = functions.filter((each) => each.totals.name.startsWith(`${name}\0`));
  const [most] = own.toSorted((one, other) => other.delta / delta - one.delta / delta);
  return most === undefined || most.delta / delta < MOST_OF_IT ? null : (most.totals.name.split('\0')[2] ?? null);
};

const rowOf = (each: Tested, callers: ReadonlyMap<string, string>, functions: readonly Tested[]): PerfRow => {
  const { name, sides } = each.totals;
  const [place = 'kernel', below = '', ofFunction] = name.split('\0');
  return {
    place: place as PerfRow['place'],
    function: ofFunction ?? null,
    below: below === '' ? null : below,
    calledIn: callers.get(name) ?? null,
    basePerRequest: sides.base.own,
    headPerRequest: sides.head.own,
    qValue: each.qValue,
    kind: each.delta > 0 ? 'regressed' : 'improved',
    mostly: ofFunction === undefined ? mostlyIn(name, each.delta, functions) : null,
  };
};

/** More hide the one that matters. */
const MOST_ROWS = 20;

const rowsOf = (sampled: Sampled): readonly PerfRow[] => {
  const [places, functions] = [family(sampled, placeKey), family(sampled, functionKey)];
  const named = (tested: readonly Tested[], keyIn: (where: Where) => string): readonly PerfRow[] => {
    const callers = callersIn(sampled, keyIn);
    return tested.filter(({ isNamed }) => isNamed).map((each) => rowOf(each, callers, functions));
  };
  const largestFirst = (one: PerfRow, other: PerfRow): number => Math.abs(deltaOf(other)) - Math.abs(deltaOf(one));
  return [
    ...named(places, placeKey).toSorted(largestFirst),
    ...named(functions, functionKey).toSorted(largestFirst),
  ].slice(0, MOST_ROWS);
};

/** Of one launch, in ns per request: shares of what the kernel counted, or without that as sampled. */
const placeCosts = (side: ProfiledSide, where: readonly Where[]): Readonly<Record<PerfPlace, number>> => {
  const counts = countsOf(side.profile);
  const all = Math.max(1, sum([...counts]));
  const sampledNs = (all * Number(side.profile.period)) / Math.max(1, side.requests);
  const perSample = (side.exactTotalPerRequest ?? sampledNs) / all;
  const costs = { Go: 0, C: 0, kernel: 0 };
  counts.forEach((count, i) => (costs[where[i]?.place ?? 'Go'] += count * perSample));
  return costs;
};

const placeRow = (costs: readonly BySide<Readonly<Record<PerfPlace, number>>>[], place: PerfPlace): PerfPlaceRow => {
  const of = bothSides((side) => costs.map((each) => each[side][place]));
  const deltas = of.head.map((ns, at) => ns - (of.base[at] ?? 0));
  return {
    place,
    basePerRequest: mean(of.base),
    headPerRequest: mean(of.head),
    ciPerRequest: deltas.length < 2 ? null : intervalOver(deltas, SHOWN_TAIL),
  };
};

/** null: no launch has both sides. */
export const comparePerf = (launches: Launches, modulePath: string | null): PerfComparison | null => {
  if (launches.length === 0) return null;
  const profiles = launches.flatMap(({ base, head }) => [base.profile, head.profile]);
  const where = new Map(profiles.map((profile) => [profile, samplesOf(profile, modulePath)]));
  const sampled: Sampled = { launches, where };
  const costs = launches.map((launch) =>
    bothSides((side) => placeCosts(launch[side], where.get(launch[side].profile) ?? [])),
  );
  return {
    launches: launches.length,
    samples: bothSides((side) => sum(launches.flatMap((launch) => [...countsOf(launch[side].profile)]))),
    places: PERF_PLACES.map((place) => placeRow(costs, place)),
    rows: rowsOf(sampled),
  };
};
