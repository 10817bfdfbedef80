import { describe, expect, it } from 'vitest';
import { changedCodeOf } from '../../../harness/report/words/changed-code.ts';
import { plainText } from '../../../harness/report/text/inline-text.ts';
import { explain } from '../../../harness/report/words/functions-section.ts';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { counted, row, STORIES } from '../../builders/comparisons.ts';

const [story] = STORIES['regressed-cpu']!.scenarios;
const scenarioWith = (functions: readonly FunctionComparison[]) => ({ ...story!, functions });
const linesOf = (functions: readonly FunctionComparison[]): readonly string[] =>
  changedCodeOf(scenarioWith(functions)).map(plainText);

describe('functions that the change touches', () => {
  it('are listed with what they cost, the changed ones first, and with what would have shown where nothing did', () => {
    const lines = linesOf([
      row('main.same', { changedInDiff: true, kind: 'unclear', impactRatio: 0.0005, smallestDetectableRatio: 0.004 }),
      row('main.encode', { changedInDiff: true, kind: 'regressed' }),
      row('main.untouched', { changedInDiff: false }),
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(/^`main\.encode` .*: ✗ costs more, \+17\.7 µs CPU per request \(\+2\.2 % of one\)$/);
    expect(lines[1]).toMatch(
      /^`main\.same` .*: no change seen \(CPU: .* of its own per request; from 0\.4.* % of a request on it would show\)$/,
    );
  });

  it('are not said to be the same where samples saw a difference that is only too small to be certain', () => {
    const unsure = { changedInDiff: true, kind: 'unclear', deltaPerRequest: 8640, impactRatio: 0.14 } as const;
    const [line] = linesOf([row('main.encode', { ...unsure, smallestDetectableRatio: 0.18 })]);
    expect(line).toMatch(
      /: not certain \(CPU: \+8\.64 µs per request; a difference from 18(\.0)? % of a request on would be\)$/,
    );
  });

  it('that call a library more often are listed with that', () => {
    const [line] = linesOf([
      counted('main.render', {
        baseCumPerRequest: 40_000,
        headCumPerRequest: 60_000,
        namedFor: 'callees',
        callees: [{ name: 'sort.Slice', base: 2, head: 0, isChanged: true }],
      }),
    ]);
    expect(line).toMatch(
      /: ✗ costs more with what it calls, \+20,000 instructions per request \(.* of one\); it no longer calls `sort\.Slice` \(2× per request before\)$/,
    );
  });

  it('that run as before to the instruction are the same', () => {
    const same = counted('main.same', {
      changedInDiff: true,
      kind: 'unclear',
      basePerRequest: 1200,
      headPerRequest: 1200,
      deltaPerRequest: 0,
      baseCallsPerRequest: 2,
      headCallsPerRequest: 2,
    });
    expect(linesOf([same, row('main.same', { changedInDiff: true, kind: 'unclear' })])).toHaveLength(1);
    expect(linesOf([same])[0]).toMatch(/: the same 1[.,]2\S* .*of its own per request, called 2×$/);
  });

  it('are cut where a refactoring touches many', () => {
    const many = Array.from({ length: 14 }, (_, index) =>
      row(`main.f${index}`, { changedInDiff: true, kind: 'unclear' }),
    );
    expect(linesOf(many)).toHaveLength(11);
    expect(linesOf(many).at(-1)).toBe('and 4 more functions that the change touches');
  });
});

describe('a long path', () => {
  it('is shortened by foreign frames only: own and changed ones stay', () => {
    const foreign = (count: number, name: string) =>
      Array.from({ length: count }, (_, index) => `lib.com/${name}.f${index}`);
    const own = ['main.main', 'example.com/shop/web.handle', 'example.com/shop/web.render'];
    const path = [
      own[0]!,
      ...foreign(9, 'router'),
      own[1]!,
      ...foreign(6, 'mid'),
      own[2]!,
      ...foreign(5, 'json'),
      'main.leaf',
    ];
    const scenario = {
      ...scenarioWith([row('main.leaf', { path })]),
      module: 'example.com/shop',
      attribution: { ...story!.attribution!, culprit: 'main.leaf' },
    };
    const shown = explain(scenario).path.map((frame) => frame.function);
    expect(shown.filter((name) => !name.startsWith('…') && !name.startsWith('lib.com'))).toEqual([...own, 'main.leaf']);
    expect(shown.filter((name) => name.startsWith('…')).length).toBeGreaterThan(1);
    expect(shown.length).toBeLessThan(path.length);
  });
});
