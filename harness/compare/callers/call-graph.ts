/**
 * A side's code as it ran, per request: what every compiled function executed of its own, how often it was entered, and
 * what it called how often. From the calls that the emulator counted by their place; runs stored before it did have none.
 */
import type { WorkGroup } from '../../model/index.ts';
import { isAgent, outerFunction, type Profile, valueColumn } from '../../profile/index.ts';
import { groupOfSample, JUDGED_GROUPS, type LaunchWork } from '../counts/work.ts';

/** The work of a compiled function that goes by one name: its own, or that of a suspect that was inlined into it. */
export interface GraphPart {
  own: number;
  /** By the name of the compiled function that is called. */
  readonly calls: Map<string, number>;
}

export interface GraphNode {
  entries: number;
  /** By whom it is put down to. */
  readonly parts: Map<string, GraphPart>;
}

/** By name. */
export type CallGraph = ReadonlyMap<string, GraphNode>;

export interface GraphFound {
  readonly graph: CallGraph;
  /** Of all calls, those whose caller is known. */
  readonly knownRatio: number;
}

class GraphBuilder {
  readonly nodes = new Map<string, GraphNode>();
  known = 0;
  all = 0;

  node(name: string): GraphNode {
    const node = this.nodes.get(name) ?? { entries: 0, parts: new Map() };
    this.nodes.set(name, node);
    return node;
  }

  part(compiled: string, suspect: string): GraphPart {
    const { parts } = this.node(compiled);
    const part = parts.get(suspect) ?? { own: 0, calls: new Map() };
    parts.set(suspect, part);
    return part;
  }

  call({ calls }: GraphPart, callee: string, times: number): void {
    calls.set(callee, (calls.get(callee) ?? 0) + times);
  }
}

/** Who a location's work is put down to, and the compiled function it is in. */
interface Place {
  readonly compiled: string;
  readonly suspect: string;
}

/** By location: the innermost suspect among what was inlined there, else the compiled function. */
const placesOf = (
  { locations }: Profile,
  names: readonly string[],
  isSuspect: (name: string) => boolean,
): readonly Place[] => {
  const { count, lineStart, lineFunction } = locations;
  return Array.from({ length: count }, (_, location) => {
    const end = lineStart[location + 1] ?? 0;
    const compiled = names[lineFunction[end - 1] ?? 0] ?? '';
    for (let line = lineStart[location] ?? 0; line < end; line++) {
      const name = names[lineFunction[line] ?? 0] ?? '';
      if (isSuspect(name)) return { compiled, suspect: name };
    }
    return { compiled, suspect: compiled };
  });
};

const isJudged = (group: WorkGroup): boolean => JUDGED_GROUPS.has(group);

const addLaunch = (
  builder: GraphBuilder,
  { launch, profile, names: given }: LaunchWork,
  share: number,
  isSuspect: (name: string) => boolean,
  nameOf: (name: string) => string,
): void => {
  const places = placesOf(profile, given.map(nameOf), isSuspect);
  const [instructions, calls] = ['instructions', 'calls'].map((type) => valueColumn(profile, type));
  const { stackStart, stack, count } = profile.samples;
  const scale = share / launch.requests;
  for (let sample = 0; sample < count; sample++) {
    const [leaf, caller] = stack.subarray(stackStart[sample], stackStart[sample + 1]);
    const place = places[leaf ?? 0];
    if (place === undefined || isAgent(place.compiled)) continue;
    const own = (instructions?.[sample] ?? 0) * scale;
    if (own > 0 && isJudged(groupOfSample(profile, sample))) builder.part(place.compiled, place.suspect).own += own;
    const entries = (calls?.[sample] ?? 0) * scale;
    if (entries === 0) continue;
    builder.node(place.compiled).entries += entries;
    builder.all += entries;
    const from = caller === undefined ? undefined : places[caller];
    if (from === undefined) continue;
    builder.known += entries;
    builder.call(builder.part(from.compiled, from.suspect), place.compiled, entries);
  }
};

/** How often it was called from what the graph knows. */
const callsInto = (graph: CallGraph): ReadonlyMap<string, number> => {
  const sums = new Map<string, number>();
  for (const { parts } of graph.values())
    for (const { calls } of parts.values())
      for (const [callee, times] of calls) sums.set(callee, (sums.get(callee) ?? 0) + times);
  return sums;
};

/** A function literal that nobody was seen to call began a goroutine: it is put down to the function it is written in. */
const addGoroutines = (builder: GraphBuilder, isSuspect: (name: string) => boolean): void => {
  const known = callsInto(builder.nodes);
  for (const [name, { entries }] of builder.nodes) {
    const begun = entries - (known.get(name) ?? 0);
    const outer = outerFunction(name);
    if (begun <= 0 || outer === null) continue;
    const home = builder.nodes.get(outer);
    if (home !== undefined) builder.call(builder.part(outer, outer), name, begun);
    else if (isSuspect(outer)) builder.call(builder.part(hostOf(builder, outer) ?? outer, outer), name, begun);
  }
};

/** The compiled function that most of an inlined one's work is in. */
const hostOf = ({ nodes }: GraphBuilder, inlined: string): string | undefined =>
  [...nodes]
    .flatMap(([name, { parts }]) => {
      const part = parts.get(inlined);
      return part === undefined ? [] : [{ name, own: part.own }];
    })
    .toSorted((a, b) => b.own - a.own)[0]?.name;

/**
 * The mean of these launches of one side. `isSuspect`: functions that stand for what was inlined from them; `nameOf`: the
 * other side's name of a function; `begun`: whether function literals that began a goroutine are put down to the function
 * they are written in, where a timer may go round in a circle that nobody enters. Null where callers were not counted.
 */
export const callGraph = (
  launches: readonly LaunchWork[],
  isSuspect: (name: string) => boolean,
  begun: 'with goroutines' | 'without',
  nameOf: (name: string) => string = (name) => name,
): GraphFound | null => {
  const builder = new GraphBuilder();
  for (const launch of launches) addLaunch(builder, launch, 1 / launches.length, isSuspect, nameOf);
  if (builder.known === 0) return null;
  if (begun === 'with goroutines') addGoroutines(builder, isSuspect);
  return { graph: builder.nodes, knownRatio: builder.known / builder.all };
};

/** Calls per request by callee, and instructions of its own. */
export const workOf = ({ parts }: GraphNode): { readonly own: number; readonly calls: ReadonlyMap<string, number> } => {
  const calls = new Map<string, number>();
  let own = 0;
  for (const part of parts.values()) {
    own += part.own;
    for (const [callee, times] of part.calls) calls.set(callee, (calls.get(callee) ?? 0) + times);
  }
  return { own, calls };
};

/** Callees of either side before their callers, as far as they do not call each other. */
export const calleesFirst = (...graphs: readonly CallGraph[]): readonly string[] => {
  const order: string[] = [];
  const seen = new Set<string>();
  const calleesOf = (name: string): string[] =>
    graphs.flatMap((graph) => [...(graph.get(name)?.parts.values() ?? [])].flatMap(({ calls }) => [...calls.keys()]));
  for (const start of graphs.flatMap((graph) => [...graph.keys()])) {
    const open: { readonly name: string; readonly left: string[] }[] = [];
    const visit = (name: string): void => {
      if (seen.has(name)) return;
      seen.add(name);
      open.push({ name, left: calleesOf(name) });
    };
    visit(start);
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.left.pop();
      if (next === undefined) {
        order.push(top.name);
        open.pop();
      } else visit(next);
    }
  }
  return order;
};
