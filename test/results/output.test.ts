import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openOutput } from '../../harness/results/output.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'out-'));
  vi.spyOn(process, 'cwd').mockReturnValue(dir);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

it('writes whole files below the folder that was asked for, and leaves no probe or partial file', async () => {
  const out = await openOutput(path.join(dir, 'a/b'), new Date());
  await out.write('profiles/demo/base/cpu.pb.gz', new Uint8Array([1, 2]));
  await out.write('run.json', '{}');
  expect(readdirSync(out.dir).toSorted()).toEqual(['profiles', 'run.json']);
  expect(readFileSync(out.path('profiles/demo/base/cpu.pb.gz'))).toEqual(Buffer.from([1, 2]));
});

it('keeps the last of many writes of one file at once, and fails none of them', async () => {
  const out = await openOutput(path.join(dir, 'a'), new Date());
  // The earlier, the longer: side by side the last would be there first.
  const contents = Array.from({ length: 12 }, (_, i) => `${i} `.repeat(1 << (18 - i)));
  await Promise.all(contents.map(async (content) => out.write('cpu.pb.gz', content)));
  expect(readFileSync(out.path('cpu.pb.gz'), 'utf8')).toBe(contents.at(-1));
  expect(readdirSync(out.dir)).toEqual(['cpu.pb.gz']);
});

it('refuses a folder below a file with the exit code of usage and names --out', async () => {
  writeFileSync(path.join(dir, 'file'), '');
  await expect(openOutput(path.join(dir, 'file/below'), new Date())).rejects.toMatchObject({
    code: 'OUT_UNWRITABLE',
    exitCode: 2,
    hint: expect.stringContaining('--out') as string,
  });
});

/** Where Node's own recursive mkdir would try for ever. */
const CANNOT_BE_MADE = process.platform === 'linux' ? '/proc/nope/a/b' : '/dev/null/a/b';

it('refuses a folder that its file system never makes, at once', async () => {
  await expect(openOutput(CANNOT_BE_MADE, new Date())).rejects.toMatchObject({ code: 'OUT_UNWRITABLE', exitCode: 2 });
});

it('names a new folder by the time and points `latest` to the newest that holds a result', async () => {
  const first = await openOutput(undefined, new Date(2026, 10, 23, 9, 5, 7));
  expect(path.basename(first.dir)).toBe('2026-11-23T09-05-07');
  const latest = path.join(path.dirname(first.dir), 'latest');
  expect(existsSync(latest)).toBe(false);
  await first.write('run.json', '{}');
  const second = await openOutput(undefined, new Date(2026, 10, 23, 9, 5, 8));
  expect(readlinkSync(latest)).toBe('2026-11-23T09-05-07');
  await second.write('run.json', '{}');
  expect(readlinkSync(latest)).toBe('2026-11-23T09-05-08');
});

it('leaves no folder of a command that ended before it had a result, and keeps one that was there', () => {
  const there = path.join(dir, 'there');
  mkdirSync(there);
  const source = path.resolve(import.meta.dirname, '../../harness/results/output.ts');
  const code = `const { openOutput } = await import(${JSON.stringify(source)});
    await openOutput(undefined, new Date()); await openOutput('new', new Date()); await openOutput('there', new Date());`;
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', code], { cwd: dir });
  expect(status).toBe(0);
  expect(readdirSync(dir)).toEqual(['.godyno', 'there']);
  expect(readdirSync(path.join(dir, '.godyno'))).toEqual(['.gitignore']);
});
