import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { FileDiff, FunctionComparison } from '../../../harness/model/index.ts';
import type { Profile } from '../../../harness/profile/index.ts';
import { compare, type Costs, diffLines, inputOf, profileOf } from './fixture.ts';

const SERVE = 'net/http.(*conn).serve@1:5;net/http.HandlerFunc.ServeHTTP@1:2';

/** A service of 40 functions whose shares fall as in real ones (about 1/rank). */
const SERVICE: Costs = Object.fromEntries([
  [`${SERVE};main.handle@10:15;main.encode@30:40`, 60],
  [`${SERVE};main.handle@10:15;main.encode@30:41;runtime.mallocgc@1:2`, 20],
  [`${SERVE};main.handle@10:16;main.load@50:60`, 50],
  [`${SERVE};main.handle@10:16;main.load@50:61;encoding/json.Marshal@1:2`, 80],
  [`${SERVE};main.handle@10:17`, 10],
  ['runtime.gcBgMarkWorker@1:2;runtime.gcDrain@1:2', 60],
  ...Array.from({ length: 34 }, (_, i) => [`${SERVE};lib/part${i}.Work@1:2`, 400 / (i + 3)] as const),
]);

const ENCODE = `${SERVE};main.handle@10:15;main.encode@30:40`;
const row = (rows: readonly FunctionComparison[], name: string): FunctionComparison =>
  rows.find((each) => each.function === name)!;
const named = (rows: readonly FunctionComparison[]) =>
  rows.filter(({ kind }) => kind !== 'unclear' && kind !== 'moved').map((each) => each.function);

describe('a function that became more expensive', () => {
  const found = compare({
    base: SERVICE,
    head: { ...SERVICE, [ENCODE]: 90 },
    samples: 20_000,
    diff: [diffLines([38, 42])],
  });
  const encode = row(found.functions, 'main.encode');

  test('comes first, alone, and is the culprit', () => {
    expect(found.functions[0]?.function).toBe('main.encode');
    expect(named(found.functions)).toEqual(['main.encode']);
    expect(found.attribution.culprit).toBe('main.encode');
    expect(found.attribution.diffuse).toBeNull();
    expect(encode.kind).toBe('regressed');
  });

  test('costs its share of the samples times the exact total, the allocator below it included', () => {
    expect(encode.basePerRequest).toBeGreaterThan(74_000);
    expect(encode.basePerRequest).toBeLessThan(86_000);
    expect(encode.deltaPerRequest).toBeGreaterThan(22_000);
    expect(encode.deltaPerRequest).toBeLessThan(38_000);
    expect(encode.unit).toBe('ns');
  });

  test('has an interval with its true impact inside, and says where it is and how one gets there', () => {
    const total = Object.values(SERVICE).reduce((sum, cost) => sum + cost, 0);
    expect(encode.impactCiRatio![0]).toBeLessThan(30 / total);
    expect(encode.impactCiRatio![1]).toBeGreaterThan(30 / total);
    expect(encode.path).toEqual([
      'net/http.(*conn).serve',
      'net/http.HandlerFunc.ServeHTTP',
      'main.handle',
      'main.encode',
    ]);
    expect([encode.file, encode.line]).toEqual(['example.com/app/main.go', 30]);
    expect(encode.changedInDiff).toBe(true);
    expect(row(found.functions, 'main.load').changedInDiff).toBe(false);
  });

  test('every frame of its path has a row, so the path can be told with figures', () => {
    for (const frame of encode.path) expect(row(found.functions, frame), frame).toBeDefined();
  });
});

