import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { openOutput } from '../../harness/cli/output.ts';

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

it('refuses a folder below a file with the exit code of usage and names --out', async () => {
  writeFileSync(path.join(dir, 'file'), '');
  await expect(openOutput(path.join(dir, 'file/below'), new Date())).rejects.toMatchObject({
    code: 'OUT_UNWRITABLE',
    exitCode: 2,
    hint: expect.stringContaining('--out') as string,
  });
});

it('names a new folder by the time and points `latest` to the newest', async () => {
  const first = await openOutput(undefined, new Date(2026, 10, 23, 9, 5, 7));
  const second = await openOutput(undefined, new Date(2026, 10, 23, 9, 5, 8));
  expect(path.basename(first.dir)).toBe('2026-11-23T09-05-07');
  expect(readlinkSync(path.join(path.dirname(second.dir), 'latest'))).toBe('2026-11-23T09-05-08');
});
