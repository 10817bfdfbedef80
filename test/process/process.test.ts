import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import {
  canPin,
  coresOf,
  lastLines,
  runCommand,
  runningCount,
  startProcess,
  stopAll,
  usableCpus,
} from '../../harness/process/index.ts';
import { parseCpuList } from '../../harness/process/cpus.ts';
import { InterruptedError, UsageError } from '../../harness/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'godyno-process-'));
afterAll(() => rmSync(folder, { recursive: true }));
const never = new AbortController().signal;
const shell = (script: string, timeoutSeconds = 20) => ({
  file: 'sh',
  args: ['-c', script],
  cwd: folder,
  timeoutSeconds,
});
const alive = (pid: number): boolean => {
  try {
    // A zombie still answers kill(0), so ask for the state.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};
const until = async (condition: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 500 && !condition(); turn++) await delay(10);
  expect(condition()).toBe(true);
};

test('a command returns what it said and how it ended, also when it fails', async () => {
  const result = await runCommand(shell('echo out; echo err >&2; exit 3'), never);
  expect(result).toEqual({ exitCode: 3, signal: null, stdout: 'out\n', stderr: 'err\n', timedOut: false });
});

test('a command gets its input, and variables set to undefined are taken away', async () => {
  const env = { ...Object.assign(Object.create(null), { KEPT: 'yes' }), HOME: undefined };
  const result = await runCommand({ ...shell('cat; echo "$KEPT,$HOME."'), env, input: 'hello ' }, never);
  expect(result.stdout).toBe('hello yes,.\n');
});

test('what go leaves behind when it is ended by a signal is gone when we are', async () => {
  const place = mkdtempSync(join(folder, 'go-'));
  const [bin, tmp] = [join(place, 'bin'), join(place, 'tmp')];
  for (const each of [bin, tmp]) mkdirSync(each);
  // As go does: a folder of its own in GOTMPDIR or TMPDIR, removed when it ends by itself alone.
  const script = '#!/bin/sh\nmkdir "${GOTMPDIR:-$TMPDIR}/go-build1"; ls "$TMPDIR" >&2; exec sleep 60\n';
  writeFileSync(join(bin, 'go'), script, { mode: 0o755 });
  const index = join(import.meta.dirname, '../../harness/process/index.ts');
  const program = `
    const { runCommand } = await import(${JSON.stringify(index)});
    const go = { file: 'go', args: ['list'], cwd: '.', timeoutSeconds: 0.5 };
    const { timedOut, stderr } = await runCommand(go, new AbortController().signal);
    console.log(timedOut, stderr.trim());
  `;
  const args = ['--input-type=module', '-e', program];
  const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, TMPDIR: tmp };
  const ended = await runCommand({ file: process.execPath, args, cwd: tmp, env, timeoutSeconds: 20 }, never);
  expect(ended.stdout).toMatch(/^true gd-go-\w+\n$/);
  expect(readdirSync(tmp)).toEqual([]);
});

test('a GOTMPDIR that is set is left alone, and other programs get none', async () => {
  const say = async (file: string, env: Readonly<Record<string, string>>) => {
    const bin = join(folder, 'say');
    mkdirSync(bin, { recursive: true });
    writeFileSync(join(bin, file), '#!/bin/sh\necho "$GOTMPDIR"\n', { mode: 0o755 });
    const { stdout } = await runCommand(
      { file: join(bin, file), args: [], cwd: folder, env, timeoutSeconds: 20 },
      never,
    );
    return stdout.trim();
  };
  expect(await say('go', { GOTMPDIR: '/their/own' })).toBe('/their/own');
  expect(await say('other', {})).toBe(process.env['GOTMPDIR'] ?? '');
});

test('what a command says on stderr is heard while it runs, and is in its result, too', async () => {
  const heard: string[] = [];
  // The second byte of é comes when the first three letters were heard.
  const script = "printf 'caf\\303' >&2; until [ -e heard ]; do sleep 0.01; done; printf '\\251\\n' >&2";
  const onStderr = (text: string): void => {
    heard.push(text);
    writeFileSync(join(folder, 'heard'), '');
  };
  const result = await runCommand({ ...shell(script), onStderr }, never);
  expect(result).toMatchObject({ exitCode: 0, stderr: 'café\n' });
  expect(heard[0]).toBe('caf');
  expect(heard.join('')).toBe('café\n');
});

test('a command past its deadline is ended together with what it started', async () => {
  const result = await runCommand(shell('sleep 60 & echo $!; trap "" TERM; while :; do sleep 1; done', 0.3), never);
  expect(result.timedOut).toBe(true);
  expect(alive(Number(result.stdout))).toBe(false);
});

