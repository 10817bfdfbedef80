import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseTop } from '../../profile/top-table.ts';
import { runMain } from '../stdout.ts';
import { GO_VERSIONS } from '../../profile/fixtures.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/profiles/', import.meta.url));

interface Row {
  readonly function: string;
  readonly base: number;
  readonly head: number;
  readonly delta: number;
}

interface CompareJson {
  readonly type: string;
  readonly total: { readonly base: number; readonly head: number; readonly delta: number };
  readonly functions: readonly Row[];
}

const compareJson = async (...args: readonly string[]): Promise<CompareJson> => {
  const { code, stdout, stderr } = await runMain('compare', ...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as CompareJson;
};

const pairOf = (version: string, kind: string): readonly [string, string] => [
  `${FIXTURES}${version}/${kind}-before.pb.gz`,
  `${FIXTURES}${version}/${kind}.pb.gz`,
];

const nonZero = (rows: Iterable<readonly [string, number]>): ReadonlyMap<string, number> =>
  new Map([...rows].filter(([, value]) => value !== 0));

describe.each(GO_VERSIONS)('deltas are those of go tool pprof -top -diff_base: %s', (version) => {
  const tables = readdirSync(`${FIXTURES}${version}`).filter((file) => file.endsWith('.diff.txt'));
  it.each(tables)('%s', async (file) => {
    const [kind = '', type = ''] = file.split('.');
    const expected = parseTop(readFileSync(`${FIXTURES}${version}/${file}`, 'utf8'));
    const flat = await compareJson(...pairOf(version, kind), '--type', type);
    const cum = await compareJson(...pairOf(version, kind), '--type', type, '--cum');
    const deltas = ({ functions }: CompareJson) => nonZero(functions.map((row) => [row.function, row.delta]));
    expect(deltas(flat)).toEqual(nonZero(expected.map((row) => [row.name, row.flat])));
    expect(deltas(cum)).toEqual(nonZero(expected.map((row) => [row.name, row.cum])));
  });
});

it('agrees with the pprof of this machine on profiles of two Go versions', async () => {
  const [before, after] = [`${FIXTURES}go1.24/cpu.pb.gz`, `${FIXTURES}go1.26/cpu.pb.gz`];
  const args = ['-nodecount=0', '-nodefraction=0', '-edgefraction=0', '-unit=ns', '-top', `-diff_base=${before}`];
  const expected = parseTop(execFileSync('go', ['tool', 'pprof', ...args, after], { encoding: 'utf8', stdio: 'pipe' }));
  const { functions } = await compareJson(before, after);
  expect(nonZero(functions.map((row) => [row.function, row.delta]))).toEqual(
    nonZero(expected.map((row) => [row.name, row.flat])),
  );
});

it('divides each side by its own requests', async () => {
  const pair = pairOf('go1.26', 'heap');
  const plain = await compareJson(...pair, '--type', 'alloc_space');
  const scaled = await compareJson(...pair, '--type', 'alloc_space', '--requests', '100,400');
  const byName = new Map(plain.functions.map((row) => [row.function, row]));
  expect(scaled.functions.length).toBe(plain.functions.length);
  for (const { function: name, base, head, delta } of scaled.functions) {
    expect(base).toBeCloseTo((byName.get(name)?.base ?? Number.NaN) / 100, 6);
    expect(head).toBeCloseTo((byName.get(name)?.head ?? Number.NaN) / 400, 6);
    expect(delta).toBe(head - base);
  }
  expect(scaled.total.base).toBeCloseTo(plain.total.base / 100, 6);
});

it('finds no difference between a profile and itself, and mirrors every row when the sides are exchanged', async () => {
  const [before, after] = pairOf('go1.26', 'mutex');
  expect((await compareJson(after, after)).functions.every(({ delta }) => delta === 0)).toBe(true);
  const there = await compareJson(before, after);
  const back = await compareJson(after, before);
  expect(new Map(back.functions.map((row) => [row.function, [row.head, row.base, 0 - row.delta]]))).toEqual(
    new Map(there.functions.map((row) => [row.function, [row.base, row.head, row.delta]])),
  );
});

it('compares the values of a label, samples without it among them', async () => {
  const cpu = [`${FIXTURES}go1.26/cpu.pb.gz`, `${FIXTURES}go1.26/cpu.pb.gz`];
  const { stdout } = await runMain('compare', ...cpu, '--by', 'label:route', '--requests', '1,2', '--json');
  const { total, labels } = JSON.parse(stdout) as CompareJson & {
    readonly labels: readonly (Omit<Row, 'function'> & { readonly label: string })[];
  };
  expect(labels.map(({ label }) => label).toSorted()).toEqual(['', '/item', '/list']);
  expect(labels.reduce((sum, { base }) => sum + base, 0)).toBeCloseTo(total.base, 3);
  for (const { base, head } of labels) expect(head).toBeCloseTo(base / 2, 6);
  const { stdout: text } = await runMain('compare', ...cpu, '--by', 'label:route');
  expect(text).toMatch(/ base +head +delta +label value\n.*\/list/);
});

it('prints totals and the largest differences for people', async () => {
  const { stdout } = await runMain('compare', ...pairOf('go1.26', 'heap'), '--type', 'alloc_space');
  expect(stdout).toMatch(/^alloc_space: .+ → .+ \(\+.+, \+.+ %\)\n +base +head +delta +function\n/);
});

it.each([
  ['profiles of two kinds', ['go1.26/cpu.pb.gz', 'go1.26/heap.pb.gz'], 'has no sample type inuse_space'],
  ['a profile and a mistyped path', ['go1.26/cpu.pb.gz', 'go1.26/cpuu.pb.gz'], 'Cannot read the profile'],
  ['a profile and something else', ['go1.26/cpu.pb.gz', 'go1.26'], 'is taken for a pprof file'],
  [
    'one count of requests',
    ['go1.26/cpu.pb.gz', 'go1.26/cpu.pb.gz', '--requests', '5'],
    'Expected two numbers above 0',
  ],
  ['a row that is no function', ['go1.26/cpu.pb.gz', 'go1.26/cpu.pb.gz', '--by', 'line'], 'A row is a function, or'],
  ['no requests', ['go1.26/cpu.pb.gz', 'go1.26/cpu.pb.gz', '--requests', '5,0'], 'Expected two numbers above 0'],
  ['a flag for profiles with runs', ['go1.26', 'go1.24', '--cum'], '--cum is for pprof files'],
])('ends with 2 and a sentence for %s', async (_, [before = '', after = '', ...rest], sentence) => {
  const { code, stdout, stderr } = await runMain('compare', `${FIXTURES}${before}`, `${FIXTURES}${after}`, ...rest);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(sentence);
});
