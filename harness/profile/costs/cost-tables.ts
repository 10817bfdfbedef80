/** Costs by line, by package and by label. */
import { exactFlatCum, exactValue } from './exact-sums.ts';
import { withoutAgent } from './filter.ts';
import { groupByFunction, groupByLine } from './frame-groups.ts';
import { RUNTIME_CHARGED } from './function-costs.ts';
import { canonicalNames, canonicalPath, type PathRoots, packageOf, pprofNameOf } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { sumOwn } from './sum-stacks.ts';
import { valueColumn, valueIndex } from '../columns/value-types.ts';

export interface LineCost {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly flat: number;
  readonly cum: number;
}

export interface PackageCost {
  readonly package: string;
  readonly flat: number;
  readonly cum: number;
  /** Flat, with the runtime's part charged to the package that called it. */
  readonly own: number;
}

export interface TableRequest {
  readonly valueType?: string;
  readonly scale?: number;
  readonly roots?: PathRoots;
  /** `pprof`: names, paths and samples as in the file; `canonical` (default): the same in every build, agent left out. */
  readonly names?: 'pprof' | 'canonical';
}

/** The samples that count, and how the functions of the table are called. */
const sourceOf = (profile: Profile, { names = 'canonical' }: TableRequest) => {
  if (names === 'pprof') return { profile, nameOf: pprofNameOf(profile) };
  const own = withoutAgent(profile);
  const canonical = canonicalNames(own);
  return { profile: own, nameOf: (index: number): string => canonical[index] ?? '' };
};

/** Cannot be in a function name or a path. */
const SEPARATOR = '\u0000';

/** Cost of every source line with a sample. */
export const lineCosts = (source: Profile, request: TableRequest = {}): readonly LineCost[] => {
  const { scale = 1, roots = {} } = request;
  const { profile, nameOf } = sourceOf(source, request);
  const { locations, functions, strings } = profile;
  const pathOf = (file: string): string => (request.names === 'pprof' ? file : canonicalPath(file, roots));
  const functionOf = (line: number): number => locations.lineFunction[line] ?? 0;
  const fileOf = (line: number): string => strings[functions.file[functionOf(line)] ?? 0] ?? '';
  const groups = groupByLine(profile, (line) =>
    [nameOf(functionOf(line)), fileOf(line), locations.lineNumber[line] ?? 0].join(SEPARATOR),
  );
  const { flat, cum } = exactFlatCum(profile, groups, request.valueType);
  return groups.keys.map((key, group) => {
    const line = groups.exampleLine[group] ?? -1;
    return {
      function: line < 0 ? key : nameOf(functionOf(line)),
      file: line < 0 ? '' : pathOf(fileOf(line)),
      line: line < 0 ? 0 : (locations.lineNumber[line] ?? 0),
      flat: (flat[group] ?? 0) * scale,
      cum: (cum[group] ?? 0) * scale,
    };
  });
};

/** Cost of every package with a sample. */
export const packageCosts = (source: Profile, request: TableRequest = {}): readonly PackageCost[] => {
  const { scale = 1 } = request;
  const { profile, nameOf } = sourceOf(source, request);
  const groups = groupByFunction(profile, (index) => packageOf(nameOf(index)));
  const values = valueColumn(profile, request.valueType);
  const { flat, cum } = exactFlatCum(profile, groups, request.valueType);
  const own = sumOwn(profile, groups, values, RUNTIME_CHARGED);
  return groups.keys.map((key, group) => ({
    package: key,
    flat: (flat[group] ?? 0) * scale,
    cum: (cum[group] ?? 0) * scale,
    own: (own[group] ?? 0) * scale,
  }));
};

/** A label's text, or its number with its unit. */
const labelText = ({ labels, strings }: Profile, label: number): string => {
  const text = strings[labels.text[label] ?? 0] ?? '';
  const unit = strings[labels.unit[label] ?? 0] ?? '';
  return text === '' ? `${labels.number[label] ?? 0n}${unit === '' ? '' : ` ${unit}`}` : text;
};

/** Value of the samples by the label `key`; samples without it under the empty text. */
export const labelCosts = (
  profile: Profile,
  key: string,
  { valueType, scale = 1 }: { readonly valueType?: string; readonly scale?: number } = {},
): ReadonlyMap<string, number> => {
  const { samples, labels, strings } = profile;
  const { sampleTypes } = profile;
  const index = valueIndex(profile, valueType);
  const sums = new Map<string, bigint>();
  for (let i = 0; i < samples.count; i++) {
    let text = '';
    for (let label = samples.labelStart[i] ?? 0; label < (samples.labelStart[i + 1] ?? 0); label++) {
      if (strings[labels.key[label] ?? 0] === key) text = labelText(profile, label);
    }
    sums.set(text, (sums.get(text) ?? 0n) + exactValue(samples, i * sampleTypes.length + index));
  }
  return new Map([...sums].map(([text, sum]) => [text, Number(BigInt.asIntN(64, sum)) * scale]));
};
