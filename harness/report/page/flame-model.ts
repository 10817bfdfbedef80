/** Arithmetic of the flame graph, without a screen: totals, layout, search, functions, callers and callees. */
import type { FlameData } from '../render/page-data.ts';

/** What the width of a frame means. */
export type View = 'difference' | 'base' | 'head' | 'vanished';

export interface FlameModel {
  readonly data: FlameData;
  readonly count: number;
  /** Including callees, per node. */
  readonly base: Float64Array;
  readonly head: Float64Array;
  readonly depth: Uint16Array;
  /** Children of node `i` are `childList[childStart[i] … childStart[i + 1]]`, by name. */
  readonly childStart: Uint32Array;
  readonly childList: Uint32Array;
  /** Largest |head − base| of a node; colours are relative to it. */
  readonly largestDelta: number;
}

/** Place of every name in alphabetical order. */
const ranksOf = (names: readonly string[]): Uint32Array => {
  const order = names.map((_, index) => index);
  order.sort((left, right) => ((names[left] ?? '') < (names[right] ?? '') ? -1 : 1));
  const ranks = new Uint32Array(names.length);
  order.forEach((name, rank) => {
    ranks[name] = rank;
  });
  return ranks;
};

/** Positions that sort `keys` (small whole numbers) without comparing: counting sort, stable. */
const sortedPositions = (keys: ArrayLike<number>, kinds: number): { positions: Uint32Array; start: Uint32Array } => {
  const start = new Uint32Array(kinds + 1);
  for (let i = 0; i < keys.length; i++) start[(keys[i] ?? 0) + 1] = (start[(keys[i] ?? 0) + 1] ?? 0) + 1;
  for (let kind = 0; kind < kinds; kind++) start[kind + 1] = (start[kind + 1] ?? 0) + (start[kind] ?? 0);
  const next = start.slice();
  const positions = new Uint32Array(keys.length);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] ?? 0;
    positions[next[key] ?? 0] = i;
    next[key] = (next[key] ?? 0) + 1;
  }
  return { positions, start };
};

/** Children of every node in alphabetical order: nodes by name, then by parent, both sorts stable. */
const childTable = (data: FlameData): Pick<FlameModel, 'childStart' | 'childList'> => {
  const ranks = ranksOf(data.names);
  const byName = sortedPositions(
    data.name.map((name) => ranks[name] ?? 0),
    data.names.length,
  ).positions.filter((node) => node !== 0);
  const parents = Uint32Array.from(byName, (node) => data.parent[node] ?? 0);
  const { positions, start } = sortedPositions(parents, data.parent.length);
  return { childStart: start, childList: Uint32Array.from(positions, (position) => byName[position] ?? 0) };
};

export const childrenOf = (model: FlameModel, node: number): Uint32Array =>
  model.childList.subarray(model.childStart[node], model.childStart[node + 1]);

/** Totals, depths and children of every node. 24,000 nodes take some 10 ms: it stands between readers and the graph. */
export const buildModel = (data: FlameData): FlameModel => {
  const count = data.parent.length;
  const base = Float64Array.from(data.base);
  const head = Float64Array.from(data.head);
  const depth = new Uint16Array(count);
  for (let node = 1; node < count; node++) depth[node] = (depth[data.parent[node] ?? 0] ?? 0) + 1;
  let largestDelta = 0;
  for (let node = count - 1; node > 0; node--) {
    const parent = data.parent[node] ?? 0;
    const [own, other] = [base[node] ?? 0, head[node] ?? 0];
    base[parent] = (base[parent] ?? 0) + own;
    head[parent] = (head[parent] ?? 0) + other;
    largestDelta = Math.max(largestDelta, Math.abs(other - own));
  }
  return { data, count, base, head, depth, ...childTable(data), largestDelta };
};

export const nameOf = (model: FlameModel, node: number): string =>
  node === 0 ? 'all' : (model.data.names[model.data.name[node] ?? 0] ?? '');

export const deltaOf = (model: FlameModel, node: number): number => (model.head[node] ?? 0) - (model.base[node] ?? 0);

