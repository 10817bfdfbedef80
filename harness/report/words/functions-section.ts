/** Why: the functions behind a verdict, per profile, and the way from the root to the one to look at. */
import { isHeld, profileKind } from '../../metrics/index.ts';
import {
  COST_KINDS,
  type CostKind,
  type FunctionComparison,
  type ScenarioComparison,
  type TracedComparison,
  type WaitApartRow,
} from '../../model/index.ts';
import { formatCount, formatNumberOf, formatQuantity, formatSignedQuantity } from '../../units/index.ts';
import { impactText, shownOf, signedAmount, sideText } from './amounts.ts';
import { placeNotes, placeRows } from './below.ts';
import { FUNCTION_WORDS, NEAR_WORDS } from './labels.ts';
import { reasonWords } from './spent.ts';
import type { FunctionGroup, FunctionRow, PathFrame, Why } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

/** Rows per profile; more hide the one that matters. */
const MOST_ROWS = 5;
/** Deep stacks of frameworks: the ends say where it starts and where it hurts. */
const MOST_FRAMES = 12;

const placeOf = (row: FunctionComparison): string | null => (row.file === '' ? null : `${row.file}:${row.line}`);

const callsOf = (row: FunctionComparison): string | null => {
  if (row.baseCallsPerRequest === null || row.headCallsPerRequest === null) return null;
  const base = formatQuantity(row.baseCallsPerRequest, 'count');
  const head = formatQuantity(row.headCallsPerRequest, 'count');
  return base === head ? head : `${base} → ${head}`;
};

/** Libraries that take this much of a function's own difference besides are worth a word. */
const WORTH_SAYING = 0.1;

/** `+45 µs with the libraries it calls`, where these make a difference of their own. */
const librariesOf = (row: FunctionComparison): readonly string[] => {
  if (row.withLibraries === undefined || row.namedFor === 'callees' || row.held !== undefined) return [];
  const delta = row.withLibraries.head - row.withLibraries.base;
  const isAlike = Math.abs(delta - row.deltaPerRequest) <= WORTH_SAYING * Math.abs(row.deltaPerRequest);
  return isAlike ? [] : [`${signedAmount(delta, row.unit)} with the libraries it calls`];
};

/** `✗ costs more with what it calls, called from changed code`. */
const wordsOf = (row: FunctionComparison): string => {
  const callees = row.namedFor === 'callees' ? ' with what it calls' : '';
  return [
    `${FUNCTION_WORDS[row.kind]}${callees}${reasonWords(row)}`,
    ...librariesOf(row),
    ...(row.nearChange ? [NEAR_WORDS[row.nearChange]] : []),
  ].join(', ');
};

const functionRow = (row: FunctionComparison): FunctionRow => ({
  function: row.function,
  place: placeOf(row),
  base: sideText(shownOf(row).base, row.unit),
  head: sideText(shownOf(row).head, row.unit),
  delta: signedAmount(shownOf(row).delta, row.unit),
  impact: impactText(row),
  kind: row.kind,
  words: wordsOf(row),
  changedInDiff: row.changedInDiff,
  movedTo: row.movedTo,
  caller: row.caller ?? null,
  calls: callsOf(row),
});

const groupOf = (scenario: ScenarioComparison, profile: CostKind): readonly FunctionGroup[] => {
  const rows = scenario.functions.filter((row) => row.profile === profile && row.kind !== 'unclear');
  if (rows.length === 0) return [];
  const largest = rows.toSorted((left, right) => Math.abs(shownOf(right).delta) - Math.abs(shownOf(left).delta));
  return [
    {
      profile,
      label: profileKind(profile).title,
      what: isHeld(profile) ? 'held at the end of a launch' : 'own cost per request',
      share: isHeld(profile) ? 'Of all on base' : 'Of a base request',
      rows: largest.slice(0, MOST_ROWS).map(functionRow),
      leftOut: Math.max(0, rows.length - MOST_ROWS),
    },
  ];
};

