/** The one sentence that comes first everywhere: metric, effect, interval, culprit (docs/method.md). */
import {
  METRIC_IDS,
  type Comparison,
  type CostKind,
  type FunctionComparison,
  type FunctionKind,
  type MetricComparison,
  type NewOnHead,
  type MetricId,
  type ScenarioComparison,
} from '../../model/index.ts';
import { metricDef, profileKind, SAMPLES_TO_NAME, witnessesOf } from '../../metrics/index.ts';
import { formatCount, formatDuration, formatNumberOf, formatSignedPercent } from '../../units/index.ts';
import {
  amountsFor,
  costOf,
  effectText,
  effectWithInterval,
  intervalText,
  nearness,
  severity,
  sideText,
  signedAmount,
  unchangedWithin,
} from './amounts.ts';
import { belowClause } from './below.ts';
import { callsMoreText } from './calls.ts';
import { changeClause } from './change-clause.ts';
import { failedFunctions, unjudgedFunctions } from './function-gates.ts';
import { labelBeside, labelClause } from './label-values.ts';
import { HEADLINE_WORDS, headlineOf, HEADLINES, type Headline, unjudgedGates } from './headline.ts';
import { bumpClause, LEAST_SHARE_OF_CHANGE, partBehindChange, partName } from './new-go.ts';
import { routeClause } from './routes.ts';
import { latencyBeside, movedRouteFirst, slowRouteBeside } from './slow-route.ts';
import { spentText } from './spent.ts';
import { stuckClause, stuckIn, waitingClause } from './stuck.ts';
import { code, plainText, type InlineText } from '../text/inline-text.ts';

/** Errors first (a failing request has no meaningful cost), then by how far beyond the limit, then in table order. */
const byWorst = (left: MetricComparison, right: MetricComparison): number =>
  rankErrors(left) - rankErrors(right) ||
  (severity(right) ?? 0) - (severity(left) ?? 0) ||
  METRIC_IDS.indexOf(left.metric) - METRIC_IDS.indexOf(right.metric);

const rankErrors = (metric: MetricComparison): number => (metric.metric === 'errorRatio' ? 0 : 1);

/** Gates with this verdict, worst first; without any, the other metrics with it. */
const metricsThat = (
  scenario: ScenarioComparison,
  verdict: MetricComparison['verdict'],
): readonly MetricComparison[] => {
  const found = scenario.metrics.filter((metric) => metric.verdict === verdict);
  const gates = found.filter((metric) => metric.gate);
  return withoutSecondWitness(gates.length > 0 ? gates : found).toSorted(byWorst);
};

/** Instructions and CPU time see the same change; where both fired, CPU time speaks. */
const withoutSecondWitness = (metrics: readonly MetricComparison[]): readonly MetricComparison[] =>
  metrics.some((metric) => metric.metric === 'cpuNsPerRequest')
    ? metrics.filter((metric) => metric.metric !== 'instructionsPerRequest')
    : metrics;

const label = (metric: MetricComparison): string => metricDef(metric.metric).label;

/** Names in a list of gates; the others are counted. */
const MOST_NAMES = 3;

/** `CPU`, `allocations and bytes allocated`, `CPU, allocations, bytes allocated and 2 more`. */
const namesOf = (metrics: readonly MetricComparison[]): string => {
  const names = metrics.map((metric) => label(metric).replace(/ per request$/, ''));
  const left = names.length - MOST_NAMES;
  const parts = left > 0 ? [...names.slice(0, MOST_NAMES), `${formatCount(left)} more`] : names;
  return parts.length === 1 ? parts.join() : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
};

/** `CPU per request +2.2 % (1.2…3.1 %)`, `heap growth per request 0 B → 1.2 KiB (+1.1 KiB to +1.3 KiB)`. */
const effectClause = (metric: MetricComparison): string => {
  if (metric.effectAbsolute === null || metric.effectRatio !== null)
    return `${label(metric)} ${effectWithInterval(metric)}`;
  const interval = intervalText(metric);
  const sides = `${label(metric)} ${sideText(metric.base, metric.unit)} → ${sideText(metric.head, metric.unit)}`;
  return interval === null ? sides : `${sides} (${interval})`;
};

const NAMED: ReadonlySet<FunctionKind> = new Set(['regressed', 'improved', 'new', 'gone']);

