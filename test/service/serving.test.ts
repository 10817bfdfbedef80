import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runningCount } from '../../harness/process/index.ts';
import { freePorts, type StartRequest, startTarget } from '../../harness/service/index.ts';
import { makeFolder, makeSpec, never, removeFolders } from './go-modules.ts';

const SOURCE = join(import.meta.dirname, '../targets/child');

let service = '';
beforeAll(() => {
  service = join(makeFolder(), 'service');
  execFileSync('go', ['build', '-o', service, '.'], { cwd: SOURCE, env: { ...process.env, GOWORK: 'off' } });
}, 120_000);
afterAll(removeFolders);

const request = async (mode: string): Promise<StartRequest> => {
  const [port = 0] = await freePorts(1);
  const folder = makeFolder();
  return {
    binary: { path: service },
    spec: makeSpec({ env: { CHILD_MODE: mode } }),
    side: 'head',
    port,
    tmp: join(folder, 'tmp'),
    cpus: null,
    gomaxprocs: 1,
    logFile: join(folder, 'service.log'),
    agentSocketDir: folder,
    moduleDir: folder,
    signal: never,
  };
};

const answer = async (port: number, path: string, connection = 'close'): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection } })).text();

const LINUX = process.platform === 'linux';

describe.skipIf(!LINUX)('the process that takes the requests', () => {
  test.each([
    ['plain', 'the one that was started'],
    ['exec', 'what the one that was started became'],
    ['child', 'a child'],
    ['shell', 'a grandchild below a script'],
    ['bare', 'a child with an environment of its own'],
    ['handed', 'the child that accepts, not the parent that holds the same socket'],
  ])('%s: is %s', async (mode) => {
    const target = await startTarget(await request(mode));
    try {
      expect(String(target.servingPid)).toBe(await answer(target.port, '/pid'));
      expect(target.servingPid === target.pid).toBe(mode === 'plain' || mode === 'exec');
      await target.requireOneServes();
      expect(await target.stillServes()).toBe(true);
    } finally {
      await target.stop();
    }
    // Killed with its group; the kernel takes a moment.
    await expect.poll(async () => target.stillServes()).toBe(false);
    expect(runningCount()).toBe(0);
  });

  test('divided among several is refused with their number, and nothing is left running', async () => {
    const asked = await request('several');
    let failure: unknown = null;
    try {
      const target = await startTarget(asked);
      // It began before the second child listened.
      await delay(300);
      await Promise.all(Array.from({ length: 16 }, async () => answer(target.port, '/pid', 'keep-alive')));
      try {
        await target.requireOneServes();
      } finally {
        await target.stop();
      }
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({
      code: 'SEVERAL_SERVE',
      message: expect.stringMatching(/^head: 2 processes of the service take requests \(\d+, \d+\)/) as string,
      hint: expect.stringContaining('prefork') as string,
      exitCode: 3,
    });
    expect(runningCount()).toBe(0);
  });

  test('that ended below a parent which lives on is told to have ended', async () => {
    const target = await startTarget(await request('shell'));
    await answer(target.port, '/die').catch(() => '');
    await expect.poll(async () => target.stillServes()).toBe(false);
    await target.stop();
  });
});
