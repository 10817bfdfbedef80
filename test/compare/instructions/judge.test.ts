import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  judgeExact,
  lookAtCounts,
  type ExactFindings,
  type ExactInput,
} from '../../../harness/compare/instructions/judge.ts';
import { instructionsProfile } from '../../../harness/compare/counts/profile.ts';
import type { CountedStack, ExactLaunch, ExactRun, FileDiff, Side, WorkGroup } from '../../../harness/model/index.ts';
import { decodeProfile, encodeProfile } from '../../../harness/profile/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { flatCumRows } from '../../profile/top-table.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const REQUESTS = 100;

interface Given {
  readonly instructions: number;
  readonly calls?: number;
  readonly group?: WorkGroup;
  readonly idle?: number;
  /** Compiled into this function. */
  readonly into?: string;
}

/** Per request and function, of one launch. */
type Counted = Readonly<Record<string, Given | number>>;

const fileOf = (name: string): string => `example.com/demo/${name.split('.')[0]}.go`;

const frameOf = (name: string) => ({ function: name, file: fileOf(name), line: 12, startLine: 10 });

const given = (value: Given | number): Given => (typeof value === 'number' ? { instructions: value } : value);

const stacksOf = (counted: Counted, pick: (value: Given) => number): readonly CountedStack[] =>
  Object.entries(counted).flatMap(([name, value]): readonly CountedStack[] => {
    const { calls = 1, group = 'user', into } = given(value);
    const frames = into === undefined ? [frameOf(name)] : [frameOf(name), frameOf(into)];
    const body = { frames, group, instructions: pick(given(value)) * REQUESTS, calls: 0 };
    const entry = { frames: [frameOf(name)], group, instructions: 0, calls: calls * REQUESTS };
    return into === undefined ? [body, entry] : [body];
  });

interface Launched {
  readonly counted: Counted;
  readonly idleSeconds?: number;
  readonly moreWarmUp?: number;
  readonly syscalls?: Readonly<Record<string, number>>;
  /** Of the one answer that was read. */
  readonly status?: number;
}

const profiled = (
  side: Side,
  index: number,
  { counted, idleSeconds = 1, moreWarmUp, syscalls = {}, status }: Launched,
) => {
  const launch: ExactLaunch = {
    index,
    side,
    linkSeed: null,
    requests: REQUESTS,
    groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
    windowSeconds: 1,
    idleSeconds,
    syscalls: Object.fromEntries(Object.entries(syscalls).map(([name, count]) => [name, count * REQUESTS])),
    threads: 5,
    ...(moreWarmUp === undefined ? {} : { moreWarmUp }),
    ...(status === undefined ? {} : { replies: { route: [0], status: [status], bytes: [2], masked: ['a'] } }),
    profile: '',
    wallSeconds: 2,
  };
  const idle = stacksOf(counted, (value) => value.idle ?? 0).filter(({ calls }) => calls === 0);
  return {
    launch,
    profile: instructionsProfile(
      stacksOf(counted, ({ instructions }) => instructions),
      idle,
    ),
  };
};

interface Changes extends Partial<ExactInput> {
  readonly steady?: boolean;
  readonly refusal?: string;
  readonly failRatio?: number;
}

const inputOf = (base: readonly Launched[], head: readonly Launched[], more: Changes = {}): ExactInput => {
  const launches = [
    ...base.map((launch, i) => profiled('base', i, launch)),
    ...head.map((launch, i) => profiled('head', i, launch)),
  ];
  const { steady = true, refusal = null, failRatio, ...input } = more;
  const run: ExactRun = {
    engine: 'qemu',
    refusal,
    steady,
    unsteadyReason: steady ? null : 'another Go',
    launches: launches.map(({ launch }) => launch),
    warnings: [],
  };
  return {
    run,
    launches,
    scenario: scenarioWith(
      failRatio === undefined ? {} : { gates: { instructionsPerRequest: { failRatio, failAbsolute: null } } },
    ),
    cpuNsPerRequest: 1_000_000 / 3,
    diff: [],
    moduleChanges: [],
    modulePath: 'example.com/demo',
    ...input,
  };
};

