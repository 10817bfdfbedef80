/** Comparisons made by hand, one per story a reviewer may meet; figures are plausible, not measured. */
import { metricDef } from '../../harness/metrics/index.ts';
import type {
  Comparison,
  ExactCounted,
  ExactSummary,
  FunctionComparison,
  FunctionGateComparison,
  GatedFunction,
  MetricComparison,
  MetricId,
  RunVerdict,
  ScenarioComparison,
  ScenarioTime,
  TimeTaken,
} from '../../harness/model/index.ts';

const PRACTICAL: Partial<Record<MetricId, number>> = {
  cpuNsPerRequest: 0.01,
  mallocsPerRequest: 0.01,
  allocBytesPerRequest: 0.01,
  latencyP50Ms: 0.2,
  mutexWaitNsPerRequest: 0.2,
};

/** A metric compared by ratio; its effect follows from base and head. */
export const byRatio = (
  metric: MetricId,
  base: number,
  head: number,
  halfWidth: number,
  rest: Partial<MetricComparison> = {},
): MetricComparison => {
  const effect = head / base - 1;
  return {
    metric,
    unit: metricDef(metric).unit,
    better: 'lower',
    gate: metric in PRACTICAL,
    required: false,
    base,
    head,
    effectRatio: effect,
    ciRatio: [effect - halfWidth, effect + halfWidth],
    effectAbsolute: null,
    ciAbsolute: null,
    ciLevel: 0.98,
    pValue: 0.0004,
    qValue: 0.001,
    practicalRatio: PRACTICAL[metric] ?? null,
    practicalAbsolute: null,
    smallestDetectableRatio: halfWidth * 1.2,
    verdict: 'unchanged',
    reason: null,
    decidedBy: { stage: 'judged', unit: 'launch', n: 8, linkSeeds: 8 },
    unitsNeeded: null,
    warnings: [],
    ...rest,
  };
};

/** A metric compared by difference in its unit (growth, errors). */
export const byDifference = (
  metric: MetricId,
  base: number,
  head: number,
  halfWidth: number,
  rest: Partial<MetricComparison> = {},
): MetricComparison => ({
  ...byRatio(metric, 1, 1, 0),
  gate: true,
  base,
  head,
  effectRatio: null,
  ciRatio: null,
  effectAbsolute: head - base,
  ciAbsolute: [head - base - halfWidth, head - base + halfWidth],
  practicalRatio: null,
  practicalAbsolute: metric === 'errorRatio' ? 0.001 : metric === 'heapGrowthBytesPerRequest' ? 0.64 : 0.01,
  smallestDetectableRatio: null,
  ...rest,
});

export const row = (name: string, rest: Partial<FunctionComparison> = {}): FunctionComparison => ({
  profile: 'cpu',
  function: name,
  package: 'main',
  file: 'handlers.go',
  line: 42,
  basePerRequest: 120_345,
  headPerRequest: 138_000,
  deltaPerRequest: 17_655,
  baseCumPerRequest: 180_000,
  headCumPerRequest: 197_655,
  unit: 'ns',
  impactRatio: 0.0217,
  impactCiRatio: [0.014, 0.029],
  smallestDetectableRatio: 0.004,
  qValue: 0.001,
  baseCallsPerRequest: null,
  headCallsPerRequest: null,
  kind: 'regressed',
  path: ['net/http.(*conn).serve', 'net/http.(*ServeMux).ServeHTTP', 'main.handleItems', name],
  changedInDiff: true,
  movedTo: null,
  ...rest,
});

/** A function that exact mode counted. */
export const counted = (name: string, rest: Partial<FunctionComparison> = {}): FunctionComparison =>
  row(name, {
    profile: 'instructions',
    unit: 'instructions',
    basePerRequest: 41_000,
    headPerRequest: 43_713,
    deltaPerRequest: 2713,
    baseCumPerRequest: 41_000,
    headCumPerRequest: 43_713,
    impactRatio: 0.0033,
    impactCiRatio: [0.0032, 0.0034],
    smallestDetectableRatio: 0.0001,
    qValue: null,
    baseCallsPerRequest: 1,
    headCallsPerRequest: 1,
    ...rest,
  });

