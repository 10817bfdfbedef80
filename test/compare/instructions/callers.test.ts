import { describe, expect, it } from 'vitest';
import { callersIn } from '../../../harness/compare/instructions/callers.ts';
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
});
