/** `godyno calibrate`: what this machine can see of the user's own scenario, measured on the scenario itself. */
import { checkWritable, storeNoise } from '../../baseline/index.ts';
import { familyOf, noiseOf } from '../../compare/index.ts';
import { EXIT, type ExitCode, InvalidMeasurementError, UsageError } from '../../errors.ts';
import { metricDef } from '../../metrics/index.ts';
import type { NoiseProfile, RunFile, Scenario, ScenarioRun } from '../../model/index.ts';
import { SHIFT_DOSE } from '../../plant/index.ts';
import { formatDuration, formatNumberOf, formatPercent } from '../../units/index.ts';
import { type DurationFlag, requireBaselinesFolder } from './flags.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { loadScenarios, measure, noiseSentence, noiseWarnings } from '../../measure/index.ts';
import { openOutput, type OutputFolder, storeRun } from '../../results/index.ts';
import { stepsFor } from '../terminal/steps.ts';
import { type Base, type FaultPlanting, withFaultPlanting } from '../prove/survey.ts';

interface CalibrateOptions {
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly baselines: string;
  readonly seed?: number | undefined;
  readonly json?: true | undefined;
  readonly quiet?: true | undefined;
}

/** The promise is about two minutes after the builds. */
const HORIZON_SECONDS = 120;

/** A run's first verdict rests on as many. */
const FEWEST_LAUNCHES = 8;

/** Moved code tells more (it holds the layout as well), so it gets two thirds of the time. */
const MOVED_RATIO = 2 / 3;
/** Less than the launches of a first look is no run: then all the time goes to moved code. */
const LEAST_EQUAL_SECONDS = 30;

/** As much as one ordinary run, and half as much again for identical code. */
const defaultBudget = (scenario: Scenario): number => scenario.measure.budgetSeconds / MOVED_RATIO;

interface Calibration {
  readonly base: Base;
  readonly planting: FaultPlanting;
  readonly out: OutputFolder;
}

const runIt = async (
  { base, planting, out }: Calibration,
  scenario: Scenario,
  kind: 'equal' | 'moved',
  budgetSeconds: number,
): Promise<RunFile> => {
  const dir = out.path(kind);
  const title = kind === 'equal' ? 'identical code' : 'identical code, moved';
  const run = await measure({
    ...base,
    base: undefined,
    scenarios: [{ ...scenario, measure: { ...scenario.measure, budgetSeconds, exact: 'off', explain: false } }],
    outDir: dir,
    budgetSeconds: null,
    purpose: 'calibrate',
    ...(kind === 'moved' ? { plant: planting.plantInHead([], SHIFT_DOSE, () => undefined) } : {}),
    step: async (name, work) => base.step(`${title}: ${name}`, work),
  });
  await storeRun(
    {
      ...out,
      dir,
      write: async (name, content) => out.write(`${kind}/${name}`, content),
      path: (name) => out.path(`${kind}/${name}`),
    },
    run,
  );
  return run;
};

const only = (file: RunFile): ScenarioRun => {
  const [run] = file.runs;
  if (run !== undefined && run.invalid === null) return run;
  throw new InvalidMeasurementError(
    'CALIBRATION_INVALID',
    `The run against itself was not worth judging: ${run?.invalid?.message ?? 'nothing was measured'}`,
    'Remove the cause, or calibrate at a calmer hour; nothing was stored.',
  );
};

const launchesIn = ({ launches }: ScenarioRun): number => launches.filter(({ stage }) => stage === 'judged').length;

