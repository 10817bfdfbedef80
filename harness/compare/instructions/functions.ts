/** Which functions execute more or less than before, by exact counts: rows for the report, and the one to name. */
import {
  type Attribution,
  bothSides,
  type BySide,
  type FileDiff,
  type FunctionComparison,
  type FunctionKind,
  type ModuleChange,
} from '../../model/index.ts';
import { canonicalPath, isRuntime, packageOf } from '../../profile/index.ts';
import { median } from '../../stats/index.ts';
import { isApart, range } from '../counts/spread.ts';
import type { LaunchWork } from '../counts/work.ts';
import { ALLOCATOR, collect, noiseOf, type Values } from '../counts/function-values.ts';
import { type CountedFunction, type CountedMove, findCountedMoves, findCountedRenames } from './moved.ts';
import { type Caused, findCaused } from '../callers/caused.ts';
import { diffOf, touches } from '../functions/changed-lines.ts';

/** A difference smaller than this many times what launches of one side differ by is not blamed on anybody. */
const SURE_TIMES = 3;
/** Nor one below this part of the base's work. */
const LEAST_IMPACT = 0.0001;
/** A function of the diff is listed first when it carries at least this part of the whole difference. */
const LEAST_CARRIED = 0.005;
/** Where calls were counted nothing of what it causes is overlooked, so that less says less. */
const LEAST_CAUSED = 0.05;
const MOST_ROWS = 30;

interface Ranked {
  readonly row: FunctionComparison;
  readonly inModule: boolean;
}

const kindOf = (values: Values, delta: number, total: number): FunctionKind => {
  const { instructions } = values;
  const isSure =
    isApart(instructions) && Math.abs(delta) > SURE_TIMES * noiseOf(values) && Math.abs(delta) >= LEAST_IMPACT * total;
  if (!isSure) return 'unclear';
  if (instructions.base.every((value) => value === 0)) return 'new';
  if (instructions.head.every((value) => value === 0)) return 'gone';
  return delta > 0 ? 'regressed' : 'improved';
};

export interface ExactFunctionsInput {
  readonly launches: BySide<readonly LaunchWork[]>;
  readonly diff: readonly FileDiff[];
  readonly moduleChanges: readonly ModuleChange[];
  readonly modulePath: string | null;
}

const isTouched = ({ example }: Values, { diff, modulePath }: ExactFunctionsInput): boolean =>
  (['base', 'head'] as const).some((side) => {
    const work = example[side];
    const found = work && diffOf(diff, work.file, modulePath, side);
    return found !== undefined && work !== undefined
      ? touches(side === 'base' ? found.baseLines : found.headLines, work.lines[0], work.lines[1])
      : false;
  });

const isInModule = (name: string, changes: readonly ModuleChange[]): boolean => {
  const path = packageOf(name);
  return changes.some(({ module }) => path === module || path.startsWith(`${module}/`));
};

const countedOf = (name: string, values: Values): CountedFunction => ({
  name,
  file: (values.example.head ?? values.example.base)?.file ?? '',
  ...bothSides((side) => median(values.instructions[side])),
  baseCalls: values.calls.base,
  headCalls: values.calls.head,
});

/** What a refactoring may carry about: the module's own work and that of its dependencies, not the runtime's. */
const isMovable = (name: string): boolean => name !== ALLOCATOR && !isRuntime(name);

/** Puts base's work of the old name beside head's of the new one, under the new name. */
const joinRenames = (
  found: ReadonlyMap<string, Values>,
  renames: ReadonlyMap<string, string>,
): ReadonlyMap<string, Values> => {
  const old = new Set(renames.values());
  return new Map(
    [...found].flatMap(([name, values]): readonly (readonly [string, Values])[] => {
      if (old.has(name)) return [];
      const from = found.get(renames.get(name) ?? '');
      if (from === undefined) return [[name, values]];
      const both = <T>(of: (each: Values) => BySide<T>): BySide<T> => ({ base: of(from).base, head: of(values).head });
      return [
        [
          name,
          {
            instructions: both((each) => each.instructions),
            calls: both((each) => each.calls),
            example: both((each) => each.example),
          },
        ],
      ];
    }),
  );
};

