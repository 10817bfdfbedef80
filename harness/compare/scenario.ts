/** One scenario's run → its part of the comparison: validity, then errors, then costs. */
import { ALTERNATE_TEXT, countedPairs, metricDef, ONE_LAYOUT_TEXT } from '../metrics/index.ts';
import {
  type Environment,
  type ExactSummary,
  type FunctionComparison,
  type InvalidRun,
  type Launch,
  type MetricComparison,
  type RouteComparison,
  type ScenarioComparison,
  type ScenarioRun,
  SIDES,
} from '../model/index.ts';
import {
  answerDifferences,
  answerWarnings,
  outcomeWithAnswers,
  withoutEmptyGains,
} from './verdict/differing-answers.ts';
import { notJudged, type MetricOutcome } from './verdict/metric-outcome.ts';
import {
  failedRequestsOf,
  describeFailures,
  failureCount,
  failureRatio,
  failuresOf,
  isFailing,
  type Failures,
} from './verdict/failures.ts';
import { fewLayoutsOutcome, budgetFor } from './verdict/few-layouts.ts';
import { judgedMetrics, looksOf, type Family, type JudgedMetric, withToolchainGates } from './verdict/gates.ts';
import { outcomeFromAll, latencyOutcome, SHOWN_LEVELS, singleLookLevels } from './verdict/latency.ts';
import { loaderReport } from './verdict/loader-health.ts';
import { outcomeFromLaunches, needsPinning, unpinnedReason } from './verdict/stopping-rule.ts';
import { basisOf, readingOf, type Reading } from './verdict/reading.ts';
import { compareRoutes } from './verdict/routes.ts';
import { unjudgedFunctionGates, withFunctionGates } from './verdict/function-limits.ts';
import { type ScenarioVerdict, scenarioVerdictOf } from './verdict/scenario-verdict.ts';
import { withoutChance } from './verdict/shown.ts';
import { dropUnsupportedNames, dropUnsupportedRows } from './functions/explained.ts';
import { withoutGoNoise } from './functions/go-noise.ts';
import { countLinkSeeds, rowOf, withQValues } from './verdict/metric-row.ts';
import { allocatesNothing, launchesOf, measuredSides } from './verdict/launch-series.ts';
import { goLinesIn, type SourceChange, toolchainChange, toolchainNotTaken } from './toolchain/change.ts';
import { compareToolchains } from './toolchain/build-settings.ts';
import { stuckOnHead } from './verdict/stuck.ts';
import { timeTaken } from './verdict/time-taken.ts';
import { tracedComparison } from './verdict/traced.ts';
import { unsteadyWarnings } from './verdict/unsteady.ts';
import { invalidity, isHeadsDoing, notCounted } from './verdict/validity.ts';
import type { Counted, Explanation } from './verdict/findings.ts';

/** A scenario with its verdicts, which nothing that profiles explain will change. */
export interface JudgedScenario {
  readonly measured: ScenarioRun;
  /** With the limits that hold for two versions of Go. */
  readonly run: ScenarioRun;
  readonly rows: readonly MetricComparison[];
  /** Per request name; empty where requests have one, or their costs are not compared. */
  readonly routes: readonly RouteComparison[];
  readonly answers: ReturnType<typeof answerDifferences>;
  readonly verdict: ScenarioVerdict;
}

const openAnswer = (judged: JudgedMetric): MetricOutcome => ({
  judged,
  judgement: null,
  verdict: 'open',
  pValue: null,
  stage: 'judged',
  reason: null,
  warnings: [],
});

