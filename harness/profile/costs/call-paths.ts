/**
 * Callers for a profile that has none: counted instructions know the function, a sampled profile of the same program
 * knows on which paths it was met. Totals per function stay exact; how they divide among paths is as the samples say.
 */
import { locationColumn } from '../columns/columns.ts';
import { withoutAgent } from './filter.ts';
import { canonicalNames } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { sampleCounts } from './sample-counts.ts';
import { isTruncated } from './truncated.ts';

export interface CallPaths {
  readonly profile: Profile;
  /** Samples that the paths were taken from. */
  readonly samples: number;
}

/** Rarer paths of a function are left out: each is a sample of its own for every line of it. */
const MOST_PATHS = 10;

/** Callers of a function, the nearest first, as indices into the sampled profile's functions. */
interface CallerPath {
  readonly callers: readonly number[];
  /** Samples that met the function itself there. */
  own: number;
  /** Samples that met it or what it called. */
  all: number;
}

interface WeightedPath {
  readonly callers: readonly number[];
  readonly weight: number;
}

/** A closure is the same by its number here: both profiles are of one program. */
const NO_LINES: ReadonlyMap<string, number> = new Map();

/** Paths by the canonical name of the compiled function at their end. */
const collectPaths = (sampled: Profile): ReadonlyMap<string, ReadonlyMap<string, CallerPath>> => {
  const names = canonicalNames(sampled, NO_LINES);
  const counts = sampleCounts(sampled);
  const isCut = isTruncated(sampled);
  const { locations, samples } = sampled;
  const framesOf = (location: number): readonly number[] =>
    Array.from(locations.lineFunction.subarray(locations.lineStart[location], locations.lineStart[location + 1]));
  const found = new Map<string, Map<string, CallerPath>>();
  for (let sample = 0; sample < samples.count; sample++) {
    const count = counts[sample] ?? 0;
    // Where the root was cut off, the path is not the whole one.
    if (count <= 0 || isCut[sample] === 1) continue;
    const stack = Array.from(samples.stack.subarray(samples.stackStart[sample], samples.stackStart[sample + 1]));
    const frames = stack.map(framesOf);
    const met = new Set<string>();
    frames.forEach((lines, depth) => {
      const name = names[lines.at(-1) ?? 0] ?? '';
      // Of a recursion the innermost call: the outer ones are on its path.
      if (met.has(name)) return;
      met.add(name);
      const callers = frames.slice(depth + 1).flat();
      const paths = found.get(name) ?? new Map<string, CallerPath>();
      found.set(name, paths);
      const key = callers.map((caller) => names[caller] ?? '').join('\n');
      const path = paths.get(key) ?? { callers, own: 0, all: 0 };
      paths.set(key, path);
      path.all += count;
      if (depth === 0) path.own += count;
    });
  }
  return found;
};

/** Where the function itself was met; where it never was, where its callees were. */
const weighted = (paths: Iterable<CallerPath>): readonly WeightedPath[] => {
  const all = [...paths];
  const isMet = all.some(({ own }) => own > 0);
  return all
    .map(({ callers, own, all: met }) => ({ callers, weight: isMet ? own : met }))
    .filter(({ weight }) => weight > 0)
    .toSorted((a, b) => b.weight - a.weight)
    .slice(0, MOST_PATHS);
};

/** `value` in whole parts as the weights are: they sum to `value` whatever the rounding. */
export const apportion = (value: number, weights: readonly number[]): readonly number[] => {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let given = 0;
  let upTo = 0;
  return weights.map((weight) => {
    upTo += weight;
    const part = Math.round((value * upTo) / total) - given;
    given += part;
    return part;
  });
};

/** Samples in the making, one row behind the other: there are tens of thousands, too many for an object each. */
class SampleRows {
  readonly values: number[] = [];
  readonly stack: number[] = [];
  /** Where each row's stack ends. */
  readonly stackEnd: number[] = [];
  /** Each row's sample in the counted profile. */
  readonly sample: number[] = [];

  add(sample: number, values: Iterable<number>, stack: Iterable<number>): void {
    for (const value of values) this.values.push(value);
    for (const location of stack) this.stack.push(location);
    this.stackEnd.push(this.stack.length);
    this.sample.push(sample);
  }
}

