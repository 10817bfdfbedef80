/** From flags to a finished {@link RunFile}: what `run` and `baseline record` share. */
import { dirname, resolve } from 'node:path';
import type { Bundle } from '../bundle/index.ts';
import { hostEnvironment } from '../capture/index.ts';
import { loaderEngine } from '../load/index.ts';
import { BuildError } from '../errors.ts';
import {
  type BySide,
  type CommandLine,
  type ExactMode,
  type JobEvent,
  type NewOnHead,
  type Revision,
  RUN_SCHEMA_VERSION,
  type RunFile,
  type Scenario,
  type ScenarioRun,
  SIDES,
} from '../model/index.ts';
import { mixSeed, NothingToCompareError, rehearse, runScenario } from '../run/index.ts';
import { diffSides, type SideDiff, type SourceTree } from '../source/index.ts';
import { requireGo, withHeadsGo } from './go-choice.ts';
import { asNewOnHead, whyNewOnHead } from './new-on-head.ts';
import {
  isBasesStart,
  keepVariables,
  orAsBefore,
  ownScenarioAttempt,
  ownScenarioNote,
  ownWayOf,
} from './own-scenario.ts';
import { keptSourceTree, unpackBases } from './kept-base.ts';
import {
  type ScenarioAttempt,
  type ScenarioShare,
  moduleOf,
  provisioned,
  type MeasureSetting,
  sideTrees,
} from './provisioned.ts';
import type { Step } from './step.ts';
import { godynoVersion } from '../version.ts';
import { withSources } from './with-sources.ts';
import { withWorkFolder } from './work-folder.ts';

/** Engine and version, part of what makes runs comparable. */
export const LOADER = loaderEngine();

export interface MeasureRequest extends MeasureSetting {
  readonly base: string | undefined;
  /** What base is linked and started from, by scenario, instead of `base`; left out: base is built. */
  readonly bundles?: ReadonlyMap<string, Bundle>;
  readonly head: string | undefined;
  /** What started the CI job we run in: names the base where `base` does not. */
  readonly job?: JobEvent | null;
  /** All scenarios together; null: each its own. */
  readonly budgetSeconds: number | null;
  readonly seed: number | undefined;
  /** Kept in the run, to be repeated. */
  readonly commandLine?: CommandLine;
  /** Looks at both sides before anything costs time; may refuse them. */
  readonly beforeBuilds?: (sides: BySide<Revision>) => Promise<void>;
  readonly step: Step;
}

/** A rerun of the same commit draws new layouts; `--seed` repeats old ones. */
export const defaultSeed = (revision: string): number =>
  mixSeed(0, revision, process.env['GITHUB_RUN_ID'] ?? '', process.env['GITHUB_RUN_ATTEMPT'] ?? '');

/**
 * `--budget` wins over what the scenarios say, up and down; among several it is divided as they say it should be, and
 * what one leaves is there for those after it.
 *
 * @param leftSeconds of `--budget`; null without one
 * @param toCome this scenario first, then those after it
 */
export const budgetOf = (leftSeconds: number | null, toCome: readonly Scenario[]): number => {
  const [own = 0, ...others] = toCome.map(({ measure }) => measure.budgetSeconds);
  if (leftSeconds === null) return own;
  return (leftSeconds * own) / others.reduce((total, seconds) => total + seconds, own);
};

export const measure = async (request: MeasureRequest): Promise<RunFile> =>
  withWorkFolder(async (workDir) => measureIn(workDir, request));

/** Seconds since it was made. */
const stopwatch = (): (() => number) => {
  const startedMs = performance.now();
  return () => (performance.now() - startedMs) / 1000;
};

/** One tree against itself: whatever base was checked out beside it is not used. */
const isItself = ({ purpose, plant }: MeasureRequest): boolean => purpose !== 'compare' || plant !== undefined;

