import { withoutAgent } from './filter.ts';
import { type FrameGroups, groupByFunction } from './frame-groups.ts';
import { canonicalNames, canonicalPath, isRuntime, type PathRoots, packageOf } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { type Charging, type FrameRole, sumEntries, sumFlatCum, sumOf, sumOwn } from './sum-stacks.ts';
import { valueColumn, valueIndex } from '../columns/value-types.ts';

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
  readonly roots?: PathRoots;
}

/** The runtime's work is its caller's doing. */
export const RUNTIME_CHARGED: Charging = { isCharged: isRuntime, lastPayer: 'leaf' };

/** Sums per name, in columns: for callers that bring names (aligned between two builds) and values of their own. */
export interface FunctionSums {
  readonly names: readonly string[];
  /** A function of the profile's table with that name; −1 for code without one. */
  readonly functionIndex: Int32Array;
  /** Sums of `values`, one per sample. */
  readonly cum: (values: Float64Array) => Float64Array;
  readonly own: (values: Float64Array, charging: Charging) => Float64Array;
  readonly entries: (values: Float64Array, roleOf: (name: string) => FrameRole) => Float64Array;
}

/** Function of a line; −1 for none. */
const functionOf = (profile: Profile, line: number): number =>
  line < 0 ? -1 : (profile.locations.lineFunction[line] ?? 0);

/** Sums by the names given for the functions of the table; each is walked for when it is asked for. */
export const functionSums = (profile: Profile, names: readonly string[]): FunctionSums => {
  const groups = groupByFunction(profile, (index) => names[index] ?? '');
  return {
    names: groups.keys,
    functionIndex: groups.exampleLine.map((line) => functionOf(profile, line)),
    cum: (values) => sumFlatCum(profile, groups, values).cum,
    own: (values, charging) => sumOwn(profile, groups, values, charging),
    entries: (values, roleOf) => sumEntries(profile, groups, values, roleOf),
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
  const index = functionOf(profile, line);
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
 * Flat, cum and own cost of every function with a sample, by canonical names and without the agent. Functions of one name
 * are one row, as in `go tool pprof`.
 */
export const functionCosts = (profile: Profile, request: CostRequest = {}): FunctionCosts => {
  const { scale = 1, roots = {} } = request;
  const source = withoutAgent(profile);
  const names = canonicalNames(source);
  const groups = groupByFunction(source, (index) => names[index] ?? '');
  const values = valueColumn(source, request.valueType);
  const { flat, cum } = sumFlatCum(source, groups, values);
  const own = sumOwn(source, groups, values, RUNTIME_CHARGED);
  const type = source.sampleTypes[valueIndex(source, request.valueType)];
  const pathOf = pathsOf(source, roots);
  return {
    type: type?.type ?? '',
    unit: type?.unit ?? '',
    total: sumOf(values) * scale,
    functions: groups.keys.map((_, group) => ({
      ...describe(source, groups, group, pathOf),
      flat: (flat[group] ?? 0) * scale,
      cum: (cum[group] ?? 0) * scale,
      own: (own[group] ?? 0) * scale,
    })),
  };
};
