/** Which launches explain which metric: from run.json and profile files to the function rows. */
import { describe, expect, it } from 'vitest';
import { explainRun } from '../../harness/results/index.ts';
import type { CostProfile } from '../../harness/compare/functions/input.ts';
import type { FunctionComparison, Launch, ProfileKind, RunFile } from '../../harness/model/index.ts';
import { encodeProfile } from '../../harness/profile/index.ts';
import { buildModel, functionTotals } from '../../harness/report/page/flame-model.ts';
import { pageData } from '../../harness/report/render/page-data.ts';
import { type Costs, profileOf } from '../compare/functions/fixture.ts';
import { fileOf, growthOf, launchOf, pairOf, runOf, windowOf } from '../builders/synthetic-run.ts';

const SERVE = 'net/http.(*conn).serve@1:5;main.handle@10:15';
const REQUESTS = 1000;

/** Files of a run, by path. */
type Stored = Map<string, Uint8Array>;

type SideCosts = Partial<Record<ProfileKind, readonly [CostProfile, base: Costs, head: Costs]>>;

const store = (files: Stored, launch: Launch, costs: SideCosts): Launch => {
  const refsOf = (side: 'base' | 'head'): Launch['sides']['base']['profiles'] =>
    Object.fromEntries(
      Object.entries(costs).map(([file, [kind, base, head]]) => {
        const path = `${side}/${launch.index}/${file}`;
        files.set(path, encodeProfile(profileOf(side === 'base' ? base : head, kind)));
        return [file, { file: path, before: null, requests: REQUESTS }];
      }),
    );
  return {
    ...launch,
    sides: {
      base: { ...launch.sides.base, profiles: refsOf('base') },
      head: { ...launch.sides.head, profiles: refsOf('head') },
    },
  };
};

const counters = { cpuNs: 1e6, mallocs: 100, allocBytes: 5000 };
const cost = pairOf(windowOf(counters), windowOf({ ...counters, mallocs: 130, allocBytes: 6500 }));
const leaking = { base: growthOf(), head: growthOf({ goroutinesEnd: 110 }) };

const sampled: SideCosts = {
  cpu: ['cpu', { [`${SERVE};main.encode`]: 300 }, { [`${SERVE};main.encode`]: 300 }],
  allocs: ['alloc_space', { [`${SERVE};main.sampled`]: 40 }, { [`${SERVE};main.sampled`]: 90 }],
  heap: ['inuse_space', { [`${SERVE};main.short`]: 30 }, { [`${SERVE};main.short`]: 31 }],
  goroutine: ['goroutine', { 'main.run': 3 }, { 'main.run': 3, 'main.watch': 100 }],
};

const alike = pairOf(windowOf(counters), windowOf(counters));

const judged = (files: Stored, pair = cost, growth = leaking): readonly Launch[] =>
  Array.from({ length: 8 }, (_, index) => store(files, launchOf(index, [pair, pair, pair], { growth }), sampled));

const rowsIn = async (file: RunFile, files: Stored) => {
  const { comparison } = await explainRun(file, async (path) => files.get(path) ?? null);
  const { functions, attribution } = comparison.scenarios[0]!;
  const of = (profile: FunctionComparison['profile']): readonly FunctionComparison[] =>
    functions.filter((row) => row.profile === profile);
  return { of, attribution };
};

const names = (rows: readonly FunctionComparison[]): readonly string[] => rows.map((row) => row.function);

describe('the profiles of a run', () => {
  it('give the functions of each kind, whose own costs add up to what the counters say of a request', async () => {
    const files: Stored = new Map();
    const { of } = await rowsIn(fileOf([runOf(judged(files))]), files);
    const sums = (rows: readonly FunctionComparison[], side: 'basePerRequest' | 'headPerRequest'): number =>
      rows.reduce((sum, row) => sum + row[side], 0);
    expect(sums(of('cpu'), 'basePerRequest')).toBeCloseTo(1e6, 3);
    expect(sums(of('alloc_objects'), 'headPerRequest')).toBeCloseTo(130, 6);
    expect(sums(of('alloc_space'), 'headPerRequest')).toBeCloseTo(6500, 6);
    expect(sums(of('goroutine'), 'headPerRequest') * REQUESTS).toBeCloseTo(103, 6);
  });

  it('name by the gate that fired: goroutines that pile up, though sampled allocations differ as well', async () => {
    const files: Stored = new Map();
    const { of, attribution } = await rowsIn(fileOf([runOf(judged(files, alike))]), files);
    expect(of('goroutine')[0]).toMatchObject({ function: 'main.watch', kind: 'new', held: { base: 0 } });
    expect([attribution?.culprit, attribution?.source]).toEqual(['main.watch', 'judged']);
  });

  it('name the goroutine where its leak makes the heap grow as well', async () => {
    const files: Stored = new Map();
    const held = (requests: number) => ({
      base: growthOf({ requests }),
      head: growthOf({ requests, goroutinesEnd: 10 + requests / 10, liveHeapBytesEnd: 5e6 + 100 * requests }),
    });
    const after: SideCosts = { heap: ['inuse_space', { 'runtime.malg': 20 }, { 'runtime.malg': 90 }] };
    const long = store(files, launchOf(8, [], { stage: 'growth', growth: held(20_000) }), after);
    const { attribution } = await rowsIn(fileOf([runOf([...judged(files, alike, held(1000)), long])]), files);
    expect(attribution?.culprit).toBe('main.watch');
  });

  it('explain nothing where the files are gone', async () => {
    const { of, attribution } = await rowsIn(fileOf([runOf(judged(new Map()))]), new Map());
    expect(of('cpu')).toEqual([]);
    expect(attribution).toMatchObject({ culprit: null, samples: null });
  });
});

