import { expect, test } from 'vitest';
import type { Look } from '../../harness/compare/index.ts';
import { diagnose } from '../../harness/run/diagnosis.ts';
import type { RunSoFar } from '../../harness/run/next-step.ts';
import { lookOf, says, usual } from './run-so-far.ts';

const SECONDS = { growth: 14, counts: 30, allocations: 10, trace: 10, samples: 11, routes: 32, perf: 33 };

const told = (soFar: Partial<RunSoFar>, look: Partial<Look>) =>
  diagnose({ ...usual, ...soFar, look: lookOf(look) }, SECONDS);

const cpu = { verdicts: [says('cpuNsPerRequest', 'regressed')] };

test('nothing is told where nothing moved, where head fails, and of a record', () => {
  expect(told({}, {})).toEqual([]);
  expect(told({}, { ...cpu, headFails: true })).toEqual([]);
  expect(told({ purpose: 'record' }, cpu)).toEqual([]);
});

test('what ran is told with what called for it, what did not with the reason', () => {
  expect(told({ counting: 'done', isNamedExactly: true }, cpu)).toEqual([
    { capture: 'counts', because: ['cpuNsPerRequest'], leftOut: null },
    { capture: 'samples', because: ['cpuNsPerRequest'], leftOut: 'named' },
    { capture: 'perf', because: ['cpuNsPerRequest'], leftOut: 'seen' },
  ]);
  expect(told({ exact: 'off', hasSamples: true }, cpu).map(({ leftOut }) => leftOut)).toEqual([
    'off',
    'sampled',
    'seen',
  ]);
  expect(told({ engine: 'none', explain: false }, cpu).map(({ leftOut }) => leftOut)).toEqual([
    'impossible',
    'off',
    'off',
  ]);
});

test('where time was short, with the budget that would have held it', () => {
  const latency = { latencyFired: true, verdicts: [says('allocBytesPerRequest', 'changed')] };
  expect(told({ secondsLeft: 5, counting: 'done' }, latency)).toEqual([
    { capture: 'counts', because: ['allocBytesPerRequest'], leftOut: null },
    { capture: 'allocations', because: ['allocBytesPerRequest'], leftOut: 'time', budgetMinutes: 3 },
    { capture: 'trace', because: ['latencyP50Ms'], leftOut: 'time', budgetMinutes: 3 },
  ]);
});

const several = { mode: 'auto', count: 6, done: 0, areKnown: false } as const;

test('request names by themselves are told where there are several, and where the scenario asks for them', () => {
  const fateOf = (names: RunSoFar['names'], look: Partial<Look> = cpu) =>
    told({ names, counting: 'done' }, look).find(({ capture }) => capture === 'routes');
  const because = ['cpuNsPerRequest'];
  expect(fateOf({ ...several, count: 1 })).toBeUndefined();
  expect(fateOf(several)).toMatchObject({ because, leftOut: 'time' });
  expect(fateOf({ ...several, done: 4 })).toMatchObject({ because, leftOut: null });
  expect(fateOf({ ...several, mode: 'off' })).toMatchObject({ leftOut: 'off' });
  expect(fateOf({ ...several, areKnown: true })).toMatchObject({ leftOut: 'named' });
  expect(fateOf(several, {})).toBeUndefined();
  expect(fateOf({ ...several, mode: 'always', done: 8 }, {})).toEqual({
    capture: 'routes',
    because: [],
    leftOut: null,
  });
});

test('perf is told where Go’s own profile does not show what became slower, and where the scenario asks for it', () => {
  const fateOf = (perf: Partial<RunSoFar['perf']>, look: Partial<Look> = cpu) =>
    told({ perf: { ...usual.perf, ...perf }, counting: 'done' }, look).find(({ capture }) => capture === 'perf');
  const because = ['cpuNsPerRequest'];
  expect(fateOf({})).toMatchObject({ because, leftOut: 'seen' });
  expect(fateOf({ isHidden: true })).toMatchObject({ because, leftOut: 'time' });
  expect(fateOf({ isHidden: true, tool: 'missing' })).toMatchObject({ leftOut: 'impossible' });
  expect(fateOf({ isHidden: true, done: 3 })).toMatchObject({ leftOut: null });
  expect(fateOf({ mode: 'off', isHidden: true })).toMatchObject({ leftOut: 'off' });
  expect(fateOf({}, {})).toBeUndefined();
  expect(fateOf({ mode: 'always', done: 3 }, {})).toEqual({ capture: 'perf', because: [], leftOut: null });
});
