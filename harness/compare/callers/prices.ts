/** What a call of each function executes with all that it calls, from a side's call graph. */
import { type CallGraph, calleesFirst, type GraphNode, workOf } from './call-graph.ts';

/** Recursion that branches 25 times for each call from outside takes 500 rounds; what has no end is not understood. */
export const MOST_ROUNDS = 20_000;
/** What moves less than this is at rest. */
export const EXACT_RATIO = 1e-7;

export type Prices = ReadonlyMap<string, number>;

/** Never entered while counting, and at work all the same: a loop that was begun before. */
export const isLoop = ({ entries, parts }: GraphNode): boolean => entries <= 0 && parts.size > 0;

interface PricedNode {
  readonly own: number;
  /** Of itself. */
  readonly again: number;
  /** Row of each callee, and calls of it per entry. */
  readonly callees: Uint32Array;
  readonly calls: Float64Array;
}

const rowsOf = (graph: CallGraph, order: readonly string[], loops: ReadonlySet<string>): readonly PricedNode[] => {
  const places = new Map(order.map((name, place) => [name, place]));
  return order.map((name) => {
    const node = graph.get(name);
    const entries = node === undefined || loops.has(name) ? 1 : node.entries;
    const { own, calls } = node === undefined ? { own: 0, calls: new Map<string, number>() } : workOf(node);
    const called = [...calls].filter(([callee]) => callee !== name && !loops.has(callee));
    return {
      own: own / entries,
      again: loops.has(name) ? 0 : (calls.get(name) ?? 0) / entries,
      callees: Uint32Array.from(called, ([callee]) => places.get(callee) ?? 0),
      calls: Float64Array.from(called, ([, times]) => times / entries),
    };
  });
};

/**
 * Instructions of one call, an average over all callers: own instructions and those of what it calls, at their own price.
 * Loops have the price of a request and are nobody's callees. Null where that has no end.
 */
export const pricesIn = (graph: CallGraph, loops: ReadonlySet<string>): Prices | null => {
  const order = calleesFirst(graph);
  const rows = rowsOf(graph, order, loops);
  const prices = new Float64Array(rows.length);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let moved = 0;
    rows.forEach(({ own, again, callees, calls }, place) => {
      let price = own;
      for (let i = 0; i < callees.length; i++) price += (calls[i] ?? 0) * (prices[callees[i] ?? 0] ?? 0);
      price /= 1 - again;
      if (Math.abs(price - (prices[place] ?? 0)) > EXACT_RATIO * Math.abs(price)) moved++;
      prices[place] = price;
    });
    if (prices.some((price) => !(price >= 0 && price < Infinity))) return null;
    if (moved === 0) return new Map(order.map((name, place) => [name, prices[place] ?? 0]));
  }
  return null;
};
