/** Why exact mode gives no verdict: whatever goes wrong is a refusal with its reason, never the end of the run. */
import { exactRequests, type ExactTrouble, refusalText } from '../../compare/index.ts';
import { GodynoError } from '../../errors.ts';
import { type ExactEngine, type ExactRun } from '../../model/index.ts';
import type { Session } from '../session/session.ts';

export interface ExactFacts {
  /** Of the base, measured natively; null where it was not. */
  readonly cpuNsPerRequest: number | null;
  readonly allocBytesPerRequest: number | null;
  readonly memoryBytes: number;
  /** Of head, which tells its own functions from others'; null or left out: nobody knows. */
  readonly modulePath?: string | null;
  /** Which way CPU has moved, as launches have decided; null or left out: it has not, or nobody knows yet. */
  readonly cpuMoved?: 1 | -1 | null;
  /** A gate has failed, so that it is worth telling which requests it is in. */
  readonly hasFired?: boolean;
  /** Of the budget, for what comes after the counting; left out: nothing does. */
  readonly leaveSeconds?: number;
}

export class CountingRefusal extends Error {
  /** Whether another try may go better. */
  readonly byChance: boolean;

  constructor(trouble: ExactTrouble | string, byChance = false) {
    super(typeof trouble === 'string' ? trouble : refusalText(trouble));
    this.byChance = byChance;
  }
}

/** The tables of functions cannot be read: what was counted has no names, and will have none the next time. */
export const isNameless = (error: unknown): error is GodynoError =>
  error instanceof GodynoError && error.code === 'GO_TABLES_UNREADABLE';

export const refused = (engine: ExactEngine, refusal: string): ExactRun => ({
  engine,
  refusal,
  steady: false,
  unsteadyReason: null,
  launches: [],
  warnings: [],
});

/** Only an abort throws; everything else that fails is the reason why there is no verdict. */
export const orRefused = async (
  { plan }: Session,
  engine: ExactEngine,
  count: () => Promise<ExactRun>,
): Promise<ExactRun> => {
  try {
    return await count();
  } catch (error) {
    plan.signal.throwIfAborted();
    if (error instanceof CountingRefusal) return refused(engine, error.message);
    if (error instanceof GodynoError) return refused(engine, firstLine(error.message));
    throw error;
  }
};

const firstLine = (text: string): string => text.split('\n')[0] ?? text;

/** How many are counted, after as many of warm-up. Throws a {@link CountingRefusal} when they would not fit into memory. */
export const countedRequests = ({ allocBytesPerRequest, memoryBytes }: ExactFacts): number => {
  const requests = exactRequests(allocBytesPerRequest, memoryBytes);
  if (requests !== null) return requests;
  throw new CountingRefusal({ kind: 'memory', bytesPerRequest: allocBytesPerRequest ?? 0, memoryBytes });
};
