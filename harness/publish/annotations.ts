/** Remarks at changed lines of the diff: which function became dearer. Few, or nobody reads them. */
import type { Comparison, FileDiff, FunctionComparison, ScenarioComparison } from '../model/index.ts';

export interface Annotation {
  /** Relative to the repository's root. */
  readonly file: string;
  readonly line: number;
  readonly title: string;
  readonly row: FunctionComparison;
  readonly scenario: string;
}

/** GitHub shows ten per level and step, and readers none of them beyond the first screen. */
export const MOST_ANNOTATIONS = 5;

/** The first changed line of the head's file that is not above the function; null: none, so nothing is said. */
const changedLine = (row: FunctionComparison, diff: readonly FileDiff[]): number | null => {
  const lines = diff.find(({ file, status }) => file === row.file && status !== 'deleted')?.headLines ?? [];
  const range = lines.find(([, last]) => last >= row.line);
  return range === undefined ? null : Math.max(range[0], row.line);
};

const rowsOf = (scenario: ScenarioComparison): readonly FunctionComparison[] =>
  scenario.verdict === 'regressed'
    ? scenario.functions.filter((row) => row.changedInDiff && (row.kind === 'regressed' || row.kind === 'new'))
    : [];

/**
 * At most {@link MOST_ANNOTATIONS}, the largest impact first, one per line. `moduleDir`: the module folder relative to
 * the repository's root, `''` when it is the root.
 */
export const annotationsOf = (
  comparison: Comparison,
  diff: readonly FileDiff[],
  moduleDir: string,
): readonly Annotation[] => {
  const prefix = moduleDir === '' || moduleDir === '.' ? '' : `${moduleDir.replace(/\/+$/, '')}/`;
  const all = comparison.scenarios
    .flatMap((scenario) => rowsOf(scenario).map((row) => ({ row, scenario: scenario.scenario })))
    .toSorted((left, right) => right.row.impactRatio - left.row.impactRatio);
  const places = new Map<string, Annotation>();
  for (const { row, scenario } of all) {
    const line = changedLine(row, diff);
    if (line === null) continue;
    const file = `${prefix}${row.file}`;
    const place = `${file}:${line}`;
    if (!places.has(place)) places.set(place, { file, line, title: `${scenario}: ${row.function}`, row, scenario });
  }
  return [...places.values()].slice(0, MOST_ANNOTATIONS);
};
