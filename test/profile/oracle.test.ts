import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeProfile } from '../../harness/profile/index.ts';
import { FIXTURES, GO_VERSIONS } from './fixtures.ts';
import { flatCumRows, parseTop } from './top-table.ts';

const tablesOf = (version: string): string[] =>
  readdirSync(new URL(`${version}/`, FIXTURES)).filter((file) => file.endsWith('.top.txt'));

describe.each(GO_VERSIONS)('flat and cum of every function equal go tool pprof -top: %s', (version) => {
  test.each(tablesOf(version))('%s', (file) => {
    const [kind = '', type = ''] = file.split('.');
    const folder = new URL(`${version}/`, FIXTURES);
    const expected = parseTop(readFileSync(new URL(file, folder), 'utf8'));
    const profile = decodeProfile(readFileSync(new URL(`${kind}.pb.gz`, folder)), `${kind}.pb.gz`);
    const found = flatCumRows(profile, type)
      .filter(({ flat, cum }) => flat !== 0 || cum !== 0)
      .map(({ name, flat, cum }) => [name, flat, cum] as const);
    expect(expected.length).toBeGreaterThan(1);
    expect(new Map(found.map(([name, ...rest]) => [name, rest]))).toEqual(
      new Map(expected.map(({ name, flat, cum }) => [name, [flat, cum]])),
    );
  });
});
