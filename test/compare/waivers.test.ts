import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { applyWaivers, parseWaiver, parseWaivers } from '../../harness/compare/waivers.ts';
import { UsageError } from '../../harness/errors.ts';
import type { FunctionGateComparison } from '../../harness/model/index.ts';
import { byDifference, byRatio, comparisonOf, functionGate, scenarioOf, STORIES } from '../builders/comparisons.ts';

const TODAY = '2026-11-23';
const waive = (...lines: readonly string[]) => parseWaivers(lines.join('\n'), 'godyno.waivers');
const slower = byRatio('cpuNsPerRequest', 100, 102, 0.005, { verdict: 'regressed' });
const fatter = byRatio('mallocsPerRequest', 100, 105, 0.001, { verdict: 'regressed' });
const leaking = byDifference('heapGrowthBytesPerRequest', 0, 50, 1, { verdict: 'regressed' });
const steady = byRatio('allocBytesPerRequest', 100, 100, 0.001);
const failing = (...metrics: readonly (typeof slower)[]) =>
  comparisonOf([scenarioOf('demo', 'regressed', { metrics })]);

test('a waiver of a metric does not cover a function beyond its limit', () => {
  const function_ = functionGate('main.encode', 0.2, 'regressed', []);
  const comparison = (functionGates: readonly FunctionGateComparison[]) =>
    comparisonOf([scenarioOf('demo', 'regressed', { metrics: [slower, steady], functionGates })]);
  const without = (functionGates: readonly FunctionGateComparison[]) =>
    applyWaivers(comparison(functionGates), waive('demo cpuNsPerRequest +3% until 2027-01-31: known'), TODAY).waivers
      ?.verdictWithout;
  expect(without([function_])).toBe('regressed');
  expect(without([{ ...function_, verdict: 'notJudged' }])).toBe('unchanged');
});

describe('a line', () => {
  test('names scenario, metric, ceiling, last day and reason', () => {
    expect(parseWaiver('demo cpuNsPerRequest +3% until 2027-01-31: safer encoder, #123', 'x:1')).toEqual({
      scenario: 'demo',
      metric: 'cpuNsPerRequest',
      ceiling: 0.03,
      kind: 'ratio',
      expires: '2027-01-31',
      reason: 'safer encoder, #123',
      source: 'x:1',
    });
  });

  test('of a growth metric has its ceiling in the metric’s unit', () => {
    expect(parseWaiver('demo heapGrowthBytesPerRequest +64 until 2027-01-31: cache', 'x')).toMatchObject({
      ceiling: 64,
      kind: 'absolute',
    });
  });

  test.each([
    ['demo cpuNsPerRequest +3%: no day', /no waiver/],
    ['demo cpuNsPerRequest +3% until 2027-01-31:', /no waiver/],
    ['demo cpuNsPerRequest until 2027-01-31: no ceiling', /no waiver/],
    ['demo cpu +3% until 2027-01-31: which?', /"cpu" is no metric/],
    ['demo cpuNsPerRequest +3 until 2027-01-31: percent?', /ceiling/],
    ['demo heapGrowthBytesPerRequest +3% until 2027-01-31: unit?', /ceiling/],
    ['demo cpuNsPerRequest +3% until 2027-02-30: when?', /no day/],
    ['demo cpuNsPerRequest +3% until tomorrow: when?', /no day/],
    ['demo cpuNsPerRequest -3% until 2027-01-31: negative', /no waiver/],
    ['demo errorRatio +1% until 2027-01-31: they fail anyway', /cannot be waived/],
  ])('is refused: %s', (line, says) => {
    expect(() => parseWaiver(line, 'godyno.waivers:1')).toThrow(UsageError);
    expect(() => parseWaiver(line, 'godyno.waivers:1')).toThrow(says);
    expect(() => parseWaiver(line, 'godyno.waivers:1')).toThrow(/^godyno\.waivers:1: /);
  });

  test('may stand among remarks and blanks; an issue’s number is no remark', () => {
    const read = waive('# accepted', '', '  demo cpuNsPerRequest +3% until 2027-01-31: see #12  # until then');
    expect(read).toMatchObject([{ reason: 'see #12', source: 'godyno.waivers:3' }]);
  });
});

