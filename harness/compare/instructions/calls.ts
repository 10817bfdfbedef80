/**
 * What Go's coverage counters explain: how often functions are called per request. Calls decide nothing; they stand
 * beside the functions that samples name, and in a sentence of their own.
 */
import {
  type Attribution,
  type BySide,
  bothSides,
  type CallsLaunch,
  type ExactRun,
  type ExactSummary,
  type FileDiff,
  type FunctionComparison,
  type Side,
} from '../../model/index.ts';
import { isAgent, type Profile, valueColumn } from '../../profile/index.ts';
import { median, sum } from '../../stats/index.ts';
import { lastLineOf } from './calls-profile.ts';
import { isApart, range } from '../counts/spread.ts';
import { diffOf, touches } from '../functions/changed-lines.ts';
import { formatQuantity } from '../../units/index.ts';

export interface ProfiledCalls {
  readonly launch: CallsLaunch;
  readonly profile: Profile;
}

export interface CallsInput {
  readonly run: ExactRun;
  /** One per launch of `run.calls`. */
  readonly launches: readonly ProfiledCalls[];
  readonly diff: readonly FileDiff[];
  readonly modulePath: string | null;
  /** What samples found: its rows get their calls, its attribution the sentence. */
  readonly sampled: { readonly functions: readonly FunctionComparison[]; readonly attribution: Attribution | null };
}

export interface CallsFindings {
  readonly exact: ExactSummary;
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution | null;
}

/** A difference smaller than this many times what launches of one side differ by is not told. */
const SURE_TIMES = 3;
/** Nor one of less than a call in 100 requests: as many are counted. */
const LEAST_CALLS = 0.01;
const SHOWN_FUNCTIONS = 3;

interface FunctionSite {
  readonly file: string;
  /** Of its body; where it begins differs by a line or so between versions of Go. */
  readonly lines: readonly [first: number, last: number];
}

interface Calls extends FunctionSite {
  readonly name: string;
  /** Per request, of every launch. */
  readonly values: BySide<readonly number[]>;
}

interface CalledSite extends FunctionSite {
  readonly calls: number;
}

/** Coverage data name methods of generic types without their type; where that makes two alike, neither is taken. */
const callsIn = ({ launch, profile }: ProfiledCalls): ReadonlyMap<string, CalledSite> => {
  const { samples, locations, functions, strings } = profile;
  const column = valueColumn(profile, 'calls');
  const found = new Map<string, CalledSite>();
  const alike = new Set<string>();
  for (let i = 0; i < samples.count; i++) {
    const location = samples.stack[samples.stackStart[i] ?? 0] ?? 0;
    const index = locations.lineFunction[locations.lineStart[location] ?? 0] ?? 0;
    const name = strings[functions.name[index] ?? 0] ?? '';
    if (isAgent(name)) continue;
    if (found.has(name)) alike.add(name);
    const first = functions.startLine[index] ?? 0;
    found.set(name, {
      file: strings[functions.file[index] ?? 0] ?? '',
      lines: [first, lastLineOf(profile, i) ?? first],
      calls: (column[i] ?? 0) / launch.requests,
    });
  }
  for (const name of alike) found.delete(name);
  return found;
};

const collect = (launches: readonly ProfiledCalls[]): ReadonlyMap<string, Calls> => {
  const tables = bothSides((side) => launches.filter(({ launch }) => launch.side === side).map(callsIn));
  const places = new Map([...tables.base, ...tables.head].flatMap((table) => [...table]));
  return new Map(
    [...places].map(([name, { file, lines }]) => [
      name,
      { name, file, lines, values: bothSides((side) => tables[side].map((table) => table.get(name)?.calls ?? 0)) },
    ]),
  );
};

const medians = ({ values }: Calls): BySide<number> => bothSides((side) => median(values[side]));

const isChanged = (calls: Calls): boolean => {
  const { base, head } = medians(calls);
  const noise = Math.max(range(calls.values.base), range(calls.values.head));
  return isApart(calls.values) && Math.abs(head - base) >= Math.max(LEAST_CALLS, SURE_TIMES * noise);
};

/** Coverage data know no type parameters: `main.F[...]` is `main.F`, `main.(*T[...]).M` is `main.M` there. */
const coverageName = (name: string): string => name.replace(/\(\*?\w+\[\.\.\.\]\)\./u, '').replaceAll('[...]', '');

