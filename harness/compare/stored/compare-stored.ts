/**
 * Stored run against stored run: head of A against head of B, measured at different times.
 *
 * Where both runs measured the same base, each head counts relative to it. Else nothing cancels: on the same machine CPU
 * per request of whole runs moves by 6.5 % within half an hour, so only large differences can be seen. On another machine
 * only what does not depend on the machine is judged.
 */
import { UsageError } from '../../errors.ts';
import { metricDef } from '../../metrics/index.ts';
import {
  COMPARISON_SCHEMA_VERSION,
  worstVerdict,
  type Comparison,
  type ComparisonMethod,
  type MetricComparison,
  type MetricId,
  type RunFile,
  type ScenarioComparison,
  type ScenarioRun,
} from '../../model/index.ts';
import { oneLookLevels, type Levels } from '../../stats/index.ts';
import { notJudged, verdictOf, type MetricOutcome } from '../verdict/metric-outcome.ts';
import { describeFailures, failureRatio, failuresOf, isFailing } from '../verdict/failures.ts';
import { familyOf, judgedMetrics, looksOf, type JudgedMetric, withToolchainGates } from '../verdict/gates.ts';
import { dropUnsupportedNames } from '../functions/explained.ts';
import { toolchainChange } from '../toolchain/change.ts';
import { loaderReport } from '../verdict/loader-health.ts';
import { needsPinning } from '../verdict/stopping-rule.ts';
import { scenarioVerdictOf } from '../verdict/scenario-verdict.ts';
import { countLinkSeeds, rowOf } from '../verdict/metric-row.ts';
import { unjudgedFunctionGates, withFunctionGates } from '../verdict/function-limits.ts';
import { NO_FINDINGS, type ScenarioFindings } from '../verdict/findings.ts';
import { launchesOf } from '../verdict/launch-series.ts';
import { requireComparable } from './comparable.ts';
import { fewestUnits, isMeasured, judgeApart, judgeByBase, MACHINE_FREE, shareBase } from './samples.ts';
import { invalidity } from '../verdict/validity.ts';

const OTHER_MACHINE = 'recorded on another machine';
const SAME_MACHINE = 'stored figures move by more than this between runs; measure both sides together';

const OTHER_CPUS = 'measured on another layout of CPUs; measure both sides together';

const OTHER_WAITS =
  'the stored run counts what the server itself waits for with the waiting of requests; record the baseline again';

const TOO_SHORT = 'stored launches are too short to tell a leak from snapshot noise';

interface StoredPair {
  readonly before: ScenarioRun;
  readonly after: ScenarioRun;
  readonly method: ComparisonMethod;
  /** Both measured the same base beside their head. */
  readonly sharesBase: boolean;
}

const NO_PROFILES = 'one of the two has no profiles launch by launch';
const TOO_FEW = 'fewer launches than a verdict on CPU takes in one of the runs; measure both sides together';
const STILL_OPEN = 'the two runs hold too few launches to decide it; measure both sides together';

/** Services run faster beside an idle half of their core, and slower beside another launch. */
const cpuShape = ({ settings }: ScenarioRun): string =>
  (settings.lanes ?? [settings])
    .map(({ targetCpus, loaderCpus }) => `${targetCpus.length} and ${loaderCpus.length}`)
    .join(', ');

/** Which functions allocate is counted, not how much. */
const whyNotMeasured = ({ scenario }: ScenarioRun, metric: MetricId): string =>
  scenario.measure.exact === 'only' && metric === 'allocBytesPerRequest'
    ? 'counts hold no sizes: measured without `--exact only`'
    : 'not measured on both sides';

/** Whether a run keeps the waiting of requests apart from that of their server; older ones do not. */
const tellsRequestWaits = ({ launches }: ScenarioRun): boolean =>
  launches.some(({ pairs }) => pairs.some(({ head }) => head.counters.requestBlockNs !== undefined));

const storedOutcome = (stored: StoredPair, judged: JudgedMetric, levels: Levels): MetricOutcome => {
  const { before, after, method, sharesBase } = stored;
  const { metric } = judged;
  const judgement = (sharesBase ? judgeByBase : judgeApart)(before, after, judged, levels);
  const outcome: MetricOutcome = {
    judged,
    judgement,
    verdict: judgement ? verdictOf(judgement, judged) : 'open',
    pValue: judgement?.pValue ?? null,
    stage: 'stored',
    reason: null,
    warnings: [],
  };
  if (!judgement) return notJudged(outcome, whyNotMeasured(after, metric));
  if (metricDef(metric).stage === 'contention' && tellsRequestWaits(before) !== tellsRequestWaits(after))
    return notJudged(outcome, OTHER_WAITS);
  if (metricDef(metric).method === 'growth' && outcome.verdict === 'open') return notJudged(outcome, TOO_SHORT);
  if (MACHINE_FREE.has(metric)) return outcome;
  if (method === 'other-machine') return notJudged(outcome, OTHER_MACHINE);
  if (!sharesBase && cpuShape(before) !== cpuShape(after)) return notJudged(outcome, OTHER_CPUS);
  const [first = 0] = looksOf(after.scenario);
  if (sharesBase && metric === 'cpuNsPerRequest' && fewestUnits(before, after, metric) < first) {
    return notJudged(outcome, TOO_FEW);
  }
  return outcome.verdict === 'open' ? notJudged(outcome, sharesBase ? STILL_OPEN : SAME_MACHINE) : outcome;
};