const judge = (...sides: Parameters<typeof inputOf>): ExactFindings => judgeExact(inputOf(...sides));

/** A service of about a million instructions a request: three launches with these totals in one function. */
const totals = (...values: readonly number[]): readonly Launched[] =>
  values.map((value) => ({ counted: { 'main.rest': value - 1000, 'main.fixed': 1000 } }));

const rowOf = (found: ExactFindings) => found.exactRows[0];

describe('instructions per request', () => {
  const base = totals(1_000_000, 1_000_010, 1_000_020);

  it('of identical code are unchanged, and three launches a side are enough', () => {
    const found = judge(base, base);
    expect(rowOf(found)).toMatchObject({ verdict: 'unchanged', effectRatio: 0, smallestDetectableRatio: 0.001 });
    expect(found).toMatchObject({ launchesWanted: 3, attribution: null, exact: { refusal: null } });
    expect(found.exact.aaSpreadRatio).toBeCloseTo(20 / 1_000_000, 12);
  });

  it('that are 0.2 % more are changed, told as worth 0.2 % of the CPU, and no regression', () => {
    const row = rowOf(judge(base, totals(1_002_000, 1_002_010, 1_002_020)));
    expect(row).toMatchObject({ verdict: 'changed', base: 1_000_010, head: 1_002_010 });
    expect(row?.warnings[0]).toContain('Worth about +667 ns');
    expect(row?.warnings[0]).toContain('0.2 % of the CPU per request: too little to be measured in CPU time');
  });

  it('that are 2 % more regress where they are 2 % of the CPU, and not where they are 0.4 % of it', () => {
    const head = totals(1_020_000, 1_020_010, 1_020_020);
    expect(rowOf(judge(base, head))?.verdict).toBe('regressed');
    expect(rowOf(judge(base, head, { cpuNsPerRequest: 5_000_000 / 3 }))?.verdict).toBe('changed');
  });

  it('fail by the scenario’s own limit instead where it sets one', () => {
    const head = totals(1_003_000, 1_003_010, 1_003_020);
    expect(rowOf(judge(base, head, { failRatio: 0.002 }))?.verdict).toBe('regressed');
    expect(rowOf(judge(base, head, { failRatio: 0.004 }))?.verdict).toBe('changed');
  });

  it('are weighed against all instructions where CPU was not measured, and it says so', () => {
    const row = rowOf(judge(base, totals(1_020_000, 1_020_010, 1_020_020), { cpuNsPerRequest: null }));
    expect(row?.verdict).toBe('regressed');
    expect(row?.warnings[0]).toContain('CPU per request was not measured');
  });

  it('change only by more than three times what launches of one side differ by', () => {
    const noisy = totals(1_000_000, 1_000_500, 1_001_000);
    const above = (delta: number) => totals(1_000_000 + delta, 1_000_500 + delta, 1_001_000 + delta);
    expect(rowOf(judge(noisy, above(2990)))?.verdict).toBe('unchanged');
    expect(rowOf(judge(noisy, above(3010)))?.verdict).toBe('changed');
  });

  it('of identical code change in fewer than 1 verdict of 200, however much launches differ', () => {
    const deviate = normalDeviates(randomFrom(7));
    const verdicts = [0.0002, 0.001, 0.005].flatMap((spread) => {
      const launches = () => totals(...[0, 1, 2].map(() => 1_000_000 * (1 + spread * deviate())));
      return Array.from({ length: 700 }, () => rowOf(judge(launches(), launches()))?.verdict);
    });
    const alarms = verdicts.filter((verdict) => verdict !== 'unchanged' && verdict !== 'notJudged');
    expect(verdicts.length / 200).toBeGreaterThan(alarms.length);
    expect(verdicts).toContain('notJudged');
  });

  it('of identical code change in fewer than 1 run of 200, though launches do once what others do not', () => {
    const random = randomFrom(11);
    const deviate = normalDeviates(randomFrom(12));
    const runs = [0.1, 0.3, 0.5, 0.8].flatMap((share) =>
      Array.from({ length: 400 }, () => {
        const six = () =>
          Array.from({ length: 6 }, () => 1_000_000 * (1 + 0.0002 * deviate() + (random() < share ? 0.024 : 0)));
        const [base, head] = [six(), six()];
        const first = judge(totals(...base.slice(0, 3)), totals(...head.slice(0, 3)));
        const wanted = first.launchesWanted;
        const last = wanted === 3 ? first : judge(totals(...base.slice(0, wanted)), totals(...head.slice(0, wanted)));
        return { share, verdict: rowOf(last)?.verdict };
      }),
    );
    const alarms = runs.filter(({ verdict }) => verdict !== 'unchanged' && verdict !== 'notJudged');
    expect(runs.length / 200).toBeGreaterThan(alarms.length);
    const often = runs.filter(({ share, verdict }) => share <= 0.3 && verdict === 'unchanged');
    expect(often.length).toBeGreaterThan(0.9 * runs.filter(({ share }) => share <= 0.3).length);
  });

  it('do not change while any launch of one side lies among the other’s', () => {
    const apart = totals(1_000_000, 1_000_000, 1_000_000);
    expect(rowOf(judge(apart, totals(1_000_000, 1_001_100, 1_001_100)))?.verdict).toBe('unchanged');
    expect(rowOf(judge(apart, totals(1_000_900, 1_001_100, 1_001_100)))?.verdict).toBe('changed');
  });

  it('need 0.3 % where the runtime’s random choices could not be taken out', () => {
    const head = totals(1_002_000, 1_002_010, 1_002_020);
    expect(rowOf(judge(base, head, { steady: false }))?.verdict).toBe('unchanged');
    expect(rowOf(judge(base, totals(1_003_100, 1_003_110, 1_003_120), { steady: false }))?.verdict).toBe('changed');
  });

  it('of a Go whose runtime was not understood say so, and which changes are called then', () => {
    const found = judge(base, base, { steady: false });
    expect(found.exact.unsteadyReason).toBe('another Go');
    expect(rowOf(found)?.warnings).toEqual([
      'Go’s runtime was counted with its random numbers in, since it could not be patched (another Go): launches differ more, and changes are called from 0.3 % on.',
    ]);
    expect(judge(base, base).exact).not.toHaveProperty('unsteadyReason');
    expect(rowOf(judge(base, base))?.warnings).toEqual([]);
  });

  it('of a runtime with its random choices in are judged by what its launches differ by, up to 0.6 %', () => {
    const differing = (ratio: number) => totals(1_000_000, 1_000_000 * (1 + ratio / 2), 1_000_000 * (1 + ratio));
    const within = differing(0.004);
    expect(rowOf(judge(within, within))?.verdict).toBe('notJudged');
    expect(rowOf(judge(within, within, { steady: false }))).toMatchObject({
      verdict: 'unchanged',
      smallestDetectableRatio: expect.closeTo(0.012, 6) as number,
    });
    const beyond = differing(0.007);
    expect(rowOf(judge(beyond, beyond, { steady: false }))?.verdict).toBe('notJudged');
  });

  it('that do not repeat ask for three more launches, and are not judged, naming the noisy function', () => {
    const wild = totals(1_000_000, 1_004_000, 1_002_000);
    const found = judge(wild, wild);
    expect(found.launchesWanted).toBe(6);
    expect(rowOf(found)).toMatchObject({ verdict: 'notJudged' });
    expect(rowOf(found)?.reason).toBe('unstable: launches of one side differ by 0.4 %, most in main.rest');
  });

  it('that differ ask for two launches more, which confirm it', () => {
    const found = judge(totals(1_000_000, 1_000_100, 1_000_200), totals(1_002_000, 1_002_100, 1_002_200));
    expect(found.launchesWanted).toBe(5);
    expect(rowOf(found)).toMatchObject({ verdict: 'changed' });
  });

  it('that differ as CPU does need no confirmation; the other way round they do, and where they do not repeat', () => {
    const more = [totals(1_000_000, 1_000_100, 1_000_200), totals(1_002_000, 1_002_100, 1_002_200)] as const;
    const wanted = (cpuMoved: 1 | -1 | null): number => lookAtCounts(inputOf(...more, { cpuMoved })).launchesWanted;
    expect([wanted(1), wanted(-1), wanted(null)]).toEqual([3, 5, 5]);
    const fewer = lookAtCounts(inputOf(more[1], more[0], { cpuMoved: -1 }));
    expect(fewer.launchesWanted).toBe(3);
    const wild = totals(1_000_000, 1_004_000, 1_002_000);
    expect(lookAtCounts(inputOf(wild, totals(1_010_000, 1_014_000, 1_012_000), { cpuMoved: 1 })).launchesWanted).toBe(
      6,
    );
  });

  it('are judged by the two of three that agree, where the third executed clearly more', () => {
    const found = judge(totals(1_000_000, 1_024_000, 1_000_100), totals(1_000_010, 1_000_110, 1_024_000));
    expect(found.launchesWanted).toBe(3);
    expect(rowOf(found)).toMatchObject({ verdict: 'unchanged', decidedBy: { n: 2 } });
    expect(rowOf(found)?.warnings[0]).toMatch(/^1 of 3 launches of base executed up to 2\.4 % more once/);
    const less = judge(totals(1_000_000, 976_000, 1_000_100), totals(1_000_010, 1_000_110, 1_000_210));
    expect(rowOf(less)).toMatchObject({ verdict: 'notJudged' });
  });

  it('are judged by the three launches of six that executed least, and the others are told', () => {
    const base = totals(1_000_000, 1_024_000, 1_000_100, 1_000_200, 1_000_300, 1_024_100);
    const same = judge(base, totals(1_024_000, 1_024_000, 1_024_100, 1_000_010, 1_000_110, 1_000_210));
    expect(rowOf(same)).toMatchObject({ verdict: 'unchanged', base: 1_000_100, head: 1_000_110, decidedBy: { n: 3 } });
    expect(rowOf(same)?.warnings).toEqual([
      '2 of 6 launches of base executed up to 2.4 % more once, most in main.rest: set aside.',
      '3 of 6 launches of head executed up to 2.4 % more once, most in main.rest: set aside.',
    ]);
  });

  it('are those of launches that warmed up longer, once there are three a side', () => {
    const longer = (...values: readonly number[]) =>
      totals(...values).map((launched) => ({ ...launched, moreWarmUp: 400 }));
    const wild = totals(1_000_000, 1_024_000, 1_012_000);
    const base = [...wild, ...longer(1_002_000, 1_002_100, 1_002_200)];
    const found = judge(base, [...wild, ...longer(1_002_010, 1_002_110, 1_002_210)]);
    expect(rowOf(found)).toMatchObject({ verdict: 'unchanged', base: 1_002_100, warnings: [] });
    const oneShort = judge(base, [...wild, ...longer(1_002_010, 1_002_110)]);
    expect(rowOf(oneShort)).toMatchObject({ base: 1_002_000 });
  });

  it('are called changed only when no launch of one side lies among the other’s, even one set aside', () => {
    const base = totals(1_000_000, 1_024_000, 1_000_100, 1_000_200, 1_000_300, 1_024_100);
    const worse = judge(base, totals(1_005_000, 1_005_100, 1_005_200, 1_005_300, 1_005_400, 1_005_500));
    expect(rowOf(worse)).toMatchObject({
      verdict: 'notJudged',
      reason:
        'unstable: the sides seem to differ by 0.5 %, but so do launches of one side that were set aside, most in main.rest',
    });
    expect(worse.functions.map(({ kind }) => kind)).toEqual(['unclear']);
    const steady = totals(1_000_000, 1_000_010, 1_000_020, 1_000_030, 1_000_040, 1_000_050);
    const clear = judge(steady, totals(1_005_000, 1_005_100, 1_005_200, 1_005_300, 1_005_400, 1_029_000));
    expect(rowOf(clear)).toMatchObject({ verdict: 'changed', effectRatio: expect.closeTo(0.00509, 5) as number });
  });

  it('are judged by a difference far above even a bad spread', () => {
    const wild = totals(1_000_000, 1_004_000, 1_002_000);
    expect(rowOf(judge(wild, totals(1_100_000, 1_104_000, 1_102_000)))?.verdict).toBe('regressed');
  });

  it('mirror their verdict when the sides are exchanged', () => {
    const mirror = { regressed: 'improved', improved: 'regressed' } as Readonly<Record<string, string>>;
    const values = fc.array(fc.integer({ min: 990_000, max: 1_030_000 }), { minLength: 3, maxLength: 7 });
    fc.assert(
      fc.property(values, values, (left, right) => {
        // The CPU share is of the base's CPU: weigh by the scenario's limit, which knows no side.
        const there = rowOf(judge(totals(...left), totals(...right), { failRatio: 0.01 }));
        const back = rowOf(judge(totals(...right), totals(...left), { failRatio: 0.01 }));
        // A limit lies between +x % and its inverse; both sides of it are right there.
        const margin = Math.abs(Math.abs(there?.effectRatio ?? 0) - 0.01);
        const limit = Math.abs(Math.abs(there?.effectRatio ?? 0) - (there?.smallestDetectableRatio ?? 0));
        fc.pre(margin > 0.001 && limit > 0.001);
        expect(back?.verdict).toBe(mirror[there?.verdict ?? ''] ?? there?.verdict);
      }),
      { numRuns: 60 },
    );
  });

  it('leave out collection and scheduling', () => {
    const withGc = (gc: number): readonly Launched[] =>
      [0, 1, 2].map((i) => ({
        counted: { 'main.rest': 1_000_000 + i, 'runtime.gcDrain': { instructions: gc * (i + 1), group: 'gc' } },
      }));
    expect(rowOf(judge(withGc(1000), withGc(90_000)))).toMatchObject({ verdict: 'unchanged', base: 1_000_001 });
  });

  it('price loads of sync.Map’s trie per call: its depth is luck, its calls are not', () => {
    const load = 'internal/sync.(*HashTrieMap[go.shape.interface {},go.shape.interface {}]).Load';
    const side = (depth: number, calls: number): readonly Launched[] =>
      [0, 1, 2].map(() => ({ counted: { 'main.rest': 100_000, [load]: { instructions: depth * calls, calls } } }));
    expect(rowOf(judge(side(70, 10), side(90, 10)))).toMatchObject({ verdict: 'unchanged', effectRatio: 0 });
    expect(rowOf(judge(side(70, 10), side(70, 20)))?.effectRatio).toBeCloseTo(700 / 100_700, 9);
  });

  it('leave the random look-ups out where the runtime makes random choices', () => {
    const side = (drawn: number): readonly Launched[] =>
      [0, 1, 2].map(() => ({
        counted: { 'main.rest': 100_000, 'runtime.typeAssert': { instructions: drawn, group: 'runtime' } },
      }));
    expect(rowOf(judge(side(900), side(2900), { steady: false }))).toMatchObject({ effectRatio: 0, base: 100_000 });
    expect(rowOf(judge(side(900), side(2900)))?.effectRatio).toBeCloseTo(2000 / 100_900, 9);
  });
});

