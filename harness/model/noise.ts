/** What `godyno calibrate` learns of one scenario on one class of machine: `baselines/noise/` holds it as JSON. */
import { UsageError } from '../errors.ts';
import type { MetricId } from './metric-ids.ts';

export interface NoiseProfile {
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly godynoVersion: string;
  /** Of the scenario that was measured; another one has another noise. */
  readonly scenarioDigest: string;
  readonly cpuModel: string;
  readonly cpus: number;
  /** Judged launches behind the figures: of identical code, and of code that was moved and not changed. */
  readonly launches: { readonly equal: number; readonly moved: number };
  readonly secondsPerLaunch: number;
  /** What "sees" means: within so much time, which is so many launches here, nine times of ten. */
  readonly horizon: { readonly seconds: number; readonly launches: number };
  readonly falseAlarms: FalseAlarms;
  /** sd of ln(head ÷ base) of CPU per request between launches; null: not measured. */
  readonly launchSdRatio: number | null;
  /** What moving the code adds to it; null: not measured. */
  readonly layoutSdRatio: number | null;
  readonly metrics: readonly NoiseMetric[];
}

export interface FalseAlarms {
  /** Gates that one of the runs itself called regressed or improved. */
  readonly seen: readonly MetricId[];
  /** The launches replayed in random order, sides exchanged at random, through every look. */
  readonly replays: number;
  readonly alarms: number;
}

export interface NoiseMetric {
  readonly metric: MetricId;
  /** sd of ln(head ÷ base) between units: launches, or link seeds where several launches share one; null where it is compared by difference. */
  readonly sdRatio: number | null;
  /** Smallest regression seen within the horizon; null: none up to the double. */
  readonly smallestDetectableRatio: number | null;
  /** What the gate asks for now; null: compared by difference. */
  readonly practicalRatio: number | null;
  /** The finest `fail` that this machine can hold; null as above. */
  readonly suggestedRatio: number | null;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const KEYS = ['createdAt', 'scenarioDigest', 'launches', 'horizon', 'falseAlarms', 'metrics'] as const;

/** Throws {@link UsageError} `NOISE_BROKEN`. `file` is for the message. */
export const parseNoiseProfile = (value: unknown, file: string): NoiseProfile => {
  const missing = isObject(value) ? KEYS.find((key) => !(key in value)) : KEYS[0];
  const metrics: unknown = isObject(value) ? value['metrics'] : null;
  if (missing === undefined && Array.isArray(metrics) && metrics.every(isMetric))
    return value as unknown as NoiseProfile;
  throw new UsageError(
    'NOISE_BROKEN',
    `${file} is not a noise profile: ${missing === undefined ? 'metrics are not a list of metrics' : `${missing} is missing`}`,
    'Delete the file and run `godyno calibrate` again.',
  );
};

const isMetric = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['metric'] === 'string' &&
  (value['smallestDetectableRatio'] === null || typeof value['smallestDetectableRatio'] === 'number');
