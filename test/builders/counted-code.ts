/** Programs made up of functions that call each other so and so often: what would be counted of them. */
import { instructionsProfile } from '../../harness/compare/counts/profile.ts';
import type { CallGraph } from '../../harness/compare/callers/call-graph.ts';
import type { CountedFrame, CountedStack } from '../../harness/model/index.ts';
import type { Profile } from '../../harness/profile/index.ts';

export interface Fn {
  /** Instructions of its own, per entry. */
  readonly own: number;
  /** Per entry; of functions that come later, or of itself less than once. */
  readonly calls?: Readonly<Record<string, number>>;
}

/** The first function is entered once per request; callers stand before callees. */
export type Code = Readonly<Record<string, Fn>>;

export const entriesIn = (code: Code): ReadonlyMap<string, number> => {
  const entries = new Map<string, number>();
  for (const [name, { calls = {} }] of Object.entries(code)) {
    const outside = entries.get(name) ?? (entries.size === 0 ? 1 : 0);
    const all = outside / (1 - (calls[name] ?? 0));
    entries.set(name, all);
    for (const [callee, times] of Object.entries(calls))
      if (callee !== name) entries.set(callee, (entries.get(callee) ?? 0) + all * times);
  }
  return new Map([...entries].filter(([, times]) => times > 0));
};

export const totalOf = (code: Code): number =>
  [...entriesIn(code)].reduce((sum, [name, times]) => sum + times * (code[name]?.own ?? 0), 0);

export const graphOf = (code: Code): CallGraph =>
  new Map(
    [...entriesIn(code)].map(([name, entries]) => {
      const { own = 0, calls = {} } = code[name] ?? {};
      const called = new Map(Object.entries(calls).map(([callee, times]) => [callee, times * entries]));
      return [name, { entries, parts: new Map([[name, { own: own * entries, calls: called }]]) }];
    }),
  );

export const REQUESTS = 1000;

const frameOf = (name: string, line: number): CountedFrame => ({
  function: name,
  file: `example.com/demo/${name.replace(/^.*\./, '')}.go`,
  line,
  startLine: 10,
});

/** What a launch of it leaves. */
export const profileOf = (code: Code): Profile => {
  const entries = entriesIn(code);
  const group = 'user' as const;
  const stacks = [...entries].flatMap(([name, times]): readonly CountedStack[] => {
    const { own = 0, calls = {} } = code[name] ?? {};
    const frames = [frameOf(name, 12)];
    const called = Object.entries(calls).map(([callee, each]) => ({
      frames: [frameOf(callee, 10)],
      caller: frames,
      group,
      instructions: 0,
      calls: Math.round(each * times * REQUESTS),
    }));
    return [{ frames, group, instructions: Math.round(own * times * REQUESTS), calls: 0 }, ...called];
  });
  const [first = ''] = Object.keys(code);
  const root = { frames: [frameOf(first, 10)], group, instructions: 0, calls: REQUESTS };
  return instructionsProfile([...stacks, root], []);
};
