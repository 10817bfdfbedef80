/** Call paths of a kind's profiles: who calls whom, and the path from the root along which a difference runs. */
import { profileKind } from '../../metrics/index.ts';
import { type CallTree, callTree, nodesByName, pathTo } from '../../profile/index.ts';
import type { ProfiledTotals } from './costs.ts';
import type { NamesOf } from './names.ts';

export interface Paths {
  readonly tree: CallTree;
  /** Nodes of the tree per name. */
  readonly nodes: ReadonlyMap<string, readonly number[]>;
  /** Nodes below each node that has some. */
  readonly children: ReadonlyMap<number, readonly number[]>;
}

const childrenIn = ({ parent }: CallTree): ReadonlyMap<number, readonly number[]> => {
  const children = new Map<number, number[]>();
  for (let node = 1; node < parent.length; node++) {
    const of = parent[node] ?? 0;
    const known = children.get(of);
    if (known === undefined) children.set(of, [node]);
    else known.push(node);
  }
  return children;
};

/** Both sides' call trees as one, in cost per request. */
export const buildPaths = (kind: ProfiledTotals, names: NamesOf): Paths => {
  const valueType = profileKind(kind.profile).valueType;
  const sidesOf = (side: 'base' | 'head') =>
    kind.sources[side].map(({ profile, factor }) => ({
      profile,
      scale: factor,
      valueType,
      names: names[side](profile),
    }));
  const tree = callTree(sidesOf('base'), sidesOf('head'));
  return { tree, nodes: nodesByName(tree), children: childrenIn(tree) };
};

/**
 * The path to the node of `name` that carries most of its change (`sign` 1: grew, −1: shrank); where none does, to the
 * one that costs most. Empty for a function outside all stacks.
 */
export const pathAlongDelta = ({ tree, nodes }: Paths, name: string, sign: 1 | -1): readonly string[] => {
  const delta = (node: number): number => ((tree.head[node] ?? 0) - (tree.base[node] ?? 0)) * sign;
  const cost = (node: number): number => Math.max(tree.head[node] ?? 0, tree.base[node] ?? 0);
  let best = -1;
  for (const node of nodes.get(name) ?? []) {
    if (best < 0 || delta(node) > delta(best) || (delta(node) === delta(best) && cost(node) > cost(best))) best = node;
  }
  return best < 0 ? [] : pathTo(tree, best);
};

/** Names of the direct callers of `name`, on either side. */
export const callersOf = ({ tree, nodes }: Paths, name: string): ReadonlySet<string> => {
  const callers = new Set<string>();
  for (const node of nodes.get(name) ?? []) {
    const parent = tree.parent[node] ?? 0;
    if (parent !== 0) callers.add(tree.names[tree.name[parent] ?? 0] ?? '');
  }
  callers.delete(name);
  return callers;
};

/** Names of the direct callees of `name`, on either side. */
export const calleesOf = ({ tree, nodes, children }: Paths, name: string): ReadonlySet<string> => {
  const callees = new Set<string>();
  for (const node of nodes.get(name) ?? []) {
    for (const child of children.get(node) ?? []) callees.add(tree.names[tree.name[child] ?? 0] ?? '');
  }
  callees.delete(name);
  return callees;
};
