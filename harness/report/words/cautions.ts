/** What to trust less, and what this run could not have seen. */
import type {
  AppliedWaiver,
  Comparison,
  InvalidRun,
  MetricComparison,
  RunFile,
  ScenarioComparison,
} from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import {
  formatCount,
  formatNumberOf,
  formatPercent,
  formatPercentRange,
  formatSignedPercent,
  formatSignedQuantity,
} from '../../units/index.ts';
import { replyCautions } from './code-path.ts';
import { diagnosisCautions } from './diagnosis.ts';
import { newGoToDo } from './new-go.ts';
import { code, type InlineText } from '../text/inline-text.ts';

const METHODS: Readonly<Record<Comparison['method'], string | null>> = {
  duet: null,
  // What was compared with what is said of the base.
  'shared-base': null,
  'same-machine':
    'Compared with a stored run of this machine, not side by side: limits are wider, and the hour of measuring is part of the difference.',
  'other-machine':
    'Compared with a stored run of another machine: only figures that survive a change of machine decide (allocations, growth, goroutines, counted instructions).',
};

/** What to do about a measurement that is not worth judging. */
const ADVICE: Readonly<Record<InvalidRun['code'], string>> = {
  'unequal-requests':
    'Both sides must answer the same requests; look for failing or lost ones in the logs of both sides.',
  restarted: 'One side restarted while it was measured; its log says why.',
  'unequal-settings': 'Both sides must run with the same settings; look for an environment that differs between them.',
  'discarded-pairs': 'The machine was too busy (CPU taken by its host); run it again, or on another runner.',
  'errors-on-base':
    'The base already answers with errors under this load; correct the scenario or its expected status.',
  'errors-on-both': 'Both sides answer with errors under this load; correct the scenario or its expected status.',
  'nothing-measured':
    'The process that was started only hands its requests on. Start the one that serves, or let it run as one process.',
  'target-died': 'The service died while it was measured; its log holds the last output.',
  'not-counted': 'Remove the cause, or measure without `--exact only`: the other gates need no counts.',
};

/** What the answers themselves ask for: signing in, another address. */
const answerAdvice = ({ failedRequests = [] }: ScenarioComparison): InlineText | null => {
  const signIn = 'sign in under load.prepare (its cookies and captured values go with the load)';
  if (failedRequests.some(({ how }) => /^status 3\d\d to /.test(how))) {
    return [
      `Redirects are not followed: ask for the address the answer points to, ${signIn}, or expect the redirect (`,
      code('expect: { status: "3xx" }'),
      ').',
    ];
  }
  return failedRequests.some(({ how }) => how === 'status 401')
    ? [`The service does not know who asks: ${signIn}.`]
    : null;
};

/** What to do next about an invalid measurement or failing requests; null where the figures say enough. */
export const toDoFor = (scenario: ScenarioComparison, run: RunFile | undefined): InlineText | null => {
  if (scenario.verdict === 'invalid') {
    const advice = answerAdvice(scenario);
    if (advice !== null) return advice;
    const invalid = run?.runs.find((one) => one.scenario.name === scenario.scenario)?.invalid;
    if (invalid) return [ADVICE[invalid.code]];
    // Refused only once both sides' counts were compared.
    const refused = scenario.launches === 0 && (scenario.exact?.refusal ?? null) !== null;
    return [
      refused ? ADVICE['not-counted'] : 'Remove the cause, or run it again; nothing of this run decides or is stored.',
    ];
  }
  const bump = newGoToDo(scenario);
  const regressed = new Set(
    scenario.metrics.filter((metric) => metric.verdict === 'regressed').map((metric) => metric.metric),
  );
  if (regressed.has('errorRatio'))
    return ["Read the head's output: ", code(`logs/${scenario.scenario}/head-launch-*.log`), '.'];
  if (bump !== null) return bump;
  const onlyLatency = regressed.size > 0 && [...regressed].every((metric) => metric.startsWith('latency'));
  return onlyLatency && (scenario.attribution?.culprit ?? null) === null
    ? ['Requests take longer without costing more: look for sleeps, timeouts and calls to other services.']
    : null;
};

const loaderCaution = (scenario: ScenarioComparison): readonly InlineText[] => {
  const { verdict, reasons } = scenario.loader;
  if (verdict === 'ok') return [];
  const why = reasons.length > 0 ? ` (${reasons.join('; ')})` : '';
  // Costs are decided by couples, which a late loader cannot touch; only latency leans on its punctuality.
  const weight =
    verdict === 'invalid' ? 'too late for latency to be judged at a steady rate' : 'somewhat late for latency';
  return [[`The load generator was ${weight}${why}; CPU and allocations do not depend on it.`]];
};

const unpinnedCaution = (scenario: ScenarioComparison): readonly InlineText[] => {
  const { pinned, unpinnedReason } = scenario.settings;
  if (pinned) return [];
  const why = unpinnedReason === null ? '' : ` (${unpinnedReason})`;
  return [[`The services had no CPU of their own${why}: CPU and latency are shown, not judged.`]];
};

const discardCaution = (scenario: ScenarioComparison): readonly InlineText[] => {
  const { discardedPairs: discarded, pairs } = scenario;
  if (discarded === 0) return [];
  return [
    [
      `${formatCount(discarded)} of ${formatCount(pairs + discarded)} pairs ${discarded === 1 ? 'was' : 'were'} left out before comparing; run.json says why for each.`,
    ],
  ];
};