test('a command is over when the program has exited, whatever it left behind still holds its output', async () => {
  const inGroup = await runCommand(shell('sleep 300 & echo $!', 15), never);
  const detached = await runCommand(shell('setsid sleep 15 & echo $!', 10), never);
  expect([inGroup.timedOut, detached.timedOut, detached.exitCode]).toEqual([false, false, 0]);
  await until(() => !alive(Number(inGroup.stdout)));
  process.kill(Number(detached.stdout), 'SIGKILL');
});

test('an aborted command ends with the reason of the abort', async () => {
  const abort = new AbortController();
  setTimeout(() => abort.abort(new InterruptedError()), 50);
  await expect(runCommand(shell('sleep 60'), abort.signal)).rejects.toBeInstanceOf(InterruptedError);
  await expect(runCommand(shell('true'), abort.signal)).rejects.toBeInstanceOf(InterruptedError);
  expect(runningCount()).toBe(0);
});

test('a program or folder that does not exist is named before anything starts', async () => {
  const missing = runCommand({ ...shell(''), file: 'no-such-program' }, never);
  await expect(missing).rejects.toMatchObject({ code: 'PROGRAM_MISSING', exitCode: 2 });
  const nowhere = startProcess({ file: 'sh', args: [], cwd: join(folder, 'gone') }, never);
  await expect(nowhere).rejects.toMatchObject({ code: 'FOLDER_MISSING' });
  const pinned = startProcess({ file: './gone', args: [], cwd: folder, cpus: [0] }, never);
  await expect(pinned).rejects.toBeInstanceOf(UsageError);
});

test('a script whose interpreter is missing is refused, not awaited', async () => {
  writeFileSync(join(folder, 'garbage'), '#!/no/such/interpreter\n', { mode: 0o755 });
  const garbage = { file: join(folder, 'garbage'), args: [], cwd: folder };
  await expect(startProcess(garbage, never)).rejects.toMatchObject({ code: 'PROGRAM_MISSING' });
  const run = runCommand({ ...garbage, timeoutSeconds: 5 }, never);
  await expect(run).rejects.toMatchObject({ code: 'PROGRAM_MISSING', exitCode: 2 });
});

test('stopping takes a stubborn program and its children with it, and says that we asked', async () => {
  const log = join(folder, 'logs', 'stubborn.log');
  const script = 'trap "" TERM; sleep 300 & echo $!; while :; do sleep 0.1; done';
  const running = await startProcess({ file: 'sh', args: ['-c', script], cwd: folder, logFile: log }, never);
  await until(() => running.tail().endsWith('\n'));
  const child = Number(running.tail());
  expect(alive(child)).toBe(true);
  await running.stop(0.2);
  expect(await running.exited).toEqual({ exitCode: null, signal: 'SIGKILL', asked: true });
  await until(() => !alive(child));
  expect(readFileSync(log, 'utf8')).toBe(`${child}\n`);
});

test('a program that ends by itself was not asked, and its orphans are removed', async () => {
  const running = await startProcess({ file: 'sh', args: ['-c', 'sleep 300 & echo $!; exit 7'], cwd: folder }, never);
  expect(await running.exited).toEqual({ exitCode: 7, signal: null, asked: false });
  await until(() => running.tail() !== '');
  await until(() => !alive(Number(running.tail())));
  await running.stop(1);
});

test('a polite program gets its grace: it exits by itself after SIGTERM', async () => {
  const script = 'trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done';
  const running = await startProcess({ file: 'sh', args: ['-c', script], cwd: folder }, never);
  await until(() => running.tail().includes('ready'));
  await running.stop(10);
  expect(await running.exited).toEqual({ exitCode: 0, signal: null, asked: true });
});

test('an abort stops what runs, and stopAll leaves nothing running', async () => {
  const abort = new AbortController();
  const first = await startProcess({ file: 'sleep', args: ['300'], cwd: folder }, abort.signal);
  const second = await startProcess({ file: 'sleep', args: ['300'], cwd: folder }, never);
  abort.abort();
  expect((await first.exited).asked).toBe(true);
  expect(runningCount()).toBe(1);
  await stopAll(1);
  expect(alive(second.pid)).toBe(false);
  expect(runningCount()).toBe(0);
});

test('what runs is killed when the harness itself just exits', async () => {
  const door = new URL('../../harness/process/index.ts', import.meta.url).href;
  const script = `const { startProcess } = await import(${JSON.stringify(door)});
    const running = await startProcess({ file: 'sleep', args: ['300'], cwd: '/' }, new AbortController().signal);
    console.log(running.pid); process.exit(0);`;
  const result = await runCommand(
    { file: process.execPath, args: ['--input-type=module', '-e', script], cwd: folder, timeoutSeconds: 30 },
    never,
  );
  expect(result.exitCode).toBe(0);
  await until(() => !alive(Number(result.stdout)));
});

