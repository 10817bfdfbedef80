/** Counts kept with a baseline: the same verdict as from the profiles they were made of, and none across conditions. */
import { describe, expect, it } from 'vitest';
import { judgeExact, judgeStoredCounts, whyOtherCounts } from '../../../harness/compare/index.ts';
import type { CountConditions, MetricComparison } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { scenarioWith } from '../../builders/scenarios.ts';
import { CONDITIONS, countedHead, type CountedHead, type Work } from '../../builders/stored-counts.ts';

const scenario = scenarioWith({ gates: { instructionsPerRequest: { failRatio: 0.0025, failAbsolute: null } } });

const judge = (before: CountedHead, after: CountedHead) =>
  judgeStoredCounts({
    before: before.counts,
    after: after.counts,
    scenario,
    cpuNsPerRequest: 300_000,
    modulePath: 'example.com/shop',
  });

const instructions = (rows: readonly MetricComparison[]): MetricComparison | undefined =>
  rows.find(({ metric }) => metric === 'instructionsPerRequest');

/** Per request; what launches of identical code differ by where nothing else runs is 0.003 to 0.01 %. */
const SD = 0.00005;

const launches = (seed: number, work: Work): readonly Work[] => {
  const normal = normalDeviates(randomFrom(seed));
  return Array.from({ length: 5 }, () =>
    Object.fromEntries(Object.entries(work).map(([name, each]) => [name, Math.round(each * (1 + SD * normal()))])),
  );
};

const WORK: Work = { 'main.encode': 600_000, 'main.sort': 300_000, 'main.small': 9000 };

describe('stored counts', () => {
  it('are judged as the profiles they were made of: every figure, every function', () => {
    const before = countedHead(launches(1, WORK));
    const after = countedHead(launches(2, { ...WORK, 'main.sort': 304_000 }));
    const all = [
      ...before.launches.map(({ launch, profile }) => ({ launch: { ...launch, side: 'base' as const }, profile })),
      ...after.launches,
    ];
    const direct = judgeExact({
      run: { ...after.exact, launches: all.map(({ launch }) => launch) },
      launches: all,
      scenario,
      cpuNsPerRequest: 300_000,
      diff: [],
      moduleChanges: [],
      modulePath: 'example.com/shop',
    });
    expect(judge(before, after)).toEqual(direct);
    expect(instructions(direct.exactRows)?.verdict).toBe('regressed');
  });

  it('take one number for launches that agree', () => {
    const { counts } = countedHead([WORK, WORK, { ...WORK, 'main.small': 9001 }]);
    expect(counts.functions.map(({ name, instructions: each }) => [name, each])).toEqual([
      ['main.encode', 60_000_000],
      ['main.sort', 30_000_000],
      ['main.small', [900_000, 900_000, 900_100]],
    ]);
  });

  it('of identical code stay quiet, 300 of 300', () => {
    const verdicts = Array.from({ length: 300 }, (_, i) =>
      judge(countedHead(launches(2 * i + 1, WORK)), countedHead(launches(2 * i + 2, WORK))),
    );
    expect(new Set(verdicts.map(({ exactRows }) => instructions(exactRows)?.verdict))).toEqual(new Set(['unchanged']));
    expect(verdicts.every(({ attribution }) => attribution === null)).toBe(true);
  });

  it('of 0.5 % more regress by the function that executes them, 100 of 100', () => {
    const more = { ...WORK, 'main.encode': WORK['main.encode']! + 0.005 * 909_000 };
    const found = Array.from({ length: 100 }, (_, i) =>
      judge(countedHead(launches(2 * i + 1, WORK)), countedHead(launches(2 * i + 2, more))),
    );
    expect(new Set(found.map(({ exactRows }) => instructions(exactRows)?.verdict))).toEqual(new Set(['regressed']));
    expect(new Set(found.map(({ attribution }) => attribution?.culprit))).toEqual(new Set(['main.encode']));
    expect(found.every(({ functions }) => functions[0]?.function === 'main.encode')).toBe(true);
  });

  it('are not judged where launches of one side do not agree, whoever seems to execute more', () => {
    const odd = [1, 1.01, 1.02, 1.03, 1.04].map((times) => ({ ...WORK, 'main.sort': 300_000 * times }));
    const row = instructions(judge(countedHead(odd), countedHead(launches(1, WORK))).exactRows);
    expect(row).toMatchObject({ verdict: 'notJudged', reason: expect.stringContaining('main.sort') as string });
  });

  it('tell the routes that execute more, where they were counted apart', () => {
    const named = scenarioWith({
      load: { requests: ['list', 'search'].map((name) => ({ ...scenario.load.requests[0]!, name })) },
    });
    const routes = (search: number) => ({
      routes: [
        { route: 0, requests: 40, instructions: 40 * 500_000 },
        { route: 1, requests: 60, instructions: 60 * search },
      ],
    });
    const before = countedHead(launches(1, WORK), {}, routes(2_000_000)).counts;
    const after = countedHead(launches(2, WORK), {}, routes(2_010_000)).counts;
    const given = { before, after, scenario: named, cpuNsPerRequest: null, modulePath: null };
    expect(judgeStoredCounts(given).exact.counted?.routes).toEqual([
      { name: 'list', base: 500_000, head: 500_000, isChanged: false },
      { name: 'search', base: 2_000_000, head: 2_010_000, isChanged: true },
    ]);
    expect(judgeStoredCounts({ ...given, scenario }).exact.counted?.routes).toBeUndefined();
  });

  it('decide on system calls', () => {
    const one = { syscalls: { write: CONDITIONS.requests } };
    const two = { syscalls: { write: 2 * CONDITIONS.requests } };
    const found = judge(countedHead(launches(1, WORK), {}, one), countedHead(launches(2, WORK), {}, two));
    expect(found.exactRows.find(({ metric }) => metric === 'syscallsPerRequest')).toMatchObject({
      verdict: 'regressed',
      base: 1,
      head: 2,
    });
  });

  it('decide on allocations, unless launches of one side differ by more than would fail', () => {
    const MAKER = 'runtime.mallocgcSmallScanNoHeader';
    const allocating = (...calls: readonly number[]): CountedHead =>
      countedHead(
        launches(1, { ...WORK, [MAKER]: 4000 }),
        {},
        {},
        calls.map((each) => ({ [MAKER]: each })),
      );
    const rowOf = (before: CountedHead, after: CountedHead): MetricComparison | undefined =>
      judge(before, after).exactRows.find(({ metric }) => metric === 'mallocsPerRequest');
    const base = allocating(200, 200, 200, 200, 200);
    expect(rowOf(base, allocating(204, 204, 204, 204, 204))).toMatchObject({
      verdict: 'regressed',
      base: 200,
      head: 204,
      decidedBy: { stage: 'exact', unit: 'launch' },
    });
    expect(rowOf(base, base)).toMatchObject({ verdict: 'unchanged', gate: true });
    expect(rowOf(base, allocating(201, 201, 201, 201, 201))?.verdict).toBe('changed');
    expect(rowOf(base, allocating(200, 201, 202, 203, 204))).toBeUndefined();
    expect(rowOf(countedHead(launches(1, WORK)), countedHead(launches(2, WORK)))).toBeUndefined();
  });

  it('are refused under other conditions, and say so where their answers differ', () => {
    const found = judge(countedHead(launches(1, WORK)), countedHead(launches(2, WORK), { seed: 8 }));
    expect(found.exactRows).toEqual([]);
    expect(found.exact.refusal).toBe('the baseline was counted under other conditions: seed (7 → 8); record it again');
    const replies = (status: number) => ({ replies: { route: [0], status: [status], bytes: [2], masked: ['a'] } });
    const { exact } = judge(
      countedHead(launches(1, WORK), {}, replies(200)),
      countedHead(launches(2, WORK), {}, replies(404)),
    );
    expect(exact.refusal).toMatch('answered with different statuses');
  });
});

