import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../harness/errors.ts';
import { METRICS } from '../../harness/metrics/index.ts';
import { METRIC_IDS } from '../../harness/model/index.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';

/** What npm lists: an array in older versions, by name in newer ones. */
type Packed = Readonly<Record<string, { readonly files: readonly { readonly path: string }[] }>>;

const root = path.resolve(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const pages = ['README.md', 'CONTRIBUTING.md', ...globSync('docs/*.md', { cwd: root }).toSorted()];

/** The text of each fenced block of `language`, without its indentation. */
const blocks = (text: string, language: string): readonly string[] =>
  [...text.matchAll(/^( *)```(\w*)\n([^]*?)^ *```/gm)]
    .filter(([, , found]) => found === language)
    .map(([, indent = '', , body = '']) => body.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));

const parse = (text: string, file: string): unknown => {
  const folder = path.join(root, path.dirname(file));
  const contents = new Map(
    referencedFiles(text, file).map((named) => [named, readFileSync(path.join(folder, named), 'utf8')]),
  );
  return parseScenario(text, file, contents);
};

describe('README', () => {
  test('opens with exactly two commands, each enough on a fresh clone', () => {
    expect(/^```[^]*?^```/m.exec(read('README.md'))?.[0]).toBe(
      '```sh\nnpm ci && npm run demo\nnpm ci && npm test\n```',
    );
  });

  test('shows a stranger what a comment says and how to begin before anything else', () => {
    const [intro = ''] = read('README.md').split('\n## ');
    expect(intro).toMatch(/^> \*\*✗ Regressed\*\* · `demo`: /m);
    const commands = blocks(read('README.md'), 'sh').flatMap((block) => block.trim().split('\n'));
    expect(commands.find((line) => line.includes('godyno'))).toBe('npx godyno init');
    expect(intro).toContain('```sh\nnpx godyno init\n```');
  });

  test.each(['scenario', 'gate', 'launch', 'duet', 'couple'])('explains "%s" where it is first used', (word) => {
    const text = read('README.md');
    const explained = text.search(new RegExp(`\\*${word}(?:e?s)?\\*`));
    expect(explained).toBeGreaterThan(0);
    // Flags, keys, files and addresses are no words yet.
    const before = text.slice(0, explained).replaceAll(/```[^]*?```|`[^`]*`|\]\([^)]*\)/g, '');
    expect(before).not.toMatch(new RegExp(`\\b${word}`));
  });

  test('shows a scenario that godyno accepts as it stands', () => {
    const [scenario] = blocks(read('README.md'), 'yaml');
    expect(parse(scenario ?? '', 'scenarios/api.yml')).toMatchObject({ name: 'api' });
  });

  test('lists the default gates with the limits of the metric table', () => {
    const text = read('README.md').replaceAll(/\s+/g, ' ');
    const { cpuNsPerRequest, mallocsPerRequest, allocBytesPerRequest, latencyP50Ms } = METRICS;
    expect(text).toContain(`CPU per request (+${100 * cpuNsPerRequest.practicalRatio} %)`);
    expect(text).toContain(`allocations (+${100 * mallocsPerRequest.practicalRatio} %)`);
    expect(text).toContain(`bytes allocated (+${100 * allocBytesPerRequest.practicalRatio} %)`);
    expect(text).toContain(`+${100 * latencyP50Ms.practicalRatio} % and ${latencyP50Ms.practicalAbsolute} ms`);
    const { heapGrowthBytesPerRequest: heap, goroutineGrowthPerRequest: goroutines } = METRICS;
    expect(text).toContain(
      `heap by ${heap.practicalAbsolute} B and of goroutines by ${goroutines.practicalAbsolute} per request`,
    );
    expect(text).toContain(`(${100 * METRICS.errorRatio.practicalAbsolute} points)`);
  });
});

test.each(['README.md', 'docs/ci.md'])('%s lists every exit code and no other', (page) => {
  const listed = [...read(page).matchAll(/^\| (\d+) \|/gm)].map(([, code]) => Number(code));
  expect(listed).toEqual(Object.values(EXIT).toSorted((a, b) => a - b));
});

test('docs/files.md lists every metric id', () => {
  const text = read('docs/files.md');
  expect(METRIC_IDS.filter((id) => !text.includes(`\`${id}\``))).toEqual([]);
});

/** Of this repository, without what comes after `#`. */
const linksIn = (page: string): readonly string[] =>
  [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));

test.each(pages)('%s links only to files that exist', (page) => {
  const local = linksIn(page);
  expect(local.filter((target) => !existsSync(path.join(root, path.dirname(page), target)))).toEqual([]);
});

test('documents in the package link only to files in the package', () => {
  const args = ['pack', '--dry-run', '--ignore-scripts', '--json'];
  const listed = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })) as Packed;
  const files = new Set(Object.values(listed).flatMap((one) => one.files.map((file) => file.path)));
  const documents = [...files].filter((file) => file.endsWith('.md') && !file.startsWith('dist/'));
  expect(documents).toContain('docs/method.md');
  const dead = documents.flatMap((file) =>
    linksIn(file)
      .map((target) => path.join(path.dirname(file), target))
      .filter((target) => !files.has(target))
      .map((target) => `${file}: ${target}`),
  );
  expect(dead).toEqual([]);
});

test.each(globSync('scenarios/*.yml', { cwd: root }))('%s is a scenario that godyno accepts', (file) => {
  expect(parse(read(file), file)).toMatchObject({ name: path.basename(file, '.yml') });
});

test('workflows use one version of each action: ours, those that init writes, and those in the docs', () => {
  const files = [...globSync('.github/workflows/*.yml', { cwd: root }), ...pages, 'harness/cli/init/workflows.ts'];
  const used = files.flatMap((file) => [...read(file).matchAll(/actions\/[a-z-]+@[\w.]+/g)].map(([use]) => use));
  const versions = [...new Set(used)].toSorted();
  expect(versions.map((use) => use.replace(/@.*/, ''))).toEqual([
    'actions/checkout',
    'actions/setup-go',
    'actions/setup-node',
    'actions/upload-artifact',
  ]);
});
