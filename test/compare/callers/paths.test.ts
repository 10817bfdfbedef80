import { describe, expect, it } from 'vitest';
import { withPaths } from '../../../harness/compare/callers/paths.ts';
import { instructionsProfile } from '../../../harness/compare/counts/profile.ts';
import { type Profile, withCallPaths } from '../../../harness/profile/index.ts';
import { counted } from '../../builders/comparisons.ts';
import { profileOf, type Stack } from '../../builders/profiles.ts';

const frameOf = (name: string) => ({ function: name, file: 'a.go', line: 12, startLine: 10 });

const joined = (counts: Readonly<Record<string, number>>, sampled: readonly Stack[]): Profile => {
  const stacks = Object.entries(counts).map(([name, instructions]) => ({
    frames: [frameOf(name)],
    group: 'user' as const,
    instructions,
    calls: 0,
  }));
  return withCallPaths(instructionsProfile(stacks, []), profileOf(sampled)).profile;
};

const pathsOf = (base: Profile, head: Profile, ...names: readonly string[]) => {
  const functions = names.map((name) => counted(name, { path: [name] }));
  return withPaths({ profiles: { base, head }, functions, modulePath: null }).map(({ path }) => path.join(' → '));
};

describe('the path of a counted function', () => {
  it('is the one that carries most of its instructions, both sides together', () => {
    const counts = { 'main.leaf': 1000 };
    const base = joined(counts, [
      { frames: ['main.main', 'main.often', 'main.leaf'], value: 6 },
      { frames: ['main.main', 'main.seldom', 'main.leaf'], value: 4 },
    ]);
    expect(pathsOf(base, base, 'main.leaf')).toEqual(['main.main → main.often → main.leaf']);
    const head = joined(counts, [{ frames: ['main.main', 'main.seldom', 'main.leaf'], value: 9 }]);
    expect(pathsOf(base, head, 'main.leaf')).toEqual(['main.main → main.seldom → main.leaf']);
  });

  it('is found for one that only one side has, by its name in the source', () => {
    const base = joined({ 'main.rest': 5 }, []);
    const head = joined({ 'main.rest': 5, 'main.fresh[go.shape.int]': 5 }, [
      { frames: ['main.main', 'main.fresh[...]'], value: 1 },
    ]);
    expect(pathsOf(base, head, 'main.fresh[...]')).toEqual(['main.main → main.fresh[...]']);
  });

  it('stays the function alone where no sample met it, as for the allocator’s line', () => {
    const side = joined({ 'main.leaf': 5, 'main.rest': 5 }, [{ frames: ['main.main', 'main.leaf'], value: 1 }]);
    expect(pathsOf(side, side, 'main.rest', 'allocator')).toEqual(['main.rest', 'allocator']);
  });

  it('runs through changed code where that carries a good part, though another path differs by more', () => {
    const base = joined({ 'main.leaf': 1000 }, [{ frames: ['main.main', 'main.often', 'main.leaf'], value: 10 }]);
    const head = joined({ 'main.leaf': 2000, 'main.added': 5 }, [
      { frames: ['main.main', 'main.often', 'main.leaf'], value: 16 },
      { frames: ['main.main', 'main.added', 'main.leaf'], value: 4 },
    ]);
    const rows = [
      counted('main.leaf', { path: ['main.leaf'], deltaPerRequest: 1000, changedInDiff: false }),
      counted('main.added', { path: ['main.added'], changedInDiff: true }),
    ];
    const paths = (functions: typeof rows) => withPaths({ profiles: { base, head }, functions, modulePath: null })[0];
    expect(paths(rows)?.path).toEqual(['main.main', 'main.added', 'main.leaf']);
    expect(paths(rows)?.nearChange).toBe('calledFrom');
    expect(paths(rows.slice(0, 1))?.path).toEqual(['main.main', 'main.often', 'main.leaf']);
  });

  it('names the nearest caller of the module’s own for a function that is not', () => {
    const side = joined({ 'encoding/json.appendCompact': 5 }, [
      {
        frames: ['main.main', 'example.com/shop/web.render', 'encoding/json.Marshal', 'encoding/json.appendCompact'],
        value: 3,
      },
    ]);
    const functions = [counted('encoding/json.appendCompact', { path: [], changedInDiff: false })];
    const [row] = withPaths({ profiles: { base: side, head: side }, functions, modulePath: 'example.com/shop' });
    expect(row?.caller).toBe('example.com/shop/web.render');
  });
});