/** A gate by its looks; what is only shown, and what is measured once, by one look over all of it. */
const costAnswer = (reading: Reading, judged: JudgedMetric, family: Family): MetricOutcome => {
  const { stage, method } = metricDef(judged.metric);
  if (method === 'growth' || (judged.gate && stage !== 'contention'))
    return outcomeFromLaunches(reading, judged).withoutGrowthLaunch;
  const levels =
    stage === 'contention' ? singleLookLevels(judged, looksOf(reading.run.scenario), family) : SHOWN_LEVELS;
  const outcome = outcomeFromAll(reading, judged, levels);
  const unpinned = unpinnedReason(reading.run);
  return unpinned !== null && needsPinning(judged.metric) ? notJudged(outcome, unpinned) : outcome;
};

const latencyAnswer = (reading: Reading, judged: JudgedMetric): MetricOutcome => {
  const outcome = latencyOutcome(reading, judged);
  const unpinned = unpinnedReason(reading.run);
  if (unpinned !== null) return notJudged(outcome, unpinned);
  // A noisy latency phase is this machine's fault; it counts only where the scenario asked for it.
  return outcome.verdict === 'open' && !judged.required
    ? notJudged(outcome, outcome.judgement ? 'latency too noisy here' : 'latency was not measured')
    : outcome;
};

const whyOpen = (reading: Reading, outcome: MetricOutcome): string | null => {
  if (outcome.reason !== null || outcome.verdict !== 'open') return outcome.reason;
  const { units, looks } = basisOf(reading, outcome.judged.metric);
  const [first = 0] = looks;
  if (units.length < first) {
    const enough = budgetFor(reading, units.length, Math.max(first, looksOf(reading.run.scenario)[0] ?? 0));
    return `${units.length} of at least ${first} launches; ${enough} would hold them`;
  }
  return reading.run.stop === 'budget' ? 'budget spent' : 'too noisy';
};

/** Before the first look there is no verdict, but there are figures: shown with the interval of what was measured. */
const withEarlyFigures = (reading: Reading, outcome: MetricOutcome): MetricOutcome => {
  if (outcome.judgement || outcome.verdict !== 'open') return outcome;
  const { judgement } = outcomeFromAll(reading, outcome.judged, basisOf(reading, outcome.judged.metric).levels);
  // So few launches do not say how many more it would take.
  return judgement ? { ...outcome, judgement: { ...judgement, direction: 'open', needed: Infinity } } : outcome;
};

/** A scenario that wants exact counts only has no launches to judge, and misses none. */
const isExactOnly = (run: ScenarioRun): boolean =>
  run.scenario.measure.exact === 'only' && launchesOf(run, 'judged').length === 0;

const EXACT_ONLY = 'exact mode only';

const costRow = (reading: Reading, judged: JudgedMetric, family: Family): MetricComparison | null => {
  if (isExactOnly(reading.run)) {
    return judged.gate ? rowOf(notJudged(openAnswer(judged), EXACT_ONLY), []) : null;
  }
  const isLatency = metricDef(judged.metric).stage === 'latency';
  const raw = isLatency ? latencyAnswer(reading, judged) : costAnswer(reading, judged, family);
  const few = raw.verdict === 'open' && judged.gate ? fewLayoutsOutcome(reading, judged) : null;
  if (few !== null) return rowOf(few, reading.launches.flat());
  const early = withEarlyFigures(reading, raw);
  const outcome = { ...early, reason: whyOpen(reading, early) };
  if (!outcome.judgement && !judged.gate) return oneSided(reading, outcome);
  return rowOf(outcome, launchesBehind(reading, outcome));
};

/** A metric that only one side has is told; one that neither has is absent. */
const oneSided = (reading: Reading, outcome: MetricOutcome): MetricComparison | null => {
  const { base, head } = measuredSides(reading.launches.flat(), outcome.judged.metric);
  if (base === head) return null;
  return rowOf(notJudged(outcome, `not measured on ${base ? 'head' : 'base'}`), []);
};

const launchesBehind = (reading: Reading, { judged, judgement, stage }: MetricOutcome): readonly Launch[] => {
  if (stage === 'latency' || stage === 'growth') return launchesOf(reading.run, stage);
  const { units } = basisOf(reading, judged.metric);
  return units.slice(0, judgement?.units ?? 0).flat();
};

