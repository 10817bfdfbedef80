import { existsSync, globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../harness/errors.ts';
import { METRICS } from '../../harness/metrics/index.ts';
import { METRIC_IDS } from '../../harness/model/index.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';

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

test.each(pages)('%s links only to files that exist', (page) => {
  const targets = [...read(page).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, target = '']) => target);
  const local = targets.filter((target) => !/^[a-z]+:/.test(target));
  expect(local.filter((target) => !existsSync(path.join(root, path.dirname(page), target)))).toEqual([]);
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
