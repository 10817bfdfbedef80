import { describe, expect, test } from 'vitest';
import type { Look } from '../../harness/compare/index.ts';
import type { NextStep, RunSoFar } from '../../harness/run/next-step.ts';
import { outlookOf } from '../../harness/run/outlook.ts';
import { lookOf, says, usual } from './run-so-far.ts';

/** Four seconds a launch; latency takes 12 s where there is a phase. */
const about = (step: NextStep, soFar: Partial<RunSoFar> = {}, look: Partial<Look> = {}): number | null =>
  outlookOf({ ...usual, latency: false, ...soFar, look: lookOf(look) }, step).aboutSeconds;

const JUDGED = { kind: 'judged', launches: 1 } as const;
const LATENCY = { kind: 'latency', launches: 1 } as const;

describe('the way that is left', () => {
  test('is launches up to the decision on CPU at their pace so far, then latency', () => {
    expect(about(JUDGED)).toBe(3 * 4);
    expect(about(JUDGED, { latency: true })).toBe(3 * 4 + 12);
    expect(about(JUDGED, {}, { launches: 8, firstCpuLook: null, nextLook: 10 })).toBe(2 * 4);
  });

  test('is shorter where launches go beside one another', () => {
    expect(about(JUDGED, { lanes: 2 })).toBe(2 * 4);
    expect(about(LATENCY, { latency: true, lanes: 2, latencyDone: 2 })).toBe(3);
  });

  test('is not known before the first launch', () => {
    expect(about(JUDGED, { judgedSeconds: 0, judgedTurns: 0 }, { launches: 0 })).toBeNull();
  });

  test('has what a suspect or a failure calls for', () => {
    expect(about(JUDGED, {}, { suspectGrowth: ['heapGrowthBytesPerRequest'] })).toBe(3 * 4 + 10 + 4);
    const fired = { verdicts: [says('mallocsPerRequest', 'regressed')] };
    expect(about(JUDGED, {}, fired)).toBe(3 * 4 + 30 + 10);
    expect(about(JUDGED, { exact: 'off' }, fired)).toBe(3 * 4 + 10);
    expect(about({ kind: 'growth', requests: 10_000 }, { latency: true })).toBe(14 + 12);
    expect(about({ kind: 'count', state: 'fired', leaveSeconds: 26, cpuMoved: null }, { latency: true })).toBe(30 + 12);
  });

  test('shrinks with each latency launch', () => {
    const left = [0, 1, 2, 3].map((latencyDone) => about(LATENCY, { latency: true, latencyDone }));
    expect(left).toEqual([12, 9, 6, 3]);
  });
});

describe('the next decision', () => {
  const decision = (look: Partial<Look>, soFar: Partial<RunSoFar> = {}) =>
    outlookOf({ ...usual, ...soFar, look: lookOf(look) }, JUDGED).decision;

  test('is the first on CPU where that is ahead, else the next look', () => {
    expect(decision({})).toEqual({ launches: 8, isFirstOfCpu: true });
    expect(decision({ firstCpuLook: null })).toEqual({ launches: 6, isFirstOfCpu: false });
    expect(decision({ firstCpuLook: null, nextLook: null })).toBeNull();
  });

  test('is none where nothing is decided', () => {
    expect(decision({}, { purpose: 'record' })).toBeNull();
    expect(outlookOf(usual, LATENCY).decision).toBeNull();
  });
});
