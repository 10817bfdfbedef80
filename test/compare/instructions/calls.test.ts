import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CalledFunction, callsProfile, explainCalls } from '../../../harness/compare/index.ts';
import type { Attribution, ExactRun, FileDiff, FunctionComparison, Side } from '../../../harness/model/index.ts';
import { decodeProfile, encodeProfile } from '../../../harness/profile/index.ts';

const REQUESTS = 100;

/** Calls per request by function. */
type Calls = Readonly<Record<string, number>>;

const called = (calls: Calls): readonly CalledFunction[] =>
  Object.entries(calls).map(([name, count], index) => ({
    function: {
      name,
      file: `example.com/demo/${name.split('.').at(-1)}.go`,
      line: 10 * (index + 1),
      lastLine: 10 * (index + 1) + 5,
    },
    calls: count * REQUESTS,
  }));

const launched = (side: Side, calls: readonly CalledFunction[]) => ({
  launch: { index: 1, side, linkSeed: null, requests: REQUESTS, profile: '', wallSeconds: 1 },
  profile: decodeProfile(encodeProfile(callsProfile(calls)), 'calls'),
});

interface Given {
  readonly functions?: readonly FunctionComparison[];
  readonly attribution?: Attribution | null;
  readonly diff?: readonly FileDiff[];
  readonly refusal?: string | null;
}

const explain = (base: readonly Calls[], head: readonly Calls[], given: Given = {}) => {
  const { functions = [], attribution = null, diff = [], refusal = null } = given;
  const launches = [
    ...base.map((calls) => launched('base', called(calls))),
    ...head.map((calls) => launched('head', called(calls))),
  ];
  const run: ExactRun = {
    engine: 'cover',
    refusal,
    steady: false,
    unsteadyReason: null,
    launches: [],
    calls: launches.map(({ launch }) => launch),
    warnings: ['Calls were counted, not instructions: no emulator.'],
  };
  return explainCalls({ run, launches, diff, modulePath: 'example.com/demo', sampled: { functions, attribution } });
};

const row = (name: string, kind: FunctionComparison['kind'] = 'regressed'): FunctionComparison => ({
  profile: 'cpu',
  function: name,
  package: 'main',
  file: 'main.go',
  line: 1,
  basePerRequest: 1,
  headPerRequest: 2,
  deltaPerRequest: 1,
  baseCumPerRequest: 1,
  headCumPerRequest: 2,
  unit: 'ns',
  impactRatio: 0.1,
  impactCiRatio: null,
  smallestDetectableRatio: null,
  qValue: null,
  baseCallsPerRequest: null,
  headCallsPerRequest: null,
  kind,
  path: [name],
  changedInDiff: false,
  movedTo: null,
});

const thrice = (calls: Calls): readonly Calls[] => [calls, calls, calls];

const sentenceOf = ({ attribution }: ReturnType<typeof explain>): string => attribution?.warnings[0] ?? '';

