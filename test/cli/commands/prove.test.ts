import { describe, expect, test } from 'vitest';
import { proofTable } from '../../../harness/cli/commands/prove.ts';
import { faultsFrom, describeSize, sizeOf, sizesFrom, WATCHED_BY } from '../../../harness/cli/prove/sizes.ts';
import { proofOf, type ProofRequest } from '../../../harness/cli/prove/proof.ts';
import { compareRun } from '../../../harness/compare/index.ts';
import type { Comparison, FunctionComparison } from '../../../harness/model/index.ts';
import { FAULT_KINDS } from '../../../harness/plant/index.ts';
import type { RunProgress } from '../../../harness/run/index.ts';
import { cpuRun, fileOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

describe('--faults', () => {
  test('takes a list, both leaks in one word, and each once', () => {
    expect(faultsFrom('cpu, leak,cpu')).toEqual(['cpu', 'leak-heap', 'leak-goroutine']);
    expect(faultsFrom(FAULT_KINDS.join(','))).toEqual(FAULT_KINDS);
  });

  test.each(['', 'gpu', 'cpu,,alloc', 'toString'])('"%s" is refused with the list of faults', (text) => {
    expect(() => faultsFrom(text)).toThrow(/there is no fault/);
  });
});

describe('--size', () => {
  test('without a fault is the share of whatever is a share', () => {
    expect([...sizesFrom('3%')]).toEqual([
      ['cpu', 0.03],
      ['alloc', 0.03],
    ]);
  });

  test('names faults, each in its own unit', () => {
    const sizes = sizesFrom('cpu=2%,sleep=2ms,lock=500us,leak=2');
    expect(Object.fromEntries(sizes)).toEqual({
      cpu: 0.02,
      sleep: 2e6,
      lock: 5e5,
      'leak-heap': 0.02,
      'leak-goroutine': 0.02,
    });
  });

  test.each(['cpu=2ms', 'sleep=5%', 'leak=', 'leak=-1', '0%', 'cpu=0%', 'sleep=0s', 'x', 'gpu=1%'])(
    '%s is refused',
    (text) => {
      expect(() => sizesFrom(text)).toThrow(/--size|--faults/);
    },
  );

  test('left out is at least twice what the gates of the scenario let pass', () => {
    const none = sizesFrom(undefined);
    const usual = scenarioWith({});
    expect(sizeOf('cpu', none, usual, 0)).toBe(0.05);
    expect(
      sizeOf('cpu', none, scenarioWith({ gates: { cpuNsPerRequest: { failRatio: 0.1, failAbsolute: null } } }), 0),
    ).toBe(0.2);
    // +20 % and at least half a millisecond: a request of 10 ms must take 4 ms more, one of 1 ms one more.
    expect(sizeOf('sleep', none, usual, 10e6)).toBeCloseTo(4e6, 6);
    expect(sizeOf('sleep', none, usual, 1e6)).toBe(1e6);
    expect(sizeOf('leak-goroutine', none, usual, 1e6)).toBe(0.01);
    expect(sizeOf('cpu', sizesFrom('1%'), usual, 0)).toBe(0.01);
  });

  test('is told as it was meant', () => {
    expect(
      FAULT_KINDS.map((kind) =>
        describeSize(kind, { cpu: 0.05, alloc: 0.05 }[kind as 'cpu'] ?? (kind.startsWith('leak') ? 0.01 : 1e6)),
      ),
    ).toEqual([
      '+5 % CPU',
      '+5 % allocations',
      'lock held 1 ms',
      'asleep 1 ms',
      'blocked 1 ms',
      '1 KiB kept in 100',
      '1 goroutine in 100',
    ]);
  });
});

const functionRow = (name: string, kind: FunctionComparison['kind']): FunctionComparison => ({
  profile: 'cpu',
  function: name,
  package: 'main',
  file: 'main.go',
  line: 1,
  basePerRequest: 1000,
  headPerRequest: 60_000,
  deltaPerRequest: 59_000,
  baseCumPerRequest: 1000,
  headCumPerRequest: 60_000,
  unit: 'ns',
  impactRatio: 0.05,
  impactCiRatio: null,
  smallestDetectableRatio: null,
  qValue: null,
  baseCallsPerRequest: null,
  headCallsPerRequest: null,
  kind,
  path: [],
  changedInDiff: false,
  movedTo: null,
});

const scenario = scenarioWith({ latency: null });

/** Twelve launches in which head costs 5 % more, or nothing more. */
const comparisonWith = (
  effect: number,
  functions: readonly FunctionComparison[],
  culprit: string | null,
  gates = scenario.gates,
): Comparison => {
  const ratios = Array.from({ length: 12 }, (_, index) => Math.log1p(effect) + (index % 2 === 0 ? 1 : -1) * 0.002);
  return compareRun(fileOf([cpuRun(ratios, { scenario: { ...scenario, gates } })]), () => ({
    functions,
    attribution: { source: 'judged', samples: null, diffuse: null, culprit, warnings: [] },
  }));
};

const looks: ProofRequest['looks'] = [8, 10].map(
  (launches): Extract<RunProgress, { kind: 'look' }> => ({
    kind: 'look',
    launches,
    seconds: launches * 3,
    gates: [
      {
        metric: 'cpuNsPerRequest',
        verdict: launches === 10 ? 'regressed' : 'open',
        estimateRatio: null,
        ciRatio: null,
      },
    ],
  }),
);

const ask = (comparison: Comparison, changes: Partial<ProofRequest> = {}) =>
  proofOf({
    fault: 'cpu',
    size: 0.05,
    function: 'main.work',
    names: ['main.work'],
    callsPerRequest: 1,
    comparison,
    looks,
    ...changes,
  });

describe('a planted fault', () => {
  test('is caught by its gate at the look that saw it, and named first', () => {
    expect(ask(comparisonWith(0.05, [], 'main.work'))).toMatchObject({
      caught: true,
      by: ['cpuNsPerRequest'],
      named: 'first',
      passed: true,
      secondsToVerdict: 30,
      why: null,
    });
  });

  test('may stand among the functions; another culprit, or a row that is not certain, is not naming it', () => {
    expect(ask(comparisonWith(0.05, [functionRow('main.work', 'regressed')], null))).toMatchObject({
      named: 'listed',
      passed: true,
    });
    expect(ask(comparisonWith(0.05, [functionRow('main.work', 'unclear')], 'main.other'))).toMatchObject({
      named: 'no',
      passed: false,
      why: 'the report names main.other',
    });
  });

  test('is missed where nothing is found, with what the gate said', () => {
    const missed = ask(comparisonWith(0, [], null));
    expect(missed).toMatchObject({ caught: false, passed: false, by: [], secondsToVerdict: null });
    expect(missed?.why).toBe('CPU per request unchanged');
  });

  test.each([
    ['three launches', 3],
    ['five, judged with the limits of one layout', 5],
  ])('is not missed where the time held only %s: it says what it needs', (_what, count) => {
    const ratios = Array.from({ length: count }, (_, index) => 0.02 + (index % 2 === 0 ? 1 : -1) * 0.002);
    const run = cpuRun(ratios, { scenario, stop: 'budget' });
    const timing = { ...run.timing, measureSeconds: 20 };
    const proof = ask(compareRun(fileOf([{ ...run, timing }])));
    expect(proof).toMatchObject({ caught: false, passed: false });
    expect(proof?.needsSeconds).toBeCloseTo((20 * 8) / count, 9);
    expect(proof?.why).toMatch(/^not enough time: needs about (1m|30 s|1m30s) for this fault/);
    expect(proofTable([proof!])).toContain('not enough time');
    expect(proofTable([proof!])).not.toMatch(/MISSED|NO\b/);
  });

  test('is missed on a machine that cannot judge it in any time', () => {
    const run = cpuRun([0.02, 0.02, 0.02], { scenario, stop: 'budget' });
    const unpinned = { ...run, settings: { ...run.settings, pinned: false, unpinnedReason: 'no affinity' } };
    expect(ask(compareRun(fileOf([unpinned])))).toMatchObject({ needsSeconds: null });
  });

  test('is missed where no gate watches: a gate that cannot fail is found out', () => {
    expect(ask(comparisonWith(0.05, [], 'main.work', { cpuNsPerRequest: false }))?.why).toContain(
      'no gate of this scenario watches it',
    );
    expect(ask(comparisonWith(0.05, [], null), { fault: 'sleep' })).toMatchObject({ caught: false, passed: false });
  });

  test('is not caught by a gate that fails for another reason', () => {
    expect(ask(comparisonWith(0.05, [], null), { fault: 'leak-heap' })).toMatchObject({
      caught: false,
      verdict: 'regressed',
    });
  });

  test('that only keeps memory need not be named, since no profile shows who keeps', () => {
    const growth = {
      requests: 1000,
      liveHeapBytesStart: 5e6,
      liveHeapBytesEnd: 5e6,
      liveObjectsStart: 2e4,
      liveObjectsEnd: 2e4,
      goroutinesStart: 10,
      goroutinesEnd: 10,
    };
    const window = windowOf({ cpuNs: 1e6 });
    const launches = Array.from({ length: 12 }, (_, index) =>
      launchOf(index, [pairOf(window, window)], { growth: { base: growth, head: { ...growth, goroutinesEnd: 20 } } }),
    );
    const comparison = compareRun(fileOf([runOf(launches, { scenario })]));
    expect(ask(comparison, { fault: 'leak-goroutine' })).toMatchObject({
      caught: true,
      named: 'not possible',
      passed: true,
    });
  });

  test('in an invalid run is missed, and the reason is told', () => {
    const invalid = { code: 'restarted', message: 'base restarted', side: 'base' } as const;
    const comparison = compareRun(fileOf([cpuRun([0.05, 0.05], { scenario, invalid })]));
    expect(ask(comparison)?.why).toContain('base restarted');
  });
});

test('every fault is watched by a metric that could be a gate', () => {
  for (const kind of FAULT_KINDS) expect(WATCHED_BY[kind].length).toBeGreaterThan(0);
});

test('the table is one line per fault under aligned heads, with the reason below what was missed', () => {
  const proofs = [ask(comparisonWith(0.05, [], 'main.work')), ask(comparisonWith(0, [], null))].flatMap(
    (one) => one ?? [],
  );
  const lines = proofTable(proofs).split('\n');
  expect(lines).toHaveLength(4);
  const [head = '', first = '', second = ''] = lines;
  for (const word of ['planted', 'caught', 'named', 'after', 'measured']) {
    expect(first[head.indexOf(word) - 1]).toBe(' ');
    expect(first[head.indexOf(word)]).not.toBe(' ');
  }
  expect(second).toContain('MISSED');
  expect(lines[3]).toBe('  CPU per request unchanged');
});
