/** The way from the root to each counted function, where its calls do not tell (caused.ts): that of CPU samples. */
import type { BySide, FunctionComparison } from '../../model/index.ts';
import { isOwn } from '../functions/owners.ts';
import { type CallTree, callTree, canonicalNames, nodesByName, pathTo, type Profile } from '../../profile/index.ts';

export interface PathsInput {
  /** Counted, with the callers that samples know (withCallPaths). */
  readonly profiles: BySide<Profile>;
  readonly functions: readonly FunctionComparison[];
  readonly modulePath: string | null;
}

/** Of what a function's difference is, a path below changed code that carries at least this part is the one to show. */
const LEAST_CARRIED = 0.1;

/**
 * The node that carries the row's difference: below a function that the change touches where one carries a good part of
 * it, else the one that carries most; the costliest where none does. How instructions divide among paths is known from
 * samples only, so a path that the change explains is worth more than the largest difference.
 */
const carrying = (
  tree: CallTree,
  nodes: readonly number[],
  row: FunctionComparison,
  changed: ReadonlySet<string>,
): number | undefined => {
  const sign = row.deltaPerRequest < 0 ? -1 : 1;
  const delta = (node: number): number => ((tree.head[node] ?? 0) - (tree.base[node] ?? 0)) * sign;
  const cost = (node: number): number => Math.max(tree.head[node] ?? 0, tree.base[node] ?? 0);
  const largest = (some: readonly number[]): number | undefined =>
    some.toSorted((a, b) => delta(b) - delta(a) || cost(b) - cost(a))[0];
  const isBelowChanged = (node: number): boolean =>
    pathTo(tree, node)
      .slice(0, -1)
      .some((name) => changed.has(name));
  const explained = nodes.filter(
    (node) => delta(node) >= LEAST_CARRIED * Math.abs(row.deltaPerRequest) && isBelowChanged(node),
  );
  return largest(explained) ?? largest(nodes);
};

/** What the module has to do with a function that is not its own, by the nearest caller on the path that is. */
export const callerOf = (
  path: readonly string[],
  row: FunctionComparison,
  changed: ReadonlySet<string>,
  modulePath: string | null,
): Pick<FunctionComparison, 'caller' | 'nearChange'> => {
  const caller = path.slice(0, -1).findLast((each) => changed.has(each) || isOwn(each, modulePath));
  if (caller === undefined || row.changedInDiff) return {};
  return {
    ...(isOwn(row.function, modulePath) ? {} : { caller }),
    ...(changed.has(caller) ? { nearChange: 'calledFrom' as const } : {}),
  };
};

/** Rows with the path that carries their difference; rows that no sample met keep their own. */
export const withPaths = ({ profiles, functions, modulePath }: PathsInput): readonly FunctionComparison[] => {
  const source = (profile: Profile) => ({
    profile,
    scale: 1,
    valueType: 'instructions',
    // As the rows are named: closures keep the compiler's number.
    names: canonicalNames(profile, new Map()),
  });
  const tree = callTree([source(profiles.base)], [source(profiles.head)]);
  const nodes = nodesByName(tree);
  const changed = new Set(functions.flatMap((row) => (row.changedInDiff ? [row.function] : [])));
  return functions.map((row) => {
    // Counted calls say more than where samples happened to fall.
    if (row.callers !== undefined && row.path.length > 1) return row;
    const node = carrying(tree, nodes.get(row.function) ?? [], row, changed);
    if (node === undefined) return row;
    const path = pathTo(tree, node);
    return { ...row, path, ...callerOf(path, row, changed, modulePath) };
  });
};