/**
 * `counted`, whose instructions stand one location deep, with the callers that `sampled` met each of its functions under.
 * Functions without a sample stay as they are, and so do calls whose caller was counted.
 */
export const withCallPaths = (counted: Profile, sampled: Profile): CallPaths => {
  const source = withoutAgent(sampled);
  const paths = new Map([...collectPaths(source)].map(([name, found]) => [name, weighted(found.values())]));
  const callers = new CallerTable(counted, source);
  const names = canonicalNames(counted, NO_LINES);
  const { samples, locations } = counted;
  const width = counted.sampleTypes.length;
  const rows = new SampleRows();
  for (let sample = 0; sample < samples.count; sample++) {
    const stack = samples.stack.subarray(samples.stackStart[sample], samples.stackStart[sample + 1]);
    const [leaf = 0] = stack;
    const compiled = locations.lineFunction[(locations.lineStart[leaf + 1] ?? 1) - 1] ?? 0;
    const values = samples.values.subarray(sample * width, (sample + 1) * width);
    const known = paths.get(names[compiled] ?? '') ?? [];
    if (known.length === 0 || stack.length > 1) rows.add(sample, values, stack);
    else divide(values, known, (path, parts) => rows.add(sample, parts, [leaf, ...callers.place(path)]));
  }
  const met = sampleCounts(source).reduce((sum, count) => sum + count, 0);
  const comment = `Callers are joined from ${met} CPU samples of the same program; functions without a sample have none.`;
  const extended = callers.extended();
  const columns = sampleColumns(counted, rows, extended.locations.count);
  return { profile: { ...extended, ...columns, comments: [comment] }, samples: met };
};

/** Calls `take` for each path that has a part of any value. */
const divide = (
  values: Float64Array,
  paths: readonly WeightedPath[],
  take: (path: WeightedPath, parts: readonly number[]) => void,
): void => {
  const weights = paths.map(({ weight }) => weight);
  const columns = Array.from(values, (value) => (value === 0 ? [] : apportion(value, weights)));
  paths.forEach((path, index) => {
    const parts = columns.map((column) => column[index] ?? 0);
    if (parts.some((part) => part !== 0)) take(path, parts);
  });
};

/** Functions of a profile by canonical name, where one alone has it (instances of a generic function share one). */
const uniqueFunctions = (profile: Profile): ReadonlyMap<string, number> => {
  const named = Map.groupBy(canonicalNames(profile, NO_LINES).entries(), ([, name]) => name);
  return new Map(
    [...named].flatMap(([name, [first, ...others]]) => (first && others.length === 0 ? [[name, first[0]]] : [])),
  );
};

const joined = (column: Uint32Array, more: readonly number[]): Uint32Array => {
  const both = new Uint32Array(column.length + more.length);
  both.set(column);
  both.set(more, column.length);
  return both;
};

/** Puts the callers' functions behind those of the counted profile, each with a location of its own. */
class CallerTable {
  readonly #sampled: Profile;
  readonly #names: readonly string[];
  readonly #counted: Profile;
  readonly #known: ReadonlyMap<string, number>;
  readonly #strings: string[];
  readonly #stringOf: Map<string, number>;
  readonly #placed = new Map<WeightedPath, readonly number[]>();
  /** Location by index into the sampled profile's functions. */
  readonly #locationOf = new Map<number, number>();
  readonly #functions: { readonly name: number; readonly file: number; readonly startLine: number }[] = [];
  readonly #locations: { readonly function: number; readonly line: number }[] = [];

  constructor(counted: Profile, sampled: Profile) {
    this.#sampled = sampled;
    this.#names = canonicalNames(sampled, NO_LINES);
    this.#counted = counted;
    this.#known = uniqueFunctions(counted);
    this.#strings = [...counted.strings];
    this.#stringOf = new Map(counted.strings.map((text, index) => [text, index]));
  }

  /** Locations of a path's callers; those that are new are added. */
  place(path: WeightedPath): readonly number[] {
    const known = this.#placed.get(path) ?? this.#placeAll(path);
    this.#placed.set(path, known);
    return known;
  }

