import { expect, test } from 'vitest';
import type { LabelComparison, RunVerdict } from '../../../harness/model/index.ts';
import { buildReport, renderMarkdown, verdictSentence } from '../../../harness/report/index.ts';
import { byRatio, comparisonOf, scenarioOf } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

const labelOf = (value: string, verdict: LabelComparison['verdict'], effectRatio = 0.4): LabelComparison => ({
  label: 'tenant',
  value,
  profile: 'cpu',
  unit: 'ns',
  samples: { base: 500, head: 700 },
  basePerRequest: 20_000,
  headPerRequest: 20_000 * (1 + effectRatio),
  effectRatio,
  ciRatio: [effectRatio - 0.1, effectRatio + 0.1],
  impactRatio: effectRatio / 10,
  impactCiRatio: [effectRatio / 10 - 0.01, effectRatio / 10 + 0.01],
  qValue: 0.0001,
  verdict,
});

const compared = (verdict: RunVerdict, labels: readonly LabelComparison[]) =>
  comparisonOf([
    scenarioOf('demo', verdict, {
      metrics: [byRatio('cpuNsPerRequest', 200_000, verdict === 'regressed' ? 208_000 : 200_000, 0.005, { verdict })],
      labels,
    }),
  ]);

const both = [labelOf('acme', 'notJudged', 0.01), labelOf('delta', 'regressed')];

test('the sentence says for whom, beside a metric that moved and beside one that did not', () => {
  expect(verdictSentence(compared('regressed', both))).toMatch(
    /CPU per request \+4 % .*, above all for `tenant=delta` \(\+40 %\)/,
  );
  expect(verdictSentence(compared('unchanged', both))).toContain(
    '; but for `tenant=delta` CPU per request +40 %, which no gate watches',
  );
  expect(verdictSentence(compared('regressed', [labelOf('', 'regressed')]))).not.toContain('tenant');
});

test('each value has a row, whatever it holds', () => {
  const markdownOf = (labels: readonly LabelComparison[]): string =>
    renderMarkdown(
      buildReport({
        comparison: compared('regressed', labels),
        invocation: { program: 'godyno', command: 'run', args: [], flags: [] },
      }),
    );
  const told = markdownOf([...both, labelOf('', 'notJudged', 0)]);
  expect(told).toContain('| `tenant=delta` | CPU per request | 20 µs | 28 µs | +40 % | 30…50 % | ✗ regressed |');
  expect(told).toContain('| `tenant: none` |');
  expect(told).toContain('| Label | Metric |');
  for (const value of HOSTILE) {
    const lines = markdownOf([labelOf(value, 'regressed')]).split('\n');
    expect(lines.some((line) => line.includes('tenant') && line.includes('| CPU per request |'))).toBe(true);
  }
});
