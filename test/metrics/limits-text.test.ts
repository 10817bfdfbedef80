import { expect, test } from 'vitest';
import { ALTERNATE_LIMITS, limitsText, METRICS, ONE_LAYOUT_LIMITS } from '../../harness/metrics/index.ts';

test('limits read as the numbers of the table', () => {
  expect(limitsText(ONE_LAYOUT_LIMITS)).toBe('3 and 6 %');
  expect(limitsText(ALTERNATE_LIMITS)).toBe('2.5 and 5 %');
  expect(limitsText(METRICS.mallocsPerRequest)).toBe('1 and 2 %');
});