const withCalls = (row: FunctionComparison, counted: ReadonlyMap<string, Calls>): FunctionComparison => {
  const calls = counted.get(coverageName(row.function));
  if (calls === undefined || row.baseCallsPerRequest !== null || row.headCallsPerRequest !== null) return row;
  const { base, head } = medians(calls);
  return { ...row, baseCallsPerRequest: base, headCallsPerRequest: head };
};

const rounded = (value: number): string => formatQuantity(value, 'count');

const inWords = (calls: Calls): string => {
  const { base, head } = medians(calls);
  const times = base > 0 && head > 0 ? ` (${rounded(head / base)}×)` : '';
  return `${calls.name} is called ${rounded(head)} instead of ${rounded(base)} times${times}`;
};

/** How many times as often, in either direction; new and gone are the most. */
const factor = (calls: Calls): number => {
  const { base, head } = medians(calls);
  return base === 0 || head === 0 ? Infinity : Math.max(head / base, base / head);
};

/** Any line of it. The one above its first code is that of its brace, as a rule. */
const isTouched = ({ file, lines: [first, last] }: Calls, { diff, modulePath }: CallsInput): boolean =>
  (['base', 'head'] as const).some((side) => {
    const found = diffOf(diff, file, modulePath, side);
    return found !== undefined && touches(side === 'base' ? found.baseLines : found.headLines, first - 1, last);
  });

/** Functions of the diff first, then by how many times as often, then by how many calls. */
const inOrder = (changed: readonly Calls[], input: CallsInput): readonly Calls[] => {
  const weight = (calls: Calls): readonly number[] => {
    const { base, head } = medians(calls);
    return [isTouched(calls, input) ? 1 : 0, factor(calls), Math.abs(head - base)];
  };
  return changed
    .map((calls) => ({ calls, weight: weight(calls) }))
    .toSorted((a, b) => {
      const at = a.weight.findIndex((value, index) => value !== b.weight[index]);
      if (at < 0) return a.calls.name < b.calls.name ? -1 : 1;
      return (b.weight[at] ?? 0) - (a.weight[at] ?? 0);
    })
    .map(({ calls }) => calls);
};

const sentence = (counted: ReadonlyMap<string, Calls>, input: CallsInput): string => {
  const changed = inOrder([...counted.values()].filter(isChanged), input);
  const source = 'Go’s coverage counters (calls per request, not instructions)';
  if (changed.length === 0) return `${source}: no function of the counted modules is called more or less often.`;
  const shown = changed.slice(0, SHOWN_FUNCTIONS).map(inWords).join('; ');
  const more = changed.length > SHOWN_FUNCTIONS ? `; and ${changed.length - SHOWN_FUNCTIONS} more` : '';
  return `${source}: ${shown}${more}.`;
};

const spread = (counted: ReadonlyMap<string, Calls>, side: Side): number => {
  const launches = [...counted.values()][0]?.values[side].length ?? 0;
  const totals = Array.from({ length: launches }, (_, i) =>
    sum([...counted.values()].map(({ values }) => values[side][i] ?? 0)),
  );
  return launches === 0 || Math.min(...totals) === 0 ? 0 : Math.max(...totals) / Math.min(...totals) - 1;
};

const NOBODY: Attribution = { source: 'judged', samples: null, diffuse: null, culprit: null, warnings: [] };

/** Adds calls to what samples found; names nobody by itself. */
export const explainCalls = (input: CallsInput): CallsFindings => {
  const { run, launches, sampled } = input;
  const sides = bothSides((side) => launches.filter(({ launch }) => launch.side === side).length);
  const refusal = run.refusal ?? (sides.base === 0 || sides.head === 0 ? 'not both sides were counted' : null);
  if (refusal !== null) return { exact: { engine: run.engine, aaSpreadRatio: 0, refusal }, ...sampled };
  const counted = collect(launches);
  const known = sampled.attribution ?? NOBODY;
  return {
    exact: {
      engine: run.engine,
      aaSpreadRatio: Math.max(spread(counted, 'base'), spread(counted, 'head')),
      refusal: null,
    },
    functions: sampled.functions.map((row) => withCalls(row, counted)),
    attribution: { ...known, warnings: [...known.warnings, sentence(counted, input), ...run.warnings] },
  };
};
