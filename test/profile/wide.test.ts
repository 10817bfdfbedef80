import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  decodeProfile,
  diffProfile,
  encodeProfile,
  filterByLabel,
  labelCosts,
  lineCosts,
  mergeProfiles,
  packageCosts,
  pprofTotal,
} from '../../harness/profile/index.ts';
import { decodeToObject, encodePacked } from './format/pprof.proto.ts';
import { flatCumRows, parseTop, type TopRow } from './top-table.ts';

const folder = mkdtempSync(join(tmpdir(), 'godyno-wide-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rowsOf = (rows: readonly TopRow[]) =>
  new Map(rows.filter(({ flat, cum }) => flat !== 0 || cum !== 0).map(({ name, flat, cum }) => [name, [flat, cum]]));

const goTop = (bytes: Uint8Array, ...flags: readonly string[]): string => {
  const file = join(folder, 'p.pb.gz');
  writeFileSync(file, bytes);
  const all = ['-nodecount=0', '-nodefraction=0', '-edgefraction=0', '-unit=count', ...flags];
  return execFileSync('go', ['tool', 'pprof', '-top', ...all, file], { encoding: 'utf8', stdio: 'pipe' });
};

const MAX = '9223372036854775807';
const WIDE_ID = '18446744073709551615';

const message = (values: readonly string[], change: object = {}) => ({
  stringTable: ['', 'delay', 'count', 'main.a', 'main.b', 'a.go', 'route', '/x'],
  sampleType: [{ type: 1, unit: 2 }],
  periodType: { type: 1, unit: 2 },
  period: MAX,
  timeNanos: '1700000000000000000',
  durationNanos: '1700000000123456789',
  mapping: [{ id: WIDE_ID, hasFunctions: true }],
  function: [
    { id: '9007199254740993', name: 3, systemName: 3, filename: 5, startLine: -7 },
    { id: '9007199254740992', name: 4, systemName: 4, filename: 5, startLine: MAX },
  ],
  location: [
    { id: WIDE_ID, mappingId: WIDE_ID, line: [{ functionId: '9007199254740993', line: -3 }] },
    { id: '18446744073709551614', mappingId: 77, line: [{ functionId: '9007199254740992', line: 12, column: -1 }] },
  ],
  sample: values.map((value, i) => ({
    locationId: i % 2 === 0 ? [WIDE_ID, '18446744073709551614'] : ['18446744073709551614'],
    value: [value],
    label: i % 2 === 0 ? [{ key: 6, str: 7 }] : [],
  })),
  ...change,
});

const cases: readonly (readonly [string, readonly string[]])[] = [
  ['just beyond 2^53', ['9007199254740993', '9007199254740995', '1']],
  ['whose sum alone is beyond 2^53', ['9007199254740991', '9007199254740991', '1', '1']],
  ['as large as they get', [MAX]],
  ['that wrap around in Go', [MAX, MAX, MAX, '-9223372036854775808']],
  ['below −2^53', ['-9007199254740995', '3', '-9223372036854775807']],
  ['that cancel', ['9007199254740993', '9007199254740993', '-9007199254740992', '-9007199254740993']],
];

describe('values beyond 2^53', () => {
  test.each(cases)('%s add up as in go tool pprof', (_, values) => {
    const bytes = encodePacked(message(values));
    expect(rowsOf(flatCumRows(decodeProfile(bytes, 'wide')))).toEqual(rowsOf(parseTop(goTop(bytes))));
  });

  test.each(cases)('%s, with their ids, period and duration, come out of the encoder as they went in', (_, values) => {
    const bytes = encodePacked(message(values));
    const again = decodeToObject(gunzipSync(encodeProfile(decodeProfile(bytes, 'wide'))));
    const before = decodeToObject(bytes);
    const valuesOf = (object: { readonly [key: string]: unknown }) =>
      (object['sample'] as readonly { value: unknown }[]).map(({ value }) => value);
    expect(valuesOf(again)).toEqual(valuesOf(before));
    expect([again['period'], again['durationNanos']]).toEqual([before['period'], before['durationNanos']]);
  });

  test('any int64 adds up as Go does, per function, line, package and label', () => {
    const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(fc.array(int64, { minLength: 1, maxLength: 8 }), (values) => {
        const profile = decodeProfile(encodePacked(message(values.map(String))), 'wide');
        const sum = (some: readonly bigint[]) =>
          Number(
            BigInt.asIntN(
              64,
              some.reduce((a, b) => a + b, 0n),
            ),
          );
        const a = sum(values.filter((_, i) => i % 2 === 0));
        const b = sum(values.filter((_, i) => i % 2 === 1));
        const all = sum(values);
        expect(flatCumRows(profile)).toEqual([
          { name: 'main.a', flat: a, cum: a },
          { name: 'main.b', flat: b, cum: all },
        ]);
        const names = { names: 'pprof' } as const;
        expect(lineCosts(profile, names).map(({ line, flat, cum }) => [line, flat, cum])).toEqual([
          [-3, a, a],
          [12, b, all],
        ]);
        expect(packageCosts(profile, names)[0]?.cum).toBe(all);
        expect(labelCosts(profile, 'route').get('/x')).toBe(a);
      }),
      { numRuns: 200 },
    );
  });

  test('merged profiles add the whole values, and a filter keeps them', () => {
    const profile = decodeProfile(encodePacked(message(['9007199254740993', '5'])), 'wide');
    const doubled = mergeProfiles([profile, profile]);
    expect([...(doubled.samples.wide ?? [])].map(([, value]) => value)).toEqual([18014398509481986n]);
    const kept = filterByLabel(mergeProfiles([doubled, profile]), 'route', '/x');
    expect([...(kept.samples.wide ?? [])].map(([, value]) => value)).toEqual([27021597764222979n]);
  });

  test('a difference takes its shares of what go tool pprof takes them of', () => {
    const [base, head] = [
      ['9007199254740993', '-7'],
      ['4', '9'],
    ].map((values) => decodeProfile(encodePacked(message(values)), 'wide'));
    const diff = encodeProfile(diffProfile(base!, head!));
    const total = /of (\d+) total/.exec(goTop(diff))?.[1];
    expect(pprofTotal(decodeProfile(diff, 'diff'))).toBe(Number(total));
  });
});

describe('what else go tool pprof reads', () => {
  const bytes = encodePacked(message(['4', '5']));
  const zeros = Buffer.alloc(512);
  const half = bytes.length >> 1;
  test.each([
    ['zeros behind the message', Buffer.concat([bytes, zeros])],
    ['fields nobody knows', Buffer.concat([bytes, Buffer.from([0xf8, 0xff, 0xff, 0xff, 0x7f, 1, 0x00, 5])])],
    ['several members of gzip', Buffer.concat([gzipSync(bytes.subarray(0, half)), gzipSync(bytes.subarray(half))])],
    ['a member of nothing', Buffer.concat([gzipSync(bytes), gzipSync(Buffer.alloc(0))])],
  ])('%s', (_, file) => {
    const rows = rowsOf(flatCumRows(decodeProfile(file, 'x')));
    expect(rows).toEqual(rowsOf(parseTop(goTop(file))));
    expect(rows.size).toBe(2);
  });

  test('zeros behind gzip are padding, anything else there is damage', () => {
    const packed = gzipSync(bytes);
    expect(flatCumRows(decodeProfile(Buffer.concat([packed, zeros]), 'x')).length).toBe(2);
    expect(() => decodeProfile(Buffer.concat([packed, zeros, packed]), 'x')).toThrow(/behind its end at byte/);
    expect(() => decodeProfile(Buffer.concat([packed, Buffer.from('more')]), 'x')).toThrow(/damaged gzip/);
  });
});
