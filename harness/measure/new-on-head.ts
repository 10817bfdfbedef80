/** A service that the change adds: base has nothing to build, so there is nothing to compare with yet. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { UsageError } from '../errors.ts';
import { type BySide, type NewOnHead, type Scenario, targetOf } from '../model/index.ts';
import { type Rehearsal, type SideTree } from '../run/index.ts';
import { formatDuration, formatQuantity } from '../units/index.ts';

const hasGoFiles = (folder: string): boolean =>
  existsSync(folder) && readdirSync(folder).some((name) => name.endsWith('.go') && !name.endsWith('_test.go'));

/** Whether a go.mod lies in the folder, or above it within the source. */
const isInModule = (folder: string, root: string): boolean => {
  if (existsSync(join(folder, 'go.mod'))) return true;
  return folder !== root && folder.startsWith(root) && isInModule(dirname(folder), root);
};

/** Of what a service needs, the first that the tree does not have; null: it has all that can be seen. */
const lacks = ({ rootDir, moduleDir }: SideTree, packagePath: string): string | null => {
  if (!existsSync(moduleDir)) return `no folder ${relative(rootDir, moduleDir)}`;
  if (!isInModule(moduleDir, rootDir)) return 'no go.mod there';
  // An import path is for go to find.
  if (!packagePath.startsWith('.')) return null;
  return hasGoFiles(join(moduleDir, packagePath)) ? null : `no package ${packagePath}`;
};

/** Of the go.mod in the folder, or above it within the source; null: there is none. */
const moduleNameOf = (folder: string, root: string): string | null => {
  const goMod = join(folder, 'go.mod');
  if (existsSync(goMod)) return /^\s*module\s+"?([^\s"]+)/m.exec(readFileSync(goMod, 'utf8'))?.[1] ?? null;
  return folder !== root && folder.startsWith(root) ? moduleNameOf(dirname(folder), root) : null;
};

/** A folder of another project has not got the service either, and was named by mistake. Throws `BASE_IS_ANOTHER`. */
const refuseOtherProject = ({ base, head }: BySide<SideTree>): void => {
  if (base.revision.kind !== 'folder') return;
  const onBase = moduleNameOf(base.moduleDir, base.rootDir);
  const onHead = moduleNameOf(head.moduleDir, head.rootDir);
  if (onBase === onHead || onBase === null || onHead === null) return;
  throw new UsageError(
    'BASE_IS_ANOTHER',
    `The base folder ${base.rootDir} is the Go module ${onBase}; head is ${onHead}`,
    'Check the path after --base.',
  );
};

/** Why base cannot have this service while head has it; null: it may. Throws `BASE_IS_ANOTHER`. */
export const whyNewOnHead = (trees: BySide<SideTree>, { target }: Scenario): string | null => {
  const onBase = lacks(trees.base, targetOf(target, 'base').package);
  if (onBase === null || lacks(trees.head, targetOf(target, 'head').package) !== null) return null;
  refuseOtherProject(trees);
  return `base has ${onBase}`;
};

/** Head's own figures, as far as one look gives them. */
export const asNewOnHead = (
  scenario: Scenario,
  reason: string,
  { binary, startSeconds, tried }: Rehearsal,
): NewOnHead => ({
  scenario: scenario.name,
  reason,
  figures: [
    `built to ${formatQuantity(binary.bytes, 'B')} and ready in ${formatDuration(startSeconds)}`,
    ...tried.map(({ request, isOk, status, bytes, ms }) =>
      status === null
        ? `${request.name} had no answer`
        : `${request.name} answered ${status}${isOk ? '' : ', which is not expected,'} with ${formatQuantity(bytes ?? 0, 'B')} in ${formatDuration(ms / 1000)}`,
    ),
  ],
});