/** A function with a limit, of which the estimate follows from base and head. */
export const gated = (
  name: string,
  base: number,
  head: number,
  ciRatio: GatedFunction['ciRatio'],
  rest: Partial<GatedFunction> = {},
): GatedFunction => ({
  function: name,
  unit: 'ns',
  basePerRequest: base,
  headPerRequest: head,
  effectRatio: head / base - 1,
  ciRatio,
  qValue: 0.0001,
  movedTo: null,
  verdict: 'unchanged',
  ...rest,
});

export const functionGate = (
  pattern: string,
  failRatio: number,
  verdict: FunctionGateComparison['verdict'],
  functions: readonly GatedFunction[],
  rest: Partial<FunctionGateComparison> = {},
): FunctionGateComparison => ({
  pattern,
  profile: 'cpu',
  failRatio,
  verdict,
  reason: null,
  matched: functions.length,
  functions,
  ...rest,
});

export const exactOf = (rest: Partial<ExactCounted> = {}): ExactSummary => ({
  engine: 'qemu',
  aaSpreadRatio: 0.0002,
  refusal: null,
  counted: {
    launches: { base: 3, head: 3 },
    requests: 100,
    instructionsPerNs: 3,
    syscalls: [
      { name: 'write', base: 1.16, head: 1.16, isChanged: false },
      { name: 'openat', base: 0, head: 3, isChanged: true },
    ],
    mallocs: { base: 412.3, head: 415 },
    replies: [],
    varyingRoutes: [],
    pathSamples: { base: 431, head: 440 },
    ...rest,
  },
});

/** Of a scenario whose eight launches end with the verdict on CPU. */
export const TIME: ScenarioTime = {
  wholeSeconds: 66.7,
  buildSeconds: 12,
  linkWaitSeconds: 0.2,
  startSeconds: 3,
  warmUpSeconds: 10,
  windowsSeconds: 11,
  contentionSeconds: 1,
  collectingSeconds: 2.8,
  latencySeconds: 26,
  growthSeconds: 0,
  allocationsSeconds: 0,
  explainSeconds: 0,
  exactSeconds: 0,
  exactBuildSeconds: 0,
  stopSeconds: 0.2,
  otherSeconds: 0.5,
  cpuVerdictSeconds: 28.3,
};

export const TOOK: TimeTaken = { wholeSeconds: 70.4, sourcesSeconds: 0.4, readingSeconds: 3, reportingSeconds: 0.3 };

export const scenarioOf = (
  name: string,
  verdict: RunVerdict,
  rest: Partial<ScenarioComparison> = {},
): ScenarioComparison => ({
  scenario: name,
  verdict,
  reason: null,
  pairs: 24,
  launches: 8,
  linkSeeds: 8,
  discardedPairs: 0,
  durationSeconds: 41,
  stop: 'decided',
  exact: null,
  metrics: quietMetrics(),
  functions: [],
  attribution: null,
  loader: { verdict: 'ok', reasons: [] },
  environment: {
    os: 'linux',
    arch: 'x64',
    kernel: '6.8.0',
    cpuModel: 'AMD EPYC 7763',
    cpus: 2,
    memoryBytes: 8 * 2 ** 30,
    nodeVersion: '24.21.0',
    ci: 'github-actions',
    loader: 'autocannon 9.0.0',
    fingerprint: '0123456789abcdef',
  },
  settings: {
    mode: 'together',
    pinned: true,
    unpinnedReason: null,
    targetCpus: [1],
    loaderCpus: [0],
    cpuSource: 'schedstat',
    gomaxprocs: 1,
    gogc: '100',
    gomemlimit: 'off',
    inFlight: 1,
    latencyRatePerSecond: 200,
  },
  warnings: [],
  ...rest,
});

const quietMetrics = (): readonly MetricComparison[] => [
  byRatio('cpuNsPerRequest', 812_345, 813_100, 0.006),
  byRatio('mallocsPerRequest', 412, 412, 0.0002),
  byRatio('allocBytesPerRequest', 38_120, 38_140, 0.0008),
  byDifference('heapGrowthBytesPerRequest', 0.1, 0.1, 0.2),
  byDifference('goroutineGrowthPerRequest', 0, 0, 0.0004),
  byDifference('errorRatio', 0, 0, 0),
  byRatio('latencyP50Ms', 2.1, 2.11, 0.03, { decidedBy: { stage: 'latency', unit: 'launch', n: 4, linkSeeds: 4 } }),
];

