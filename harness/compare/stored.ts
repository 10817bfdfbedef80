/**
 * Stored run against stored run: head of A against head of B, measured at different times.
 *
 * Nothing cancels here. On the same machine CPU per request of whole runs moves by 6.5 % within half an hour, so only
 * large differences can be told; on another machine only what does not depend on the machine is judged.
 */
import { UsageError } from '../errors.ts';
import { metricDef, readLaunchSide, readWindow, phaseOf, countedPairs } from '../metrics/index.ts';
import {
  COMPARISON_SCHEMA_VERSION,
  worstVerdict,
  type Comparison,
  type ComparisonMethod,
  type Launch,
  type MetricComparison,
  type MetricId,
  type RunFile,
  type ScenarioComparison,
  type ScenarioRun,
} from '../model/index.ts';
import {
  decide,
  mean,
  oneLookLevels,
  standardDeviation,
  studentTwoSidedP,
  studentUpperQuantile,
  unpairedDifference,
  type Levels,
} from '../stats/index.ts';
import { notJudged, verdictOf, type Answer } from './answer.ts';
import { describeFailures, failureRatio, failuresOf, isFailing } from './failures.ts';
import { familyOf, judgedMetrics, looksOf, type JudgedMetric, withToolchainGates } from './gates.ts';
import { toolchainChange } from './toolchain-change.ts';
import { differenceLimits, ratioLimits, type Judgement } from './judge.ts';
import { loaderReport } from './loader.ts';
import { needsPinning } from './look.ts';
import { outcomeOf } from './outcome.ts';
import { countLinkSeeds, rowOf } from './row.ts';
import { NO_FINDINGS, type ScenarioFindings } from './scenario.ts';
import { launchesOf } from './series.ts';
import { requireComparable } from './comparable.ts';
import { invalidity } from './validity.ts';

/**
 * sd of CPU per request between whole runs on one virtual machine within 25 minutes (docs/method.md); a run's own
 * launches say nothing of it.
 */
const BETWEEN_RUNS_SD = 0.065;

/** What a change of machine leaves alone. */
const MACHINE_FREE: ReadonlySet<MetricId> = new Set([
  'mallocsPerRequest',
  'allocBytesPerRequest',
  'heapGrowthBytesPerRequest',
  'goroutineGrowthPerRequest',
  'goroutines',
]);

/** One value per launch of a run's head side. */
const headValues = (run: ScenarioRun, metric: MetricId): readonly number[] => {
  const phase = phaseOf(metric);
  const stage = phase === 'latency' ? 'latency' : 'judged';
  const valueOf = (launch: Launch): number | undefined => {
    if (!phase) return readLaunchSide(metric, launch.sides.head);
    const windows = countedPairs(launch, phase).flatMap(({ head }) => readWindow(metric, head) ?? []);
    return windows.length > 0 ? mean(windows) : undefined;
  };
  return launchesOf(run, stage).flatMap((launch) => valueOf(launch) ?? []);
};

interface Samples {
  readonly base: readonly number[];
  readonly head: readonly number[];
}

const samplesOf = (base: ScenarioRun, head: ScenarioRun, metric: MetricId): Samples => ({
  base: headValues(base, metric),
  head: headValues(head, metric),
});

const isPositive = ({ base, head }: Samples): boolean => [...base, ...head].every((value) => value > 0);

const logs = ({ base, head }: Samples): Samples => ({ base: base.map(Math.log), head: head.map(Math.log) });

/** sd between runs on the scale of the contrasts; 0 for counters that do not depend on the hour. */
const betweenRuns = (metric: MetricId, contrasts: Samples): number =>
  MACHINE_FREE.has(metric)
    ? 0
    : Math.SQRT2 * Math.max(BETWEEN_RUNS_SD, standardDeviation(contrasts.base), standardDeviation(contrasts.head));

