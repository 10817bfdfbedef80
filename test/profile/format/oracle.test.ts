import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeProfile } from '../../../harness/profile/index.ts';
import { FIXTURES, GO_VERSIONS } from '../fixtures.ts';
import { flatCumRows, parseTop } from '../top-table.ts';

const tablesOf = (version: string, ending: string): string[] =>
  readdirSync(new URL(`${version}/`, FIXTURES)).filter((file) => file.endsWith(ending));

const openTable = (version: string, file: string) => {
  const [kind = '', type = ''] = file.split('.');
  const folder = new URL(`${version}/`, FIXTURES);
  const profile = decodeProfile(readFileSync(new URL(`${kind}.pb.gz`, folder)), `${kind}.pb.gz`);
  return {
    expected: parseTop(readFileSync(new URL(file, folder), 'utf8')),
    found: flatCumRows(profile, type).filter(({ flat, cum }) => flat !== 0 || cum !== 0),
  };
};

describe.each(GO_VERSIONS)('flat and cum of every function equal go tool pprof -top: %s', (version) => {
  test.each(tablesOf(version, '.top.txt'))('%s', (file) => {
    const { expected, found } = openTable(version, file);
    expect(expected.length).toBeGreaterThan(1);
    expect(new Map(found.map(({ name, flat, cum }) => [name, [flat, cum]]))).toEqual(
      new Map(expected.map(({ name, flat, cum }) => [name, [flat, cum]])),
    );
  });
});

describe('go tool pprof left to itself takes the receiver from generic methods', () => {
  const version = 'go1.27';
  /** `main.(*mixer).each[…]` and `main.(*adder).each[…]` are both `main..each[…]` there. */
  const withoutReceiver = (name: string): string =>
    name.includes(']).') ? name : name.replace(/\(\*\w+\)(?=\.\w+\[)/, '');

  test.each(tablesOf(version, '.plain.txt'))('%s has fewer rows, and their flat costs are sums of ours', (file) => {
    const { expected, found } = openTable(version, file);
    const sums = new Map<string, number>();
    for (const { name, flat } of found) {
      const merged = withoutReceiver(name);
      sums.set(merged, (sums.get(merged) ?? 0) + flat);
    }
    expect(sums).toEqual(new Map(expected.map(({ name, flat }) => [name, flat])));
    expect(expected.length).toBeLessThan(found.length);
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['main.(*mixer).each[go.shape.string]', 'main.(*adder).each[go.shape.string]']),
    );
  });
});