describe('work that follows the clock', () => {
  const ticking = (ticks: number, idle: number): readonly Launched[] =>
    [0, 1, 2].map(() => ({ counted: { 'main.rest': 100_000, 'main.tick': { instructions: ticks, idle } } }));

  it('is left out on both sides, and listed', () => {
    const row = rowOf(judge(ticking(1000, 1000), ticking(5000, 5000)));
    expect(row).toMatchObject({ verdict: 'unchanged', base: 100_000, head: 100_000 });
    expect(row?.warnings[0]).toContain('Left out, since they run without requests, too (4.8 % of all work): main.tick');
  });

  it('refuses the verdict when it is more than a tenth of all work', () => {
    const found = judge(ticking(30_000, 30_000), ticking(30_000, 30_000));
    expect(found.exact.refusal).toBe('23.1 % of its work follows the clock, not the requests: main.tick');
    expect(found.exactRows).toEqual([]);
  });

  it('is left out though one long look alone saw it, and most windows escaped it', () => {
    const launch = (ticks: number, idle: number, idleSeconds: number): Launched => ({
      counted: { 'main.rest': 100_000, 'main.tick': { instructions: ticks, idle } },
      idleSeconds,
    });
    const base = [launch(0, 0, 0.5), launch(2000, 0, 0.5), launch(0, 4000, 3)];
    const head = [launch(0, 0, 0.5), launch(0, 0, 0.5), launch(2000, 0, 3)];
    expect(rowOf(judge(base, head))).toMatchObject({ verdict: 'unchanged', base: 100_000, head: 100_000 });
    expect(judge(base, head).exact.aaSpreadRatio).toBe(0);
  });

  it('is not seen in a function that requests alone call', () => {
    expect(rowOf(judge(ticking(1000, 0), ticking(5000, 0)))?.effectRatio).toBeCloseTo(4000 / 101_000, 9);
  });
});

