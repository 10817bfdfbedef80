import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writtenFiles } from '../../../harness/service/running/open-files.ts';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'open-')));
  for (const name of ['data', 'log', 'read', 'child', 'gone', 'ours']) writeFileSync(join(folder, name), '');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(process.platform !== 'linux')(
  'files that a process or its child may write to are found; logs, what is only read or gone, and ours are not',
  async () => {
    const ours = openSync(join(folder, 'ours'), 'r+');
    const script =
      'exec 3<>data 4>>log 5<read 6<>gone 7<>ours 8<>/dev/null; rm gone; sh -c "exec 3<>child; echo open; sleep 60; true"; true';
    const running = spawn('sh', ['-c', script], { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(running.stdout, 'data');
      const found = await writtenFiles(running.pid ?? 0);
      expect([...found.values()].toSorted()).toEqual([join(folder, 'child'), join(folder, 'data')]);
    } finally {
      process.kill(-(running.pid ?? 0), 'SIGKILL');
      closeSync(ours);
    }
  },
);

test('of a process that is gone nothing is open', async () => {
  const ended = spawn('true');
  await once(ended, 'exit');
  expect(await writtenFiles(ended.pid ?? 0)).toEqual(new Map());
});
