/**
 * Which function made a request execute more, by the calls that were counted. Every function's own difference is handed on
 * to those of its callers that call it more or less often than before, in proportion, and from there on upwards, until it
 * meets a suspect: a function that the change touches, or one of a module of another version. A suspect keeps what it did
 * not hand on itself, namely what it costs to be called more often, which is its caller's doing.
 *
 * Nothing is guessed. What the same calls execute more stays where it is executed, since calls do not say who gave them
 * more to do; so does what is far more than the calls that came could execute. Nothing is counted twice: what all suspects
 * hold and what stays elsewhere is the whole difference.
 */
import type { BySide, CountedCalls } from '../../model/index.ts';
import { sum } from '../../stats/index.ts';
import { type CallGraph, calleesFirst } from './call-graph.ts';
import { EXACT_RATIO, isLoop, MOST_ROUNDS, type Prices, pricesIn } from './prices.ts';

/** What a suspect has to do with the difference. */
export interface Cause {
  /** Instructions per request that it added or saved, itself and by its calls. */
  readonly delta: number;
  /** What it executed on base with all that it calls; null where it was inlined wherever it ran. */
  readonly base: number | null;
  /** What it calls more or less often, most instructions first. */
  readonly callees: readonly CountedCalls[];
}

export interface CausesInput {
  readonly base: CallGraph;
  readonly head: CallGraph;
  /** What the change touches, by name. */
  readonly isSuspect: (name: string) => boolean;
}

/** A number of calls differs from this part of it on, and by this many in a request: counts repeat. */
const CALLS_DIFFER_RATIO = 0.0005;
const CALLS_DIFFER = 0.005;
/** Calls that came or went may each execute this many times the average of their function to be the explanation. */
const MOST_TIMES_AVERAGE = 5;
/** Where some call it more and others less, what is left of both says little from here on. */
const MOST_AGAINST = 3;

export const differs = (base: number, head: number): boolean =>
  Math.abs(head - base) >= Math.max(CALLS_DIFFER, CALLS_DIFFER_RATIO * Math.max(base, head));

/** A function's calls of another one. */
export interface Incoming {
  readonly from: string;
  readonly suspect: string;
  base: number;
  head: number;
}

/** Who calls each function, and how often on each side. */
export const incomingCalls = (base: CallGraph, head: CallGraph): ReadonlyMap<string, readonly Incoming[]> => {
  const found = new Map<string, Map<string, Incoming>>();
  for (const side of ['base', 'head'] as const) {
    for (const [from, { parts }] of side === 'base' ? base : head) {
      for (const [suspect, { calls }] of parts) {
        for (const [callee, times] of calls) {
          const into = found.get(callee) ?? new Map<string, Incoming>();
          found.set(callee, into);
          const key = `${from}\0${suspect}`;
          const known = into.get(key) ?? { from, suspect, base: 0, head: 0 };
          into.set(key, known);
          known[side] += times;
        }
      }
    }
  }
  return new Map([...found].map(([callee, into]) => [callee, [...into.values()]]));
};

interface Graphs extends CausesInput {
  readonly loops: ReadonlySet<string>;
  /** Of a call, on each side. */
  readonly prices: BySide<Prices>;
}

interface Receiver {
  readonly call: Incoming;
  /** Of what is handed on; all together are one. */
  readonly weight: number;
}

interface Handing {
  /** None: the calls do not say to whom. */
  readonly to: readonly Receiver[];
  /** Calls per request that came, or went. */
  readonly calls: number;
}

const NOBODY: Handing = { to: [], calls: 0 };

const handingOf = (incoming: readonly Incoming[], name: string): Handing => {
  const changed = incoming.filter(({ from, base, head }) => from !== name && differs(base, head));
  const calls = sum(changed.map(({ base, head }) => head - base));
  const all = sum(changed.map(({ base, head }) => Math.abs(head - base)));
  if (all === 0 || all > MOST_AGAINST * Math.abs(calls)) return NOBODY;
  return { to: changed.map((call) => ({ call, weight: (call.head - call.base) / calls })), calls };
};

/** Own instructions of head less those of base, by function and whom they are put down to. */
const ownDifferences = ({ base, head }: CausesInput): ReadonlyMap<string, ReadonlyMap<string, number>> => {
  const found = new Map<string, Map<string, number>>();
  for (const [sign, graph] of [[-1, base] as const, [1, head] as const]) {
    for (const [name, { parts }] of graph) {
      const own = found.get(name) ?? new Map<string, number>();
      found.set(name, own);
      for (const [suspect, part] of parts) own.set(suspect, (own.get(suspect) ?? 0) + sign * part.own);
    }
  }
  return found;
};

/** What a suspect hands on: what the calls that came would have executed before. One that is new or gone keeps all. */
const handedOfSuspect = ({ base, head, prices }: Graphs, name: string, { calls }: Handing): number =>
  base.has(name) && head.has(name) ? calls * (prices.base.get(name) ?? 0) : 0;

interface Flow {
  /** Of functions that are no suspects: their own difference, with what reaches them. */
  readonly amounts: ReadonlyMap<string, number>;
  readonly handings: ReadonlyMap<string, Handing>;
}

