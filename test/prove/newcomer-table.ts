/** Rows of test/prove/newcomer.ts: whether they are right, and as people read them. */
import type { FunctionKind, ScenarioComparison } from '../../harness/model/index.ts';
import type { EvidenceRow } from './campaign.ts';
import { markdownTable, sourcesOf } from './evidence-table.ts';
import type { Setup } from './newcomer-repository.ts';
import { NEWCOMERS } from './newcomer-services.ts';

export interface NewcomerRow extends Omit<EvidenceRow, 'contrasts'> {
  readonly what: string;
  readonly code: number;
  readonly sentence: string;
  /** Effect on instructions per request, where exact mode ran. */
  readonly instructions: number | null;
  /** The function that was changed. */
  readonly site: string;
  /** The first that the report names. */
  readonly names: readonly string[];
  /** The changed one among the functions that the report names: 1 is the first; null: not named. */
  readonly place: number | null;
  readonly setup: Setup;
  /** Of `godyno run`, builds included. */
  readonly runSeconds: number;
  readonly buildSeconds: number;
  readonly loads: readonly [number, number];
}

const NAMED: readonly FunctionKind[] = ['regressed', 'new'];

/** In the order of the report: the sentence's, then the rows that cost more. */
const namedIn = ({ attribution, functions }: ScenarioComparison, sentence: string): readonly string[] => {
  const [, first] = /(?:mostly|largest part in|in|started by) `([^`]+)`/.exec(sentence) ?? [];
  const rows = functions.filter(({ kind }) => NAMED.includes(kind)).map((row) => row.function);
  return [...new Set([first, attribution?.culprit, ...rows].flatMap((name) => name || []))];
};

export const namesOf = (scenario: ScenarioComparison, sentence: string): readonly string[] =>
  namedIn(scenario, sentence).slice(0, 5);

/** A leaking goroutine waits in a closure of the function that was changed; a closure in a closure is named by number. */
const isOf = (name: string, site: string): boolean =>
  name === site || (name.startsWith(`${site}.`) && /^(func)?\d/.test(name.slice(site.length + 1)));

export const placeOf = (scenario: ScenarioComparison, sentence: string, sites: readonly string[]): number | null => {
  const at = namedIn(scenario, sentence).findIndex((name) => sites.some((site) => isOf(name, site)));
  return at === -1 ? null : at + 1;
};

const WATCHED: Readonly<Record<string, readonly string[]>> = {
  slow: ['cpuNsPerRequest', 'instructionsPerRequest'],
  leak: ['heapGrowthBytesPerRequest', 'goroutineGrowthPerRequest'],
};

const caught = ({ rung, gates }: NewcomerRow): boolean =>
  Object.entries(gates).some(([metric, gate]) => WATCHED[rung]?.includes(metric) && gate?.verdict === 'regressed');

/** A fault must be found by a gate that watches it, and its function stand among the first three. */
export const isRight = (row: NewcomerRow): boolean => {
  if (row.rung === 'none') return row.code === 0 && row.verdict === 'unchanged';
  return row.code === 1 && row.verdict === 'regressed' && caught(row) && (row.place ?? 99) <= 3;
};

/** From `npm i` to the verdict. */
const seconds = ({ setup, runSeconds }: NewcomerRow): number =>
  setup.installSeconds + setup.initSeconds + setup.doctorSeconds + runSeconds;

const secondsWithoutBuilds = (row: NewcomerRow): number =>
  seconds(row) - row.setup.initBuildSeconds - row.setup.doctorBuildSeconds - row.buildSeconds;

const minutes = (value: number): string => (value / 60).toFixed(1);

const list = <T>(values: readonly T[], text: (value: T) => string): string => values.map(text).join(', ');

const signed = (ratio: number | null): string =>
  ratio === null ? '–' : `${ratio < 0 ? '−' : '+'}${Math.abs(100 * ratio).toFixed(1)} %`;

const verdictOf = (row: NewcomerRow): string => {
  if (isRight(row)) return row.verdict;
  const isFound = row.rung !== 'none' && row.verdict === 'regressed' && caught(row);
  return `${row.verdict} (**${isFound ? 'nobody named' : 'wrong'}**)`;
};

const placeText = ({ place }: NewcomerRow): string => (place === null ? 'no' : `${place}.`);

const lineOf = (rows: readonly NewcomerRow[]): readonly string[] => {
  const [first] = rows;
  if (first === undefined) return [];
  const isFault = first.rung !== 'none';
  return [
    first.service,
    first.plantedRatio === undefined
      ? list([...new Set(rows.map(({ what }) => what))], String)
      : `+${(100 * first.plantedRatio).toFixed(1)} % CPU`,
    String(first.setup.editedLines),
    list(rows, verdictOf),
    list(rows, ({ gates }) => signed(gates.cpuNsPerRequest?.effect ?? null)),
    list(rows, ({ instructions }) => signed(instructions)),
    isFault ? list(rows, placeText) : '–',
    list(rows, (row) => minutes(secondsWithoutBuilds(row))),
    list(rows, (row) => minutes(seconds(row))),
    list(rows, ({ loads: [before, after] }) => `${before}–${after}`),
  ];
};

const HEAD = [
  'service',
  'change',
  'edited lines',
  'verdict',
  'CPU',
  'instructions',
  'changed function named',
  'minutes, its builds left out',
  'minutes, all',
  'load of the machine',
];

const KINDS = ['none', 'slow', 'leak'];

/** What the services are, and what was edited after `init`. */
export const editsTable = (): string =>
  markdownTable(
    ['service', 'is', 'edited lines', 'planted in'],
    Object.entries(NEWCOMERS).map(([name, { what, edits, site }]) => [
      name,
      what,
      edits.map(({ why }) => why).join('; '),
      `\`${site.function.slice(site.function.lastIndexOf('/') + 1)}\` (${site.what})`,
    ]),
  );

export const newcomerTable = (rows: readonly NewcomerRow[]): string => {
  const services = [...new Set(rows.map(({ service }) => service))];
  const body = services.flatMap((service) =>
    KINDS.map((kind) => lineOf(rows.filter((row) => row.service === service && row.rung === kind))),
  );
  return `${sourcesOf(rows)}\n\n${markdownTable(
    HEAD,
    body.filter((cells) => cells.length > 0),
  )}`;
};