/**
 * The function row that speaks for `metric`: the culprit's, or where the culprit is another metric's, the first that is
 * certain by the profile of this one.
 */
const findCulprit = (scenario: ScenarioComparison, metric: MetricComparison): FunctionComparison | undefined => {
  const name = scenario.attribution?.culprit;
  const [first, ...others] = witnessesOf(metric.metric);
  const rowsOf = (profile: CostKind | undefined): readonly FunctionComparison[] =>
    scenario.functions.filter((row) => row.profile === profile && hasSignOf(row, metric));
  const witnesses = [first, ...others];
  // Where counts named it, the handful of samples beside them has no say.
  const ordered = scenario.attribution?.source === 'exact' ? witnesses.toSorted(countsFirst) : witnesses;
  return (
    ordered.flatMap(rowsOf).find((row) => row.function === name) ?? rowsOf(first).find((row) => NAMED.has(row.kind))
  );
};

const countsFirst = (left: CostKind | undefined, right: CostKind | undefined): number =>
  Number(right === 'instructions') - Number(left === 'instructions');

const hasSignOf = (row: FunctionComparison, metric: MetricComparison): boolean =>
  costOf(row).delta * (metric.effectRatio ?? metric.effectAbsolute ?? 0) > 0;

/** Of all counted instructions that came or went; undefined for other rows. */
const countedShare = (scenario: ScenarioComparison, row: FunctionComparison): number | undefined => {
  const counted = scenario.metrics.find(({ metric }) => metric === 'instructionsPerRequest');
  if (row.unit !== 'instructions' || counted === undefined) return undefined;
  const { base, head } = counted;
  return base === null || head === null || base === head ? undefined : costOf(row).delta / (head - base);
};

const carriesMost = (scenario: ScenarioComparison, row: FunctionComparison, metric: MetricComparison): boolean => {
  const counted = countedShare(scenario, row);
  if (counted !== undefined) return counted >= LEAST_SHARE_OF_CHANGE;
  if (row.unit === metric.unit && metric.base !== null && metric.head !== null && metric.head !== metric.base)
    return amountsFor(row, metric).delta / (metric.head - metric.base) >= LEAST_SHARE_OF_CHANGE;
  return (
    metric.effectRatio !== null &&
    metric.effectRatio !== 0 &&
    row.impactRatio / metric.effectRatio >= LEAST_SHARE_OF_CHANGE
  );
};

/** Goroutines have no cost rows: there the name is all there is. */
const culpritWithoutRow = (scenario: ScenarioComparison, { metric }: MetricComparison): InlineText => {
  const name = scenario.attribution?.culprit ?? null;
  if (name !== null && scenario.functions.every((row) => row.function !== name)) return [', in ', code(name)];
  if (!scenario.attribution?.diffuse) return [];
  if (metric !== 'cpuNsPerRequest' || !isUnderSampled(scenario)) return [', in no single function'];
  return [', too few samples to name a function', ...touchedIn(scenario, 'cpu')];
};

const isUnderSampled = ({ attribution }: ScenarioComparison): boolean => {
  const samples = attribution?.samples ?? null;
  return samples !== null && Math.min(samples.base, samples.head) < SAMPLES_TO_NAME;
};

/** What the change touches and the requests ran; empty where that is nothing. */
const touchedIn = ({ functions }: ScenarioComparison, profile: CostKind): InlineText => {
  const touched = functions.filter((row) => row.profile === profile && row.changedInDiff);
  const [first, ...others] = touched.filter(({ headCumPerRequest }) => headCumPerRequest > 0);
  if (first === undefined) return [];
  const more = others.length > 0 ? [` and ${formatNumberOf(others.length, 'more function')}`] : [];
  return ['; the change touches ', code(first.function), ...more];
};

/**
 * The function's part of the change. Counted instructions become CPU by their share of all counted ones, so that parts
 * add up to the CPU that was measured.
 */
const amountText = (scenario: ScenarioComparison, row: FunctionComparison, metric: MetricComparison): string => {
  const own = signedAmount(amountsFor(row, metric).delta, row.unit);
  const share = countedShare(scenario, row);
  if (share === undefined || metric.unit !== 'ns' || metric.base === null || metric.head === null) return own;
  return `about ${signedAmount((metric.head - metric.base) * share, metric.unit)}: ${own}`;
};