/** Null where it has no end. */
const flowOf = (graphs: Graphs, handings: ReadonlyMap<string, Handing>): ReadonlyMap<string, number> | null => {
  const { base, head, isSuspect } = graphs;
  const names = calleesFirst(base, head).filter((name) => !isSuspect(name));
  const own = ownDifferences(graphs);
  const start = new Map(names.map((name) => [name, own.get(name)?.get(name) ?? 0]));
  const into = new Map<string, { readonly from: string; readonly weight: number }[]>();
  for (const [callee, handing] of handings) {
    for (const { call, weight } of handing.to) {
      if (isSuspect(call.suspect)) continue;
      if (isSuspect(callee))
        start.set(call.from, (start.get(call.from) ?? 0) + weight * handedOfSuspect(graphs, callee, handing));
      else into.set(call.from, [...(into.get(call.from) ?? []), { from: callee, weight }]);
    }
  }
  const amounts = new Map(start);
  // Recursion hands on in circles, a little less each time.
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let moved = 0;
    for (const name of names) {
      const received = (into.get(name) ?? []).map(({ from, weight }) => weight * (amounts.get(from) ?? 0));
      const amount = (start.get(name) ?? 0) + sum(received);
      if (Math.abs(amount - (amounts.get(name) ?? 0)) > EXACT_RATIO * Math.abs(amount)) moved++;
      amounts.set(name, amount);
    }
    if (moved === 0) return amounts;
  }
  return null;
};

/** More than the calls that came or went could execute, even if each were far above the average. */
const isTooMuch = ({ prices }: Graphs, name: string, amount: number, { calls }: Handing): boolean => {
  const price = Math.max(prices.base.get(name) ?? 0, prices.head.get(name) ?? 0);
  return Math.abs(amount) > MOST_TIMES_AVERAGE * Math.abs(calls) * price;
};

/** With functions that must not hand on taken out, until all that is handed on is plausible. */
const plausibleFlow = (graphs: Graphs): Flow | null => {
  const handings = new Map(
    [...incomingCalls(graphs.base, graphs.head)].flatMap(([name, calls]) => {
      const handing = graphs.loops.has(name) ? NOBODY : handingOf(calls, name);
      return handing.to.length > 0 ? [[name, handing] as const] : [];
    }),
  );
  for (;;) {
    const amounts = flowOf(graphs, handings);
    if (amounts === null) return null;
    const wrong = [...handings].filter(
      ([name, handing]) => !graphs.isSuspect(name) && isTooMuch(graphs, name, amounts.get(name) ?? 0, handing),
    );
    if (wrong.length === 0) return { amounts, handings };
    for (const [name] of wrong) handings.delete(name);
  }
};

/** Sums by suspect, and beside each the callees that they come from. */
class Account {
  readonly sums = new Map<string, number>();
  readonly terms = new Map<string, Map<string, number>>();

  add(name: string, value: number): void {
    this.sums.set(name, (this.sums.get(name) ?? 0) + value);
  }

  addCall(name: string, callee: string, value: number): void {
    this.add(name, value);
    const terms = this.terms.get(name) ?? new Map<string, number>();
    this.terms.set(name, terms);
    terms.set(callee, (terms.get(callee) ?? 0) + value);
  }
}

const accountOf = (graphs: Graphs, { amounts, handings }: Flow): Account => {
  const { isSuspect } = graphs;
  const account = new Account();
  for (const own of ownDifferences(graphs).values())
    for (const [suspect, difference] of own) if (isSuspect(suspect)) account.add(suspect, difference);
  for (const [callee, handing] of handings) {
    const handed = isSuspect(callee) ? handedOfSuspect(graphs, callee, handing) : (amounts.get(callee) ?? 0);
    if (isSuspect(callee)) account.add(callee, -handed);
    for (const { call, weight } of handing.to)
      if (isSuspect(call.suspect)) account.addCall(call.suspect, callee, weight * handed);
  }
  return account;
};

const callsOf = (graph: CallGraph, suspect: string, callee: string): number =>
  sum([...graph.values()].map(({ parts }) => parts.get(suspect)?.calls.get(callee) ?? 0));

const calleesOf = (
  { base: before, head: after }: CausesInput,
  suspect: string,
  terms: ReadonlyMap<string, number>,
): readonly CountedCalls[] =>
  [...terms]
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name]) => ({
      name,
      base: callsOf(before, suspect, name),
      head: callsOf(after, suspect, name),
    }))
    .filter(({ base, head }) => differs(base, head))
    .map((calls) => ({ ...calls, isChanged: true }));

const loopsIn = (...graphs: readonly CallGraph[]): ReadonlySet<string> =>
  new Set(graphs.flatMap((graph) => [...graph].filter(([, node]) => isLoop(node)).map(([name]) => name)));

/** Suspects by what they caused; null where the calls make no sense. */
export const findCauses = (input: CausesInput): ReadonlyMap<string, Cause> | null => {
  const { base, head } = input;
  const loops = loopsIn(base, head);
  const [before, after] = [pricesIn(base, loops), pricesIn(head, loops)];
  if (before === null || after === null) return null;
  const graphs = { ...input, loops, prices: { base: before, head: after } };
  const flow = plausibleFlow(graphs);
  if (flow === null) return null;
  const { sums, terms } = accountOf(graphs, flow);
  return new Map(
    [...sums].map(([name, delta]) => {
      const entries = base.get(name)?.entries;
      const cost = entries === undefined ? null : entries * (before.get(name) ?? 0);
      return [name, { delta, base: cost, callees: calleesOf(input, name, terms.get(name) ?? new Map()) }] as const;
    }),
  );
};
