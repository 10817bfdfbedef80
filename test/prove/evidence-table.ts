/** Rows of evidence as people read them: counts with Clopper-Pearson bounds at 95 %, times, spreads. */
import { clopperPearson } from '../../harness/stats/index.ts';

export const percent = (ratio: number, digits = 2): string => `${(100 * ratio).toFixed(digits)} %`;

/** `29 of 30 (83…100 %)` */
export const shareOf = (hits: number, all: number): string => {
  if (all === 0) return '–';
  const [low, high] = clopperPearson(hits, all, 0.95);
  return `${hits} of ${all} (${(100 * low).toFixed(1)}…${(100 * high).toFixed(1)} %)`;
};

/** Nearest rank; NaN of nothing. */
export const quantile = (values: readonly number[], at: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(at * values.length) - 1)] ?? Number.NaN;

export const secondsText = (value: number): string => (Number.isNaN(value) ? '–' : `${value.toFixed(0)} s`);

const VERDICTS = ['regressed', 'improved', 'unchanged', 'inconclusive', 'invalid'] as const;

/** All five are counted: a tool that never decides has failed, too. */
export const VERDICTS_HEAD = VERDICTS.join(' / ');
export const verdictCounts = (rows: readonly { readonly verdict: string }[]): string =>
  VERDICTS.map((verdict) => rows.filter((row) => row.verdict === verdict).length).join(' / ');

export const markdownTable = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** A row for each shape of a build, a column for each toolchain; `cells` by `<toolchain> <shape>`. */
export const toolchainTable = (
  shapes: readonly { readonly name: string }[],
  toolchains: readonly string[],
  cells: ReadonlyMap<string, string>,
): string =>
  markdownTable(
    ['', ...toolchains.map((name) => name.replace(/^go/, ''))],
    shapes.map(({ name }) => [name, ...toolchains.map((toolchain) => cells.get(`${toolchain} ${name}`) ?? '–')]),
  );

/** When and on what the rows were measured. */
export const sourcesOf = (
  rows: readonly { readonly date: string; readonly machine: string; readonly commit: string }[],
): string => {
  const days = [...new Set(rows.map(({ date }) => date.slice(0, 10)))].toSorted();
  const span = days.length < 2 ? (days[0] ?? 'never') : `${days[0]} to ${days.at(-1)}`;
  const distinct = (values: readonly string[]): string => [...new Set(values)].join(', ');
  return `${rows.length} runs, ${span}, on ${distinct(rows.map(({ machine }) => machine))}, godyno ${distinct(rows.map(({ commit }) => commit))}.`;
};
