import { describe, expect, it } from 'vitest';
import { callGraph } from '../../../harness/compare/callers/call-graph.ts';
import { instructionsProfile } from '../../../harness/compare/counts/profile.ts';
import { exactWork } from '../../../harness/compare/counts/work.ts';
import type { CountedStack, ExactLaunch } from '../../../harness/model/index.ts';
import { decodeProfile, encodeProfile } from '../../../harness/profile/index.ts';

const frame = (name: string, line = 12) => ({ function: name, file: 'example.com/demo/a.go', line, startLine: 10 });

const group = 'user' as const;

const body = (...names: readonly string[]): CountedStack => ({
  frames: names.map((name) => frame(name)),
  group,
  instructions: 1000,
  calls: 0,
});

const entry = (name: string, calls: number, ...caller: readonly string[]): CountedStack => ({
  frames: [frame(name, 10)],
  group,
  instructions: 0,
  calls,
  ...(caller.length > 0 && { caller: caller.map((each) => frame(each)) }),
});

const launchOf = (...stacks: readonly CountedStack[]) => {
  const launch: ExactLaunch = {
    index: 0,
    side: 'head',
    linkSeed: null,
    requests: 100,
    groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
    windowSeconds: 1,
    idleSeconds: 1,
    syscalls: {},
    threads: 1,
    profile: '',
    wallSeconds: 1,
  };
  const profile = decodeProfile(encodeProfile(instructionsProfile(stacks, [])), 'instructions');
  return exactWork({ launches: [{ launch, profile }], steady: true, diff: [], modulePath: 'example.com/demo' }).launches
    .head;
};

const suspectsOf =
  (...names: readonly string[]) =>
  (name: string): boolean =>
    names.includes(name);

describe('the graph of a side', () => {
  it('has entries, own work and calls per request, of profiles as they are stored', () => {
    const launches = launchOf(entry('main.a', 200), body('main.a'), entry('main.b', 600, 'main.a'), body('main.b'));
    const found = callGraph(launches, suspectsOf(), 'with goroutines');
    expect(found?.graph.get('main.a')).toEqual({
      entries: 2,
      parts: new Map([['main.a', { own: 10, calls: new Map([['main.b', 6]]) }]]),
    });
    expect(found?.graph.get('main.b')?.entries).toBe(6);
    expect(found?.knownRatio).toBe(0.75);
  });

  it('puts work and calls of an inlined suspect down to it, inside the function it was compiled into', () => {
    const launches = launchOf(body('main.small', 'main.a'), entry('main.b', 600, 'main.small', 'main.a'));
    const parts = (...suspects: readonly string[]) =>
      [...(callGraph(launches, suspectsOf(...suspects), 'without')?.graph.get('main.a')?.parts ?? [])].map(
        ([name, { own, calls }]) => [name, own, calls.get('main.b')],
      );
    expect(parts('main.small')).toEqual([['main.small', 10, 6]]);
    expect(parts()).toEqual([['main.a', 10, 6]]);
  });

  it('puts a goroutine down to the function its literal is written in, and no other that nobody calls', () => {
    const launches = launchOf(
      entry('main.a', 100, 'main.z'),
      body('main.a'),
      entry('main.a.func1', 400),
      body('main.a.func1'),
      entry('main.b', 700),
      body('main.b'),
    );
    const callsOf = (begun: 'with goroutines' | 'without') =>
      callGraph(launches, suspectsOf(), begun)?.graph.get('main.a')?.parts.get('main.a')?.calls;
    expect(callsOf('with goroutines')).toEqual(new Map([['main.a.func1', 4]]));
    expect(callsOf('without')).toEqual(new Map());
  });

  it('is none in runs stored before callers were counted', () => {
    const launches = launchOf(entry('main.a', 200), body('main.a'), entry('main.b', 600), body('main.b'));
    expect(callGraph(launches, suspectsOf(), 'with goroutines')).toBeNull();
  });
});