const storedErrors = (base: ScenarioRun, head: ScenarioRun, judged: JudgedMetric): MetricComparison => {
  const before = failuresOf(base).head;
  const after = failuresOf(head).head;
  const worse = isFailing(after, judged.practicalAbsolute) && !isFailing(before, judged.practicalAbsolute);
  const outcome = { judged, judgement: null, pValue: null, stage: 'stored', warnings: [] } as const;
  return {
    ...rowOf(
      { ...outcome, verdict: worse ? 'regressed' : 'unchanged', reason: worse ? describeFailures(after) : null },
      [],
    ),
    base: failureRatio(before),
    head: failureRatio(after),
    effectAbsolute: failureRatio(after) - failureRatio(before),
  };
};

/** Judged by its own rule; one that the scenario names is never left out without a word. */
const countedRow = (judged: JudgedMetric, { exactRows, exact }: ScenarioFindings): readonly MetricComparison[] => {
  const row = exactRows.find(({ metric }) => metric === judged.metric);
  if (row !== undefined) return [row];
  if (!judged.required) return [];
  const outcome = { judged, judgement: null, verdict: 'open', pValue: null, stage: 'stored', warnings: [] } as const;
  return [rowOf(notJudged({ ...outcome, reason: null }, exact?.refusal ?? 'exact mode did not run'), [])];
};

const storedRows = (stored: StoredPair, levels: Levels, findings: ScenarioFindings): readonly MetricComparison[] => {
  const { before, after, sharesBase } = stored;
  return judgedMetrics(after.scenario).flatMap((judged): readonly MetricComparison[] => {
    const { metric } = judged;
    const def = metricDef(metric);
    if (def.method === 'errors') return [storedErrors(before, after, judged)];
    if (def.method === 'instructions') return countedRow(judged, findings);
    const counted = findings.exactRows.find((row) => row.metric === metric);
    if (counted !== undefined) return [counted];
    if (!judged.gate && !isMeasured(before, after, metric)) return [];
    const outcome = storedOutcome(stored, judged, levels);
    const unpinned = needsPinning(metric) && !(before.settings.pinned && after.settings.pinned);
    const row = rowOf(unpinned ? notJudged(outcome, 'not pinned to a CPU') : outcome, launchesOf(after, 'judged'));
    const byRun = row.decidedBy !== null && !MACHINE_FREE.has(metric) && !sharesBase;
    return [byRun && row.decidedBy !== null ? { ...row, decidedBy: { ...row.decidedBy, unit: 'run', n: 1 } } : row];
  });
};

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
  const sharesBase = shareBase(files.baseline, files.head);
  const rows = storedRows({ before: base, after: head, method, sharesBase }, levels, findings);
  const launches = launchesOf(head, 'judged');
  const cost = launches.flatMap(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost'));
  const discardedPairs = cost.filter(({ discarded }) => discarded !== null).length;
  return {
    scenario: head.scenario.name,
    ...withFunctionGates(scenarioVerdictOf(rows, invalid), findings.functionGates),
    pairs: cost.length - discardedPairs,
    launches: launches.length,
    linkSeeds: countLinkSeeds(launches),
    discardedPairs,
    durationSeconds: head.timing.measureSeconds,
    stop: head.stop,
    exact: findings.exact,
    metrics: invalid ? rows.map((row) => ({ ...row, verdict: 'invalid', reason: invalid.message })) : rows,
    ...(head.scenario.functionGates !== undefined && {
      functionGates: findings.functionGates ?? unjudgedFunctionGates(head.scenario.functionGates, NO_PROFILES),
    }),
    ...dropUnsupportedNames(findings, rows),
    ...storedBump(built, files, findings),
    loader: loaderReport(head),
    environment: files.head.environment,
    settings: head.settings,
    baseFound: sharesBase
      ? `both runs measured ${files.head.base.label} beside their head: changes are relative to it, so what the machine did from ${files.baseline.createdAt.slice(0, 10)} on cancels`
      : `figures stored on ${files.baseline.createdAt.slice(0, 10)}, not measured side by side`,
    warnings,
  };
};

/** What profiles found between two stored runs of a scenario. */
export type StoredFindingsOf = (baseline: ScenarioRun, head: ScenarioRun) => Partial<ScenarioFindings>;

const methodFor = (baseline: RunFile, head: RunFile): Comparison['method'] => {
  if (baseline.environment.fingerprint !== head.environment.fingerprint) return 'other-machine';
  return shareBase(baseline, head) ? 'shared-base' : 'same-machine';
};

/**
 * Judges the head side of a stored run against the head side of another. Throws {@link UsageError} when they share no
 * scenario or were measured under different settings.
 */
export const compareStored = (
  baseline: RunFile,
  head: RunFile,
  findingsOf: StoredFindingsOf = () => NO_FINDINGS,
): Comparison => {
  const method = methodFor(baseline, head);
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
