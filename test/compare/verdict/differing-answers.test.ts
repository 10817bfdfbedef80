import { describe, expect, test } from 'vitest';
import { compareRun } from '../../../harness/compare/index.ts';
import type { RouteAnswers, ScenarioComparison } from '../../../harness/model/index.ts';
import { buildReport, renderTerminal } from '../../../harness/report/index.ts';
import { fileOf, launchOf, pairOf, runOf, windowOf } from '../../builders/synthetic-run.ts';

const sample = (bytes: number, body: string, status = 200) => ({ status, bytes, body });

const answersWith = (changes: Partial<RouteAnswers>): RouteAnswers => ({
  route: 'items',
  compared: 20,
  differing: 0,
  otherStatus: 0,
  lost: 0,
  gained: 0,
  repeated: 18,
  varying: 0,
  unsteady: 0,
  first: { request: 'POST /items', base: sample(4911, '{"data": …'), head: sample(52, '{"errors": …') },
  ...changes,
});

/** Head is `factor` times as dear as base, far beyond every limit. */
const compare = (answers: readonly RouteAnswers[] | undefined, factor = 0.5): ScenarioComparison => {
  const base = { cpuNs: 1e6, mallocs: 100, allocBytes: 10_000 };
  const head = { cpuNs: 1e6 * factor, mallocs: 100 * factor, allocBytes: 10_000 * factor };
  const launches = Array.from({ length: 8 }, (_, index) => launchOf(index, [pairOf(windowOf(base), windowOf(head))]));
  const comparison = compareRun(fileOf([runOf(launches, answers === undefined ? {} : { answers })]));
  const [scenario] = comparison.scenarios;
  if (scenario === undefined) throw new Error('no scenario');
  return scenario;
};

const LOST = { differing: 20, lost: 20 };

describe('costs that went down with what is answered', () => {
  test('are no improvement: not decided, with the name and the bytes, and no row says improved', () => {
    const scenario = compare([answersWith(LOST)]);
    expect(scenario).toMatchObject({
      verdict: 'inconclusive',
      reason: 'not comparable: head leaves most of its answers out (items: 52 bytes instead of 4911)',
      answers: [{ route: 'items', what: 'less', answers: 20, of: 20, request: 'POST /items' }],
    });
    expect(scenario.metrics.map(({ verdict }) => verdict)).not.toContain('improved');
    expect(scenario.warnings[0]).toMatch(
      /answer to items leaves most of it out \(52 bytes instead of 4911\), in 20 of 20/,
    );
  });

  test('are an improvement where the answers are the same, were not looked at, or hold as much in other words', () => {
    for (const answers of [undefined, [], [answersWith({ first: null })], [answersWith({ differing: 20 })]]) {
      expect(compare(answers).verdict).toBe('improved');
    }
    expect(compare([answersWith({ differing: 20 })]).warnings[0]).toMatch(/is another text/);
  });

  test('are an improvement where answers lack as much from launch to launch of one side', () => {
    const scenario = compare([answersWith({ ...LOST, varying: 18, unsteady: 18 })]);
    expect(scenario.verdict).toBe('improved');
    expect(scenario).not.toHaveProperty('answers');
  });

  test('are told apart from costs that went up: those fail all the same', () => {
    expect(compare([answersWith(LOST)], 2).verdict).toBe('regressed');
    expect(compare([answersWith(LOST)], 1).verdict).toBe('unchanged');
  });

  test('of one name among several count, a few odd answers of a name do not', () => {
    const others = [answersWith({ route: 'other', first: null }), answersWith({ route: 'few', differing: 3, lost: 3 })];
    expect(compare([...others, answersWith(LOST)]).verdict).toBe('inconclusive');
    expect(compare(others).verdict).toBe('improved');
  });
});

test('another status is told with both, far more content as such, and what varies by itself is not told', () => {
  const first = { request: 'GET /a', base: sample(10, 'a', 200), head: sample(10, 'b', 202) };
  const whats = (changes: Partial<RouteAnswers>) =>
    (compare([answersWith(changes)], 1).answers ?? []).map(({ what }) => what);
  expect(whats({ differing: 20, otherStatus: 20, first })).toEqual(['status']);
  expect(whats({ differing: 20, gained: 20 })).toEqual(['more']);
  expect(whats({ differing: 20, varying: 17 })).toEqual([]);
  expect(compare([answersWith({ differing: 20, otherStatus: 20, first })], 1).warnings[0]).toContain(
    'status 202 instead of 200',
  );
});

const invocation = { program: 'godyno', command: 'run', args: [], flags: [] } as const;

test('the report shows how both answers begin', () => {
  const launches = [launchOf(0, [pairOf(windowOf({ cpuNs: 1e6 }), windowOf({ cpuNs: 1e6 }))])];
  const file = fileOf([runOf(launches, { answers: [answersWith(LOST)] })]);
  const text = renderTerminal(buildReport({ comparison: compareRun(file), run: file, invocation }));
  expect(text).toContain('base answers 200 with 4,911 bytes, beginning `{"data": …`');
  expect(text).toContain('head answers 200 with 52 bytes, beginning `{"errors": …`');
});
