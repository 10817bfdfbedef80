import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storeBaseline } from '../../harness/baseline/index.ts';
import { baselineNamed, openStored } from '../../harness/cli/stored.ts';
import { sampleRun } from '../baseline/sample-run.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'stored-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const file = (name: string): void => {
  mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
  writeFileSync(path.join(dir, name), '{}');
};

it('names the latest run of a folder that holds runs', async () => {
  file('.godyno/2026-11-30T10-00-00/run.json');
  file('.godyno/latest/run.json');
  const folder = path.join(dir, '.godyno');
  await expect(openStored(folder, dir)).rejects.toMatchObject({
    code: 'NO_RUN_HERE',
    exitCode: 2,
    message: `There is no run.json in ${folder}; did you mean ${path.join(folder, 'latest')}?`,
  });
});

it('says of a folder without any run what to name instead', async () => {
  file('out/logs/loader.log');
  await expect(openStored(path.join(dir, 'out'), dir)).rejects.toMatchObject({
    code: 'NO_RUN_HERE',
    hint: expect.stringContaining('.godyno/latest') as string,
  });
});

it('finds a baseline by its folder, below its scenario or not, by its commit, and the newest by its scenario', async () => {
  const store = async (revision: string, createdAt: string): Promise<string> => {
    const run = sampleRun({ revision, createdAt });
    return (await storeBaseline({ dir, run, profiles: new Map(), keep: 5 })).path;
  };
  const newer = await store('b'.repeat(40), '2026-11-02T00:00:00.000Z');
  const older = await store('a'.repeat(40), '2026-11-01T00:00:00.000Z');
  const found = async (word: string): Promise<string> => (await baselineNamed(word, dir)).path;
  expect(await found(path.basename(older))).toBe(older);
  expect(await found(path.join('demo', path.basename(older)))).toBe(older);
  expect(await found('aaaa')).toBe(older);
  expect(await found('demo')).toBe(newer);
  await expect(found('demi')).rejects.toMatchObject({ code: 'NO_SUCH_BASELINE' });
});
