import { expect, test } from 'vitest';
import { wayChecks } from '../../../harness/cli/doctor/both-sides.ts';

test('side by side is a ✔, with the ports that had to be moved', () => {
  const together = (moved: readonly number[]) =>
    wayChecks('x', { kind: 'together', moved, startSeconds: 0.5, launchesAtOnce: 1, notes: [] })[0]?.found.replace(
      /, moved to free.*\)/,
      ' MOVED',
    );
  expect(together([])).toBe('run side by side; both ready in 500 ms');
  expect(together([9090])).toBe(
    'run side by side, port 9090, which the service insists on MOVED; both ready in 500 ms',
  );
  expect(together([80, 81])).toContain('ports 80, 81, which');
});

test('side by side says where two launches go at a time', () => {
  const way = { kind: 'together', moved: [], startSeconds: 1, launchesAtOnce: 2, notes: [] } as const;
  expect(wayChecks('x', way)[0]?.found).toBe('run side by side; both ready in 1 s; two launches at a time');
});

test('one after the other is a warning with the reason, what it costs and what to do', () => {
  expect(wayChecks('x', { kind: 'alternate', why: 'database is locked' })).toMatchObject([
    {
      state: 'warn',
      found: 'run one after the other: database is locked',
      advice: expect.stringMatching(/2\.5 and 5 %.*\$\{tmp\}/) as string,
    },
  ]);
});

test('what a report would say of sides that run side by side is a warning beside the ✔', () => {
  const checks = wayChecks('x', {
    kind: 'together',
    moved: [],
    startSeconds: 1,
    launchesAtOnce: 1,
    notes: ['Both sides have /d open.'],
  });
  expect(checks.map(({ state, found }) => [state, found])).toEqual([
    ['ok', 'run side by side; both ready in 1 s'],
    ['warn', 'Both sides have /d open.'],
  ]);
});
