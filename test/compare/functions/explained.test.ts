import { describe, expect, it } from 'vitest';
import { dropUnsupportedNames } from '../../../harness/compare/functions/explained.ts';
import type { FunctionComparison, MetricComparison } from '../../../harness/model/index.ts';

const row = (profile: FunctionComparison['profile'], kind: FunctionComparison['kind']): FunctionComparison =>
  ({ profile, kind, function: 'main.encode' }) as FunctionComparison;
const metric = (id: MetricComparison['metric'], verdict: MetricComparison['verdict']): MetricComparison =>
  ({ metric: id, verdict }) as MetricComparison;
const attribution = { source: 'judged', samples: null, diffuse: null, culprit: 'main.encode', warnings: [] } as const;

describe('onlyExplaining', () => {
  it('names nobody where no metric moved, however certain a function looks', () => {
    const found = dropUnsupportedNames({ functions: [row('cpu', 'regressed')], attribution }, [
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
    const found = dropUnsupportedNames({ functions, attribution }, rows);
    expect(found.functions.map(({ kind }) => kind)).toEqual(['unclear', 'new', 'regressed']);
    expect(found.attribution?.culprit).toBe('main.encode');
  });

  const pair = (base: number, changedInDiff: boolean, profile: FunctionComparison['profile'] = 'cpu') =>
    (['main.encode', 'main.quote'] as const).map((name, index) => ({
      ...row(profile, 'moved'),
      function: name,
      movedTo: index === 0 ? 'main.quote' : 'main.encode',
      baseCumPerRequest: index === 0 ? 50 : base,
      headCumPerRequest: 40,
      changedInDiff: index === 0 && changedInDiff,
    }));
  const kindsOf = (functions: readonly FunctionComparison[], verdict: MetricComparison['verdict']) =>
    dropUnsupportedNames({ functions, attribution: null }, [metric('cpuNsPerRequest', verdict)]).functions.map(
      ({ kind, movedTo }) => `${kind} ${movedTo}`,
    );
  const kept = ['moved main.quote', 'moved main.encode'];

  it('does not call it a move where nothing became nothing', () => {
    const nothing = pair(0, true).map((each) => ({ ...each, basePerRequest: 0, headPerRequest: 0 }));
    expect(kindsOf(nothing, 'regressed')).toEqual(['unclear null', 'unclear null']);
  });

  it('leaves moved costs that the change touches, or that are new: they accuse nobody', () => {
    expect(kindsOf(pair(30, true), 'unchanged')).toEqual(kept);
    expect(kindsOf(pair(0, false), 'unchanged')).toEqual(kept);
    expect(kindsOf(pair(30, false, 'instructions'), 'unchanged')).toEqual(kept);
  });

  it('leaves a function under its new name', () => {
    expect(kindsOf(pair(30, false).slice(0, 1), 'unchanged')).toEqual(kept.slice(0, 1));
  });

  it('says of code nobody touched that cost moved only where its metric did', () => {
    expect(kindsOf(pair(30, false), 'regressed')).toEqual(kept);
    expect(kindsOf(pair(30, false), 'unchanged')).toEqual(['unclear null', 'unclear null']);
  });
});