/** A rename that changed nothing for certain is told under its old name, as moved to the new one. */
const markRename = (row: FunctionComparison, oldName: string | undefined): FunctionComparison =>
  oldName === undefined || row.kind !== 'unclear'
    ? row
    : { ...row, function: oldName, package: packageOf(oldName), kind: 'moved', movedTo: row.function };

/** What stands in the twin is taken off: the row tells what the function itself has added or saved. */
const withoutCarried = (row: FunctionComparison, carried: number, total: number): FunctionComparison => {
  const deltaPerRequest = row.deltaPerRequest - carried;
  const shift = carried / total;
  const [low, high] = row.impactCiRatio ?? [row.impactRatio, row.impactRatio];
  return {
    ...row,
    basePerRequest: row.basePerRequest + Math.max(0, carried),
    headPerRequest: row.headPerRequest + Math.max(0, -carried),
    deltaPerRequest,
    impactRatio: deltaPerRequest / total,
    impactCiRatio: [low - shift, high - shift],
    kind: deltaPerRequest > 0 ? 'regressed' : 'improved',
  };
};

const markMoves = (
  ranked: readonly Ranked[],
  moves: ReadonlyMap<string, CountedMove>,
  total: number,
): readonly Ranked[] =>
  ranked.map((each) => {
    const move = moves.get(each.row.function);
    if (move === undefined) return each;
    const row: FunctionComparison =
      move.carried === null
        ? { ...each.row, kind: 'moved', movedTo: move.twin }
        : withoutCarried(each.row, move.carried, total);
    return { ...each, row };
  });

const rowOf = (name: string, values: Values, total: number, input: ExactFunctionsInput): Ranked => {
  const { base, head } = bothSides((side) => median(values.instructions[side]));
  const delta = head - base;
  const { example } = values;
  const known = name === ALLOCATOR ? undefined : (example.head ?? example.base);
  const half = noiseOf(values);
  return {
    inModule: isInModule(name, input.moduleChanges),
    row: {
      profile: 'instructions',
      function: name,
      package: name === ALLOCATOR ? 'runtime' : packageOf(name),
      file: canonicalPath(known?.file ?? '', input.modulePath === null ? {} : { module: input.modulePath }),
      line: known?.lines[0] ?? 0,
      basePerRequest: base,
      headPerRequest: head,
      deltaPerRequest: delta,
      baseCumPerRequest: base,
      headCumPerRequest: head,
      unit: 'instructions',
      impactRatio: delta / total,
      impactCiRatio: [(delta - half) / total, (delta + half) / total],
      smallestDetectableRatio: Math.max(LEAST_IMPACT, (SURE_TIMES * half) / total),
      qValue: null,
      baseCallsPerRequest: values.calls.base ?? (values.calls.head === null ? null : 0),
      headCallsPerRequest: values.calls.head ?? (values.calls.base === null ? null : 0),
      kind: kindOf(values, delta, total),
      path: [name],
      changedInDiff: name !== ALLOCATOR && isTouched(values, input),
      movedTo: null,
    },
  };
};

const isNamed = ({ row }: Ranked): boolean => row.kind !== 'unclear' && row.kind !== 'moved';

/** What the row is about: its own difference, or with that of what it calls. */
const differenceOf = (row: FunctionComparison): number =>
  row.namedFor === 'callees' ? row.headCumPerRequest - row.baseCumPerRequest : row.deltaPerRequest;

