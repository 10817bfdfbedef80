/**
 * Go's benchmark format (https://go.dev/design/14313-benchmark-format) for benchstat: one file per side, one line per
 * launch, so that benchstat's samples are our units.
 */
import { metricDef, METRICS } from '../../metrics/index.ts';
import type { Launch, MetricId, MetricUnit, RunFile, ScenarioRun, Side } from '../../model/index.ts';
import { visibleText } from '../text/escape.ts';
import { launchMeans, tellingLaunches } from './launch-means.ts';

/** Milliseconds are told in ns, which benchstat scales. */
const PER_UNIT: Readonly<Partial<Record<MetricUnit, number>>> = { ms: 1e6 };

const GO_ARCH: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

/** A benchmark's name has no blanks and goes on with an upper-case letter or anything that is no lower-case one. */
const benchmarkName = (scenario: string): string => {
  const word = visibleText(scenario).replace(/[^\w./=:]+/g, '_') || '_';
  return `Benchmark${word.charAt(0).toUpperCase()}${word.slice(1)}`;
};

const answeredOf = (launch: Launch, side: Side): number =>
  launch.pairs.reduce((sum, pair) => sum + (pair.discarded === null ? pair[side].answered : 0), 0);

const launchLine = (run: ScenarioRun, launch: Launch, side: Side): readonly string[] => {
  const values = Object.entries(launchMeans(launch, side)).map(([metric, value]) => {
    const { benchUnit, unit } = metricDef(metric as MetricId);
    const factor = PER_UNIT[unit] ?? 1;
    return `${Number((value * factor).toPrecision(9))} ${benchUnit}`;
  });
  const requests = answeredOf(launch, side);
  if (values.length === 0 || requests === 0) return [];
  return [`${benchmarkName(run.scenario.name)}-${run.settings.gomaxprocs} ${requests} ${values.join(' ')}`];
};

/**
 * The text of one side; compare two with `benchstat base.txt head.txt`. Its header names nothing that differs between
 * the sides: benchstat splits its tables by every `key: value` that does.
 */
export const exportBenchstat = (file: RunFile, side: Side): string => {
  const { environment } = file;
  const units = Object.values(METRICS).map(({ benchUnit }) => `Unit ${benchUnit} better=lower assume=nothing`);
  return [
    `goos: ${environment.os}`,
    `goarch: ${GO_ARCH[environment.arch] ?? environment.arch}`,
    'pkg: godyno',
    `cpu: ${visibleText(environment.cpuModel)}`,
    ...units,
    ...file.runs.flatMap((run) => tellingLaunches(run.launches).flatMap((launch) => launchLine(run, launch, side))),
    '',
  ].join('\n');
};
