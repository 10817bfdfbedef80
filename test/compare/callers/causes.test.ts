import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallGraph } from '../../../harness/compare/callers/call-graph.ts';
import { findCauses } from '../../../harness/compare/callers/causes.ts';
import { type Code, graphOf, totalOf } from '../../builders/counted-code.ts';

const causesOf = (base: Code | CallGraph, head: Code | CallGraph, ...suspects: readonly string[]) => {
  const graph = (code: Code | CallGraph): CallGraph => (code instanceof Map ? code : graphOf(code as Code));
  const found = findCauses({ base: graph(base), head: graph(head), isSuspect: (name) => suspects.includes(name) });
  return new Map([...(found ?? [])].map(([name, { delta }]) => [name, Math.round(delta * 1e6) / 1e6]));
};

const SHOP: Code = {
  'main.serve': { own: 10, calls: { 'main.render': 1, 'main.list': 2 } },
  'main.render': { own: 20, calls: { 'json.Marshal': 1 } },
  'main.list': { own: 30, calls: { 'json.Marshal': 1, 'fmt.Sprint': 3 } },
  'json.Marshal': { own: 5, calls: { 'json.encode': 4 } },
  'json.encode': { own: 50, calls: { 'json.encode': 0.9 } },
  'fmt.Sprint': { own: 7 },
};

const with_ = (name: string, change: Partial<Code[string]>): Code => ({
  ...SHOP,
  [name]: { ...SHOP[name]!, ...change },
});

/** A call of json.Marshal, all recursion in it. */
const MARSHAL = 5 + 4 * (50 / (1 - 0.9));

