import { expect, test } from 'vitest';
import { spentText } from '../../../harness/report/words/spent.ts';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { row } from '../../builders/comparisons.ts';

const waits = (reasons: NonNullable<FunctionComparison['reasons']>, rest: Partial<FunctionComparison> = {}) => {
  const deltaPerRequest = reasons.reduce((sum, { base, head }) => sum + head - base, 0);
  return spentText(row('main.lookup', { profile: 'wall', unit: 'ns', deltaPerRequest, reasons, ...rest }));
};
const from = (reason: string, base: number, head: number) => ({ reason, base, head });

test.each([
  ['one reason', [from('sleep', 0, 5.1e6)], 'waits 5.1 ms longer per request: sleep'],
  ['what is shorter', [from('network', 3e6, 1e6)], 'waits 2 ms less per request: network'],
  ['computing', [from('running', 1e6, 3e6), from('runnable', 0, 1e4)], 'runs 2.01 ms longer per request'],
  ['two reasons', [from('lock', 0, 2e6), from('channel', 0, 1e6)], 'waits 3 ms longer per request: lock, channel'],
  [
    'computing and waiting',
    [from('lock', 0, 2e6), from('running', 0, 1e6)],
    'takes 3 ms longer per request: lock, running',
  ],
  [
    'many small ones',
    ['a', 'b', 'c', 'd', 'e', 'f'].map((each) => from(each, 0, 1e5)),
    'takes 600 µs longer per request',
  ],
  ['waiting for a CPU', [from('runnable', 0, 1e6)], 'waits 1 ms longer per request: ready to run, no CPU free'],
])('tells %s', (_, reasons, text) => {
  expect(waits(reasons)).toBe(text);
});

test('rows that do not say what they are spent on have no such words', () => {
  expect(spentText(row('main.lookup'))).toBeNull();
});

test('a row named for what it calls tells what these wait for', () => {
  const callees = { namedFor: 'callees', deltaPerRequest: 0, baseCumPerRequest: 1e6, headCumPerRequest: 6e6 } as const;
  expect(waits([from('sleep', 1e6, 6e6)], callees)).toBe('waits 5 ms longer per request: sleep');
});
