import { describe, expect, test } from 'vitest';
import type { Look } from '../../harness/compare/index.ts';
import { nextStep, type RunSoFar, type NextStep } from '../../harness/run/next-step.ts';
import { lookOf, says, usual } from './run-so-far.ts';

type Row = readonly [what: string, soFar: Partial<RunSoFar>, look: Partial<Look>, step: Partial<NextStep>];

const CPU_OF_A_NAME = { metric: 'cpuNsPerRequest', verdict: 'regressed' } as const;
const SEVERAL = { mode: 'auto', count: 6, done: 0, areKnown: false } as const;
const HIDDEN = { mode: 'auto', tool: 'unknown', done: 0, isHidden: true } as const;
const MEDIAN = { metric: 'latencyP50Ms', verdict: 'improved' } as const;
const CPU_FIRED = [says('cpuNsPerRequest', 'regressed')];

const check = ([, soFar, look, step]: Row): void =>
  expect(nextStep({ ...usual, ...soFar, look: lookOf(look) })).toMatchObject(step);

/** Eight layouts of three launches each, eight seconds a launch: 24 launches are not to be had in two minutes. */
const slowLinks = { longestSeconds: 4, judgedSeconds: 40 } as const;
const slowLook = { layouts: 1, launches: 5, firstCpuLook: 24 } as const;

const JUDGED: readonly Row[] = [
  ['goes on while a gate is open', {}, {}, { kind: 'judged' }],
  ['ends when every gate is decided', {}, { done: true }, { kind: 'stop', why: 'decided' }],
  ['ends after the last look', {}, { done: true, nextLook: null }, { kind: 'stop', why: 'launches' }],
  [
    'keeps the time of names that the scenario asks for',
    { secondsLeft: 4 + 8 * 4, latency: false, names: { ...SEVERAL, mode: 'always' } },
    {},
    { kind: 'stop', why: 'budget' },
  ],
  ['ends before the budget does', { secondsLeft: 4 + 12, latency: true }, {}, { kind: 'stop', why: 'budget' }],
  ['without a latency phase keeps nothing for it', { secondsLeft: 16, latency: false }, {}, { kind: 'judged' }],
  [
    'counts the wait for links as its time',
    { secondsLeft: 30, latency: false, waitSeconds: 27 },
    {},
    { kind: 'stop', why: 'budget' },
  ],
  ['refuses a budget without a launch', { secondsLeft: 0 }, { launches: 0 }, { kind: 'too little' }],
  [
    'makes the first launches whatever others would like to have',
    { ...slowLinks, secondsLeft: 17 },
    { ...slowLook, launches: 3, suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'judged' },
  ],
  [
    'keeps the time of a growth launch for a heap that is not acquitted',
    { secondsLeft: 12 + 14 + 3 },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'stop', why: 'budget' },
  ],
  [
    'keeps it for half as many requests where the service is slow',
    { secondsLeft: 12 + 54 + 3, couplesPerSecond: 100 },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'stop', why: 'budget' },
  ],
  [
    'keeps none where half of the budget would not do',
    { secondsLeft: 60, couplesPerSecond: 50 },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'judged' },
  ],
  [
    'keeps the time to count allocation sites that moved',
    { secondsLeft: 25 },
    { verdicts: [says('cpuNsPerRequest', 'open'), says('mallocsPerRequest', 'changed')] },
    { kind: 'stop', why: 'budget' },
  ],
  [
    'asks what counts here once CPU cannot have its look in time',
    { ...slowLinks, engine: 'unknown' },
    slowLook,
    { kind: 'find engine' },
  ],
  [
    'keeps the time to count instructions then',
    { ...slowLinks, secondsLeft: 45 },
    slowLook,
    { kind: 'stop', why: 'budget' },
  ],
  [
    'keeps it not where only calls can be counted',
    { ...slowLinks, secondsLeft: 45, engine: 'calls' },
    slowLook,
    { kind: 'judged' },
  ],
  [
    'keeps it not where exact mode is off',
    { ...slowLinks, secondsLeft: 45, exact: 'off' },
    slowLook,
    { kind: 'judged' },
  ],
  ['lets CPU have its first look rather than count', { secondsLeft: 31, judgedSeconds: 20 }, {}, { kind: 'judged' }],
  [
    'counts after a look that leaves CPU open',
    {},
    { launches: 8, isLook: true, firstCpuLook: null },
    { kind: 'count', state: 'open' },
  ],
  [
    'does not count where the only open gate has a launch of its own to come',
    {},
    {
      launches: 8,
      isLook: true,
      firstCpuLook: null,
      verdicts: [says('heapGrowthBytesPerRequest', 'open')],
      suspectGrowth: ['heapGrowthBytesPerRequest'],
    },
    { kind: 'judged' },
  ],
  [
    'asks what counts first',
    { engine: 'unknown' },
    { launches: 8, isLook: true, firstCpuLook: null },
    { kind: 'find engine' },
  ],
  ['counts once', { counting: 'done' }, { launches: 8, isLook: true, firstCpuLook: null }, { kind: 'judged' }],
  [
    'does not count calls of a gate that only is open',
    { counting: 'waits', engine: 'calls' },
    { launches: 8, isLook: true, firstCpuLook: null },
    { kind: 'judged' },
  ],
  ['does not count at a look that only counters had', {}, { launches: 6, isLook: true }, { kind: 'judged' }],
  [
    'launches nothing where only counts are wanted',
    { exact: 'only' },
    { launches: 0 },
    { kind: 'stop', why: 'decided' },
  ],
  ['records twelve', { purpose: 'record' }, { launches: 12, done: true }, { kind: 'stop', why: 'recorded' }],
  [
    'leaves a record the time to be counted',
    { purpose: 'record', secondsLeft: 34 },
    { launches: 6 },
    { kind: 'stop', why: 'budget' },
  ],
  [
    'but no more than half of what there is',
    { purpose: 'record', secondsLeft: 66, exactSeconds: 100 },
    { launches: 6 },
    { kind: 'judged' },
  ],
  [
    'records on where a comparison would be done',
    { purpose: 'record' },
    { launches: 11, done: true },
    { kind: 'judged' },
  ],
  ['calibrates to the last look', { purpose: 'calibrate' }, { done: true }, { kind: 'judged' }],
];

