/** A profile's stacks as a tree, root first, under canonical names: what flame graphs and stack exports are drawn from. */
import { canonicalNames, outerLines, type Profile, sampleLabels, valueColumn } from '../../profile/index.ts';

/** Nodes in order of creation, parents before children; node 0 is the root. Columns share the node's index. */
export interface StackTree {
  readonly names: readonly string[];
  readonly parent: readonly number[];
  /** Index into `names`. */
  readonly name: readonly number[];
  /** Per side: value of stacks that end here. */
  readonly self: readonly (readonly number[])[];
}

export interface StackSource {
  readonly profile: Profile;
  /** Sample type; pprof's default when absent. */
  readonly valueType?: string;
  /** Multiplies every value, e.g. 1 / requests. */
  readonly scale: number;
  /** The label of samples that says what they were spent on: a leaf of its own, in parentheses. */
  readonly reason?: string;
}

interface Growing {
  readonly nameIds: Map<string, number>;
  readonly names: string[];
  readonly parent: number[];
  readonly name: number[];
  readonly self: number[][];
  /** parent × 2^21 + name → node; 2^21 names and 2^32 nodes fit a double. */
  readonly children: Map<number, number>;
}

const MOST_NAMES = 2 ** 21;

/** Its number; a new one where it has none. */
const addName = (tree: Growing, name: string): number => {
  const known = tree.nameIds.get(name);
  if (known !== undefined) return known;
  tree.nameIds.set(name, tree.names.length);
  return tree.names.push(name) - 1;
};

/** The node of that name below `parent`, made where there is none. */
const addChild = (tree: Growing, parent: number, name: number): number => {
  const key = parent * MOST_NAMES + name;
  const known = tree.children.get(key);
  if (known !== undefined) return known;
  const node = tree.parent.push(parent) - 1;
  tree.name.push(name);
  for (const side of tree.self) side.push(0);
  tree.children.set(key, node);
  return node;
};

/** Names of every location's frames, outermost first, as ids of the tree. */
const locationFrames = (tree: Growing, profile: Profile, lines: ReadonlyMap<string, number>): readonly number[][] => {
  const { locations } = profile;
  const names = canonicalNames(profile, lines).map((name) => addName(tree, name === '' ? '<unknown>' : name));
  return Array.from({ length: locations.count }, (_, location) => {
    const first = locations.lineStart[location] ?? 0;
    const end = locations.lineStart[location + 1] ?? 0;
    if (first === end) return [addName(tree, '<unknown>')];
    const frames: number[] = [];
    for (let line = end - 1; line >= first; line--) frames.push(names[locations.lineFunction[line] ?? 0] ?? 0);
    return frames;
  });
};

const addProfile = (tree: Growing, side: number, source: StackSource, lines: ReadonlyMap<string, number>): void => {
  const { profile } = source;
  const frames = locationFrames(tree, profile, lines);
  const values = valueColumn(profile, source.valueType);
  const reasons = source.reason === undefined ? [] : sampleLabels(profile, source.reason);
  const { samples } = profile;
  for (let sample = 0; sample < samples.count; sample++) {
    const value = values[sample] ?? 0;
    if (value === 0) continue;
    let node = 0;
    const first = samples.stackStart[sample] ?? 0;
    for (let at = (samples.stackStart[sample + 1] ?? 0) - 1; at >= first; at--)
      for (const frame of frames[samples.stack[at] ?? 0] ?? []) node = addChild(tree, node, frame);
    const reason = reasons[sample] ?? '';
    if (reason !== '') node = addChild(tree, node, addName(tree, `(${reason})`));
    const own = tree.self[side];
    if (own) own[node] = (own[node] ?? 0) + value * source.scale;
  }
};

/** One tree over all `sources`, each a side of its own; closures are named by the lines of all of them. */
export const stackTree = (sources: readonly StackSource[]): StackTree => {
  const tree: Growing = {
    nameIds: new Map([['root', 0]]),
    names: ['root'],
    parent: [-1],
    name: [0],
    self: sources.map(() => [0]),
    children: new Map(),
  };
  const lines = outerLines(sources.map((source) => source.profile));
  sources.forEach((source, side) => addProfile(tree, side, source, lines));
  return tree;
};

/** Name ids from the root's child down to `node`. */
export const pathTo = (tree: StackTree, node: number): readonly number[] => {
  const path: number[] = [];
  for (let at = node; at > 0; at = tree.parent[at] ?? 0) path.push(tree.name[at] ?? 0);
  return path.toReversed();
};
