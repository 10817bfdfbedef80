/** The way from the root to each counted function. Counts know no callers: the paths are those of CPU samples. */
import type { BySide, FunctionComparison } from '../model/index.ts';
import { type CallTree, callTree, canonicalNames, pathTo, type Profile } from '../profile/index.ts';

export interface PathsInput {
  /** Counted, with the callers that samples know (withCallPaths). */
  readonly profiles: BySide<Profile>;
  readonly functions: readonly FunctionComparison[];
}

/** The costliest node of each name. */
const costliest = (tree: CallTree): ReadonlyMap<string, number> => {
  const cost = (node: number): number => (tree.base[node] ?? 0) + (tree.head[node] ?? 0);
  const nodes = new Map<string, number>();
  for (let node = 1; node < tree.name.length; node++) {
    const name = tree.names[tree.name[node] ?? 0] ?? '';
    const known = nodes.get(name);
    if (known === undefined || cost(node) > cost(known)) nodes.set(name, node);
  }
  return nodes;
};

/** Rows with the path that carries most of their instructions; rows that no sample met keep their own. */
export const withPaths = ({ profiles, functions }: PathsInput): readonly FunctionComparison[] => {
  const source = (profile: Profile) => ({
    profile,
    scale: 1,
    valueType: 'instructions',
    // As the rows are named: closures keep the compiler's number.
    names: canonicalNames(profile, new Map()),
  });
  const tree = callTree([source(profiles.base)], [source(profiles.head)]);
  const nodes = costliest(tree);
  return functions.map((row) => {
    const node = nodes.get(row.function);
    return node === undefined ? row : { ...row, path: pathTo(tree, node) };
  });
};
