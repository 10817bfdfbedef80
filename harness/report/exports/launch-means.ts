/** Every metric's mean over the windows of a launch that count, one value per side: the unit verdicts rest on. */
import { type Launch, METRIC_IDS, type MetricId, type Phase, type Side } from '../../model/index.ts';
import { countedPairs, measureLaunch, measureWindow } from '../../metrics/index.ts';

export type LaunchMeans = Partial<Readonly<Record<MetricId, number>>>;

const PHASES: readonly Phase[] = ['cost', 'contention', 'latency'];

export const launchMeans = (launch: Launch, side: Side): LaunchMeans => {
  const windows = PHASES.flatMap((phase) =>
    countedPairs(launch, phase).map((pair) => measureWindow(pair[side], phase)),
  );
  const means: Partial<Record<MetricId, number>> = { ...measureLaunch(launch, side) };
  for (const metric of METRIC_IDS) {
    const values = windows.flatMap((window) => window[metric] ?? []);
    if (values.length > 0) means[metric] = values.reduce((sum, value) => sum + value, 0) / values.length;
  }
  return means;
};

/** Launches whose figures mean something to others: not captures, and not the unjudged explain pass. */
export const tellingLaunches = (launches: readonly Launch[]): readonly Launch[] =>
  launches.filter(({ stage }) => stage === 'judged' || stage === 'latency' || stage === 'growth');
