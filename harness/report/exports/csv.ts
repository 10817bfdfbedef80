/** Pairs as CSV (RFC 4180), one row per side of a pair, for spreadsheets and notebooks. */
import {
  type Launch,
  METRIC_IDS,
  type Pair,
  type RunFile,
  type ScenarioRun,
  SIDES,
  type Side,
} from '../../model/index.ts';
import { measureWindow } from '../../metrics/index.ts';
import { visibleText } from '../text/escape.ts';

const COLUMNS = [
  'scenario',
  'launch',
  'stage',
  'linkSeed',
  'pair',
  'phase',
  'discarded',
  'side',
  'planned',
  'answered',
  'lost',
  'timedOut',
  'failed',
  ...METRIC_IDS,
] as const;

/** Spreadsheets run cells that begin like a formula; a quote in front keeps text from it. */
const textCell = (text: string): string => {
  const shown = visibleText(text);
  return /^[=+\-@]/.test(shown) ? `'${shown}` : shown;
};

const cell = (value: string | number | null | undefined): string => {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'number' ? String(value) : textCell(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

const sideRow = (run: ScenarioRun, launch: Launch, pair: Pair, side: Side): string => {
  const window = pair[side];
  const values = measureWindow(window, pair.phase);
  return [
    run.scenario.name,
    launch.index,
    launch.stage,
    launch.linkSeed,
    pair.index,
    pair.phase,
    pair.discarded,
    side,
    window.planned,
    window.answered,
    window.lost,
    window.timedOut,
    window.failed,
    ...METRIC_IDS.map((metric) => values[metric]),
  ]
    .map(cell)
    .join(',');
};

/** Every pair, discarded ones too, with the reason in their column. Values are in the metric's own unit. */
export const exportCsv = (file: RunFile): string => {
  const rows = file.runs.flatMap((run) =>
    run.launches.flatMap((launch) =>
      launch.pairs.flatMap((pair) => SIDES.map((side) => sideRow(run, launch, pair, side))),
    ),
  );
  return [COLUMNS.join(','), ...rows, ''].join('\r\n');
};