describe('a run that was given up', () => {
  it('says why and judges nothing', () => {
    const found = judge(totals(1, 2, 3), totals(4, 5, 6), { refusal: 'more than 64 threads' });
    expect(found).toMatchObject({ exactRows: [], functions: [], launchesWanted: 0 });
    expect(found.exact.refusal).toBe('more than 64 threads');
  });
});

describe('functions that execute more', () => {
  const launches = (counted: Counted): readonly Launched[] => [0, 1, 2].map(() => ({ counted }));
  const diffIn = (file: string): readonly FileDiff[] => [
    { file, status: 'modified', renamedFrom: null, headLines: [[11, 11]], baseLines: [[11, 11]] },
  ];

  it('are listed with calls, the largest first', () => {
    const base = launches({ 'main.a': { instructions: 50_000, calls: 1 }, 'main.b': 50_000 });
    const head = launches({ 'main.a': { instructions: 53_000, calls: 3 }, 'main.b': 51_000 });
    const { functions, attribution } = judge(base, head);
    expect(functions.map((row) => row.function)).toEqual(['main.a', 'main.b']);
    expect(functions[0]).toMatchObject({ deltaPerRequest: 3000, baseCallsPerRequest: 1, headCallsPerRequest: 3 });
    expect(functions[0]).toMatchObject({ kind: 'regressed', impactRatio: 0.03, unit: 'instructions' });
    expect(attribution).toMatchObject({ source: 'exact', culprit: 'main.a' });
  });

  it('come first when the diff touches them, though another executes more for it', () => {
    const base = launches({ 'main.rest': 90_000, 'handler.Serve': 9000, 'library.Work': 1000 });
    const head = launches({ 'main.rest': 90_000, 'handler.Serve': 9100, 'library.Work': 6000 });
    const found = judge(base, head, { diff: diffIn('handler.go') });
    expect(found.functions.map((row) => row.function)).toEqual(['handler.Serve', 'library.Work']);
    expect(found.attribution?.culprit).toBe('handler.Serve');
    expect(found.functions[0]?.changedInDiff).toBe(true);
  });

  it('are named where they were inlined', () => {
    const base = launches({ 'main.outer': 90_000, 'main.small': { instructions: 1000, into: 'main.outer' } });
    const head = launches({ 'main.outer': 90_000, 'main.small': { instructions: 5000, into: 'main.outer' } });
    const found = judge(base, head);
    expect(found.attribution?.culprit).toBe('main.small');
    expect(found.functions[0]).toMatchObject({ baseCallsPerRequest: null, headCallsPerRequest: null });
  });

  it('pay for what the runtime inlines into them', () => {
    const cost = (instructions: number): Counted => ({
      'main.outer': 90_000,
      'internal/runtime/atomic.Load': { instructions, into: 'main.outer' },
    });
    const { functions } = judge(launches(cost(1000)), launches(cost(3000)));
    expect(functions[0]).toMatchObject({ function: 'main.outer', deltaPerRequest: 2000 });
  });

  it('count as new and gone by all launches of a side', () => {
    const { functions } = judge(
      launches({ 'main.rest': 100_000, 'main.old': 1500 }),
      launches({ 'main.rest': 100_000, 'main.fresh': { instructions: 3000, calls: 4 } }),
    );
    expect(functions.map(({ function: name, kind }) => [name, kind])).toEqual([
      ['main.fresh', 'new'],
      ['main.old', 'gone'],
    ]);
  });

  it('are told as moved where only the name changed, and name nobody', () => {
    const { functions, attribution } = judge(
      launches({ 'main.rest': 100_000, 'main.score': 1500 }),
      launches({ 'main.rest': 100_000, 'main.rating': 1500 }),
    );
    expect(functions.map(({ function: name, kind, movedTo }) => [name, kind, movedTo])).toEqual([
      ['main.score', 'moved', 'main.rating'],
    ]);
    expect(attribution?.culprit ?? null).toBeNull();
  });

  it('name what was added inside an extracted function by what was added alone', () => {
    const { functions, attribution } = judge(
      launches({ 'main.rest': 100_000, 'main.near': { instructions: 20_000, calls: 9 } }),
      launches({
        'main.rest': 100_000,
        'main.near': { instructions: 300, calls: 9 },
        'main.best': { instructions: 24_700, calls: 9 },
      }),
    );
    expect(functions.map(({ function: name, kind, deltaPerRequest }) => [name, kind, deltaPerRequest])).toEqual([
      ['main.best', 'regressed', 5000],
      ['main.near', 'moved', -19_700],
    ]);
    expect(attribution?.culprit).toBe('main.best');
  });

  it('tell allocation as one line, and blame it on nobody by itself', () => {
    const cost = (instructions: number): Counted => ({
      'main.rest': 100_000,
      'runtime.mallocgc': { instructions, group: 'allocator' },
      'runtime.nextFreeFast': { instructions, group: 'allocator' },
    });
    const { functions, attribution } = judge(launches(cost(1000)), launches(cost(2500)));
    expect(functions).toMatchObject([{ function: 'allocator', deltaPerRequest: 3000, kind: 'regressed' }]);
    expect(attribution?.culprit).toBeNull();
  });

  it('are blamed on nobody where launches of one side differ as much', () => {
    const base = [1000, 3000, 5000].map((noise) => ({ counted: { 'main.rest': 100_000, 'main.luck': noise } }));
    const head = [6000, 8000, 10_000].map((noise) => ({ counted: { 'main.rest': 103_000, 'main.luck': noise } }));
    const { functions } = judge(base, head);
    expect(functions.find((row) => row.function === 'main.luck')?.kind).toBe('unclear');
    expect(functions[0]?.function).toBe('main.rest');
  });

  it('of a changed module come before the rest', () => {
    const base = launches({ 'main.rest': 90_000, 'example.org/json.Encode': 9000 });
    const head = launches({ 'main.rest': 95_000, 'example.org/json.Encode': 10_000 });
    const moduleChanges = [{ module: 'example.org/json', base: 'v1.0.0', head: 'v1.1.0' }];
    expect(judge(base, head, { moduleChanges }).functions[0]?.function).toBe('example.org/json.Encode');
  });
});

