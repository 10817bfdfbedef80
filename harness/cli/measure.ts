/** From flags to a finished {@link RunFile}: what `run` and `baseline record` share. */
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { existsSync } from 'node:fs';
import { hostEnvironment } from '../capture/index.ts';
import { familyOf } from '../compare/index.ts';
import { loaderEngine } from '../load/index.ts';
import { BuildError, UsageError } from '../errors.ts';
import {
  type BySide,
  type NewOnHead,
  type JobEvent,
  type Revision,
  RUN_SCHEMA_VERSION,
  type RunFile,
  type Scenario,
  type ScenarioRun,
  SIDES,
} from '../model/index.ts';
import { canPin, usableCpus } from '../process/index.ts';
import {
  type CpuLayout,
  layOutCpus,
  mixSeed,
  NothingToCompareError,
  provision,
  rehearse,
  type RunPlan,
  type RunProgress,
  runScenario,
  type SideTree,
} from '../run/index.ts';
import { diffSides, findRepository, type SideDiff, type SourceTree, withSides } from '../source/index.ts';
import { withHeadsGo } from './go-choice.ts';
import { withIgnoredExplained } from './ignored-files.ts';
import { asNewOnHead, whyNewOnHead } from './new-on-head.ts';
import { isBasesStart, type OwnScenario, ownScenarioNote, withBasesOwn } from './own-scenario.ts';
import type { Say, Step } from './progress.ts';
import { describeProgress } from './progress-lines.ts';
import { godynoVersion } from './version.ts';
import { withWorkFolder } from './work-folder.ts';

/** Engine and version, part of what makes runs comparable. */
export const LOADER = loaderEngine();

export interface MeasureRequest {
  readonly scenarios: readonly Scenario[];
  readonly base: string | undefined;
  readonly head: string | undefined;
  /** What started the CI job we run in: names the base where `base` does not. */
  readonly job?: JobEvent | null;
  readonly outDir: string;
  /** All scenarios together; null: each its own. */
  readonly budgetSeconds: number | null;
  readonly seed: number | undefined;
  readonly purpose: RunPlan['purpose'];
  /** Lays a change over the head; both sides are then the same tree (`prove`, `calibrate`). */
  readonly plant?: PlantHead;
  /** Looks at both sides before anything costs time; may refuse them. */
  readonly beforeBuilds?: (sides: BySide<Revision>) => Promise<void>;
  /** What happens meanwhile, beside the lines that are said. */
  readonly onProgress?: (event: RunProgress) => void;
  readonly step: Step;
  readonly signal: AbortSignal;
}

/** Makes an overlay file below `workDir` for the head's tree; null: the head stays as it is. */
export type PlantHead = (head: SideTree, scenario: Scenario, workDir: string) => Promise<string | null>;

/** Binds ourselves to the loader's CPUs, so that links and reports never disturb the services. */
export const layOut = async (scenario: Scenario): Promise<CpuLayout> => {
  const usable = usableCpus();
  const ability = await canPin();
  return layOutCpus(usable, scenario.target.cpus, ability.can ? null : ability.reason);
};

/** Our place in the repository around us; '' outside of one. */
const placeInRepository = async (signal: AbortSignal): Promise<string> => {
  const repository = await findRepository(process.cwd(), signal);
  const inside = repository === null ? '' : relative(repository.rootDir, process.cwd());
  return inside.startsWith('..') || isAbsolute(inside) ? '' : inside;
};

/**
 * The module folder of a side, relative to its root: below the working folder's place in the repository, below the
 * folder that was given, or that folder itself when it is the module.
 */
const moduleOf = async (tree: SourceTree, scenario: Scenario, signal: AbortSignal): Promise<string> => {
  const { module } = scenario.target;
  if (tree.revision.kind !== 'folder') return join(await placeInRepository(signal), module);
  return !existsSync(join(tree.rootDir, module)) && existsSync(join(tree.rootDir, 'go.mod')) ? '' : module;
};

const sideTree = async (tree: SourceTree, scenario: Scenario, signal: AbortSignal): Promise<SideTree> => {
  const module = await moduleOf(tree, scenario, signal);
  return {
    rootDir: tree.rootDir,
    moduleDir: join(tree.rootDir, module),
    runRoot: tree.ownDir,
    runDir: join(tree.ownDir, module),
    added: '',
    revision: tree.revision,
  };
};

/** A rerun of the same commit draws new layouts; `--seed` repeats old ones. */
const defaultSeed = (revision: string): number =>
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

/** One tree against itself: whatever base was checked out beside it is not used. */
const isItself = ({ purpose, plant }: MeasureRequest): boolean => purpose !== 'compare' || plant !== undefined;

