/** A service that the change adds: base has nothing to build, so there is nothing to compare with yet. */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
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

/** Why base cannot have this service while head has it; null: it may. */
export const whyNewOnHead = (trees: BySide<SideTree>, { target }: Scenario): string | null => {
  const onBase = lacks(trees.base, targetOf(target, 'base').package);
  return onBase === null || lacks(trees.head, targetOf(target, 'head').package) !== null ? null : `base has ${onBase}`;
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