/** Below a millionth of the whole, a side's value is rounding. */
const isNothing = (value: number, total: number): boolean => value <= total * 1e-6;

export const isNew = (model: FlameModel, node: number): boolean =>
  isNothing(model.base[node] ?? 0, model.base[0] ?? 0) && !isNothing(model.head[node] ?? 0, model.head[0] ?? 0);

export const isVanished = (model: FlameModel, node: number): boolean =>
  isNothing(model.head[node] ?? 0, model.head[0] ?? 0) && !isNothing(model.base[node] ?? 0, model.base[0] ?? 0);

/** What only the base had, per node, callees included: frames that head-wide graphs cannot show. */
const vanishedValues = (model: FlameModel): Float64Array => {
  const values = new Float64Array(model.count);
  for (let node = model.count - 1; node > 0; node--) {
    if (isVanished(model, node)) values[node] = model.base[node] ?? 0;
    const parent = model.data.parent[node] ?? 0;
    if (!isVanished(model, parent)) values[parent] = (values[parent] ?? 0) + (values[node] ?? 0);
  }
  return values;
};

export const widthsFor = (model: FlameModel, view: View): Float64Array => {
  if (view === 'base') return model.base;
  return view === 'vanished' ? vanishedValues(model) : model.head;
};

/** Left edge and width of every node, as shares of the drawing; width 0: not in this drawing. */
export interface Layout {
  readonly focus: number;
  readonly left: Float64Array;
  readonly width: Float64Array;
  /** Rows of the drawing, ancestors of the focus included. */
  readonly rows: number;
}

/** `focus` fills the width; its ancestors stay above it at full width. */
export const layOut = (model: FlameModel, widths: Float64Array, focus: number): Layout => {
  const left = new Float64Array(model.count);
  const width = new Float64Array(model.count);
  const whole = widths[focus] ?? 0;
  let rows = (model.depth[focus] ?? 0) + 1;
  for (let node = focus; node > 0; node = model.data.parent[node] ?? 0) width[node] = 1;
  width[0] = 1;
  if (whole <= 0) return { focus, left, width, rows };
  const open = [focus];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    let at = left[node] ?? 0;
    for (const child of childrenOf(model, node)) {
      const share = (widths[child] ?? 0) / whole;
      if (share <= 0) continue;
      left[child] = at;
      width[child] = share;
      at += share;
      rows = Math.max(rows, (model.depth[child] ?? 0) + 1);
      open.push(child);
    }
  }
  return { focus, left, width, rows };
};

export interface SearchHits {
  /** 1 for every node whose name fits. */
  readonly marks: Uint8Array;
  readonly functions: number;
  /** Shares of the sides below the topmost fits, each stack counted once. */
  readonly baseShare: number;
  readonly headShare: number;
}

/** Frames whose name contains `text`, in any case. An empty text finds nothing. */
export const search = (model: FlameModel, text: string): SearchHits => {
  const wanted = text.trim().toLowerCase();
  const marks = new Uint8Array(model.count);
  if (wanted === '') return { marks, functions: 0, baseShare: 0, headShare: 0 };
  const fits = Uint8Array.from(model.data.names, (name) => (name.toLowerCase().includes(wanted) ? 1 : 0));
  const below = new Uint8Array(model.count);
  const seen = new Set<number>();
  let base = 0;
  let head = 0;
  for (let node = 1; node < model.count; node++) {
    const parent = model.data.parent[node] ?? 0;
    const name = model.data.name[node] ?? 0;
    const isFit = fits[name] === 1;
    if (isFit) {
      marks[node] = 1;
      seen.add(name);
    }
    const isBelow = below[parent] === 1;
    if (isFit && !isBelow) {
      base += model.base[node] ?? 0;
      head += model.head[node] ?? 0;
    }
    below[node] = isFit || isBelow ? 1 : 0;
  }
  const share = (value: number, total: number | undefined): number => (total ? value / total : 0);
  return {
    marks,
    functions: seen.size,
    baseShare: share(base, model.base[0]),
    headShare: share(head, model.head[0]),
  };
};