const measureIn = async (workDir: string, request: MeasureRequest): Promise<RunFile> => {
  const { scenarios, signal, head } = request;
  const itself = isItself(request);
  const base = itself ? (head ?? 'HEAD') : request.base;
  const { job = null } = request;
  return await withSides({ cwd: process.cwd(), base, head, job, workDir, signal }, async (found) => {
    const trees = itself ? { base: found.head, head: found.head } : found;
    await request.beforeBuilds?.({ base: trees.base.revision, head: trees.head.revision });
    const seed = request.seed ?? defaultSeed(trees.head.revision.revision);
    const difference = await differenceOf(trees, scenarios, signal);
    const runs: ScenarioRun[] = [];
    const newOnHead: NewOnHead[] = [];
    let left = request.budgetSeconds;
    for (const [index, scenario] of scenarios.entries()) {
      const run = await measureScenario(request, scenario, trees, {
        seed,
        workDir,
        budgetSeconds: budgetOf(left, scenarios.slice(index)),
      });
      if ('reason' in run) {
        newOnHead.push(run);
        continue;
      }
      left = left === null ? null : Math.max(0, left - run.timing.measureSeconds);
      runs.push(run);
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
      ...(newOnHead.length === 0 ? {} : { newOnHead }),
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

/** A tree against itself is built by one Go; a record and a calibration hold native figures, never counts. */
const asMeasured = (request: MeasureRequest, scenario: Scenario): Scenario => {
  const built = isItself(request) ? withHeadsGo(scenario) : scenario;
  const native = request.purpose !== 'compare' && built.measure.exact === 'only';
  return native ? { ...built, measure: { ...built.measure, exact: 'off' } } : built;
};

interface Given {
  readonly seed: number;
  readonly workDir: string;
  readonly budgetSeconds: number;
}

const measureScenario = async (
  request: MeasureRequest,
  scenario: Scenario,
  trees: BySide<SourceTree>,
  given: Given,
): Promise<ScenarioRun | NewOnHead> =>
  request.step(`${scenario.name} (at most ${Math.round(given.budgetSeconds)} s after the builds)`, async (say) => {
    const folder = resolve(dirname(scenario.file));
    const folders = { base: folder, head: folder };
    const as = { scenario: asMeasured(request, scenario), folders, trees, given, say };
    if (isItself(request)) return attempt(request, as);
    const missing = whyNewOnHead(await sideTrees(as, request.signal), as.scenario);
    try {
      if (missing !== null) throw new BuildError('NEW_ON_HEAD', `base: ${missing}`, '');
      return await attempt(request, as);
    } catch (error) {
      if (error instanceof NothingToCompareError) return headAlone(request, as, error.message);
      const own = isBasesStart(error) ? await ownWayOf(as, request.signal) : null;
      if (own !== null && isBasesStart(error)) {
        const note = ownScenarioNote(own, trees.base, error);
        say(note);
        const run = await attempt(request, {
          ...as,
          scenario: own.scenario,
          folders: { base: own.folder, head: folder },
        });
        return { ...run, notes: [note, ...run.notes] };
      }
      if (missing !== null) return headAlone(request, as, missing);
      throw error;
    }
  });

/** Base by its own commit's scenario, unless it has nothing by that either. */
const ownWayOf = async (as: Attempt, signal: AbortSignal): Promise<OwnScenario | null> => {
  const own = await withBasesOwn(as.trees.base, await placeInRepository(signal), as.scenario);
  if (own === null) return null;
  return whyNewOnHead(await sideTrees(as, signal), own.scenario) === null ? own : null;
};

const headAlone = async (request: MeasureRequest, as: Attempt, reason: string): Promise<NewOnHead> =>
  provisioned(request, as, async ({ plan }) => asNewOnHead(as.scenario, reason, await rehearse(plan, 'head')));

export interface Attempt {
  readonly scenario: Scenario;
  /** The scenario's folder for each side. */
  readonly folders: BySide<string>;
  readonly trees: BySide<SourceTree>;
  readonly given: Given;
  readonly say: Say;
}

const sideTrees = async ({ trees, scenario }: Attempt, signal: AbortSignal): Promise<BySide<SideTree>> => ({
  base: await sideTree(trees.base, scenario, signal),
  head: await sideTree(trees.head, scenario, signal),
});

interface Planned {
  readonly plan: RunPlan;
  readonly notes: readonly string[];
}

/** Both sides with all that their builds need, and the plan for them; what git ignores and a build lacks is explained. */
export const provisioned = async <T>(
  request: MeasureRequest,
  as: Attempt,
  use: (planned: Planned) => Promise<T>,
): Promise<T> => {
  const { scenario, folders, given, say } = as;
  const { signal, outDir, purpose, scenarios } = request;
  const userModuleDir = join(process.cwd(), scenario.target.module);
  const sides = await provision({
    scenario,
    trees: await sideTrees(as, signal),
    userModuleDir,
    scenarioFolders: folders,
    workDir: given.workDir,
    outDir,
    onProgress: say,
    signal,
  });
  const overlay = (await request.plant?.(sides.trees.head, scenario, given.workDir)) ?? null;
  const plan: RunPlan = {
    ...given,
    scenario,
    trees: sides.trees,
    overlays: { base: null, head: overlay },
    outDir,
    cpus: await layOut(scenario),
    family: purpose === 'record' ? { gates: 1 } : familyOf(scenarios),
    purpose,
    onProgress: (event) => {
      const line = describeProgress(event);
      if (line !== null) say(line);
      request.onProgress?.(event);
    },
    signal,
  };
  return withIgnoredExplained(sides.trees, userModuleDir, signal, async () => use({ plan, notes: sides.notes }));
};

const attempt = async (request: MeasureRequest, as: Attempt): Promise<ScenarioRun> =>
  provisioned(request, as, async ({ plan, notes }) => {
    const run = await runScenario(plan);
    const all = [...run.notes, ...notes, ...SIDES.flatMap((side) => as.trees[side].notes)];
    return { ...run, notes: [...new Set(all)] };
  });

/** `--budget` as written → seconds. */
export const budgetFrom = (seconds: number | undefined, text: string): number => {
  if (seconds !== undefined && seconds > 0) return seconds;
  throw new UsageError(
    'BUDGET_INVALID',
    `--budget ${text} is not a duration above 0`,
    'Write it as Go does: 90s, 3m, 1m30s.',
  );
};
