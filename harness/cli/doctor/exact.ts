/** Whether exact mode understands the Go of a target that was built: its tables of functions, and its runtime's source. */
import { GodynoError } from '../../errors.ts';
import { readGoTables } from '../../exact/index.ts';
import { steadyGo } from '../../run/index.ts';
import type { PreparedBuild } from '../../service/index.ts';
import { METRICS, UNSTEADY_CHANGED_RATIO, TOTALS_CHANGED_RATIO } from '../../metrics/index.ts';
import { formatPercent } from '../../units/index.ts';

export interface ExactTarget {
  readonly build: PreparedBuild;
  /** The program that was linked. */
  readonly path: string;
  /** Ours to write into. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

export interface ExactAnswer {
  readonly state: 'ok' | 'warn';
  readonly found: string;
  readonly advice: string;
}

const whyNameless = (path: string): string | null => {
  try {
    readGoTables(path);
    return null;
  } catch (error) {
    if (error instanceof GodynoError) return error.message.replace(`${path}: `, '');
    throw error;
  }
};

const USUAL = formatPercent(METRICS.instructionsPerRequest.changedRatio);
const UNSTEADY = `Exact mode then calls changes from ${formatPercent(UNSTEADY_CHANGED_RATIO)} on, not from ${USUAL}.`;
const NAMELESS = `Exact mode then counts totals: it calls changes from ${formatPercent(TOTALS_CHANGED_RATIO)} on and names no function.`;

/** What a run would find; compiles nothing but the runtime of a Go that is newer than ours. null where no engine counts instructions (not Linux). */
export const checkExactTarget = async ({ build, path, folder, signal }: ExactTarget): Promise<ExactAnswer | null> => {
  if (process.platform !== 'linux') return null;
  const { goVersion } = build.facts;
  const nameless = whyNameless(path);
  const steady = await steadyGo(build, folder, signal);
  const unsteady = typeof steady === 'string' ? steady : null;
  if (nameless === null && unsteady === null) {
    const found = `${goVersion}: its functions are read and its runtime can be patched, changes from ${USUAL} on`;
    return { state: 'ok', found, advice: '' };
  }
  const found = [
    ...(nameless === null ? [] : [`${goVersion}: the tables of its functions are not understood (${nameless})`]),
    ...(unsteady === null ? [] : [`its runtime cannot be patched (${unsteady})`]),
  ].join('; ');
  return { state: 'warn', found, advice: nameless === null ? UNSTEADY : NAMELESS };
};