const accepted = ({ metric, kind, ceiling, effect, reason, expires, source }: AppliedWaiver): InlineText => {
  const text = (value: number): string =>
    kind === 'ratio' ? formatSignedPercent(value) : formatSignedQuantity(value, metricDef(metric).unit);
  return [
    `Accepted until ${expires}: ${metricDef(metric).label} up to ${text(ceiling)}; it is ${text(effect)}, so it does not fail this run (${reason}; `,
    code(source),
    ').',
  ];
};

/** Known regressions that somebody accepted, counted; and waivers that did not hold, once, with the worst scenario. */
const waiverCautions = (scenario: ScenarioComparison, { waivers, scenarios }: Comparison): readonly InlineText[] => {
  if (waivers === undefined) return [];
  const own = waivers.applied.filter((waiver) => waiver.scenario === scenario.scenario);
  const remarks = scenario === scenarios[0] ? waivers.remarks.map((remark): InlineText => [remark]) : [];
  const count: readonly InlineText[] =
    own.length === 0 ? [] : [[`${formatNumberOf(own.length, 'known regression')} accepted.`]];
  return [...count, ...own.map(accepted), ...remarks];
};

/** Reasons to trust the figures less, in the order of weight. */
export const cautionsOf = (scenario: ScenarioComparison, comparison: Comparison): readonly InlineText[] => {
  const method = METHODS[comparison.method];
  const own = scenario.metrics
    .filter((metric) => metric.verdict === 'regressed' || metric.verdict === 'improved')
    // The section "code path" says what instructions are worth.
    .filter((metric) => metric.metric !== 'instructionsPerRequest' || scenario.exact?.counted === undefined)
    .flatMap((metric) =>
      metric.warnings.map((warning): InlineText => [`${metricDef(metric.metric).label}: ${warning}`]),
    );
  const builds = scenario.builtDifferently ?? [];
  return [
    ...builds.map((difference): InlineText => [difference]),
    ...waiverCautions(scenario, comparison),
    ...(method === null ? [] : [[method]]),
    ...unpinnedCaution(scenario),
    ...loaderCaution(scenario),
    ...discardCaution(scenario),
    ...replyCautions(scenario),
    ...own,
    ...diagnosisCautions(scenario),
    ...scenario.warnings.map((warning): InlineText => [warning]),
  ];
};

const smallestOf = (metric: MetricComparison): readonly string[] =>
  metric.gate &&
  metric.smallestDetectableRatio !== null &&
  metric.verdict !== 'regressed' &&
  metric.verdict !== 'notJudged'
    ? [`${metricDef(metric.metric).label} ${formatPercent(metric.smallestDetectableRatio)}`]
    : [];

/** Functions told by name with what could not have been seen of each; the others are in comparison.json. */
const MOST_NAMED = 3;

const dearestOf = ({ functions }: ScenarioComparison): InlineText => {
  const counted = functions.filter((row) => row.profile === 'instructions');
  const rows = counted.length > 0 ? counted : functions.filter((row) => row.profile === 'cpu');
  return rows
    .toSorted((left, right) => right.basePerRequest - left.basePerRequest)
    .flatMap((row) =>
      row.smallestDetectableRatio === null ? [] : [[row.function, row.smallestDetectableRatio] as const],
    )
    .slice(0, MOST_NAMED)
    .flatMap(([name, ratio], place) => [place === 0 ? ': ' : ', ', code(name), ` (${formatPercent(ratio)})`]);
};

const functionBlindSpot = (scenario: ScenarioComparison): readonly InlineText[] => {
  const floors = scenario.functions
    .filter((row) => row.profile === 'cpu' || row.profile === 'instructions')
    .flatMap((row) => (row.smallestDetectableRatio === null ? [] : [row.smallestDetectableRatio]));
  if (floors.length === 0) return [];
  const [least, most] = [Math.min(...floors), Math.max(...floors)];
  const range = formatPercent(least) === formatPercent(most) ? formatPercent(most) : formatPercentRange([least, most]);
  const text = `a single function: changes of its own CPU below ${range} of a request (larger functions need larger changes)`;
  return [[text, ...dearestOf(scenario), '.']];
};

/** Gates that were not judged, those with one reason together. */
const notJudged = (scenario: ScenarioComparison): readonly InlineText[] => {
  const byReason = Map.groupBy(
    scenario.metrics.filter((metric) => metric.gate && metric.verdict === 'notJudged'),
    (metric) => metric.reason,
  );
  return [...byReason].map(([reason, metrics]): InlineText => {
    const names = metrics.map((metric) => metricDef(metric.metric).label).join(', ');
    return [`not judged: ${names}${reason === null ? '' : ` (${reason})`}.`];
  });
};

const exactRefusal = (scenario: ScenarioComparison): readonly InlineText[] => {
  const exact = scenario.exact;
  if (exact === null || exact.refusal === null) return [];
  return [['exact mode (', code(exact.engine), `) gave no verdict: ${exact.refusal}`]];
};

/** The smallest changes this run could have seen, and what it did not look at. */
export const blindSpotsOf = (scenario: ScenarioComparison): readonly InlineText[] => {
  if (scenario.verdict === 'invalid') return [];
  const smallest = scenario.metrics.flatMap(smallestOf);
  return [
    ...(smallest.length > 0 ? [[`changes smaller than these cannot be detected: ${smallest.join(', ')}.`]] : []),
    ...functionBlindSpot(scenario),
    ...notJudged(scenario),
    ...exactRefusal(scenario),
  ];
};
