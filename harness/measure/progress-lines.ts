/** What happens in a run, in a line each. */
import type { RunProgress } from '../run/index.ts';
import {
  formatDuration,
  formatNumberOf,
  formatPercentRange,
  formatSignedPercent,
  isOnlyNoise,
  TOO_NOISY,
} from '../units/index.ts';

const STAGES = {
  judged: 'measuring',
  latency: 'latency at a steady rate',
  exact: 'counting for exact mode',
  explain: 'collecting profiles to name the function',
  growth: 'counting growth over many requests',
  capture: 'counting allocation sites',
} as const;

const describeGate = (gate: Extract<RunProgress, { kind: 'look' }>['gates'][number]): string => {
  const { metric, verdict, estimateRatio, ciRatio } = gate;
  if (ciRatio !== null && isOnlyNoise(ciRatio)) return `${metric} ${verdict}, ${TOO_NOISY}`;
  const effect = estimateRatio === null ? '' : ` ${formatSignedPercent(estimateRatio)}`;
  const interval = ciRatio === null ? '' : ` (${formatPercentRange(ciRatio)})`;
  return `${metric} ${verdict}${effect}${interval}`;
};

/** null: nothing worth a line. */
export const describeProgress = (event: RunProgress): string | null => {
  switch (event.kind) {
    case 'building':
      return `building ${event.side}`;
    case 'built':
      return `built in ${formatDuration(event.seconds)}`;
    case 'launch':
      return `launch ${event.number}: ${STAGES[event.stage]}, ${formatDuration(Math.max(0, Math.round(event.secondsLeft)))} left`;
    case 'look': {
      const [cpu] = event.gates.filter(({ metric }) => metric === 'cpuNsPerRequest');
      return cpu === undefined || cpu.estimateRatio === null
        ? null
        : `after ${formatNumberOf(event.launches, 'launch', 'launches')}: ${describeGate(cpu)}`;
    }
    case 'note':
      return event.text;
    case 'linked':
    case 'ready':
    case 'prepared':
      return null;
  }
};
