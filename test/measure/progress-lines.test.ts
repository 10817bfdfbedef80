import { describe, expect, it } from 'vitest';
import { describeProgress } from '../../harness/measure/progress-lines.ts';
import type { RunProgress } from '../../harness/run/index.ts';

const after = (event: RunProgress, seconds: number): string | null => {
  const said = describeProgress(event);
  return said === null || typeof said === 'string' ? said : said.line(seconds);
};

type Stage = Extract<RunProgress, { kind: 'build stage' }>['stage'];

const stage = (of: Stage, seconds = 0): RunProgress => ({ kind: 'build stage', side: 'base', stage: of, seconds });

describe('a build', () => {
  it.each([
    ['has only begun', { kind: 'listing' }, 0, 'base: listing packages'],
    ['lists', { kind: 'listing' }, 3, 'base: listing packages, 3 s'],
    ['fetches', { kind: 'fetching', modules: 31 }, 12, 'base: fetching modules, 31 so far, 12 s'],
    ['has compiled nothing', { kind: 'compiling', compiled: 0, packages: 1234 }, 8, 'building base, 8 s'],
    [
      'has compiled too little to tell the rest',
      { kind: 'compiling', compiled: 3, packages: 1234 },
      30,
      'building base: package 3 of at most 1,234, 30 s',
    ],
    [
      'compiles at a known pace',
      { kind: 'compiling', compiled: 250, packages: 1000 },
      60,
      'building base: package 250 of at most 1,000, 1m; about 3m to go at this pace',
    ],
    ['links', { kind: 'linking' }, 95, 'building base: linking, 1m35s'],
  ] as const)('that %s', (_what, of, seconds, line) => {
    expect(after(stage(of), seconds)).toBe(line);
    expect(after(stage(of, seconds), 0)).toBe(line);
  });
});

type Launch = Extract<RunProgress, { kind: 'launch' }>;

const launch = (changes: Partial<Launch>, outlook: Partial<Launch['outlook']> = {}): RunProgress => ({
  kind: 'launch',
  stage: 'judged',
  number: 5,
  secondsLeft: 100,
  outlook: { aboutSeconds: 42, decision: null, part: null, ...outlook },
  ...changes,
});

describe('a launch', () => {
  it('says when a decision may fall, how long that leaves and how long it can take', () => {
    const first = { launches: 8, isFirstOfCpu: true };
    expect(after(launch({}, { decision: first }), 2)).toBe(
      'launch 5: measuring, CPU can be decided after launch 8; about 40 s to go, at most 1m38s',
    );
    expect(after(launch({}, { decision: { launches: 10, isFirstOfCpu: false } }), 0)).toBe(
      'launch 5: measuring, next decision after launch 10; about 42 s to go, at most 1m40s',
    );
  });

  it('says which of its kind it is', () => {
    expect(after(launch({ stage: 'latency' }, { part: [2, 4] }), 0)).toBe(
      'launch 5: latency at a steady rate (2 of 4); about 42 s to go, at most 1m40s',
    );
  });

  it('promises nothing that is not known, nothing beyond the budget, and never less than nothing', () => {
    for (const aboutSeconds of [null, 100, 250])
      expect(after(launch({}, { aboutSeconds }), 1)).toBe('launch 5: measuring; at most 1m39s to go');
    expect(after(launch({}), 200)).toBe('launch 5: measuring; about 0 s to go, at most 0 s');
  });

  it('is news when it is the first of its stage only', () => {
    const topicOf = (event: RunProgress) => {
      const said = describeProgress(event);
      return said === null || typeof said === 'string' ? undefined : said.topic;
    };
    expect(topicOf(launch({ number: 5 }))).toBe(topicOf(launch({ number: 6 })));
    expect(topicOf(launch({}))).not.toBe(topicOf(launch({ stage: 'latency' })));
    expect(topicOf(stage({ kind: 'linking' }))).toBeNull();
  });
});