/** Lower is listed earlier: the diff's functions, the changed modules', the rest, what moved, what is unclear. */
const rankOf = (each: Ranked, least: number): number => {
  if (!isNamed(each)) return each.row.kind === 'moved' ? 3 : 4;
  const carries = Math.abs(differenceOf(each.row)) >= least;
  if (each.row.changedInDiff && carries) return 0;
  return each.inModule && carries ? 1 : 2;
};

export interface ExactFunctionsFound {
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution;
  /** Of all calls, those whose caller is known; null where callers were not counted, or nobody asked for them. */
  readonly knownCallersRatio: number | null;
}

const isCulprit = ({ row }: Ranked, whole: number): boolean =>
  row.function !== ALLOCATOR && !isRuntime(row.function) && differenceOf(row) * whole > 0;

/** What counted calls say; null where the change is not known, so that there is nobody to put a difference down to. */
const causedBy = (
  touched: ReadonlySet<string>,
  renames: ReadonlyMap<string, string>,
  works: BySide<readonly number[]>,
  input: ExactFunctionsInput,
): Caused | null => {
  if (input.diff.length === 0 && input.moduleChanges.length === 0) return null;
  const total = median(works.base);
  return findCaused({
    launches: input.launches,
    modulePath: input.modulePath,
    isSuspect: (name) => touched.has(name) || isInModule(name, input.moduleChanges),
    renames,
    total,
    noise: Math.max(LEAST_IMPACT * total, SURE_TIMES * Math.max(range(works.base), range(works.head))),
  });
};

/**
 * At most 30 rows and those that the change touches, certain ones first. Cumulative costs are the own ones, but for
 * functions that are named for what they call.
 */
export const exactFunctions = (input: ExactFunctionsInput): ExactFunctionsFound => {
  const works = bothSides((side) => input.launches[side].map(({ work }) => work));
  const total = median(works.base);
  const whole = median(works.head) - total;
  const found = collect(input.launches);
  const movable = [...found].filter(([name]) => isMovable(name)).map(([name, values]) => countedOf(name, values));
  const renames = findCountedRenames(movable);
  const joined = joinRenames(found, renames);
  const rows = [...joined].map(([name, values]) => {
    const ranked = rowOf(name, values, total, input);
    return { ...ranked, row: markRename(ranked.row, renames.get(name)) };
  });
  const changed = rows
    .filter((each) => isNamed(each) && isMovable(each.row.function))
    .flatMap(({ row }) => {
      const values = joined.get(row.function);
      return values === undefined ? [] : [countedOf(row.function, values)];
    });
  const moves = findCountedMoves(changed);
  const touched = new Set([...joined.keys()].filter((_, place) => rows[place]?.row.changedInDiff));
  const caused = causedBy(touched, renames, works, input);
  const least = (caused === null ? LEAST_CARRIED : LEAST_CAUSED) * Math.abs(whole);
  const ranked = markMoves(rows, moves, total)
    .map((each) =>
      caused === null || each.row.kind === 'moved' || moves.has(each.row.function)
        ? each
        : { ...each, row: caused.withCause(each.row) },
    )
    .filter(({ row }) => row.deltaPerRequest !== 0 || row.kind === 'moved' || row.changedInDiff)
    .toSorted(
      (a, b) =>
        rankOf(a, least) - rankOf(b, least) ||
        Math.abs(differenceOf(b.row)) - Math.abs(differenceOf(a.row)) ||
        (a.row.function < b.row.function ? -1 : 1),
    );
  const culprit = ranked.find((each) => isNamed(each) && isCulprit(each, whole))?.row.function ?? null;
  const suspects = new Set(ranked.flatMap(({ row }) => (row.changedInDiff ? [row.function] : [])));
  return {
    functions: ranked
      .filter(({ row }, place) => place < MOST_ROWS || row.changedInDiff)
      .map(({ row }) => caused?.withCallers(row, suspects) ?? row),
    attribution: { source: 'exact', samples: null, diffuse: null, culprit, warnings: [] },
    knownCallersRatio: caused?.knownRatio ?? null,
  };
};
