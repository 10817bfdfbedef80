import { expect, test } from 'vitest';
import type { Diagnosed } from '../../../harness/model/index.ts';
import { buildReport, renderMarkdown } from '../../../harness/report/index.ts';
import { comparisonOf, STORIES } from '../../builders/comparisons.ts';

const markdownOf = (diagnosis: readonly Diagnosed[]): string => {
  const [story] = STORIES['regressed-cpu']!.scenarios;
  const comparison = comparisonOf([{ ...story!, exact: null, diagnosis }]);
  return renderMarkdown(
    buildReport({ comparison, invocation: { program: 'godyno', command: 'run', args: [], flags: [] } }),
  );
};

test('the report says what explained it and what did not, and in sight what there was no time for', () => {
  const told = markdownOf([
    { capture: 'samples', because: ['cpuNsPerRequest'], leftOut: null },
    { capture: 'counts', because: ['cpuNsPerRequest', 'mallocsPerRequest'], leftOut: 'off' },
    { capture: 'trace', because: ['latencyP50Ms'], leftOut: 'time', budgetMinutes: 3 },
  ]);
  expect(told).toContain(
    '- Explained by: CPU samples at full speed (CPU per request); not instructions by function (CPU per request, allocations per request): the scenario leaves it out; not what requests wait for (median latency): too little time was left, --budget 3m would have held it',
  );
  expect(told).toContain('Too little time was left for what requests wait for; `--budget 3m` would have held it.');
});

test('counts that gave no verdict explain nothing', () => {
  expect(markdownOf([{ capture: 'counts', because: ['cpuNsPerRequest'], leftOut: null }])).toContain(
    'not instructions by function (CPU per request): they gave no verdict',
  );
  expect(markdownOf([])).not.toContain('Explained by');
});
