import { expect, test } from 'vitest';
import { exactSeconds } from '../../../harness/run/counting/step.ts';
import type { Launch } from '../../../harness/model/index.ts';
import type { Session } from '../../../harness/run/session/session.ts';
import { launchOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const lasting = (wallSeconds: number, stage: 'judged' | 'growth' = 'judged') => ({
  ...launchOf(1, [], { stage }),
  wallSeconds,
});

const sessionOf = (mode: 'together' | 'alternate', launches: Launch[], target = {}): Session => {
  return {
    plan: { scenario: scenarioWith({ target }) },
    settings: { mode },
    lanes: [{ cpus: { targetCpus: [0], loaderCpus: [1] } }],
    movedPorts: [],
    launches,
  } as unknown as Session;
};

test('counting is expected to take as much longer as judged launches do, and half a minute at least', () => {
  expect(exactSeconds(sessionOf('alternate', []))).toBe(30);
  expect(exactSeconds(sessionOf('alternate', [lasting(1.9), lasting(3.3)]))).toBe(30);
  expect(exactSeconds(sessionOf('alternate', [lasting(4.2), lasting(6.2), lasting(90, 'growth')]))).toBeCloseTo(60, 9);
});

test('counting takes less where both sides are counted at once: they have run beside each other, each can have a CPU', () => {
  expect(exactSeconds(sessionOf('together', [lasting(1.9)]))).toBe(18);
  expect(exactSeconds(sessionOf('together', []))).toBe(30);
  expect(exactSeconds(sessionOf('together', [lasting(1.9)], { port: 8080 }))).toBe(30);
  expect(exactSeconds({ ...sessionOf('together', [lasting(1.9)]), movedPorts: [9090] })).toBe(30);
});