  #placeAll({ callers }: WeightedPath): readonly number[] {
    return callers.map((caller) => {
      const known = this.#locationOf.get(caller);
      if (known !== undefined) return known;
      const line = this.#sampled.functions.startLine[caller] ?? 0;
      this.#locations.push({ function: this.#addFunction(caller), line });
      const location = this.#counted.locations.count + this.#locations.length - 1;
      this.#locationOf.set(caller, location);
      return location;
    });
  }

  /** That of the counted profile where it has one, else a new one. */
  #addFunction(caller: number): number {
    const known = this.#known.get(this.#names[caller] ?? '');
    if (known !== undefined) return known;
    const { functions, strings } = this.#sampled;
    const [name, file] = [functions.name, functions.file].map((column) =>
      this.#addText(strings[column[caller] ?? 0] ?? ''),
    );
    this.#functions.push({ name: name ?? 0, file: file ?? 0, startLine: functions.startLine[caller] ?? 0 });
    return this.#counted.functions.count + this.#functions.length - 1;
  }

  #addText(text: string): number {
    const known = this.#stringOf.get(text);
    if (known !== undefined) return known;
    this.#stringOf.set(text, this.#strings.length);
    return this.#strings.push(text) - 1;
  }

  /** The counted profile's tables with the callers in them. */
  extended(): Profile {
    const { functions, locations } = this.#counted;
    const lines = locations.lineFunction.length;
    const none = this.#locations.map(() => 0);
    const count = locations.count + none.length;
    const address = new BigUint64Array(count);
    address.set(locations.address);
    const isFolded = new Uint8Array(count);
    isFolded.set(locations.isFolded);
    const lineNumber = new Int32Array(lines + none.length);
    lineNumber.set(locations.lineNumber);
    lineNumber.set(
      this.#locations.map(({ line }) => line),
      lines,
    );
    return {
      ...this.#counted,
      strings: this.#strings,
      functions: {
        count: functions.count + this.#functions.length,
        name: joined(
          functions.name,
          this.#functions.map(({ name }) => name),
        ),
        systemName: joined(
          functions.systemName,
          this.#functions.map(({ name }) => name),
        ),
        file: joined(
          functions.file,
          this.#functions.map(({ file }) => file),
        ),
        startLine: joined(
          functions.startLine,
          this.#functions.map(({ startLine }) => startLine),
        ),
      },
      locations: {
        count,
        mapping: joined(locations.mapping, none),
        address,
        isFolded,
        lineStart: joined(
          locations.lineStart,
          this.#locations.map((_row, index) => lines + index + 1),
        ),
        lineFunction: joined(
          locations.lineFunction,
          this.#locations.map((row) => row.function),
        ),
        lineNumber,
        lineColumn: joined(locations.lineColumn, none),
      },
    };
  }
}

const sampleColumns = (
  { samples, labels }: Profile,
  rows: SampleRows,
  locations: number,
): Pick<Profile, 'samples' | 'labels'> => {
  const count = rows.sample.length;
  const stackStart = new Uint32Array(count + 1);
  stackStart.set(rows.stackEnd, 1);
  const labelStart = new Uint32Array(count + 1);
  const labelRows: number[] = [];
  rows.sample.forEach((sample, index) => {
    for (let label = samples.labelStart[sample] ?? 0; label < (samples.labelStart[sample + 1] ?? 0); label++)
      labelRows.push(label);
    labelStart[index + 1] = labelRows.length;
  });
  const pick = (column: Uint32Array): Uint32Array => Uint32Array.from(labelRows, (label) => column[label] ?? 0);
  const stack = locationColumn(locations, rows.stack.length);
  stack.set(rows.stack);
  return {
    samples: {
      count,
      values: Float64Array.from(rows.values),
      stackStart,
      stack,
      labelStart,
    },
    labels: {
      count: labelRows.length,
      key: pick(labels.key),
      text: pick(labels.text),
      number: BigInt64Array.from(labelRows, (label) => labels.number[label] ?? 0n),
      unit: pick(labels.unit),
    },
  };
};
