import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  callTree,
  decodeProfile,
  filterByLabel,
  flatCum,
  functionCosts,
  isTruncated,
  labelCosts,
  lineCosts,
  packageCosts,
  pathTo,
  type Profile,
  ProfileError,
  ROOT_NAME,
  sampleCounts,
  TRUNCATED_NAME,
  valueIndex,
  valueTypes,
  withoutAgent,
} from '../../../harness/profile/index.ts';
import { decodeShape, profileShape } from '../arbitrary-profile.ts';
import { encodePacked } from '../format/pprof.proto.ts';
import { GO_VERSIONS } from '../fixtures.ts';
import { flatCumRows } from '../top-table.ts';

const load = (file: string): Profile =>
  decodeProfile(readFileSync(new URL(`../../fixtures/profiles//${file}`, import.meta.url)), file);

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);

describe('sums', () => {
  test('flat adds up to the total of samples with a stack, and so do own, lines and packages', () => {
    fc.assert(
      fc.property(profileShape(-100), (shape) => {
        const rooted = { ...shape, samples: shape.samples.map((each) => ({ ...each, stack: [...each.stack, 0] })) };
        const profile = decodeShape({ ...rooted, types: ['samples', 'cpu'] });
        const { functions, total } = functionCosts(profile);
        expect(sum(functions.map(({ flat }) => flat))).toBe(total);
        expect(sum(functions.map(({ own }) => own))).toBe(total);
        expect(sum(lineCosts(profile).map(({ flat }) => flat))).toBe(total);
        expect(sum(packageCosts(profile).map(({ own }) => own))).toBe(total);
      }),
      { numRuns: 200 },
    );
  });

  test('cum is never below flat when nothing is negative, and counts recursion once', () => {
    fc.assert(
      fc.property(profileShape(0), (shape) => {
        const { functions, total } = functionCosts(decodeShape({ ...shape, types: ['samples', 'cpu'] }));
        for (const { flat, cum } of functions) {
          expect(cum).toBeGreaterThanOrEqual(flat);
          expect(cum).toBeLessThanOrEqual(total);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('flat and cum by pprof’s names are what counting frame by frame gives, also where functions share a name', () => {
    fc.assert(
      fc.property(profileShape(-100), (shape) => {
        const profile = decodeShape({ ...shape, types: ['samples', 'cpu'] });
        const { locations, functions, samples, strings } = profile;
        const framesOf = (location: number): readonly string[] => {
          const lines = locations.lineFunction.subarray(
            locations.lineStart[location],
            locations.lineStart[location + 1],
          );
          if (lines.length === 0) return [locations.mapping[location] === 0 ? '<unknown>' : '[file.go]'];
          return Array.from(lines, (fn) => strings[functions.name[fn]!]!);
        };
        const counted = new Map<string, { flat: number; cum: number }>();
        for (let i = 0; i < samples.count; i++) {
          const stack = [...samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1])].flatMap(framesOf);
          const value = samples.values[2 * i + 1]!;
          for (const name of new Set(stack)) {
            const known = counted.get(name) ?? { flat: 0, cum: 0 };
            counted.set(name, { flat: known.flat + (name === stack[0] ? value : 0), cum: known.cum + value });
          }
        }
        const rows = flatCumRows(profile);
        expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
        for (const { name, flat, cum } of rows) expect({ flat, cum }).toEqual(counted.get(name) ?? { flat: 0, cum: 0 });
        for (const name of counted.keys()) expect(rows.map((row) => row.name)).toContain(name);
      }),
      { numRuns: 300 },
    );
  });

  test('scale multiplies every figure', () => {
    const cpu = load('go1.26/cpu.pb.gz');
    const once = functionCosts(cpu, { valueType: 'cpu' });
    const scaled = functionCosts(cpu, { valueType: 'cpu', scale: 0.5 });
    expect(scaled.total).toBe(once.total / 2);
    expect(scaled.functions.map(({ own }) => own * 2)).toEqual(once.functions.map(({ own }) => own));
  });

  test('the allocator below a function is charged to it, and flat still tells both apart', () => {
    const profile = decodeShape({
      types: ['samples', 'cpu'],
      functions: [
        { name: 0, line: 1 },
        { name: 4, line: 1 },
      ],
      locations: [[{ fn: 0, line: 5 }], [{ fn: 1, line: 9 }]],
      samples: [
        { stack: [1, 0], values: [3, 30, 0, 0], label: 0 },
        { stack: [0], values: [2, 20, 0, 0], label: 0 },
        { stack: [1], values: [1, 10, 0, 0], label: 0 },
      ],
      idStep: 1,
    });
    const costs = functionCosts(profile, { valueType: 'cpu' }).functions;
    expect(costs.map(({ name, flat, own, cum }) => [name, flat, own, cum])).toEqual([
      ['main.a', 20, 50, 50],
      ['runtime.mallocgc', 40, 10, 40],
    ]);
  });
});

describe('value types', () => {
  test('without a choice it is what pprof shows: the default type, else the last', () => {
    expect(valueTypes(load('go1.26/heap.pb.gz')).map(({ type }) => type)).toEqual([
      'alloc_objects',
      'alloc_space',
      'inuse_objects',
      'inuse_space',
    ]);
    expect(valueIndex(load('go1.26/heap.pb.gz'))).toBe(3);
    expect(valueIndex(load('go1.26/cpu.pb.gz'))).toBe(1);
  });

  test('a type that is not there is refused with those that are', () => {
    expect(() => valueIndex(load('go1.26/cpu.pb.gz'), 'delay')).toThrow(ProfileError);
    expect(() => valueIndex(load('go1.26/cpu.pb.gz'), 'delay')).toThrow(/no sample type delay, only samples, cpu/);
  });
});

describe('generic methods of Go 1.27', () => {
  const methods = load('go1.27/methods.pb.gz');
  const OF_TYPES = ['main.(*adder).each[...]', 'main.(*mixer).each[...]', 'main.ledger.each[...]'];

  test('of different types are different functions, with all their type arguments in one', () => {
    const { functions } = functionCosts(methods);
    const names = functions.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(OF_TYPES));
    expect(names.filter((name) => name.includes('.each['))).toHaveLength(OF_TYPES.length + 1);
    expect(functions.every((each) => each.package !== 'main.')).toBe(true);
  });

  test('hold closures of their own, named by where they begin', () => {
    const names = functionCosts(methods).functions.map(({ name }) => name);
    expect(names).toContain('main.(*mixer).each[...].func+1');
  });

  test('are different lines and one package', () => {
    const lines = lineCosts(methods).map((each) => each.function);
    expect(lines).toEqual(expect.arrayContaining(OF_TYPES));
    expect(packageCosts(methods).map((each) => each.package)).toEqual(expect.arrayContaining(['main', 'runtime']));
    expect(packageCosts(methods)).toHaveLength(2);
  });
});

describe('samples', () => {
  test('heap samples come back as the numbers drawn: scaling the next whole one up gives what Go wrote', () => {
    for (const version of GO_VERSIONS) {
      const profile = load(`${version}/heap.pb.gz`);
      const { samples, labels } = profile;
      const period = Number(profile.period);
      const counts = sampleCounts(profile);
      expect(counts.length).toBeGreaterThan(100);
      counts.forEach((count, i) => {
        const size = Number(labels.number[samples.labelStart[i]!]);
        const drawn = Math.ceil(count - 1e-6);
        expect(Math.floor(drawn / (1 - Math.exp(-size / period)) + 1e-6)).toBe(samples.values[i * 4]);
      });
    }
  });

  test('CPU samples are counted as they are', () => {
    const cpu = load('go1.26/cpu.pb.gz');
    expect(sum([...sampleCounts(cpu)])).toBe(flatCum(cpu, 'samples').total);
  });

  test('labels split the total, and a filter keeps what its label cost', () => {
    const cpu = load('go1.24/cpu.pb.gz');
    const costs = labelCosts(cpu, 'route', { valueType: 'cpu' });
    expect([...costs.keys()].toSorted()).toEqual(['', '/item', '/list']);
    expect(sum([...costs.values()])).toBe(functionCosts(cpu, { valueType: 'cpu' }).total);
    expect(functionCosts(filterByLabel(cpu, 'route', '/item'), { valueType: 'cpu' }).total).toBe(costs.get('/item'));
  });

  test.each([
    ['go1.22/cpu.pb.gz', 64],
    ['go1.22/heap.pb.gz', 32],
    ['go1.26/heap.pb.gz', 128],
  ])('%s: recursion deeper than %i frames is marked as cut, nothing else', (file, limit) => {
    const profile = load(file);
    const cut = isTruncated(profile);
    const { stack, stackStart } = profile.samples;
    const hasMain = (i: number): boolean =>
      [...stack.subarray(stackStart[i], stackStart[i + 1])].some((location) => {
        const { lineStart, lineFunction } = profile.locations;
        return [...lineFunction.subarray(lineStart[location], lineStart[location + 1])].some(
          (fn) => profile.strings[profile.functions.name[fn]!] === 'runtime.main',
        );
      });
    const marked = [...cut.keys()].filter((i) => cut[i] === 1);
    expect(marked.length, `${limit}`).toBeGreaterThan(0);
    expect(marked.filter(hasMain)).toEqual([]);
  });

  test('goroutines 40 frames deep at most are not marked as cut', () => {
    expect([...isTruncated(load('go1.26/goroutine.pb.gz'))].filter((mark) => mark === 1)).toEqual([]);
  });
});

/** Two samples, one below net/http's server, one of the agent by name or by label. */
const served = (secondFrame: string, label: readonly [string, string] | null): Profile => {
  const stringTable = ['', 'samples', 'count', 'main.work', 'net/http.(*conn).serve', secondFrame, ...(label ?? [])];
  return decodeProfile(
    encodePacked({
      stringTable,
      sampleType: [{ type: 1, unit: 2 }],
      function: [3, 4, 5].map((name, i) => ({ id: i + 1, name, systemName: name })),
      location: [1, 2, 3].map((id) => ({ id, line: [{ functionId: id, line: 1 }] })),
      sample: [
        { locationId: [1, 2], value: [5] },
        { locationId: [1, 3], value: [7], label: label === null ? [] : [{ key: 6, str: 7 }] },
      ],
    }),
    'made',
  );
};

describe('whose work it is', () => {
  test("the agent's frames and its label are left out", () => {
    expect(withoutAgent(served('app/internal/zzgodyno.loop', null)).samples.count).toBe(1);
    expect(withoutAgent(served('main.other', ['godyno', 'agent'])).samples.count).toBe(1);
    expect(withoutAgent(served('main.other', ['godyno', 'other'])).samples.count).toBe(2);
    expect(functionCosts(served('main.other', ['godyno', 'agent'])).total).toBe(5);
    expect(flatCum(served('main.other', ['godyno', 'agent'])).total).toBe(12);
  });
});

describe('call tree', () => {
  test('its root holds both totals, a node at least what its children hold', () => {
    fc.assert(
      fc.property(profileShape(0), profileShape(0), (one, two) => {
        const [base, head] = [one, two].map((shape) => decodeShape({ ...shape, types: ['samples', 'cpu'] })) as [
          Profile,
          Profile,
        ];
        const tree = callTree([{ profile: base, scale: 1 }], [{ profile: head, scale: 2 }]);
        expect(tree.names[tree.name[0]!]).toBe(ROOT_NAME);
        expect(tree.base[0]).toBe(functionCosts(base).total);
        expect(tree.head[0]).toBe(functionCosts(head).total * 2);
        const below = new Float64Array(tree.name.length);
        for (let node = 1; node < tree.name.length; node++) below[tree.parent[node]!]! += tree.head[node]!;
        tree.head.forEach((value, node) => expect(value).toBeGreaterThanOrEqual(below[node]!));
      }),
      { numRuns: 100 },
    );
  });

  test('cut stacks hang below a node that says so; others begin at their goroutine', () => {
    const cpu = load('go1.26/cpu.pb.gz');
    const tree = callTree([{ profile: cpu, scale: 1 }], []);
    const tops = [...tree.name.keys()]
      .slice(1)
      .filter((node) => tree.parent[node] === 0)
      .map((node) => tree.names[tree.name[node]!]);
    expect(tops).toContain(TRUNCATED_NAME);
    expect(tops).toContain('runtime/pprof.Do');
    expect(tops).not.toContain('main.recurse');
  });

  test('a path leads from the root to its node', () => {
    const tree = callTree([{ profile: load('go1.26/heap.pb.gz'), scale: 1, valueType: 'alloc_space' }], []);
    const node = [...tree.name.keys()].find((each) => tree.names[tree.name[each]!] === 'main.(*stack[...]).push')!;
    expect(pathTo(tree, node)).toEqual(['runtime.main', 'main.main', 'main.allocate', 'main.(*stack[...]).push']);
  });
});
