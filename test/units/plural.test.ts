import { expect, it } from 'vitest';
import { formatNumberOf } from '../../harness/units/index.ts';

it('one is one, also where it is shown so; none and many are plural', () => {
  expect([0, 1, 1.2, 2, 1200].map((count) => formatNumberOf(count, 'request'))).toEqual([
    '0 requests',
    '1 request',
    '1 request',
    '2 requests',
    '1,200 requests',
  ]);
  expect([1, 2].map((count) => formatNumberOf(count, 'launch', 'launches'))).toEqual(['1 launch', '2 launches']);
});
