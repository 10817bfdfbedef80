import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeAgreement } from '../../../harness/compare/instructions/agreement.ts';
import { exactRequests, refusalText } from '../../../harness/compare/instructions/refusals.ts';
import { METRICS } from '../../../harness/metrics/index.ts';
import type { BySide, MetricComparison, MetricId, MetricVerdict } from '../../../harness/model/index.ts';

const row = (metric: MetricId, verdict: MetricVerdict, effectRatio = 0.02): MetricComparison => ({
  metric,
  unit: METRICS[metric].unit,
  better: 'lower',
  gate: true,
  required: false,
  base: 1,
  head: 1 + effectRatio,
  effectRatio,
  ciRatio: null,
  effectAbsolute: null,
  ciAbsolute: null,
  ciLevel: 0.98,
  pValue: null,
  qValue: null,
  practicalRatio: 0.01,
  practicalAbsolute: null,
  smallestDetectableRatio: null,
  verdict,
  reason: null,
  decidedBy: null,
  unitsNeeded: null,
  warnings: [],
});

describe('instructions and CPU time together', () => {
  const agree = (
    rows: readonly MetricComparison[],
    more: { readonly culprit?: string | null; readonly pageFaults?: readonly BySide<number>[] } = {},
  ) => describeAgreement({ rows, culprit: 'main.f', pageFaults: [], ...more });

  const told = (instructions: MetricVerdict, cpu: MetricVerdict, ...more: readonly MetricComparison[]) =>
    agree([row('instructionsPerRequest', instructions), row('cpuNsPerRequest', cpu), ...more]);

  it('name the function when both went up', () => {
    expect(told('regressed', 'regressed')).toBe(
      'It executes more instructions, most in main.f, and CPU time went the same way.',
    );
  });

  it('say what a small change is worth by estimate, and what CPU time could have seen', () => {
    const instructions = { ...row('instructionsPerRequest', 'changed', 0.003), base: 900_000, head: 902_700 };
    const cpu = { ...row('cpuNsPerRequest', 'unchanged', 0.001), base: 300_000, smallestDetectableRatio: 0.007 };
    expect(agree([instructions, cpu])).toBe(
      'It executes more instructions, most in main.f, too few to show in CPU time: by estimate +0.3 % of it, of which this run could see 0.7 %.',
    );
  });

  it('look for the cause elsewhere when only CPU time moved', () => {
    expect(told('unchanged', 'regressed')).toBe(
      'CPU time went up while the same instructions were executed, and no counter went with it: caches, the kernel, contention, or where the linker put the code.',
    );
  });

  it.each([
    ['syscallsPerRequest', 'the kernel (system calls per request +50 %)'],
    ['allocBytesPerRequest', 'garbage collection (bytes allocated per request +50 %)'],
    ['mallocsPerRequest', 'garbage collection (allocations per request +50 %)'],
    ['gcCpuNsPerRequest', 'garbage collection (its CPU time per request +50 %)'],
    ['mutexWaitNsPerRequest', 'contention (waiting for locks per request +50 %)'],
  ] as const)('name the counter that moved with CPU time: %s', (metric, words) => {
    expect(told('unchanged', 'regressed', row(metric, 'regressed', 0.5))).toContain(`what went with it: ${words}.`);
    expect(told('unchanged', 'regressed', row(metric, 'improved', -0.5))).not.toContain('what went with it');
    expect(told('unchanged', 'regressed', row(metric, 'inconclusive', 0.5))).not.toContain('what went with it');
    const down = [row('cpuNsPerRequest', 'improved', -0.1), row(metric, 'improved', -0.5)];
    expect(agree([row('instructionsPerRequest', 'unchanged', 0), ...down])).toContain(words.replace('+', '-'));
  });

  it('name calls that came from none', () => {
    const came = { ...row('syscallsPerRequest', 'regressed'), effectRatio: null, effectAbsolute: 3 };
    expect(told('unchanged', 'regressed', came)).toContain('the kernel (system calls per request from none)');
  });

  it('name page faults where every launch agrees about them', () => {
    const rows = [row('instructionsPerRequest', 'unchanged', 0), row('cpuNsPerRequest', 'regressed', 0.3)];
    const more = { base: 0.1, head: 0.9 };
    expect(agree(rows, { pageFaults: [more, more, more] })).toContain('memory (page faults per request +800 %)');
    expect(agree(rows, { pageFaults: [more, more, { base: 0.5, head: 0.4 }] })).not.toContain('page faults');
    expect(agree(rows, { pageFaults: [more] })).not.toContain('page faults');
    const little = { base: 1, head: 1.01 };
    expect(agree(rows, { pageFaults: [little, little] })).not.toContain('page faults');
  });

  it('say so when they went different ways', () => {
    const rows = [row('instructionsPerRequest', 'improved', -0.03), row('cpuNsPerRequest', 'regressed', 0.02)];
    expect(agree(rows, { culprit: null })).toBe(
      'It executes fewer instructions, yet CPU time went up: what it executes now costs more.',
    );
  });

  it.each(['inconclusive', 'notJudged', 'invalid'] as const)('say nothing when one of them is %s', (verdict) => {
    expect(told('regressed', verdict)).toBeNull();
    expect(told(verdict, 'regressed')).toBeNull();
  });
});

describe('requests that may be counted', () => {
  it('are 100 where memory allows, fewer for a large garbage, none for a huge one', () => {
    expect(exactRequests(30_000, 8e9)).toBe(100);
    expect(exactRequests(null, 8e9)).toBe(100);
    expect(exactRequests(20e6, 8e9)).toBe(50);
    expect(exactRequests(60e6, 8e9)).toBeNull();
  });

  it('never keep more than a quarter of the memory as garbage, warm-up included', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 1e8, max: 1e12 }), (bytes, memory) => {
        const requests = exactRequests(bytes, memory);
        return requests === null || 2 * requests * bytes <= memory / 4;
      }),
    );
  });
});

describe('a refusal', () => {
  it.each([
    [{ kind: 'threads', most: 64 } as const, 'more than 64 threads'],
    [{ kind: 'blocks' } as const, 'more different code'],
    [
      { kind: 'failed', failed: 3, planned: 100, slowdown: 14.2 } as const,
      '3 of 100 requests failed under the emulator, which is about 14 times slower here',
    ],
    [
      { kind: 'status', route: 'item', requests: 3, planned: 100, status: { base: [200], head: [200, 404] } } as const,
      '3 of 100 requests are answered with different statuses, the first (item) 200 by base and 200 or 404 by head',
    ],
    [{ kind: 'ended', said: 'line\nfatal error: sigaltstack\n' } as const, 'saying: fatal error: sigaltstack'],
    [
      { kind: 'memory', bytesPerRequest: 60e6, memoryBytes: 8e9 } as const,
      '57.2 MiB per request, room for 16 requests',
    ],
    [{ kind: 'slow', cpuSeconds: 61.2, limitSeconds: 60 } as const, 'more than 60 s of CPU time (61 s)'],
  ])('says what happened, with the figures: %o', (trouble, text) => {
    expect(refusalText(trouble)).toContain(text);
  });
});