describe('sides that answer with different statuses', () => {
  it('are refused, whatever they executed', () => {
    const answering = (status: number) => totals(1_000_000, 1_000_001, 1_000_002).map((each) => ({ ...each, status }));
    expect(judge(answering(200), answering(200)).exact.refusal).toBeNull();
    const found = judge(answering(200), answering(500));
    expect(found.exact.refusal).toContain('200 by base and 500 by head');
    expect(found).toMatchObject({ exactRows: [], functions: [], attribution: null, launchesWanted: 0 });
  });
});

describe('allocations per request', () => {
  const made = (functions: Readonly<Record<string, number>>): readonly Launched[] =>
    [0, 1, 2].map(() => ({
      counted: {
        'main.rest': 100_000,
        ...Object.fromEntries(
          Object.entries(functions).map(([name, calls]) => [
            `runtime.${name}`,
            { instructions: 100 * calls, calls, group: 'allocator' as const },
          ]),
        ),
      },
    }));

  it.each([
    ['before Go 1.24', { mallocgc: 30 }, { mallocgc: 31 }],
    [
      'since Go 1.24',
      { mallocgc: 30, mallocgcTiny: 10, mallocgcSmallNoscan: 20 },
      { mallocgc: 31, mallocgcTiny: 10, mallocgcSmallScanHeader: 20, mallocgcLarge: 1, mallocgcSmallNoscanReuse: 5 },
    ],
    [
      'by size class',
      { mallocgc: 5, mallocgcTinySize3: 10, mallocgcSmallNoScanSC2: 15, mallocgcLarge: 5 },
      { mallocgc: 5, mallocgcTinySize3: 10, mallocgcSmallScanNoHeaderSC4: 16, mallocgcLarge: 5 },
    ],
    [
      'since Go 1.27, while the collector marks, too',
      { mallocgcTinySC2: 10, mallocgcSmallNoScanSC2: 15, mallocgcSmallScanNoHeader: 5 },
      {
        mallocgcTinySC2: 11,
        mallocgcTinySlowPath: 3,
        mallocgcSmallNoScanSC2: 15,
        mallocgcSmallNoScanSlowPath: 4,
        mallocgcSmallScanNoHeader: 5,
        mallocgcSmallScanSlowPath: 2,
      },
    ],
  ])('are the entries of what makes one object each: %s', (_when, base, head) => {
    expect(judge(made(base), made(head)).exact.counted?.mallocs).toEqual({ base: 30, head: 31 });
  });

  it('are not told of a program without Go’s allocator', () => {
    expect(judge(totals(1, 1, 1), totals(1, 1, 1)).exact.counted?.mallocs).toBeNull();
  });
});

