/** Root-to-leaf call tree with a base and a head value per path: for paths of a difference and for flame graphs. */
import { groupByFunction } from './frame-groups.ts';
import { withoutAgent } from './filter.ts';
import { canonicalNames } from '../columns/names.ts';
import type { Profile } from '../columns/profile.ts';
import { isTruncated } from './truncated.ts';
import { valueColumn } from '../columns/value-types.ts';

/**
 * A tree in columns; node 0 is the root of all, a node stands behind its parent. Values include callees; what a node
 * spent itself is its value less its children's.
 */
export interface CallTree {
  readonly names: readonly string[];
  /** Index into `names` per node. */
  readonly name: Uint32Array;
  /** Parent node; of node 0 itself. */
  readonly parent: Uint32Array;
  readonly base: Float64Array;
  readonly head: Float64Array;
}

/** One side's profile with the factor that makes its values comparable, e.g. 1 / requests. */
export interface TreeSide {
  readonly profile: Profile;
  readonly scale: number;
  readonly valueType?: string;
  /** Name per function of the profile's table; canonical names when absent. */
  readonly names?: readonly string[];
}

/** Name of node 0, and of the frame put below it where a stack was cut at the profiler's depth limit. */
export const ROOT_NAME = 'root';
export const TRUNCATED_NAME = '[truncated]';

class TreeBuilder {
  readonly names: string[] = [];
  readonly nameIndex = new Map<string, number>();
  readonly name: number[] = [];
  readonly parent: number[] = [];
  readonly values: { readonly base: number[]; readonly head: number[] } = { base: [], head: [] };
  readonly children = new Map<number, number>();

  constructor() {
    this.node(0, this.addName(ROOT_NAME));
  }

  /** Its number; a new one where it has none. */
  addName(name: string): number {
    const known = this.nameIndex.get(name);
    if (known !== undefined) return known;
    this.nameIndex.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  /** A new node, without a cost. */
  node(parent: number, name: number): number {
    this.name.push(name);
    this.parent.push(parent);
    this.values.base.push(0);
    this.values.head.push(0);
    return this.name.length - 1;
  }

  /** The node of that name below `parent`, made where there is none. */
  child(parent: number, name: number): number {
    // Both fit 26 bits: no profile below 256 MB has more nodes or names.
    const key = parent * 67_108_864 + name;
    const known = this.children.get(key);
    if (known !== undefined) return known;
    const node = this.node(parent, name);
    this.children.set(key, node);
    return node;
  }

  add(source: TreeSide, side: 'base' | 'head'): void {
    const profile = withoutAgent(source.profile);
    const names = source.names ?? canonicalNames(profile);
    const groups = groupByFunction(profile, (index) => names[index] ?? '');
    const nameOfGroup = groups.keys.map((key) => this.addName(key));
    const truncated = this.addName(TRUNCATED_NAME);
    const isCut = isTruncated(profile);
    const column = valueColumn(profile, source.valueType);
    const values = this.values[side];
    const { stackStart, stack, count } = profile.samples;
    for (let sample = 0; sample < count; sample++) {
      const value = (column[sample] ?? 0) * source.scale;
      if (value === 0) continue;
      let node = 0;
      values[0] = (values[0] ?? 0) + value;
      if (isCut[sample] === 1) {
        node = this.child(0, truncated);
        values[node] = (values[node] ?? 0) + value;
      }
      for (let at = (stackStart[sample + 1] ?? 0) - 1; at >= (stackStart[sample] ?? 0); at--) {
        const location = stack[at] ?? 0;
        for (let g = (groups.start[location + 1] ?? 0) - 1; g >= (groups.start[location] ?? 0); g--) {
          node = this.child(node, nameOfGroup[groups.groups[g] ?? 0] ?? 0);
          values[node] = (values[node] ?? 0) + value;
        }
      }
    }
  }

  build(): CallTree {
    return {
      names: this.names,
      name: Uint32Array.from(this.name),
      parent: Uint32Array.from(this.parent),
      base: Float64Array.from(this.values.base),
      head: Float64Array.from(this.values.head),
    };
  }
}

/** The tree of both sides together; several launches of a side add up. The agent's samples are left out. */
export const callTree = (base: readonly TreeSide[], head: readonly TreeSide[]): CallTree => {
  const builder = new TreeBuilder();
  for (const side of base) builder.add(side, 'base');
  for (const side of head) builder.add(side, 'head');
  return builder.build();
};

/** Nodes of the tree per name; the root has none. */
export const nodesByName = ({ name, names }: CallTree): ReadonlyMap<string, readonly number[]> => {
  const nodes = new Map<string, number[]>();
  for (let node = 1; node < name.length; node++) {
    const text = names[name[node] ?? 0] ?? '';
    const known = nodes.get(text);
    if (known === undefined) nodes.set(text, [node]);
    else known.push(node);
  }
  return nodes;
};

/** Names from below the root down to `node`. */
export const pathTo = (tree: CallTree, node: number): readonly string[] => {
  const path: string[] = [];
  for (let at = node; at !== 0; at = tree.parent[at] ?? 0) path.push(tree.names[tree.name[at] ?? 0] ?? '');
  return path.toReversed();
};
