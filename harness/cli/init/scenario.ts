/** The scenario that `godyno init` writes, as text. */
import { posix } from 'node:path';
import type { Survey } from '../../survey/index.ts';
import type { MissingEmbed } from './copy.ts';
import type { Names } from './workflows.ts';
import {
  argsOf,
  describeStart,
  envOf,
  getPaths,
  otherRoutes,
  readyAmong,
  type StartGuess,
  startGuesses,
} from './hints.ts';
import type { PassedOver, Works } from './trial.ts';
import { formatNumberOf } from '../../units/index.ts';

export interface Proposal {
  /** Whether the service was seen to run and answer as the scenario says. */
  readonly seen: boolean;
  readonly start: StartGuess;
  readonly ready: string;
  /** Of `ready`, where it is not the load's. */
  readonly readyPort: string | null;
  readonly paths: readonly string[];
  readonly passedOver: readonly PassedOver[];
  /** `POST /orders`: in the source, not tried. */
  readonly others: readonly string[];
  readonly missing: readonly MissingEmbed[];
  /** Opened besides, and not to be moved. */
  readonly fixedPorts: readonly number[];
  /** For the terminal: how it runs, and what to know about it. */
  readonly remarks: readonly string[];
}

const PLAIN_START: StartGuess = { command: [], given: [], port: null };

/** Without a trial: the likeliest start and every route, marked as a guess. */
export const untried = (survey: Survey, missing: readonly MissingEmbed[]): Proposal => {
  const found = getPaths(survey);
  const ready = readyAmong(found) ?? '/';
  const paths = found.filter((path) => path !== ready);
  return {
    seen: false,
    start: startGuesses(survey)[0] ?? PLAIN_START,
    ready,
    readyPort: null,
    paths: paths.length > 0 ? paths : [ready],
    passedOver: [],
    others: otherRoutes(survey),
    missing,
    fixedPorts: [],
    remarks: [],
  };
};

export const proposedFrom = (found: Works, survey: Survey, missing: readonly MissingEmbed[]): Proposal => ({
  ...found,
  seen: true,
  others: otherRoutes(survey),
  missing,
  remarks: remarksOn(found, getPaths(survey).length),
});

const remarksOn = (found: Works, known: number): readonly string[] => {
  const { start, ready, readyPort, paths, passedOver, fixedPorts, exposed } = found;
  const routes =
    known === 0
      ? 'no route was found in the source'
      : `${known - passedOver.length} of ${formatNumberOf(known, 'route')} tried with GET answered 2xx`;
  return [
    `It runs with ${describeStart(start)} and is ready at GET ${ready}${readyPort === null ? '' : ` on ${readyPort}`}; ${routes}.`,
    ...(paths.length === 1 && paths[0] === ready && known > 0
      ? [`Only GET ${ready} answers without more: complete load.requests (sign-in: load.prepare).`]
      : []),
    ...(fixedPorts.length > 0
      ? [`It also opens ${fixedPorts.join(', ')}, which no flag or variable in the source moves.`]
      : []),
    ...(exposed ? ['It listens on all interfaces; no flag or variable in the source keeps it on 127.0.0.1.'] : []),
  ];
};

/** JSON is YAML, and quotes whatever needs it. */
const quoted = (text: string): string => JSON.stringify(text);

const list = (items: readonly string[]): string => `[${items.map(quoted).join(', ')}]`;

const envLine = (env: Readonly<Record<string, string>>): readonly string[] =>
  Object.keys(env).length === 0
    ? []
    : [
        `  env: { ${Object.entries(env)
          .map(([name, value]) => `${name}: ${quoted(value)}`)
          .join(', ')} }`,
      ];

/** Files of the build that git does not have: carried along, or made by a command that is to be put right. */
const buildLines = (missing: readonly MissingEmbed[]): readonly string[] => {
  const carried = missing.flatMap((one) => one.carried ?? []);
  const made = missing.flatMap((one) => one.made);
  const folders = [...new Set(made.map((file) => posix.dirname(file)))];
  return [
    ...(carried.length > 0 ? [`  include: ${list(carried)}   # embedded, and ignored by git`] : []),
    ...(made.length > 0
      ? [
          '  # Embedded, and not in git: empty files stand in. Put the command here that makes them.',
          `  generate: ${list([`mkdir -p ${folders.join(' ')} && touch ${made.join(' ')}`])}`,
        ]
      : []),
  ];
};

const portLine = ({ start, fixedPorts }: Proposal): readonly string[] => [
  ...(start.port === null ? [] : [`  port: ${start.port}   # it takes no other`]),
  ...(fixedPorts.length === 0
    ? []
    : [`  # It also opens ${fixedPorts.join(', ')}; where a flag or variable moves that, use \${port.NAME} in it.`]),
];

const readyLine = ({ ready, readyPort }: Proposal): string =>
  readyPort === null
    ? `  ready: GET ${ready}`
    : `  ready: { http: ${quoted(`GET ${ready}`)}, port: ${readyPort.startsWith('$') ? quoted(readyPort) : readyPort} }`;

const targetLines = (names: Names, proposal: Proposal): readonly string[] => {
  const args = argsOf(proposal.start);
  return [
    ...(names.module === '.' ? [] : [`  module: ${quoted(names.module)}`]),
    `  package: ${quoted(names.package)}`,
    ...buildLines(proposal.missing),
    ...(args.length === 0 ? [] : [`  args: ${list(args)}`]),
    ...envLine(envOf(proposal.start)),
    ...portLine(proposal),
    readyLine(proposal),
  ];
};

/** More would only be a longer list to thin out. */
const MOST_REQUESTS = 12;
const MOST_OTHERS = 6;

const origin = ({ seen }: Proposal): string =>
  seen
    ? '# Proposed by godyno init: the requests below were seen to answer 2xx. Make it what your users do: weights,'
    : '# A guess by godyno init from the source; nothing of it was seen to run. Make it what your users do: weights,';

export const scenarioText = (names: Names, proposal: Proposal): string =>
  [
    '# yaml-language-server: $schema=../node_modules/godyno/docs/scenario.schema.json',
    origin(proposal),
    '# sign-in (load.prepare), bodies, data from a file (load.data). Every key: node_modules/godyno/docs/scenario.md',
    `name: ${quoted(names.scenario)}`,
    'target:',
    ...targetLines(names, proposal),
    'load:',
    '  requests:',
    ...proposal.paths.slice(0, MOST_REQUESTS).map((path) => `    - { http: ${quoted(`GET ${path}`)} }`),
    ...proposal.passedOver
      .slice(0, MOST_REQUESTS)
      .map(({ path, why }) => `    # - { http: ${quoted(`GET ${path}`)} }   # ${why}`),
    ...proposal.others
      .slice(0, MOST_OTHERS)
      .map((request) => `    # - { http: ${quoted(request)}, body: "…" }   # in the source, not tried`),
    'measure:',
    '  budget: 2m',
    '',
  ].join('\n');
