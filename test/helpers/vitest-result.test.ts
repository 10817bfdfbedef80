import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Tally, tallyOf } from './vitest-result.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'tally-'));
  symlinkSync(path.resolve(import.meta.dirname, '../../node_modules'), path.join(folder, 'node_modules'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the real vitest over these files, each the body of a test file. */
const tally = (files: Readonly<Record<string, string>>, skips: 'fail' | 'pass'): Tally => {
  for (const [name, body] of Object.entries(files)) {
    writeFileSync(path.join(folder, `${name}.test.ts`), `import { test } from 'vitest';\n${body}\n`);
  }
  const json = path.join(folder, 'tests.json');
  const vitest = path.join(folder, 'node_modules/vitest/vitest.mjs');
  const { VITEST: _, ...env } = process.env;
  const args = [vitest, 'run', '--root', folder, '--reporter=json', `--outputFile.json=${json}`];
  const { status } = spawnSync(process.execPath, args, { cwd: folder, env });
  return tallyOf(readFileSync(json, 'utf8'), status, skips);
};

describe('the tally of a vitest run', () => {
  test('counts what passed, and nothing else, when all is well', () => {
    expect(tally({ good: "test('a', () => {}); test('b', () => {});" }, 'fail')).toEqual({
      passed: 2,
      failed: 0,
      remarks: [],
    });
  });

  test('counts failures, a file that breaks, and skipped tests where they may not be', () => {
    const files = {
      mixed: "test('good', () => {}); test('bad', () => { throw new Error('no'); }); test.skip('later', () => {});",
      broken: "import './missing.ts'; test('never', () => {});",
    };
    const strict = tally(files, 'fail');
    expect(strict).toMatchObject({ passed: 1, failed: 3 });
    expect(strict.remarks.map((line) => line.replace(folder, ''))).toEqual([
      '✗ bad',
      '✗ broken before its first test: /broken.test.ts',
      '- skipped: later',
    ]);
    expect(tally(files, 'pass')).toMatchObject({ passed: 1, failed: 2 });
  });

  test('does not take a run with an error outside of its tests for a success', () => {
    const files = {
      stray:
        "test('good', () => { setTimeout(() => { throw new Error('late'); }, 0); return new Promise((r) => setTimeout(r, 50)); });",
    };
    expect(tally(files, 'pass')).toMatchObject({ passed: 1, failed: 1 });
  });

  test('does not take a run without a single test for a success', () => {
    expect(tallyOf('{"success":true,"numPassedTests":0,"numFailedTests":0,"testResults":[]}', 0, 'pass').failed).toBe(
      1,
    );
  });
});