const measureIn = async (workDir: string, request: MeasureRequest): Promise<RunFile> => {
  const sources = stopwatch();
  const { scenarios, signal, head } = request;
  requireGo(scenarios);
  const itself = isItself(request);
  const base = itself ? (head ?? 'HEAD') : request.base;
  const { job = null, bundles } = request;
  const kept = await unpackBases(bundles ?? new Map(), workDir);
  const [readyBase] = [...kept.values()].map(keptSourceTree);
  const wanted = { base, readyBase, head, job, workDir, step: request.step, signal };
  return withSources(wanted, async (found, told): Promise<RunFile> => {
    const trees = itself ? { base: found.head, head: found.head } : found;
    await request.beforeBuilds?.({ base: trees.base.revision, head: trees.head.revision });
    const seed = request.seed ?? defaultSeed(trees.head.revision.revision);
    told.say('comparing both sides');
    const difference = await differenceOf(trees, scenarios, signal);
    await told.end({});
    const sourcesSeconds = sources();
    const runs: ScenarioRun[] = [];
    const newOnHead: NewOnHead[] = [];
    let left = request.budgetSeconds;
    for (const [index, scenario] of scenarios.entries()) {
      const scenarioTime = stopwatch();
      const keptBase = kept.get(scenario.name);
      const sources = keptBase === undefined ? { trees } : { trees, kept: { base: keptBase } };
      const run = await measureScenario(request, scenario, sources, {
        seed,
        workDir,
        budgetSeconds: budgetOf(left, scenarios.slice(index)),
        change: { diff: difference.files, moduleChanges: difference.modules },
      });
      if ('reason' in run) {
        newOnHead.push(run);
        continue;
      }
      left = left === null ? null : Math.max(0, left - run.timing.measureSeconds);
      runs.push({ ...run, timing: { ...run.timing, wholeSeconds: scenarioTime() } });
    }
    return {
      schemaVersion: RUN_SCHEMA_VERSION,
      godynoVersion: godynoVersion(),
      createdAt: new Date().toISOString(),
      seed,
      base: trees.base.revision,
      head: trees.head.revision,
      environment: hostEnvironment(LOADER, process.env),
      diff: difference.files,
      moduleChanges: difference.modules,
      ...(difference.goLines === undefined ? {} : { goLines: difference.goLines }),
      runs,
      sourcesSeconds,
      ...(newOnHead.length === 0 ? {} : { newOnHead }),
      ...(request.commandLine === undefined ? {} : { commandLine: request.commandLine }),
    };
  });
};

/** One revision against itself has none. */
const NO_DIFFERENCE: Partial<SideDiff> & Pick<SideDiff, 'files' | 'modules'> = { files: [], modules: [] };

const differenceOf = async (trees: BySide<SourceTree>, scenarios: readonly Scenario[], signal: AbortSignal) => {
  if (trees.base.revision.revision === trees.head.revision.revision) return NO_DIFFERENCE;
  const [first] = scenarios;
  if (first === undefined) return NO_DIFFERENCE;
  const module = await moduleOf(trees.head, first, signal);
  return diffSides({ base: trees.base, head: trees.head, module, signal });
};

/** Counts alone are no record, which holds native figures, too, but enough beside stored ones; a calibration has none. */
const exactModeOf = ({ purpose, countAs }: MeasureRequest, { name, measure: { exact } }: Scenario): ExactMode => {
  if (exact !== 'only' || purpose === 'compare' || countAs?.has(name) === true) return exact;
  return purpose === 'record' ? 'always' : 'off';
};

/** A tree against itself is built by one Go. */
const asMeasured = (request: MeasureRequest, scenario: Scenario): Scenario => {
  const built = isItself(request) ? withHeadsGo(scenario) : scenario;
  return { ...built, measure: { ...built.measure, exact: exactModeOf(request, built) } };
};

const measureScenario = async (
  request: MeasureRequest,
  scenario: Scenario,
  sources: Pick<ScenarioAttempt, 'trees' | 'kept'>,
  given: ScenarioShare,
): Promise<ScenarioRun | NewOnHead> =>
  request.step(`${scenario.name} (at most ${Math.round(given.budgetSeconds)} s after the builds)`, async (say) => {
    const folder = resolve(dirname(scenario.file));
    const folders = { base: folder, head: folder };
    const as = { scenario: asMeasured(request, scenario), folders, ...sources, given, say };
    if (isItself(request)) return attempt(request, as);
    const missing = whyNewOnHead(await sideTrees(as, request.signal), as.scenario);
    try {
      if (missing !== null) throw new BuildError('NEW_ON_HEAD', `base: ${missing}`, '');
      return await attemptKept(request, as);
    } catch (error) {
      if (error instanceof NothingToCompareError) return headAlone(request, as, error.message);
      const own = isBasesStart(error) ? await ownWayOf(as, request.signal) : null;
      if (own !== null && isBasesStart(error)) {
        say(ownScenarioAttempt(own, as.trees.base, error));
        const ownWay = { ...as, scenario: own.scenario, folders: { base: own.folder, head: folder } };
        const run = await orAsBefore(error, async () => attempt(request, ownWay));
        return { ...run, notes: [ownScenarioNote(own, as.trees.base, error), ...run.notes] };
      }
      if (missing !== null) return headAlone(request, as, missing);
      throw error;
    }
  });

const attemptKept = async (request: MeasureRequest, as: ScenarioAttempt): Promise<ScenarioRun> => {
  const { kept, notes } = await keepVariables(as, request.signal);
  const run = await attempt(request, kept);
  return { ...run, notes: [...notes, ...run.notes] };
};

const headAlone = async (request: MeasureRequest, as: ScenarioAttempt, reason: string): Promise<NewOnHead> =>
  provisioned(request, as, async ({ plan }) => asNewOnHead(as.scenario, reason, await rehearse(plan, 'head')));

const attempt = async (request: MeasureRequest, as: ScenarioAttempt): Promise<ScenarioRun> =>
  provisioned(request, as, async ({ plan, notes }) => {
    const run = await runScenario(plan);
    const all = [...run.notes, ...notes, ...SIDES.flatMap((side) => as.trees[side].notes)];
    const { found } = as.trees.base;
    return { ...run, notes: [...new Set(all)], ...(found !== undefined && { baseFound: found }) };
  });
