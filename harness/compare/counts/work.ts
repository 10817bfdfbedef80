/** From the profiles of exact launches to the work of each function per request, and the sum that is judged. */
import { type BySide, type ExactLaunch, type FileDiff, type WorkGroup, WORK_GROUPS } from '../../model/index.ts';
import { isAgent, isRuntime, type Profile, valueColumn } from '../../profile/index.ts';
import { sum } from '../../stats/index.ts';
import { GROUP_LABEL } from './profile.ts';
import { alignNames } from '../functions/names.ts';

/** One launch with its decoded `instructions` profile. */
export interface ProfiledLaunch {
  readonly launch: ExactLaunch;
  readonly profile: Profile;
}

/** What one function executed in one launch, per request. */
export interface FunctionWork {
  readonly name: string;
  readonly file: string;
  /** Lines seen, from the `func` keyword on. */
  readonly lines: readonly [number, number];
  readonly group: WorkGroup;
  readonly instructions: number;
  /** Null: inlined wherever it was executed, so nobody counted its calls. */
  readonly calls: number | null;
  /** In all of the idle stretch before the window. */
  readonly idleInstructions: number;
}

export interface LaunchWork extends ProfiledLaunch {
  /** By index into the profile's functions; the same for one function on both sides. */
  readonly names: readonly string[];
  readonly functions: ReadonlyMap<string, FunctionWork>;
  /** Judged instructions per request. */
  readonly work: number;
}

interface StackSum {
  file: string;
  first: number;
  last: number;
  group: WorkGroup;
  instructions: number;
  calls: number;
  idle: number;
}

const isGroup = (text: string): text is WorkGroup => (WORK_GROUPS as readonly string[]).includes(text);

export const groupOfSample = ({ samples, labels, strings }: Profile, sample: number): WorkGroup => {
  const label = samples.labelStart[sample] ?? 0;
  const key = strings[labels.key[label] ?? 0];
  const text = strings[labels.text[label] ?? 0] ?? '';
  return key === GROUP_LABEL && isGroup(text) ? text : 'user';
};

/** Whose cost a location is: the innermost line outside the runtime; the compiled function where all are runtime. */
export const chargedLine = ({ locations }: Profile, names: readonly string[], location: number): number => {
  const end = locations.lineStart[location + 1] ?? 0;
  for (let line = locations.lineStart[location] ?? 0; line < end; line++) {
    if (!isRuntime(names[locations.lineFunction[line] ?? 0] ?? '')) return line;
  }
  return end - 1;
};

/** Every sample is charged to one function (see {@link chargedLine}); those of the agent to nobody. */
const sumByFunction = (profile: Profile, names: readonly string[]): ReadonlyMap<string, StackSum> => {
  const { samples, locations, functions, strings } = profile;
  const column = (type: string) => valueColumn(profile, type);
  const [instructions, calls, idle] = [column('instructions'), column('calls'), column('idle_instructions')];
  const sums = new Map<string, StackSum>();
  for (let i = 0; i < samples.count; i++) {
    const line = chargedLine(profile, names, samples.stack[samples.stackStart[i] ?? 0] ?? 0);
    const index = locations.lineFunction[line] ?? 0;
    const name = names[index] ?? '';
    if (isAgent(name)) continue;
    const start = functions.startLine[index] ?? 0;
    const at = locations.lineNumber[line] ?? 0;
    const known = sums.get(name) ?? {
      file: strings[functions.file[index] ?? 0] ?? '',
      first: start,
      last: at,
      group: groupOfSample(profile, i),
      instructions: 0,
      calls: 0,
      idle: 0,
    };
    known.last = Math.max(known.last, at);
    known.instructions += instructions[i] ?? 0;
    known.calls += calls[i] ?? 0;
    known.idle += idle[i] ?? 0;
    sums.set(name, known);
  }
  return sums;
};

const perRequest = (launch: ExactLaunch, sums: ReadonlyMap<string, StackSum>): ReadonlyMap<string, FunctionWork> => {
  const { requests } = launch;
  return new Map(
    [...sums].map(([name, each]) => [
      name,
      {
        name,
        file: each.file,
        lines: [each.first, each.last] as const,
        group: each.group,
        instructions: each.instructions / requests,
        calls: each.calls === 0 ? null : each.calls / requests,
        idleInstructions: each.idle,
      },
    ]),
  );
};

export const JUDGED_GROUPS: ReadonlySet<WorkGroup> = new Set(['user', 'runtime', 'allocator']);

/** Slow paths of interface assertions: which launch takes them how often is drawn at random (runtime/iface.go). */
const DRAWN: ReadonlySet<string> = new Set(
  [
    'typeAssert',
    'interfaceSwitch',
    'buildTypeAssertCache',
    'buildInterfaceSwitchCache',
    'getitab',
    '(*itabTableType).find',
  ].map((name) => `runtime.${name}`),
);

