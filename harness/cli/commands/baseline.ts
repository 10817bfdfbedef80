/** `godyno baseline record|verify|list|show`. */
import { stat } from 'node:fs/promises';
import {
  type BaselineEntry,
  checkWritable,
  listBaselines,
  loadBaseline,
  runOfScenario,
  storeBaseline,
} from '../../baseline/index.ts';
import { type Bundle, findBundle, hasBundle, packBundle, pruneBundles, type ToPack } from '../../bundle/index.ts';
import { sessionsOf } from '../../compare/index.ts';
import { EXIT, type ExitCode, InvalidMeasurementError, UsageError } from '../../errors.ts';
import type {
  BundleRef,
  ExactMode,
  RunFile,
  Scenario,
  ScenarioRun,
  StoredCounts,
  StoredLaunches,
} from '../../model/index.ts';
import { type DurationFlag, requireBaselinesFolder, withExactMode } from './flags.ts';
import { withInterrupt } from '../terminal/interrupt.ts';
import { baselineOf, bundleOf, loadScenarios, measure, verifyBundle } from '../../measure/index.ts';
import {
  baselineNamed,
  folderReader,
  headCounts,
  headLaunches,
  type MergedProfile,
  openOutput,
  type OutputFolder,
  storeRun,
  whyNotKept,
} from '../../results/index.ts';
import { stepsFor } from '../terminal/steps.ts';
import { recordAgain } from './record-again.ts';
import { firstFailureOf } from './write-reports.ts';
import { formatCount, formatDuration, formatNumberOf, formatPercent, formatQuantity } from '../../units/index.ts';

interface ListOptions {
  readonly baselines: string;
  readonly bundles: string;
  readonly json?: true | undefined;
}

interface RecordOptions {
  readonly head?: string | undefined;
  readonly out?: string | undefined;
  readonly budget?: DurationFlag | undefined;
  readonly seed?: number | undefined;
  readonly exact?: ExactMode | undefined;
  readonly baselines: string;
  readonly bundles: string;
  readonly bundlesLimit: number;
  readonly keep: number;
  readonly again?: true | undefined;
  readonly quiet?: true | undefined;
}

export const recordBaseline = async (options: RecordOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    // A place that cannot hold a baseline, or holds a broken one, is found before minutes are spent.
    requireBaselinesFolder(options.baselines);
    await listBaselines(options.baselines);
    if (options.again === true) {
      await recordAgain(options, words, signal);
      return EXIT.ok;
    }
    const scenarios = withExactMode(await loadScenarios(words), options.exact);
    await checkWritable(options.baselines);
    const out = await openOutput(options.out, new Date());
    const bundles = new Map<string, BundleRef>();
    const run = await measure({
      scenarios,
      base: undefined,
      head: options.head,
      outDir: out.dir,
      budgetSeconds: options.budget?.seconds ?? null,
      seed: options.seed,
      purpose: 'record',
      keepBundle: async (kept) => void bundles.set(kept.scenario, await packed(options, kept)),
      step: stepsFor(options.quiet === true ? 'quiet' : 'spoken'),
      signal,
    });
    const merged = await storeRun(out, run);
    const failure = await firstFailureOf(
      scenarios.map((scenario) => async () => keep(options, { out, run, merged, bundles }, scenario)),
    );
    const pruned = bundles.size === 0 ? null : await pruneBundles(options.bundles, options.bundlesLimit);
    if (pruned !== null && pruned.bundles > 0)
      tell(options, `Removed ${formatNumberOf(pruned.bundles, 'older bundle')} from ${options.bundles}`);
    if (failure !== null) throw failure;
    return EXIT.ok;
  });

/** What went as it should. */
const tell = ({ quiet }: Pick<RecordOptions, 'quiet'>, line: string): void => {
  if (quiet !== true) process.stderr.write(`${line}\n`);
};

const packed = async (options: RecordOptions, kept: ToPack): Promise<BundleRef> => {
  const { bundles: dir } = options;
  const { digest, bytes, addedBytes } = await packBundle(dir, kept, new Date());
  tell(options, `Bundle of ${formatQuantity(bytes, 'B')} in ${dir}, ${formatQuantity(addedBytes, 'B')} of it new`);
  return { digest, bytes };
};

/** What was counted is kept as far as it could be compared; `always` demands that. */
const countsOf = async (run: ScenarioRun, out: OutputFolder): Promise<StoredCounts | null> => {
  if (run.exact === undefined) return null;
  const counted = { run, ...(await headCounts(run, folderReader(out.dir))) };
  const why = whyNotKept(counted);
  if (why === null) return counted.counts;
  const { exact } = run.scenario.measure;
  if (exact !== 'always') {
    process.stderr.write(`Stored without counted instructions: ${why}\n`);
    return null;
  }
  throw new InvalidMeasurementError(
    'BASELINE_NOT_COUNTED',
    `Scenario ${run.scenario.name} is not stored as a baseline: exact is "always", and its instructions cannot be compared: ${why}`,
    'Remove the cause, or record it with `--exact auto`.',
  );
};