/** Where nobody knows the callers, or none of them is changed, what the change touches and the requests ran is said beside it. */
const touchedClause = (scenario: ScenarioComparison, row: FunctionComparison): InlineText => {
  const isExplained = row.callers === undefined ? row.path.length > 1 : row.nearChange !== undefined;
  if (row.unit !== 'instructions' || row.changedInDiff || isExplained) return [];
  return touchedIn(scenario, 'instructions');
};

/** `: it calls `json.Marshal` 2× instead of 1× per request`. */
const calleesClause = ({ callees = [] }: FunctionComparison): InlineText => {
  const [first] = callees;
  return first === undefined ? [] : [': it ', ...callsMoreText(first)];
};

/** `, mostly `main.encode` (+17.7 µs), changed in this pull request`; empty when no function is certain. */
const culpritClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText => {
  const part = partBehindChange(scenario, metric, witnessesOf(metric.metric));
  if (part !== undefined)
    return [', mostly in ', ...partName(part), ` (${signedAmount(part.deltaPerRequest, part.unit)})`];
  const below = belowClause(scenario, metric);
  if (below !== null) return below;
  const row = findCulprit(scenario, metric);
  if (row === undefined) return culpritWithoutRow(scenario, metric);
  const share = carriesMost(scenario, row, metric) ? ', mostly ' : ', the largest part in ';
  const callees = row.namedFor === 'callees' ? ' with what it calls' : '';
  const amount = spentText(row) ?? amountText(scenario, row, metric);
  const why = [...changeClause(row), ...calleesClause(row), ...touchedClause(scenario, row)];
  return [share, code(row.function), ` (${amount}${callees})`, ...why];
};

/** What requests wait for is news beside a function that costs more. */
const waitClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText => {
  const row = findCulprit(scenario, metric);
  const spent = row?.profile === 'wall' ? spentText(row) : null;
  return row === undefined || spent === null ? [] : [', ', code(row.function), ` ${spent}`];
};

const alsoClause = (scenario: ScenarioComparison, others: readonly MetricComparison[], word: string): InlineText => {
  const [first, ...rest] = others;
  if (first === undefined) return [];
  const more = rest.length > 0 ? ` and ${formatCount(rest.length)} more` : '';
  return [`; also ${word}: ${effectClause(first)}`, ...waitClause(scenario, first), more];
};

/** What grows with every request is called by its name. */
const LEAKS: Partial<Readonly<Record<MetricId, string>>> = {
  heapGrowthBytesPerRequest: 'a leak: ',
  goroutineGrowthPerRequest: 'a leak of goroutines: ',
};

/** What never ends keeps memory of its own: where both grow, the goroutine is the news. */
const goroutinesFirst = (regressed: readonly MetricComparison[]): readonly MetricComparison[] => {
  const leak = regressed.find(({ metric }) => metric === 'goroutineGrowthPerRequest');
  if (leak === undefined || regressed[0]?.metric !== 'heapGrowthBytesPerRequest') return regressed;
  return [leak, ...regressed.filter((metric) => metric !== leak)];
};

/** Null where nothing is known to be stuck for ever. */
const stuckSentence = (scenario: ScenarioComparison, regressed: readonly MetricComparison[]): InlineText | null => {
  const leak = regressed.find(({ metric }) => metric === 'goroutineGrowthPerRequest');
  const stuck = leak === undefined ? undefined : stuckIn(scenario, leak);
  // Proved by reachability before what was only seen to wait.
  const clause = stuck === undefined ? waitingClause(scenario) : [...stuckClause(stuck), ...changeClause(stuck)];
  if (leak === undefined || clause === null) return null;
  const others = regressed.filter((metric) => metric !== leak);
  return [...clause, `: ${effectClause(leak)}`, ...alsoClause(scenario, others, 'regressed')];
};

const regressedSentence = (scenario: ScenarioComparison): InlineText => {
  const functions = failedFunctions(scenario);
  if (functions.length === 0) return regressedMetrics(scenario);
  const isAlone = !scenario.metrics.some(({ gate, verdict }) => gate && verdict === 'regressed');
  return isAlone ? functions : [...regressedMetrics(scenario), '; ', ...functions];
};