/** The quiet metrics with some replaced. */
const quietBut = (...changed: readonly MetricComparison[]): readonly MetricComparison[] =>
  quietMetrics().map((metric) => changed.find((one) => one.metric === metric.metric) ?? metric);

const quietAnd = (...added: readonly MetricComparison[]): readonly MetricComparison[] => [
  ...quietBut(...added),
  ...added.filter((one) => !quietMetrics().some((metric) => metric.metric === one.metric)),
];

export const comparisonOf = (scenarios: readonly ScenarioComparison[], rest: Partial<Comparison> = {}): Comparison => ({
  schemaVersion: 1,
  godynoVersion: '0.1.0',
  verdict: scenarios[0]?.verdict ?? 'unchanged',
  base: { revision: '3f2a9c51d04be87766554433221100ffeeddccbb', label: 'main' },
  head: { revision: 'b81e07d2c9aa55443322110099887766f5e4d3c2', label: 'faster-json' },
  seed: 7,
  method: 'duet',
  scenarios,
  ...rest,
});

const judgedRows = { source: 'judged', samples: { base: 431, head: 440 }, diffuse: null, warnings: [] } as const;

const regressed = (scenario: Partial<ScenarioComparison>): Comparison =>
  comparisonOf([scenarioOf('demo', 'regressed', scenario)]);

const failing = { verdict: 'regressed' } as const;

