/** Whether two stored runs were measured under the same conditions; what differs a little is said, the rest refused. */
import { UsageError } from '../../errors.ts';
import type { ScenarioRun } from '../../model/index.ts';

const goMinor = (version: string): string => /^go(\d+\.\d+)/.exec(version)?.[1] ?? version;

/** Conditions that make figures incomparable, as people name them. */
const conditionsOf = ({ scenario, settings, builds }: ScenarioRun): Readonly<Record<string, string>> => ({
  'scenario content': scenario.digest,
  'requests in flight': String(settings.inFlight),
  GOMAXPROCS: String(settings.gomaxprocs),
  GOGC: settings.gogc,
  GOMEMLIMIT: settings.gomemlimit,
  'Go version': goMinor(builds.head.goVersion),
  mode: settings.mode,
  'seeded links': builds.head.seededLinks ? 'yes' : 'no',
  rate:
    scenario.load.latency === 'auto' || scenario.load.latency === null ? 'auto' : String(settings.latencyRatePerSecond),
});

/** Warnings about what differs a little. Throws {@link UsageError} naming everything that forbids the comparison. */
export const requireComparable = (baseline: ScenarioRun, head: ScenarioRun): readonly string[] => {
  const before = conditionsOf(baseline);
  const differences = Object.entries(conditionsOf(head))
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => `${name} (${before[name]} → ${value})`);
  if (differences.length > 0) {
    throw new UsageError(
      'NOT_COMPARABLE',
      `Scenario ${head.scenario.name}: the stored run was measured under other conditions: ${differences.join(', ')}`,
      'Record the baseline again under the present conditions, or let godyno build and measure both sides.',
    );
  }
  const versions = [baseline.builds.head.goVersion, head.builds.head.goVersion] as const;
  return versions[0] === versions[1] ? [] : [`Go differs in its patch version: ${versions[0]} and ${versions[1]}.`];
};
