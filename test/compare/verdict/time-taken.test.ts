import { describe, expect, it } from 'vitest';
import { timeTaken } from '../../../harness/compare/verdict/time-taken.ts';
import type { Launch, MetricComparison, ScenarioRun, ScenarioTime } from '../../../harness/model/index.ts';
import { byRatio } from '../../builders/comparisons.ts';
import { launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const window = windowOf({ cpuNs: 1e6 });

/** 0.4 s of start, 1.2 s of warm-up, a window of half a second and a slice of 0.25 s; 3 s in all. */
const judged = (index: number): Launch => ({
  ...launchOf(index, [pairOf(window, window), pairOf(window, window, { phase: 'contention', wallSeconds: 0.25 })]),
  startSeconds: 0.4,
  endedSeconds: 3.5 * (index + 1),
});

/** One after the other, 12 s each from the judged ones on. */
const other = (index: number, stage: Launch['stage'], wallSeconds: number): Launch => ({
  ...launchOf(index, [], { stage }),
  wallSeconds,
  endedSeconds: 28 + 12 * (index - 7),
});

const TIMING = {
  buildSeconds: 10,
  measureSeconds: 70,
  judgedSeconds: 4,
  linkWaitSeconds: 2,
  wholeSeconds: 100,
  exactSeconds: 12,
  exactBuildSeconds: 7,
  stopSeconds: 3,
};

const run = runOf(
  [
    ...Array.from({ length: 8 }, (_, index) => judged(index)),
    other(8, 'growth', 9),
    other(9, 'capture', 4),
    other(10, 'latency', 6),
    other(11, 'latency', 6),
    other(12, 'explain', 11),
  ],
  { timing: TIMING },
);

const cpuRow = (n: number, verdict: MetricComparison['verdict'] = 'unchanged'): MetricComparison =>
  byRatio('cpuNsPerRequest', 1e6, 1e6, 0.01, {
    verdict,
    decidedBy: { stage: 'judged', unit: 'launch', n, linkSeeds: n },
  });

const sumOfParts = ({ wholeSeconds: _whole, cpuVerdictSeconds: _verdict, ...parts }: ScenarioTime): number =>
  Object.values(parts).reduce((sum, seconds) => sum + seconds, 0);

const older = ({ timing, launches, ...rest }: ScenarioRun): ScenarioRun => {
  const { buildSeconds, measureSeconds, judgedSeconds, linkWaitSeconds } = timing;
  return {
    ...rest,
    timing: { buildSeconds, measureSeconds, judgedSeconds, linkWaitSeconds },
    launches: launches.map(({ endedSeconds: _ended, ...launch }) => launch),
  };
};

describe('the time a scenario took', () => {
  it('is divided among all it was spent on, by stage and within judged launches by phase', () => {
    const taken = timeTaken(run, []);
    expect(taken).toMatchObject({
      buildSeconds: 10,
      linkWaitSeconds: 2,
      windowsSeconds: 4,
      contentionSeconds: 2,
      growthSeconds: 9,
      allocationsSeconds: 4,
      latencySeconds: 12,
      explainSeconds: 11,
      exactSeconds: 12,
      exactBuildSeconds: 7,
      stopSeconds: 3,
    });
    expect(taken.startSeconds).toBeCloseTo(3.2);
    expect(taken.warmUpSeconds).toBeCloseTo(9.6);
    expect(taken.collectingSeconds).toBeCloseTo(8 * 3 - 3.2 - 9.6 - 4 - 2);
    expect(sumOfParts(taken)).toBeCloseTo(100);
  });

  it('counts once what ran beside one another', () => {
    const beside = run.launches.slice(0, 4).map((launch) => ({ ...launch, endedSeconds: 3.5 }));
    const taken = timeTaken({ ...run, launches: [...beside, judged(1)] }, []);
    expect(taken.windowsSeconds + taken.warmUpSeconds).toBeCloseTo((6 * (0.5 + 1.2) * 5) / 15);
    const all = taken.startSeconds + taken.warmUpSeconds + taken.windowsSeconds + taken.contentionSeconds;
    expect(all + taken.collectingSeconds).toBeCloseTo(6);
  });

  it('says nothing in a sum where an older run did not write down all of it', () => {
    const taken = timeTaken(older(run), [cpuRow(8)]);
    expect(taken).toMatchObject({ buildSeconds: 10, latencySeconds: 12, exactSeconds: 0 });
    for (const key of ['wholeSeconds', 'otherSeconds', 'stopSeconds', 'cpuVerdictSeconds'])
      expect(taken).not.toHaveProperty(key);
  });

  it('leaves exact mode out where an older run counted and did not say how long', () => {
    const exact = {
      engine: 'qemu',
      refusal: 'none',
      steady: true,
      unsteadyReason: null,
      launches: [],
      warnings: [],
    } as const;
    expect(timeTaken(older({ ...run, exact }), [])).not.toHaveProperty('exactSeconds');
  });
});

describe('the verdict on CPU', () => {
  it('comes with the last launch that it rests on', () => {
    expect(timeTaken(run, [cpuRow(8)]).cpuVerdictSeconds).toBe(28);
    expect(timeTaken(run, [cpuRow(6, 'regressed')]).cpuVerdictSeconds).toBe(21);
  });

  it('by layouts comes with the last launch of the last of them', () => {
    const twice = { ...run, launches: run.launches.map((launch, index) => ({ ...launch, linkSeed: index >> 1 })) };
    const row = cpuRow(3);
    const bySeed = { ...row, decidedBy: { stage: 'judged', unit: 'linkSeed', n: 3, linkSeeds: 3 } } as const;
    expect(timeTaken(twice, [bySeed]).cpuVerdictSeconds).toBe(21);
  });

  it('is waited for by nobody where it is only shown', () => {
    expect(timeTaken(run, [{ ...cpuRow(8), gate: false }])).not.toHaveProperty('cpuVerdictSeconds');
  });

  it.each(['inconclusive', 'notJudged', 'invalid'] as const)('has no time where there is none: %s', (verdict) => {
    expect(timeTaken(run, [cpuRow(8, verdict)])).not.toHaveProperty('cpuVerdictSeconds');
  });
});
