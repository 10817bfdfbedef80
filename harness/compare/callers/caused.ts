/** Rows of counted functions with what the counted calls say of them: callers, the way up, and what they cause in others. */
import type { BySide, FunctionComparison } from '../../model/index.ts';
import { callGraph } from './call-graph.ts';
import { callersIn, type Callers } from './callers.ts';
import { type Cause, findCauses } from './causes.ts';
import { callerOf } from './paths.ts';
import type { LaunchWork } from '../counts/work.ts';

export interface CausedInput {
  readonly launches: BySide<readonly LaunchWork[]>;
  readonly modulePath: string | null;
  /** Touched by the change, or of a module that changed. */
  readonly isSuspect: (name: string) => boolean;
  /** Head's name → base's of functions that changed their name. */
  readonly renames: ReadonlyMap<string, string>;
  /** Judged instructions per request on base, and what less than this is chance. */
  readonly total: number;
  readonly noise: number;
}

export interface Caused {
  /** Of all calls, those whose caller is known. */
  readonly knownRatio: number;
  /** The row of a suspect, of what it costs with what it calls where that is another amount than its own. */
  readonly withCause: (row: FunctionComparison) => FunctionComparison;
  readonly withCallers: (row: FunctionComparison, changed: ReadonlySet<string>) => FunctionComparison;
}

/** Own cost and cost with callees are told apart from this part of the larger one on. */
const LEAST_FROM_CALLEES = 0.2;
const MOST_CALLEES = 3;

const isFromCallees = ({ deltaPerRequest: own }: FunctionComparison, { delta }: Cause): boolean =>
  Math.abs(delta - own) > LEAST_FROM_CALLEES * Math.max(Math.abs(delta), Math.abs(own));

const kindOf = ({ kind }: FunctionComparison, delta: number): FunctionComparison['kind'] => {
  if (kind === 'new' || kind === 'gone') return kind;
  return delta > 0 ? 'regressed' : 'improved';
};

const rowWithCause = (row: FunctionComparison, cause: Cause, { total, noise }: CausedInput): FunctionComparison => {
  const base = cause.base ?? row.basePerRequest;
  return {
    ...row,
    baseCumPerRequest: base,
    headCumPerRequest: base + cause.delta,
    impactRatio: cause.delta / total,
    impactCiRatio: [(cause.delta - noise) / total, (cause.delta + noise) / total],
    kind: kindOf(row, cause.delta),
    namedFor: 'callees',
    callees: cause.callees.slice(0, MOST_CALLEES),
  };
};

const rowWithCallers = (
  row: FunctionComparison,
  callers: Callers,
  changed: ReadonlySet<string>,
  modulePath: string | null,
): FunctionComparison => {
  const of = callers.of(row.function);
  if (of.length === 0) return row;
  const { path, isWhole, explained } = callers.pathTo(row.function, row.deltaPerRequest < 0 ? -1 : 1);
  // Changed code that makes the calls it made before has been met, not shown to be the reason.
  const reasons = new Set(path.slice(-explained).filter((name) => changed.has(name)));
  const found = callerOf(path, row, reasons, modulePath);
  const isTelling = isWhole || Object.keys(found).length > 0;
  return { ...row, callers: of, ...(isTelling && { path, ...found }) };
};

/** Null where callers were not counted, or their calls make no sense. */
export const findCaused = (input: CausedInput): Caused | null =>
  causedWith(input, 'with goroutines') ?? causedWith(input, 'without');

const causedWith = (input: CausedInput, begun: 'with goroutines' | 'without'): Caused | null => {
  const old = new Map([...input.renames].map(([head, base]) => [base, head]));
  const base = callGraph(input.launches.base, input.isSuspect, begun, (name) => old.get(name) ?? name);
  const head = callGraph(input.launches.head, input.isSuspect, begun);
  if (base === null || head === null) return null;
  const causes = findCauses({ base: base.graph, head: head.graph, isSuspect: input.isSuspect });
  if (causes === null) return null;
  const callers = callersIn(base.graph, head.graph);
  return {
    knownRatio: Math.min(base.knownRatio, head.knownRatio),
    withCause: (row) => {
      const cause = causes.get(row.function);
      const isSure = cause !== undefined && Math.abs(cause.delta) > input.noise;
      return isSure && isFromCallees(row, cause) ? rowWithCause(row, cause, input) : row;
    },
    withCallers: (row, changed) => rowWithCallers(row, callers, changed, input.modulePath),
  };
};
