/** Report → a few plain lines for a terminal or a log. */
import { alignColumns } from '../../units/index.ts';
import {
  type FunctionGateRow,
  isMovedRoute,
  type MetricRow,
  type Report,
  type RouteRow,
  type ScenarioReport,
} from '../words/report.ts';
import { visibleText } from '../text/escape.ts';
import { plainText } from '../text/inline-text.ts';

const MOST_ROWS = 6;
const MOST_CAUTIONS = 3;
const MOST_FUNCTIONS = 3;
const MOST_FAILED = 4;
const MOST_COSTS = 4;

const rowCells = (row: MetricRow): readonly string[] => [row.label, row.base, row.head, row.effect, row.interval];

const rowLines = (rows: readonly MetricRow[]): readonly string[] =>
  alignColumns(rows.map(rowCells), 'first').map((line, index) => `  ${line}  ${rows[index]?.words ?? ''}`);

const functionLines = (rows: readonly FunctionGateRow[]): readonly string[] =>
  alignColumns(
    rows.map(({ function: name, label, base, head, effect, interval }) => [
      `${visibleText(name)} ${label}`,
      base,
      head,
      effect,
      interval,
    ]),
    'first',
  ).map((line, index) => `  ${line}  ${endOf(rows[index])}`);

const routeLines = (rows: readonly RouteRow[]): readonly string[] =>
  alignColumns(
    rows.map(({ route, label, base, head, effect, interval }) => [
      `${visibleText(route)} ${label}`,
      base,
      head,
      effect,
      interval,
    ]),
    'first',
  ).map((line, index) => `  ${line}  ${rows[index]?.words ?? ''}`);

const endOf = (row: FunctionGateRow | undefined): string => {
  if (row === undefined) return '';
  const why = row.reason === null ? '' : ` (${visibleText(row.reason)})`;
  return `${row.words}${why}, limit ${row.limit}`;
};

const scenarioLines = (scenario: ScenarioReport): readonly string[] => [
  plainText(scenario.sentence),
  ...(scenario.baseFound === null ? [] : [`  base: ${visibleText(scenario.baseFound)}`]),
  ...(scenario.newGo?.costs ?? []).slice(0, MOST_COSTS).map((line) => `  new Go: ${plainText(line)}`),
  ...scenario.cautions.slice(0, MOST_CAUTIONS).map((caution) => `  caution: ${plainText(caution)}`),
  ...scenario.answers.slice(0, MOST_FAILED).map((answer) => `  answers differ: ${plainText(answer)}`),
  ...scenario.failed.slice(0, MOST_FAILED).map((failed) => `  failed request: ${plainText(failed)}`),
  ...(scenario.toDo === null ? [] : [`  to do: ${plainText(scenario.toDo)}`]),
  ...rowLines(scenario.changed.slice(0, MOST_ROWS)),
  ...routeLines(scenario.routes.filter(isMovedRoute).slice(0, MOST_ROWS)),
  ...functionLines(scenario.functionGates.slice(0, MOST_ROWS)),
  ...(scenario.codePath?.functions ?? []).slice(0, MOST_FUNCTIONS).map((line) => `  code path: ${plainText(line)}`),
];

/**
 * Sentence, where base is from, cautions, failed requests and up to six changed rows per scenario, then the line to reproduce when something is
 * wrong, and what it took.
 */
export const renderTerminal = (report: Report): string =>
  [
    ...report.newOnHead.map(plainText),
    ...report.scenarios.flatMap(scenarioLines),
    ...(report.verdict === 'unchanged' ? [] : report.reproduce.map((line) => `  reproduce: ${visibleText(line)}`)),
    ...(report.took === null ? [] : [report.took]),
  ].join('\n') + '\n';
