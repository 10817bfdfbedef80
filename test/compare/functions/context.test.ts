/** What stands around the named function: the collector's part, the dependency that carries it, the diff next to it. */
import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { FunctionComparison } from '../../../harness/model/index.ts';
import { compare, type Costs, diffLines, inputOf } from './fixture.ts';

const SERVE = 'net/http.(*conn).serve';
const rowOf = (rows: readonly FunctionComparison[], name: string) => rows.find((each) => each.function === name);

describe('the garbage collector', () => {
  const cpu: Costs = {
    [`${SERVE};main.handle;main.encode`]: 400,
    [`${SERVE};main.handle;main.load`]: 400,
    'runtime.gcBgMarkWorker;runtime.gcDrain': 100,
  };
  const bytes: Costs = {
    [`${SERVE};main.handle;main.encode`]: 300,
    [`${SERVE};main.handle;main.load`]: 300,
  };
  const collects: Costs = { ...cpu, 'runtime.gcBgMarkWorker;runtime.gcDrain': 180 };
  const allocates: Costs = { ...bytes, [`${SERVE};main.handle;main.encode`]: 600 };
  const inferred = (headCpu: Costs, headBytes: Costs): string | undefined => {
    const input = inputOf({ base: cpu, head: headCpu, samples: 20_000 });
    const allocs = inputOf({ base: bytes, head: headBytes, kind: 'alloc_space', samples: 20_000 });
    const { attribution } = compareFunctions({ ...input, kinds: [...input.kinds, ...allocs.kinds] });
    return attribution.warnings.find((warning) => warning.startsWith('Garbage collection'));
  };

  it('costs more because one function allocates more: its part is put beside that function, as inferred', () => {
    expect(inferred(collects, allocates)).toMatch(
      /^Garbage collection \+(7\d|8\d)(\.\d)? µs per request; inferred from the bytes allocated: main\.encode \+(7\d|8\d)(\.\d)? µs\.$/,
    );
  });

  it('is divided by bytes where two functions allocate more', () => {
    const both = { ...allocates, [`${SERVE};main.handle;main.load`]: 400 };
    const [, encode = '', load = ''] =
      /main\.encode \+([\d.]+) µs, main\.load \+([\d.]+) µs/.exec(inferred(collects, both) ?? '') ?? [];
    expect(Number(encode) / Number(load)).toBeGreaterThan(2.5);
    expect(Number(encode) / Number(load)).toBeLessThan(3.6);
  });

  it('is divided among nobody when its own cost did not change, when no bytes did, or when these shrank', () => {
    expect(inferred(cpu, allocates)).toBeUndefined();
    expect(inferred(collects, bytes)).toBeUndefined();
    expect(inferred(collects, { ...bytes, [`${SERVE};main.handle;main.encode`]: 100 })).toBeUndefined();
  });
});

describe('a dependency whose version changed', () => {
  const base: Costs = {
    [`${SERVE};main.handle`]: 300,
    [`${SERVE};main.handle;github.com/x/y/codec.Encode`]: 100,
    [`${SERVE};main.handle;github.com/x/y/codec.Encode;encoding/json.Marshal`]: 100,
    [`${SERVE};main.handle;encoding/json.Marshal`]: 100,
  };
  const moduleChanges = [{ module: 'github.com/x/y', base: 'v1.2.0', head: 'v1.3.0' }];
  const carried = (head: Costs): string | undefined =>
    compare({ base, head, moduleChanges, samples: 20_000 }).attribution.warnings.find((text) =>
      text.includes('carries'),
    );

  it('carries what it makes Go’s own library do as well', () => {
    const head = { ...base, [`${SERVE};main.handle;github.com/x/y/codec.Encode;encoding/json.Marshal`]: 200 };
    expect(carried(head)).toMatch(/^github\.com\/x\/y v1\.2\.0 → v1\.3\.0 carries (9\d|10\d) % of it\.$/);
  });

  it('carries nothing of what others make the same library do', () => {
    expect(carried({ ...base, [`${SERVE};main.handle;encoding/json.Marshal`]: 200 })).toBeUndefined();
  });

  it('is not said for a module that only begins alike', () => {
    const head = { ...base, [`${SERVE};main.handle;github.com/x/yz.Encode`]: 200 };
    expect(carried(head)).toBeUndefined();
  });
});

