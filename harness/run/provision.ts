/** Completes both sides' sources with what git does not hold: ignored files that are carried, files that commands make. */
import { join, relative } from 'node:path';
import { type BySide, placeholdersOf, type Scenario, type Side, SIDES, targetOf } from '../model/index.ts';
import { copyScenarioFolder, includeIgnored } from '../source/index.ts';
import {
  generate,
  generatedCacheFolder,
  type GeneratedDigest,
  type GenerateRequest,
  withChosenGo,
} from '../service/index.ts';
import { folderOf } from '../folders.ts';
import type { SideTree } from './session/plan.ts';

export interface ProvisionRequest {
  readonly scenario: Scenario;
  /** `runDir` may be written to. */
  readonly trees: BySide<SideTree>;
  /** The module's folder in the user's working tree. */
  readonly userModuleDir: string;
  /** The scenario's folder for each side, which is copied where the scenario asks for it. */
  readonly scenarioFolders: BySide<string>;
  /** Ours to write into. */
  readonly workDir: string;
  readonly outDir: string;
  readonly onProgress: (text: string) => void;
  readonly signal: AbortSignal;
}

export interface Provisioned {
  readonly trees: BySide<SideTree>;
  readonly notes: readonly string[];
}

const UNCACHED =
  'Commands of target.generate without inputs may make something else each time: both sides are compiled and linked anew in every run.';

/** By folder and commands: scenarios of one run share their trees. */
const madeBefore = new Map<string, GeneratedDigest>();

const generateOnce = async (request: GenerateRequest): Promise<GeneratedDigest> => {
  const key = JSON.stringify([request.moduleDir, request.commands, request.env]);
  const before = madeBefore.get(key);
  if (before !== undefined) return before;
  const made = await generate(request);
  madeBefore.set(key, made);
  return made;
};

/** Trees of the two sides that are one and the same are completed once; one that was kept was complete. */
const distinct = (trees: BySide<SideTree>): readonly Side[] =>
  trees.base.runDir === trees.head.runDir ? ['head'] : SIDES.filter((side) => trees[side].compiled === undefined);

/**
 * Leaves trees alone for which the scenario asks nothing; the others are then built where they are started. Throws
 * `INCLUDE_NOTHING` (exit 2) and `GENERATE_FAILED` (exit 5).
 */
export const provision = async (request: ProvisionRequest): Promise<Provisioned> => {
  const trees = await withScenarioFolders(request);
  const { target } = request.scenario;
  const asks = target.include.length > 0 || SIDES.some((side) => targetOf(target, side).generate.length > 0);
  return !asks ? { trees, notes: [] } : complete(request, trees);
};

const withScenarioFolders = async (request: ProvisionRequest): Promise<BySide<SideTree>> => {
  const { scenario, trees, scenarioFolders, workDir, signal } = request;
  if (!placeholdersOf(JSON.stringify(scenario.target)).includes('scenarioDir')) return trees;
  const own = async (side: Side): Promise<SideTree> => {
    const scenarioDir = join(workDir, 'scenario', folderOf(scenario.name), side);
    await copyScenarioFolder(scenarioFolders[side], scenarioDir, signal);
    return { ...trees[side], scenarioDir };
  };
  return { base: await own('base'), head: await own('head') };
};

const asHeads = (base: SideTree, head: Pick<SideTree, 'rootDir' | 'moduleDir' | 'added'>): SideTree =>
  base.compiled === undefined ? { ...base, ...head } : base;

const complete = async (request: ProvisionRequest, trees: BySide<SideTree>): Promise<Provisioned> => {
  const { scenario, userModuleDir, outDir, onProgress, signal } = request;
  const { include, buildEnv, go } = scenario.target;
  const sides = distinct(trees);
  const included = await includeIgnored({
    from: userModuleDir,
    patterns: include,
    to: sides.map((side) => ({ side, rootDir: trees[side].runRoot, moduleDir: trees[side].runDir })),
    signal,
  });
  const done = new Map<Side, SideTree>();
  for (const side of sides) {
    const { runRoot, runDir, scenarioDir } = trees[side];
    const made = await generateOnce({
      side,
      moduleDir: runDir,
      place: relative(runRoot, runDir),
      commands: targetOf(scenario.target, side).generate,
      env: withChosenGo(buildEnv, go?.[side], `${side}: `),
      values: scenarioDir === undefined ? {} : { scenarioDir },
      logFile: join(outDir, 'logs', folderOf(scenario.name), `${side}-generate.log`),
      cacheDir: generatedCacheFolder(),
      onCommand: (line) => onProgress(`${side}: ${line}`),
      signal,
    });
    const added = made === null ? null : `${included.digest}\0${made}`;
    done.set(side, { ...trees[side], rootDir: runRoot, moduleDir: runDir, added });
  }
  const unknown = [...done.values()].some(({ added }) => added === null);
  const head = done.get('head') ?? trees.head;
  const { rootDir, moduleDir, added } = head;
  return {
    trees: { base: done.get('base') ?? asHeads(trees.base, { rootDir, moduleDir, added }), head },
    notes: [...included.notes, ...(unknown ? [UNCACHED] : [])],
  };
};
