import { expect, test } from 'vitest';
import type { PerfComparison, PerfRow } from '../../../harness/model/index.ts';
import { buildReport, renderMarkdown, verdictSentence } from '../../../harness/report/index.ts';
import { comparisonOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';

const [story] = STORIES['regressed-cpu']!.scenarios;

const row = (changes: Partial<PerfRow> = {}): PerfRow => ({
  place: 'kernel',
  function: null,
  below: 'os.(*File).Write',
  calledIn: 'main.record',
  basePerRequest: 80_000,
  headPerRequest: 96_000,
  qValue: 1e-6,
  kind: 'regressed',
  mostly: null,
  ...changes,
});

const perfWith = (rows: readonly PerfRow[]): PerfComparison => ({
  launches: 3,
  samples: { base: 9000, head: 9100 },
  places: [
    { place: 'Go', basePerRequest: 700_000, headPerRequest: 701_000, ciPerRequest: [-3000, 5000] },
    { place: 'C', basePerRequest: 0, headPerRequest: 0, ciPerRequest: [0, 0] },
    { place: 'kernel', basePerRequest: 112_000, headPerRequest: 129_000, ciPerRequest: [15_000, 19_000] },
  ],
  rows,
});

const comparisonWith = (rows: readonly PerfRow[]) => comparisonOf([{ ...story!, perf: perfWith(rows) }]);
const sentence = (...rows: readonly PerfRow[]): string => verdictSentence(comparisonWith(rows));

const CPU = '`demo`: CPU per request +2.2 % (1.2…3.1 %), mostly';

test('the sentence says what the kernel does more below a function, and who of the service called it', () => {
  expect(sentence(row())).toBe(
    `${CPU} the kernel below \`os.(*File).Write\` (+16 µs per request), called in \`main.record\`.`,
  );
  expect(sentence(row({ calledIn: 'main.encode' }))).toMatch(
    /called in `main\.encode`, changed in this pull request\.$/,
  );
});

test('C is told with the function that most of it is', () => {
  expect(sentence(row({ place: 'C', below: 'main.serve', calledIn: 'main.serve', mostly: 'spin' }))).toBe(
    `${CPU} C below \`main.serve\` (+16 µs per request, most of it \`spin\`).`,
  );
  expect(sentence(row({ place: 'C', below: null, calledIn: null }))).toBe(
    `${CPU} C (callers not known) (+16 µs per request).`,
  );
});

test('what is the smaller part of the change leaves the sentence to Go’s functions', () => {
  const usual = `${CPU} \`main.encode\` (+17.7 µs), changed in this pull request.`;
  expect(sentence(row({ headPerRequest: 84_000 }))).toBe(usual);
  expect(sentence(row({ kind: 'improved', headPerRequest: 60_000 }))).toBe(usual);
  expect(sentence(row({ function: 'vfs_write' }))).toBe(usual);
  expect(sentence()).toBe(usual);
});

const markdown = (...rows: readonly PerfRow[]): string =>
  renderMarkdown(
    buildReport({
      comparison: comparisonWith(rows),
      invocation: { program: 'godyno', command: 'run', args: [], flags: [] },
    }),
  );

test('the report has a table of the three places, and says that its figures are not those of Go’s profiles', () => {
  const told = markdown(row(), row({ function: 'vfs_write', basePerRequest: 30_000, headPerRequest: 41_000 }));
  expect(told).toContain('| CPU per request by perf | Base | Head | Change | Interval |');
  expect(told).toContain('| kernel | 112 µs | 129 µs | +17 µs | +15 µs to +19 µs |');
  expect(told).toContain('| the kernel below `os.(*File).Write` | 80 µs | 96 µs | +16 µs | – |');
  expect(told).toContain('| `vfs_write` in the kernel below `os.(*File).Write` | 30 µs | 41 µs | +11 µs | – |');
  expect(told).toContain('is from 3 launches under Linux perf, which knows no inlined functions');
});

test('names from anywhere stay within their row', () => {
  for (const name of HOSTILE) {
    const told = markdown(row({ below: name, calledIn: name, mostly: name }), row({ function: name }));
    expect(told.split('\n').filter((line) => line.startsWith('| the kernel below'))).toHaveLength(1);
  }
});
