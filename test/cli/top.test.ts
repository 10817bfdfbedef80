import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseTop } from '../profile/top-table.ts';
import { runMain } from './stdout.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/profiles/', import.meta.url));

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

describe.each(['go1.22', 'go1.24', 'go1.26'])('top --json lists what go tool pprof -top lists: %s', (version) => {
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

it('prints a table for people, with a hint at what was left out', async () => {
  const { stdout } = await runMain('top', `${FIXTURES}go1.26/cpu.pb.gz`);
  expect(stdout).toMatch(/^cpu: [\d.]+ s in \d+ functions\n +flat +cum +function\n/);
  expect(stdout).toMatch(/… \d+ more; --json prints all\n$/);
});

it.each([
  ['a sample type that is not there', ['go1.26/cpu.pb.gz', '--type', 'alloc_space'], 'only samples, cpu'],
  ['a file that is not there', ['nothing.pb.gz'], 'Check the path'],
  ['a folder', ['go1.26'], 'Name the profile itself'],
  ['a file that is no profile', ['go1.26/cpu.cpu.top.txt'], 'cpu.cpu.top.txt'],
])('ends with 2 and a sentence for %s', async (_, [file = '', ...rest], sentence) => {
  const { code, stdout, stderr } = await runMain('top', `${FIXTURES}${file}`, ...rest);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(sentence);
  expect(stderr).not.toContain('    at ');
});
