/**
 * Go's benchmark format (https://go.dev/design/14313-benchmark-format) for benchstat: one file per side, one line per
 * launch, so that benchstat's samples are our units.
 */
import type { Side } from '../../model/index.ts';
import type { BenchLaunch, BenchmarkRun, BenchRun, Turn } from '../judge/values.ts';

const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

const digits = (value: number): string => String(Number(value.toPrecision(9)));

const summed = (turns: readonly Turn[], of: (turn: Turn) => number): number =>
  turns.reduce((sum, turn) => sum + of(turn), 0);

const lineOf = (run: BenchmarkRun, { pairs, alone }: BenchLaunch, side: Side): string => {
  const turns = pairs.map((pair) => pair[side]);
  const { iterations: counted, mallocs, allocBytes, reported } = alone[side];
  const iterations = summed(turns, (turn) => turn.iterations);
  const values: Record<string, string> = {
    'ns/op': digits(summed(turns, ({ wallNs }) => wallNs) / iterations),
    'cpu-ns/op': digits(summed(turns, ({ cpuNs }) => cpuNs) / iterations),
    'B/op': digits(allocBytes / counted),
    'allocs/op': digits(mallocs / counted),
    ...Object.fromEntries(Object.entries(reported).map(([unit, value]) => [unit, digits(value)])),
  };
  const name = run.procs > 1 ? `${run.name}-${run.procs}` : run.name;
  const cells = Object.entries(values).map(([unit, value]) => `${value} ${unit}`);
  return [name, String(iterations), ...cells].join('\t');
};

/** One side's file. Its header names nothing that differs between the sides: benchstat splits its tables by that. */
export const benchstatText = (run: BenchRun, side: Side): string => {
  const { environment, benchmarks } = run;
  const packages = Map.groupBy(
    benchmarks.filter(({ launches }) => launches.length > 0),
    (one) => one.package,
  );
  return [
    `goos: ${environment.os}`,
    `goarch: ${GO_ARCH[environment.arch] ?? environment.arch}`,
    `cpu: ${environment.cpuModel}`,
    ...[...packages].flatMap(([name, runs]) => [
      `pkg: ${name}`,
      ...runs.flatMap((one) => one.launches.map((launch) => lineOf(one, launch, side))),
    ]),
    '',
  ].join('\n');
};
