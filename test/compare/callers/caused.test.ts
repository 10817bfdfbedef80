import { describe, expect, it } from 'vitest';
import { type ExactFindings, judgeExact } from '../../../harness/compare/instructions/judge.ts';
import type { ExactLaunch, ExactRun, FileDiff, Side } from '../../../harness/model/index.ts';
import type { Profile } from '../../../harness/profile/index.ts';
import { scenarioWith } from '../../builders/scenarios.ts';
import { type Code, profileOf, REQUESTS } from '../../builders/counted-code.ts';

const launchOf = (side: Side, index: number): ExactLaunch => ({
  index,
  side,
  linkSeed: null,
  requests: REQUESTS,
  groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
  windowSeconds: 1,
  idleSeconds: 1,
  syscalls: {},
  threads: 1,
  profile: '',
  wallSeconds: 1,
});

/** Touches the whole of these functions' files. */
const diffOf = (...functions: readonly string[]): readonly FileDiff[] =>
  functions.map((name) => ({
    file: `${name.replace(/^.*\./, '')}.go`,
    status: 'modified',
    renamedFrom: null,
    baseLines: [[1, 99]],
    headLines: [[1, 99]],
  }));

const judge = (
  base: Profile,
  head: Profile,
  ...touched: readonly string[]
): ExactFindings & { readonly row: (name: string) => ExactFindings['functions'][number] | undefined } => {
  const launches = (['base', 'head'] as const).flatMap((side) =>
    [0, 1, 2].map((index) => ({ launch: launchOf(side, index), profile: side === 'base' ? base : head })),
  );
  const run: ExactRun = {
    engine: 'qemu',
    refusal: null,
    steady: true,
    unsteadyReason: null,
    launches: launches.map(({ launch }) => launch),
    warnings: [],
  };
  const found = judgeExact({
    run,
    launches,
    scenario: scenarioWith({}),
    cpuNsPerRequest: null,
    diff: diffOf(...touched),
    moduleChanges: [],
    modulePath: 'example.com/demo',
  });
  return { ...found, row: (name) => found.functions.find((each) => each.function === name) };
};

const SHOP: Code = {
  'main.serve': { own: 5000, calls: { 'main.render': 1, 'main.list': 2 } },
  'main.render': { own: 2000, calls: { 'encoding/json.Marshal': 1 } },
  'main.list': { own: 3000, calls: { 'encoding/json.Marshal': 1 } },
  'encoding/json.Marshal': { own: 500, calls: { 'encoding/json.appendCompact': 4 } },
  'encoding/json.appendCompact': { own: 1000 },
};
const TWICE: Code = { ...SHOP, 'main.render': { own: 2010, calls: { 'encoding/json.Marshal': 2 } } };

/** As stored before callers were counted: the stacks of calls are as deep as all others. */
const withoutCallers = (profile: Profile): Profile => {
  const { samples } = profile;
  return {
    ...profile,
    samples: {
      ...samples,
      stackStart: Uint32Array.from({ length: samples.count + 1 }, (_, sample) => sample),
      stack: samples.stackStart.slice(0, samples.count).map((at) => samples.stack[at] ?? 0),
    },
  };
};

describe('a changed function that calls a library more often', () => {
  const found = judge(profileOf(SHOP), profileOf(TWICE), 'main.render', 'main.list');

  it('is named for what it calls, though nearly all is executed elsewhere', () => {
    expect(found.attribution?.culprit).toBe('main.render');
    expect(found.functions[0]?.function).toBe('main.render');
    const row = found.row('main.render');
    expect(row).toMatchObject({ namedFor: 'callees', kind: 'regressed', changedInDiff: true, deltaPerRequest: 10 });
    expect(row === undefined ? 0 : row.headCumPerRequest - row.baseCumPerRequest).toBeCloseTo(4510, 3);
    expect(row?.callees).toEqual([{ name: 'encoding/json.Marshal', base: 1, head: 2, isChanged: true }]);
  });

  it('is the caller on the rows of what executes it, with the path there', () => {
    expect(found.row('encoding/json.appendCompact')).toMatchObject({
      deltaPerRequest: 4000,
      nearChange: 'calledFrom',
      caller: 'main.render',
      path: ['main.serve', 'main.render', 'encoding/json.Marshal', 'encoding/json.appendCompact'],
      callers: [{ name: 'encoding/json.Marshal', base: 12, head: 16, isChanged: true }],
    });
  });

  it('leaves others that the change touches without blame, and says how many callers are known', () => {
    expect(found.row('main.list')).toMatchObject({ changedInDiff: true, kind: 'unclear' });
    expect(found.row('main.list')?.namedFor).toBeUndefined();
    expect(found.exact.counted?.knownCallersRatio).toBeGreaterThan(0.9);
  });

  it('is not looked for in runs whose callers were not counted, nor where the change is not known', () => {
    const old = judge(withoutCallers(profileOf(SHOP)), withoutCallers(profileOf(TWICE)), 'main.render', 'main.list');
    expect(old.attribution?.culprit).toBe('encoding/json.appendCompact');
    expect(old.exact.counted?.knownCallersRatio).toBeUndefined();
    expect(judge(profileOf(SHOP), profileOf(TWICE)).attribution?.culprit).toBe('encoding/json.appendCompact');
  });

  it('is named where it spares calls, too', () => {
    const spared = judge(profileOf(TWICE), profileOf(SHOP), 'main.render', 'main.list');
    expect(spared.attribution?.culprit).toBe('main.render');
    expect(spared.row('main.render')?.kind).toBe('improved');
  });
});

describe('what calls leave open', () => {
  const larger: Code = { ...SHOP, 'encoding/json.appendCompact': { own: 2000 } };

  it('names the function that executes more, and who makes most of its calls as no more than its caller', () => {
    const found = judge(profileOf(SHOP), profileOf(larger), 'main.render', 'main.list');
    expect(found.attribution?.culprit).toBe('encoding/json.appendCompact');
    expect(found.row('encoding/json.appendCompact')).toMatchObject({
      caller: 'main.list',
      path: ['main.serve', 'main.list', 'encoding/json.Marshal', 'encoding/json.appendCompact'],
    });
    expect(found.row('encoding/json.appendCompact')?.nearChange).toBeUndefined();
  });

  it('names no caller where none makes most of the calls', () => {
    const even = (code: Code): Code => ({
      ...code,
      'main.serve': { own: 5000, calls: { 'main.render': 1, 'main.list': 1, 'main.more': 1 } },
      'main.render': code['main.render']!,
      'main.more': { own: 3000, calls: { 'encoding/json.Marshal': 1 } },
      'encoding/json.Marshal': code['encoding/json.Marshal']!,
      'encoding/json.appendCompact': code['encoding/json.appendCompact']!,
    });
    const inOrder = (code: Code): Code => {
      const all = even(code);
      const names = [
        'main.serve',
        'main.render',
        'main.list',
        'main.more',
        'encoding/json.Marshal',
        'encoding/json.appendCompact',
      ];
      return Object.fromEntries(names.map((name) => [name, all[name]!]));
    };
    const found = judge(profileOf(inOrder(SHOP)), profileOf(inOrder(larger)), 'main.render');
    const row = found.row('encoding/json.appendCompact');
    expect(found.attribution?.culprit).toBe('encoding/json.appendCompact');
    expect([row?.caller, row?.nearChange]).toEqual([undefined, undefined]);
  });
});
