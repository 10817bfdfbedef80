/** A run as its metrics are judged: by which units, at which looks, at which level each. */
import type { Launch, MetricId, ScenarioRun } from '../../model/index.ts';
import { levelsFor, type Levels } from '../../stats/index.ts';
import { looksAt, movesWithLayout, type Family } from './gates.ts';
import { launchUnits, unitsOf } from './launch-series.ts';

export type Units = readonly (readonly Launch[])[];

/** What all answers of one run share. */
export interface Reading {
  readonly run: ScenarioRun;
  readonly family: Family;
  /** All launches of a code layout together are one unit. */
  readonly layouts: Units;
  /** Every launch is one. */
  readonly launches: Units;
}

export const readingOf = (run: ScenarioRun, family: Family): Reading => ({
  run,
  family,
  layouts: unitsOf(run),
  launches: launchUnits(run),
});

/** What one metric is judged by: its units so far, the looks at them, and what each look may spend. */
export interface Basis {
  readonly units: Units;
  readonly looks: readonly number[];
  readonly levels: Levels;
}

export const basisOf = ({ run, family, layouts, launches }: Reading, metric: MetricId): Basis => {
  const looks = looksAt(run.scenario, metric);
  return {
    units: movesWithLayout(metric) ? layouts : launches,
    looks,
    levels: levelsFor(looks.length, family.gates),
  };
};
