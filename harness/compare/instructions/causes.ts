/**
 * Which function made a request execute more, by the calls that were counted. What all executed is the sum over functions
 * of entries × (own instructions per entry + calls per entry × what such a call executes), so its difference falls apart
 * exactly: a function is the cause of what it executes more per entry itself, and of each call that it makes more per
 * entry. Called more often, it causes nothing: its caller does.
 *
 * Functions that neither the change nor a new version of their module touches do what they are given. What they execute
 * more per entry is handed on to their callers, but only where the number of calls says to whom: to those that call more or
 * less often than before. The rest is put down to nobody.
 */
import type { CountedCalls } from '../../model/index.ts';
import { sum } from '../../stats/index.ts';
import type { CallGraph, GraphNode, Part } from './call-graph.ts';
import { isLoop, type Prices, pricesIn } from './prices.ts';

/** A function whose callers and own behaviour explain a part of the difference. */
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

/** A number of calls differs from this part of it on, and this many in a request. */
const CALLS_DIFFER_RATIO = 0.005;
const CALLS_DIFFER = 0.005;
/**
 * Calls that came or went may each execute this many times the average of their function before they stop being the
 * explanation of what the others execute more.
 */
const MOST_TIMES_AVERAGE = 5;
/** Through recursion it goes round and round, a little less each time. */
const MOST_STEPS = 1000;
/** Of all that is handed on; what is less goes no further. */
const LEAST_HANDED_ON = 1e-4;

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

const NO_PART: Part = { own: 0, calls: new Map() };

/** Sums by name, and beside each the calls that they come from. */
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

interface Graphs extends CausesInput {
  readonly loops: ReadonlySet<string>;
  /** Of a call on head; of what head does not have, by base's behaviour. */
  readonly prices: Prices;
}

const entriesOf = ({ loops }: Graphs, name: string, node: GraphNode): number => (loops.has(name) ? 1 : node.entries);

const isOneSided = ({ base, head }: CausesInput, name: string): boolean => !base.has(name) || !head.has(name);

/** What `part` of a function that both sides have does otherwise per entry, in instructions per request on base. */
const addPart = (
  account: Account,
  graphs: Graphs,
  suspect: string,
  base: Part,
  head: Part,
  entriesRatio: number,
): void => {
  account.add(suspect, head.own * entriesRatio - base.own);
  for (const callee of new Set([...base.calls.keys(), ...head.calls.keys()])) {
    if (graphs.loops.has(callee)) continue;
    const more = (head.calls.get(callee) ?? 0) * entriesRatio - (base.calls.get(callee) ?? 0);
    // Compiled on one side only, it was inlined on the other, or is new or gone: its own doing where the change touches it.
    const isCallees = graphs.isSuspect(callee) && isOneSided(graphs, callee);
    const value = more * (graphs.prices.get(callee) ?? 0);
    if (isCallees) account.add(callee, value);
    else account.addCall(suspect, callee, value);
  }
};

/** By behaviour alone: suspects, and functions that do what they are given. */
const ownCauses = (graphs: Graphs): Account => {
  const account = new Account();
  for (const [name, base] of graphs.base) {
    const head = graphs.head.get(name);
    if (head === undefined || base.parts.size === 0 || head.parts.size === 0) continue;
    const ratio = entriesOf(graphs, name, base) / entriesOf(graphs, name, head);
    for (const suspect of new Set([...base.parts.keys(), ...head.parts.keys()]))
      addPart(account, graphs, suspect, base.parts.get(suspect) ?? NO_PART, head.parts.get(suspect) ?? NO_PART, ratio);
  }
  return account;
};

/** To whom a function hands on, in parts of one; empty where the numbers of calls do not say. */
const receivers = (
  incoming: readonly Incoming[],
  name: string,
  handed: number,
  price: number,
): readonly (readonly [Incoming, number])[] => {
  const changed = incoming.filter(({ from, base, head }) => from !== name && differs(base, head));
  const calls = sum(changed.map(({ base, head }) => Math.abs(head - base)));
  if (calls === 0 || Math.abs(handed) > MOST_TIMES_AVERAGE * calls * price) return [];
  return changed.map((each) => [each, Math.abs(each.head - each.base) / calls] as const);
};

/** Hands on what functions that do what they are given execute more, until it meets a suspect or nobody. */
const handOn = (account: Account, { base, head, isSuspect, prices }: Graphs): void => {
  const incoming = incomingCalls(base, head);
  let open = new Map([...account.sums].filter(([name]) => !isSuspect(name)));
  const least = LEAST_HANDED_ON * sum([...account.sums.values()].map(Math.abs));
  for (let step = 0; step < MOST_STEPS && open.size > 0; step++) {
    const next = new Map<string, number>();
    for (const [name, value] of open) {
      if (Math.abs(value) <= least) continue;
      for (const [{ from, suspect }, share] of receivers(
        incoming.get(name) ?? [],
        name,
        value,
        prices.get(name) ?? 0,
      )) {
        if (isSuspect(suspect)) account.addCall(suspect, name, value * share);
        else next.set(from, (next.get(from) ?? 0) + value * share);
      }
    }
    open = next;
  }
};

const callsOf = (graph: CallGraph, suspect: string, callee: string): number =>
  sum([...graph.values()].map(({ parts }) => parts.get(suspect)?.calls.get(callee) ?? 0));

const calleesOf = (graphs: Graphs, suspect: string, terms: ReadonlyMap<string, number>): readonly CountedCalls[] =>
  [...terms]
    .toSorted(([, a], [, b]) => Math.abs(b) - Math.abs(a))
    .map(([name]) => ({
      name,
      base: callsOf(graphs.base, suspect, name),
      head: callsOf(graphs.head, suspect, name),
    }))
    .filter(({ base, head }) => differs(base, head))
    .map((calls) => ({ ...calls, isChanged: true }));

/** Head's behaviour, and base's of what head does not have. */
const joined = (base: CallGraph, head: CallGraph): CallGraph => new Map([...base, ...head]);

const loopsIn = (...graphs: readonly CallGraph[]): ReadonlySet<string> =>
  new Set(graphs.flatMap((graph) => [...graph].filter(([, node]) => isLoop(node)).map(([name]) => name)));

/** Suspects by what they caused; null where the calls make no sense. */
export const findCauses = (input: CausesInput): ReadonlyMap<string, Cause> | null => {
  const { base, head, isSuspect } = input;
  const loops = loopsIn(base, head);
  const prices = pricesIn(joined(base, head), loops);
  const before = pricesIn(base, loops);
  if (prices === null || before === null) return null;
  const graphs = { ...input, loops, prices };
  const account = ownCauses(graphs);
  handOn(account, graphs);
  return new Map(
    [...account.sums]
      .filter(([name]) => isSuspect(name))
      .map(([name, delta]) => {
        const entries = base.get(name)?.entries;
        const cost = entries === undefined ? undefined : entries * (before.get(name) ?? 0);
        return [
          name,
          { delta, base: cost ?? null, callees: calleesOf(graphs, name, account.terms.get(name) ?? new Map()) },
        ] as const;
      }),
  );
};