/** Five launches of them in three turns. */
const TWO_LANES: readonly Row[] = [
  ['begins with one launch', {}, { launches: 0, nextLook: 4 }, { kind: 'judged', launches: 1 }],
  ['goes on with two', {}, { launches: 1, nextLook: 4 }, { kind: 'judged', launches: 2 }],
  ['begins none that the next look may not need', {}, { launches: 3, nextLook: 4 }, { kind: 'judged', launches: 1 }],
  ['makes up for one that gave no unit', {}, { launches: 8, nextLook: 9 }, { kind: 'judged', launches: 1 }],
  [
    'records no more than twelve',
    { purpose: 'record' },
    { launches: 11, nextLook: 16 },
    { kind: 'judged', launches: 1 },
  ],
  ['keeps two turns for latency', { secondsLeft: 4 + 6 + 1 }, {}, { kind: 'judged', launches: 1 }],
  ['not less', { secondsLeft: 4 + 6 }, {}, { kind: 'stop', why: 'budget' }],
  ['measures latency in two', { stop: 'decided', counting: 'done' }, {}, { kind: 'latency', launches: 2 }],
  [
    'but not across its next look',
    { stop: 'decided', counting: 'done', latencyDone: 3 },
    {},
    { kind: 'latency', launches: 1 },
  ],
  [
    'explains in two',
    { stop: 'decided', counting: 'done', latencyDone: 4 },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain', launches: 2 },
  ],
];

