import { describe, expect, it } from 'vitest';
import { judgeTotals } from '../../../harness/compare/index.ts';
import type { ExactRun, Side, TotalsLaunch } from '../../../harness/model/index.ts';
import { normalDeviates, randomFrom } from '../../../harness/stats/index.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const REQUESTS = 100;

interface Given {
  /** While nothing is asked, in a stretch as long as the window. */
  readonly idle?: number;
  readonly cpuNsPerRequest?: number | null;
  readonly refusal?: string;
  readonly namelessReason?: string;
  readonly unsteadyReason?: string;
}

const launch = (side: Side, perRequest: number, idle: number): TotalsLaunch => ({
  index: 1,
  side,
  linkSeed: null,
  requests: REQUESTS,
  instructions: perRequest * REQUESTS,
  windowSeconds: 0.4,
  idleInstructions: (idle * REQUESTS) / 2,
  idleSeconds: 0.2,
  wallSeconds: 1,
});

const judge = (base: readonly number[], head: readonly number[], given: Given = {}) => {
  const { idle = 0, cpuNsPerRequest = 1_000_000 / 3, refusal = null, namelessReason, unsteadyReason = null } = given;
  const totals = [
    ...base.map((value) => launch('base', value, idle)),
    ...head.map((value) => launch('head', value, idle)),
  ];
  const run: ExactRun = {
    engine: namelessReason === undefined ? 'perf' : 'qemu',
    refusal,
    steady: unsteadyReason === null,
    unsteadyReason,
    ...(namelessReason !== undefined && { namelessReason }),
    launches: [],
    totals,
    warnings: [],
  };
  return judgeTotals({ run, scenario: scenarioWith({}), cpuNsPerRequest });
};

const times = (ratio: number, values: readonly number[]): readonly number[] => values.map((value) => value * ratio);

describe('totals by the CPU’s own counter', () => {
  const base = [1_000_000, 1_001_000, 1_000_500];

  it('of identical code are unchanged, and say who counted and that this was never tried on hardware', () => {
    const { exact, exactRows, functions, attribution, launchesWanted } = judge(base, base);
    expect(exact).toEqual({ engine: 'perf', aaSpreadRatio: expect.closeTo(0.001, 9) as number, refusal: null });
    const [row] = exactRows;
    expect(row).toMatchObject({
      metric: 'instructionsPerRequest',
      verdict: 'unchanged',
      smallestDetectableRatio: 0.02,
    });
    expect(row?.warnings.join(' ')).toMatch(/CPU’s own counter.*tested without such hardware/);
    expect({ functions, attribution, launchesWanted }).toEqual({ functions: [], attribution: null, launchesWanted: 3 });
  });

  it('that differ by less than 2 % are unchanged, however well they repeat; by more they regress or improve', () => {
    expect(judge(base, times(1.019, base)).exactRows[0]?.verdict).toBe('unchanged');
    expect(judge(base, times(1.021, base)).exactRows[0]?.verdict).toBe('regressed');
    expect(judge(base, times(1 / 1.021, base)).exactRows[0]?.verdict).toBe('improved');
  });

  it('that differ by 2.1 % are changed, but no regression, where they are 0.4 % of the CPU', () => {
    const found = judge(base, times(1.021, base), { cpuNsPerRequest: 5_000_000 / 3 });
    expect(found.exactRows[0]?.verdict).toBe('changed');
    expect(found.exactRows[0]?.warnings[0]).toContain('too little to be measured in CPU time');
  });

  it('must differ by three times what launches of one side do', () => {
    const wide = [1_000_000, 1_012_000, 1_006_000];
    const found = judge(wide, times(1.03, wide));
    expect(found.exactRows[0]).toMatchObject({
      verdict: 'unchanged',
      smallestDetectableRatio: expect.closeTo(0.036, 9) as number,
    });
    expect(judge(wide, times(1.037, wide)).exactRows[0]?.verdict).toBe('regressed');
  });

  it('that do not repeat to 2 % call nothing unchanged, and ask for two more launches', () => {
    const wild = [1_000_000, 1_030_000, 1_010_000];
    const found = judge(wild, wild);
    expect(found.exactRows[0]).toMatchObject({
      verdict: 'notJudged',
      reason: expect.stringContaining('3 %') as string,
    });
    expect(found.launchesWanted).toBe(5);
  });

  it('give no verdict when more than a tenth of the work goes on without requests', () => {
    expect(judge(base, base, { idle: 90_000 }).exact.refusal).toBeNull();
    const found = judge(base, base, { idle: 120_000 });
    expect(found.exact.refusal).toMatch(/12 % of its work follows the clock/);
    expect(found.exactRows).toEqual([]);
  });

  it('give no verdict from a counter that stood still, from one side, or from a run that was given up', () => {
    expect(judge(base, [0, 0, 0]).exact.refusal).toMatch(/stood still/);
    expect(judge(base, []).exact.refusal).toBe('not both sides were counted');
    expect(judge(base, base, { refusal: 'no build' }).exact.refusal).toBe('no build');
  });

  it('call identical code changed in no more than one of 500 verdicts, when launches vary as all instructions did', () => {
    // 0.76 %: the worst standard deviation between launches that was counted with scheduling and the monitor left in.
    const deviate = normalDeviates(randomFrom(11));
    const launches = (): readonly number[] => [0, 1, 2].map(() => 1_000_000 * (1 + 0.0076 * deviate()));
    const trials = 5000;
    const verdicts = Array.from({ length: trials }, () => judge(launches(), launches()).exactRows[0]?.verdict);
    const changed = verdicts.filter((verdict) => verdict !== 'unchanged' && verdict !== 'notJudged').length;
    expect(changed / trials).toBeLessThan(1 / 500);
  });
});

describe('totals by the emulator, of a Go whose tables nobody understands', () => {
  const base = [1_000_000, 1_001_000, 1_000_500];
  const nameless = { namelessReason: 'its table of Go functions is of another kind (f2ffffff)' };

  it('are judged all the same, from 2 % on, name no function, and say why', () => {
    const found = judge(base, times(1.03, base), nameless);
    expect(found).toMatchObject({
      exact: { engine: 'qemu', refusal: null, ...nameless },
      functions: [],
      attribution: null,
    });
    expect(found.exactRows[0]).toMatchObject({ verdict: 'regressed', smallestDetectableRatio: 0.02 });
    expect(found.exactRows[0]?.warnings.at(-1)).toBe(
      'Totals only, no functions: the tables of this Go were not understood (its table of Go functions is of another kind (f2ffffff)). Scheduling and the runtime’s monitor are in them, so changes are called from 2 % on.',
    );
    expect(judge(base, times(1.01, base), nameless).exactRows[0]?.verdict).toBe('unchanged');
  });

  it('say of an unpatched runtime, too, that it was one', () => {
    const { exact, exactRows } = judge(base, base, { ...nameless, unsteadyReason: 'go1.31: other text' });
    expect(exact).toMatchObject({ unsteadyReason: 'go1.31: other text', ...nameless });
    expect(exactRows[0]?.warnings).toHaveLength(2);
    expect(exactRows[0]?.warnings[1]).toContain('since it could not be patched (go1.31: other text)');
  });

  it('keep the reasons where there is no verdict', () => {
    expect(judge(base, base, { ...nameless, refusal: 'no build' }).exact).toMatchObject({
      refusal: 'no build',
      ...nameless,
    });
  });
});