interface Recorded {
  readonly out: OutputFolder;
  readonly run: RunFile;
  readonly merged: readonly MergedProfile[];
  readonly bundles: ReadonlyMap<string, BundleRef>;
}

const keep = async (
  options: RecordOptions,
  { out, run, merged, bundles }: Recorded,
  scenario: Scenario,
): Promise<void> => {
  const part = runOfScenario(run, scenario.name);
  const profiles = new Map(
    merged
      .filter((each) => each.scenario === scenario.name && each.side === 'head')
      .map(({ kind, bytes }) => [kind, bytes]),
  );
  const [only] = part.runs;
  const counts = only === undefined ? null : await countsOf(only, out);
  const launches = only === undefined ? null : await headLaunches(part, only, folderReader(out.dir));
  const { path, pruned } = await storeBaseline({
    dir: options.baselines,
    run: part,
    profiles,
    bundle: bundles.get(scenario.name),
    ...(counts !== null && { counts }),
    ...(launches !== null && { launches }),
    keep: options.keep,
  });
  const removed = pruned.length === 0 ? '' : ` (removed ${pruned.length} older)`;
  tell(options, `Stored ${path}${removed}`);
};

interface VerifyOptions {
  readonly baselines: string;
  readonly bundles: string;
  readonly quiet?: true | undefined;
}

/** The bundle of the scenario's baseline. Throws {@link UsageError} `BUNDLE_UNUSABLE` where it has none that fits. */
const usableBundle = async (scenario: Scenario, options: VerifyOptions, signal: AbortSignal): Promise<Bundle> => {
  const baseline = await baselineOf(scenario, options.baselines);
  const bundle = await bundleOf(baseline, options.bundles, signal);
  if (typeof bundle !== 'string') return bundle;
  throw new UsageError(
    'BUNDLE_UNUSABLE',
    `The baseline ${baseline.entry.path} cannot be linked again: ${bundle}`,
    'Restore the folder of bundles from the cache or artifact, or record the baseline again: godyno baseline record.',
  );
};

export const verifyBaselines = async (options: VerifyOptions, ...words: string[]): Promise<ExitCode> =>
  withInterrupt(async (signal) => {
    requireBaselinesFolder(options.baselines);
    const step = stepsFor(options.quiet === true ? 'quiet' : 'spoken');
    for (const scenario of await loadScenarios(words)) {
      const bundle = await usableBundle(scenario, options, signal);
      const title = `${scenario.name}: bundle ${bundle.digest.slice(0, 12)}`;
      const { tried, binary, startSeconds } = await step(title, async (say) =>
        verifyBundle({ scenario, bundle, say, signal }),
      );
      const odd = tried.filter(({ isOk }) => !isOk);
      const [first] = odd;
      if (first !== undefined) {
        throw new InvalidMeasurementError(
          'BUNDLE_ANSWERS',
          `${title}: ${formatNumberOf(odd.length, 'request')} not answered as expected, ${first.request.name} first`,
          'It links and starts, but does not answer as the scenario expects; record the baseline again.',
        );
      }
      process.stderr.write(
        `${title} is whole: linked in ${formatDuration(binary.seconds)}, started in ${formatDuration(startSeconds)}, every request answered\n`,
      );
    }
    return EXIT.ok;
  });

const SECONDS_PER_DAY = 24 * 3600;

/** Of what is older than two days, hours say nothing. */
const ageOf = ({ createdAt }: BaselineEntry, now: Date): string => {
  const seconds = Math.max(0, (now.getTime() - Date.parse(createdAt)) / 1000);
  if (seconds < 60) return 'just now';
  const days = Math.floor(seconds / SECONDS_PER_DAY);
  return `${days < 2 ? formatDuration(60 * Math.floor(seconds / 60)) : formatNumberOf(days, 'day')} ago`;
};

/** What a run can be compared with, the best first. */
const layersOf = ({ commit, bundle, isCounted, hasLaunches }: BaselineEntry, isHere: boolean): string =>
  [
    ...(commit === null ? [] : ['commit']),
    ...(bundle === null ? [] : [isHere ? 'bundle' : 'bundle elsewhere']),
    ...(isCounted ? ['counts'] : []),
    ...(hasLaunches ? ['profiles'] : []),
    'figures',
  ].join(', ');

