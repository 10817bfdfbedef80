import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  fingerprintOf,
  type HostEdge,
  hostEnvironment,
  hostUsage,
  hostWindow,
  readHostEdge,
  usedByUs,
} from '../../harness/capture/index.ts';
import { makeFolder } from './service.ts';

const folder = makeFolder();
const NOWHERE = join(folder, 'no-proc');
afterAll(() => rmSync(folder, { recursive: true }));

const procWith = (name: string, files: Readonly<Record<string, string>>): string => {
  const root = join(folder, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
};

describe('the machine’s CPU time', () => {
  it('is summed from /proc/stat: iowait is idle, guests are in user already, steal is apart', () => {
    const root = procWith('stat', { stat: 'cpu  100 10 50 800 20 5 15 30 40 4\ncpu0 1 1 1 1 1 1 1 1 0 0\nintr 5\n' });
    expect(hostUsage(root)).toEqual({ totalNs: 1030e7, busyNs: 180e7, stealNs: 30e7 });
  });

  it.each([['cpu  1 2 3\n'], ['nothing\n'], ['']])('a file that says %j is not known', (text) => {
    expect(hostUsage(procWith('odd', { stat: text }))).toBeUndefined();
  });

  it('splits between two edges into steal and what others used', () => {
    const edge = (atMs: number, busyNs: number, stealNs: number, oursNs: number): HostEdge => ({
      atMs,
      host: { totalNs: atMs * 2e6, busyNs, stealNs },
      oursNs,
    });
    // One second on two CPUs: 1.6 s busy, of which 1.0 s ours; 0.1 s of 2 s stolen.
    expect(hostWindow(edge(1000, 0, 0, 0), edge(2000, 1.6e9, 0.1e9, 1e9))).toEqual({
      stealRatio: 0.05,
      foreignCpus: expect.closeTo(0.6, 9),
    });
    // Ours is counted finer than the machine's, so it may look like more than all of it.
    expect(hostWindow(edge(1000, 0, 0, 0), edge(2000, 1e9, 0, 1.004e9)).foreignCpus).toBe(0);
    expect(hostWindow(edge(1000, 0, 0, 0), edge(1000, 0, 0, 0))).toEqual({});
  });

  it('is absent without /proc, and nothing throws', () => {
    const edge = readHostEdge([process.pid], NOWHERE);
    expect(edge).toMatchObject({ host: undefined, oursNs: undefined });
    expect(hostWindow(edge, readHostEdge([process.pid], NOWHERE))).toEqual({});
  });
});

describe('what we use ourselves', () => {
  it('is the tree of a process: its own time, that of children, and of children that have ended', () => {
    const line = (pid: number, name: string, ticks: string): string =>
      `${pid} (${name}) S 1 1 1 0 -1 4194304 100 0 0 0 ${ticks} 20 0 1 0 100 1000 10\n`;
    const root = procWith('tree', {
      '10/stat': line(10, 'a) b (c', '5 6 7 8'),
      '10/task/10/children': '20 ',
      '10/task/11/children': '30 99 ',
      '20/stat': line(20, 'go', '100 0 0 0'),
      '30/stat': line(30, 'go', '1000 0 0 0'),
      '30/task/30/children': '20 ',
    });
    expect(usedByUs([10], root)).toBe(1126e7);
    expect(usedByUs([10, 20, 30], root)).toBe(1126e7);
    expect(usedByUs([20], root)).toBe(100e7);
    expect(usedByUs([404], root)).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')('grows with a real child while it runs and after it has ended', async () => {
    const before = usedByUs([process.pid])!;
    const busy = 'for (const end = Date.now() + 250; Date.now() < end; );';
    execFileSync(process.execPath, ['-e', busy]);
    const after = usedByUs([process.pid])!;
    expect(after).toBeGreaterThan(before);

    const child = spawn(process.execPath, ['-e', `${busy} process.stdout.write('x'); setInterval(() => 0, 1000)`]);
    await once(child.stdout, 'data');
    const during = usedByUs([process.pid])! - usedByUs([child.pid!])!;
    expect(usedByUs([process.pid])).toBeGreaterThan(during);
    child.kill();
    await once(child, 'exit');
  });
});

describe('the environment', () => {
  it('has a fingerprint of 16 hex digits that changes with each of its four facts and with nothing else', () => {
    const facts = { os: 'linux', arch: 'x64', cpuModel: 'Some CPU', cpus: 2 };
    const prints = [
      facts,
      { ...facts, os: 'darwin' },
      { ...facts, arch: 'arm64' },
      { ...facts, cpuModel: 'Other CPU' },
      { ...facts, cpus: 4 },
    ].map(fingerprintOf);
    expect(new Set(prints).size).toBe(5);
    expect(prints.every((print) => /^[0-9a-f]{16}$/.test(print))).toBe(true);
    expect(fingerprintOf({ ...facts, kernel: '6.1' } as typeof facts)).toBe(prints[0]);
    // sha256 of ["linux","x64","Some CPU",2]: a stored baseline must still match after an update of godyno.
    expect(prints[0]).toBe('0be72f4ff972cb20');
  });

  it('describes this machine, with or without /proc', () => {
    const environment = hostEnvironment('autocannon 9.0.0', {});
    expect(environment).toMatchObject({
      os: process.platform,
      arch: process.arch,
      ci: null,
      loader: 'autocannon 9.0.0',
    });
    expect(environment.cpus).toBeGreaterThanOrEqual(1);
    expect(environment.cpuModel).not.toBe('');
    expect(environment.fingerprint).toBe(fingerprintOf(environment));
    expect(hostEnvironment('autocannon 9.0.0', {}, NOWHERE).os).toBe(process.platform);
  });

  it.each([
    [{ GITHUB_ACTIONS: 'true', CI: 'true' }, 'github-actions'],
    [{ GITLAB_CI: 'true', CI: '1' }, 'gitlab'],
    [{ CI: '1' }, 'ci'],
    [{ CI: 'false' }, null],
    [{ CI: '' }, null],
  ])('names the CI system of %j', (env, expected) => {
    expect(hostEnvironment('x', env).ci).toBe(expected);
  });

  it('takes the model from Node where Node knows one', () => {
    const model = cpus()[0]?.model.trim();
    if (model === undefined || model === '' || model === 'unknown') return;
    expect(hostEnvironment('x', {}).cpuModel).toBe(model);
  });
});