const judgeStored = (samples: Samples, judged: JudgedMetric, levels: Levels): Judgement | null => {
  if (samples.base.length < 2 || samples.head.length < 2) return null;
  const growth = metricDef(judged.metric).method === 'growth';
  const scale = !growth && isPositive(samples) ? 'ratio' : 'absolute';
  const contrasts = scale === 'ratio' ? logs(samples) : samples;
  const base = mean(samples.base);
  const head = mean(samples.head);
  const limits = scale === 'ratio' ? ratioLimits(judged, base, head) : differenceLimits(judged, base, head);
  const { centre, standardError, degrees } = unpairedDifference(contrasts.base, contrasts.head);
  const error = Math.hypot(standardError, scale === 'ratio' ? betweenRuns(judged.metric, contrasts) : 0);
  const half = (level: number): number => (error === 0 ? 0 : studentUpperQuantile(level, degrees) * error);
  const around = (level: number) => [centre - half(level), centre + half(level)] as const;
  const identical = centre === 0 && error === 0;
  return {
    scale,
    unit: 'launch',
    n: samples.head.length,
    units: samples.head.length,
    base,
    head,
    centre,
    interval: around(levels.change),
    level: levels.change,
    limits,
    direction: identical ? 'same' : decide(centre, around(levels.change), around(levels.equivalence), limits),
    pValue: error === 0 ? (centre === 0 ? 1 : 0) : studentTwoSidedP(centre / error, degrees),
    detectable: Math.max(half(levels.change), limits.practical) + error,
    needed: Infinity,
  };
};

const OTHER_MACHINE = 'measured on another machine';
const SAME_MACHINE = 'stored figures move by more than this between runs; measure both sides together';

const TOO_SHORT = 'stored launches are too short to tell a leak from snapshot noise';

const answerStored = (samples: Samples, judged: JudgedMetric, method: ComparisonMethod, levels: Levels): Answer => {
  const def = metricDef(judged.metric);
  const judgement = judgeStored(samples, judged, levels);
  const answer: Answer = {
    judged,
    judgement,
    verdict: judgement ? verdictOf(judgement, judged) : 'open',
    pValue: judgement?.pValue ?? null,
    stage: 'stored',
    reason: null,
    warnings: [],
  };
  if (!judgement) return notJudged(answer, 'not measured on both sides');
  if (def.method === 'growth' && answer.verdict === 'open') return notJudged(answer, TOO_SHORT);
  if (MACHINE_FREE.has(judged.metric)) return answer;
  if (method === 'other-machine') return notJudged(answer, OTHER_MACHINE);
  return answer.verdict === 'open' ? notJudged(answer, SAME_MACHINE) : answer;
};

const storedErrors = (base: ScenarioRun, head: ScenarioRun, judged: JudgedMetric): MetricComparison => {
  const before = failuresOf(base).head;
  const after = failuresOf(head).head;
  const worse = isFailing(after, judged.practicalAbsolute) && !isFailing(before, judged.practicalAbsolute);
  const answer = { judged, judgement: null, pValue: null, stage: 'stored', warnings: [] } as const;
  return {
    ...rowOf(
      { ...answer, verdict: worse ? 'regressed' : 'unchanged', reason: worse ? describeFailures(after) : null },
      [],
    ),
    base: failureRatio(before),
    head: failureRatio(after),
    effectAbsolute: failureRatio(after) - failureRatio(before),
  };
};

const storedRows = (
  base: ScenarioRun,
  head: ScenarioRun,
  method: ComparisonMethod,
  levels: Levels,
): readonly MetricComparison[] =>
  judgedMetrics(head.scenario).flatMap((judged): readonly MetricComparison[] => {
    const def = metricDef(judged.metric);
    if (def.method === 'errors') return [storedErrors(base, head, judged)];
    if (def.method === 'instructions') return [];
    const samples = samplesOf(base, head, judged.metric);
    if (samples.base.length === 0 && samples.head.length === 0 && !judged.gate) return [];
    const answer = answerStored(samples, judged, method, levels);
    const unpinned = needsPinning(judged.metric) && !(base.settings.pinned && head.settings.pinned);
    const row = rowOf(unpinned ? notJudged(answer, 'not pinned to a CPU') : answer, launchesOf(head, 'judged'));
    return [
      row.decidedBy && !MACHINE_FREE.has(judged.metric)
        ? { ...row, decidedBy: { ...row.decidedBy, unit: 'run', n: 1 } }
        : row,
    ];
  });