describe('system calls per request', () => {
  const calling = (syscalls: Readonly<Record<string, number>>, reads: readonly number[]): readonly Launched[] =>
    reads.map((read) => ({ counted: { 'main.rest': 1000 }, syscalls: { ...syscalls, read } }));

  it('count what the program asks for, not what the clock brings', () => {
    const found = judge(calling({ write: 1 }, [1.3, 1.9, 2.5]), calling({ write: 1 }, [2.6, 2.9, 3]));
    expect(found.exactRows[1]).toMatchObject({ verdict: 'unchanged', base: 1, head: 1 });
  });

  it('name the call that came', () => {
    const found = judge(calling({ write: 1 }, [1, 1, 1]), calling({ write: 1, openat: 3 }, [1, 1, 1]));
    expect(found.exactRows[1]).toMatchObject({ verdict: 'regressed', base: 1, head: 4, gate: false });
    expect(found.exactRows[1]?.warnings).toEqual(['System calls per request: openat 0 → 3.']);
  });

  it('tell one that replaces another, though the sum stays', () => {
    const found = judge(calling({ pread64: 2 }, [1, 1, 1]), calling({ fsync: 2 }, [1, 1, 1]));
    expect(found.exactRows[1]?.verdict).toBe('unchanged');
    expect(found.exactRows[1]?.warnings[0]).toContain('pread64 2 → 0, fsync 0 → 2');
  });
});

