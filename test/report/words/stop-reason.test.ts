import { describe, expect, it } from 'vitest';
import { stopReason } from '../../../harness/report/words/stop-reason.ts';
import type { MetricVerdict, ScenarioComparison } from '../../../harness/model/index.ts';
import { byRatio, scenarioOf } from '../../builders/comparisons.ts';

/** Only shown: it has no say. */
const shown = { ...byRatio('mallocsPerRequest', 412, 412, 0), gate: false, verdict: 'notJudged' } as const;

const endOf = (verdicts: readonly MetricVerdict[], changes: Partial<ScenarioComparison> = {}): string =>
  stopReason({
    ...scenarioOf('demo', 'unchanged'),
    metrics: [...verdicts.map((verdict) => ({ ...shown, gate: true, verdict })), { ...shown, gate: false }],
    ...changes,
  });

describe('why measuring ended', () => {
  it('is that every gate was decided only where every gate has a verdict', () => {
    expect(endOf(['unchanged', 'changed', 'regressed'])).toBe('every gate was decided');
    expect(endOf(['unchanged', 'notJudged'])).toBe('1 of 2 gates was decided, and the other one cannot be');
    expect(endOf(['improved', 'unchanged', 'inconclusive', 'notJudged'])).toBe(
      '2 of 4 gates were decided, and the others cannot be',
    );
  });

  it.each(['notJudged', 'inconclusive', 'invalid'] as const)('claims no verdict where all are %s', (verdict) => {
    expect(endOf([verdict, verdict])).toBe('no gate could be decided');
  });

  it('is the invalid measurement, whatever the run had written', () => {
    expect(endOf(['invalid'], { verdict: 'invalid' })).toBe('the measurement was invalid');
  });

  it('is the counting where nothing else was asked for', () => {
    const exact = { engine: 'qemu', aaSpreadRatio: 0, refusal: null } as const;
    expect(endOf(['unchanged', 'notJudged'], { launches: 0, exact })).toBe('the instructions were counted');
  });
});