const FOLLOWED: readonly Row[] = [
  [
    'ends a run in which nothing moved and no latency is left',
    { latencyDone: 4 },
    { firstCpuLook: null, nextLatencyLook: null },
    { kind: 'end', uncounted: false },
  ],
  ['ends at once where head fails', {}, { headFails: true }, { kind: 'end', uncounted: false }],
  ['counts a record', { purpose: 'record' }, {}, { kind: 'count', state: 'fired', leaveSeconds: 0 }],
  ['asks what counts a record', { purpose: 'record', engine: 'unknown' }, {}, { kind: 'find engine' }],
  ['samples a counted record', { purpose: 'record', counting: 'done' }, {}, { kind: 'explain' }],
  [
    'samples a record that is not to be counted',
    { purpose: 'record', exact: 'off', explainedSeconds: 33 },
    {},
    { kind: 'explain' },
  ],
  [
    'ends a record that is sampled',
    { purpose: 'record', counting: 'done', explainedSeconds: 34 },
    {},
    { kind: 'end', uncounted: false },
  ],
  [
    'ends a record that has no time to be sampled',
    { purpose: 'record', engine: 'calls', secondsLeft: 10 },
    {},
    { kind: 'end', uncounted: false },
  ],
  [
    'samples nothing where only counts are wanted',
    { purpose: 'record', exact: 'only', counting: 'done' },
    {},
    { kind: 'end', uncounted: false },
  ],
  [
    'counts it even so where that is demanded',
    { purpose: 'record', engine: 'calls', exact: 'always' },
    {},
    { kind: 'count', state: 'fired', leaveSeconds: 0 },
  ],
  [
    'settles a suspicion first',
    {},
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'growth', requests: 10_000 },
  ],
  [
    'with as many requests as fit',
    { secondsLeft: 64, couplesPerSecond: 100 },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'growth', requests: 6000 },
  ],
  [
    'leaves the time of counting and latency, where all of them fit',
    { secondsLeft: 96, couplesPerSecond: 100 },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'growth', requests: 5000 },
  ],
  [
    'looks where goroutines are stuck that grow for certain, with a few seconds of requests',
    { tellsStuck: true, couplesPerSecond: 400 },
    { verdicts: [says('goroutineGrowthPerRequest', 'regressed')] },
    { kind: 'growth', requests: 2400 },
  ],
  [
    'with a thousand at least, and no more than a suspicion takes',
    { tellsStuck: true, couplesPerSecond: 50 },
    { verdicts: [says('goroutineGrowthPerRequest', 'regressed')] },
    { kind: 'growth', requests: 1000 },
  ],
  [
    'not where there is no time for it',
    { tellsStuck: true, couplesPerSecond: 50, secondsLeft: 23, counting: 'done' },
    { verdicts: [says('goroutineGrowthPerRequest', 'regressed')] },
    { kind: 'latency' },
  ],
  [
    'nor where Go does not tell, or no goroutines grow',
    { tellsStuck: false, counting: 'done' },
    { verdicts: [says('goroutineGrowthPerRequest', 'regressed')] },
    { kind: 'latency' },
  ],
  [
    'nor twice',
    { tellsStuck: true, growthDone: true, counting: 'done' },
    { verdicts: [says('goroutineGrowthPerRequest', 'regressed')] },
    { kind: 'latency' },
  ],
  [
    'not with fewer than half',
    { secondsLeft: 53, couplesPerSecond: 100, counting: 'done' },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'latency' },
  ],
  [
    'once',
    { growthDone: true, counting: 'done' },
    { suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'latency' },
  ],
  ['counts where CPU had no look', {}, {}, { kind: 'count', state: 'open' }],
  [
    'counts where a gate fired',
    {},
    { firstCpuLook: null, verdicts: [says('mallocsPerRequest', 'regressed')] },
    { kind: 'count', state: 'fired' },
  ],
  ['does not count where all is quiet', {}, { firstCpuLook: null, verdicts: [] }, { kind: 'latency' }],
  [
    'counts where all is quiet when told to',
    { exact: 'always' },
    { firstCpuLook: null, verdicts: [] },
    { kind: 'count', state: 'quiet' },
  ],
  [
    'says so when calls were waited for and no gate fired',
    { counting: 'waits', engine: 'calls' },
    { firstCpuLook: null, verdicts: [] },
    { kind: 'count', state: 'quiet' },
  ],
  ['does not begin to count without time', { secondsLeft: 41 }, {}, { kind: 'latency' }],
  ['says at the end that it had none', { secondsLeft: 2 }, {}, { kind: 'end', uncounted: true }],
  [
    'says nothing of it where nothing counts',
    { secondsLeft: 2, engine: 'none' },
    {},
    { kind: 'end', uncounted: false },
  ],
  [
    'counts allocation sites that moved',
    { counting: 'done' },
    { verdicts: [says('allocBytesPerRequest', 'regressed')] },
    { kind: 'capture' },
  ],
  [
    'leaves them where there is no time',
    { counting: 'done', secondsLeft: 9 },
    { verdicts: [says('allocBytesPerRequest', 'regressed')] },
    { kind: 'latency' },
  ],
  [
    'measures latency on while it is open',
    { counting: 'done', latencyDone: 4 },
    { nextLatencyLook: 6 },
    { kind: 'latency' },
  ],
  [
    'not longer than there is time for a launch',
    { counting: 'done', latencyDone: 4, secondsLeft: 2.9 },
    { nextLatencyLook: 6 },
    { kind: 'end', uncounted: false },
  ],
  [
    'explains CPU that fired once latency is decided',
    { counting: 'done', latencyDone: 4 },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'explains once before latency where there is no time for both',
    { counting: 'done', secondsLeft: 22 },
    { verdicts: CPU_FIRED },
    { kind: 'explain' },
  ],
  [
    'and goes on with latency',
    { counting: 'done', secondsLeft: 20, explainedSeconds: 11 },
    { verdicts: CPU_FIRED },
    { kind: 'latency' },
  ],
  [
    'measures latency first where there is time for both',
    { counting: 'done', secondsLeft: 23 },
    { verdicts: CPU_FIRED },
    { kind: 'latency' },
  ],
  [
    'follows requests through a trace where latency fired, before it looks for who computes',
    { counting: 'done', latencyDone: 4 },
    { verdicts: CPU_FIRED, latencyFired: true, nextLatencyLook: null },
    { kind: 'trace' },
  ],
  [
    'before all others where the couples show it already, and it leaves latency its time',
    {},
    { latencyFired: true, suspectGrowth: ['heapGrowthBytesPerRequest'] },
    { kind: 'trace' },
  ],
  ['after them where it would not', { counting: 'done', secondsLeft: 20 }, { latencyFired: true }, { kind: 'latency' }],
  [
    'twice more at the end, to see by how much launches differ',
    { counting: 'done', latencyDone: 4, traceDone: true, traces: { mode: 'auto', done: 2 }, explainedSeconds: 120 },
    { latencyFired: true, nextLatencyLook: null },
    { kind: 'trace' },
  ],
  [
    'after a first look at who computes, before further ones',
    { counting: 'done', latencyDone: 4, traceDone: true, traces: { mode: 'auto', done: 1 }, explainedSeconds: 11 },
    { verdicts: CPU_FIRED, latencyFired: true, nextLatencyLook: null },
    { kind: 'trace' },
  ],
  [
    'and no more',
    { counting: 'done', latencyDone: 4, traceDone: true, traces: { mode: 'auto', done: 3 }, explainedSeconds: 120 },
    { latencyFired: true, nextLatencyLook: null },
    { kind: 'end' },
  ],
  [
    'where nothing moved, but the scenario asks for it',
    { counting: 'done', latencyDone: 4, traces: { mode: 'always', done: 0 } },
    { nextLatencyLook: null },
    { kind: 'trace' },
  ],
  [
    'not where the scenario wants none',
    { counting: 'done', latencyDone: 4, traces: { mode: 'off', done: 0 } },
    { latencyFired: true, nextLatencyLook: null },
    { kind: 'end' },
  ],
  [
    'not without its time',
    { counting: 'done', latencyDone: 4, secondsLeft: 9 },
    { latencyFired: true, nextLatencyLook: null },
    { kind: 'end' },
  ],
  [
    'follows one request name where only that one moved, whichever way',
    { counting: 'done', latencyDone: 4, movedLatency: { symptoms: [MEDIAN], route: 'GET /search' } },
    { nextLatencyLook: null },
    { kind: 'trace', route: 'GET /search' },
  ],
  [
    'measures each request name by itself where CPU moved and no count says in which, before more samples',
    { counting: 'done', latencyDone: 4, names: SEVERAL },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'routes', launches: 1 },
  ],
  [
    'but not before samples that the scenario asks for, by a limit of a function or by labels',
    { counting: 'done', latencyDone: 4, wantsSamples: true, names: SEVERAL },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'until four have told CPU, then names the function',
    { counting: 'done', latencyDone: 4, names: { ...SEVERAL, done: 4 } },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'not where counts know the names',
    { counting: 'done', latencyDone: 4, hasSamples: true, names: { ...SEVERAL, areKnown: true } },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'end' },
  ],
  [
    'nor where the function would go without its launch',
    { counting: 'done', latencyDone: 4, secondsLeft: 4 * 4 + 10, names: SEVERAL },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'never where nothing moved: a clean run takes no step for it',
    { counting: 'done', latencyDone: 4, names: SEVERAL },
    { firstCpuLook: null, nextLatencyLook: null, verdicts: [says('cpuNsPerRequest', 'unchanged')] },
    { kind: 'end' },
  ],
  [
    'unless the scenario asks for it',
    { counting: 'done', latencyDone: 4, names: { ...SEVERAL, mode: 'always', done: 7 } },
    { firstCpuLook: null, nextLatencyLook: null, verdicts: [says('cpuNsPerRequest', 'unchanged')] },
    { kind: 'routes', launches: 1 },
  ],
  [
    'asks perf where calls into C or the kernel have a part in what became slower, once it is known to be there',
    { counting: 'done', latencyDone: 4, perf: HIDDEN },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'find perf' },
  ],
  [
    'for three launches, as many as there is time for',
    { counting: 'done', latencyDone: 4, lanes: 2, perf: { ...HIDDEN, tool: 'found', done: 1 } },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'perf', launches: 2 },
  ],
  [
    'not where it cannot be had',
    { counting: 'done', latencyDone: 4, perf: { ...HIDDEN, tool: 'missing' } },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'nor where Go’s own profile shows it all',
    { counting: 'done', latencyDone: 4, perf: { ...HIDDEN, isHidden: false } },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'whatever moved where the scenario asks for it, and keeps the time',
    { counting: 'done', latencyDone: 4, perf: { ...HIDDEN, mode: 'always', isHidden: false } },
    { firstCpuLook: null, nextLatencyLook: null, verdicts: [says('cpuNsPerRequest', 'unchanged')] },
    { kind: 'find perf' },
  ],
  [
    'counts instructions for the one name that takes more CPU: exact counts show what is little of the mix',
    { latencyDone: 4, names: { ...SEVERAL, mode: 'always', done: 8 }, movedNames: [CPU_OF_A_NAME] },
    { firstCpuLook: null, nextLatencyLook: null, verdicts: [says('cpuNsPerRequest', 'unchanged')] },
    { kind: 'count', state: 'fired' },
  ],
  [
    'but looks for no samples of it',
    { counting: 'done', latencyDone: 4, names: { ...SEVERAL, mode: 'always', done: 8 }, movedNames: [CPU_OF_A_NAME] },
    { firstCpuLook: null, nextLatencyLook: null, verdicts: [says('cpuNsPerRequest', 'unchanged')] },
    { kind: 'end' },
  ],
  [
    'all of them where the median of all moved',
    { counting: 'done', latencyDone: 4, movedLatency: { symptoms: [MEDIAN], route: null } },
    { nextLatencyLook: null },
    { kind: 'trace', route: null },
  ],
  [
    'nor where nothing is to be explained',
    { counting: 'done', latencyDone: 4, explain: false },
    { latencyFired: true, nextLatencyLook: null },
    { kind: 'end' },
  ],
  [
    'not beyond its samples',
    { counting: 'done', latencyDone: 4, hasSamples: true },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'end', uncounted: false },
  ],
  [
    'for a function with a limit in CPU, too, whatever fired, after the latency phase',
    { counting: 'done', latencyDone: 4, wantsSamples: true, isNamedExactly: true },
    { nextLatencyLook: null },
    { kind: 'explain' },
  ],
  [
    'but for a limit not before the latency phase',
    { counting: 'done', secondsLeft: 20, wantsSamples: true },
    {},
    { kind: 'latency' },
  ],
  [
    'nor beyond its samples',
    { counting: 'done', latencyDone: 4, wantsSamples: true, hasSamples: true },
    { nextLatencyLook: null },
    { kind: 'end', uncounted: false },
  ],
  [
    'not beyond two minutes',
    { counting: 'done', latencyDone: 4, explainedSeconds: 110 },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'end', uncounted: false },
  ],
  [
    'not what counts have named',
    { counting: 'done', latencyDone: 4, isNamedExactly: true },
    { verdicts: CPU_FIRED, nextLatencyLook: null },
    { kind: 'end', uncounted: false },
  ],
  [
    'only counts where only that is wanted',
    { exact: 'only', counting: 'done' },
    { verdicts: CPU_FIRED },
    { kind: 'end', uncounted: false },
  ],
];

