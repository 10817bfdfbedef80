/** What the stored noise of this machine says beside a run: what it can see, and which thresholds lie below that. */
import { loadNoise, type NoiseKey } from '../baseline/index.ts';
import { UsageError } from '../errors.ts';
import { metricDef } from '../metrics/index.ts';
import { type NoiseProfile, parseNoiseProfile, type RunFile, type ScenarioRun } from '../model/index.ts';
import { formatDuration, formatNumberOf, formatPercent } from '../units/index.ts';

const CPU = 'cpuNsPerRequest';

/** One sentence, e.g. "this runner sees CPU changes above 1.3 % in 2m". */
export const noiseSentence = ({ metrics, horizon }: NoiseProfile): string => {
  const cpu = metrics.find(({ metric }) => metric === CPU);
  const time = formatDuration(horizon.seconds);
  if (cpu === undefined) return 'CPU was not measured';
  return cpu.smallestDetectableRatio === null
    ? `this runner cannot decide CPU in ${time}: ${formatNumberOf(horizon.launches, 'launch fits', 'launches fit')}`
    : `this runner sees CPU changes above ${formatPercent(cpu.smallestDetectableRatio)} in ${time}`;
};

/** Gates that ask for less than the noise lets be seen; nine runs of ten would end inconclusive at their limit. */
export const noiseWarnings = (profile: NoiseProfile): readonly string[] =>
  profile.metrics.flatMap(({ metric, practicalRatio, smallestDetectableRatio }) => {
    if (practicalRatio === null || smallestDetectableRatio === null) return [];
    // To a tenth of a percent, which is what a threshold is written in.
    if (smallestDetectableRatio <= practicalRatio * 1.1) return [];
    const time = formatDuration(profile.horizon.seconds);
    return [
      `${metricDef(metric).label} fails at +${formatPercent(practicalRatio)}, but this runner sees +${formatPercent(smallestDetectableRatio)} in ${time}: smaller changes will often be inconclusive.`,
    ];
  });

const notesFor = (profile: NoiseProfile, run: ScenarioRun): readonly string[] => {
  if (profile.scenarioDigest !== run.scenario.digest) return [];
  const day = profile.createdAt.slice(0, 10);
  return [`Calibrated on ${day}: ${noiseSentence(profile)}.`, ...noiseWarnings(profile)];
};

/** A run of minutes is not thrown away for a broken file beside it: that it is broken is said. */
const storedNotes = async (key: NoiseKey, run: ScenarioRun): Promise<readonly string[]> => {
  try {
    const stored = await loadNoise(key);
    return stored === undefined ? [] : notesFor(parseNoiseProfile(stored, `The noise of ${run.scenario.name}`), run);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [`${error.message}. ${error.hint}`];
  }
};

/** The run with what calibration knows about it among its notes; unchanged where nothing is stored. */
export const withNoiseNotes = async (file: RunFile, baselines: string): Promise<RunFile> => {
  const runs: ScenarioRun[] = [];
  for (const run of file.runs) {
    const key = { dir: baselines, scenario: run.scenario.name, fingerprint: file.environment.fingerprint };
    runs.push({ ...run, notes: [...run.notes, ...(await storedNotes(key, run))] });
  }
  return { ...file, runs };
};
