/** Comparison → Report: everything is formatted and ordered here, so that renderers only draw. */
import type { Comparison, ExactEngine, RunFile, ScenarioComparison } from '../model/index.ts';
import { formatDuration, formatNumberOf, formatPercent, formatQuantity } from '../units/index.ts';
import { changedCodeOf } from './words/changed-code.ts';
import { codePathOf } from './words/code-path.ts';
import { blindSpotsOf, cautionsOf, toDoFor } from './words/cautions.ts';
import { functionGateRows } from './words/function-gates.ts';
import { headlineOf, overallHeadline } from './words/headline.ts';
import { newGoOf } from './words/new-go.ts';
import {
  type Fact,
  MOST_CHANGED_ROWS,
  type Report,
  type ReportInput,
  type ScenarioReport,
  type Why,
} from './words/report.ts';
import { labelRows } from './words/label-values.ts';
import { diagnosisText } from './words/diagnosis.ts';
import { routeRows } from './words/routes.ts';
import { reproduceLines, reproduceNotes } from './words/reproduce.ts';
import { answersOf } from './words/differing-answers.ts';
import { failedOf } from './words/failed-requests.ts';
import { code, plainText, type InlineText } from './text/inline-text.ts';
import { byWeight, isChanged, metricRow } from './words/metric-row.ts';
import { newOnHeadSentence, scenarioSentence, worstFirst } from './words/sentence.ts';
import { stopReason } from './words/stop-reason.ts';
import { explain } from './words/functions-section.ts';
import { tookSentence } from './words/time-taken.ts';

const fact = (name: string, ...value: InlineText): Fact => ({ name, value });

const ENGINES: Readonly<Record<ExactEngine, string>> = {
  qemu: 'qemu',
  perf: 'the CPU’s own counter (totals; tested without such hardware)',
  cover: 'Go’s coverage counters (calls of functions, not instructions)',
};

const exactFact = (scenario: ScenarioComparison): readonly Fact[] => {
  // Why there was no verdict stands among what was not seen.
  if (scenario.exact === null || scenario.exact.refusal !== null) return [];
  const { engine, aaSpreadRatio } = scenario.exact;
  return [fact('Exact mode', `${ENGINES[engine]}, identical code repeats within ${formatPercent(aaSpreadRatio)}`)];
};

const diagnosisFact = (scenario: ScenarioComparison): readonly Fact[] => {
  const text = diagnosisText(scenario);
  return text === null ? [] : [fact('Explained by', text)];
};

const sharing = (scenario: ScenarioComparison): string =>
  scenario.settings.mode === 'together' ? 'side by side' : 'one after the other';

/** Said where it is another number than that of the launches. */
const layoutsOf = ({ launches, linkSeeds }: ScenarioComparison): string =>
  linkSeeds > 0 && linkSeeds < launches ? ` of ${formatNumberOf(linkSeeds, 'code layout')}` : '';

/** Where both sides of a launch live. */
const placeOf = ({ settings }: ScenarioComparison): string => {
  if (!settings.pinned) return ' on no CPU of their own';
  const { lanes = [settings] } = settings;
  const cpus = lanes.map(({ targetCpus }) => `CPU ${targetCpus.join(', ')}`).join(' and ');
  return lanes.length === 1 ? ` on ${cpus}` : `, two launches at a time, on ${cpus}`;
};

const factsOf = (scenario: ScenarioComparison): readonly Fact[] => {
  const { environment, settings } = scenario;
  return [
    ...(scenario.baseFound === undefined ? [] : [fact('Base', scenario.baseFound)]),
    fact(
      'Measured',
      `${formatNumberOf(scenario.pairs, 'pair')} in ${formatNumberOf(scenario.launches, 'launch', 'launches')}${layoutsOf(scenario)}, ${formatDuration(scenario.durationSeconds)}; stopped because ${stopReason(scenario)}`,
    ),
    fact(
      'Sides',
      `${sharing(scenario)}${placeOf(scenario)}, GOMAXPROCS=${settings.gomaxprocs}, GOGC=`,
      code(settings.gogc),
    ),
    fact(
      'Machine',
      `${environment.cpuModel}, ${formatNumberOf(environment.cpus, 'CPU')}, ${formatQuantity(environment.memoryBytes, 'B')}, ${environment.os}/${environment.arch} ${environment.kernel}`,
    ),
    fact(
      'Tools',
      `Node ${environment.nodeVersion}, ${environment.loader}${environment.ci === null ? '' : `, ${environment.ci}`}`,
    ),
    ...exactFact(scenario),
    ...diagnosisFact(scenario),
  ];
};

const saysSomething = (rich: InlineText): boolean => plainText(rich) !== '';

const withoutBlanks = (why: Why): Why => ({ ...why, notes: why.notes.filter(saysSomething) });

const scenarioReport = (
  scenario: ScenarioComparison,
  comparison: Comparison,
  run: RunFile | undefined,
): ScenarioReport => {
  const metrics = scenario.metrics.toSorted(byWeight);
  const changed = scenario.verdict === 'invalid' ? [] : metrics.filter(isChanged);
  return {
    scenario: scenario.scenario,
    verdict: scenario.verdict,
    headline: headlineOf(scenario),
    sentence: scenarioSentence(scenario),
    baseFound: scenario.baseFound ?? null,
    newGo: newGoOf(scenario),
    cautions: cautionsOf(scenario, comparison).filter(saysSomething),
    toDo: toDoFor(scenario, run),
    answers: answersOf(scenario),
    failed: failedOf(scenario),
    changed: changed.slice(0, MOST_CHANGED_ROWS).map(metricRow),
    changedLeftOut: Math.max(0, changed.length - MOST_CHANGED_ROWS),
    routes: [...routeRows(scenario), ...labelRows(scenario)],
    functionGates: functionGateRows(scenario),
    codePath: codePathOf(scenario),
    why: withoutBlanks(explain(scenario)),
    changedCode: changedCodeOf(scenario),
    blindSpots: blindSpotsOf(scenario),
    metrics: metrics.map(metricRow),
    facts: factsOf(scenario),
  };
};

/** The report of one comparison. Pure: equal input, equal report. */
export const buildReport = ({ comparison, run, invocation }: ReportInput): Report => ({
  verdict: comparison.verdict,
  headline: overallHeadline(comparison),
  method: comparison.method,
  base: comparison.base,
  head: comparison.head,
  seed: comparison.seed,
  godynoVersion: comparison.godynoVersion,
  scenarios: worstFirst(comparison.scenarios).map((scenario) => scenarioReport(scenario, comparison, run)),
  newOnHead: (comparison.newOnHead ?? []).map(newOnHeadSentence),
  reproduce: reproduceLines(comparison, invocation, run),
  reproduceNotes: reproduceNotes(comparison),
  took: tookSentence(comparison),
  key: invocation.key ?? 'default',
});
