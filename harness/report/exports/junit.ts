/** JUnit XML: a suite per scenario, a case per gate; regressed fails, invalid is an error, open ones are skipped. */
import type { Comparison, FunctionGateComparison, MetricComparison, ScenarioComparison } from '../../model/index.ts';
import { metricDef } from '../../metrics/index.ts';
import { effectWithInterval } from '../words/amounts.ts';
import { visibleText } from '../text/escape.ts';
import { functionGateMessage, functionGateName } from '../words/function-gates.ts';
import { VERDICT_WORDS } from '../words/labels.ts';
import { scenarioVerdictSentence } from '../words/sentence.ts';

const XML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 has no place for controls or lone surrogates, escaped or not; visible text has none left. */
const xml = (text: string): string =>
  visibleText(text)
    .replace(/[\ufffe\uffff]/g, '�')
    .replace(/[&<>"]/g, (found) => XML[found] ?? found);

type TestOutcome = 'failure' | 'error' | 'skipped' | 'passed';

const OUTCOMES: Readonly<Record<MetricComparison['verdict'], TestOutcome>> = {
  regressed: 'failure',
  invalid: 'error',
  inconclusive: 'skipped',
  notJudged: 'skipped',
  improved: 'passed',
  unchanged: 'passed',
  changed: 'passed',
};

interface Case {
  readonly name: string;
  readonly outcome: TestOutcome;
  readonly message: string;
}

const gateCase = (metric: MetricComparison): Case => ({
  name: metricDef(metric.metric).label,
  outcome: OUTCOMES[metric.verdict],
  message: [`${effectWithInterval(metric)}, ${VERDICT_WORDS[metric.verdict]}`, metric.reason ?? []].flat().join(': '),
});

const functionCase = (gate: FunctionGateComparison): Case => ({
  name: functionGateName(gate),
  outcome: OUTCOMES[gate.verdict],
  message: functionGateMessage(gate),
});

/** An invalid scenario is one case, since none of its gates was judged. */
const casesOf = (scenario: ScenarioComparison): readonly Case[] =>
  scenario.verdict === 'invalid'
    ? [{ name: 'measurement', outcome: 'error', message: scenarioVerdictSentence(scenario) }]
    : [
        ...scenario.metrics.filter((metric) => metric.gate).map(gateCase),
        ...(scenario.functionGates ?? []).map(functionCase),
      ];

const caseXml = (scenario: ScenarioComparison, one: Case): string => {
  const open = `    <testcase classname="${xml(scenario.scenario)}" name="${xml(one.name)}"`;
  return one.outcome === 'passed'
    ? `${open}/>`
    : `${open}>\n      <${one.outcome} message="${xml(one.message)}"/>\n    </testcase>`;
};

const count = (cases: readonly Case[], outcome: TestOutcome): number =>
  cases.filter((one) => one.outcome === outcome).length;

const countsXml = (cases: readonly Case[]): string =>
  `tests="${cases.length}" failures="${count(cases, 'failure')}" errors="${count(cases, 'error')}" skipped="${count(cases, 'skipped')}"`;

const suiteXml = (scenario: ScenarioComparison): string => {
  const cases = casesOf(scenario);
  return [
    `  <testsuite name="${xml(scenario.scenario)}" ${countsXml(cases)} time="${scenario.durationSeconds}">`,
    ...cases.map((one) => caseXml(scenario, one)),
    '  </testsuite>',
  ].join('\n');
};

export const exportJunit = (comparison: Comparison): string => {
  const all = comparison.scenarios.flatMap(casesOf);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="godyno" ${countsXml(all)}>`,
    ...comparison.scenarios.map(suiteXml),
    '</testsuites>',
    '',
  ].join('\n');
};
