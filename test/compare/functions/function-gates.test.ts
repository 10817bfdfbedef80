import { describe, expect, test } from 'vitest';
import { compareKind, type KindCompared } from '../../../harness/compare/functions/compare-functions.ts';
import { judgeFunctionGates } from '../../../harness/compare/functions/function-gates.ts';
import { fits, isWild } from '../../../harness/compare/functions/name-pattern.ts';
import { unjudgedFunctionGates } from '../../../harness/compare/verdict/function-limits.ts';
import type { FunctionGate } from '../../../harness/model/index.ts';
import { type Costs, inputOf, type Plan } from './fixture.ts';

const SERVE = 'net/http.(*conn).serve@1:5';
const ENCODE = `${SERVE};main.handle@10:15;main.encode@30:40`;
const LOAD = `${SERVE};main.handle@10:16;main.load@50:60`;
const SERVICE: Costs = Object.fromEntries([
  [ENCODE, 120],
  [`${SERVE};main.handle@10:15;main.encode@30:41;runtime.mallocgc@1:2`, 40],
  [LOAD, 60],
  [`${SERVE};main.handle@10:16;main.rare@70:71`, 0.4],
  [`${SERVE};main.handle@10:17`, 10],
  [`${SERVE};main.Find[go.shape.int]@90:91`, 30],
  [`${SERVE};main.Find[main.T]@90:91`, 30],
  ...Array.from({ length: 20 }, (_, i) => [`${SERVE};lib/part${i}.Work@1:2`, 400 / (i + 3)] as const),
]);
const TOTAL = Object.values(SERVICE).reduce((sum, cost) => sum + cost, 0);

const gate = (pattern: string, failRatio = 0.2, profile: FunctionGate['profile'] = 'cpu'): FunctionGate => ({
  pattern,
  profile,
  failRatio,
});

const comparedOf = (plan: Partial<Plan>): readonly KindCompared[] => {
  const input = inputOf({ base: SERVICE, head: SERVICE, samples: 20_000, ...plan });
  return input.kinds.flatMap((kind) => compareKind(kind, input) ?? []);
};

const judge = (plan: Partial<Plan>, ...gates: readonly FunctionGate[]) => judgeFunctionGates(gates, comparedOf(plan));

const slower = (path: string, times: number): Partial<Plan> => ({
  head: { ...SERVICE, [path]: SERVICE[path]! * times },
});

describe('a function’s limit', () => {
  test('fails a function that costs more than it allows, the allocator below it included, and no other', () => {
    const [encode, load] = judge(slower(ENCODE, 1.6), gate('main.encode'), gate('main.load'));
    expect(encode).toMatchObject({ verdict: 'regressed', matched: 1, failRatio: 0.2, profile: 'cpu', reason: null });
    const [function_] = encode!.functions;
    expect(function_).toMatchObject({ function: 'main.encode', unit: 'ns', verdict: 'regressed', movedTo: null });
    // 120 of 160 became 192.
    expect(function_!.ciRatio[0]).toBeLessThan(0.45);
    expect(function_!.ciRatio[1]).toBeGreaterThan(0.45);
    expect(function_!.basePerRequest).toBeGreaterThan(140_000);
    expect(load).toMatchObject({ verdict: 'unchanged' });
  });

  test('lets a certain change below it pass', () => {
    expect(judge({ ...slower(ENCODE, 1.3), samples: 200_000 }, gate('main.encode', 0.5))[0]).toMatchObject({
      verdict: 'unchanged',
      functions: [{ qValue: expect.closeTo(0, 2) }],
    });
  });

  test('that got cheaper is told, and fails nothing', () => {
    expect(judge(slower(ENCODE, 0.3), gate('main.encode'))[0]!.verdict).toBe('improved');
    const {
      [ENCODE]: _own,
      [`${SERVE};main.handle@10:15;main.encode@30:41;runtime.mallocgc@1:2`]: _gc,
      ...gone
    } = SERVICE;
    const [encode] = judge({ head: gone }, gate('main.encode'));
    expect(encode!.functions[0]).toMatchObject({ effectRatio: -1, verdict: 'improved' });
  });

  test('is not judged where samples are too few to tell, with what they could not rule out', () => {
    const [encode, rare] = judge({ samples: 800 }, gate('main.encode', 0.02), gate('main.rare'));
    expect(encode).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringMatching(/^too few samples: \+\d.* % cannot be ruled out$/),
    });
    expect(rare).toMatchObject({ verdict: 'notJudged', functions: [] });
    expect(judge({}, gate('main.rare'))[0]).toMatchObject({
      verdict: 'notJudged',
      reason: 'too few samples',
      matched: 1,
    });
  });

  test('without a function says that none matches, or that it is new on head', () => {
    const fresh = { ...SERVICE, [`${SERVE};main.fresh@200:201`]: 80 };
    const [none, found] = judge({ head: fresh }, gate('main.encodr'), gate('main.fresh'));
    expect(none).toMatchObject({ verdict: 'notJudged', reason: 'no function matches', matched: 0, functions: [] });
    expect(found).toMatchObject({ verdict: 'notJudged', reason: 'new on head: 1 function without a cost on base' });
  });

  test('of a profile that is not there, or that the builds count differently, is not judged', () => {
    expect(judge({}, gate('main.encode', 0.2, 'alloc_space'))[0]!.reason).toBe('no profile of allocated bytes');
    const [found] = judgeFunctionGates([gate('main.encode')], [{ profile: 'cpu', isIncomparable: true }]);
    expect(found).toMatchObject({ verdict: 'notJudged', reason: 'the two builds count it differently' });
    expect(unjudgedFunctionGates([gate('main.encode')], 'busy')).toMatchObject([{ reason: 'busy', matched: 0 }]);
  });

  test('holds for a function under its old name, too', () => {
    const renamed = Object.fromEntries(
      Object.entries(SERVICE).map(([path, cost]) => [path.replace('main.encode@', 'main.encodeItem@'), cost]),
    );
    for (const name of ['main.encode', 'main.encodeItem']) {
      expect(judge({ head: renamed }, gate(name))[0]!.functions[0]?.function).toBe('main.encodeItem');
    }
  });

  test('does not fail what another function gave it to do', () => {
    const moved = { ...SERVICE, [ENCODE]: SERVICE[ENCODE]! + 60, [LOAD]: 0 };
    const [encode] = judge({ head: moved, samples: 60_000 }, gate('main.encode'));
    expect(encode).toMatchObject({ verdict: 'unchanged', functions: [{ movedTo: 'main.load' }] });
    expect(encode!.functions[0]!.effectRatio).toBeGreaterThan(0.2);
  });
});

