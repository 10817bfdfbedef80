import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launchSecondsFor, timesFor } from '../../harness/bench/run/conduct.ts';
import { patternOf, topOf, withinTop } from '../../harness/bench/run/pattern.ts';
import { readBenchLines } from '../../harness/bench/run/results-file.ts';
import { hookedBenchmarks } from '../../harness/service/building/testing-hook.ts';

describe('lines that benchmarks leave', () => {
  it('hold all figures, and units with values of any kind', () => {
    const line = 'ok\tBenchmarkX/n=1\tparallel\t100\t2000\t1900\t300\t4096\t8\t2500\t1.5e+06\titems/s\t0\tns/op';
    expect(readBenchLines(`${line}\n`)).toEqual([
      {
        kind: 'measured',
        name: 'BenchmarkX/n=1',
        isParallel: true,
        wholeNs: 2500,
        slice: {
          iterations: 100,
          wallNs: 2000,
          cpuNs: 1900,
          mallocs: 300,
          allocBytes: 4096,
          setBytes: 8,
          reported: { 'items/s': 1.5e6, 'ns/op': 0 },
        },
      },
    ]);
  });

  it('are left out where a process was ended while it wrote', () => {
    expect(readBenchLines('ok\tBenchmarkX\talone\t100\t20')).toEqual([]);
    expect(readBenchLines('skipped\tBenchmarkX\nfail')).toEqual([{ kind: 'skipped', name: 'BenchmarkX' }]);
  });
});

describe('patterns of -test.bench', () => {
  it('mean one benchmark, whatever characters its name has', () => {
    const pattern = patternOf('BenchmarkX/a+b[1]/c');
    expect(pattern).toBe(String.raw`^BenchmarkX$/^a\+b\[1\]$/^c$`);
  });

  it('are split at the first slash outside of brackets, as Go does', () => {
    expect(topOf('Enc[/]|Dec/large')).toBe('Enc[/]|Dec');
    expect(topOf(String.raw`A\(/b`)).toBe(String.raw`A\(`);
    expect(withinTop('BenchmarkDec', 'Dec/large')).toBe('^BenchmarkDec$/large');
    expect(withinTop('BenchmarkDec', '.')).toBe('^BenchmarkDec$');
  });
});

it('the package testing of this Go is known, and one that reads otherwise is refused', () => {
  const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();
  const text = readFileSync(join(goroot, 'src/testing/benchmark.go'), 'utf8');
  expect(hookedBenchmarks(text)).toContain('b.godynoDone()');
  expect(hookedBenchmarks(text.replace('b.duration = 0', 'b.duration = zero'))).toBeNull();
});

describe('a launch', () => {
  it('is shorter the more benchmarks there are, and never so short that it is only its start', () => {
    expect(launchSecondsFor(5, 180)).toBe(0.4);
    expect(launchSecondsFor(100, 180)).toBeCloseTo(0.13, 5);
    expect(launchSecondsFor(1000, 180)).toBe(0.05);
  });

  it('is longer where links take longer than it, or where there is time, by three at most', () => {
    expect(timesFor(0.1, 0, 0.5)).toBe(1);
    expect(timesFor(1.2, 0, 0.5)).toBe(2);
    expect(timesFor(0.1, 60, 0.5)).toBe(3);
  });
});
