import { describe, expect, it } from 'vitest';
import type { Comparison, MetricComparison, MetricId, ScenarioComparison } from '../../../harness/model/index.ts';
import {
  buildReport,
  renderComment,
  renderHtml,
  renderMarkdown,
  renderTerminal,
  verdictSentence,
} from '../../../harness/report/index.ts';
import { headlineOf, overallHeadline, unjudgedGates } from '../../../harness/report/words/headline.ts';
import { byRatio, comparisonOf, scenarioOf, STORIES } from '../../builders/comparisons.ts';

const quiet = scenarioOf('demo', 'unchanged');

/** The quiet scenario with these metrics not judged, each for its reason. */
const without = (reasons: Partial<Record<MetricId, string | null>>, name = 'demo'): ScenarioComparison => ({
  ...quiet,
  scenario: name,
  metrics: quiet.metrics.map((metric) =>
    metric.metric in reasons ? { ...metric, verdict: 'notJudged', reason: reasons[metric.metric] ?? null } : metric,
  ),
});

const instructions = byRatio('instructionsPerRequest', 822_121, 822_130, 0, { gate: true });
const countedOnly = (): ScenarioComparison => {
  const reasons = Object.fromEntries(quiet.metrics.map(({ metric }) => [metric, 'exact mode only']));
  const { metrics, ...rest } = without(reasons);
  return { ...rest, metrics: [metrics[0]!, instructions, ...metrics.slice(1)] };
};

const reportOf = (comparison: Comparison) =>
  buildReport({ comparison, invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] } });

