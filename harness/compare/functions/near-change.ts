/** How a function that the change does not touch is connected with it: by what it calls, or by who calls it. */
import type { FunctionComparison } from '../../model/index.ts';
import { isOwn } from './owners.ts';
import { calleesOf, type Paths } from './paths.ts';

type NearChange = NonNullable<FunctionComparison['nearChange']>;

/** `path`: root to function. Undefined for a function of the change itself and for one that has nothing to do with it. */
export const nearChangeOf = (
  name: string,
  path: readonly string[],
  changed: ReadonlySet<string>,
  paths: Paths,
  modulePath: string | null,
): NearChange | undefined => {
  if (changed.size === 0 || changed.has(name)) return undefined;
  const caller = path.slice(0, -1).findLast((each) => changed.has(each) || isOwn(each, modulePath));
  if (caller !== undefined && changed.has(caller)) return 'calledFrom';
  return [...calleesOf(paths, name)].some((callee) => changed.has(callee)) ? 'calls' : undefined;
};