const lineOf = (entry: BaselineEntry, isHere: boolean, now: Date): string => {
  const { path, scenario, revision, createdAt, goVersion, bytes } = entry;
  const day = `${createdAt.slice(0, 16).replace('T', ' ')} (${ageOf(entry, now)})`;
  const held = `${layersOf(entry, isHere)}, ${formatQuantity(bytes, 'B')}`;
  return [scenario, revision.revision.slice(0, 12), day, goVersion, held, path].join('  ');
};

const lineIn = async (bundles: string, entry: BaselineEntry): Promise<string> =>
  lineOf(entry, entry.bundle !== null && (await hasBundle(bundles, entry.bundle)), new Date());

export const showBaselines = async ({ baselines, bundles, json }: ListOptions): Promise<ExitCode> => {
  requireBaselinesFolder(baselines);
  const entries = await listBaselines(baselines);
  if (json) process.stdout.write(`${JSON.stringify(entries, null, 2)}\n`);
  else if (entries.length === 0)
    process.stderr.write(`No baseline is stored in ${baselines}; godyno baseline record makes one.\n`);
  else {
    const lines = await Promise.all(entries.map(async (entry) => lineIn(bundles, entry)));
    process.stdout.write(`${lines.join('\n')}\n`);
  }
  return EXIT.ok;
};

/** What is judged of a launch is a little less: what follows the clock is left out. */
const countsLine = ({ launches, conditions }: StoredCounts): string => {
  const { goVersion, engine, engineVersion, cpu, requests, seed } = conditions;
  const executed = launches.map(({ groups }) => (groups.user + groups.runtime + groups.allocator) / requests);
  return [
    `${formatNumberOf(launches.length, 'launch', 'launches')} of ${formatNumberOf(requests, 'request')}`,
    `${formatCount(Math.min(...executed))} instructions each`,
    `${goVersion}, ${engine} ${engineVersion}, CPU ${cpu}, seed ${seed}`,
  ].join(', ');
};

/** Of its profiles: what functions differ by on another day. */
const noiseLine = (stored: StoredLaunches | null): string => {
  const known = stored === null ? null : sessionsOf(stored);
  if (stored === null || known === null) return 'unknown: no profiles launch by launch; record it again';
  const { sessions } = stored.costs;
  const days = sessions.map(({ createdAt }) => createdAt.slice(0, 10)).join(', ');
  const samples = `${formatNumberOf(sessions.length, 'session')} (${days}), ${formatNumberOf(known.cpuSamples, 'CPU sample')} in ${formatNumberOf(known.launches, 'launch', 'launches')}`;
  const spread = `a function’s CPU differs by ${formatPercent(known.sdRatio)} between sessions`;
  return sessions.length > 1
    ? `${samples}; ${spread}`
    : `${samples}; ${spread}, as is known of others: record --again on another day measures it`;
};

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => null)) !== null;

/** null: none was made, or it is not here. */
const bundleAt = async (dir: string, { bundle }: BaselineEntry): Promise<Bundle | null> =>
  bundle === null ? null : findBundle(dir, bundle);

const bundleLine = ({ bundle }: BaselineEntry, found: Bundle | null): string => {
  if (bundle === null) return 'none: its commit is built again, or its figures are compared';
  const size = `${formatQuantity(bundle.bytes, 'B')}, digest ${bundle.digest.slice(0, 12)}`;
  if (found === null) return `${size}, not in this folder of bundles`;
  const { counted, countedReason } = found.manifest;
  return `${size}${counted === null ? `, without exact mode’s build: ${countedReason ?? ''}` : ', exact mode’s build in it'}`;
};

export const showBaseline = async ({ baselines, bundles, json }: ListOptions, word: string): Promise<ExitCode> => {
  const path = (await isThere(word)) ? word : (await baselineNamed(word, baselines)).path;
  const { entry, run, scenarioRun, counts, launches } = await loadBaseline(path);
  if (json) {
    process.stdout.write(`${JSON.stringify(run, null, 2)}\n`);
    return EXIT.ok;
  }
  const { environment } = run;
  const lines = [
    await lineIn(bundles, entry),
    `machine     ${environment.cpuModel}, ${environment.cpus} CPUs, ${environment.os} ${environment.kernel} (${environment.fingerprint})`,
    `settings    GOMAXPROCS ${scenarioRun.settings.gomaxprocs}, GOGC ${scenarioRun.settings.gogc}, ${scenarioRun.settings.pinned ? 'pinned' : 'not pinned'}`,
    `measured    ${formatNumberOf(scenarioRun.launches.length, 'launch', 'launches')}, seed ${run.seed}`,
    `profiles    ${entry.profileKinds.join(', ')}`,
    `bundle      ${bundleLine(entry, await bundleAt(bundles, entry))}`,
    `counts      ${counts === null ? 'none' : countsLine(counts)}`,
    `noise       ${noiseLine(launches)}`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  return EXIT.ok;
};