test('only the last 4 KiB of the output are kept as its tail', async () => {
  for (const logFile of [undefined, join(folder, 'long.log')]) {
    const spec = { file: 'sh', args: ['-c', 'seq 1 5000; sleep 0.1'], cwd: folder };
    const running = await startProcess(logFile === undefined ? spec : { ...spec, logFile }, never);
    await running.exited;
    await until(() => running.tail().endsWith('\n5000\n'));
    expect(running.tail()).toHaveLength(4096);
  }
});

test('a Node child exchanges messages, those before the first listener included, bound to a CPU', async () => {
  const script = `process.send({ ready: true });
    process.on('message', (m) => process.send({ echo: m, at: new Date(0) }, () => process.disconnect()));`;
  const spec = { file: process.execPath, args: ['-e', script], cwd: folder, channel: 'node' as const };
  const cpus = (await canPin()).can ? (usableCpus() ?? []).slice(-1) : null;
  const running = await startProcess({ ...spec, cpus }, never);
  await delay(300);
  const seen: unknown[] = [];
  running.onMessage((message) => seen.push(message));
  await until(() => seen.length === 1);
  if (cpus !== null)
    expect(readFileSync(`/proc/${running.pid}/status`, 'utf8')).toContain(`Cpus_allowed_list:\t${cpus.join(',')}`);
  await running.send({ a: new Uint8Array([1, 2]) });
  expect((await running.exited).exitCode).toBe(0);
  await until(() => seen.length === 2);
  expect(seen).toEqual([{ ready: true }, { echo: { a: new Uint8Array([1, 2]) }, at: new Date(0) }]);
  await expect(running.send('late')).rejects.toThrow('no open message channel');
});

test('a log file that cannot be written is an error before the start', async () => {
  const spec = { file: 'sleep', args: ['1'], cwd: folder, logFile: join(process.execPath, 'x.log') };
  await expect(startProcess(spec, never)).rejects.toMatchObject({ code: 'LOG_UNWRITABLE', exitCode: 2 });
});

test('every CPU list the kernel can print is read back', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(300)), (cpus) => {
      const sorted = cpus.toSorted((a, b) => a - b);
      const ranges: [number, number][] = [];
      for (const cpu of sorted) {
        const last = ranges.at(-1);
        if (last !== undefined && last[1] === cpu - 1) last[1] = cpu;
        else ranges.push([cpu, cpu]);
      }
      const text = ranges.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(',');
      expect(parseCpuList(`${text}\n`)).toEqual(sorted);
    }),
  );
});

test('CPUs that share a core are found together, and each is one of its own where the system does not tell', () => {
  const topology = join(folder, 'topology');
  // As two kernels write it: neighbours as a range, far ones as a list.
  for (const [cpu, siblings] of Object.entries({ 0: '0,4', 4: '0,4', 1: '1,5', 2: '2-3', 3: '2-3' })) {
    mkdirSync(join(topology, `cpu${cpu}`, 'topology'), { recursive: true });
    writeFileSync(join(topology, `cpu${cpu}`, 'topology/thread_siblings_list'), `${siblings}\n`);
  }
  expect(coresOf([0, 1, 2, 3, 4, 9], topology)).toEqual([[0, 4], [1], [2, 3], [9]]);
  expect(coresOf([0, 1], join(folder, 'no-such-folder'))).toEqual([[0], [1]]);
});

test('without taskset, or without /proc, pinning is said to be impossible, with the reason', async () => {
  const ability = await canPin({ PATH: folder });
  expect(ability.can).toBe(false);
  expect(ability.reason).not.toBe('');
  expect(usableCpus(join(folder, 'no-such-file'))).toBeNull();
  if (existsSync('/proc/self/status')) expect(ability.reason).toContain('taskset');
});

test('lines that differ in their numbers only are shown once and counted', () => {
  const errors = Array.from({ length: 40 }, (_, at) => `12:00:${at} refused 127.0.0.1:${4000 + at}`);
  expect(lastLines(['start', ...errors, 'end', ''].join('\n'))).toBe(
    'start\n12:00:0 refused 127.0.0.1:4000\n(and 39 more like it)\nend',
  );
  expect(lastLines(errors.join('\n').slice(1))).toBe('12:00:39 refused 127.0.0.1:4039\n(and 39 more like it)');
  expect(lastLines('a\n')).toBe('a');
  expect(lastLines('\n')).toBe('(it wrote nothing)');
  const words = Array.from({ length: 30 }, (_, at) => 'x'.repeat(at + 1));
  expect(lastLines(words.join('\n')).split('\n')).toEqual(words.slice(-20));
});