const regressedMetrics = (scenario: ScenarioComparison): InlineText => {
  const [worst, ...others] = goroutinesFirst(metricsThat(scenario, 'regressed'));
  if (worst === undefined) return ['regressed', ...reasonClause(scenario)];
  if (worst.metric === 'errorRatio') return [...failureClaim(worst), ...alsoClause(scenario, others, 'regressed')];
  const leak = LEAKS[worst.metric];
  const stuck = leak === undefined ? null : stuckSentence(scenario, [worst, ...others]);
  if (stuck !== null) return stuck;
  const slow = movedRouteFirst(scenario, worst, findCulprit(scenario, worst), 'regressed');
  if (slow !== null) return [...slow, ...alsoClause(scenario, [worst, ...others], 'regressed')];
  return [
    `${leak ?? ''}${effectClause(worst)}`,
    ...routeClause(scenario, worst),
    ...labelClause(scenario, worst),
    ...culpritClause(scenario, worst),
    ...alsoClause(scenario, others, 'regressed'),
    ...slowRouteBeside(scenario),
  ];
};

/** Failing requests speak for themselves; a service that died has a reason and perhaps no figures. */
const failureClaim = (errors: MetricComparison): InlineText => {
  const reason = errors.reason === null ? '' : withoutStop(errors.reason);
  if (errors.base === null || errors.head === null) return [reason === '' ? effectClause(errors) : reason];
  return [reason === '' ? effectClause(errors) : `${effectClause(errors)}: ${reason}`];
};

const improvedSentence = (scenario: ScenarioComparison): InlineText => {
  const [best, ...others] = metricsThat(scenario, 'improved');
  if (best === undefined) return ['improved', ...reasonClause(scenario)];
  const rest = [...alsoClause(scenario, others, 'improved'), ...notJudgedClause(scenario)];
  const quicker = movedRouteFirst(scenario, best, findCulprit(scenario, best), 'improved');
  if (quicker !== null)
    return [...quicker, ...alsoClause(scenario, [best, ...others], 'improved'), ...notJudgedClause(scenario)];
  return [
    `${effectClause(best)}, an improvement`,
    ...routeClause(scenario, best),
    ...labelClause(scenario, best),
    ...culpritClause(scenario, best),
    ...rest,
  ];
};

const unchangedSentence = (scenario: ScenarioComparison): InlineText => {
  const unchanged = scenario.metrics
    .filter((metric) => metric.verdict === 'unchanged')
    .toSorted((left, right) => METRIC_IDS.indexOf(left.metric) - METRIC_IDS.indexOf(right.metric));
  const gates = unchanged.filter((metric) => metric.gate);
  const tail = [
    ...changedClause(scenario),
    ...latencyBeside(scenario),
    ...labelBeside(scenario),
    ...widerClause(gates),
    ...notJudgedClause(scenario),
  ];
  if (headlineOf(scenario) === 'partlyJudged') return [partlyUnchanged(gates), ...tail];
  const [first, ...others] = gates.length > 0 ? gates : unchanged;
  if (first === undefined) return ['nothing that was judged changed', ...tail];
  const interval = intervalText(first);
  const bound = `${withinClause(first)}${interval === null ? '' : ` (${interval})`}`;
  const more = others.length > 0 ? `, and ${formatNumberOf(others.length, 'more metric')}` : '';
  return [`${label(first)} unchanged${bound}${more}`, ...tail];
};

/** ` within 2 %`. */
const withinClause = (metric: MetricComparison): string => {
  const within = unchangedWithin(metric);
  return within === null ? '' : ` within ${within}`;
};

/** What can be said to be unchanged beside gates that were not judged: `CPU, allocations and 3 more unchanged (CPU within 2 %)`. */
const partlyUnchanged = (gates: readonly MetricComparison[]): string => {
  if (gates.length === 0) return 'nothing that was judged is worse';
  const cpu = gates.find(({ metric }) => metric === 'cpuNsPerRequest');
  return `${namesOf(gates)} unchanged${cpu === undefined ? '' : ` (CPU${withinClause(cpu)})`}`;
};