describe('functions next to a change', () => {
  const stack = (...frames: readonly string[]): string => [SERVE, ...frames].join(';');
  const costs: Costs = {
    [stack('main.route@5:6', 'main.handle@10:15')]: 200,
    [stack('main.route@5:6', 'main.handle@10:15', 'fmt.Sprintf@1:2', 'fmt.(*pp).doPrintf@1:2')]: 200,
    [stack('main.route@5:6', 'main.handle@10:16', 'main.load@50:60')]: 200,
    [stack('main.other@80:81', 'fmt.Fprint@1:2')]: 200,
  };
  const { functions } = compare({ base: costs, head: costs, diff: [diffLines([14, 17])] });
  const near = (name: string) => rowOf(functions, name)?.nearChange;

  it('are said to be called from it, through Go’s library too, or to call it', () => {
    expect(rowOf(functions, 'main.handle')).toMatchObject({ changedInDiff: true });
    expect(near('main.handle')).toBeUndefined();
    expect(near('main.load')).toBe('calledFrom');
    expect(near('fmt.(*pp).doPrintf')).toBe('calledFrom');
    expect(near('main.route')).toBe('calls');
  });

  it('are none where the change is elsewhere', () => {
    expect(near('main.other')).toBeUndefined();
    expect(near('fmt.Fprint')).toBeUndefined();
  });
});

describe('what the module pays for', () => {
  const costs = (marshal: number): Costs => ({
    [`${SERVE};main.handle;main.encode`]: 200,
    [`${SERVE};main.handle;main.encode;encoding/json.Marshal`]: marshal,
    [`${SERVE};main.handle;main.encode;encoding/json.Marshal;runtime.mallocgc`]: marshal,
    [`${SERVE};main.handle;main.encode;encoding/json.Marshal;main.(*item).MarshalJSON;fmt.Sprint`]: 100,
    'runtime.gcBgMarkWorker;runtime.gcDrain': 100,
  });
  const { functions, attribution } = compare({ base: costs(100), head: costs(200), samples: 30_000 });
  const near = (value: number, expected: number): void => {
    expect(value / 1000 / expected).toBeGreaterThan(0.93);
    expect(value / 1000 / expected).toBeLessThan(1.07);
  };

  it('is charged to its nearest function above, besides the own cost of either', () => {
    const encode = rowOf(functions, 'main.encode')!;
    near(encode.basePerRequest, 200);
    near(encode.withLibraries!.base, 400);
    near(encode.withLibraries!.head, 600);
    near(rowOf(functions, 'main.(*item).MarshalJSON')!.withLibraries!.base, 100);
  });

  it('is told with its name at the library’s row, and not where no module function is above', () => {
    expect(attribution.culprit).toBe('encoding/json.Marshal');
    expect(rowOf(functions, 'encoding/json.Marshal')).toMatchObject({ caller: 'main.encode' });
    expect(rowOf(functions, 'fmt.Sprint')).toMatchObject({ caller: 'main.(*item).MarshalJSON' });
    expect(rowOf(functions, 'main.encode')).not.toHaveProperty('caller');
    expect(rowOf(functions, 'runtime.gcBgMarkWorker')).not.toHaveProperty('caller');
  });
});

describe('stacks deeper than the profiler keeps', () => {
  const deep = Array.from({ length: 64 }, () => 'main.walk').join(';');
  const cutTold = (deepCost: number): boolean => {
    const costs: Costs = { [`${SERVE};main.handle`]: 300, [deep]: deepCost };
    return compare({ base: costs, head: costs, samples: 20_000 }).attribution.warnings.some((text) =>
      /^[\d.]+ % lies in stacks deeper than the profiler keeps/.test(text),
    );
  };

  it('are said from a twentieth of the cost on', () => {
    expect(cutTold(100)).toBe(true);
    expect(cutTold(10)).toBe(false);
  });
});