const failureWarnings = (side: string, failures: Failures): readonly string[] =>
  failureCount(failures) > 0 ? [`On ${side}, ${describeFailures(failures)} had no right answer.`] : [];

/** Errors are counted, not sampled: on head alone they fail the run, on base they spoil it. */
const errorRow = (run: ScenarioRun, judged: JudgedMetric, died: InvalidRun | null): MetricComparison => {
  const { base, head } = failuresOf(run);
  const regressed = died !== null || isFailing(head, judged.practicalAbsolute);
  const measured = base.planned > 0 && head.planned > 0;
  const whyNot = !measured && isExactOnly(run) ? EXACT_ONLY : null;
  const row = rowOf(
    { ...openAnswer(judged), verdict: regressed ? 'regressed' : measured ? 'unchanged' : 'notJudged' },
    [],
  );
  return {
    ...row,
    base: measured ? failureRatio(base) : null,
    head: measured ? failureRatio(head) : null,
    effectAbsolute: measured ? failureRatio(head) - failureRatio(base) : null,
    reason: died?.message ?? (regressed ? describeFailures(head) : whyNot),
    warnings: regressed ? [] : [...failureWarnings('base', base), ...failureWarnings('head', head)],
  };
};

const withVerdict =
  (verdict: 'invalid' | 'notJudged', reason: string) =>
  (row: MetricComparison): MetricComparison => ({ ...row, verdict, reason, unitsNeeded: null });

const exactRowFor = (judged: JudgedMetric, rows: readonly MetricComparison[]): MetricComparison | null => {
  const row = rows.find(({ metric }) => metric === judged.metric);
  if (row) return row;
  return judged.required ? rowOf(notJudged(openAnswer(judged), 'exact mode did not run'), []) : null;
};

const metricRows = (
  run: ScenarioRun,
  family: Family,
  counted: Counted,
  died: InvalidRun | null,
): readonly MetricComparison[] => {
  const reading = readingOf(run, family);
  return judgedMetrics(run.scenario).flatMap((judged) => {
    const { method } = metricDef(judged.metric);
    if (method === 'errors') return errorRow(run, judged, died);
    if (method === 'instructions') return exactRowFor(judged, counted.exactRows) ?? [];
    return costRow(reading, judged, family) ?? [];
  });
};

const HEAD_FAILS = 'head fails requests';

/** Head fails requests: what it costs to fail them is not compared. */
const judgeRows = (rows: readonly MetricComparison[], invalid: InvalidRun | null): readonly MetricComparison[] => {
  if (invalid) return rows.map(withVerdict('invalid', invalid.message));
  const failing = rows.some(({ metric, gate, verdict }) => metric === 'errorRatio' && gate && verdict === 'regressed');
  if (!failing) return rows;
  const barred = withVerdict('notJudged', HEAD_FAILS);
  return rows.map((row) => (row.metric === 'errorRatio' ? row : barred(row)));
};

/** What moves costs by itself; absent when the builds are alike. */
const builtDifferently = (run: ScenarioRun, sources: SourceChange): Pick<ScenarioComparison, 'builtDifferently'> => {
  const warnings = [...compareToolchains(run.builds, goLinesIn(sources)).warnings, ...toolchainNotTaken(run, sources)];
  return warnings.length === 0 ? {} : { builtDifferently: warnings };
};

const fallbackWarnings = (run: ScenarioRun): readonly string[] => {
  const { builds, settings } = run;
  const oneLayout = builds.base.seededLinks ? [] : [builds.base.unseededReason ?? 'links are not seeded'];
  return [
    ...run.notes,
    ...(settings.pinned
      ? []
      : [`CPU and latency are shown but not judged: ${settings.unpinnedReason ?? 'not pinned'}.`]),
    ...oneLayout.map((reason) => `One code layout only (${reason}): CPU limits are ${ONE_LAYOUT_TEXT}.`),
    ...(settings.mode === 'alternate'
      ? [`The sides ran one after the other, not together: CPU limits are ${ALTERNATE_TEXT}.`]
      : []),
    ...unsteadyWarnings(run),
    ...unmeasuredWarnings(run),
  ];
};

