import { type FrameGroups, groupByFunction } from './frame-groups.ts';
import { canonicalNames, canonicalPath, isRuntime, type PathRoots, packageOf, pprofNames } from './names.ts';
import type { Profile } from './profile.ts';
import { type LastPayer, sumStacks } from './sum-stacks.ts';
import { valueColumn, valueIndex } from './value-types.ts';
import { withoutAgent } from './filter.ts';

/** What one function costs, in the value type's unit (times `scale`). */
export interface FunctionCost {
  readonly name: string;
  readonly package: string;
  readonly file: string;
  /** Line of the `func` keyword; 0 when the profile does not say. */
  readonly startLine: number;
  /** A line seen in the samples. */
  readonly line: number;
  readonly flat: number;
  readonly cum: number;
  /** Flat, with runtime leaves charged to their first caller outside the runtime as well as taken from themselves. */
  readonly own: number;
}

export interface FunctionCosts {
  readonly type: string;
  readonly unit: string;
  /** Sum of all samples. */
  readonly total: number;
  readonly functions: readonly FunctionCost[];
}

export interface CostRequest {
  /** Sample type; pprof's default when absent. */
  readonly valueType?: string;
  /** Multiplies every value, e.g. 1 / requests. */
  readonly scale?: number;
  /** `pprof`: names and samples as in the file; `canonical` (default): the same in every build, agent left out. */
  readonly names?: 'pprof' | 'canonical';
  readonly roots?: PathRoots;
}

const sum = (values: Float64Array): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};

const flagsOf = (keys: readonly string[], is: (key: string) => boolean): Uint8Array =>
  Uint8Array.from(keys, (key) => (is(key) ? 1 : 0));

/** Sums per name, in columns: for callers that bring names (aligned between two builds) and values of their own. */
export interface FunctionSums {
  readonly names: readonly string[];
  /** A function of the profile's table with that name; −1 for code without one. */
  readonly functionIndex: Int32Array;
  readonly flat: Float64Array;
  readonly cum: Float64Array;
  readonly own: Float64Array;
}

/** Whose own cost a caller pays for. */
export interface Charging {
  readonly isCharged: (name: string) => boolean;
  readonly lastPayer: LastPayer;
}

const RUNTIME_CHARGED: Charging = { isCharged: isRuntime, lastPayer: 'leaf' };

/** Flat, cum and own sums of `values` (one per sample) by the names given for the functions of the table. */
export const functionSums = (
  profile: Profile,
  names: readonly string[],
  values: Float64Array,
  { isCharged, lastPayer } = RUNTIME_CHARGED,
): FunctionSums => {
  const groups = groupByFunction(profile, names);
  return {
    names: groups.keys,
    functionIndex: groups.exampleLine.map((line) => (line < 0 ? -1 : (profile.locations.lineFunction[line] ?? 0))),
    ...sumStacks(profile, groups, values, flagsOf(groups.keys, isCharged), lastPayer),
  };
};

/** The canonical path of a string of the file; a source file has many functions, so each is worked out once. */
const pathsOf = (profile: Profile, roots: PathRoots): ((file: number) => string) => {
  const known = new Map<number, string>();
  return (file) => {
    const path = known.get(file) ?? canonicalPath(profile.strings[file] ?? '', roots);
    known.set(file, path);
    return path;
  };
};

const describe = (profile: Profile, groups: FrameGroups, group: number, pathOf: (file: number) => string) => {
  const line = groups.exampleLine[group] ?? -1;
  const index = line < 0 ? -1 : (profile.locations.lineFunction[line] ?? 0);
  const name = groups.keys[group] ?? '';
  return {
    name,
    package: packageOf(name),
    file: index < 0 ? '' : pathOf(profile.functions.file[index] ?? 0),
    startLine: index < 0 ? 0 : (profile.functions.startLine[index] ?? 0),
    line: line < 0 ? 0 : (profile.locations.lineNumber[line] ?? 0),
  };
};

/**
 * Flat, cum and own cost of every function with a sample. Functions of one name are one row, as in `go tool pprof`.
 * With pprof's names, flat and cum equal `go tool pprof -top` with all nodes shown.
 */
export const functionCosts = (profile: Profile, request: CostRequest = {}): FunctionCosts => {
  const { names = 'canonical', scale = 1, roots = {} } = request;
  const source = names === 'canonical' ? withoutAgent(profile) : profile;
  const groups = groupByFunction(source, names === 'canonical' ? canonicalNames(source) : pprofNames(source));
  const values = valueColumn(source, request.valueType);
  const sums = sumStacks(source, groups, values, flagsOf(groups.keys, isRuntime));
  const type = source.sampleTypes[valueIndex(source, request.valueType)];
  const pathOf = pathsOf(source, roots);
  const functions: FunctionCost[] = [];
  for (let group = 0; group < groups.keys.length; group++) {
    functions.push({
      ...describe(source, groups, group, pathOf),
      flat: (sums.flat[group] ?? 0) * scale,
      cum: (sums.cum[group] ?? 0) * scale,
      own: (sums.own[group] ?? 0) * scale,
    });
  }
  return { type: type?.type ?? '', unit: type?.unit ?? '', total: sum(values) * scale, functions };
};
