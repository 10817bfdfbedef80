import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
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

describe.skipIf(!LINUX)('the processes that take the requests', () => {
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
      expect(target.servingPids.map(String)).toEqual([await answer(target.port, '/pid')]);
      expect(target.servingPids[0] === target.pid).toBe(mode === 'plain' || mode === 'exec');
      await target.requireOnlyThese();
      expect(await target.stillServes()).toBe(true);
    } finally {
      await target.stop();
    }
    // Killed with its group; the kernel takes a moment.
    await expect.poll(async () => target.stillServes()).toBe(false);
    expect(runningCount()).toBe(0);
  });

  const askedPids = async (port: number): Promise<readonly string[]> => [
    ...new Set(await Promise.all(Array.from({ length: 24 }, async () => answer(port, '/pid', 'keep-alive')))),
  ];

  test.each([
    ['several', 'each with a socket of its own'],
    ['shared', 'all with that of their parent'],
  ])('%s: are all workers, %s', async (mode) => {
    const target = await startTarget(await request(mode));
    try {
      const { servingPids } = target;
      expect(servingPids).toHaveLength(2);
      expect(servingPids).not.toContain(target.pid);
      for (const pid of await askedPids(target.port)) expect(servingPids.map(String)).toContain(pid);
      await target.requireOnlyThese();
      expect(await target.stillServes()).toBe(true);
      await answer(target.port, '/die').catch(() => '');
      await expect.poll(async () => target.stillServes()).toBe(false);
    } finally {
      await target.stop();
    }
    expect(runningCount()).toBe(0);
  });

  test('that begins later than all others is found out, and the reason and what to do are said', async () => {
    const target = await startTarget(await request('late'));
    const early = target.servingPids;
    const open: Socket[] = [];
    const found = async (): Promise<unknown> => {
      open.push(connect(target.port, '127.0.0.1').on('error', () => undefined));
      return target.requireOnlyThese().then(
        () => null,
        (error: unknown) => error,
      );
    };
    try {
      await expect.poll(found, { timeout: 10_000 }).not.toBeNull();
      await expect(target.requireOnlyThese()).rejects.toMatchObject({
        code: 'SEVERAL_SERVE',
        message: expect.stringMatching(
          new RegExp(`^head: a further process of the service .* since ${early.join()} began to`),
        ) as string,
        hint: expect.stringContaining('prefork') as string,
        exitCode: 3,
      });
    } finally {
      for (const socket of open) socket.destroy();
      await target.stop();
    }
    expect(runningCount()).toBe(0);
  });

  test('that ended below a parent which lives on is told to have ended', async () => {
    const target = await startTarget(await request('shell'));
    await answer(target.port, '/die').catch(() => '');
    await expect.poll(async () => target.stillServes()).toBe(false);
    await target.stop();
  });
});