describe('while launches are judged, the next step', () => {
  test.each(JUDGED)('%s', (...row) => check(row));
});

describe('after the judged launches, the next step', () => {
  test.each(FOLLOWED.map(([what, soFar, ...rest]) => [what, { stop: 'budget', ...soFar }, ...rest] as Row))(
    '%s',
    (...row) => check(row),
  );
});

describe('with two lanes, the next step', () => {
  test.each(TWO_LANES.map(([what, soFar, ...rest]) => [what, { lanes: 2, judgedTurns: 3, ...soFar }, ...rest] as Row))(
    '%s',
    (...row) => check(row),
  );
});

describe('a whole run', () => {
  /** Takes steps on a clock of made-up seconds; CPU stays open. */
  const stepsOf = (start: Partial<RunSoFar>, perLaunch: number, layoutsPerLaunch: number): readonly NextStep[] => {
    let soFar: RunSoFar = {
      ...usual,
      judgedSeconds: 0,
      judgedTurns: 0,
      secondsLeft: 120,
      engine: 'unknown',
      ...start,
      look: lookOf({ launches: 0, layouts: 0 }),
    };
    const taken: NextStep[] = [];
    const spend = (seconds: number, changes: Partial<RunSoFar>): RunSoFar => ({
      ...soFar,
      secondsLeft: soFar.secondsLeft - seconds,
      ...changes,
    });
    const judged = (added: number): RunSoFar => {
      const launches = soFar.look.launches + added;
      const layouts = Math.floor(launches * layoutsPerLaunch);
      const firstCpuLook = layouts >= 8 ? null : 8 / layoutsPerLaunch;
      const suspectGrowth = launches >= 4 ? (['heapGrowthBytesPerRequest'] as const) : [];
      const nextLook = [4, 6, 8, 10, 12, 16, 20, 24].find((count) => count > launches) ?? 40;
      const look = lookOf({ launches, layouts, firstCpuLook, suspectGrowth, nextLook, isLook: launches >= 8 });
      const { judgedSeconds, judgedTurns } = soFar;
      const judgedSoFar = { judgedSeconds: judgedSeconds + perLaunch, judgedTurns: judgedTurns + 1 };
      return spend(perLaunch, { look, longestSeconds: perLaunch, ...judgedSoFar });
    };
    /** Undecided by its first look, decided by its second. */
    const latency = (added: number): RunSoFar => {
      const latencyDone = soFar.latencyDone + added;
      const nextLatencyLook = [4, 6].find((look) => look > latencyDone) ?? null;
      return spend(soFar.latencyLaunchSeconds, { latencyDone, look: { ...soFar.look, nextLatencyLook } });
    };
    const after = (step: NextStep): RunSoFar => {
      switch (step.kind) {
        case 'judged':
          return judged(step.launches);
        case 'stop':
          return { ...soFar, stop: step.why };
        case 'find engine':
          return { ...soFar, engine: 'instructions' };
        case 'count':
          return spend(soFar.exactSeconds, { counting: 'done' });
        case 'growth':
          return spend(14, { growthDone: true });
        case 'latency':
          return latency(step.launches);
        case 'routes':
          return spend(soFar.routesLaunchSeconds, {
            names: { ...soFar.names, done: soFar.names.done + step.launches },
          });
        case 'find perf':
          return { ...soFar, perf: { ...soFar.perf, tool: 'found' } };
        case 'perf':
          return spend(9, { perf: { ...soFar.perf, done: soFar.perf.done + step.launches } });
        case 'capture':
        case 'trace':
        case 'explain':
        case 'too little':
        case 'end':
          return soFar;
      }
    };
    for (let step = nextStep(soFar); step.kind !== 'end' && taken.length < 200; step = nextStep(soFar)) {
      taken.push(step);
      soFar = after(step);
    }
    expect(soFar.secondsLeft).toBeGreaterThanOrEqual(0);
    return taken;
  };

  const kinds = (...run: Parameters<typeof stepsOf>): readonly string[] => [
    ...new Set(stepsOf(...run).map(({ kind }) => kind)),
  ];

  test('with links of eight seconds counts, settles the suspicion and measures latency within two minutes', () => {
    expect(kinds({}, 8, 1 / 3)).toEqual(['judged', 'find engine', 'stop', 'growth', 'count', 'latency']);
  });

  test('with quick links has CPU looked at before it counts', () => {
    expect(kinds({}, 3.5, 1)).toEqual(['judged', 'find engine', 'count', 'stop', 'growth', 'latency']);
  });

  test('with two lanes has the first launch alone, then two at a time, but none across a look', () => {
    const steps = stepsOf({ lanes: 2, secondsLeft: 60, counting: 'done' }, 3.5, 1);
    const judged = steps.flatMap((step) => (step.kind === 'judged' ? [step.launches] : []));
    expect(judged.slice(0, 7)).toEqual([1, 2, 1, 2, 2, 2, 2]);
    expect(steps.flatMap((step) => (step.kind === 'latency' ? [step.launches] : []))).toEqual([2, 2]);
  });

  test('with two lanes has CPU looked at where one lane would have had to count instead', () => {
    const slow = { secondsLeft: 75, couplesPerSecond: 1000, engine: 'instructions' } as const;
    const launchesOf = (lanes: number): number =>
      stepsOf({ ...slow, lanes }, 8, 1).reduce((sum, step) => sum + (step.kind === 'judged' ? step.launches : 0), 0);
    expect(launchesOf(1)).toBeLessThan(8);
    expect(launchesOf(2)).toBeGreaterThanOrEqual(8);
  });

  test('of a minute has its growth launch and latency', () => {
    expect(kinds({ budgetSeconds: 60, secondsLeft: 60 }, 4, 1)).toEqual(
      expect.arrayContaining(['judged', 'growth', 'latency']),
    );
  });
});
