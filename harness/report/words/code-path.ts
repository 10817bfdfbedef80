/** The section "code path": what exact mode counted per request, and the functions it blames, as sentences. */
import type {
  CountedCalls,
  ExactCounted,
  ExactSummary,
  FunctionComparison,
  MetricComparison,
  ReplyDifference,
  ScenarioComparison,
} from '../../model/index.ts';
import { isRuntime } from '../../profile/index.ts';
import {
  formatCount,
  formatNumberOf,
  formatPercent,
  formatSignedPercent,
  formatSignedQuantity,
} from '../../units/index.ts';
import { costOf } from './amounts.ts';
import { edgesClause } from './calls.ts';
import { FUNCTION_WORDS, NEAR_WORDS, VERDICT_WORDS } from './labels.ts';
import type { CodePath } from './report.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const MOST_FUNCTIONS = 5;
const MOST_CALLS = 8;
/** All allocator functions together (harness/compare). */
const ALLOCATOR = 'allocator';
/** Calls differ, and a call costs more, when it is by more than launches differ by on a bad day. */
const SAME_RATIO = 0.005;
const CERTAIN_RATIO = 0.001;

const COUNTED_BY: Readonly<Record<ExactSummary['engine'], string>> = {
  qemu: 'counted under emulation (qemu)',
  perf: 'counted by the CPU itself',
  cover: 'from coverage counters',
};

const rowOf = (scenario: ScenarioComparison, metric: MetricComparison['metric']): MetricComparison | undefined =>
  scenario.metrics.find((row) => row.metric === metric);

const whole = (value: number | null): string => (value === null ? '–' : formatCount(value));

const spreadText = ({ aaSpreadRatio }: ExactSummary): string =>
  `launches of one side differ by up to ${formatPercent(aaSpreadRatio)}`;

/** `1,941,902 → 1,961,443 (+1.0 %): ✗ regressed; launches of one side differ by up to 0.004 %`. */
const instructionsLine = (scenario: ScenarioComparison, exact: ExactSummary): InlineText => {
  const row = rowOf(scenario, 'instructionsPerRequest');
  if (row === undefined) return ['instructions per request were not judged'];
  const effect = row.effectRatio === null ? '' : ` (${formatSignedPercent(row.effectRatio)})`;
  const reason = row.reason === null ? '' : `: ${row.reason}`;
  const limit =
    row.verdict === 'unchanged' && row.smallestDetectableRatio !== null
      ? `, changes from ${formatPercent(row.smallestDetectableRatio)} on would show`
      : '';
  return [
    `instructions per request: ${whole(row.base)} → ${whole(row.head)}${effect}, ${VERDICT_WORDS[row.verdict]}${reason}; ${spreadText(exact)}${limit}`,
  ];
};

const amount = (value: number): string => String(Number(value.toFixed(2)));

const callsText = ({ name, base, head, isChanged }: CountedCalls): InlineText => [
  code(name),
  isChanged ? ` ×${amount(base)} → ×${amount(head)}` : ` ×${amount(head)}`,
];

const listed = (parts: readonly InlineText[]): InlineText =>
  parts.flatMap((part, index) => (index === 0 ? part : [', ', ...part]));

const syscallsLine = ({ syscalls }: ExactCounted): InlineText => {
  const called = syscalls.filter(({ base, head }) => Math.max(base, head) >= 0.005);
  if (called.length === 0) return ['system calls per request: none but what follows the clock'];
  const changed = called.filter(({ isChanged }) => isChanged);
  const shown = [...changed, ...called.filter(({ isChanged }) => !isChanged)].slice(0, MOST_CALLS);
  const same = called.every(({ base, head }) => amount(base) === amount(head)) ? [', as before'] : [];
  return ['system calls per request: ', ...listed(shown.map(callsText)), ...same];
};

const mallocsLine = ({ mallocs }: ExactCounted): readonly InlineText[] => {
  if (mallocs === null) return [];
  const { base, head } = mallocs;
  return [
    [
      isCertainlySame(base, head)
        ? `allocations per request: ${perRequest(head)}, as before`
        : `allocations per request: ${both(base, head).join(' → ')}`,
    ],
  ];
};