/** One function over the whole tree: own cost with the runtime's work for it, recursion counted once when cumulative. */
export interface FrameTotals {
  readonly name: number;
  baseSelf: number;
  headSelf: number;
  baseCum: number;
  headCum: number;
}

export const functionTotals = (model: FlameModel): readonly FrameTotals[] => {
  const totals = new Map<number, FrameTotals>();
  const { data } = model;
  for (let node = 1; node < model.count; node++) {
    const name = data.name[node] ?? 0;
    let row = totals.get(name);
    if (row === undefined) {
      row = { name, baseSelf: 0, headSelf: 0, baseCum: 0, headCum: 0 };
      totals.set(name, row);
    }
    if (isWithinItself(model, node)) continue;
    row.baseCum += model.base[node] ?? 0;
    row.headCum += model.head[node] ?? 0;
  }
  const charged = new Set(data.charged);
  for (let node = 1; node < model.count; node++) {
    const payer = totals.get(data.name[payerOf(model, node, charged)] ?? 0);
    if (payer === undefined) continue;
    payer.baseSelf += data.base[node] ?? 0;
    payer.headSelf += data.head[node] ?? 0;
  }
  return [...totals.values()];
};

/** The nearest caller whose own cost it is, as in the report; the node itself where all above it is charged on, too. */
const payerOf = ({ data }: FlameModel, node: number, charged: ReadonlySet<number>): number => {
  let at = node;
  while (at > 0 && charged.has(data.name[at] ?? 0)) at = data.parent[at] ?? 0;
  return at > 0 ? at : node;
};

const isWithinItself = (model: FlameModel, node: number): boolean => {
  const name = model.data.name[node] ?? 0;
  for (let at = model.data.parent[node] ?? 0; at > 0; at = model.data.parent[at] ?? 0)
    if (model.data.name[at] === name) return true;
  return false;
};

export interface Neighbour {
  readonly name: number;
  base: number;
  head: number;
}

const collect = (
  model: FlameModel,
  name: number,
  visit: (node: number, add: (neighbour: number, through: number) => void) => void,
): readonly Neighbour[] => {
  const found = new Map<number, Neighbour>();
  const add = (neighbour: number, through: number): void => {
    let row = found.get(neighbour);
    if (row === undefined) {
      row = { name: neighbour, base: 0, head: 0 };
      found.set(neighbour, row);
    }
    row.base += model.base[through] ?? 0;
    row.head += model.head[through] ?? 0;
  };
  for (let node = 1; node < model.count; node++) if (model.data.name[node] === name) visit(node, add);
  return [...found.values()].toSorted(
    (left, right) => Math.abs(right.head - right.base) - Math.abs(left.head - left.base) || right.head - left.head,
  );
};

/** Who calls `name`, with the cost of the calls; largest change first. Calls of itself are left out. */
export const callersOf = (model: FlameModel, name: number): readonly Neighbour[] =>
  collect(model, name, (node, add) => {
    const caller = model.data.name[model.data.parent[node] ?? 0] ?? 0;
    if (caller !== name && !isWithinItself(model, node)) add(caller, node);
  });

/** Whom `name` calls, with the cost of the calls; largest change first. */
export const calleesOf = (model: FlameModel, name: number): readonly Neighbour[] =>
  collect(model, name, (node, add) => {
    for (const child of childrenOf(model, node)) {
      const callee = model.data.name[child] ?? 0;
      if (callee !== name) add(callee, child);
    }
  });

/** The node of `name` that changed most, else costs most: where the graph goes when a function is chosen. */
export const mainNode = (model: FlameModel, name: number): number => {
  let best = 0;
  let most = -1;
  for (let node = 1; node < model.count; node++) {
    if (model.data.name[node] !== name) continue;
    const weight = Math.abs(deltaOf(model, node)) * 1e3 + Math.max(model.head[node] ?? 0, model.base[node] ?? 0);
    if (weight > most) [best, most] = [node, weight];
  }
  return best;
};

/** From the root's child to `node`. */
export const ancestry = (model: FlameModel, node: number): readonly number[] => {
  const path: number[] = [];
  for (let at = node; at > 0; at = model.data.parent[at] ?? 0) path.push(at);
  return path.toReversed();
};
