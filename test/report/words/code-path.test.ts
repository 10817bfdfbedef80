import { describe, expect, it } from 'vitest';
import { codePathOf, replyCautions } from '../../../harness/report/words/code-path.ts';
import { plainText } from '../../../harness/report/text/inline-text.ts';
import type {
  ExactCounted,
  FunctionComparison,
  MetricComparison,
  ToolchainChange,
} from '../../../harness/model/index.ts';
import { byRatio, counted, exactOf, scenarioOf } from '../../builders/comparisons.ts';

const scenario = (
  functions: readonly FunctionComparison[],
  exact: Partial<ExactCounted> = {},
  metric: Partial<MetricComparison> = {},
) =>
  scenarioOf('demo', 'regressed', {
    exact: exactOf(exact),
    functions,
    metrics: [byRatio('instructionsPerRequest', 1_000_000, 1_002_000, 0, { verdict: 'changed', ...metric })],
  });

const told = (row: FunctionComparison): string => {
  const [sentence = []] = codePathOf(scenario([row]))?.functions ?? [];
  return plainText(sentence);
};

/** Counted calls, and instructions of each. */
const calling = (base: readonly [calls: number, each: number], head: readonly [calls: number, each: number]) =>
  counted('main.f', {
    baseCallsPerRequest: base[0],
    headCallsPerRequest: head[0],
    basePerRequest: base[0] * base[1],
    headPerRequest: head[0] * head[1],
    deltaPerRequest: head[0] * head[1] - base[0] * base[1],
    changedInDiff: false,
  });

describe('functions of the runtime', () => {
  const rows = [counted('runtime.mapaccess2_faststr'), counted('allocator'), counted('main.encode')];
  const named = (head: string): readonly string[] => {
    const toolchain: ToolchainChange = {
      versions: { base: 'go1.26.8', head },
      goLines: null,
      isOnly: true,
      binaryBytes: { base: 1, head: 1 },
      gates: [],
      known: [],
      costs: [],
    };
    const found = codePathOf({ ...scenario(rows), toolchain })?.functions ?? [];
    return found.map((sentence) => plainText(sentence).split(' ')[0] ?? '');
  };

  it('are summed, not listed, where two versions of Go name them otherwise', () => {
    expect(named('go1.27.3')).toEqual(['`main.encode`']);
    expect(named('go1.26.8')).toHaveLength(3);
  });
});

describe('the sentence of a counted function', () => {
  it('tells what a changed function calls more often, with all that costs', () => {
    const row = counted('main.render', {
      deltaPerRequest: 8,
      baseCumPerRequest: 40_000,
      headCumPerRequest: 60_000,
      impactRatio: 0.02,
      namedFor: 'callees',
      callees: [{ name: 'encoding/json.Marshal', base: 1, head: 2, isChanged: true }],
    });
    expect(told(row)).toBe(
      '`main.render` `handlers.go:42` +20,000 instructions per request with what it calls (+2 %, about +6.67 µs), called 1.0× a request, as before, each call costs more, changed in this pull request; it calls `encoding/json.Marshal` 2× instead of 1× per request',
    );
  });

  it('tells who calls a library more often, and the changed function that it is for', () => {
    const callers = [
      { name: 'json.array', base: 85, head: 170, isChanged: true },
      { name: 'json.object', base: 4, head: 4, isChanged: false },
    ];
    const row = counted('json.text', {
      changedInDiff: false,
      callers,
      nearChange: 'calledFrom',
      caller: 'main.render',
    });
    expect(told(row)).toMatch(/, called from changed code in `main\.render`, called by `json\.array` 85× → 170×$/);
  });

  it('goes with a note of how many callers are known', () => {
    const notes = (exact: Partial<ExactCounted>): string =>
      codePathOf(scenario([counted('main.f')], exact))
        ?.notes.map(plainText)
        .join(' ') ?? '';
    expect(notes({ knownCallersRatio: 0.9996 })).toBe(
      'Callers are counted, known of 99.96 % of all calls; what a call executes is the average over all callers of its function.',
    );
    expect(notes({})).toMatch(/^Counts know no callers/);
  });

  it('is as the issue has it: as many calls, each more expensive', () => {
    expect(told(counted('main.encode'))).toBe(
      '`main.encode` `handlers.go:42` +2,713 instructions per request (+0.33 %, about +904 ns), called 1.0× a request, as before, each call costs more, changed in this pull request',
    );
  });

  it.each([
    [calling([1, 1000], [3, 1000]), 'called 3.0× instead of 1.0×'],
    [calling([1, 1000], [3, 1200]), 'called 3.0× instead of 1.0×, each call costs more'],
    [calling([200, 1000], [1000, 500]), 'called 1,000× instead of 200×, each call costs less'],
    [calling([12_016, 30], [12_016, 20]), 'called 12,016× a request, as before, each call costs less'],
    [calling([1, 1000], [1.04, 1000]), 'called 1.04× instead of 1×'],
    [calling([518.11, 30], [520.63, 30]), 'called 521×'],
  ])('tells calls from the cost of a call: %#', (row, words) => {
    expect(told(row).endsWith(words)).toBe(true);
  });

  it('tells what is new, gone, or inlined on a side', () => {
    expect(told({ ...calling([0, 0], [2, 50]), kind: 'new' })).toMatch(/✗ new: \+100 instructions .*, called 2\.0×$/);
    expect(told({ ...calling([2, 50], [0, 0]), kind: 'gone' })).toMatch(
      /✓ gone: -100 instructions .*, was called 2\.0×$/,
    );
    const inlined = { baseCallsPerRequest: null, headCallsPerRequest: null, changedInDiff: false };
    expect(told(counted('main.f', inlined))).toMatch(/, inlined where it is called, so its calls are not counted$/);
    const once = { ...calling([2, 50], [2, 50]), headCallsPerRequest: 0 };
    expect(told(once)).toMatch(/called 2\.0× on base and 0\.0× on head \(inlined on head\)$/);
  });

  it('tells allocation as one line without calls of its own', () => {
    expect(told(counted('allocator', { file: '', changedInDiff: false }))).toBe(
      "Go's allocator (all its functions) +2,713 instructions per request (+0.33 %, about +904 ns)",
    );
  });
});

