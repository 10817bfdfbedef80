import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { encodePacked } from '../../profile/format/pprof.proto.ts';
import { parseTop } from '../../profile/top-table.ts';
import { runMain } from '../stdout.ts';
import { GO_VERSIONS } from '../../profile/fixtures.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/profiles/', import.meta.url));

interface TopJson {
  readonly type: string;
  readonly unit: string;
  readonly total: number;
  readonly functions: readonly { readonly function: string; readonly flat: number; readonly cum: number }[];
}

const topJson = async (...args: readonly string[]): Promise<TopJson> => {
  const { code, stdout, stderr } = await runMain('top', ...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as TopJson;
};

describe.each(GO_VERSIONS)('top --json lists what go tool pprof -top lists: %s', (version) => {
  const tables = readdirSync(`${FIXTURES}${version}`).filter((file) => file.endsWith('.top.txt'));
  it.each(tables)('%s', async (file) => {
    const [kind = '', type = ''] = file.split('.');
    const expected = parseTop(readFileSync(`${FIXTURES}${version}/${file}`, 'utf8'));
    const { functions, ...head } = await topJson(`${FIXTURES}${version}/${kind}.pb.gz`, '--type', type);
    expect(new Map(functions.map((row) => [row.function, [row.flat, row.cum]]))).toEqual(
      new Map(expected.map(({ name, flat, cum }) => [name, [flat, cum]])),
    );
    expect(functions.length).toBe(expected.length);
    expect(head).toMatchObject({ type, total: expected.reduce((sum, { flat }) => sum + flat, 0) });
  });
});

it.each([
  ['cpu', 'cpu', 'nanoseconds'],
  ['heap', 'inuse_space', 'bytes'],
  ['mutex', 'delay', 'nanoseconds'],
  ['block', 'delay', 'nanoseconds'],
  ['goroutine', 'goroutine', 'count'],
])('shows of a %s profile what pprof shows first: %s in %s', async (kind, type, unit) => {
  const found = await topJson(`${FIXTURES}go1.26/${kind}.pb.gz`);
  expect(Object.keys(found)).toEqual(['type', 'unit', 'total', 'functions']);
  expect(Object.keys(found.functions[0] ?? {})).toEqual(['function', 'flat', 'cum']);
  expect(found).toMatchObject({ type, unit });
});

it('puts the largest own cost first, with --cum the largest with callees', async () => {
  const file = `${FIXTURES}go1.26/cpu.pb.gz`;
  const byFlat = (await topJson(file)).functions.map(({ flat }) => flat);
  const byCum = (await topJson(file, '--cum')).functions.map(({ cum }) => cum);
  expect(byFlat).toEqual(byFlat.toSorted((a, b) => b - a));
  expect(byCum).toEqual(byCum.toSorted((a, b) => b - a));
});

it('reads standard input when the file is called -', () => {
  const file = `${FIXTURES}go1.26/heap.pb.gz`;
  const args = ['harness/cli/bin.ts', 'top', '-', '--json'];
  const { stdout, status } = spawnSync(process.execPath, args, { input: readFileSync(file), encoding: 'utf8' });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ type: 'inuse_space', total: 2_324_081 });
});

