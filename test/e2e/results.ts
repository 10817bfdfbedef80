/** Reads what a run left in `out`, through the parsers that every other reader uses. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import {
  type Comparison,
  type MetricComparison,
  type MetricId,
  parseComparison,
  parseRunFile,
  type RunFile,
  type Window,
} from '../../harness/model/index.ts';

export const runIn = (dir: string): RunFile =>
  parseRunFile(readFileSync(path.join(dir, 'run.json'), 'utf8'), 'run.json');

export const comparisonIn = (dir: string): Comparison =>
  parseComparison(readFileSync(path.join(dir, 'comparison.json'), 'utf8'), 'comparison.json');

/** The row of a metric in the first scenario. */
export const rowOf = (comparison: Comparison, metric: MetricId): MetricComparison => {
  const row = comparison.scenarios[0]?.metrics.find((one) => one.metric === metric);
  if (row === undefined) throw new Error(`comparison.json has no row for ${metric}`);
  return row;
};

/** Planned requests that no window accounts for, and windows in which the sides were asked different amounts. */
export const unaccountedIn = (run: RunFile): readonly string[] =>
  run.runs
    .flatMap(({ launches }) => launches)
    .flatMap(({ index, pairs }) =>
      pairs.flatMap(({ base, head, phase }) => [
        ...[base, head].flatMap((window) => (isComplete(window) ? [] : [`launch ${index} ${phase}: ${sizes(window)}`])),
        ...(base.planned === head.planned && base.planned > 0
          ? []
          : [`launch ${index} ${phase}: ${base.planned} planned on base, ${head.planned} on head`]),
      ]),
    );

const isComplete = ({ planned, answered, lost, timedOut }: Window): boolean => planned === answered + lost + timedOut;

const sizes = ({ planned, answered, lost, timedOut }: Window): string =>
  `planned ${planned}, answered ${answered}, lost ${lost}, timed out ${timedOut}`;

/** Files below a folder, relative to it. */
export const filesBelow = (dir: string): readonly string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(dir, path.join(entry.parentPath, entry.name)))
    .toSorted();
