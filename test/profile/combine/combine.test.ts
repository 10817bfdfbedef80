import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeProfile,
  diffProfile,
  encodeProfile,
  functionCosts,
  mergeProfiles,
  type Profile,
  ProfileError,
  subtractProfile,
} from '../../../harness/profile/index.ts';
import { contentOf, decodeShape, profileShape } from '../arbitrary-profile.ts';
import { encodePacked } from '../format/pprof.proto.ts';
import { flatCumRows, parseTop, type TopRow } from '../top-table.ts';
import { GO_VERSIONS } from '../fixtures.ts';

const FIXTURES = new URL('../../fixtures/profiles/', import.meta.url);
const read = (file: string): Uint8Array => readFileSync(new URL(file, FIXTURES));
const load = (file: string): Profile => decodeProfile(read(file), file);
const hasGo = spawnSync('go', ['version']).status === 0;

const rowsOf = (rows: readonly TopRow[]): ReadonlyMap<string, readonly number[]> =>
  new Map(rows.filter(({ flat, cum }) => flat !== 0 || cum !== 0).map(({ name, flat, cum }) => [name, [flat, cum]]));
const costsOf = (profile: Profile, valueType: string) => rowsOf(flatCumRows(profile, valueType));

/** What `go tool pprof -top` prints for these bytes. */
const goTop = (
  bytes: Uint8Array,
  type: string,
  unit: string,
  ...flags: readonly string[]
): ReadonlyMap<string, readonly number[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'godyno-profile-'));
  try {
    const file = join(folder, 'p.pb.gz');
    writeFileSync(file, bytes);
    const all = ['-nodecount=0', '-nodefraction=0', '-edgefraction=0', `-unit=${unit}`, `-sample_index=${type}`];
    const text = execFileSync('go', ['tool', 'pprof', '-top', ...all, ...flags, file], {
      encoding: 'utf8',
      stdio: 'pipe',
    });
    return rowsOf(parseTop(text));
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const kinds = [
  ['heap', 'alloc_objects'],
  ['heap', 'alloc_space'],
  ['mutex', 'contentions'],
  ['mutex', 'delay'],
  ['block', 'contentions'],
  ['block', 'delay'],
] as const;
const pairs = GO_VERSIONS.flatMap((version) => kinds.map(([kind, type]) => [version, kind, type] as const));

describe('subtractProfile', () => {
  test.each(pairs)('%s %s: %s equals go tool pprof -diff_base', (version, kind, type) => {
    const delta = subtractProfile(load(`${version}/${kind}.pb.gz`), load(`${version}/${kind}-before.pb.gz`));
    const table = parseTop(new TextDecoder().decode(read(`${version}/${kind}.${type}.diff.txt`)));
    // pprof keeps the −1 and −2 that rounding leaves in a stack, so a function may differ by 2 per stack of it.
    const expected = rowsOf(table);
    const found = costsOf(delta, type);
    for (const name of new Set([...expected.keys(), ...found.keys()])) {
      const [flat = 0, cum = 0] = expected.get(name) ?? [];
      const [ourFlat = 0, ourCum = 0] = found.get(name) ?? [];
      expect(Math.abs(ourFlat - flat), `${name} flat`).toBeLessThanOrEqual(4);
      expect(Math.abs(ourCum - cum), `${name} cum`).toBeLessThanOrEqual(4);
    }
    expect(expected.size).toBeGreaterThan(0);
  });

  test('the live heap of a difference is the later snapshot', () => {
    const after = load('go1.26/heap.pb.gz');
    const delta = subtractProfile(after, load('go1.26/heap-before.pb.gz'));
    expect(costsOf(delta, 'inuse_space')).toEqual(costsOf(after, 'inuse_space'));
  });

  test('a cumulative profile less itself has no cost anywhere', () => {
    fc.assert(
      fc.property(profileShape(0), (shape) => {
        const profile = decodeShape({ ...shape, types: ['contentions', 'delay'] });
        expect(subtractProfile(profile, profile).samples.count).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test('a sum less one part is the other part', () => {
    fc.assert(
      fc.property(profileShape(0), profileShape(0), (one, two) => {
        const types = ['contentions', 'delay'];
        const [a, b, sum] = [one.samples, two.samples, [...one.samples, ...two.samples]].map((samples) =>
          decodeShape({ ...one, types, samples }),
        ) as [Profile, Profile, Profile];
        expect(contentOf(subtractProfile(sum, b))).toEqual(contentOf(a));
      }),
      { numRuns: 150 },
    );
  });

  test('falling by 2 is rounding and becomes 0, falling by 3 is refused with the stack type and the amount', () => {
    const shape = (value: number) =>
      decodeShape({
        types: ['contentions', 'delay'],
        functions: [{ name: 0, line: 1 }],
        locations: [[{ fn: 0, line: 2 }]],
        samples: [{ stack: [0], values: [value, 1000], label: 0 }],
        idStep: 1,
      });
    expect(subtractProfile(shape(5), shape(7)).samples.count).toBeLessThanOrEqual(1);
    expect(functionCosts(subtractProfile(shape(5), shape(7)), { valueType: 'contentions' }).total).toBe(0);
    expect(() => subtractProfile(shape(5), shape(8))).toThrow(/contentions of one stack fell by 3/);
  });

  /** As Go's writer does with `//line`: the file of a function is that of the first frame met, and so is how far a stack is expanded. */
  const lineSnapshot = (file: string, objects: number) =>
    decodeProfile(
      encodePacked({
        stringTable: ['', 'alloc_objects', 'count', 'main.yyParse', 'main.parse', file],
        sampleType: [{ type: 1, unit: 2 }],
        periodType: { type: 1, unit: 2 },
        mapping: [{ id: 1 }],
        function: [
          { id: 1, name: 3, systemName: 3, filename: 5, startLine: 40 },
          { id: 2, name: 4, systemName: 4, filename: 5, startLine: 7 },
        ],
        location: [
          { id: 1, mappingId: 1, address: 0x4010, line: [{ functionId: 1, line: 50 }] },
          { id: 2, mappingId: 1, address: 0x4020, line: [{ functionId: 2, line: 9 }] },
          // A second place at the address of the first, as a cut stack leaves it.
          { id: 3, mappingId: 1, address: 0x4010, line: [{ functionId: 2, line: 8 }] },
        ],
        sample: [
          { locationId: [1, 2], value: [objects] },
          { locationId: [3], value: [objects] },
        ],
      }),
      file,
    );

  test('code of one process is known again by its address, whichever file a snapshot names for it', () => {
    const delta = subtractProfile(lineSnapshot('parser.y', 30_000), lineSnapshot('parser.go', 10_000));
    expect(costsOf(delta, 'alloc_objects')).toEqual(
      new Map([
        ['main.yyParse', [20_000, 20_000]],
        ['main.parse', [20_000, 40_000]],
      ]),
    );
    expect(delta.samples.count).toBe(2);
    expect(delta.strings[delta.functions.file[delta.locations.lineFunction[0]!]!]).toBe('parser.y');
  });

  test('an interval profile cannot be subtracted', () => {
    const cpu = load('go1.26/cpu.pb.gz');
    expect(() => subtractProfile(cpu, cpu)).toThrow(ProfileError);
  });
});

describe('mergeProfiles', () => {
  test('merging is free of order and grouping', () => {
    fc.assert(
      fc.property(profileShape(-9), profileShape(-9), profileShape(-9), (one, two, three) => {
        const [a, b, c] = [one, two, three].map((shape) => decodeShape({ ...shape, types: ['samples', 'cpu'] })) as [
          Profile,
          Profile,
          Profile,
        ];
        const whole = contentOf(mergeProfiles([a, b, c]));
        expect(contentOf(mergeProfiles([c, a, b]))).toEqual(whole);
        expect(contentOf(mergeProfiles([a, mergeProfiles([b, c])]))).toEqual(whole);
      }),
      { numRuns: 150 },
    );
  });

  test.each(['cpu', 'heap', 'mutex', 'goroutine'])('a %s profile merged with itself doubles every row', (kind) => {
    const profile = load(`go1.26/${kind}.pb.gz`);
    const type = profile.sampleTypes[0]!.type;
    const doubled = [...costsOf(profile, type)].map(([name, [flat, cum]]) => [name, [flat! * 2, cum! * 2]] as const);
    expect(costsOf(mergeProfiles([profile, profile]), type)).toEqual(new Map(doubled));
  });

  test('profiles of different kinds are refused by name', () => {
    expect(() => mergeProfiles([load('go1.26/cpu.pb.gz'), load('go1.26/heap.pb.gz')])).toThrow(
      /cpu.pb.gz holds samples.*heap.pb.gz holds alloc_objects/,
    );
    expect(() => mergeProfiles([])).toThrow(ProfileError);
  });
});

describe('diffProfile', () => {
  test('base against itself cancels in every function but keeps both sides', () => {
    const cpu = load('go1.26/cpu.pb.gz');
    const diff = diffProfile(cpu, cpu);
    expect(diff.samples.count).toBeGreaterThan(cpu.samples.count);
    expect([...costsOf(diff, 'cpu')]).toEqual([]);
  });
});

describe.skipIf(!hasGo)('the real go tool pprof', () => {
  test.each([
    ['cpu', 'cpu', 'ns'],
    ['heap', 'alloc_space', 'B'],
    ['cgo', 'samples', 'count'],
  ])('reads a merged %s profile as we do', (kind, type, unit) => {
    const profile = load(`go1.26/${kind}.pb.gz`);
    const merged = mergeProfiles([profile, profile]);
    expect(goTop(encodeProfile(merged), type, unit)).toEqual(costsOf(merged, type));
  });

  const withFunctions = (names: readonly string[]): Uint8Array =>
    encodePacked({
      stringTable: ['', 'samples', 'count', ...names],
      sampleType: [{ type: 1, unit: 2 }],
      mapping: [{ id: 1, hasFunctions: true }],
      function: names.map((_, i) => ({ id: i + 1, name: i + 3, systemName: i + 3 })),
      location: names.map((_, i) => ({ id: i + 1, mappingId: 1, line: [{ functionId: i + 1, line: 1 }] })),
      sample: names.map((_, i) => ({ locationId: [i + 1], value: [i + 1] })),
    });

  test('prints names as we do, also those of C++', () => {
    const bytes = withFunctions(['main.(*T[go.shape.int]).Do', 'ns::f<int>(char)', 'main.(*T).Do', 'a<b']);
    expect(costsOf(decodeProfile(bytes, 'names'), 'samples')).toEqual(goTop(bytes, 'samples', 'count'));
  });

  test('takes generic methods of Go for C++ unless it is told to leave names alone, as we do', () => {
    const bytes = withFunctions([
      'main.(*A).Do[go.shape.string]',
      'main.(*B).Do[go.shape.string]',
      'main.(*A).Do[go.shape.string].func1',
      'main.apply[go.shape.func(int) string]',
    ]);
    const ours = costsOf(decodeProfile(bytes, 'names'), 'samples');
    expect(ours).toEqual(goTop(bytes, 'samples', 'count', '-symbolize=none'));
    expect(goTop(bytes, 'samples', 'count').get('main..Do[go.shape.string]')).toEqual([3, 3]);
    expect(ours.size).toBe(4);
  });

  test('shows a diff profile as head less base', () => {
    const diff = diffProfile(load('go1.24/cpu.pb.gz'), load('go1.26/cpu.pb.gz'));
    expect(goTop(encodeProfile(diff), 'cpu', 'ns')).toEqual(costsOf(diff, 'cpu'));
  });
});