/** The culprit's row, whichever profile names it; without a culprit nothing is pointed at. */
const culpritRow = (scenario: ScenarioComparison): FunctionComparison | undefined =>
  scenario.functions.find((row) => row.function === scenario.attribution?.culprit && row.path.length > 0);

/** With callees; of what is held, where per request means little, nothing. */
const frameDelta = (row: FunctionComparison): string | null =>
  row.held === undefined ? signedAmount(row.headCumPerRequest - row.baseCumPerRequest, row.unit) : null;

const pathOf = (scenario: ScenarioComparison): readonly PathFrame[] => {
  const culprit = culpritRow(scenario);
  if (culprit === undefined) return [];
  const rows = new Map(
    scenario.functions.filter((row) => row.profile === culprit.profile).map((row) => [row.function, row]),
  );
  const isCounted = culprit.profile === 'instructions';
  // Counted without callers, a function that stands alone is no path.
  if (isCounted && culprit.path.length < 2) return [];
  const frames = culprit.path.map((name): PathFrame => {
    // Counts are of a function's own lines: its callers' are not what they cost with it.
    const row = isCounted && name !== culprit.function ? undefined : rows.get(name);
    return {
      function: name,
      delta: row === undefined ? null : frameDelta(row),
      changedInDiff: row?.changedInDiff ?? false,
    };
  });
  return shortened(frames, scenario.module ?? null);
};

/** The service's own code, and what the change touches: what a reviewer reads the path for. */
const isOwn = ({ function: name, changedInDiff }: PathFrame, module: string | null): boolean =>
  changedInDiff ||
  name.startsWith('main.') ||
  (module !== null && (name.startsWith(`${module}.`) || name.startsWith(`${module}/`)));

/** Runs of foreign frames are left out, the longest ones' middles first; own frames, root and leaf never are. */
const shortened = (frames: readonly PathFrame[], module: string | null): readonly PathFrame[] => {
  if (frames.length <= MOST_FRAMES) return frames;
  const kept = frames.map((frame, at) => at === 0 || at === frames.length - 1 || isOwn(frame, module));
  // The frames beside what is kept say how one came there.
  const room = MOST_FRAMES - kept.filter(Boolean).length;
  const beside = frames.flatMap((_, at) => (!kept[at] && (kept[at - 1] === true || kept[at + 1] === true) ? [at] : []));
  for (const at of beside.slice(0, Math.max(0, room))) kept[at] = true;
  const shown: PathFrame[] = [];
  let left = 0;
  const close = (): void => {
    if (left > 0) shown.push({ function: `… ${formatNumberOf(left, 'frame')} …`, delta: null, changedInDiff: false });
    left = 0;
  };
  frames.forEach((frame, at) => {
    if (!kept[at]) {
      left++;
      return;
    }
    close();
    shown.push(frame);
  });
  return shown;
};

const SOURCES = {
  explain: 'from an extra full-speed pass',
  judged: 'from the judged launches',
  stored: 'of this run and of the stored one',
} as const;

const wallNote = ({ route }: FunctionComparison): InlineText =>
  route === undefined
    ? ['Wall clock figures are from one more launch, under an execution trace.']
    : ['Wall clock figures are of ', code(route), ' alone, from one more launch, under an execution trace.'];

const APART_WORDS = {
  server: 'the server itself waits, no handler is running',
  background: 'in the background, which grows with the clock',
} as const;

/** Whether somebody asked for a kind: its metric is a gate, or moved. */
const isAsked = ({ metrics }: ScenarioComparison, { profile }: WaitApartRow): boolean =>
  metrics.some(
    ({ metric, gate, verdict }) =>
      profileKind(profile).explains.includes(metric) && (gate || verdict === 'regressed' || verdict === 'improved'),
  );