describe('calls of functions', () => {
  it('are told per request where one side calls a function more often, and who counted', () => {
    const found = explain(thrice({ 'main.near': 1, 'main.same': 7 }), thrice({ 'main.near': 3, 'main.same': 7 }));
    expect(sentenceOf(found)).toBe(
      'Go’s coverage counters (calls per request, not instructions): main.near is called 3 instead of 1 times (3×).',
    );
    expect(found.attribution).toMatchObject({ culprit: null, source: 'judged' });
    expect(found.attribution?.warnings[1]).toContain('no emulator');
    expect(found.exact).toEqual({ engine: 'cover', aaSpreadRatio: 0, refusal: null });
  });

  it('say so when no function is called more or less often', () => {
    const found = explain(thrice({ 'main.near': 1 }), thrice({ 'main.near': 1 }));
    expect(sentenceOf(found)).toMatch(/no function .* is called more or less often/);
  });

  it('stand in the rows that samples found, and leave kinds, culprit and everything else as it was', () => {
    const functions = [
      row('main.near'),
      row('main.(*box[...]).put', 'unclear'),
      row('main.sum[...]'),
      row('runtime.x'),
    ];
    const attribution: Attribution = {
      source: 'explain',
      samples: { base: 5, head: 5 },
      diffuse: null,
      culprit: 'main.near',
      warnings: ['as before'],
    };
    const calls = { 'main.near': 1, 'main.put': 4, 'main.sum': 2 };
    const found = explain(thrice(calls), thrice({ ...calls, 'main.near': 2.5 }), { functions, attribution });
    const filled = found.functions.map((each) => [each.baseCallsPerRequest, each.headCallsPerRequest]);
    expect(filled).toEqual([
      [1, 2.5],
      [4, 4],
      [2, 2],
      [null, null],
    ]);
    const bare = found.functions.map((each) => ({ ...each, baseCallsPerRequest: null, headCallsPerRequest: null }));
    expect(bare).toEqual(functions);
    expect(found.attribution).toMatchObject({ culprit: 'main.near', source: 'explain', samples: { base: 5, head: 5 } });
    expect(found.attribution?.warnings[0]).toBe('as before');
  });

  it('are 0 on the side that never calls the function, and told as such', () => {
    const found = explain(thrice({}), thrice({ 'main.fresh': 2 }), { functions: [row('main.fresh', 'new')] });
    expect(found.functions[0]).toMatchObject({ baseCallsPerRequest: 0, headCallsPerRequest: 2 });
    expect(sentenceOf(found)).toContain('main.fresh is called 2 instead of 0 times');
  });

  it('that differ between launches of one side by a third of it are not told', () => {
    const head = [{ 'main.tick': 1.9 }, { 'main.tick': 2.3 }, { 'main.tick': 2.1 }];
    expect(sentenceOf(explain(thrice({ 'main.tick': 1 }), head))).toMatch(/no function/);
    const steady = [{ 'main.tick': 2.0 }, { 'main.tick': 2.2 }, { 'main.tick': 2.1 }];
    expect(sentenceOf(explain(thrice({ 'main.tick': 1 }), steady))).toContain('main.tick is called 2.1 instead of 1');
  });

  it.each([
    ['a line in it', 44],
    ['its last line', 45],
    ['the line of its brace, where its first code is below', 39],
  ])('of the changed lines come first, then what is called most times as often: %s', (_, line) => {
    const base = { 'main.a': 1000, 'main.b': 10, 'main.c': 10, 'main.d': 10 };
    const head = { 'main.a': 1100, 'main.b': 30, 'main.c': 20, 'main.d': 11 };
    const diff: readonly FileDiff[] = [
      { file: 'd.go', status: 'modified', renamedFrom: null, baseLines: [[line, line]], headLines: [[line, line]] },
    ];
    expect(sentenceOf(explain(thrice(base), thrice(head)))).toMatch(/main\.b .*main\.c .*main\.a .*and 1 more\./);
    expect(sentenceOf(explain(thrice(base), thrice(head), { diff }))).toMatch(/: main\.d .*main\.b .*and 1 more\./);
  });

  it('of a function beside the changed lines wait their turn', () => {
    const diff: readonly FileDiff[] = [
      { file: 'd.go', status: 'modified', renamedFrom: null, baseLines: [[46, 60]], headLines: [[46, 60]] },
    ];
    const head = { 'main.a': 1100, 'main.b': 30, 'main.c': 20, 'main.d': 11 };
    const base = { 'main.a': 1000, 'main.b': 10, 'main.c': 10, 'main.d': 10 };
    expect(sentenceOf(explain(thrice(base), thrice(head), { diff }))).toMatch(/: main\.b .*main\.c .*main\.a .*/);
  });

  it('of functions that coverage data name alike are left out', () => {
    const twice = [
      ...called({ 'main.push': 1 }),
      { ...called({ 'main.push': 5 })[0], function: { name: 'main.push', file: 'o.go', line: 3, lastLine: 4 } },
    ];
    const alike = (side: Side) => launched(side, twice as readonly CalledFunction[]);
    const launches = [alike('base'), alike('head')];
    const run: ExactRun = {
      engine: 'cover',
      refusal: null,
      steady: false,
      unsteadyReason: null,
      launches: [],
      calls: launches.map(({ launch }) => launch),
      warnings: [],
    };
    const sampled = { functions: [row('main.(*stack[...]).push')], attribution: null };
    const found = explainCalls({ run, launches, diff: [], modulePath: null, sampled });
    expect(found.functions[0]?.baseCallsPerRequest).toBeNull();
  });

  it('of a run that was given up change nothing but the reason', () => {
    const functions = [row('main.near')];
    const found = explain([], [], { functions, refusal: 'it does not build' });
    expect(found.exact.refusal).toBe('it does not build');
    expect(found.functions).toEqual(functions);
    expect(found.attribution).toBeNull();
    expect(explain(thrice({ 'main.a': 1 }), []).exact.refusal).toBe('not both sides were counted');
  });
});

describe('a profile of calls', () => {
  it('shows go tool pprof every function with its calls', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'calls-'));
    try {
      const file = path.join(folder, 'calls.pb.gz');
      writeFileSync(file, encodeProfile(callsProfile(called({ 'main.near': 3, 'main.(*shop).far': 0.25 }))));
      const top = execFileSync('go', ['tool', 'pprof', '-top', '-unit=count', file], {
        encoding: 'utf8',
        stdio: 'pipe',
      });
      expect(top).toContain('Type: calls');
      expect(top).toMatch(/\b300\b.*main\.near/);
      expect(top).toMatch(/\b25\b.*main\.\(\*shop\)\.far/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