/** Which requests the change is in; nothing where none changed, or where there is one route. */
const routesLine = ({ routes = [] }: ExactCounted): readonly InlineText[] => {
  const changed = routes.filter(({ isChanged }) => isChanged);
  if (changed.length === 0) return [];
  const shown = changed
    .toSorted((a, b) => Math.abs(b.head / b.base - 1) - Math.abs(a.head / a.base - 1))
    .slice(0, MOST_CALLS)
    .map(
      ({ name, base, head }): InlineText => [
        code(name),
        ` ${formatCount(base)} → ${formatCount(head)} (${formatSignedPercent(head / base - 1)})`,
      ],
    );
  const others = changed.length < routes.length ? ['; the others as before'] : [];
  return [['instructions per request of a route: ', ...listed(shown), ...others]];
};

const within = (ratio: number, base: number, head: number): boolean =>
  Math.abs(head - base) <= ratio * Math.max(Math.abs(base), Math.abs(head));

/** Not worth a word: what the collector and timers do differs by as much between launches. */
const isSame = (base: number, head: number): boolean => within(SAME_RATIO, base, head);

/** Only this is "as before": counts that differ by more may do so for a reason. */
const isCertainlySame = (base: number, head: number): boolean => within(CERTAIN_RATIO, base, head);

/** `1.0`, `104`, `12,016`: one decimal while it says something. */
const perRequest = (value: number): string => (value < 10 ? value.toFixed(1) : formatCount(value));

/** Two amounts that differ are never printed alike. */
const both = (base: number, head: number): readonly [string, string] => {
  const [left, right] = [perRequest(base), perRequest(head)];
  return left === right ? [String(Number(base.toPrecision(4))), String(Number(head.toPrecision(4)))] : [left, right];
};

const perCallText = (base: number, head: number): string => {
  if (isSame(base, head)) return '';
  return head > base ? ', each call costs more' : ', each call costs less';
};

/** `, called 1.0× a request, as before, each call costs more`; `, called 3.0× instead of 1.0×`. */
const callsClause = (row: FunctionComparison): string => {
  const { baseCallsPerRequest: base, headCallsPerRequest: head, kind } = row;
  if (row.function === ALLOCATOR) return '';
  if (base === null || head === null) return ', inlined where it is called, so its calls are not counted';
  if (kind === 'new') return `, called ${perRequest(head)}×`;
  if (kind === 'gone') return `, was called ${perRequest(base)}×`;
  if (base === 0 || head === 0) {
    const side = base === 0 ? 'base' : 'head';
    return `, called ${perRequest(base)}× on base and ${perRequest(head)}× on head (inlined on ${side})`;
  }
  const each = costOf(row);
  const cost = perCallText(each.base / base, each.head / head);
  if (isSame(base, head))
    return `, called ${perRequest(head)}×${isCertainlySame(base, head) ? ' a request, as before' : ''}${cost}`;
  const [before, after] = both(base, head);
  return `, called ${after}× instead of ${before}×${cost}`;
};

/** `` `main.encode` +2,713 instructions per request (+0.33 %, about +0.9 µs), called 1.0× a request, as before, each call costs more``. */
const functionSentence = (row: FunctionComparison, instructionsPerNs: number): InlineText => {
  const name: InlineText = row.function === ALLOCATOR ? ["Go's allocator (all its functions)"] : [code(row.function)];
  const place: InlineText = row.file === '' || row.function === ALLOCATOR ? [] : [' ', code(`${row.file}:${row.line}`)];
  const word = row.kind === 'new' || row.kind === 'gone' ? ` ${FUNCTION_WORDS[row.kind]}:` : '';
  const cost = costOf(row);
  const delta = formatSigned(cost.delta);
  const time = formatSignedQuantity(cost.delta / instructionsPerNs, 'ns');
  const callees = row.namedFor === 'callees' ? ' with what it calls' : '';
  return [
    ...name,
    ...place,
    `${word} ${delta} instructions per request${callees} (${formatSignedPercent(row.impactRatio)}, about ${time})${callsClause(row)}`,
    ...changeClause(row),
    ...edgesClause(row),
  ];
};

const changeClause = ({ changedInDiff, nearChange, caller }: FunctionComparison): InlineText => {
  if (changedInDiff) return [', changed in this pull request'];
  return nearChange === 'calledFrom' && caller !== undefined ? [`, ${NEAR_WORDS[nearChange]} in `, code(caller)] : [];
};