describe('a pattern', () => {
  test('has every function that fits judged by itself, those that fail first, the rare ones counted', () => {
    const [all] = judge(slower(LOAD, 2), gate('main.*', 0.5));
    expect(all).toMatchObject({ verdict: 'regressed', reason: null, matched: 5 });
    expect(all!.functions.map((each) => each.function).slice(0, 2)).toEqual(['main.load', 'main.encode']);
    expect(judge({}, gate('main.*', 0.5))[0]).toMatchObject({
      verdict: 'unchanged',
      reason: expect.stringMatching(/^\d of 5 functions have too few samples to be judged$/),
    });
    expect(judge({}, gate('lib/*'))[0]).toMatchObject({ matched: 20, functions: { length: 5 } });
  });

  test('takes all instances of a generic function for one', () => {
    const [found] = judge({}, gate('main.Find[...]'), gate('main.Find[int]'));
    expect(found).toMatchObject({ matched: 1, functions: [{ function: 'main.Find[...]' }] });
    // 60 of all, as of a base request of TOTAL.
    expect(found!.functions[0]!.basePerRequest).toBeGreaterThan(45_000);
    expect(found!.functions[0]!.basePerRequest).toBeLessThan(Math.min(75_000, TOTAL * 1000));
  });

  test.each([
    ['main.encode', 'main.encode', true],
    ['main.encode', 'main.encoder', false],
    ['main.encode', 'xmain.encode', false],
    ['main.*', 'main.(*cache).Get', true],
    ['main.*', 'example.com/main.encode', false],
    ['main.(*cache).Get', 'main.(*cache).Get', true],
    ['main.(*cache).Get', 'main.(*othercache).Get', false],
    ['main.(*cache).*', 'main.(*cache).Get.func1', true],
    ['main.(**).Get', 'main.(*cache).Get', true],
    ['*/store.Find[...]', 'example.com/app/store.Find[go.shape.string]', true],
    ['main.Map[int]', 'main.Map[...]', true],
    ['main.a+b', 'main.aab', false],
    ['main.f', 'mainXf', false],
  ])('%s against %s: %s', (pattern, name, expected) => {
    expect(fits(pattern)(name)).toBe(expected);
  });

  test('is wild where a star stands for text', () => {
    expect(['main.*', 'main.(*T).Get', 'main.(**).Get', 'main.F[*]'].map(isWild)).toEqual([true, false, true, false]);
  });
});

describe('chance', () => {
  const often = (plan: Partial<Plan>, verdict: string, ...gates: readonly FunctionGate[]): number =>
    Array.from({ length: 200 }, (_, i) => i).filter((i) =>
      judge({ samples: 5000, launches: 6, jitter: 0.05, seed: 7000 + i, ...plan }, ...gates).some(
        (found) => found.verdict === verdict,
      ),
    ).length;

  test('fails at most three of 200 comparisons of identical code, by one limit or by a pattern', () => {
    expect(often({}, 'regressed', gate('main.encode', 0.05))).toBeLessThanOrEqual(3);
    expect(often({}, 'regressed', gate('*', 0.05))).toBeLessThanOrEqual(3);
  });

  test('hides a function that costs half as much again in at most one of ten', () => {
    const plan = { head: { ...SERVICE, [ENCODE]: 200 } };
    expect(often(plan, 'regressed', gate('main.encode', 0.2))).toBeGreaterThanOrEqual(180);
    expect(often(plan, 'unchanged', gate('main.encode', 0.2))).toBeLessThanOrEqual(2);
  });
});
