import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { pruneFolder } from '../../harness/service/index.ts';
import { makeFolder, removeFolders } from './go-modules.ts';

afterAll(removeFolders);

const folderWith = (entries: readonly string[]): string => {
  const folder = makeFolder({
    'old.bin': 'x'.repeat(40_000),
    'tree/a/one.js': 'x'.repeat(30_000),
    'tree/b/two.js': 'x'.repeat(30_000),
    'new.bin': 'x'.repeat(40_000),
  });
  entries.forEach((name, age) => utimesSync(join(folder, name), 1000 - age, 1000 - age));
  return folder;
};

test('what was used longest ago goes first, a folder whole and by the size of all its files', async () => {
  const folder = folderWith(['new.bin', 'tree', 'old.bin']);
  await pruneFolder(folder, 130_000);
  expect(readdirSync(folder).toSorted()).toEqual(['new.bin', 'tree']);
  await pruneFolder(folder, 90_000);
  expect(readdirSync(folder)).toEqual(['new.bin']);
});

test('below the limit everything stays, and nothing above it is spared', async () => {
  const folder = folderWith(['tree', 'old.bin', 'new.bin']);
  await pruneFolder(folder, 1e6);
  expect(readdirSync(folder)).toHaveLength(3);
  await pruneFolder(folder, 1000);
  expect(readdirSync(folder)).toEqual([]);
});