/** What lies between two stored runs is not known, unless they are of one revision. */
const storedBump = (
  built: Pick<ScenarioRun, 'scenario' | 'builds'>,
  { baseline, head }: { readonly baseline: RunFile; readonly head: RunFile },
  { costs }: ScenarioFindings,
): Pick<ScenarioComparison, 'toolchain'> => {
  const sources = { base: baseline.head, head: head.head, diff: [], moduleChanges: [] };
  const toolchain = toolchainChange(built, sources, costs);
  return toolchain === undefined ? {} : { toolchain };
};

const compareStoredScenario = (
  base: ScenarioRun,
  measured: ScenarioRun,
  files: { readonly baseline: RunFile; readonly head: RunFile },
  method: ComparisonMethod,
  findings: ScenarioFindings,
): ScenarioComparison => {
  const built = { scenario: measured.scenario, builds: { base: base.builds.head, head: measured.builds.head } };
  const head = { ...measured, scenario: withToolchainGates(built).scenario };
  const warnings = requireComparable(base, head);
  const levels = oneLookLevels(
    looksOf(head.scenario).length,
    familyOf(files.head.runs.map((run) => run.scenario)).gates,
  );
  const invalid = invalidity(base) ?? invalidity(head);
  const rows = storedRows(base, head, method, levels);
  const launches = launchesOf(head, 'judged');
  const cost = launches.flatMap(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost'));
  const discardedPairs = cost.filter(({ discarded }) => discarded !== null).length;
  return {
    scenario: head.scenario.name,
    ...outcomeOf(rows, invalid),
    pairs: cost.length - discardedPairs,
    launches: launches.length,
    linkSeeds: countLinkSeeds(launches),
    discardedPairs,
    durationSeconds: head.timing.measureSeconds,
    stop: head.stop,
    exact: findings.exact,
    metrics: invalid ? rows.map((row) => ({ ...row, verdict: 'invalid', reason: invalid.message })) : rows,
    functions: findings.functions,
    attribution: findings.attribution,
    ...storedBump(built, files, findings),
    loader: loaderReport(head),
    environment: files.head.environment,
    settings: head.settings,
    warnings: [
      ...warnings,
      `Compared with figures stored on ${files.baseline.createdAt.slice(0, 10)}, not measured side by side.`,
    ],
  };
};

/** What profiles found between two stored runs of a scenario. */
export type StoredFindingsOf = (baseline: ScenarioRun, head: ScenarioRun) => Partial<ScenarioFindings>;

/**
 * Judges the head side of a stored run against the head side of another. Throws {@link UsageError} when they share no
 * scenario or were measured under different settings.
 */
export const compareStored = (
  baseline: RunFile,
  head: RunFile,
  findingsOf: StoredFindingsOf = () => NO_FINDINGS,
): Comparison => {
  const method = baseline.environment.fingerprint === head.environment.fingerprint ? 'same-machine' : 'other-machine';
  const scenarios = head.runs.flatMap((run) => {
    const before = baseline.runs.find(({ scenario }) => scenario.name === run.scenario.name);
    if (!before) return [];
    const findings = { ...NO_FINDINGS, ...findingsOf(before, run) };
    return [compareStoredScenario(before, run, { baseline, head }, method, findings)];
  });
  if (scenarios.length === 0) {
    const names = (file: RunFile): string => file.runs.map(({ scenario }) => scenario.name).join(', ');
    throw new UsageError(
      'NOTHING_IN_COMMON',
      `The two runs share no scenario: ${names(baseline)} against ${names(head)}`,
      'Compare runs of the same scenario.',
    );
  }
  return {
    schemaVersion: COMPARISON_SCHEMA_VERSION,
    godynoVersion: head.godynoVersion,
    verdict: worstVerdict(scenarios.map(({ verdict }) => verdict)),
    base: { revision: baseline.head.revision, label: baseline.head.label },
    head: { revision: head.head.revision, label: head.head.label },
    seed: head.seed,
    method,
    scenarios,
  };
};
