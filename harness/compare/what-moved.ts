/** What moved beside the gates of judged launches, which is explained as they are: whose latency, and costs of which names. */
import type { MetricComparison, MetricId, RouteComparison, ScenarioRun } from '../model/index.ts';
import { metricDef, type Symptom } from '../metrics/index.ts';
import { judgeScenario } from './scenario.ts';
import { NO_FINDINGS } from './verdict/findings.ts';
import type { Family } from './verdict/gates.ts';

export interface MovedLatency {
  readonly symptoms: readonly Symptom[];
  /** The request name that moved most, where the median of all requests did not; null: all of them are to be followed. */
  readonly route: string | null;
}

type Row = Pick<RouteComparison, 'verdict' | 'effectRatio'>;

/** What became slower before what became faster, and the most first. */
const bySlowness = (left: Row, right: Row): number =>
  Number(right.verdict === 'regressed') - Number(left.verdict === 'regressed') ||
  Math.abs(Math.log1p(right.effectRatio)) - Math.abs(Math.log1p(left.effectRatio));

const isMoved = ({ verdict }: { readonly verdict: string }): boolean =>
  verdict === 'regressed' || verdict === 'improved';

const isLatency = ({ metric }: { readonly metric: MetricId }): boolean => metricDef(metric).stage === 'latency';

/** What the report will say moved beside the gates of judged launches: the same rows, with what chance does taken back. */
export interface WhatMoved {
  /** Up or down, of all requests or of one name, whether or not a gate watches it; null: nothing did. */
  readonly latency: MovedLatency | null;
  /** Costs of single request names. */
  readonly costsOfNames: readonly Symptom[];
}

const symptomOf = ({ metric, verdict }: Symptom): Symptom => ({ metric, verdict });

const latencyOf = (rows: readonly MetricComparison[], routes: readonly RouteComparison[]): MovedLatency | null => {
  const moved = rows.filter((row) => isLatency(row) && isMoved(row));
  const [name] = routes.filter((row) => isLatency(row) && isMoved(row)).toSorted(bySlowness);
  const symptoms = [...moved, ...(name === undefined ? [] : [name])].map(symptomOf);
  if (symptoms.length === 0) return null;
  const isWhole = name === undefined || moved.some(({ metric }) => metric === name.metric);
  return { symptoms, route: isWhole ? null : name.route };
};

export const whatMoved = (run: ScenarioRun, family: Family): WhatMoved => {
  const { rows, routes } = judgeScenario(run, family, NO_FINDINGS);
  return {
    latency: latencyOf(rows, routes),
    costsOfNames: routes.filter((row) => !isLatency(row) && isMoved(row)).map(symptomOf),
  };
};