it.each([
  ['cpu', 'cpu', 'ns'],
  ['heap', 'alloc_space', 'B'],
])('--by line equals go tool pprof -top -lines, inlined lines on their own: %s', async (kind, type, unit) => {
  const file = `${FIXTURES}go1.26/${kind}.pb.gz`;
  const all = ['-nodecount=0', '-nodefraction=0', '-edgefraction=0', `-unit=${unit}`, `-sample_index=${type}`];
  const table = execFileSync('go', ['tool', 'pprof', '-symbolize=none', '-top', '-lines', ...all, file], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  const { code, stdout } = await runMain('top', file, '--by', 'line', '--type', type, '--json');
  const found = JSON.parse(stdout) as {
    readonly lines: readonly {
      readonly function: string;
      readonly file: string;
      readonly line: number;
      readonly flat: number;
      readonly cum: number;
    }[];
  };
  expect(code).toBe(0);
  expect(new Map(found.lines.map((row) => [`${row.function} ${row.file}:${row.line}`, [row.flat, row.cum]]))).toEqual(
    new Map(parseTop(table).map(({ name, flat, cum }) => [name, [flat, cum]])),
  );
});

it('--by package adds the functions of a package up, and --by label splits the total', async () => {
  const file = `${FIXTURES}go1.24/cpu.pb.gz`;
  const by = async (what: string): Promise<Record<string, unknown>> =>
    JSON.parse((await runMain('top', file, '--by', what, '--json')).stdout) as Record<string, unknown>;
  const { functions, total } = await topJson(file);
  const packages = (await by('package'))['packages'] as readonly { readonly package: string; readonly flat: number }[];
  const own = functions.filter((row) => row.function.startsWith('main.')).reduce((sum, { flat }) => sum + flat, 0);
  expect(packages.find((row) => row.package === 'main')?.flat).toBe(own);
  const labels = (await by('label:route'))['labels'] as readonly { readonly label: string; readonly flat: number }[];
  expect(labels.map(({ label }) => label).toSorted()).toEqual(['', '/item', '/list']);
  expect(labels.reduce((sum, { flat }) => sum + flat, 0)).toBe(total);
  const args = ['-top', '-nodecount=0', '-nodefraction=0', '-edgefraction=0', '-unit=ns', '-tagfocus=route=/item'];
  const focused = execFileSync('go', ['tool', 'pprof', ...args, file], { encoding: 'utf8', stdio: 'pipe' });
  expect(parseTop(focused).reduce((sum, { flat }) => sum + flat, 0)).toBe(
    labels.find(({ label }) => label === '/item')?.flat,
  );
});

it('--by a numeric label tells its numbers, as heap profiles have the size of objects', async () => {
  const { stdout } = await runMain('top', `${FIXTURES}go1.26/heap.pb.gz`, '--by', 'label:bytes', '--json');
  const { labels } = JSON.parse(stdout) as { readonly labels: readonly { readonly label: string }[] };
  expect(labels.length).toBeGreaterThan(5);
  for (const { label } of labels) expect(label).toMatch(/^\d+$/);
});

it('counts its rows in words that fit their number', async () => {
  const file = `${FIXTURES}go1.26/cpu.pb.gz`;
  expect((await runMain('top', file, '--by', 'label:nobody-sets-it')).stdout).toMatch(/ in 1 label value\n/);
  expect((await runMain('top', file, '--by', 'package')).stdout).toMatch(/ in \d{2,} packages\n/);
});

it('says of a profile that asks to hide functions that it lists them all', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'godyno-top-'));
  try {
    const file = join(folder, 'c.pb');
    const message = { stringTable: ['', 'space', 'bytes', 'tc_(malloc|new)'], sampleType: [{ type: 1, unit: 2 }] };
    writeFileSync(file, encodePacked({ ...message, dropFrames: 3 }));
    const { code, stderr } = await runMain('top', file);
    expect(code).toBe(0);
    expect(stderr).toContain('asks to hide functions like "tc_(malloc|new)"');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it('prints a table for people, with a hint at what was left out', async () => {
  const { stdout } = await runMain('top', `${FIXTURES}go1.26/cpu.pb.gz`);
  expect(stdout).toMatch(/^cpu: [\d.]+ s in \d+ functions\n +flat +cum +function\n/);
  expect(stdout).toMatch(/… \d+ more; --json prints all\n$/);
});

it.each([
  ['a sample type that is not there', ['go1.26/cpu.pb.gz', '--type', 'alloc_space'], 'only samples, cpu'],
  ['a file that is not there', ['nothing.pb.gz'], 'Check the path'],
  ['a folder', ['go1.26'], 'Name the profile itself'],
  ['nothing to sum by', ['go1.26/cpu.pb.gz', '--by', 'file'], 'A row is a function, a line, a package'],
  ['a file that is no profile', ['go1.26/cpu.cpu.top.txt'], 'cpu.cpu.top.txt'],
])('ends with 2 and a sentence for %s', async (_, [file = '', ...rest], sentence) => {
  const { code, stdout, stderr } = await runMain('top', `${FIXTURES}${file}`, ...rest);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
});