describe('a regression', () => {
  test('within its ceiling is accepted; the measured verdict stays', () => {
    const { verdict, waivers } = applyWaivers(
      failing(slower),
      waive('demo cpuNsPerRequest +3% until 2027-01-31: ok'),
      TODAY,
    );
    expect(verdict).toBe('regressed');
    expect(waivers?.verdictWithout).toBe('unchanged');
    expect(waivers?.applied).toMatchObject([{ metric: 'cpuNsPerRequest', reason: 'ok' }]);
    expect(waivers?.applied[0]?.effect).toBeCloseTo(0.02, 12);
    expect(waivers?.remarks).toEqual([]);
  });

  test('beyond its ceiling is not, and both figures are told', () => {
    const { waivers } = applyWaivers(failing(slower), waive('demo cpuNsPerRequest +1.5% until 2027-01-31: ok'), TODAY);
    expect(waivers).toMatchObject({ verdictWithout: 'regressed', applied: [] });
    expect(waivers?.remarks).toEqual([expect.stringMatching(/does not cover \+2 %: its ceiling is \+1\.5 %/)]);
  });

  test('is accepted through the last day and not on the next', () => {
    const waivers = waive('demo cpuNsPerRequest +3% until 2026-11-23: ok');
    expect(applyWaivers(failing(slower), waivers, '2026-11-23').waivers?.verdictWithout).toBe('unchanged');
    const late = applyWaivers(failing(slower), waivers, '2026-11-24').waivers;
    expect(late).toMatchObject({ verdictWithout: 'regressed', applied: [] });
    expect(late?.remarks[0]).toContain('expired on 2026-11-23');
  });

  test('of another metric or scenario still fails', () => {
    const waivers = waive('demo cpuNsPerRequest +3% until 2027-01-31: ok');
    expect(applyWaivers(failing(slower, fatter), waivers, TODAY).waivers?.verdictWithout).toBe('regressed');
    const two = comparisonOf([
      scenarioOf('demo', 'regressed', { metrics: [slower] }),
      scenarioOf('other', 'regressed', { metrics: [slower] }),
    ]);
    expect(applyWaivers(two, waivers, TODAY).waivers?.verdictWithout).toBe('regressed');
  });

  test('compared by difference is measured against a ceiling in its unit', () => {
    const at = (ceiling: number) =>
      applyWaivers(
        failing(leaking, steady),
        waive(`demo heapGrowthBytesPerRequest +${ceiling} until 2027-01-31: cache`),
        TODAY,
      ).waivers?.verdictWithout;
    expect(at(50)).toBe('unchanged');
    expect(at(49)).toBe('regressed');
  });

  test('that is waived leaves an undecided gate undecided', () => {
    const open = byRatio('mallocsPerRequest', 100, 100, 0.05, { verdict: 'inconclusive' });
    const { waivers } = applyWaivers(
      failing(slower, open),
      waive('demo cpuNsPerRequest +3% until 2027-01-31: ok'),
      TODAY,
    );
    expect(waivers?.verdictWithout).toBe('inconclusive');
  });
});

test('a waiver that nothing needs any more says so', () => {
  const quiet = comparisonOf([scenarioOf('demo', 'unchanged')]);
  const { waivers } = applyWaivers(quiet, waive('demo cpuNsPerRequest +3% until 2027-01-31: ok'), TODAY);
  expect(waivers?.remarks).toEqual([expect.stringContaining('no longer needed')]);
});

test('a second waiver for the same metric never widens the first', () => {
  const waivers = waive(
    'demo cpuNsPerRequest +1% until 2027-01-31: first',
    'demo cpuNsPerRequest +50% until 2027-01-31: second',
  );
  const result = applyWaivers(failing(slower), waivers, TODAY).waivers;
  expect(result?.verdictWithout).toBe('regressed');
  expect(result?.remarks).toContainEqual(expect.stringContaining('in godyno.waivers:1 already'));
});

test('without waivers nothing is added', () => {
  const comparison = failing(slower);
  expect(applyWaivers(comparison, [], TODAY)).toBe(comparison);
});

test('of every story: waivers never touch what was measured, and never make a verdict worse', () => {
  const order = ['unchanged', 'improved', 'inconclusive', 'invalid', 'regressed'];
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.values(STORIES)),
      fc.constantFrom('cpuNsPerRequest +3%', 'mallocsPerRequest +500%', 'heapGrowthBytesPerRequest +5000'),
      (story, what) => {
        const name = story.scenarios[0]?.scenario ?? 'demo';
        const { waivers, ...rest } = applyWaivers(story, waive(`${name} ${what} until 2027-01-31: x`), TODAY);
        expect(rest).toEqual(story);
        const without = waivers?.verdictWithout ?? 'unchanged';
        expect(order.indexOf(without)).toBeLessThanOrEqual(order.indexOf(story.verdict));
      },
    ),
  );
});
