import { describe, expect, it } from 'vitest';
import { onlyExplaining } from '../../harness/compare/explained.ts';
import type { FunctionComparison, MetricComparison } from '../../harness/model/index.ts';

const row = (profile: FunctionComparison['profile'], kind: FunctionComparison['kind']): FunctionComparison =>
  ({ profile, kind, function: 'main.encode' }) as FunctionComparison;
const metric = (id: MetricComparison['metric'], verdict: MetricComparison['verdict']): MetricComparison =>
  ({ metric: id, verdict }) as MetricComparison;
const attribution = { source: 'judged', samples: null, diffuse: null, culprit: 'main.encode', warnings: [] } as const;

describe('onlyExplaining', () => {
  it('names nobody where no metric moved, however certain a function looks', () => {
    const found = onlyExplaining({ functions: [row('cpu', 'regressed')], attribution }, [
      metric('cpuNsPerRequest', 'unchanged'),
    ]);
    expect(found.functions.map(({ kind }) => kind)).toEqual(['unclear']);
    expect(found.attribution?.culprit).toBeNull();
  });

  it('keeps the functions of the metric that moved, and only those', () => {
    const functions = [row('cpu', 'regressed'), row('alloc_objects', 'new'), row('instructions', 'regressed')];
    const rows = [
      metric('cpuNsPerRequest', 'inconclusive'),
      metric('mallocsPerRequest', 'changed'),
      metric('instructionsPerRequest', 'regressed'),
    ];
    const found = onlyExplaining({ functions, attribution }, rows);
    expect(found.functions.map(({ kind }) => kind)).toEqual(['unclear', 'new', 'regressed']);
    expect(found.attribution?.culprit).toBe('main.encode');
  });

  it('leaves moved costs as they are: they accuse nobody', () => {
    const found = onlyExplaining({ functions: [row('cpu', 'moved')], attribution: null }, [
      metric('cpuNsPerRequest', 'unchanged'),
    ]);
    expect(found.functions[0]?.kind).toBe('moved');
    expect(found.attribution).toBeNull();
  });
});