describe('conditions of counts', () => {
  const others: readonly (readonly [string, Partial<CountConditions>, string])[] = [
    ['Go', { goVersion: 'go1.26.9' }, 'Go version (go1.26.8 → go1.26.9)'],
    ['the system', { goos: 'darwin' }, 'platform (linux/amd64 → darwin/amd64)'],
    ['the architecture', { goarch: 'arm64' }, 'platform (linux/amd64 → linux/arm64)'],
    [
      'a setting of Go',
      { goSettings: { CGO_ENABLED: '0', GOAMD64: 'v3' } },
      'Go settings (CGO_ENABLED=1 GOAMD64=v1 → CGO_ENABLED=0 GOAMD64=v3)',
    ],
    ['the emulator', { engineVersion: '9.0.1' }, 'engine (qemu 7.2 → qemu 9.0)'],
    ['the engine', { engine: 'perf' }, 'engine (qemu 7.2 → perf 7.2)'],
    ['the emulated CPU', { cpu: 'Haswell' }, 'emulated CPU (max → Haswell)'],
    ['what that CPU offers', { cpuFeatures: 'GenuineIntel' }, 'features of the emulated CPU'],
    ['the plugin', { plugin: 'p2' }, 'counting plugin'],
    ['the patches', { runtimePatches: 'none' }, 'patches of Go’s runtime'],
    ['the agent', { agent: 'a2' }, 'agent'],
    ['GOMAXPROCS', { gomaxprocs: 2 }, 'GOMAXPROCS (1 → 2)'],
    ['GOGC', { gogc: '100' }, 'GOGC (off → 100)'],
    ['GOMEMLIMIT', { gomemlimit: '1GiB' }, 'GOMEMLIMIT (off → 1GiB)'],
    ['GODEBUG', { godebug: 'x=1' }, 'GODEBUG (asyncpreemptoff=1 → x=1)'],
    ['the seed', { seed: 8 }, 'seed (7 → 8)'],
    ['how many', { requests: 60 }, 'number of requests (100 → 60)'],
    ['the requests', { requestsDigest: 'd2' }, 'requests'],
  ];

  it.each(others)('that differ in %s forbid to compare', (_, change, named) => {
    expect(whyOtherCounts(CONDITIONS, { ...CONDITIONS, ...change })).toBe(
      `the baseline was counted under other conditions: ${named}; record it again`,
    );
  });

  it('are all looked at', () => {
    const tried = new Set(others.flatMap(([, change]) => Object.keys(change)));
    expect(tried).toEqual(new Set(Object.keys(CONDITIONS)));
  });

  it('may differ in the emulator’s own corrections', () => {
    expect(whyOtherCounts(CONDITIONS, { ...CONDITIONS, engineVersion: '7.2.9' })).toBeNull();
  });
});