const calibrateOne = async (
  calibration: Calibration,
  scenario: Scenario,
  budgetSeconds: number,
): Promise<{ readonly profile: NoiseProfile; readonly fingerprint: string }> => {
  const equalSeconds = budgetSeconds * (1 - MOVED_RATIO);
  const enough = equalSeconds >= LEAST_EQUAL_SECONDS;
  const equal = enough ? await runIt(calibration, scenario, 'equal', equalSeconds) : null;
  const moved = await runIt(calibration, scenario, 'moved', enough ? budgetSeconds - equalSeconds : budgetSeconds);
  const launches = launchesIn(only(moved));
  if (launches < FEWEST_LAUNCHES) {
    throw new UsageError(
      'BUDGET_TOO_SMALL',
      `Only ${launches} launches fitted into ${Math.round(budgetSeconds)} s; fewer than ${FEWEST_LAUNCHES} say nothing of noise`,
      launches === 0
        ? 'Raise --budget; three minutes give a first figure on a calm machine.'
        : `Raise --budget: at this pace ${formatDuration(Math.ceil((budgetSeconds * FEWEST_LAUNCHES) / launches / 60) * 60)} hold them; a calm machine needs three minutes.`,
    );
  }
  const noise = noiseOf({
    equal: equal === null ? null : only(equal),
    moved: only(moved),
    family: familyOf([scenario]),
    horizonSeconds: HORIZON_SECONDS,
    seed: moved.seed,
  });
  const { createdAt, godynoVersion, environment } = moved;
  const { cpuModel, cpus, fingerprint } = environment;
  return {
    profile: { createdAt, godynoVersion, scenarioDigest: scenario.digest, cpuModel, cpus, ...noise },
    fingerprint,
  };
};

const percentOr = (ratio: number | null, otherwise: string): string =>
  ratio === null ? otherwise : formatPercent(ratio);

const metricLine = ({
  metric,
  sdRatio,
  smallestDetectableRatio,
  practicalRatio,
  suggestedRatio,
}: NoiseProfile['metrics'][number]): string => {
  const { label, method } = metricDef(metric);
  if (method === 'growth') return `  ${label}: judged by difference`;
  const advice =
    suggestedRatio === null || practicalRatio === null
      ? ''
      : `; fails at +${formatPercent(practicalRatio)}, suggested +${formatPercent(suggestedRatio)}`;
  return `  ${label}: launches differ by ${percentOr(sdRatio, 'an unknown amount')} (sd), sees +${percentOr(smallestDetectableRatio, 'nothing below 100 %')}${advice}`;
};

/** What people read; the file holds the same. */
export const describeNoise = (scenario: string, profile: NoiseProfile): string => {
  const { falseAlarms, launches, secondsPerLaunch, horizon, launchSdRatio, layoutSdRatio } = profile;
  const seen =
    falseAlarms.seen.length === 0 ? 'none' : falseAlarms.seen.map((metric) => metricDef(metric).label).join(', ');
  return [
    `${scenario}: ${noiseSentence(profile)}.`,
    `  ${formatNumberOf(launches.equal + launches.moved, 'launch', 'launches')} of ${formatDuration(secondsPerLaunch)}; ${formatNumberOf(horizon.launches, 'fits', 'fit')} into ${formatDuration(horizon.seconds)}`,
    `  false alarms: ${seen} in ${formatNumberOf(launches.equal > 0 ? 2 : 1, 'run')}, ${falseAlarms.alarms} in ${formatNumberOf(falseAlarms.replays, 'replay')}`,
    `  CPU differs by ${percentOr(launchSdRatio, 'an unmeasured amount')} between launches, by ${percentOr(layoutSdRatio, 'an unmeasured amount')} more where code is moved (sd)`,
    ...profile.metrics.map(metricLine),
    ...noiseWarnings(profile).map((warning) => `  warning: ${warning}`),
  ].join('\n');
};

/** Exit 0 whatever the noise: it is a finding about the machine, not a verdict about the code. */
export const calibrate = async (options: CalibrateOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    const asked = options.budget?.seconds ?? null;
    requireBaselinesFolder(options.baselines);
    const scenarios = await loadScenarios(words);
    await checkWritable(options.baselines);
    const out = await openOutput(options.out, new Date());
    const step = stepsFor(options.quiet === true ? 'quiet' : 'spoken');
    const base: Base = { head: options.head, seed: options.seed, step, signal };
    const found: { readonly scenario: string; readonly path: string; readonly noise: NoiseProfile }[] = [];
    await withFaultPlanting(signal, async (planting) => {
      for (const scenario of scenarios) {
        const seconds = asked === null ? defaultBudget(scenario) : asked / scenarios.length;
        const { profile, fingerprint } = await calibrateOne({ base, planting, out }, scenario, seconds);
        process.stderr.write(`\n${describeNoise(scenario.name, profile)}\n`);
        const path = await storeNoise({ dir: options.baselines, scenario: scenario.name, fingerprint }, profile);
        if (options.quiet !== true) process.stderr.write(`Stored ${path}\n`);
        found.push({ scenario: scenario.name, path, noise: profile });
      }
    });
    if (options.json === true) process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
    return EXIT.ok;
  });
