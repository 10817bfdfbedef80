import { expect, test } from 'vitest';
import { callersOf, CAPTURES, DIAGNOSIS, profileKind, witnessesOf } from '../../harness/metrics/index.ts';
import { type CostKind, METRIC_IDS } from '../../harness/model/index.ts';

test('what is captured for a metric takes a profile that says something of it', () => {
  for (const metric of METRIC_IDS)
    for (const { capture } of DIAGNOSIS[metric].filter(
      (call) => CAPTURES[call.capture].takes.length > 0 && call.capture !== 'counts',
    )) {
      const said = witnessesOf(metric).filter((kind) => (CAPTURES[capture].takes as readonly string[]).includes(kind));
      expect([metric, capture, said.length > 0]).toEqual([metric, capture, true]);
    }
});

test('only what became slower wants more CPU samples; requests that wait less are followed, too', () => {
  const of = (verdict: 'regressed' | 'improved' | 'unchanged') => [
    { metric: 'cpuNsPerRequest', verdict } as const,
    { metric: 'latencyP99Ms', verdict } as const,
  ];
  expect(callersOf('samples', of('regressed'))).toEqual(['cpuNsPerRequest']);
  expect(callersOf('samples', of('improved'))).toEqual([]);
  expect(callersOf('trace', of('improved'))).toEqual(['latencyP99Ms']);
  expect(callersOf('trace', of('unchanged'))).toEqual([]);
});

test('a metric that calls twice is named once', () => {
  const both = [
    { metric: 'latencyP50Ms', verdict: 'regressed' },
    { metric: 'latencyP50Ms', verdict: 'improved' },
  ] as const;
  expect(callersOf('trace', both)).toEqual(['latencyP50Ms']);
});

test('the two tables agree on which launches take what', () => {
  const stages = {
    growth: 'growth',
    counts: 'exact',
    allocations: 'capture',
    trace: 'trace',
    samples: 'explain',
  } as const;
  for (const [capture, stage] of Object.entries(stages)) {
    const kinds: readonly CostKind[] = CAPTURES[capture as keyof typeof stages].takes;
    for (const kind of kinds) expect([kind, profileKind(kind).taken]).toEqual([kind, expect.arrayContaining([stage])]);
  }
});
