/** Both sides of one scenario with all that their builds need, and the plan for them: what `run` and `doctor` share. */
import { existsSync } from 'node:fs';
import { isAbsolute, join, relative } from 'node:path';
import { familyOf } from '../compare/index.ts';
import type { ToPack } from '../bundle/index.ts';
import type { BySide, CountConditions, Scenario, Side } from '../model/index.ts';
import { canPin, coresOf, usableCpus } from '../process/index.ts';
import {
  type CpuLayout,
  lanesFor,
  layOutCpus,
  provision,
  type RunPlan,
  type RunProgress,
  type SideTree,
} from '../run/index.ts';
import { findRepository, type SourceTree } from '../source/index.ts';
import { withIgnoredExplained } from './ignored-files.ts';
import { keptSideTree, type KeptTree } from './kept-base.ts';
import type { Say } from './step.ts';
import { describeProgress, withSeconds } from './progress-lines.ts';

/** What all scenarios of one invocation have in common. */
export interface MeasureSetting extends Pick<RunPlan, 'onCounted' | 'onIdle' | 'isNamed' | 'profiler'> {
  readonly scenarios: readonly Scenario[];
  readonly outDir: string;
  readonly purpose: RunPlan['purpose'];
  /** How each scenario is counted, to be compared with stored counts. */
  readonly countAs?: ReadonlyMap<string, CountConditions>;
  /** Lays a change over the head; both sides are then the same tree (`prove`, `calibrate`). */
  readonly plant?: PlantHead;
  /** Takes what a side is linked and started from again; left out: nobody keeps it. */
  readonly keepBundle?: (kept: ToPack) => Promise<void>;
  /** What happens meanwhile, beside the lines that are said. */
  readonly onProgress?: (event: RunProgress) => void;
  readonly signal: AbortSignal;
}

/** Makes an overlay file below `workDir` for the head's tree; null: the head stays as it is. */
export type PlantHead = (head: SideTree, scenario: Scenario, workDir: string) => Promise<string | null>;

/** Who runs where. */
export const layOut = async (scenario: Scenario): Promise<CpuLayout> => {
  const usable = usableCpus();
  const ability = await canPin();
  return layOutCpus({
    cores: usable && coresOf(usable),
    wanted: scenario.target.cpus,
    refusal: ability.can ? null : ability.reason,
    ...lanesFor(scenario),
  });
};

/** Our place in the repository around us; '' outside of one. */
export const placeInRepository = async (signal: AbortSignal): Promise<string> => {
  const repository = await findRepository(process.cwd(), signal);
  const inside = repository === null ? '' : relative(repository.rootDir, process.cwd());
  return inside.startsWith('..') || isAbsolute(inside) ? '' : inside;
};

/**
 * The module folder of a side, relative to its root: below the working folder's place in the repository, below the
 * folder that was given, or that folder itself when it is the module.
 */
export const moduleOf = async (tree: SourceTree, scenario: Scenario, signal: AbortSignal): Promise<string> => {
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

export type ScenarioShare = Pick<RunPlan, 'seed' | 'workDir' | 'budgetSeconds' | 'change'>;

export interface ScenarioAttempt {
  readonly scenario: Scenario;
  /** The scenario's folder for each side. */
  readonly folders: BySide<string>;
  readonly trees: BySide<SourceTree>;
  readonly given: ScenarioShare;
  readonly say: Say;
  /** Sides as their bundles have them; left out: built from their source. */
  readonly kept?: Partial<BySide<KeptTree>>;
}

export const sideTrees = async (
  { trees, scenario, kept = {} }: ScenarioAttempt,
  signal: AbortSignal,
): Promise<BySide<SideTree>> => {
  const treeOf = async (side: Side): Promise<SideTree> => {
    const bundled = kept[side];
    return bundled === undefined ? sideTree(trees[side], scenario, signal) : keptSideTree(trees[side], bundled);
  };
  return { base: await treeOf('base'), head: await treeOf('head') };
};

interface PlannedRun {
  readonly plan: RunPlan;
  readonly notes: readonly string[];
}

const placeOf = ({ runRoot, runDir, revision }: SideTree): Pick<ToPack, 'rootDir' | 'module' | 'revision'> => ({
  rootDir: runRoot,
  module: relative(runRoot, runDir),
  revision,
});

/** Both sides with all that their builds need, and the plan for them; what git ignores and a build lacks is explained. */
export const provisioned = async <T>(
  setting: MeasureSetting,
  as: ScenarioAttempt,
  use: (planned: PlannedRun) => Promise<T>,
): Promise<T> => {
  const { scenario, folders, given, say } = as;
  const { signal, outDir, purpose, scenarios, plant, keepBundle, onProgress, onCounted, onIdle, isNamed } = setting;
  const userModuleDir = join(process.cwd(), scenario.target.module);
  const sides = await provision({
    scenario,
    trees: await sideTrees(as, signal),
    userModuleDir,
    scenarioFolders: folders,
    workDir: given.workDir,
    outDir,
    onProgress: (text) => say({ topic: text, line: (seconds) => withSeconds(text, seconds) }),
    signal,
  });
  const countAs = setting.countAs?.get(scenario.name);
  const overlay = (await plant?.(sides.trees.head, scenario, given.workDir)) ?? null;
  const plan: RunPlan = {
    ...given,
    scenario,
    trees: sides.trees,
    overlays: { base: null, head: overlay },
    ...(countAs !== undefined && { countAs }),
    outDir,
    cpus: await layOut(scenario),
    family: purpose === 'record' ? { gates: 1 } : familyOf(scenarios),
    purpose,
    ...(keepBundle !== undefined && {
      keepBuilds: async (kept) => keepBundle({ ...kept, scenario: scenario.name, ...placeOf(sides.trees.head) }),
    }),
    onProgress: (event) => {
      const said = describeProgress(event);
      if (said !== null) say(said);
      onProgress?.(event);
    },
    ...(onCounted === undefined ? {} : { onCounted }),
    ...(onIdle === undefined ? {} : { onIdle }),
    ...(isNamed === undefined ? {} : { isNamed }),
    ...(setting.profiler !== undefined && { profiler: setting.profiler }),
    signal,
  };
  return withIgnoredExplained(sides.trees, userModuleDir, signal, async () => use({ plan, notes: sides.notes }));
};
