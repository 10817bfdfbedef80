import { describe, expect, it } from 'vitest';
import type { FunctionComparison, MetricComparison } from '../../../harness/model/index.ts';
import { buildReport, renderTerminal, verdictSentence } from '../../../harness/report/index.ts';
import { byDifference, byRatio, comparisonOf, counted, row, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

const sentenceOf = (name: string): string => verdictSentence(STORIES[name]!);

describe('the verdict sentence', () => {
  it.each([
    [
      'regressed-cpu',
      '`demo`: CPU per request +2.2 % (1.2…3.1 %), mostly `main.encode` (+17.7 µs), changed in this pull request.',
    ],
    [
      'regressed-leak-goroutine',
      '`demo`: a leak of goroutines: goroutine growth per request 0 → 0.101 (+0.099 to +0.103), mostly `main.(*hub).watch` (+0.1), new in this pull request.',
    ],
    ['regressed-latency-sleep', '`demo`: median latency +145 % (141…149 %), in no single function.'],
    ['regressed-errors', '`demo`: failed requests 0 % → 2.3 % (+1.9 points to +2.7 points).'],
    ['unchanged', '`demo`: CPU per request unchanged within 2 % (-0.51…0.69 %), and 6 more metrics.'],
    [
      'inconclusive',
      '`demo`: not decided: CPU per request +0.92 % (-0.58…2.4 %) after 16 launches; about 32 launches would decide it (`--budget 4m`).',
    ],
    [
      'invalid',
      '`demo`: measurement invalid, nothing is judged: 7 of 24 pairs were discarded: the host took more than 15 % of the CPU.',
    ],
    [
      'unpinned-not-judged',
      '`demo`: allocations, bytes allocated, heap growth and 2 more unchanged; CPU and median latency not judged (not pinned).',
    ],
  ])('tells %s in the words of the trade', (name, sentence) => {
    expect(sentenceOf(name)).toBe(sentence);
  });

  it('tells whom stored profiles name, where no metric could be judged by them', () => {
    const dear = row('main.score', {
      profile: 'cpu',
      unit: 'ns',
      kind: 'regressed',
      basePerRequest: 1e5,
      headPerRequest: 1.4e5,
      deltaPerRequest: 4e4,
    });
    const attribution = { samples: null, diffuse: null, culprit: 'main.score', warnings: [] };
    const told = (source: 'stored' | 'judged') =>
      verdictSentence(
        comparisonOf([
          scenarioOf('demo', 'unchanged', {
            metrics: [byRatio('mallocsPerRequest', 100, 0, 0.001, { unit: 'count', verdict: 'unchanged' })],
            functions: [dear],
            attribution: { ...attribution, source },
          }),
        ]),
      );
    expect(told('stored')).toContain('; by stored profiles `main.score` takes +40 % CPU beside the others');
    expect(told('judged')).not.toContain('main.score');
  });

  const slow = (metrics: readonly MetricComparison[]) =>
    verdictSentence(
      comparisonOf([
        scenarioOf('demo', 'regressed', {
          metrics,
          functions: [
            row('main.lookup', {
              profile: 'wall',
              unit: 'ns',
              basePerRequest: 1e6,
              headPerRequest: 6.1e6,
              deltaPerRequest: 5.1e6,
              impactRatio: 3.7,
              reasons: [{ reason: 'sleep', base: 1e6, head: 6.1e6 }],
              changedInDiff: true,
            }),
          ],
        }),
      ]),
    );
  const latency = byRatio('latencyP50Ms', 1, 4.77, 0.16, { unit: 'ms', verdict: 'regressed' });

  it('tells what requests wait for, where latency is worst and where something else is', () => {
    expect(slow([latency])).toBe(
      '`demo`: median latency +377 % (361…393 %), mostly `main.lookup` (waits 5.1 ms longer per request: sleep), changed in this pull request.',
    );
    expect(slow([byRatio('cpuNsPerRequest', 400_000, 760_000, 0.02, { verdict: 'regressed' }), latency])).toMatch(
      /^`demo`: CPU per request \+90 % .*; also regressed: median latency \+377 % \(361…393 %\), `main\.lookup` waits 5\.1 ms longer per request: sleep\.$/,
    );
  });

  const leak = STORIES['regressed-leak-goroutine']!.scenarios[0]!;
  const stuck = (rest: Parameters<typeof row>[1]) =>
    row('main.(*hub).wait', {
      profile: 'goroutineleak',
      unit: 'count',
      basePerRequest: 0,
      headPerRequest: 0.1,
      deltaPerRequest: 0.1,
      held: { base: 0, head: 1003 },
      file: 'hub.go',
      line: 61,
      path: ['main.(*hub).watch.func1', 'main.(*hub).wait'],
      ...rest,
    });
  const leaking = (rest: Parameters<typeof row>[1] = {}) =>
    verdictSentence(comparisonOf([{ ...leak, functions: [...leak.functions, stuck(rest)] }]));

  it('leads with the goroutines that can never wake where their growth fails, and with who started them', () => {
    expect(leaking()).toBe(
      '`demo`: 1,003 goroutines that can never wake, started by `main.(*hub).watch`, blocked in `main.(*hub).wait` (`hub.go:61`), changed in this pull request: goroutine growth per request 0 → 0.101 (+0.099 to +0.103).',
    );
    expect(leaking({ path: ['main.(*hub).wait'], held: { base: 3, head: 1 }, file: '' })).toMatch(
      /^`demo`: 1 goroutine \(3 on base\) that can never wake, running `main\.\(\*hub\)\.wait`, blocked in `main\.\(\*hub\)\.wait`,/,
    );
  });

  it('keeps to the growth where those that are stuck for ever explain little of it', () => {
    expect(leaking({ deltaPerRequest: 0.001 })).toMatch(
      /^`demo`: a leak of goroutines: goroutine growth per request 0 → 0\.101/,
    );
    expect(leaking({ deltaPerRequest: 0 })).toMatch(/^`demo`: a leak of goroutines: goroutine growth per request/);
  });

  it('leads with them before a heap that grows with them, too, but not before other regressions', () => {
    const heap = byDifference('heapGrowthBytesPerRequest', 0, 400, 10, { verdict: 'regressed', gate: true });
    const cpu = byRatio('cpuNsPerRequest', 100, 200, 0.01, { verdict: 'regressed' });
    const withOthers = (...others: (typeof heap)[]) =>
      verdictSentence(
        comparisonOf([{ ...leak, functions: [...leak.functions, stuck({})], metrics: [...leak.metrics, ...others] }]),
      );
    expect(withOthers(heap)).toMatch(/^`demo`: 1,003 goroutines .*; also regressed: heap growth/);
    expect(withOthers(cpu)).toMatch(/^`demo`: CPU per request/);
  });

  it('leads with goroutines that grow before the heap they keep, though nobody knows whether they can wake', () => {
    const heap = byDifference('heapGrowthBytesPerRequest', 0, 400, 10, { verdict: 'regressed', gate: true });
    const kept = row('runtime.mallocgc', {
      profile: 'inuse_space',
      unit: 'B',
      deltaPerRequest: 345,
      kind: 'regressed',
    });
    const functions = [kept, ...leak.functions];
    expect(verdictSentence(comparisonOf([{ ...leak, functions, metrics: [heap, ...leak.metrics] }]))).toMatch(
      /^`demo`: a leak of goroutines: .*, mostly `main\.\(\*hub\)\.watch` .*; also regressed: heap growth/,
    );
  });

  it('says that samples were too few rather than that it is no single function, and what the change touches', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const functions = ['main.encode', 'main.decode'].map((name) => row(name, { kind: 'unclear', changedInDiff: true }));
    const named = (head: number) =>
      verdictSentence(
        comparisonOf([
          {
            ...scenario,
            functions,
            attribution: {
              source: 'judged',
              samples: { base: 9000, head },
              diffuse: 'No single function.',
              culprit: null,
              warnings: [],
            },
          },
        ]),
      );
    expect(named(160)).toContain(
      ', too few samples to name a function; the change touches `main.encode` and 1 more function.',
    );
    expect(named(9000)).toContain(', in no single function.');
  });

  it('puts failing requests before any cost', () => {
    const scenario = STORIES['regressed-errors']!.scenarios[0]!;
    const cpu = byRatio('cpuNsPerRequest', 100, 200, 0.01, { verdict: 'regressed' });
    const sentence = verdictSentence(
      comparisonOf([{ ...scenario, metrics: [cpu, ...scenario.metrics.filter((one) => one.metric === 'errorRatio')] }]),
    );
    expect(sentence).toMatch(/^`demo`: failed requests 0 % → 2\.3 %.*; also regressed: CPU per request \+100 %/);
  });

  it('names the metric furthest beyond its limit first and counts the rest', () => {
    const metrics = [
      byRatio('cpuNsPerRequest', 100, 103, 0.01, { verdict: 'regressed' }),
      byRatio('mallocsPerRequest', 100, 150, 0.01, { verdict: 'regressed' }),
      byRatio('allocBytesPerRequest', 100, 110, 0.01, { verdict: 'regressed' }),
    ];
    expect(verdictSentence(comparisonOf([scenarioOf('demo', 'regressed', { metrics })]))).toBe(
      '`demo`: allocations per request +50 % (49…51 %); also regressed: bytes allocated per request +10 % (9…11 %) and 1 more.',
    );
  });

  it('says "mostly" only of a function that carries at least half', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const small = row('main.encode', { deltaPerRequest: 5_000, impactRatio: 0.006 });
    expect(verdictSentence(comparisonOf([{ ...scenario, functions: [small] }]))).toContain(
      ', the largest part in `main.encode` (+5 µs)',
    );
  });

  it('tells what grew per request where growth is the news, and as it stands where the level is', () => {
    const scenario = STORIES['regressed-leak-heap']!.scenarios[0]!;
    expect(verdictSentence(comparisonOf([scenario]))).toContain(', mostly `main.(*sessions).Add` (+1.2 KiB)');
    const level = byRatio('liveHeapBytes', 3e6, 15.3e6, 0.1, { verdict: 'regressed' });
    expect(verdictSentence(comparisonOf([{ ...scenario, metrics: [level] }]))).toContain(
      ', mostly `main.(*sessions).Add` (+11.7 MiB)',
    );
  });

  it('names who is certain by the profile of the metric where the culprit is another metric’s', () => {
    const scenario = STORIES['regressed-leak-goroutine']!.scenarios[0]!;
    const attribution = { ...scenario.attribution!, culprit: 'main.other' };
    const functions = [row('main.other'), ...scenario.functions];
    const sentence = verdictSentence(comparisonOf([{ ...scenario, functions, attribution }]));
    expect(sentence).toContain('mostly `main.(*hub).watch`');
    expect(sentence).not.toContain('main.other');
  });

  it('says on whose account code outside the module runs', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const outside = row('main.encode', { changedInDiff: false, caller: 'main.serve' });
    const of = (rest: object): string =>
      verdictSentence(comparisonOf([{ ...scenario, functions: [{ ...outside, ...rest }] }]));
    expect(of({})).toContain('(+17.7 µs), called by `main.serve`.');
    expect(of({ nearChange: 'calledFrom' })).toContain('(+17.7 µs), called from changed code in `main.serve`.');
  });

  it('names a changed function for what it calls, and what it calls more often', () => {
    const causes = counted('main.render', {
      deltaPerRequest: 8,
      baseCumPerRequest: 40_000,
      headCumPerRequest: 60_000,
      namedFor: 'callees',
      callees: [{ name: 'encoding/json.Marshal', base: 1, head: 2, isChanged: true }],
    });
    const of = (functions: readonly FunctionComparison[]): string =>
      verdictSentence(
        comparisonOf([
          scenarioOf('demo', 'regressed', {
            metrics: [byRatio('instructionsPerRequest', 1_000_000, 1_020_000, 0, { verdict: 'regressed' })],
            functions,
            attribution: {
              source: 'exact',
              samples: null,
              diffuse: null,
              culprit: functions[0]!.function,
              warnings: [],
            },
          }),
        ]),
      );
    expect(of([causes])).toBe(
      '`demo`: instructions per request +2 %, mostly `main.render` (+20,000 instructions with what it calls), changed in this pull request: it calls `encoding/json.Marshal` 2× instead of 1× per request.',
    );
    const once = { ...causes, callees: [{ name: 'sort.Slice', base: 0, head: 0.25, isChanged: true }] };
    expect(of([once])).toContain('changed in this pull request: it now calls `sort.Slice` 0.25× per request.');
  });

  it('says what the change touches beside a function whose callers are known and none of them changed', () => {
    const library = counted('encoding/json.appendString', {
      changedInDiff: false,
      path: ['main.list', 'encoding/json.appendString'],
    });
    const of = (rest: Partial<FunctionComparison>): string =>
      verdictSentence(
        comparisonOf([
          scenarioOf('demo', 'regressed', {
            metrics: [byRatio('instructionsPerRequest', 1_000_000, 1_002_713, 0, { verdict: 'regressed' })],
            functions: [{ ...library, ...rest }, counted('main.render', { kind: 'unclear' })],
            attribution: { source: 'exact', samples: null, diffuse: null, culprit: library.function, warnings: [] },
          }),
        ]),
      );
    const callers = [{ name: 'encoding/json.stringEncoder', base: 4, head: 4, isChanged: false }];
    expect(of({ callers })).toContain('; the change touches `main.render`.');
    expect(of({ callers, caller: 'main.render', nearChange: 'calledFrom' })).toContain(
      '(+2,713 instructions), called from changed code in `main.render`.',
    );
    expect(of({})).not.toContain('the change touches');
  });

  it('does not blame a function that became cheaper for a regression', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const cheaper = row('main.encode', { deltaPerRequest: -17_655, impactRatio: -0.0217, kind: 'improved' });
    expect(verdictSentence(comparisonOf([{ ...scenario, functions: [cheaper] }]))).not.toContain('main.encode');
  });

  it('does not claim a change inside the pull request where the diff does not touch the function', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const outside = row('main.encode', { changedInDiff: false });
    expect(verdictSentence(comparisonOf([{ ...scenario, functions: [outside] }]))).not.toContain('pull request');
  });

  it('tells what a function costs with its callees where it is named for these, own cost unchanged or not', () => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const caller = row('main.encode', { deltaPerRequest: -500, impactRatio: 0.0217, namedFor: 'callees' });
    const comparison = comparisonOf([{ ...scenario, functions: [caller] }]);
    expect(verdictSentence(comparison)).toContain(
      ', mostly `main.encode` (+17.7 µs with what it calls), changed in this pull request',
    );
    const report = buildReport({
      comparison,
      invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
    });
    expect(report.scenarios[0]?.why.groups[0]?.rows[0]).toMatchObject({
      base: '180 µs',
      head: '198 µs',
      delta: '+17.7 µs',
      words: '✗ costs more with what it calls',
    });
  });

  it.each([
    ['calledFrom', ', called from changed code.'],
    ['calls', ', calls changed code.'],
  ] as const)('says how a function outside the diff is connected with it: %s', (nearChange, words) => {
    const scenario = STORIES['regressed-cpu']!.scenarios[0]!;
    const near = row('main.encode', { changedInDiff: false, nearChange });
    expect(verdictSentence(comparisonOf([{ ...scenario, functions: [near] }]))).toMatch(
      new RegExp(`\`main\\.encode\` \\(\\+17\\.7 µs\\)${words.replace('.', String.raw`\.`)}$`),
    );
  });

  it('proposes tight mode, not a budget, beyond the usual number of launches', () => {
    const scenario = STORIES['inconclusive']!.scenarios[0]!;
    const metrics = scenario.metrics.map((metric) =>
      metric.unitsNeeded === null ? metric : { ...metric, unitsNeeded: 70 },
    );
    expect(verdictSentence(comparisonOf([{ ...scenario, metrics }]))).toContain('(`measure.tight: true`)');
    const hopeless = metrics.map((metric) => (metric.unitsNeeded === null ? metric : { ...metric, unitsNeeded: 400 }));
    expect(verdictSentence(comparisonOf([{ ...scenario, metrics: hopeless }]))).toContain('more than a run takes');
  });

  it('of open gates lets the one nearest to failing speak, names the others, and what was not judged with its reason', () => {
    const growth = byDifference('heapGrowthBytesPerRequest', 40, 2, 30, { verdict: 'inconclusive', gate: true });
    const noisy = byRatio('mutexWaitNsPerRequest', 100, 900, 0, {
      verdict: 'inconclusive',
      gate: true,
      ciRatio: [-1, 9e7],
    });
    const bytes = byRatio('allocBytesPerRequest', 100, 100.8, 0.02, {
      verdict: 'inconclusive',
      decidedBy: { stage: 'judged', unit: 'window', n: 48, linkSeeds: 16 },
      unitsNeeded: 96,
    });
    const cpu = byRatio('cpuNsPerRequest', 100, 101, 0.01, {
      verdict: 'notJudged',
      reason: '1 of at least 8 code layouts in 16 launches; --budget 16m would hold them',
    });
    const metrics = [cpu, noisy, growth, bytes];
    const scenario = scenarioOf('demo', 'inconclusive', { metrics, launches: 16, linkSeeds: 1, durationSeconds: 60 });
    expect(verdictSentence(comparisonOf([scenario]))).toBe(
      '`demo`: not decided: bytes allocated per request +0.8 % (-1.2…2.8 %) after 16 launches; about 32 launches would decide it (`--budget 2m`); nor heap growth per request, lock waiting per request; CPU not judged (1 of at least 8 code layouts in 16 launches; --budget 16m would hold them).',
    );
  });

  it('says too noisy where an interval is only noise, and prints no figure of it', () => {
    const cpu = byRatio('cpuNsPerRequest', 100, 250, 0, { verdict: 'inconclusive', ciRatio: [-1, 9.37e7] });
    const scenario = scenarioOf('demo', 'inconclusive', { metrics: [cpu] });
    const text = verdictSentence(comparisonOf([scenario]));
    expect(text).toContain('not decided: CPU per request too noisy to say after 8 launches');
    expect(text).not.toMatch(/150|37/);
    const report = buildReport({
      comparison: comparisonOf([scenario]),
      invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] },
    });
    expect(report.scenarios[0]?.metrics[0]).toMatchObject({ effect: '–', interval: 'too noisy to say' });
  });

  it('says why CPU is unchanged only within wider limits', () => {
    const reason =
      '3 of at least 8 code layouts in 9 launches, so the limits are 3 and 6 %; --budget 5m would hold them';
    const cpu = byRatio('cpuNsPerRequest', 100, 100, 0.008, { practicalRatio: 0.03, reason });
    expect(verdictSentence(comparisonOf([scenarioOf('demo', 'unchanged', { metrics: [cpu] })]))).toBe(
      `\`demo\`: CPU per request unchanged within 6 % (-0.8…0.8 %); ${reason}.`,
    );
  });

  it('speaks of the worst scenario and counts the others', () => {
    const comparison = comparisonOf([scenarioOf('calm', 'unchanged'), STORIES['regressed-cpu']!.scenarios[0]!]);
    expect(verdictSentence(comparison)).toMatch(
      /^`demo`: CPU per request \+2\.2 %.*\. Other scenarios: 1 unchanged\.$/,
    );
  });

  it('is one line without control characters, whatever the names', () => {
    for (const name of HOSTILE) {
      const scenario = { ...STORIES['regressed-cpu']!.scenarios[0]!, scenario: name, functions: [row(name)] };
      // oxlint-disable-next-line no-control-regex -- exactly these must not reach a terminal
      expect(verdictSentence(comparisonOf([scenario]))).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    }
  });
});

describe('terminal lines', () => {
  it('are the sentence, at most six rows, and how to reproduce', () => {
    const comparison = STORIES['regressed-alloc']!;
    const lines = renderTerminal(
      buildReport({ comparison, invocation: { program: 'npx godyno', command: 'run', args: [], flags: [] } }),
    )
      .trimEnd()
      .split('\n');
    expect(lines[0]).toBe(verdictSentence(comparison));
    expect(lines[1]).toMatch(/^ {2}allocations per request +412 +445 +\+8\.0 % +8\.0…8\.0 % {2}✗ regressed$/);
    expect(lines.at(-1)).toMatch(/^ {2}reproduce: npx godyno run --base /);
    expect(lines).toHaveLength(4);
  });
});
