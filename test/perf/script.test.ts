import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PerfError, perfProfile } from '../../harness/perf/index.ts';
import { samplesIn } from '../../harness/perf/script.ts';
import { decodeProfile, encodeProfile } from '../../harness/profile/index.ts';
import { apply, seededRandom } from '../profile/format/mutate.ts';

/** Of test/targets/native under perf 6.1: Go, a loop in C and writes of a byte each. */
const RECORDED = readFileSync(new URL('../fixtures/perf/native.txt', import.meta.url), 'utf8');

const ALWAYS = [[0, Infinity]] as const;
const program = { file: '/srv/native', functions: null, functionAt: () => null, spans: ALWAYS };

const read = (text: string, more: Partial<typeof program> = {}) => perfProfile(text, { ...program, ...more });

const sample = (...frames: readonly string[]): string =>
  ['7/8  12.000000001:     500250 ', ...frames.map((frame) => `\t${frame}`), '', ''].join('\n');

/** Stacks of a reading, the innermost first. */
const stacksOf = ({ profile }: ReturnType<typeof read>): readonly (readonly string[])[] => {
  const { samples, locations, functions, strings } = profile;
  return Array.from({ length: samples.count }, (_, i) =>
    Array.from(samples.stack.subarray(samples.stackStart[i], samples.stackStart[i + 1])).map(
      (at) => strings[functions.name[locations.lineFunction[locations.lineStart[at] ?? 0] ?? 0] ?? 0] ?? '',
    ),
  );
};

test('a recorded text is read to the last sample, and each is of one place', () => {
  const samples = [...samplesIn(RECORDED)];
  expect(samples.length).toBe(RECORDED.split('\n\n').length - 1);
  expect(new Set(samples.map(({ periodNs }) => periodNs))).toEqual(new Set([500_250]));
  const { samples: counts, profile } = read(RECORDED);
  expect(counts.Go + counts.C + counts.kernel).toBe(samples.length);
  expect(Math.min(counts.Go, counts.C, counts.kernel)).toBeGreaterThan(10);
  expect(profile.sampleTypes.map(({ type }) => type)).toEqual(['samples', 'cpu']);
});

test('C and the kernel are named apart from Go, whose functions have the names of its own profiles', () => {
  const stacks = stacksOf(read(RECORDED)).map((stack) => stack.join('<'));
  expect(stacks.some((stack) => stack.startsWith('C: spin<runtime.cgocall<main._Cfunc_spin<main.routes.func2<'))).toBe(
    true,
  );
  const wrote = stacks.find((stack) => stack.includes('<os.(*File).Write<main.record<')) ?? '';
  expect(wrote).toMatch(
    /^kernel: \w+<.*<kernel: entry_SYSCALL_64_after_hwframe<internal\/runtime\/syscall\/linux\.Syscall6</,
  );
  // Assembly without a package in its name is Go's all the same.
  expect(stacks.some((stack) => stack.startsWith('indexbytebody<'))).toBe(true);
});

test('the profile is one of pprof’s, with whose code ran as a label', () => {
  const { profile } = read(RECORDED);
  const again = decodeProfile(encodeProfile(profile), 'perf');
  expect(again.samples.count).toBe(profile.samples.count);
  const values = Array.from(again.labels.text, (text) => again.strings[text]);
  expect(new Set(values)).toEqual(new Set(['Go', 'C', 'kernel']));
});

test('names hold spaces and parentheses, files may be gone or have no name', () => {
  const text = sample(
    'ffffffff81000130 [unknown] ([kernel.kallsyms])',
    '        12ab std::foo<int (*)(char)>::bar(int, char) const (/usr/lib/lib (old).so (deleted))',
    '        12ac [unknown] (/usr/lib/libz.so)',
    '        12ad [unknown] ([unknown])',
    '        12ae main.map[go.shape.int].abi0 (/srv/native)',
    '        12af helper.part.0 (/srv/native)',
    '7fffdeadbeef __vdso_clock_gettime ([vdso])',
  );
  expect(stacksOf(read(text))).toEqual([
    [
      'kernel: not named',
      'C: std::foo<int (*)(char)>::bar(int, char) const',
      'C: libz.so',
      'main.map[...]',
      'C: helper.part.0',
      'kernel: __vdso_clock_gettime',
    ],
  ]);
});

test('where Go’s tables are known, they say what is Go’s', () => {
  const text = sample('  1 sha256body (/srv/native)', '  2 not.go (/srv/native)', '  3 main.go (/srv/native)');
  const functions = new Set(['sha256body', 'main.go']);
  expect(stacksOf(read(text, { functions } as never))).toEqual([['sha256body', 'C: not.go', 'main.go']]);
});

test('of a program without symbols Go’s functions are named by their places, and C by the program', () => {
  const text = sample('  12 [unknown] (/srv/native)', '  99 [unknown] (/srv/native)', '  13 [unknown] (/srv/native)');
  const functionAt = (place: number): string | null => ({ 0x12: 'main.run[...]', 0x13: 'main.main' })[place] ?? null;
  expect(stacksOf(read(text, { functionAt } as never))).toEqual([['main.run[...]', 'C: native', 'main.main']]);
});

test('a sample without callers has its frame on its own line', () => {
  expect(stacksOf(read('7/8 12.000001: 500250  40 main.run (/srv/native)\n\n'))).toEqual([['main.run']]);
});

test('only samples between begin and end of the turns count', () => {
  const [first] = samplesIn(RECORDED);
  const from = first?.atNs ?? 0;
  expect(read(RECORDED, { spans: [[from, from + 1]] } as never).profile.samples.count).toBe(1);
  expect(() => read(RECORDED, { spans: [[0, 1]] } as never)).toThrow(PerfError);
});

test.each([
  ['nothing', '', 'it is empty'],
  ['the file itself', 'PERFILE2\0\0', 'a perf.data file'],
  ['a text that ends within a line', RECORDED.slice(0, 1000), 'it ends within'],
  ['a text that ends within a sample', sample('  1 main.a (/srv/native)').slice(0, -1), 'it ends within a sample'],
  ['another text', 'hello\n', 'line 1 begins no sample'],
  ['what is no frame', sample('main.a'), 'line 2 is no frame'],
  ['endless lines', `${'x'.repeat(40_000)}\n`, 'is longer than'],
  ['endless stacks', sample(...Array.from({ length: 2000 }, () => '1 main.a (/srv/native)')), '1024th'],
  ['a program without names', sample('  1 [unknown] (/srv/native)', '  2 [unknown] (/srv/native)'), 'have no names'],
])('%s is refused with one message', (_, text, message) => {
  expect(() => read(text)).toThrow(PerfError);
  expect(() => read(text)).toThrow(message);
});

test('damaged text is read or refused, whatever was done to it', () => {
  const random = seededRandom(19);
  const original = new TextEncoder().encode(RECORDED.slice(0, RECORDED.indexOf('\n\n', 12_000) + 2));
  let refused = 0;
  for (let round = 0; round < 300; round++) {
    try {
      read(new TextDecoder().decode(apply(original, random)));
    } catch (error) {
      expect(error).toBeInstanceOf(PerfError);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(50);
  expect(refused).toBeLessThan(300);
});