describe('properties', () => {
  const costs = fc.record({
    a: fc.integer({ min: 20, max: 300 }),
    b: fc.integer({ min: 0, max: 300 }),
    c: fc.integer({ min: 0, max: 300 }),
  });
  const service = ({ a, b, c }: { a: number; b: number; c: number }): Costs => ({
    'main.root;main.a': a,
    'main.root;main.b;runtime.memmove': b,
    'main.root;main.b;lib.c': c,
    'main.root': 40,
  });

  test('own differences of all functions add up to the exact difference', () => {
    fc.assert(
      fc.property(costs, costs, fc.nat(1e6), (one, two, seed) => {
        const input = inputOf({ base: service(one), head: service(two), seed });
        const { functions } = compareFunctions(input);
        const sum = functions
          .filter(({ kind }) => kind !== 'moved')
          .reduce((all, each) => all + each.deltaPerRequest, 0);
        const moved = functions
          .filter(({ kind }) => kind === 'moved')
          .reduce((all, each) => all + each.deltaPerRequest, 0);
        const [{ base, head }] = [input.kinds[0]!.launches[0]!];
        expect(sum + moved).toBeCloseTo(head.exactTotalPerRequest! - base.exactTotalPerRequest!, 4);
      }),
      { numRuns: 60 },
    );
  });

  test('sides exchanged give the same rows with every difference negated', () => {
    const mirror = {
      regressed: 'improved',
      improved: 'regressed',
      new: 'gone',
      gone: 'new',
      moved: 'moved',
      unclear: 'unclear',
    };
    fc.assert(
      fc.property(costs, costs, fc.nat(1e6), (one, two, seed) => {
        const input = inputOf({ base: service(one), head: service(two), seed });
        const swapped = {
          ...input,
          kinds: input.kinds.map((kind) => ({
            ...kind,
            launches: kind.launches.map(({ base, head }) => ({ base: head, head: base })),
          })),
        };
        const there = compareFunctions(input);
        const back = compareFunctions(swapped);
        expect(back.attribution.culprit).toBe(there.attribution.culprit);
        for (const each of there.functions.filter(({ kind }) => kind !== 'moved')) {
          const other = row(back.functions, each.function);
          expect(other.deltaPerRequest).toBeCloseTo(-each.deltaPerRequest, 6);
          expect(other.kind, each.function).toBe(mirror[each.kind]);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('identical profiles on both sides differ nowhere and name nobody', () => {
    const profile = profileOf({ 'main.root;main.a': 300, 'main.root;lib.b': 200 });
    const side = { profile, requests: 100, exactTotalPerRequest: 5000 };
    const found = compareFunctions({
      ...inputOf({ base: SERVICE, head: SERVICE }),
      kinds: [
        {
          profile: 'cpu',
          practicalRatio: 0.01,
          launches: [
            { base: side, head: side },
            { base: side, head: side },
          ],
        },
      ],
    });
    expect(found.functions.map((each) => each.deltaPerRequest)).toEqual(found.functions.map(() => 0));
    expect(found.attribution.culprit).toBeNull();
  });
});

describe('no false culprit', () => {
  test('identical code, launches that differ by 10 %: at most one of 60 comparisons names a function', () => {
    const names = Array.from(
      { length: 60 },
      (_, i) =>
        compare({ base: SERVICE, head: SERVICE, seed: 1000 + i, samples: 6000, jitter: 0.1 }).attribution.culprit,
    ).filter((name) => name !== null);
    expect(names.length).toBeLessThanOrEqual(1);
  });

  test('one launch and 4,000 samples: at most one of 60', () => {
    const names = Array.from(
      { length: 60 },
      (_, i) =>
        compare({ base: SERVICE, head: SERVICE, seed: 2000 + i, samples: 4000, launches: 1 }).attribution.culprit,
    ).filter((name) => name !== null);
    expect(names.length).toBeLessThanOrEqual(1);
  });
});

describe('no false row', () => {
  test('identical code: in at most three of 200 comparisons a function is called anything', () => {
    const called = Array.from({ length: 200 }, (_, i) =>
      compare({ base: SERVICE, head: SERVICE, seed: 5000 + i, samples: 5000, launches: 6, jitter: 0.05 }),
    ).filter(({ functions }) => named(functions).length > 0);
    expect(called.length).toBeLessThanOrEqual(3);
  });
});

describe('hits', () => {
  test('a function that the change touches needs less evidence of its own cost than any other', () => {
    const head = { ...SERVICE, [ENCODE]: 84 };
    const rowsOf = (diff: readonly FileDiff[]): readonly FunctionComparison[] =>
      Array.from({ length: 60 }, (_, i) =>
        row(
          compare({ base: SERVICE, head, seed: 6000 + i, samples: 5000, launches: 6, diff }).functions,
          'main.encode',
        ),
      );
    const [touched, other] = [rowsOf([diffLines([38, 42])]), rowsOf([])];
    touched.forEach((each, i) =>
      expect(each.smallestDetectableRatio!).toBeLessThan(0.95 * other[i]!.smallestDetectableRatio!),
    );
    const hits = (rows: readonly FunctionComparison[]): number =>
      rows.filter(({ kind, namedFor }) => kind === 'regressed' && namedFor === undefined).length;
    expect(hits(touched)).toBeGreaterThan(hits(other) + 3);
  });

  test.each([1, 8])(
    '+4 % of the total in one changed function, %i launches of 6,000 samples: named first in 54 of 60',
    (launches) => {
      const total = Object.values(SERVICE).reduce((sum, cost) => sum + cost, 0);
      const head = { ...SERVICE, [ENCODE]: 60 + 0.04 * total };
      const hits = Array.from({ length: 60 }, (_, i) =>
        compare({ base: SERVICE, head, seed: 3000 + i, samples: 6000, launches, diff: [diffLines([38, 42])] }),
      ).filter(({ attribution }) => attribution.culprit === 'main.encode');
      expect(hits.length).toBeGreaterThanOrEqual(54);
    },
  );
});

describe('whom to blame', () => {
  const CALLED = `${SERVE};main.handle@10:15;main.encode@30:40;fmt.Sprintf@1:2`;

  test('a changed function that made the standard library spend more is named, with what its callees cost', () => {
    const found = compare({
      base: SERVICE,
      head: { ...SERVICE, [CALLED]: 30, [`${CALLED};fmt.(*pp).doPrintf@1:2`]: 40 },
      samples: 12_000,
      diff: [diffLines([40, 40])],
    });
    const encode = row(found.functions, 'main.encode');
    expect(found.attribution.culprit).toBe('main.encode');
    expect([encode.kind, encode.namedFor]).toEqual(['regressed', 'callees']);
    expect(encode.headCumPerRequest - encode.baseCumPerRequest).toBeGreaterThan(50_000);
    expect(row(found.functions, 'fmt.Sprintf').kind).toBe('new');
  });

  test('cost spread thin over many callees is blamed on the changed caller, though no callee is certain', () => {
    const thin = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`${SERVE};main.handle@10:15;main.load@50:60;lib/part${i}.Work@1:2`, 2]),
    );
    const found = compare({ base: SERVICE, head: { ...SERVICE, ...thin }, samples: 9000, diff: [diffLines([60, 60])] });
    expect(found.attribution.culprit).toBe('main.load');
    expect(row(found.functions, 'main.load').namedFor).toBe('callees');
  });

  test('without a changed caller the function with the surest own change is named', () => {
    const found = compare({ base: SERVICE, head: { ...SERVICE, [CALLED]: 70 }, samples: 12_000 });
    expect(found.attribution.culprit).toBe('fmt.Sprintf');
  });

  test('a dependency that carries the change is told with its versions', () => {
    const path = `${SERVE};main.handle@10:15;github.com/x/y.Slow@1:2`;
    const found = compare({
      base: { ...SERVICE, [path]: 20 },
      head: { ...SERVICE, [path]: 80 },
      samples: 12_000,
      moduleChanges: [{ module: 'github.com/x/y', base: 'v1.2.0', head: 'v1.3.0' }],
    });
    expect(found.attribution.culprit).toBe('github.com/x/y.Slow');
    expect(found.attribution.warnings.join(' ')).toMatch(
      /github\.com\/x\/y v1\.2\.0 → v1\.3\.0 carries (9|10)[\d.]+ % of it/,
    );
  });
});

describe('moved, not added', () => {
  const old = `${SERVE};main.handle@10:16;main.load@`;
  const without = Object.fromEntries(Object.entries(SERVICE).filter(([path]) => !path.startsWith(old)));
  const renamed = (name: string, extra = 0): Costs => ({
    ...without,
    [`${SERVE};main.handle@10:16;${name}@50:60`]: 50 + extra,
    [`${SERVE};main.handle@10:16;${name}@50:61;encoding/json.Marshal@1:2`]: 80,
  });

  test('a renamed function is moved, with its twin, and nobody is named', () => {
    const found = compare({ base: SERVICE, head: renamed('main.fetchAll'), samples: 12_000 });
    const moved = row(found.functions, 'main.load');
    expect([moved.kind, moved.movedTo]).toEqual(['moved', 'main.fetchAll']);
    expect(named(found.functions)).toEqual([]);
    expect(found.attribution.culprit).toBeNull();
  });

  test('a renamed function that also became more expensive is regressed under its new name', () => {
    const found = compare({ base: SERVICE, head: renamed('main.fetchAll', 45), samples: 12_000 });
    expect(found.attribution.culprit).toBe('main.fetchAll');
    const fetch = row(found.functions, 'main.fetchAll');
    expect(fetch.kind).toBe('regressed');
    expect(fetch.basePerRequest).toBeGreaterThan(40_000);
    expect(fetch.deltaPerRequest).toBeLessThan(65_000);
  });

  test('an extracted helper takes the cost its caller lost: moved', () => {
    const head = { ...SERVICE, [ENCODE]: 10, [`${ENCODE};main.quote@70:72`]: 50 };
    const found = compare({ base: SERVICE, head, samples: 12_000, diff: [diffLines([38, 42], [70, 75])] });
    expect(row(found.functions, 'main.quote')).toMatchObject({ kind: 'moved', movedTo: 'main.encode' });
    expect(found.attribution.culprit).toBeNull();
  });

  test('a half of a function, cut off with all it calls, is not blamed for its callees', () => {
    const marshal = `${SERVE};main.handle@10:16;main.load@50:61;encoding/json.Marshal@1:2`;
    const cut = marshal.replace('main.load@50:61', 'main.load@50:61;main.write@80:82');
    const { [marshal]: _, ...rest } = SERVICE;
    const found = compare({
      base: SERVICE,
      head: { ...rest, [cut]: 80 },
      samples: 12_000,
      diff: [diffLines([58, 62], [80, 84])],
    });
    expect(found.attribution.culprit).toBeNull();
    expect(named(found.functions)).toEqual([]);
  });

  test('an extracted helper that costs 8 % more of the total than its caller lost is named', () => {
    const head = { ...SERVICE, [ENCODE]: 10, [`${ENCODE};main.quote@70:72`]: 115 };
    const found = compare({ base: SERVICE, head, samples: 12_000, diff: [diffLines([70, 75])] });
    expect(found.attribution.culprit).toBe('main.quote');
    expect(row(found.functions, 'main.encode').kind).toBe('moved');
  });

  test('a closure renumbered by a new one before it keeps its identity through the lines of the diff', () => {
    const closure = (number: number, start: number): string =>
      `${SERVE};main.serve@100:105;main.serve.func${number}@${start}:${start + 1}`;
    const insertion = { ...diffLines(), headLines: [[102, 106]] as const };
    const found = compare({
      base: { ...SERVICE, [closure(1, 110)]: 90 },
      head: { ...SERVICE, [closure(1, 102)]: 60, [closure(2, 115)]: 90 },
      samples: 12_000,
      diff: [insertion],
    });
    expect(row(found.functions, 'main.serve.func2').kind).toBe('unclear');
    expect(row(found.functions, 'main.serve.func1').kind).toBe('new');
    expect(found.attribution.culprit).toBe('main.serve.func1');
  });
});

describe('when no function is certain', () => {
  test('a total that grew everywhere is diffuse, and the sentence tells the runtime part', () => {
    const grown = Object.fromEntries(
      Object.entries(SERVICE).map(([path, cost]) => [path, cost * (path.startsWith('runtime.gc') ? 1.09 : 1.03)]),
    );
    const { attribution } = compare({ base: SERVICE, head: grown, samples: 60_000, seed: 5 });
    expect(attribution.culprit).toBeNull();
    expect(attribution.diffuse).toMatch(/^No single function stands out of \+\d/);
    expect(attribution.diffuse).toMatch(/garbage collection \+/);
  });

  test.each(['mallocgc', 'mallocgcSmallNoScanSC2', 'mallocgcTinySC2', 'growslice'])(
    'is told to be allocating, whichever of Go’s functions compiled code calls for it: runtime.%s',
    (maker) => {
      const costs = (allocating: number): Costs =>
        Object.fromEntries(
          Array.from({ length: 60 }, (_, i) => `${SERVE};main.f${i}`).flatMap((path): readonly [string, number][] => [
            [path, 20],
            [`${path};runtime.${maker}`, allocating],
          ]),
        );
      const { attribution } = compare({ base: costs(2), head: costs(2.6), samples: 3000 });
      expect(attribution.diffuse).toMatch(/in the runtime: allocating \+/);
    },
  );

  test('of CPU it also tells what the sides allocate more, or that they allocate alike', () => {
    const grown = Object.fromEntries(Object.entries(SERVICE).map(([path, cost]) => [path, cost * 1.03]));
    const cpu = inputOf({ base: SERVICE, head: grown, samples: 60_000, seed: 5 });
    const allocs = (head: Costs, kind: 'alloc_objects' | 'alloc_space') => inputOf({ base: SERVICE, head, kind }).kinds;
    const diffuse = (head: Costs) =>
      compareFunctions({
        ...cpu,
        kinds: [...cpu.kinds, ...allocs(head, 'alloc_objects'), ...allocs(head, 'alloc_space')],
      }).attribution.diffuse;
    expect(diffuse(grown)).toMatch(/; allocated per request: \+[\d.,]+ objects, \+[\d.]+ KiB\.$/);
    expect(diffuse(SERVICE)).toMatch(/; a request allocates as much as before\.$/);
  });

  test('too few samples are said, and "cannot see" is a number', () => {
    const { functions, attribution } = compare({ base: SERVICE, head: SERVICE, samples: 400 });
    expect(attribution.warnings.join(' ')).toMatch(/CPU samples on base .* few to name a function by/);
    // 400 samples a side cannot show less than about 8 % of the total in a function of a fifth of them.
    expect(row(functions, 'main.encode').smallestDetectableRatio).toBeGreaterThan(0.05);
  });

  test('a CPU profile that caught unlike parts of the two sides is said', () => {
    const input = inputOf({ base: SERVICE, head: SERVICE });
    const half = { ...input.kinds[0]! };
    const launches = half.launches.map(({ base, head }) => ({ base, head: { ...head, requests: 1200 } }));
    const { attribution } = compareFunctions({ ...input, kinds: [{ ...half, launches }] });
    expect(attribution.warnings.join(' ')).toMatch(/caught \d+ % of the CPU time on base and \d+ % on head/);
  });

  test('no launches give no rows and no attribution to speak of', () => {
    const input = inputOf({ base: SERVICE, head: SERVICE });
    expect(compareFunctions({ ...input, kinds: [] })).toMatchObject({
      functions: [],
      attribution: { culprit: null, samples: null },
    });
  });
});

describe('waiting', () => {
  test('block time counts below request handlers; a background loop that waits longer is not blamed', () => {
    const wait = (handler: number, loop: number): Costs => ({
      [`${SERVE};main.handle@10:15;sync.(*Mutex).Lock@1:2`]: handler,
      'main.main@1:2;main.poll@80:82;runtime.selectgo@1:2': loop,
    });
    const input = inputOf({ base: wait(200, 1000), head: wait(400, 9000), kind: 'block', samples: 3000 });
    const launches = input.kinds[0]!.launches.map(({ base, head }) => ({
      base: { profile: base.profile, requests: base.requests },
      head: { profile: head.profile, requests: head.requests },
    }));
    const found = compareFunctions({ ...input, kinds: [{ profile: 'block', practicalRatio: 0.2, launches }] });
    expect(found.attribution.culprit).toBe('main.handle');
    expect(found.functions.map((each) => each.function)).not.toContain('main.poll');
    expect(row(found.functions, 'main.handle').kind).toBe('regressed');
  });

  test('that takes a quarter longer each time is certain, though it comes no more often', () => {
    const waits: Costs = {
      [`${SERVE};main.handle@10:15;runtime.chanrecv1@1:2`]: 700,
      [`${SERVE};main.other@20:25;runtime.chanrecv1@1:2`]: 300,
    };
    const input = inputOf({ base: waits, head: waits, kind: 'block', samples: 3000 });
    // Of the first stack; contentions stay as they are.
    const longer = (profile: Profile): Profile => {
      const values = profile.samples.values.slice();
      values[1] = 1.25 * (values[1] ?? 0);
      return { ...profile, samples: { ...profile.samples, values } };
    };
    const launches = input.kinds[0]!.launches.map(({ base, head }) => ({
      base: { profile: base.profile, requests: base.requests },
      head: { profile: longer(base.profile), requests: head.requests },
    }));
    const found = compareFunctions({ ...input, kinds: [{ profile: 'block', practicalRatio: 0.2, launches }] });
    expect(row(found.functions, 'main.handle').kind).toBe('regressed');
    expect(row(found.functions, 'main.other').kind).toBe('unclear');
  });
});
