import { expect, test } from 'vitest';
import { exactSeconds } from '../../../harness/run/counting/step.ts';
import { launchOf } from '../../builders/synthetic-run.ts';

const lasting = (wallSeconds: number, stage: 'judged' | 'growth' = 'judged') => ({
  ...launchOf(1, [], { stage }),
  wallSeconds,
});

test('counting is expected to take as much longer as judged launches do, and half a minute at least', () => {
  expect(exactSeconds([])).toBe(30);
  expect(exactSeconds([lasting(3), lasting(3.5)])).toBe(30);
  expect(exactSeconds([lasting(6), lasting(8), lasting(90, 'growth')])).toBe(60);
});
