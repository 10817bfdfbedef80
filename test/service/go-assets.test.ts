import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const HARNESS = path.resolve(import.meta.dirname, '../../harness');

const folders = [
  ...new Set(
    readdirSync(HARNESS, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.go'))
      .map((file) => path.dirname(file)),
  ),
];

/** Whether the folder, or one around it below the harness, is a Go module of its own. */
const isInModule = (folder: string): boolean =>
  existsSync(path.join(HARNESS, folder, 'go.mod')) || (folder !== '.' && isInModule(path.dirname(folder)));

test('there are Go programs in the package', () => expect(folders.length).toBeGreaterThan(2));

// They lie in node_modules, which Go looks through: without that, a user's ./... holds them.
test.each(folders)('%s is no part of the Go module that installs the package', (folder) => {
  expect(isInModule(folder)).toBe(true);
});
