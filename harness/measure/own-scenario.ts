/**
 * A change that renames a flag, or moves what the service reads, changes the scenario with it, and the base cannot be
 * started by the new one: it is started by the scenario of its own commit.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EXIT, GodynoError } from '../errors.ts';
import { prepareOf, type Scenario, type SideSpec, type TargetSpec, targetOf } from '../model/index.ts';
import type { SourceTree } from '../source/index.ts';
import { whyNewOnHead } from './new-on-head.ts';
import { type ScenarioAttempt, placeInRepository, sideTrees } from './provisioned.ts';
import { readScenario } from './scenarios.ts';

export interface OwnScenario {
  /** The scenario with what base has of its own. */
  readonly scenario: Scenario;
  /** The scenario's folder in base's tree. */
  readonly folder: string;
  /** What differs, by the scenario's names for it. */
  readonly differs: readonly string[];
}

const STARTING = ['package', 'args', 'env', 'cwd', 'generate', 'setup', 'seed', 'ready'] as const;

const partOf = (target: TargetSpec): Required<Omit<SideSpec, 'prepare'>> => {
  const { package: name, args, env, cwd, generate, setup, seed, ready } = target;
  return { package: name, args, env, cwd, generate, setup, seed, ready };
};

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

const sentToBase = (scenario: Scenario): readonly unknown[] =>
  prepareOf(scenario, 'base').map(({ side: _base, ...request }) => request);

/** A scenario that this godyno cannot read, or that names files that are gone, is none. */
const readOr = async (file: string): Promise<Scenario | null> => {
  try {
    return await readScenario(file);
  } catch (error) {
    if (error instanceof GodynoError) return null;
    throw error;
  }
};

const readBases = async (base: SourceTree, place: string, { file }: Scenario): Promise<Scenario | null> => {
  const own = join(base.ownDir, place, file);
  return file.startsWith('/') || !existsSync(own) ? null : readOr(own);
};

export interface KeptVariables {
  readonly scenario: Scenario;
  readonly note: string;
}

/**
 * A variable that the change takes out of the scenario, or renames in it, is still set for base: without it base might
 * start all the same, and do something else. null: there is none.
 */
export const withBasesVariables = async (
  base: SourceTree,
  place: string,
  scenario: Scenario,
): Promise<KeptVariables | null> => {
  const { target } = scenario;
  const found = target.own?.base === undefined ? await readBases(base, place, scenario) : null;
  if (found === null) return null;
  const common = targetOf(target, 'base').env;
  const gone = Object.entries(targetOf(found.target, 'base').env).filter(([name]) => !Object.hasOwn(common, name));
  if (gone.length === 0) return null;
  const env = Object.fromEntries(gone);
  return {
    scenario: { ...scenario, target: { ...target, own: { ...target.own, base: { env } } } },
    note: `Base has ${Object.keys(env).join(', ')} set as ${scenario.file} of its own commit (${base.revision.label}) says; the head’s says nothing of it.`,
  };
};

/**
 * The scenario with base started as its own commit says; null where that says nothing else, or the scenario itself says
 * what base has of its own. `place`: of the working folder in the repository.
 */
export const withBasesOwn = async (
  base: SourceTree,
  place: string,
  scenario: Scenario,
): Promise<OwnScenario | null> => {
  const found = scenario.target.own?.base === undefined ? await readBases(base, place, scenario) : null;
  if (found === null) return null;
  const own = partOf(targetOf(found.target, 'base'));
  const common = partOf(targetOf(scenario.target, 'base'));
  const differs: string[] = STARTING.filter((key) => !same(own[key], common[key])).map((key) => `target.${key}`);
  if (!same(sentToBase(found), sentToBase(scenario))) differs.push('load.prepare');
  if (differs.length === 0) return null;
  const { target } = scenario;
  return {
    scenario: {
      ...scenario,
      target: {
        ...target,
        ports: [...new Set([...target.ports, ...found.target.ports])].toSorted(),
        own: { ...target.own, base: { ...own, prepare: prepareOf(found, 'base') } },
      },
    },
    folder: dirname(join(base.ownDir, place, scenario.file)),
    differs,
  };
};

/** An error about base's build or start begins with its name. */
export const isBasesStart = (error: unknown): error is GodynoError =>
  error instanceof GodynoError && error.exitCode === EXIT.buildOrStart && error.message.startsWith('base: ');

const whyNot = ({ message }: GodynoError): string => {
  const [why = ''] = message.replace(/^base: /, '').split('\n');
  return why.replace(/[.:]( Its last output:)?$/, '');
};

const ownFile = ({ scenario, differs }: OwnScenario, { revision }: SourceTree): string =>
  `${scenario.file} of its own commit (${revision.label}), which differs in ${differs.join(', ')}`;

/** Before it is tried. */
export const ownScenarioAttempt = (own: OwnScenario, base: SourceTree, error: GodynoError): string =>
  `Base does not start by the head’s scenario: ${whyNot(error)}. Trying ${ownFile(own, base)}.`;

/** When it has started. */
export const ownScenarioNote = (own: OwnScenario, base: SourceTree, error: GodynoError): string =>
  `Base was started by ${ownFile(own, base)}; with the head’s, ${whyNot(error)}.`;

/** Of the working folder in base's tree; a plain folder needs no git to tell. */
const placeIn = async ({ revision }: SourceTree, signal: AbortSignal): Promise<string> =>
  revision.kind === 'folder' ? '' : placeInRepository(signal);

/** {@link withBasesOwn}, unless base has nothing by its own scenario either. */
export const ownWayOf = async (as: ScenarioAttempt, signal: AbortSignal): Promise<OwnScenario | null> => {
  const own = await withBasesOwn(as.trees.base, await placeIn(as.trees.base, signal), as.scenario);
  if (own === null) return null;
  return whyNewOnHead(await sideTrees(as, signal), own.scenario) === null ? own : null;
};

/** {@link withBasesVariables}, where there are any. */
export const keepVariables = async (
  as: ScenarioAttempt,
  signal: AbortSignal,
): Promise<{ readonly kept: ScenarioAttempt; readonly notes: readonly string[] }> => {
  const found = await withBasesVariables(as.trees.base, await placeIn(as.trees.base, signal), as.scenario);
  return found === null ? { kept: as, notes: [] } : { kept: { ...as, scenario: found.scenario }, notes: [found.note] };
};

/** Where base does not start by its own scenario either, what happened with the head's is what to mend. */
export const orAsBefore = async <T>(before: GodynoError, start: () => Promise<T>): Promise<T> => {
  try {
    return await start();
  } catch (error) {
    throw isBasesStart(error) ? before : error;
  }
};