const formatSigned = (value: number): string => `${value > 0 ? '+' : ''}${formatCount(value)}`;

/** Nearly all is not all. */
const roundedDown = (ratio: number): string => `${Math.floor(ratio * 1e4) / 100} %`;

const pathNote = ({ pathSamples, knownCallersRatio }: ExactCounted): InlineText => {
  if (knownCallersRatio !== undefined)
    return [
      `Callers are counted, known of ${roundedDown(knownCallersRatio)} of all calls; what a call executes is the average over all callers of its function.`,
    ];
  return pathSamples === null
    ? ['Counts know no callers, and there were no CPU samples to take call paths from.']
    : [
        `Counts know no callers: call paths are joined from CPU samples (${formatCount(pathSamples.base)} on base, ${formatCount(pathSamples.head)} on head).`,
      ];
};

const varyingNote = ({ varyingRoutes }: ExactCounted): readonly InlineText[] =>
  varyingRoutes.length === 0
    ? []
    : [
        [
          'Not compared, since they vary between launches of one side: the replies of ',
          ...listed(varyingRoutes.slice(0, MOST_CALLS).map((route) => [code(route)])),
          '.',
        ],
      ];

const replyText = ({ route, requests, of, what, firstBytes }: ReplyDifference): InlineText => [
  'Base and head answer ',
  code(route),
  ` differently in ${formatCount(requests)} of ${formatCount(of)} counted requests (`,
  what === 'body' ? 'dates, digits, ids and random tokens aside' : 'in length alone',
  `; the first has ${formatCount(firstBytes.base)} and ${formatCount(firstBytes.head)} bytes): part of the difference may be other work, not slower code.`,
];

const MOST_REPLIES = 3;

/** Replies that differ between the sides: they may not do the same work. */
export const replyCautions = ({ exact, answers = [] }: ScenarioComparison): readonly InlineText[] => {
  const isSaid = ({ route }: ReplyDifference): boolean => answers.some((each) => each.route === route);
  const replies = (exact?.counted?.replies ?? []).filter((each) => !isSaid(each));
  const left = replies.length - MOST_REPLIES;
  const more: readonly InlineText[] =
    left > 0 ? [[`Replies of ${formatNumberOf(left, 'more route')} differ, too.`]] : [];
  return [...replies.slice(0, MOST_REPLIES).map(replyText), ...more];
};

/** Two versions of Go name and cut their runtime otherwise: there its sum says more than its functions (new-go.ts). */
const isTelling = ({ function: name }: FunctionComparison, { toolchain }: ScenarioComparison): boolean =>
  toolchain === undefined ||
  toolchain.versions.base === toolchain.versions.head ||
  !(name === ALLOCATOR || isRuntime(name));

const blamed = (scenario: ScenarioComparison): readonly FunctionComparison[] =>
  scenario.functions.filter(
    (row) => row.profile === 'instructions' && row.kind !== 'unclear' && isTelling(row, scenario),
  );

const launchesText = ({ launches, requests }: ExactCounted): string => {
  const count = launches.base === launches.head ? `${launches.base}` : `${launches.base} and ${launches.head}`;
  return `${count} launches a side of the same ${formatCount(requests)} requests`;
};

/** Null where exact mode gave no verdict; why not is among the blind spots. */
export const codePathOf = (scenario: ScenarioComparison): CodePath | null => {
  const { exact } = scenario;
  const counted = exact?.counted;
  if (exact === null || counted === undefined || exact.refusal !== null) return null;
  const rows = blamed(scenario);
  const warnings = rowOf(scenario, 'instructionsPerRequest')?.warnings ?? [];
  return {
    how: `${COUNTED_BY[exact.engine]}: ${launchesText(counted)}`,
    figures: [
      instructionsLine(scenario, exact),
      ...warnings.map((warning): InlineText => [warning]),
      syscallsLine(counted),
      ...mallocsLine(counted),
      ...routesLine(counted),
    ],
    functions: rows.slice(0, MOST_FUNCTIONS).map((row) => functionSentence(row, counted.instructionsPerNs)),
    functionsLeftOut: Math.max(0, rows.length - MOST_FUNCTIONS),
    notes: [...(rows.length > 0 ? [pathNote(counted)] : []), ...varyingNote(counted)],
  };
};