/** Fast servers do without allocations; but so does a process that only hands its requests on. */
const unmeasuredWarnings = (run: ScenarioRun): readonly string[] => {
  const pairs = launchesOf(run, 'judged').flatMap((launch) => countedPairs(launch, 'cost'));
  return SIDES.filter((side) => allocatesNothing(pairs, side)).map(
    (side) =>
      `On ${side}, requests were answered without allocations: either the service needs none, or a process that was not measured does its work.`,
  );
};

/** Where only exact mode was asked and it could not count, nothing was measured. */
const uncounted = ({ scenario }: ScenarioRun, { exact, exactRows }: Counted): InvalidRun | null => {
  if (scenario.measure.exact !== 'only' || exactRows.length > 0) return null;
  return notCounted(exact?.refusal ?? 'it did not run');
};

/** Counts that do not agree answer nothing where they are all that was asked for, whatever else was decided. */
const withoutAnswer = (
  outcome: ScenarioVerdict,
  { scenario }: ScenarioRun,
  rows: readonly MetricComparison[],
): ScenarioVerdict => {
  const row = rows.find(({ metric }) => metric === 'instructionsPerRequest');
  const isOpen = outcome.verdict === 'unchanged' || outcome.verdict === 'inconclusive';
  if (scenario.measure.exact !== 'only' || row?.verdict !== 'notJudged' || !isOpen) return outcome;
  return { verdict: 'inconclusive', reason: `instructions per request: ${row.reason ?? 'not judged'}` };
};

/** Every metric of one scenario. `family`: over all scenarios of the run. Throws {@link UsageError} on gates. */
export const judgeScenario = (measured: ScenarioRun, family: Family, counted: Counted): JudgedScenario => {
  const run = withToolchainGates(measured);
  const found = invalidity(run) ?? uncounted(run, counted);
  const died = found && isHeadsDoing(found) ? found : null;
  const invalid = died ? null : found;
  const answers = answerDifferences(run);
  const measuredRows = withoutChance(metricRows(run, family, counted, died));
  const rows = withoutEmptyGains(judgeRows(measuredRows, invalid), answers);
  const verdict = withoutAnswer(outcomeWithAnswers(scenarioVerdictOf(rows, invalid), rows, answers), run, rows);
  const routes = whyNoFunction({ rows, verdict }) === null ? compareRoutes(run, rows) : [];
  return { measured, run, rows, routes, answers, verdict };
};

/** Costs that nobody compares are none of a function either. */
const whyNoFunction = ({ rows, verdict }: Pick<JudgedScenario, 'rows' | 'verdict'>): string | null => {
  if (verdict.verdict === 'invalid') return 'the measurement is invalid';
  const failing = rows.some(({ metric, gate, verdict: of }) => metric === 'errorRatio' && gate && of === 'regressed');
  return failing ? HEAD_FAILS : null;
};

/** A trace of one request name tells the time of that one alone. */
const withTracedRoute = (
  functions: readonly FunctionComparison[],
  { launches }: ScenarioRun,
): readonly FunctionComparison[] => {
  const traced = new Set(launches.filter(({ stage }) => stage === 'trace').map(({ route }) => route));
  const [route] = traced;
  return route === undefined || traced.size > 1
    ? functions
    : functions.map((row) => (row.profile === 'wall' ? { ...row, route } : row));
};

/** Absent where the scenario names no label; a label that no sample has is told as a caution. */
const labelsOf = (judged: JudgedScenario, { labels = [] }: Explanation): Pick<ScenarioComparison, 'labels'> =>
  whyNoFunction(judged) !== null || labels.length === 0 ? {} : { labels };

