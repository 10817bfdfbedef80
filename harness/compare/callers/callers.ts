/** Who calls a function, by the calls that were counted, and the way up to the root as far as these decide it. */
import type { CountedCalls } from '../../model/index.ts';
import { sum } from '../../stats/index.ts';
import { type CallGraph, calleesFirst } from './call-graph.ts';
import { differs, type Incoming, incomingCalls } from './causes.ts';

export interface Callers {
  /** Those that call it more or less often than before first, then those that call it most. */
  readonly of: (name: string) => readonly CountedCalls[];
  /** `sign`: whether it came to cost more (1) or less (−1). */
  readonly pathTo: (name: string, sign: 1 | -1) => WayUp;
}

export interface WayUp {
  /** Its beginning to the function. */
  readonly path: readonly string[];
  /** Whether it begins where nobody is known to call; else the calls do not say who matters above. */
  readonly isWhole: boolean;
  /** Its last frames, so many of them, that call each other more or less often than before; above, most calls decide. */
  readonly explained: number;
}

const MOST_CALLERS = 3;
/** A caller that makes fewer than this part of the calls, or of those that came or went, is not the one to show. */
const LEAST_SHARE = 0.5;
const MOST_STEPS = 200;

type IncomingCalls = ReadonlyMap<string, readonly Incoming[]>;

/** Functions that call each other in a circle have one number (Kosaraju and Sharir); `order`: callees first. */
const circlesOf = (order: readonly string[], incoming: IncomingCalls): ReadonlyMap<string, number> => {
  const circles = new Map<string, number>();
  for (const [number, start] of order.toReversed().entries()) {
    const open = [start];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      if (circles.has(name)) continue;
      circles.set(name, number);
      for (const { from } of incoming.get(name) ?? []) if (!circles.has(from)) open.push(from);
    }
  }
  return circles;
};

interface CallStep {
  readonly call: Incoming;
  /** That is called; of the same circle as the function the way leads to. */
  readonly to: string;
  /** Called more often, or less, as the function the way leads to costs more, or less. */
  readonly isMore: boolean;
}

/** The one caller that most of these calls, or most of those that came or went, are from. */
const decisive = (calls: readonly CallStep[]): CallStep | undefined => {
  const more = calls.filter(({ isMore }) => isMore);
  const among = more.length > 0 ? more : calls;
  const weight = ({ call: { base, head } }: CallStep): number =>
    more.length > 0 ? Math.abs(head - base) : base + head;
  const [first] = among.toSorted((a, b) => weight(b) - weight(a));
  if (first === undefined) return undefined;
  const its = sum(among.filter(({ call }) => call.suspect === first.call.suspect).map(weight));
  return its >= LEAST_SHARE * sum(among.map(weight)) ? first : undefined;
};

/** The shortest way inside a circle, without its end. */
const wayInside = (incoming: IncomingCalls, inside: (name: string) => boolean, start: string, end: string) => {
  const next = new Map<string, string | null>([[end, null]]);
  for (const name of next.keys()) {
    if (name === start) break;
    for (const { from } of incoming.get(name) ?? []) if (inside(from) && !next.has(from)) next.set(from, name);
  }
  const way: string[] = [];
  for (let name: string | null | undefined = start; name && name !== end; name = next.get(name)) way.push(name);
  return way;
};

const byWeight = (a: CountedCalls, b: CountedCalls): number =>
  Number(b.isChanged) - Number(a.isChanged) ||
  (a.isChanged ? Math.abs(b.head - b.base) - Math.abs(a.head - a.base) : b.head - a.head) ||
  (a.name < b.name ? -1 : 1);

export const callersIn = (base: CallGraph, head: CallGraph): Callers => {
  const incoming = incomingCalls(base, head);
  const circles = circlesOf(calleesFirst(base, head), incoming);
  const members = Map.groupBy(circles.keys(), (name) => circles.get(name) ?? -1);
  const pathTo = (name: string, sign: 1 | -1): WayUp => {
    let path = [name];
    let explained: number | null = null;
    const done = (isWhole: boolean): WayUp => ({ path, isWhole, explained: explained ?? path.length });
    for (let steps = 0; steps < MOST_STEPS; steps++) {
      const [at = name] = path;
      const circle = circles.get(at);
      const calls = (members.get(circle ?? -1) ?? [at]).flatMap((to) =>
        (incoming.get(to) ?? [])
          .filter(({ from }) => circles.get(from) !== circle)
          .map((call) => ({
            call,
            to,
            isMore: differs(call.base, call.head) && (call.head - call.base) * sign > 0,
          })),
      );
      const step = decisive(calls);
      if (step === undefined) return done(calls.length === 0);
      if (!step.isMore) explained ??= path.length;
      const { from, suspect } = step.call;
      const way = wayInside(incoming, (each) => circles.get(each) === circle, step.to, at);
      path = [...(suspect === from ? [from] : [from, suspect]), ...way, ...path];
    }
    return done(false);
  };
  return {
    of: (name) =>
      (incoming.get(name) ?? [])
        .map((call) => ({
          name: call.suspect,
          base: call.base,
          head: call.head,
          isChanged: differs(call.base, call.head),
        }))
        .toSorted(byWeight)
        .slice(0, MOST_CALLERS),
    pathTo,
  };
};