/** Why a limit is wider than usual, where "unchanged" leans on it. */
const widerClause = (gates: readonly MetricComparison[]): InlineText => {
  const reason = gates.find((metric) => metric.metric === 'cpuNsPerRequest')?.reason ?? null;
  return reason === null ? [] : [`; ${withoutStop(reason)}`];
};

const changedClause = (scenario: ScenarioComparison): InlineText => {
  const changed = scenario.metrics.filter((metric) => metric.verdict === 'changed').toSorted(byWorst);
  const [first, ...rest] = changed;
  if (first === undefined) return [];
  const more = rest.length > 0 ? ` (and ${formatCount(rest.length)} more)` : '';
  return [`; ${label(first)} ${effectText(first)}${more}, too little to fail`];
};

/** Reasons are told of so many groups of gates; the others are counted. */
const MOST_REASONS = 2;

/** Named by profiles of another time, beside one another, where no metric could be judged that way. */
const storedCulprit = ({ attribution, functions }: ScenarioComparison): InlineText => {
  if (attribution?.source !== 'stored' || attribution.culprit === null) return [];
  const row = functions.find(({ function: name, kind }) => name === attribution.culprit && NAMED.has(kind));
  if (row === undefined) return [];
  const { base, delta } = costOf(row);
  const amount = `${formatSignedPercent(delta / base)}${profileKind(row.profile).amount}`;
  return ['; by stored profiles ', code(row.function), base > 0 ? ` takes ${amount} beside the others` : ' is new'];
};

/** `; CPU and median latency not judged (not pinned to a CPU)`, wherever the sentence would otherwise sound like "all is well". */
const notJudgedClause = (scenario: ScenarioComparison): InlineText => {
  const groups = [...Map.groupBy(unjudgedGates(scenario), ({ reason }) => reason)];
  const told = groups.slice(0, MOST_REASONS).map(([reason, gates]) => {
    const why = reason === null ? '' : ` (${withoutStop(reason)})`;
    return `; ${namesOf(gates)} not judged${why}`;
  });
  const left = groups.slice(MOST_REASONS).reduce((sum, [, gates]) => sum + gates.length, 0);
  const more = left === 0 ? [] : [`; ${formatCount(left)} more not judged`];
  return [...storedCulprit(scenario), ...told, ...more, ...unjudgedFunctions(scenario)];
};

const UNIT_WORDS = { launch: 'launches', window: 'windows', linkSeed: 'code layouts', run: 'runs' } as const;

/** Judged launches are counted in launches, whatever the unit of a metric's own statistics is. */
const afterClause = ({ launches, linkSeeds }: ScenarioComparison, { decidedBy }: MetricComparison): string => {
  if (decidedBy === null) return '';
  if (decidedBy.stage !== 'judged') return ` after ${formatCount(decidedBy.n)} ${UNIT_WORDS[decidedBy.unit]}`;
  const layouts = decidedBy.unit === 'linkSeed' ? ` of ${formatCount(linkSeeds)} code layouts` : '';
  return ` after ${formatNumberOf(launches, 'launch', 'launches')}${layouts}`;
};

/** The gate nearest to failing speaks, the others are named. */
const inconclusiveSentence = (scenario: ScenarioComparison): InlineText => {
  if (scenario.reason?.startsWith('not comparable') === true) return [withoutStop(scenario.reason)];
  const open = metricsThat(scenario, 'inconclusive').toSorted((left, right) => nearness(right) - nearness(left));
  const [nearest, ...others] = open;
  if (nearest === undefined) return ['not decided', ...reasonClause(scenario), ...unjudgedRequired(scenario)];
  const why = nearest.reason === null || nearest.unitsNeeded !== null ? '' : `: ${withoutStop(nearest.reason)}`;
  const more = others.length > 0 ? `; nor ${others.map(label).join(', ')}` : '';
  return [
    `not decided: ${effectClause(nearest)}${afterClause(scenario, nearest)}${why}`,
    ...needClause(scenario, nearest),
    more,
    ...notJudgedClause(scenario),
  ];
};

const unjudgedRequired = (scenario: ScenarioComparison): InlineText =>
  scenario.reason === null ? notJudgedClause(scenario) : [];

/** Launches of tight mode at most (docs/method.md). */
const MOST_LAUNCHES = { usual: 40, tight: 80 } as const;

