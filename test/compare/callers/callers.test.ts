import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallGraph } from '../../../harness/compare/callers/call-graph.ts';
import { callersIn } from '../../../harness/compare/callers/callers.ts';
import { type Code, graphOf } from '../../builders/counted-code.ts';

const SHOP: Code = {
  'main.serve': { own: 10, calls: { 'main.render': 1, 'main.list': 2 } },
  'main.render': { own: 20, calls: { 'json.Marshal': 1 } },
  'main.list': { own: 30, calls: { 'json.Marshal': 1 } },
  'json.Marshal': { own: 5, calls: { 'json.object': 1 } },
  'json.object': { own: 50, calls: { 'json.object': 0.8, 'json.text': 2 } },
  'json.text': { own: 7 },
};
const TWICE: Code = { ...SHOP, 'main.render': { own: 20, calls: { 'json.Marshal': 3 } } };

const pathOf = (base: Code, head: Code, name: string) => {
  const { path, isWhole } = callersIn(graphOf(base), graphOf(head)).pathTo(name, 1);
  return [path.join(' → '), isWhole];
};

describe('callers', () => {
  it('are told with their calls, those that call more often than before first', () => {
    const { of } = callersIn(graphOf(SHOP), graphOf(TWICE));
    expect(of('json.Marshal')).toEqual([
      { name: 'main.render', base: 1, head: 3, isChanged: true },
      { name: 'main.list', base: 2, head: 2, isChanged: false },
    ]);
    expect(of('main.serve')).toEqual([]);
  });

  it('lead through recursion up to whoever calls more often', () => {
    const { pathTo } = callersIn(graphOf(SHOP), graphOf(TWICE));
    expect(pathTo('json.text', 1).explained).toBe(4);
    expect(pathOf(SHOP, TWICE, 'json.text')).toEqual([
      'main.serve → main.render → json.Marshal → json.object → json.text',
      true,
    ]);
  });

  it('lead to whoever makes most calls where none changed, and no further than that is clear', () => {
    expect(pathOf(SHOP, SHOP, 'json.text')).toEqual([
      'main.serve → main.list → json.Marshal → json.object → json.text',
      true,
    ]);
    const even: Code = {
      ...SHOP,
      'main.serve': { own: 10, calls: { 'main.render': 2, 'main.list': 2, 'main.more': 2 } },
      'main.more': SHOP['main.list']!,
    };
    const inOrder = Object.fromEntries(
      ['main.serve', 'main.more', ...Object.keys(SHOP).slice(1)].map((name) => [name, even[name]!]),
    );
    expect(pathOf(inOrder, inOrder, 'json.text')).toEqual(['json.Marshal → json.object → json.text', false]);
  });

  it('lead along calls of either side, whole only where nobody calls their beginning from outside its circle', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const edge = fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names), fc.integer({ min: 1, max: 9 }));
    const side = fc.array(edge, { maxLength: 14 }).map((edges): CallGraph => {
      const graph = new Map(
        names.map((name) => [
          name,
          { entries: 1, parts: new Map([[name, { own: 1, calls: new Map<string, number>() }]]) },
        ]),
      );
      for (const [from, to, times] of edges) graph.get(from)?.parts.get(from)?.calls.set(to, times);
      return graph;
    });
    fc.assert(
      fc.property(side, side, fc.constantFrom(...names), (base, head, name) => {
        const calls = (from: string, to: string): boolean =>
          [base, head].some((graph) => graph.get(from)?.parts.get(from)?.calls.has(to));
        const reached = (from: string): ReadonlySet<string> => {
          const seen = new Set([from]);
          for (const each of seen) for (const to of names) if (calls(each, to)) seen.add(to);
          return seen;
        };
        const { path, isWhole } = callersIn(base, head).pathTo(name, 1);
        expect(path.at(-1)).toBe(name);
        path.slice(1).forEach((callee, at) => expect(calls(path[at]!, callee)).toBe(true));
        const circle = names.filter((each) => reached(each).has(path[0]!) && reached(path[0]!).has(each));
        const outside = names.filter((each) => !circle.includes(each) && circle.some((member) => calls(each, member)));
        if (isWhole) expect(outside).toEqual([]);
      }),
    );
  });
});