/** `Not counted as blocked time of requests: `net/http.(*connReader).abortPendingRead` 230 µs → 240 µs per request (…).` */
const apartNotes = (scenario: ScenarioComparison): readonly InlineText[] =>
  (scenario.waitsApart ?? [])
    .filter((row) => isAsked(scenario, row))
    .map((row): InlineText => {
      const amounts = `${formatQuantity(row.basePerRequest, 'ns')} → ${formatQuantity(row.headPerRequest, 'ns')}`;
      return [
        `Not counted as ${profileKind(row.profile).noun} of requests: `,
        code(row.function),
        `, ${amounts} per request (${APART_WORDS[row.whose]}).`,
      ];
    });

/** `sleep 0 ns → 3.1 ms (+3.0 to +3.2 ms)`. */
const partText = ({
  part,
  basePerRequest,
  headPerRequest,
  ciPerRequest,
}: TracedComparison['parts'][number]): string => {
  const amounts = `${part} ${formatQuantity(basePerRequest, 'ns')} → ${formatQuantity(headPerRequest, 'ns')}`;
  if (ciPerRequest === null) return amounts;
  const [low, high] = ciPerRequest.map((ns) => formatSignedQuantity(ns, 'ns')) as [string, string];
  return `${amounts} (${low} to ${high})`;
};

/** What the traces say besides functions: certain differences first. */
const tracedNotes = ({ traced }: ScenarioComparison): readonly InlineText[] => {
  if (traced === undefined) return [];
  const certain = traced.parts.filter(({ isCertain }) => isCertain).map(partText);
  const others = traced.parts.filter(({ isCertain }) => !isCertain).map(partText);
  const [sole] = traced.launches === 1 ? [others] : [];
  if (sole !== undefined)
    return sole.length === 0
      ? []
      : [[`Of a request’s time under an execution trace (one launch, so without an interval): ${sole.join(', ')}.`]];
  const over = `over ${formatNumberOf(traced.launches, 'launch', 'launches')} under an execution trace`;
  return [
    ...(certain.length > 0 ? [[`A request’s time differs ${over}: ${certain.join(', ')}.`]] : []),
    ...(others.length > 0
      ? [
          [
            `${certain.length > 0 ? 'Not certain' : `Of a request’s time nothing differs for certain ${over}`}: ${others.join(', ')}.`,
          ],
        ]
      : []),
  ];
};

const notesOf = (scenario: ScenarioComparison): readonly InlineText[] => {
  const { attribution } = scenario;
  if (attribution === null) return [];
  const notes: InlineText[] = [];
  if (attribution.diffuse !== null) notes.push([attribution.diffuse]);
  if (
    scenario.functions.some(({ profile }) => profile !== 'instructions' && profile !== 'wall') &&
    attribution.source !== 'exact'
  ) {
    const samples = attribution.samples;
    const count =
      samples === null ? '' : ` (${formatCount(samples.base)} and ${formatCount(samples.head)} CPU samples)`;
    notes.push([`Function figures are ${SOURCES[attribution.source]}${count}.`]);
  }
  notes.push(...apartNotes(scenario));
  notes.push(...tracedNotes(scenario), ...placeNotes(scenario));
  const wall = scenario.functions.find(({ profile, kind }) => profile === 'wall' && kind !== 'unclear');
  if (wall !== undefined) notes.push(wallNote(wall));
  for (const row of scenario.functions.filter((moved) => moved.movedTo !== null).slice(0, 3))
    notes.push(['Moved, not added: ', code(row.function), ' → ', code(row.movedTo ?? '')]);
  return [...notes, ...attribution.warnings.map((warning): InlineText => [warning])];
};

/** Everything a reader needs to go to the right line; empty groups where nothing was attributed. */
export const explain = (scenario: ScenarioComparison): Why => ({
  // Counted functions are told in the section "code path".
  groups: COST_KINDS.filter((profile) => profile !== 'instructions').flatMap((profile) => groupOf(scenario, profile)),
  places: placeRows(scenario),
  path: pathOf(scenario),
  notes: notesOf(scenario),
});
