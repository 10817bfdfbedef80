/** What counts and profiles found out about a scenario, beside its verdicts. */
import type {
  Attribution,
  ExactSummary,
  FunctionComparison,
  FunctionGateComparison,
  GroupCost,
  LabelComparison,
  MetricComparison,
  PerfComparison,
  WaitApartRow,
} from '../../model/index.ts';

/** What exact mode counted in a scenario. */
export interface Counted {
  readonly exact: ExactSummary | null;
  /** Its rows (`instructionsPerRequest`, `syscallsPerRequest`), judged by its own rule. */
  readonly exactRows: readonly MetricComparison[];
}

/** What profiles explain of a scenario's verdict. */
export interface Explanation {
  readonly functions: readonly FunctionComparison[];
  readonly attribution: Attribution | null;
  /** Costs by package, of two versions of Go. */
  readonly costs: readonly GroupCost[];
  /** Functions with a limit; absent where there were no profiles to ask. */
  readonly functionGates?: readonly FunctionGateComparison[];
  /** By the labels that the scenario names; absent where it names none. */
  readonly labels?: readonly LabelComparison[];
  /** Waits that are no request's; absent where there are none. */
  readonly waitsApart?: readonly WaitApartRow[];
  /** By launches under Linux perf; absent where there are none. */
  readonly perf?: PerfComparison;
}

export type ScenarioFindings = Counted & Explanation;

export const NO_FINDINGS: ScenarioFindings = {
  functions: [],
  attribution: null,
  exact: null,
  exactRows: [],
  costs: [],
};
