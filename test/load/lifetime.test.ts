import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { InterruptedError } from '../../harness/errors.ts';
import { startLoader } from '../../harness/load/index.ts';
import { bothSides } from '../../harness/model/index.ts';
import { canPin, usableCpus } from '../../harness/process/index.ts';
import { plan, request, startBothServices, startService, targetOf } from './service.ts';

const services = await startBothServices();
const targets = bothSides((side) => targetOf(services[side]));

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test('after stop the process is gone, its connections too, and a second stop is nothing', async () => {
  const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
  await loader.attach({ targets, plan: plan([request('/ok')]) });
  expect(isAlive(loader.pid)).toBe(true);
  await loader.stop();
  expect(isAlive(loader.pid)).toBe(false);
  await loader.stop();
  await expect.poll(() => services.base.connections(), { timeout: 5000 }).toBe(0);
  await expect(loader.detach()).rejects.toMatchObject({ code: 'LOADER_DIED' });
});

const ability = await canPin();

test.skipIf(!ability.can)('every thread of a loader with CPUs is bound to them', async () => {
  const cpu = usableCpus()?.at(-1) ?? 0;
  const loader = await startLoader({ cpus: [cpu], signal: new AbortController().signal });
  try {
    await loader.attach({ targets, plan: plan([request('/ok')]) });
    const threads = readdirSync(`/proc/${loader.pid}/task`);
    expect(threads.length).toBeGreaterThan(1);
    for (const thread of threads) {
      expect(usableCpus(`/proc/${loader.pid}/task/${thread}/status`)).toEqual([cpu]);
    }
  } finally {
    await loader.stop();
  }
});

test('an abort ends a window under way with its own reason and the process with it', async () => {
  const abort = new AbortController();
  const loader = await startLoader({ cpus: null, signal: abort.signal });
  await loader.attach({ targets, plan: plan([request('/ok')]) });
  const window = loader.couples({ first: 0, seconds: 60, inFlight: 1 });
  const reason = new InterruptedError();
  setTimeout(() => abort.abort(reason), 50);
  await expect(window).rejects.toBe(reason);
  await expect.poll(() => isAlive(loader.pid), { timeout: 5000 }).toBe(false);
});

test('a loader that is killed is an error that says so, not a wait', async () => {
  const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
  await loader.attach({ targets, plan: plan([request('/ok')]) });
  const window = loader.couples({ first: 0, seconds: 60, inFlight: 1 });
  setTimeout(() => process.kill(loader.pid, 'SIGKILL'), 50);
  await expect(window).rejects.toMatchObject({ code: 'LOADER_DIED', exitCode: 3 });
});

test('a target that ends during a window is an error that names it', async () => {
  const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
  try {
    const dying = await startService();
    await loader.attach({ targets: { ...targets, head: targetOf(dying) }, plan: plan([request('/ok')]) });
    const window = loader.couples({ first: 0, seconds: 60, inFlight: 1 });
    setTimeout(() => dying.stop(), 50);
    await expect(window).rejects.toMatchObject({
      code: 'TARGET_GONE',
      exitCode: 5,
      message: expect.stringContaining(`head target at 127.0.0.1:${dying.port}`) as string,
    });
  } finally {
    await loader.stop();
  }
});

test('a harness that is killed takes its loader with it', async () => {
  const program = `
    const { startLoader } = await import(${JSON.stringify(resolve('harness/load/index.ts'))});
    const loader = await startLoader({ cpus: null, signal: new AbortController().signal });
    await loader.attach({
      targets: ${JSON.stringify(targets)},
      plan: ${JSON.stringify(plan([request('/ok')]))},
    });
    console.log(loader.pid);
    await loader.couples({ first: 0, seconds: 60, inFlight: 1 });
  `;
  const harness = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(harness.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  expect(isAlive(pid)).toBe(true);
  harness.kill('SIGKILL');
  await expect.poll(() => isAlive(pid), { timeout: 5000 }).toBe(false);
});