describe('the section code path', () => {
  const figures = (exact: Partial<ExactCounted> = {}, metric: Partial<MetricComparison> = {}) =>
    codePathOf(scenario([], exact, metric))?.figures.map(plainText);

  it('names the routes that execute more or less, the largest change first, and only those', () => {
    const routes = [
      { name: 'list', base: 900_000, head: 901_000, isChanged: false },
      { name: 'item', base: 500_000, head: 505_000, isChanged: true },
      { name: 'search', base: 4_000_000, head: 4_200_000, isChanged: true },
    ];
    const line = (of: typeof routes): string | undefined =>
      codePathOf(scenario([], { routes: of }))
        ?.figures.map(plainText)
        .find((text) => text.includes('of a route'));
    expect(line(routes)).toBe(
      'instructions per request of a route: `search` 4,000,000 → 4,200,000 (+5 %), `item` 500,000 → 505,000 (+1 %); the others as before',
    );
    expect(line(routes.slice(0, 1))).toBeUndefined();
  });

  it('has instructions in full, with verdict and spread', () => {
    expect(figures()?.[0]).toBe(
      'instructions per request: 1,000,000 → 1,002,000 (+0.2 %), ≠ changed, too little to fail; launches of one side differ by up to 0.02 %',
    );
  });

  it('says from where on a change would show, and why one was not judged', () => {
    const unchanged = { verdict: 'unchanged', smallestDetectableRatio: 0.001 } as const;
    expect(figures({}, unchanged)?.[0]).toMatch(/= unchanged; .*, changes from 0\.1 % on would show$/);
    const unstable = { verdict: 'notJudged', reason: 'unstable: launches differ, most in main.luck' } as const;
    expect(figures({}, unstable)?.[0]).toContain('– not judged: unstable: launches differ, most in main.luck; ');
  });

  it('names system calls, the changed ones first, and allocations', () => {
    expect(figures()).toContain('system calls per request: `openat` ×0 → ×3, `write` ×1.16');
    expect(figures()).toContain('allocations per request: 412 → 415');
    const calm = figures({ syscalls: [{ name: 'write', base: 1, head: 1, isChanged: false }], mallocs: null });
    expect(calm).toEqual([expect.any(String), 'system calls per request: `write` ×1, as before']);
  });

  it('calls allocations "as before" only where they are the same for certain', () => {
    const line = (base: number, head: number) => figures({ mallocs: { base, head } })?.at(-1);
    expect(line(521, 521)).toBe('allocations per request: 521, as before');
    expect(line(518.11, 520.63)).toBe('allocations per request: 518 → 521');
    expect(line(520.63, 521.2)).toBe('allocations per request: 520.6 → 521.2');
  });

  it('says where call paths come from, or that there are none, once there are functions', () => {
    const notes = (exact: Partial<ExactCounted>) =>
      codePathOf(scenario([counted('main.f')], exact))?.notes.map(plainText);
    expect(notes({})).toEqual([
      'Counts know no callers: call paths are joined from CPU samples (431 on base, 440 on head).',
    ]);
    expect(notes({ pathSamples: null })?.[0]).toContain('no CPU samples to take call paths from');
    expect(codePathOf(scenario([]))?.notes).toEqual([]);
  });

  it('is absent where exact mode gave no verdict', () => {
    expect(codePathOf(scenarioOf('demo', 'unchanged'))).toBeNull();
    const refused = { engine: 'qemu', aaSpreadRatio: 0, refusal: 'it ended' } as const;
    expect(codePathOf(scenarioOf('demo', 'unchanged', { exact: refused }))).toBeNull();
  });
});

it('replies that differ are a caution that names route and how many, at most three of them', () => {
  const replies = Array.from({ length: 5 }, (_, n) => ({
    route: `r${n}`,
    requests: 4,
    of: 18,
    what: n === 0 ? ('length' as const) : ('body' as const),
    firstBytes: { base: 1834, head: 1902 },
  }));
  const cautions = replyCautions(scenario([], { replies })).map(plainText);
  expect(cautions).toHaveLength(4);
  expect(cautions[0]).toContain(
    'answer `r0` differently in 4 of 18 counted requests (in length alone; the first has 1,834 and 1,902 bytes)',
  );
  expect(cautions[3]).toBe('Replies of 2 more routes differ, too.');
});
