/** Every way to cut the same work differently: what moved is told with its twin, and nobody is blamed for it. */
import { describe, expect, it, test } from 'vitest';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { FunctionsInput } from '../../../harness/compare/functions/input.ts';
import { compare, type Costs, diffLines, inputOf } from './fixture.ts';

const SERVE = 'net/http.(*conn).serve@1:5;main.handle@10:15';
const LOAD = `${SERVE};main.load@50:60`;
const SERVICE: Costs = {
  [`${SERVE};main.encode@30:40`]: 90,
  [LOAD]: 70,
  [`${LOAD};main.parse@70:75`]: 110,
  [`${LOAD};encoding/json.Marshal@1:2`]: 80,
  [SERVE]: 10,
  'runtime.gcBgMarkWorker@1:2;runtime.gcDrain@1:2': 60,
  ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${SERVE};lib/part${i}.Work@1:2`, 300 / (i + 3)])),
};

/** The service with every path rewritten; paths that become one add up. */
const rewritten = (change: (path: string) => string, own: (path: string) => number = () => 1): Costs => {
  const costs: Record<string, number> = {};
  for (const [path, cost] of Object.entries(SERVICE)) {
    const part = own(path);
    costs[change(path)] = (costs[change(path)] ?? 0) + cost * part;
    if (part < 1) costs[path] = (costs[path] ?? 0) + cost * (1 - part);
  }
  return costs;
};

// The second file is where the fixture puts functions of example.com/app/wire.
const DIFF = [diffLines([10, 75], [200, 210]), { ...diffLines([1, 90]), file: 'example/file.go' }];
const found = (head: Costs) => compare({ base: SERVICE, head, samples: 20_000, seed: 3, diff: DIFF });
const isNamed = ({ kind }: FunctionComparison): boolean => kind !== 'unclear' && kind !== 'moved';

/** Which names may be told as the two ends of the move; `none`: the comparison sees no difference at all. */
const REFACTORINGS: readonly (readonly [string, Costs, readonly [string, string] | 'none'])[] = [
  ['a rename', rewritten((path) => path.replace('main.parse', 'main.decode')), ['main.parse', 'main.decode']],
  [
    'a move to another package',
    rewritten((path) => path.replace('main.parse', 'example.com/app/wire.Parse')),
    ['main.parse', 'example.com/app/wire.Parse'],
  ],
  [
    'an extracted helper',
    rewritten(
      (path) => (path === LOAD ? `${LOAD};main.fill@200:205` : path),
      (path) => (path === LOAD ? 0.8 : 1),
    ),
    ['main.load', 'main.fill'],
  ],
  [
    'a function written into its caller',
    rewritten((path) => path.replace(';main.parse@70:75', '')),
    ['main.parse', 'main.load'],
  ],
  [
    'a wrapper around a function',
    rewritten((path) => path.replace(';main.parse', ';main.traced@200:203;main.parse')),
    'none',
  ],
  [
    'work carried from caller to callee',
    {
      ...SERVICE,
      [LOAD]: 20,
      [`${LOAD};main.parse@70:75`]: 160,
    },
    ['main.load', 'main.parse'],
  ],
  [
    'work carried from callee to caller',
    {
      ...SERVICE,
      [LOAD]: 130,
      [`${LOAD};main.parse@70:75`]: 50,
    },
    ['main.parse', 'main.load'],
  ],
  [
    'a function made generic',
    rewritten((path) => path.replace('main.parse', 'main.parse[go.shape.int]')),
    ['main.parse', 'main.parse[...]'],
  ],
  [
    'a method on another receiver',
    rewritten((path) => path.replace('main.parse', 'main.(*parser).parse')),
    ['main.parse', 'main.(*parser).parse'],
  ],
];

describe('cost that only moved', () => {
  test.each(REFACTORINGS)('by %s is told as moved, and nobody is named', (_, head, ends) => {
    const { functions, attribution } = found(head);
    expect(functions.filter(isNamed).map((row) => row.function)).toEqual([]);
    expect(attribution.culprit).toBeNull();
    const moved = functions.filter(({ kind }) => kind === 'moved').map((row) => [row.function, row.movedTo]);
    if (ends === 'none') expect(moved).toEqual([]);
    else expect(moved).toContainEqual([...ends]);
  });

  it('between type arguments of one generic function is no difference', () => {
    const generic = rewritten((path) => path.replace('main.parse', 'main.parse[go.shape.int]'));
    const other = rewritten((path) => path.replace('main.parse', 'main.parse[go.shape.struct { main.a int }]'));
    const { functions } = compare({ base: generic, head: other, samples: 20_000, diff: DIFF });
    expect(functions.filter(({ kind }) => kind !== 'unclear')).toEqual([]);
    expect(functions.map((row) => row.function)).toContain('main.parse[...]');
  });
});

describe('cost hidden in a refactoring', () => {
  test.each(REFACTORINGS)('%s: +8 %% of the total in the moved function is named', (_, head, ends) => {
    const name = ends === 'none' ? 'main.parse' : ends[1];
    const path = Object.keys(head).find((each) => {
      const leaf = each.slice(each.lastIndexOf(';') + 1).replace(/@.*$/, '');
      return leaf.replace(/\[.*\]$/, '[...]') === name;
    })!;
    const { attribution } = found({ ...head, [path]: head[path]! + 60 });
    expect(attribution.culprit).toBe(name);
  });
});

const exchanged = (input: FunctionsInput): FunctionsInput => ({
  ...input,
  kinds: input.kinds.map((kind) => ({
    ...kind,
    launches: kind.launches.map(({ base, head }) => ({ base: head, head: base })),
  })),
  diff: input.diff.map((each) => ({ ...each, baseLines: each.headLines, headLines: each.baseLines })),
});

const MIRROR = {
  regressed: 'improved',
  improved: 'regressed',
  new: 'gone',
  gone: 'new',
  moved: 'moved',
  unclear: 'unclear',
} as const;

/** What must be the same of a row, seen from the other side where `turned`; a renamed function's row has two names. */
const asSeen = (row: FunctionComparison, turned: boolean): string => {
  const isRename = row.movedTo !== null && row.headPerRequest !== 0 && row.basePerRequest !== 0 && row.qValue !== null;
  const names = isRename ? [row.function, row.movedTo].toSorted() : [row.function, row.movedTo];
  const delta = Number(row.deltaPerRequest.toPrecision(8)) * (turned ? -1 : 1);
  return JSON.stringify([names, turned ? MIRROR[row.kind] : row.kind, delta + 0, row.path.length, row.changedInDiff]);
};

describe('sides exchanged', () => {
  test.each(REFACTORINGS)('mirror every row and the attribution: %s', (_, head, ends) => {
    const hidden = ends === 'none' ? head : { ...head, [LOAD]: (head[LOAD] ?? 0) + 50 };
    for (const [seed, cost] of [head, hidden, { ...hidden, [`${SERVE};lib/new.Work@1:2`]: 40 }].entries()) {
      const input = { ...inputOf({ base: SERVICE, head: cost, samples: 12_000, seed: 40 + seed }), diff: DIFF };
      const [there, back] = [compareFunctions(input), compareFunctions(exchanged(input))];
      expect(back.functions.map((row) => asSeen(row, true)).toSorted()).toEqual(
        there.functions.map((row) => asSeen(row, false)).toSorted(),
      );
      const nameThere = there.attribution.culprit;
      const renamed = there.functions.find((row) => row.function === nameThere);
      expect(back.attribution.culprit === null).toBe(nameThere === null);
      if (renamed !== undefined && renamed.movedTo === null && ends === 'none')
        expect(back.attribution.culprit).toBe(nameThere);
    }
  });
});
