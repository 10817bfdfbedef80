import { describe, expect, it } from 'vitest';
import { tookSentence } from '../../../harness/report/words/time-taken.ts';
import type { ScenarioTime, TimeTaken } from '../../../harness/model/index.ts';
import { comparisonOf, scenarioOf, TIME, TOOK } from '../../builders/comparisons.ts';

const saidOf = (times: readonly Partial<ScenarioTime>[], took: TimeTaken | null = TOOK): string | null =>
  tookSentence(
    comparisonOf(
      times.map((time, index) => scenarioOf(`s${index}`, 'unchanged', { took: { ...TIME, ...time } })),
      { ...(took !== null && { took }) },
    ),
  );

describe('what a run took', () => {
  it('is told from the builds on, by its parts of a second or more, in their order', () => {
    expect(saidOf([{}])).toBe(
      'Took 58 s after a build of 12 s: 28 s to the verdict on CPU (3 s starting, 10 s warming up, 11 s in measured windows, 1 s with many requests at once, 3 s collecting profiles), 26 s latency, 3 s reading profiles.',
    );
  });

  it('tells launches and verdict apart where other gates went on', () => {
    expect(saidOf([{ cpuVerdictSeconds: 15 }])).toContain(
      '28 s launches (3 s starting, 10 s warming up, 11 s in measured windows, 1 s with many requests at once, 3 s collecting profiles), with the verdict on CPU after 15 s, 26 s latency',
    );
  });

  it('claims no verdict on CPU where there is none, and no launches where none were judged', () => {
    const { cpuVerdictSeconds: _none, ...time } = TIME;
    const only = scenarioOf('demo', 'inconclusive', { took: time });
    expect(tookSentence(comparisonOf([only], { took: TOOK }))).toContain(': 28 s launches (3 s starting');
    const counted = {
      startSeconds: 0,
      warmUpSeconds: 0,
      windowsSeconds: 0,
      contentionSeconds: 0,
      collectingSeconds: 0,
    };
    const exact = { ...time, ...counted, latencySeconds: 0, exactSeconds: 20, exactBuildSeconds: 31 };
    const took = { ...TOOK, wholeSeconds: 66 };
    expect(tookSentence(comparisonOf([{ ...only, took: exact }], { took }))).toBe(
      'Took 54 s after a build of 12 s: 20 s exact mode, 31 s building for exact mode, 3 s reading profiles.',
    );
  });

  it('adds scenarios up', () => {
    const took = { ...TOOK, wholeSeconds: 140, sourcesSeconds: 2 };
    expect(saidOf([{}, {}], took)).toMatch(
      /^Took 1m54s after 2 s of fetching sources and builds of 24 s: 57 s to the verdict on CPU \(6 s starting, .* 52 s latency, 3 s reading profiles, 1 s in between\.$/,
    );
  });

  it('is not told where nobody kept the time', () => {
    expect(saidOf([{}], null)).toBeNull();
    expect(tookSentence(comparisonOf([scenarioOf('demo', 'unchanged')], { took: TOOK }))).toBeNull();
  });
});
