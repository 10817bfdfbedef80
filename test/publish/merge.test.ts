import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { invocationOfClaim, mergeClaims, mergeReceived } from '../../harness/publish/index.ts';
import { UsageError } from '../../harness/errors.ts';
import { type RunVerdict, VERDICTS, worstVerdict } from '../../harness/model/index.ts';
import type { Claim, Received } from '../../harness/publish/index.ts';
import { comparisonOf, scenarioOf } from '../builders/comparisons.ts';

const CLAIM: Claim = {
  schemaVersion: 1,
  repository: 'acme/shop',
  pullRequest: 7,
  headSha: 'b81e07d2c9aa55443322110099887766f5e4d3c2',
  key: 'default',
  shard: '',
  args: [],
  flags: [],
};

const part = (name: string, verdict: RunVerdict, rest: object = {}, claim: Claim | null = CLAIM): Received => ({
  where: `parts/${name}`,
  comparison: comparisonOf([scenarioOf(name, verdict)], { verdict, ...rest }),
  claim,
});

test('of any parts in any order: all scenarios, and the worst verdict', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...VERDICTS), { minLength: 1, maxLength: 8 }), (verdicts) => {
      const parts = verdicts.map((verdict, index) => part(`s${index}`, verdict));
      const merged = mergeReceived(parts);
      expect(merged.verdict).toBe(worstVerdict(verdicts));
      expect(merged.scenarios.map(({ scenario }) => scenario)).toEqual(verdicts.map((_, index) => `s${index}`));
      expect(mergeReceived(parts.toReversed()).verdict).toBe(merged.verdict);
    }),
  );
});

describe('parts that do not belong together are refused:', () => {
  const first = part('a', 'unchanged');
  test.each([
    ['another head', { head: { revision: 'f00', label: 'x' } }, /differ in head/],
    ['another base', { base: { revision: 'f00', label: 'x' } }, /differ in base/],
    ['another seed, since one line must reproduce all', { seed: 8 }, /differ in seed: 7 and 8/],
    ['another method', { method: 'same-machine' }, /differ in method/],
  ] as const)('%s', (_what, rest, says) => {
    expect(() => mergeReceived([first, part('b', 'unchanged', rest)])).toThrow(UsageError);
    expect(() => mergeReceived([first, part('b', 'unchanged', rest)])).toThrow(says);
  });

  test('the same scenario twice', () => {
    expect(() => mergeReceived([first, part('a', 'regressed')])).toThrow(/scenario a is in parts\/a and in parts\/a/);
  });

  test('nothing at all', () => {
    expect(() => mergeReceived([])).toThrow(/nothing to merge/);
  });
});

test('what a run took is told of one part alone', () => {
  const took = { wholeSeconds: 70, sourcesSeconds: 1 };
  const timed = part('a', 'unchanged', { took });
  expect(mergeReceived([timed]).took).toEqual(took);
  expect(mergeReceived([timed, part('b', 'unchanged', { took })])).not.toHaveProperty('took');
});

test('what is new on head in any part is new in the whole', () => {
  const fresh = (name: string) => ({ newOnHead: [{ scenario: name, reason: 'base has no package', figures: [] }] });
  const parts = [part('a', 'unchanged', fresh('x')), part('b', 'unchanged'), part('c', 'unchanged', fresh('y'))];
  expect(mergeReceived(parts).newOnHead?.map(({ scenario }) => scenario)).toEqual(['x', 'y']);
  expect(mergeReceived([part('b', 'unchanged')])).not.toHaveProperty('newOnHead');
});

test('a part whose regression was accepted does not accept that of another', () => {
  const waivers = { verdictWithout: 'unchanged', applied: [], remarks: ['accepted'] } as const;
  const merged = mergeReceived([part('a', 'regressed', { waivers }), part('b', 'regressed')]);
  expect(merged.waivers).toEqual({ verdictWithout: 'regressed', applied: [], remarks: ['accepted'] });
});

describe('the claim of all parts', () => {
  test('names the scenarios of every part', () => {
    const claims = ['a.yml', 'b.yml'].map((file) =>
      part(file, 'unchanged', {}, { ...CLAIM, args: [file], shard: file }),
    );
    expect(mergeClaims(claims)).toEqual({ ...CLAIM, args: ['a.yml', 'b.yml'] });
    expect(invocationOfClaim(mergeClaims(claims))).toMatchObject({ program: 'npx godyno', args: ['a.yml', 'b.yml'] });
  });

  test('names none when one part measured the default scenarios', () => {
    const claims = [['a.yml'], []].map((args) => part(args.join(), 'unchanged', {}, { ...CLAIM, args }));
    expect(mergeClaims(claims)?.args).toEqual([]);
  });

  test('is none when the parts name different pull requests', () => {
    expect(mergeClaims([part('a', 'unchanged'), part('b', 'unchanged', {}, { ...CLAIM, pullRequest: 8 })])).toBeNull();
    expect(mergeClaims([part('a', 'unchanged'), part('b', 'unchanged', {}, null)])).toBeNull();
  });
});