/** name of the stored text → the story. */
export const STORIES: Readonly<Record<string, Comparison>> = {
  'regressed-cpu': regressed({
    metrics: quietBut(byRatio('cpuNsPerRequest', 812_345, 830_112, 0.0095, failing)),
    functions: [
      row('main.encode'),
      row('main.handleItems', { basePerRequest: 9_000, headPerRequest: 9_000, deltaPerRequest: 0, kind: 'unclear' }),
    ],
    attribution: { ...judgedRows, source: 'explain', samples: { base: 3104, head: 3188 }, culprit: 'main.encode' },
  }),
  'regressed-alloc': regressed({
    metrics: quietBut(
      byRatio('mallocsPerRequest', 412, 445, 0.0002, failing),
      byRatio('allocBytesPerRequest', 38_120, 39_940, 0.001, failing),
    ),
    functions: [
      row('main.render', {
        profile: 'alloc_objects',
        unit: 'count',
        basePerRequest: 12,
        headPerRequest: 45,
        deltaPerRequest: 33,
        baseCumPerRequest: 12,
        headCumPerRequest: 45,
        impactRatio: 0.08,
        impactCiRatio: [0.071, 0.089],
        file: 'render.go',
        line: 88,
      }),
      row('main.render', {
        profile: 'alloc_space',
        unit: 'B',
        basePerRequest: 700,
        headPerRequest: 2_520,
        deltaPerRequest: 1_820,
        baseCumPerRequest: 700,
        headCumPerRequest: 2_520,
        impactRatio: 0.0477,
        impactCiRatio: null,
        file: 'render.go',
        line: 88,
      }),
    ],
    attribution: { ...judgedRows, culprit: 'main.render' },
  }),
  'regressed-lock-wait': regressed({
    metrics: quietAnd(byRatio('mutexWaitNsPerRequest', 1_900, 41_000, 2.1, failing)),
    functions: [
      row('main.(*cache).Get', {
        profile: 'mutex',
        basePerRequest: 1_700,
        headPerRequest: 40_500,
        deltaPerRequest: 38_800,
        baseCumPerRequest: 1_700,
        headCumPerRequest: 40_500,
        impactRatio: 20.4,
        impactCiRatio: [18.2, 22.6],
        file: 'cache.go',
        line: 31,
      }),
    ],
    attribution: { ...judgedRows, culprit: 'main.(*cache).Get' },
  }),
  'regressed-latency-sleep': regressed({
    metrics: quietBut(
      byRatio('latencyP50Ms', 2.1, 5.14, 0.04, {
        ...failing,
        decidedBy: { stage: 'latency', unit: 'launch', n: 4, linkSeeds: 4 },
      }),
    ),
    attribution: { ...judgedRows, culprit: null, diffuse: 'No function spends more CPU or waits longer for a lock.' },
  }),
  'regressed-leak-heap': regressed({
    metrics: quietBut(
      byDifference('heapGrowthBytesPerRequest', 0.1, 1_229, 84, {
        ...failing,
        decidedBy: { stage: 'growth', unit: 'launch', n: 4, linkSeeds: 4 },
      }),
    ),
    functions: [
      row('main.(*sessions).Add', {
        profile: 'inuse_space',
        unit: 'B',
        basePerRequest: 0,
        headPerRequest: 1_230,
        deltaPerRequest: 1_230,
        held: { base: 0, head: 12_300_000 },
        baseCumPerRequest: 0,
        headCumPerRequest: 1_230,
        impactRatio: 4.1,
        impactCiRatio: [3.8, 4.4],
        kind: 'new',
        file: 'sessions.go',
        line: 19,
      }),
    ],
    attribution: { ...judgedRows, culprit: 'main.(*sessions).Add' },
  }),
  'regressed-leak-goroutine': regressed({
    functions: [
      row('main.(*hub).watch', {
        profile: 'goroutine',
        unit: 'count',
        basePerRequest: 0,
        headPerRequest: 0.1,
        deltaPerRequest: 0.1,
        held: { base: 0, head: 270 },
        baseCumPerRequest: 0,
        headCumPerRequest: 0.1,
        impactRatio: 19.3,
        impactCiRatio: [17.1, 21.5],
        kind: 'new',
        file: 'hub.go',
        line: 61,
        path: ['main.(*hub).watch'],
      }),
    ],
    attribution: { ...judgedRows, culprit: 'main.(*hub).watch' },
    metrics: quietBut(
      byDifference('goroutineGrowthPerRequest', 0, 0.101, 0.002, {
        ...failing,
        decidedBy: { stage: 'growth', unit: 'launch', n: 4, linkSeeds: 4 },
      }),
    ),
  }),
  'regressed-errors': regressed({
    metrics: [
      byDifference('errorRatio', 0, 0.023, 0.004, failing),
      byRatio('cpuNsPerRequest', 812_345, 640_000, 0.01, {
        verdict: 'notJudged',
        reason: 'requests fail on head, so its cost is that of an error page',
        smallestDetectableRatio: null,
      }),
    ],
    warnings: ['GET /items answered 500 on head for 184 of 8,000 requests.'],
  }),
  'regressed-function': regressed({
    functionGates: [
      functionGate('main.encode', 0.2, 'regressed', [
        gated('main.encode', 120_345, 172_000, [0.31, 0.55], { verdict: 'regressed' }),
      ]),
      functionGate(
        'main.(*cache).*',
        0.5,
        'unchanged',
        [
          gated('main.(*cache).Get', 40_100, 41_000, [-0.11, 0.15]),
          gated('main.(*cache).Put', 9_000, 10_400, [-0.2, 0.5]),
        ],
        { matched: 3, reason: '1 of 3 functions have too few samples to be judged' },
      ),
      functionGate('main.encodr', 0.2, 'notJudged', [], { reason: 'no function matches' }),
    ],
    functions: [row('main.encode', { kind: 'unclear' })],
    attribution: { ...judgedRows, source: 'explain', samples: { base: 5104, head: 5188 }, culprit: null },
  }),
  'function-not-judged': comparisonOf([
    scenarioOf('demo', 'unchanged', {
      functionGates: [
        functionGate(
          'main.encode',
          0.2,
          'notJudged',
          [gated('main.encode', 120_345, 131_000, [-0.18, 0.36], { verdict: 'notJudged' })],
          { reason: 'too few samples: +36 % cannot be ruled out' },
        ),
      ],
    }),
  ]),
  improved: comparisonOf([
    scenarioOf('demo', 'improved', {
      metrics: quietBut(byRatio('cpuNsPerRequest', 830_112, 780_300, 0.008, { verdict: 'improved' })),
      functions: [
        row('main.encode', {
          basePerRequest: 138_000,
          headPerRequest: 90_100,
          deltaPerRequest: -47_900,
          baseCumPerRequest: 197_000,
          headCumPerRequest: 149_100,
          impactRatio: -0.0577,
          impactCiRatio: [-0.066, -0.05],
          kind: 'improved',
        }),
      ],
      attribution: { ...judgedRows, culprit: 'main.encode' },
    }),
  ]),
  unchanged: comparisonOf([scenarioOf('demo', 'unchanged', { took: TIME })], { took: TOOK }),
  inconclusive: comparisonOf([
    scenarioOf('demo', 'inconclusive', {
      stop: 'budget',
      launches: 16,
      linkSeeds: 16,
      pairs: 48,
      discardedPairs: 3,
      durationSeconds: 118,
      metrics: quietBut(
        byRatio('cpuNsPerRequest', 812_345, 819_800, 0.015, {
          verdict: 'inconclusive',
          reason: 'The interval holds both no change and a change that fails.',
          decidedBy: { stage: 'judged', unit: 'launch', n: 16, linkSeeds: 16 },
          unitsNeeded: 32,
        }),
      ),
    }),
  ]),
  invalid: comparisonOf([
    scenarioOf('demo', 'invalid', {
      stop: 'invalid',
      reason: '7 of 24 pairs were discarded: the host took more than 15 % of the CPU.',
      discardedPairs: 7,
      metrics: [
        byRatio('cpuNsPerRequest', 812_345, 930_000, 0.4, { verdict: 'invalid', smallestDetectableRatio: null }),
      ],
    }),
  ]),
  'unpinned-not-judged': comparisonOf([
    scenarioOf('demo', 'unchanged', {
      settings: {
        ...scenarioOf('demo', 'unchanged').settings,
        pinned: false,
        unpinnedReason: 'this machine has one CPU',
        targetCpus: [],
        cpuSource: 'rusage',
      },
      metrics: quietBut(
        byRatio('cpuNsPerRequest', 812_345, 841_000, 0.09, { verdict: 'notJudged', reason: 'not pinned' }),
        byRatio('latencyP50Ms', 2.1, 2.4, 0.3, { verdict: 'notJudged', reason: 'not pinned' }),
      ),
    }),
  ]),
  'regressed-exact': regressed({
    exact: exactOf({
      replies: [{ route: 'search', requests: 4, of: 18, what: 'body', firstBytes: { base: 1834, head: 1902 } }],
      varyingRoutes: ['quote'],
    }),
    metrics: quietAnd(
      byRatio('instructionsPerRequest', 822_121, 834_834, 0, {
        ...failing,
        gate: true,
        warnings: [
          'Worth about +4.2 µs a request (estimated at 3 instructions per ns), 1.2 % of the CPU per request.',
          'Left out, since they run without requests, too (0.04 % of all work): main.tick.',
        ],
      }),
    ),
    functions: [
      counted('main.encode'),
      counted('main.lookUp', {
        basePerRequest: 5000,
        headPerRequest: 15_000,
        deltaPerRequest: 10_000,
        impactRatio: 0.0122,
        headCallsPerRequest: 3,
        changedInDiff: false,
      }),
      counted('allocator', { file: '', changedInDiff: false, path: ['allocator'] }),
    ],
    attribution: {
      source: 'exact',
      samples: null,
      diffuse: null,
      culprit: 'main.encode',
      warnings: ['It executes more instructions, most in main.encode, too few to show in CPU time.'],
    },
  }),
  'new-on-head': comparisonOf([], {
    newOnHead: [
      {
        scenario: 'orders',
        reason: 'base has no package ./cmd/orders',
        figures: ['built to 12.3 MiB and ready in 140 ms', 'list answered 200 with 2.1 KiB in 1.4 ms'],
      },
    ],
  }),
  'stored-other-machine': comparisonOf(
    [
      scenarioOf('demo', 'regressed', {
        stop: 'recorded',
        metrics: [
          byRatio('mallocsPerRequest', 412, 430, 0.001, {
            ...failing,
            decidedBy: { stage: 'stored', unit: 'run', n: 2, linkSeeds: 8 },
          }),
          byRatio('cpuNsPerRequest', 612_000, 830_112, 0.2, {
            verdict: 'notJudged',
            reason: 'another machine',
            smallestDetectableRatio: null,
          }),
        ],
      }),
    ],
    {
      method: 'other-machine',
      base: { revision: '3f2a9c51d04be87766554433221100ffeeddccbb', label: 'baselines/demo' },
    },
  ),
};
