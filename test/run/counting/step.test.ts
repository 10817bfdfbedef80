import { expect, test } from 'vitest';
import { exactSeconds } from '../../../harness/run/counting/step.ts';
import { launchOf } from '../../builders/synthetic-run.ts';

const lasting = (wallSeconds: number, stage: 'judged' | 'growth' = 'judged') => ({
  ...launchOf(1, [], { stage }),
  wallSeconds,
});

test('counting is expected to take as much longer as judged launches do, and half a minute at least', () => {
  expect(exactSeconds([])).toBe(30);
  expect(exactSeconds([lasting(1.9), lasting(3.3)])).toBe(30);
  expect(exactSeconds([lasting(4.2), lasting(6.2), lasting(90, 'growth')])).toBeCloseTo(60, 9);
});