const missingLabels = ({ scenario, launches }: ScenarioRun, { labels = [] }: Explanation): readonly string[] =>
  launches.length === 0
    ? []
    : (scenario.measure.labels ?? [])
        .filter((wanted) => labels.every(({ label }) => label !== wanted))
        .map((label) => `No sample has a label ${label}: the service sets none of that key with pprof.Do.`);

/** Absent where nothing ran under Linux perf, or costs are not compared. */
const perfOf = (judged: JudgedScenario, { perf }: Explanation): Pick<ScenarioComparison, 'perf'> =>
  perf === undefined || whyNoFunction(judged) !== null
    ? {}
    : { perf: dropUnsupportedRows(perf, [...judged.rows, ...judged.routes]) };

/** Absent where no function has a limit. */
const functionGatesOf = (
  judged: JudgedScenario,
  { functionGates }: Explanation,
): Pick<ScenarioComparison, 'functionGates'> => {
  const { functionGates: asked } = judged.run.scenario;
  if (asked === undefined) return {};
  const why = whyNoFunction(judged) ?? (functionGates === undefined ? 'no profiles' : null);
  return { functionGates: why === null ? (functionGates ?? []) : unjudgedFunctionGates(asked, why) };
};

/** A judged scenario of `file` with what explains it, as the comparison has it. */
export const assembleScenario = (
  judgedScenario: JudgedScenario,
  file: SourceChange & { readonly environment: Environment },
  exact: ExactSummary | null,
  explanation: Explanation,
): ScenarioComparison => {
  const { measured, run, rows, routes, answers, verdict } = judgedScenario;
  const toolchain = toolchainChange(measured, file, explanation.costs);
  const judged = launchesOf(run, 'judged');
  const cost = judged.flatMap(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost'));
  const discardedPairs = cost.filter(({ discarded }) => discarded !== null).length;
  const functions = withTracedRoute(withoutGoNoise(explanation.functions, run, toolchain), run);
  const gated = functionGatesOf(judgedScenario, explanation);
  const traced = whyNoFunction(judgedScenario) === null ? tracedComparison(run) : null;
  const stuck = whyNoFunction(judgedScenario) === null ? stuckOnHead(judged, run.builds.head.modulePath || null) : [];
  return {
    scenario: run.scenario.name,
    ...withFunctionGates(verdict, gated.functionGates),
    pairs: cost.length - discardedPairs,
    launches: judged.length,
    linkSeeds: countLinkSeeds(judged),
    discardedPairs,
    durationSeconds: run.timing.measureSeconds,
    took: timeTaken(run, rows),
    stop: run.stop,
    exact,
    metrics: withQValues(rows),
    ...(routes.length > 0 && { routes }),
    ...labelsOf(judgedScenario, explanation),
    ...gated,
    ...dropUnsupportedNames({ functions, attribution: explanation.attribution }, [...rows, ...routes]),
    ...(run.diagnosis !== undefined && { diagnosis: run.diagnosis }),
    ...(traced !== null && { traced }),
    ...perfOf(judgedScenario, explanation),
    ...(stuck.length > 0 && { stuck }),
    ...(explanation.waitsApart === undefined ? {} : { waitsApart: explanation.waitsApart }),
    ...(toolchain === undefined ? {} : { toolchain }),
    ...builtDifferently(measured, file),
    ...(run.builds.head.modulePath === '' ? {} : { module: run.builds.head.modulePath }),
    loader: loaderReport(run),
    environment: file.environment,
    settings: run.settings,
    ...(run.baseFound !== undefined && { baseFound: run.baseFound }),
    warnings: [...answerWarnings(answers), ...missingLabels(run, explanation), ...fallbackWarnings(run)],
    ...(answers.length > 0 && { answers }),
    ...failedRequestsOf(run),
  };
};