describe('a headline', () => {
  const otherMachine = 'recorded on another machine';
  it.each<[string, readonly ScenarioComparison[], string, string]>([
    [
      'all gates judged',
      [quiet],
      'unchanged',
      '`demo`: CPU per request unchanged within 2 % (-0.51…0.69 %), and 6 more metrics.',
    ],
    [
      'a baseline of another machine',
      [without({ cpuNsPerRequest: otherMachine, latencyP50Ms: otherMachine })],
      'partlyJudged',
      '`demo`: allocations, bytes allocated, heap growth and 2 more unchanged; CPU and median latency not judged (recorded on another machine).',
    ],
    [
      'a gate that stayed open',
      STORIES['inconclusive']!.scenarios,
      'inconclusive',
      '`demo`: not decided: CPU per request +0.92 % (-0.58…2.4 %) after 16 launches; about 32 launches would decide it (`--budget 4m`).',
    ],
    [
      'instructions counted alone',
      [countedOnly()],
      'partlyJudged',
      '`demo`: instructions unchanged; CPU, allocations, bytes allocated and 4 more not judged (exact mode only).',
    ],
    [
      'latency under a late loader',
      [without({ latencyP50Ms: 'latency too noisy here.' })],
      'partlyJudged',
      '`demo`: CPU, allocations, bytes allocated and 3 more unchanged (CPU within 2 %); median latency not judged (latency too noisy here).',
    ],
    [
      'several scenarios, one of them partly judged',
      [{ ...quiet, scenario: 'calm' }, without({ cpuNsPerRequest: otherMachine })],
      'partlyJudged',
      '`demo`: allocations, bytes allocated, median latency and 3 more unchanged; CPU not judged (recorded on another machine). Other scenarios: 1 unchanged.',
    ],
    [
      'an improvement beside a scenario that was partly judged',
      [...STORIES['improved']!.scenarios, without({ cpuNsPerRequest: otherMachine }, 'other')],
      'improved',
      '`demo`: CPU per request -6.0 % (-6.8…-5.2 %), an improvement, mostly `main.encode` (-47.9 µs), changed in this pull request. Other scenarios: 1 partly judged.',
    ],
    [
      'different reasons, CPU first whatever the order',
      [
        {
          ...quiet,
          metrics: without({
            latencyP50Ms: 'too noisy',
            errorRatio: null,
            cpuNsPerRequest: 'busy',
            mallocsPerRequest: 'too noisy',
          }).metrics.toReversed(),
        },
      ],
      'partlyJudged',
      '`demo`: bytes allocated, heap growth and goroutine growth unchanged; CPU not judged (busy); allocations and median latency not judged (too noisy); 1 more not judged.',
    ],
  ])('of %s', (_, scenarios, headline, sentence) => {
    const comparison = comparisonOf(scenarios);
    expect(overallHeadline(comparison)).toBe(headline);
    expect(reportOf(comparison).headline).toBe(headline);
    expect(verdictSentence(comparison)).toBe(sentence);
    expect(comparison.verdict).toBe(headline === 'partlyJudged' ? 'unchanged' : headline);
  });

  it('tells what changed too little to fail between what is unchanged and what was not judged', () => {
    const told = byRatio('mallocsPerRequest', 412, 415, 0.001, { verdict: 'changed' });
    const cpu = byRatio('cpuNsPerRequest', 100, 140, 0.3, { verdict: 'notJudged', reason: 'busy' });
    const bytes = byRatio('allocBytesPerRequest', 100, 100, 0.001);
    const sentence = (metrics: readonly MetricComparison[]) => verdictSentence(comparisonOf([{ ...quiet, metrics }]));
    expect(sentence([cpu, told, bytes])).toBe(
      '`demo`: bytes allocated unchanged; allocations per request +0.73 %, too little to fail; CPU not judged (busy).',
    );
    expect(sentence([cpu, told])).toMatch(
      /^`demo`: nothing that was judged is worse; allocations per request \+0\.73 %/,
    );
  });

  it('does not heed what is only shown', () => {
    const shown = byRatio('gcCpuNsPerRequest', 100, 180, 1, { gate: false, verdict: 'notJudged', reason: 'too noisy' });
    expect(headlineOf({ ...quiet, metrics: [...quiet.metrics, shown] })).toBe('unchanged');
  });

  it('never says unchanged where a gate was not judged, in whatever place', () => {
    const ids = quiet.metrics.map(({ metric }) => metric);
    for (let set = 1; set < 2 ** ids.length; set += 1) {
      const chosen = ids.filter((_, bit) => Math.floor(set / 2 ** bit) % 2 === 1);
      const partly = without(Object.fromEntries(chosen.map((id) => [id, 'busy'])));
      expect(
        unjudgedGates(partly)
          .map(({ metric }) => metric)
          .toSorted(),
      ).toEqual(chosen.toSorted());
      for (const scenarios of [[partly], [{ ...quiet, scenario: 'calm' }, partly]]) {
        const comparison = comparisonOf(scenarios);
        const report = reportOf(comparison);
        const page = renderHtml({ report, comparison, profiles: [], script: '', style: '' });
        const [head = ''] = page.split('<main>');
        const first = [renderMarkdown(report), renderComment(report)].map((text) => text.split('\n')[0] ?? '');
        for (const text of [...first, head]) {
          expect(text).toContain('– Partly judged');
          expect(text).not.toContain('Unchanged');
        }
        expect(/<title>(.*)<\/title>/.exec(head)?.[1]).toContain('not judged');
        expect(renderComment(report)).toContain('not judged (busy)');
        expect(renderTerminal(report).split('\n')[0]).toContain('not judged (busy)');
        expect(verdictSentence(comparison)).toContain('not judged (busy)');
      }
    }
  });

  it('has what was not judged within the title of a check run, with the longest reasons', () => {
    const reason = '3 of at least 8 code layouts in 12 launches; --budget 16m would hold them';
    const reasons = { cpuNsPerRequest: reason, latencyP50Ms: 'latency too noisy here' };
    const comparison = comparisonOf([quiet, without(reasons, 'checkout-service-of-the-shop')]);
    expect(verdictSentence(comparison).slice(0, 250)).toContain(
      `CPU not judged (${reason}); median latency not judged (latency too noisy here)`,
    );
  });
});