/** What it would take: launches or code layouts, and the budget or mode that allows them. */
const needClause = (scenario: ScenarioComparison, metric: MetricComparison): InlineText => {
  const { unitsNeeded, decidedBy } = metric;
  // Before the first look nothing is known that could be extrapolated.
  if (unitsNeeded === null || decidedBy === null) return [];
  const seen = decidedBy.unit === 'linkSeed' ? scenario.linkSeeds : scenario.launches;
  const needed = decidedBy.stage === 'judged' ? Math.ceil((unitsNeeded * seen) / decidedBy.n) : unitsNeeded;
  const unit = decidedBy.unit === 'linkSeed' ? UNIT_WORDS.linkSeed : UNIT_WORDS.launch;
  const about = `; about ${formatCount(needed)} ${unit} would decide it`;
  if (needed > MOST_LAUNCHES.tight) return [`${about}, more than a run takes: a quieter machine would help`];
  if (needed > MOST_LAUNCHES.usual) return [about, ' (', code('measure.tight: true'), ')'];
  const budget = budgetFor(scenario, needed / seen);
  return budget === null ? [about] : [about, ' (', code(`--budget ${budget}`), ')'];
};

/** Wall clock for so many times this run, rounded up to half minutes, as the flag takes it. */
const budgetFor = ({ durationSeconds }: ScenarioComparison, times: number): string | null =>
  durationSeconds > 0 && Number.isFinite(times)
    ? formatDuration(Math.max(60, Math.ceil((durationSeconds * times) / 30) * 30))
    : null;

const invalidSentence = (scenario: ScenarioComparison): InlineText => [
  `measurement invalid, nothing is judged${scenario.reason === null ? '' : `: ${withoutStop(scenario.reason)}`}`,
];

const reasonClause = (scenario: ScenarioComparison): InlineText =>
  scenario.reason === null ? [] : [`: ${withoutStop(scenario.reason)}`];

/** Reasons are sentences of their own; inside ours they lose their full stop. */
const withoutStop = (sentence: string): string => sentence.trim().replace(/\.$/, '');

const BODIES = {
  regressed: regressedSentence,
  improved: improvedSentence,
  unchanged: unchangedSentence,
  inconclusive: inconclusiveSentence,
  invalid: invalidSentence,
} as const;

/** The verdict sentence of one scenario. */
export const scenarioSentence = (scenario: ScenarioComparison): InlineText => [
  code(scenario.scenario),
  `: ${bumpClause(scenario)}`,
  ...BODIES[scenario.verdict](scenario),
  '.',
];

export const newOnHeadSentence = ({ scenario, reason, figures }: NewOnHead): InlineText => [
  code(scenario),
  ` is new on head (${reason}): there is nothing to compare with yet. On head: ${figures.join('; ')}.`,
];

/** {@link scenarioSentence} as one plain line. */
export const scenarioVerdictSentence = (scenario: ScenarioComparison): string => plainText(scenarioSentence(scenario));

/** Worst first; equals keep their order. */
export const worstFirst = (scenarios: readonly ScenarioComparison[]): readonly ScenarioComparison[] =>
  scenarios.toSorted((left, right) => HEADLINES.indexOf(headlineOf(left)) - HEADLINES.indexOf(headlineOf(right)));

/** The worst scenario's sentence as one plain line; others are counted. For terminals, annotations and check titles. */
export const verdictSentence = (comparison: Comparison): string => {
  const [worst, ...others] = worstFirst(comparison.scenarios);
  const [fresh] = comparison.newOnHead ?? [];
  if (worst === undefined)
    return fresh === undefined ? 'No scenario was compared.' : plainText(newOnHeadSentence(fresh));
  if (others.length === 0) return scenarioVerdictSentence(worst);
  const rest = others.map((scenario) => ({ headline: headlineOf(scenario) }));
  return `${scenarioVerdictSentence(worst)} Other scenarios: ${countHeadlines(rest)}.`;
};

/** `2 regressed, 1 partly judged`, worst first. */
export const countHeadlines = (scenarios: readonly { readonly headline: Headline }[]): string =>
  HEADLINES.map((headline) => [headline, scenarios.filter((one) => one.headline === headline).length] as const)
    .filter(([, count]) => count > 0)
    .map(([headline, count]) => `${formatCount(count)} ${HEADLINE_WORDS[headline].counted}`)
    .join(', ');