describe('a launch made for one question', () => {
  it('that counted every allocation replaces the sampled sites, and only these', async () => {
    const files: Stored = new Map();
    const exact = { [`${SERVE};main.exact`]: 2000, [`${SERVE};main.other`]: 900 };
    const counted: SideCosts = { allocs: ['alloc_space', exact, { ...exact, [`${SERVE};main.exact`]: 2900 }] };
    const capture = store(files, launchOf(8, [cost], { stage: 'capture' }), counted);
    const { of } = await rowsIn(fileOf([runOf([...judged(files), capture])]), files);
    for (const kind of ['alloc_objects', 'alloc_space'] as const) {
      expect(names(of(kind))).toContain('main.exact');
      expect(names(of(kind))).not.toContain('main.sampled');
      expect(of(kind)[0]).toMatchObject({ function: 'main.exact', kind: 'regressed' });
    }
    expect(names(of('cpu'))).toContain('main.encode');
  });

  it('that waited for a leak to grow tells who holds the heap, and leaves goroutines to the judged ones', async () => {
    const files: Stored = new Map();
    const after: SideCosts = {
      heap: ['inuse_space', { [`${SERVE};main.keep`]: 20 }, { [`${SERVE};main.keep`]: 90 }],
    };
    const growth = store(files, launchOf(8, [], { stage: 'growth' }), after);
    const { of } = await rowsIn(fileOf([runOf([...judged(files), growth])]), files);
    expect(names(of('inuse_space'))).not.toContain('main.short');
    expect(of('inuse_space')[0]?.function).toBe('main.keep');
    expect(of('inuse_space')[0]?.held).toEqual({ base: 2e8, head: 9e8 });
    expect(names(of('goroutine'))).toContain('main.watch');
  });
});

describe('the page', () => {
  it('shows for each function the own cost that its row and the sentence have, launches of another rate included', async () => {
    const files: Stored = new Map();
    const stack = `${SERVE};main.encode`;
    const slower = pairOf(windowOf(counters), windowOf({ ...counters, cpuNs: 1.3e6 }));
    const judgedOnes = Array.from({ length: 8 }, (_, index) =>
      store(files, launchOf(index, [slower, slower, slower]), {
        cpu: [
          'cpu',
          { [stack]: 300, [`${stack};runtime.mallocgc`]: 50 },
          { [stack]: 390, [`${stack};runtime.mallocgc`]: 65 },
        ],
      }),
    );
    const explain = store(files, launchOf(8, [slower], { stage: 'explain' }), {
      cpu: ['cpu', { [stack]: 4000, [`${SERVE};main.other`]: 400 }, { [stack]: 5600, [`${SERVE};main.other`]: 400 }],
    });
    const file = fileOf([runOf([...judgedOnes, explain])]);
    const read = async (path: string) => files.get(path) ?? null;
    const { comparison, graphs } = await explainRun(file, read);
    const rows = comparison.scenarios[0]?.functions.filter(({ profile }) => profile === 'cpu') ?? [];
    const { flames } = pageData(comparison, file, graphs);
    const cpu = flames.find(({ title }) => title === 'CPU')!;
    const totals = functionTotals(buildModel(cpu));
    expect(rows.map((row) => row.function)).toContain('main.encode');
    for (const row of rows) {
      const shown = totals.find(({ name }) => cpu.names[name] === row.function);
      // The page has six digits of each stack.
      const close = (value: number | undefined, wanted: number): void =>
        expect(Math.abs((value ?? NaN) - wanted)).toBeLessThan(20);
      close(shown?.baseSelf, row.basePerRequest);
      close(shown?.headSelf, row.headPerRequest);
      close((shown?.headCum ?? 0) - (shown?.baseCum ?? 0), row.headCumPerRequest - row.baseCumPerRequest);
    }
  });
});
