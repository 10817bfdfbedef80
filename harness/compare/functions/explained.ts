/**
 * Functions explain a metric that moved; where none moved, their differences are chance (one in twenty families of
 * equal functions has one that looks certain), and nobody is named.
 */
import { profileKind } from '../../metrics/index.ts';
import { FALSE_DISCOVERY } from './tested.ts';
import type {
  Attribution,
  FunctionComparison,
  FunctionKind,
  MetricComparison,
  PerfComparison,
} from '../../model/index.ts';

interface NamedCauses {
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution | null;
}

const MOVED: ReadonlySet<MetricComparison['verdict']> = new Set(['regressed', 'improved', 'changed']);

/** Kinds that say of a function what it cost more or less. */
export const NAMING: ReadonlySet<FunctionKind> = new Set(['regressed', 'improved', 'new', 'gone']);

const wasTouched = ({ changedInDiff, baseCumPerRequest, headCumPerRequest }: FunctionComparison): boolean =>
  changedInDiff || baseCumPerRequest === 0 || headCumPerRequest === 0;

/** Touched by the change, new or gone, or what it moved to is. Counts have no chance in them; a new name is no move of cost. */
const isRealMove = (row: FunctionComparison, functions: readonly FunctionComparison[]): boolean => {
  if (row.profile === 'instructions') return true;
  const twin = functions.find((each) => each.profile === row.profile && each.function === row.movedTo);
  return twin === undefined || wasTouched(row) || wasTouched(twin);
};

/** Of two days no diff tells whether a rare function is new or was only not sampled. */
const isCertain = ({ qValue }: FunctionComparison): boolean => qValue !== null && qValue <= FALSE_DISCOVERY;

/** Nothing that became nothing was not moved. */
const isNothing = ({ kind, basePerRequest, headPerRequest }: FunctionComparison): boolean =>
  kind === 'moved' && basePerRequest === 0 && headPerRequest === 0;

const unclear = (row: FunctionComparison): FunctionComparison => ({ ...row, kind: 'unclear', movedTo: null });

/** Who was named and still is; else whoever is named first now. */
const stillNamed = ({ culprit }: Attribution, functions: readonly FunctionComparison[]): string | null => {
  const named = functions.filter(({ kind }) => NAMING.has(kind));
  return named.find((row) => row.function === culprit)?.function ?? named[0]?.function ?? null;
};

/** Where CPU did not move, what costs more below a function is chance, too. */
export const dropUnsupportedRows = (
  perf: PerfComparison,
  rows: readonly Pick<MetricComparison, 'metric' | 'verdict'>[],
): PerfComparison =>
  rows.some(({ metric, verdict }) => metric === 'cpuNsPerRequest' && MOVED.has(verdict)) ? perf : { ...perf, rows: [] };

/**
 * The findings with names only where a judged metric stands behind them, of all requests or of one name, and moves where
 * that or the change does.
 */
export const dropUnsupportedNames = (
  findings: NamedCauses,
  rows: readonly Pick<MetricComparison, 'metric' | 'verdict'>[],
): NamedCauses => {
  const moved = new Set(rows.filter(({ verdict }) => MOVED.has(verdict)).map(({ metric }) => metric));
  // Counters cannot tell CPU across days, but functions beside one another can; allocations they tell exactly.
  const isStored = findings.attribution?.source === 'stored';
  const functions = findings.functions.map((row) => {
    if (isNothing(row)) return unclear(row);
    if (profileKind(row.profile).explains.some((metric) => moved.has(metric))) return row;
    if (NAMING.has(row.kind)) return isStored && row.profile === 'cpu' ? row : unclear(row);
    const isReal = isStored ? isCertain(row) : isRealMove(row, findings.functions);
    return row.kind === 'moved' && !isReal ? unclear(row) : row;
  });
  const { attribution } = findings;
  if (attribution?.source === 'stored')
    return { functions, attribution: { ...attribution, culprit: stillNamed(attribution, functions) } };
  const stands = moved.size > 0 || attribution === null;
  return { functions, attribution: stands ? attribution : { ...attribution, culprit: null, diffuse: null } };
};