/** Depth of sync.Map's trie follows the addresses of types, hence the link: up to 0.14 % in one real service. */
const TRIE_LOAD = 'internal/sync.(*HashTrieMap[...]).Load';

/** A function belongs to the clock when an idle service executes at least this part of what it counts. */
const LEAST_CLOCK_SHARE = 0.1;
/** And when that is at least this part of all work. */
const LEAST_CLOCK_WORK = 0.0001;

type Launches = readonly Omit<LaunchWork, 'work'>[];

const totalOf = (launches: Launches, value: (work: FunctionWork) => number): ReadonlyMap<string, number> => {
  const totals = new Map<string, number>();
  for (const { functions } of launches) {
    for (const work of functions.values()) totals.set(work.name, (totals.get(work.name) ?? 0) + value(work));
  }
  return totals;
};

/**
 * Functions that a service without requests executes, too: what they cost follows the wall clock, not the requests. What
 * ticks every few seconds is seen in some idle stretches only, so all of them are one look.
 */
const findClockwork = (launches: Launches): ReadonlySet<string> => {
  const judged = (value: (work: FunctionWork) => number) =>
    totalOf(launches, (work) => (JUDGED_GROUPS.has(work.group) ? value(work) : 0));
  const instructions = judged((work) => work.instructions);
  const idle = judged((work) => work.idleInstructions);
  const idleSeconds = sum(launches.map(({ launch }) => launch.idleSeconds));
  const windowSecondsPerRequest = sum(launches.map(({ launch }) => launch.windowSeconds / launch.requests));
  const clock = idleSeconds > 0 ? windowSecondsPerRequest / idleSeconds : 0;
  const all = sum([...instructions.values()]);
  return new Set(
    [...idle].flatMap(([name, executed]) => {
      const ticks = executed * clock;
      return ticks >= LEAST_CLOCK_WORK * all && ticks >= LEAST_CLOCK_SHARE * (instructions.get(name) ?? 0)
        ? [name]
        : [];
    }),
  );
};

/** Instructions per trie load over all launches of both sides; 0 without loads. */
const trieLoadPrice = (launches: Launches): number => {
  const loads = launches.flatMap(({ functions }) => functions.get(TRIE_LOAD) ?? []);
  const calls = sum(loads.map(({ calls }) => calls ?? 0));
  return calls === 0 ? 0 : sum(loads.map(({ instructions }) => instructions)) / calls;
};

const judgedWork = ({ functions }: Launches[number], leftOut: (name: string) => boolean, price: number): number => {
  let total = 0;
  for (const { name, group, instructions, calls } of functions.values()) {
    if (!JUDGED_GROUPS.has(group) || leftOut(name)) continue;
    total += name === TRIE_LOAD && calls !== null ? calls * price : instructions;
  }
  return total;
};

export interface ExactWork {
  readonly launches: BySide<readonly LaunchWork[]>;
  /** Left out on both sides: they follow the clock. */
  readonly clockwork: readonly string[];
  /** Their part of all work, the largest of all launches. */
  readonly clockShare: number;
}

export interface WorkInput {
  readonly launches: readonly ProfiledLaunch[];
  /** Built with the runtime's random choices taken out. */
  readonly steady: boolean;
  readonly diff: readonly FileDiff[];
  readonly modulePath: string | null;
}

const clockShareOf = (launches: Launches, clockwork: ReadonlySet<string>): number =>
  Math.max(
    0,
    ...launches.map(({ functions }) => {
      const judged = [...functions.values()].filter(({ group }) => JUDGED_GROUPS.has(group));
      const ticks = judged.filter(({ name }) => clockwork.has(name));
      const all = sum(judged.map(({ instructions }) => instructions));
      return all === 0 ? 0 : sum(ticks.map(({ instructions }) => instructions)) / all;
    }),
  );

/** Function by function and launch by launch; names agree between the sides. */
export const exactWork = ({ launches, steady, diff, modulePath }: WorkInput): ExactWork => {
  const on = (side: 'base' | 'head') => launches.filter(({ launch }) => launch.side === side);
  const names = alignNames(
    on('base').map(({ profile }) => profile),
    on('head').map(({ profile }) => profile),
    diff,
    modulePath,
  );
  const read = (side: 'base' | 'head'): Launches =>
    on(side).map(({ launch, profile }) => {
      const own = names[side](profile);
      return { launch, profile, names: own, functions: perRequest(launch, sumByFunction(profile, own)) };
    });
  const sides = { base: read('base'), head: read('head') };
  const all = [...sides.base, ...sides.head];
  const clockwork = findClockwork(all);
  const price = trieLoadPrice(all);
  const leftOut = (name: string): boolean => clockwork.has(name) || (!steady && DRAWN.has(name));
  const judged = (rows: Launches) => rows.map((row) => ({ ...row, work: judgedWork(row, leftOut, price) }));
  return {
    launches: { base: judged(sides.base), head: judged(sides.head) },
    clockwork: [...clockwork].toSorted(),
    clockShare: clockShareOf(all, clockwork),
  };
};
