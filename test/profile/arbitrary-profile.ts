/** Random small profiles as plain messages, for properties; every index is valid, ids are whatever. */
import fc from 'fast-check';
import { decodeProfile, type Profile } from '../../harness/profile/index.ts';
import { encodePacked } from './format/pprof.proto.ts';

export interface ProfileShape {
  readonly types: readonly string[];
  readonly functions: readonly { readonly name: number; readonly line: number }[];
  readonly locations: readonly (readonly { readonly fn: number; readonly line: number }[])[];
  readonly samples: readonly {
    readonly stack: readonly number[];
    readonly values: readonly number[];
    readonly label: number;
  }[];
  readonly idStep: number;
}

const NAMES = [
  'main.a',
  'main.b',
  'main.b.func1',
  'x/y.(*T[go.shape.int]).Do',
  'runtime.mallocgc',
  'net/http.(*conn).serve',
];

export const profileShape = (minimum: number): fc.Arbitrary<ProfileShape> =>
  fc.record({
    types: fc.constantFrom(
      ['samples', 'cpu'],
      ['alloc_objects', 'alloc_space', 'inuse_objects', 'inuse_space'],
      ['contentions', 'delay'],
    ),
    functions: fc.array(fc.record({ name: fc.nat(5), line: fc.nat(900) }), { minLength: 1, maxLength: 6 }),
    locations: fc.array(fc.array(fc.record({ fn: fc.nat(5), line: fc.nat(70_000) }), { maxLength: 3 }), {
      minLength: 1,
      maxLength: 8,
    }),
    samples: fc.array(
      fc.record({
        stack: fc.array(fc.nat(7), { maxLength: 9 }),
        values: fc.array(fc.integer({ min: minimum, max: 2 ** 40 }), { minLength: 4, maxLength: 4 }),
        label: fc.nat(4),
      }),
      { maxLength: 12 },
    ),
    idStep: fc.constantFrom(1, 3, 1_000_003),
  });

/** The message for {@link encodePacked}. */
export const messageOf = ({ types, functions, locations, samples, idStep }: ProfileShape): object => {
  const stringTable = ['', ...types, 'count', ...NAMES, 'file.go', 'route', '/list', 'bytes'];
  const text = (value: string): number => stringTable.indexOf(value);
  const id = (index: number, of: number): number => ((index % of) + 1) * idStep;
  return {
    stringTable,
    sampleType: types.map((type) => ({ type: text(type), unit: text('count') })),
    periodType: { type: text(types[0]!), unit: text('count') },
    period: 10_000_000,
    timeNanos: '1700000000123456789',
    mapping: [{ id: 1, memoryStart: 4194304, memoryLimit: '18446744073709551615', filename: text('file.go') }],
    function: functions.map(({ name, line }, i) => ({
      id: id(i, functions.length),
      name: text(NAMES[name]!),
      systemName: text(NAMES[name]!),
      filename: text('file.go'),
      startLine: line,
    })),
    location: locations.map((lines, i) => ({
      id: id(i, locations.length),
      mappingId: i % 2,
      address: `${18446744073709551000n + BigInt(i)}`,
      line: lines.map(({ fn, line }) => ({ functionId: id(fn, functions.length), line })),
    })),
    sample: samples.map(({ stack, values, label }) => ({
      locationId: stack.map((at) => id(at, locations.length)),
      value: values.slice(0, types.length),
      label:
        label === 0
          ? []
          : [
              { key: text('route'), str: text('/list') },
              { key: text('bytes'), num: -label, numUnit: text('bytes') },
            ],
    })),
  };
};

export const decodeShape = (shape: ProfileShape): Profile => decodeProfile(encodePacked(messageOf(shape)), 'random');

/** Everything the samples say, free of ids and order: stack text, labels and values, sorted. */
export const contentOf = (profile: Profile): readonly string[] => {
  const { samples, labels, locations, functions, strings } = profile;
  const frame = (location: number): string => {
    const lines = Array.from(
      locations.lineFunction.subarray(locations.lineStart[location], locations.lineStart[location + 1]),
      (fn, i) => {
        const line = locations.lineStart[location]! + i;
        return `${strings[functions.name[fn]!]}@${functions.startLine[fn]}:${locations.lineNumber[line]}`;
      },
    );
    return lines.length > 0 ? lines.join('<') : `0x${locations.address[location]}`;
  };
  const width = profile.sampleTypes.length;
  const sums = new Map<string, number[]>();
  for (let i = 0; i < samples.count; i++) {
    const stack = Array.from(samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1]), frame);
    const tags = [];
    for (let l = samples.labelStart[i]!; l < samples.labelStart[i + 1]!; l++) {
      tags.push(`${strings[labels.key[l]!]}=${strings[labels.text[l]!]}${labels.number[l]}${strings[labels.unit[l]!]}`);
    }
    const key = `${stack.join(';')} ${tags.toSorted().join(' ')}`;
    const sum = sums.get(key) ?? Array.from({ length: width }, () => 0);
    sums.set(
      key,
      sum.map((value, t) => value + samples.values[i * width + t]!),
    );
  }
  return [...sums]
    .filter(([, sum]) => sum.some((v) => v !== 0))
    .map(([key, sum]) => `${key} ${sum.join(',')}`)
    .toSorted();
};