describe('what a function causes', () => {
  it('is every instruction of a call that it makes once more, however deep these are executed', () => {
    const head = with_('main.render', { calls: { 'json.Marshal': 2 } });
    const causes = causesOf(SHOP, head, 'main.render', 'main.list');
    expect(causes.get('main.render')).toBeCloseTo(MARSHAL, 3);
    expect(causes.get('main.list')).toBe(0);
    expect(totalOf(head) - totalOf(SHOP)).toBeCloseTo(MARSHAL, 3);
  });

  it('is nothing where it is only called more often itself: that is its caller’s', () => {
    const head = with_('main.serve', { calls: { 'main.render': 3, 'main.list': 2 } });
    const causes = causesOf(SHOP, head, 'main.serve', 'main.render');
    expect(causes.get('main.serve')).toBeCloseTo(2 * (20 + MARSHAL), 3);
    expect(causes.get('main.render')).toBeCloseTo(0, 3);
  });

  it('is less than nothing where it spares a call, beside another that makes more', () => {
    const sparing = with_('main.render', { calls: {} });
    const both = { ...sparing, 'main.list': { own: 30, calls: { 'json.Marshal': 2, 'fmt.Sprint': 3 } } };
    const causes = causesOf(SHOP, both, 'main.render', 'main.list');
    expect(causes.get('main.render')).toBeCloseTo(-MARSHAL, 3);
    expect(causes.get('main.list')).toBeCloseTo(2 * MARSHAL, 3);
  });

  it('is the whole difference of whoever alone calls more, in any program, and of nobody else', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const cost = fc.integer({ min: 1, max: 500 });
    const program = fc
      .tuple(fc.array(cost, { minLength: 6, maxLength: 6 }), fc.array(fc.nat(3), { minLength: 15, maxLength: 15 }))
      .map(([own, calls]): Code => {
        const left = [...calls];
        // Everyone calls the next one, so that all of them run.
        const callsOf = (at: number) =>
          names.slice(at + 1).map((callee, n): [string, number] => [callee, (left.pop() ?? 0) + (n === 0 ? 1 : 0)]);
        return Object.fromEntries(
          names.map((name, at) => [name, { own: own[at] ?? 1, calls: Object.fromEntries(callsOf(at)) }]),
        );
      });
    fc.assert(
      fc.property(
        program,
        fc.nat(3),
        fc.nat(3),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        (base, at, to, more, all) => {
          const [caller, callee] = [names[at]!, names[Math.min(5, at + 1 + to)]!];
          const { own, calls = {} } = base[caller]!;
          const head = { ...base, [caller]: { own, calls: { ...calls, [callee]: (calls[callee] ?? 0) + more } } };
          const causes = causesOf(base, head, ...(all ? names : [caller]));
          const whole = totalOf(head) - totalOf(base);
          for (const [name, delta] of causes)
            expect(Math.abs(delta - (name === caller ? whole : 0))).toBeLessThan(1e-6 * whole + 1e-3);
          expect(causes.has(caller)).toBe(true);
        },
      ),
    );
  });

  it('holds the difference of calls with more to do than others, where one caller alone calls more often', () => {
    // The document that main.render writes again is three times as long as the average of the others.
    const longer: Code = { ...SHOP, 'json.Marshal': { own: 5, calls: { 'json.encode': 6 } } };
    const head = { ...longer, 'main.render': { own: 20, calls: { 'json.Marshal': 2 } } };
    const causes = causesOf(SHOP, head, 'main.render', 'main.list');
    expect(causes.get('main.render')).toBeCloseTo(totalOf(head) - totalOf(SHOP), 0);
    expect(causes.get('main.list')).toBe(0);
  });

  it('is not guessed where the same calls execute more: who gave them more to do, calls do not say', () => {
    const head: Code = { ...SHOP, 'json.Marshal': { own: 5, calls: { 'json.encode': 6 } } };
    const causes = causesOf(SHOP, head, 'main.render', 'main.list');
    expect([...causes.values()].every((delta) => delta === 0)).toBe(true);
  });

  it('is not guessed where a call more is far too little to explain it', () => {
    const head: Code = {
      ...SHOP,
      'main.render': { own: 20, calls: { 'json.Marshal': 1.01 } },
      'json.Marshal': { own: 5, calls: { 'json.encode': 40 } },
    };
    expect(causesOf(SHOP, head, 'main.render').get('main.render')).toBe(0);
  });

  it('goes by the function that was inlined, wherever that is', () => {
    const inlined = (times: number): CallGraph => {
      const graph = new Map(graphOf(with_('main.render', { calls: { 'json.Marshal': times } })));
      const { entries, parts } = graph.get('main.render')!;
      const { own, calls } = parts.get('main.render')!;
      graph.set('main.render', {
        entries,
        parts: new Map([
          ['main.render', { own, calls: new Map() }],
          ['main.encode', { own: 0, calls }],
        ]),
      });
      return graph;
    };
    const causes = causesOf(inlined(1), inlined(2), 'main.encode', 'main.list');
    expect(causes.get('main.encode')).toBeCloseTo(MARSHAL, 3);
  });

  it('is a new function’s own, not its caller’s, and cancels what only moved into it', () => {
    const head: Code = {
      'main.serve': SHOP['main.serve']!,
      'main.render': { own: 2, calls: { 'main.cut': 1 } },
      'main.cut': { own: 18, calls: { 'json.Marshal': 1 } },
      ...Object.fromEntries(Object.entries(SHOP).filter(([name]) => !/serve|render/.test(name))),
    };
    const causes = causesOf(SHOP, head, 'main.render', 'main.cut');
    expect(causes.get('main.cut')).toBeCloseTo(18, 3);
    expect(causes.get('main.render')).toBeCloseTo(-18, 3);
  });

  it('has no answer for recursion that nobody begins', () => {
    const endless = graphOf({ ...SHOP, 'json.encode': { own: 50, calls: { 'json.encode': 0.9 } } });
    const node = endless.get('json.encode')!;
    const graph = new Map(endless).set('json.encode', {
      entries: 10,
      parts: new Map([['json.encode', { own: 5, calls: new Map([['json.encode', 10]]) }]]),
    });
    expect(node.entries).toBeGreaterThan(0);
    expect(findCauses({ base: graph, head: graph, isSuspect: () => true })).toBeNull();
  });
});
