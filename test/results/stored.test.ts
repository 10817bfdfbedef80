import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { storeBaseline } from '../../harness/baseline/index.ts';
import { baselineNamed, openRun, openStored } from '../../harness/results/stored.ts';
import { sampleRun } from '../builders/recorded-run.ts';

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

it('opens a run by its folder or its run.json, and says what is wrong with anything else', async () => {
  const run = sampleRun({ revision: 'a'.repeat(40), createdAt: '2026-11-01T00:00:00.000Z' });
  file('out/run.json');
  const out = path.join(dir, 'out');
  writeFileSync(path.join(out, 'run.json'), JSON.stringify(run));
  expect(await openRun(out)).toMatchObject({ dir: out });
  expect(await openRun(path.join(out, 'run.json'))).toMatchObject({ dir: out });
  const gone = path.join(dir, 'gone');
  await expect(openRun(gone)).rejects.toMatchObject({
    message: `There is no folder ${gone}`,
    hint: expect.stringContaining('.godyno/latest') as string,
  });
  const { path: baseline } = await storeBaseline({ dir, run, profiles: new Map(), keep: 5 });
  await expect(openRun(baseline)).rejects.toMatchObject({
    code: 'NOT_A_RUN',
    hint: expect.stringContaining(`godyno baseline show ${baseline}`) as string,
  });
});

it.each([
  ['run.json', '{"schemaVersion": 1, "runs": [', /not complete JSON/, /measure again with `godyno run`/],
  ['run.json', '[]', /expected a JSON object/, /nothing else holds these measurements/],
  ['notes.txt', 'hello', /not complete JSON/, /^Name the output folder of a run, or its run.json/],
  ['package.json', '{}', /it has no schemaVersion, expected 1/, /^Name the output folder of a run/],
])('says what to do about a damaged or mistaken file: %s holding %j', async (name, text, message, hint) => {
  file(name);
  writeFileSync(path.join(dir, name), text);
  await expect(openRun(path.join(dir, name))).rejects.toMatchObject({
    message: expect.stringMatching(message) as string,
    hint: expect.stringMatching(hint) as string,
    exitCode: 2,
  });
});
