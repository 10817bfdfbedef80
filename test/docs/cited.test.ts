/** What comments cite can be opened: a document of this repository, an RFC, a source that everybody has. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const sources = execFileSync('git', ['ls-files', 'harness', 'test', '*.mjs'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => /\.(?:ts|mjs|go|c)$/.test(file) && existsSync(path.join(root, file)));

/** Lines of comments, by how they begin: `//`, `/*`, or ` * `. */
const commentLines = (file: string): readonly string[] =>
  readFileSync(path.join(root, file), 'utf8')
    .split('\n')
    .filter((line) => /^\s*(?:\/\/|\/\*|\*)|\s\/\/ |\/\*\* /.test(line));

/** Written by godyno, not part of it. */
const OF_A_RUN = ['report.md'];

const documentsIn = (line: string): readonly string[] => line.match(/[\w./-]*\w\.md\b/g) ?? [];

const isThere = (cited: string, file: string): boolean =>
  OF_A_RUN.includes(cited) ||
  [root, path.join(root, path.dirname(file))].some((dir) => existsSync(path.join(dir, cited)));

/** A section of what: RFCs and published texts are named before the sign. */
const PUBLISHED = /RFC \d+|Shell Command Language|Statistical Methods|The Go Programming Language Specification/;

test('comments cite only documents that are in the repository, or published ones', () => {
  const strays = sources.flatMap((file) =>
    commentLines(file)
      .filter(
        (line) =>
          documentsIn(line).some((cited) => !isThere(cited, file)) || (line.includes('§') && !PUBLISHED.test(line)),
      )
      .map((line) => `${file}: ${line.trim()}`),
  );
  expect(strays).toEqual([]);
});

test('comments are found, and what they cite in them', () => {
  const cited = sources.flatMap((file) => commentLines(file).flatMap(documentsIn));
  expect(cited.filter((name) => name === 'docs/method.md').length).toBeGreaterThan(3);
});
