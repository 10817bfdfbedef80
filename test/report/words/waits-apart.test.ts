import { expect, test } from 'vitest';
import type { ScenarioComparison } from '../../../harness/model/index.ts';
import { explain } from '../../../harness/report/words/functions-section.ts';
import { byRatio, scenarioOf } from '../../builders/comparisons.ts';

const APART = {
  profile: 'block',
  whose: 'server',
  function: 'net/http.(*connReader).abortPendingRead',
  basePerRequest: 376_000,
  headPerRequest: 378_000,
} as const;

const notes = (gate: boolean): string => {
  const metrics = [byRatio('blockWaitNsPerRequest', 300_000, 300_000, 0, { gate, verdict: 'unchanged' })];
  const attribution = { source: 'judged', samples: null, diffuse: null, culprit: null, warnings: [] } as const;
  const scenario: ScenarioComparison = scenarioOf('api', 'unchanged', { metrics, attribution, waitsApart: [APART] });
  return JSON.stringify(explain(scenario).notes);
};

test('what is no request’s is named where waiting fails the run, and not where nobody asked', () => {
  expect(notes(true)).toContain('abortPendingRead');
  expect(notes(true)).toContain('376 µs → 378 µs per request');
  expect(notes(false)).not.toContain('abortPendingRead');
});
