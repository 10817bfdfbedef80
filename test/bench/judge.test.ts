import { describe, expect, it } from 'vitest';
import { judgeBenchmarks } from '../../harness/bench/index.ts';
import { openSuspects } from '../../harness/bench/judge/confirm.ts';
import { screenBenchmark } from '../../harness/bench/judge/screen.ts';
import type { BenchLaunch, BenchmarkRun, BenchRun, Stage } from '../../harness/bench/judge/values.ts';
import { hostEnvironment } from '../../harness/capture/index.ts';
import { normalDeviates, randomFrom } from '../../harness/stats/index.ts';

const ITERATIONS = 1000;

const launchOf = (stage: Stage, ratio: number, mallocs: number): BenchLaunch => {
  const turn = (cpuNs: number) => ({ iterations: ITERATIONS, wallNs: cpuNs, cpuNs });
  const slice = (perOperation: number) => ({
    ...turn(1e6),
    mallocs: perOperation * ITERATIONS,
    allocBytes: 64 * perOperation * ITERATIONS,
    setBytes: 0,
    reported: {},
  });
  return {
    stage,
    linkSeed: 1,
    firstSides: ['base'],
    alone: { base: slice(2), head: slice(mallocs) },
    pairs: [{ base: turn(1e6), head: turn(1e6 * ratio) }],
  };
};

interface Made {
  readonly name?: string;
  /** Head ÷ base. */
  readonly ratio?: number;
  /** Per operation on head; base has 2. */
  readonly mallocs?: number;
  readonly screen: number;
  readonly confirm?: number;
  readonly seed?: number;
}

/** Launches differ by 1 % (standard deviation). */
const made = ({ name = 'BenchmarkX', ratio = 1, mallocs = 2, screen, confirm = 0, seed = 1 }: Made): BenchmarkRun => {
  const normal = normalDeviates(randomFrom(seed));
  const some = (stage: Stage, count: number) =>
    Array.from({ length: count }, () => launchOf(stage, ratio * Math.exp(0.01 * normal()), mallocs));
  return {
    package: 'example.com/m',
    name,
    state: { kind: 'measured' },
    procs: 1,
    iterations: ITERATIONS,
    clock: 'cpu',
    isParallel: false,
    launches: [...some('screen', screen), ...some('confirm', confirm)],
  };
};

const runOf = (...benchmarks: readonly BenchmarkRun[]): BenchRun => ({
  schemaVersion: 1,
  godynoVersion: '0',
  createdAt: '2026-01-01T00:00:00Z',
  seed: 1,
  base: { revision: 'a', label: 'a', kind: 'git' },
  head: { revision: 'b', label: 'b', kind: 'git' },
  environment: hostEnvironment('', {}),
  goVersion: { base: 'go1.26', head: 'go1.26' },
  cpus: [0],
  budgetSeconds: 1,
  buildSeconds: 1,
  measureSeconds: 1,
  benchmarks,
  broken: [],
  notes: [],
});

describe('a benchmark', () => {
  it('that is the same is told unchanged after its screening', () => {
    expect(judgeBenchmarks(runOf(made({ screen: 8 }))).verdict).toBe('unchanged');
  });

  it('that costs 5 % more is a suspect, and regressed by launches after that alone', () => {
    const suspect = made({ ratio: 1.05, screen: 8 });
    expect(screenBenchmark(suspect)).toBe('suspect');
    expect(judgeBenchmarks(runOf(suspect)).verdict).toBe('inconclusive');
    expect(openSuspects([suspect])).toEqual([suspect]);
    const measured = judgeBenchmarks(runOf(made({ ratio: 1.05, screen: 8, confirm: 8 })));
    expect(measured.verdict).toBe('regressed');
    const [time] = measured.benchmarks[0]?.metrics ?? [];
    expect(time).toMatchObject({ metric: 'time', verdict: 'regressed', stage: 'confirm' });
    expect(time?.ciRatio[0]).toBeGreaterThan(0);
  });

  it('that was a suspect by chance is unchanged when it is measured anew', () => {
    const { launches, ...rest } = made({ ratio: 1.05, screen: 8 });
    const anew = made({ screen: 0, confirm: 12, seed: 2 });
    const judged = judgeBenchmarks(runOf({ ...rest, launches: [...launches, ...anew.launches] }));
    expect(judged.verdict).toBe('unchanged');
  });

  it('that allocates once more regresses by that, though its time is the same', () => {
    const judged = judgeBenchmarks(runOf(made({ mallocs: 3, screen: 4, confirm: 6 })));
    expect(judged.benchmarks[0]?.metrics.find(({ metric }) => metric === 'allocs')).toMatchObject({
      verdict: 'regressed',
      base: 2,
      head: 3,
      effectRatio: 0.5,
    });
  });

  it('that there was no time to try leaves the run undecided, and says so', () => {
    const untried: BenchmarkRun = { ...made({ screen: 0 }), name: 'BenchmarkY', state: { kind: 'untried' } };
    const { verdict, benchmarks } = judgeBenchmarks(runOf(made({ screen: 8 }), untried));
    expect(verdict).toBe('inconclusive');
    expect(benchmarks.map((one) => one.verdict)).toEqual(['unchanged', 'inconclusive']);
    expect(benchmarks[1]?.reason).toMatch(/^not tried/);
  });

  it('that fails on head alone has regressed, one that fails on both sides is not judged', () => {
    const failing = (sides: readonly ('base' | 'head')[]): BenchmarkRun => ({
      ...made({ screen: 0 }),
      state: { kind: 'failed', sides, why: 'x_test.go:3: no', output: '' },
    });
    expect(judgeBenchmarks(runOf(failing(['head']))).verdict).toBe('regressed');
    expect(judgeBenchmarks(runOf(failing(['base', 'head']), made({ screen: 8 }))).verdict).toBe('unchanged');
  });
});

it('of 600 suspects by chance in 20 runs none is called regressed', () => {
  for (let run = 0; run < 20; run++) {
    const many = Array.from({ length: 30 }, (_, index) => {
      const chosen = made({ name: `Benchmark${index}`, ratio: 1.03, screen: 4, seed: 1000 * run + index });
      const anew = made({ screen: 0, confirm: 12, seed: 7 + 1000 * run + index });
      return { ...chosen, launches: [...chosen.launches, ...anew.launches] };
    });
    expect(judgeBenchmarks(runOf(...many)).benchmarks.filter(({ verdict }) => verdict === 'regressed')).toEqual([]);
  }
});