describe('a profile of instructions', () => {
  const stacks = stacksOf(
    { 'main.outer': { instructions: 900, calls: 4 }, 'main.small': { instructions: 70, into: 'main.outer' } },
    ({ instructions }) => instructions,
  );

  it('keeps every count through pprof’s bytes', () => {
    const profile = decodeProfile(encodeProfile(instructionsProfile(stacks, [])), 'instructions');
    const flat = (valueType: string) => flatCumRows(profile, valueType).map((each) => [each.name, each.flat, each.cum]);
    expect(flat('instructions')).toEqual(
      expect.arrayContaining([
        ['main.outer', 90_000, 97_000],
        ['main.small', 7000, 7000],
      ]),
    );
    expect(flat('calls')).toEqual(expect.arrayContaining([['main.outer', 400, 400]]));
  });

  it('is read by go tool pprof, which knows what was inlined into what', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'instructions-'));
    try {
      const file = path.join(folder, 'instructions.pb.gz');
      writeFileSync(file, encodeProfile(instructionsProfile(stacks, [])));
      const top = execFileSync('go', ['tool', 'pprof', '-top', '-sample_index=instructions', file], {
        encoding: 'utf8',
      });
      expect(top).toMatch(/90000\s+92\.78%\s+92\.78%\s+97000\s+100%\s+main\.outer/);
      expect(top).toMatch(/7000\s+7\.22%\s+100%\s+7000\s+7\.22%\s+main\.small \(inline\)/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
