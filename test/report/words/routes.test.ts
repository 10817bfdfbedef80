import { describe, expect, it } from 'vitest';
import type { CountedCalls, RouteComparison } from '../../../harness/model/index.ts';
import { buildReport, renderMarkdown, renderTerminal, verdictSentence } from '../../../harness/report/index.ts';
import { byRatio, comparisonOf, exactOf, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

const routeOf = (route: string, effectRatio: number, rest: Partial<RouteComparison> = {}): RouteComparison => ({
  route,
  metric: 'latencyP50Ms',
  unit: 'ms',
  requests: { base: 400, head: 400 },
  base: 4,
  head: 4 * (1 + effectRatio),
  effectRatio,
  ciRatio: [effectRatio - 0.05, effectRatio + 0.05],
  ciLevel: 0.99,
  pValue: 0.0001,
  qValue: 0.001,
  verdict: effectRatio > 0.2 ? 'regressed' : 'unchanged',
  ...rest,
});

const slow = (routes: readonly RouteComparison[]) =>
  comparisonOf([
    scenarioOf('demo', 'regressed', {
      metrics: [byRatio('latencyP50Ms', 4, 4.9, 0.05, { unit: 'ms', verdict: 'regressed' })],
      routes,
    }),
  ]);

const reportOf = (comparison: ReturnType<typeof slow>) =>
  buildReport({ comparison, invocation: { program: 'godyno', command: 'run', args: [], flags: [] } });

const [list, search] = [routeOf('GET /items', 0.01), routeOf('GET /search', 0.62)];

describe('the request that moved', () => {
  it('is in the sentence: alone where the others are unchanged, else above all', () => {
    expect(verdictSentence(slow([list, search]))).toContain(', in `GET /search` alone (+62 %)');
    const open = { ...list, verdict: 'notJudged' } as const;
    expect(verdictSentence(slow([open, search]))).toContain(', in `GET /search` above all (+62 %)');
  });

  it('is told of CPU by the instructions of each name, where they were counted', () => {
    const story = STORIES['regressed-cpu']!.scenarios[0]!;
    const of = (routes: readonly CountedCalls[]): string =>
      verdictSentence(comparisonOf([{ ...story, exact: exactOf({ routes }) }]));
    const same = { name: 'GET /items', base: 1000, head: 1000, isChanged: false };
    const dearer = { name: 'GET /search', base: 1000, head: 1400, isChanged: true };
    expect(of([same, dearer])).toContain(', in `GET /search` alone (+40 % instructions), mostly ');
    expect(of([{ ...same, head: 1050, isChanged: true }, dearer])).toContain(', in `GET /search` above all (+40 %');
    expect(of([same, { ...dearer, head: 600 }])).not.toContain('GET /');
  });

  it('is not said where all moved about as much, or none is certain', () => {
    const alike = [routeOf('GET /items', 0.24), routeOf('GET /search', 0.25)];
    const wide = [list, { ...search, ciRatio: [0.2, 1.1] as const }];
    for (const routes of [alike, wide, [list], []]) expect(verdictSentence(slow(routes))).not.toContain('GET /');
  });

  it('has a row in terminal and comment; names are text, whatever they hold', () => {
    const report = reportOf(slow([list, search]));
    expect(renderTerminal(report)).toMatch(/ {2}GET \/search median latency +4 ms +6\.48 ms +\+62 % .*✗ regressed/);
    expect(renderTerminal(report)).not.toContain('GET /items median');
    const markdown = renderMarkdown(report);
    expect(markdown).toContain('| `GET /search` | median latency | 4 ms | 6.48 ms | +62 % | 57…67 % | ✗ regressed |');
    expect(markdown).toContain('| `GET /items` | median latency |');
    for (const name of HOSTILE) {
      const lines = renderMarkdown(reportOf(slow([routeOf(name, 0.6)]))).split('\n');
      expect(lines.filter((line) => line.includes('| median latency |'))).not.toEqual([]);
    }
  });
});
