import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  countsBetween,
  type InstructionCounts,
  type QemuEngine,
  snapshot,
  startOf,
  totalBetween,
} from '../../harness/exact/index.ts';
import {
  buildProgram,
  type CountedSubject,
  probed,
  startCounted,
  STRAIGHT_INSTRUCTIONS,
  testFolder,
} from './counted-program.ts';

const folder = testFolder();
const found = await probed(folder);
const why = 'reason' in found ? ` (SKIPPED: ${found.reason}; ${found.hint})` : '';
const engine = found as QemuEngine;

const instructionsIn = ({ stacks }: InstructionCounts, name: string): number =>
  stacks.reduce((sum, { frames, instructions }) => sum + (frames[0]?.function === name ? instructions : 0), 0);

const callsOf = ({ stacks }: InstructionCounts, name: string): number =>
  stacks.reduce((sum, { frames, calls }) => sum + (frames[0]?.function === name ? calls : 0), 0);

const programLines = (): readonly string[] =>
  readFileSync(path.join(import.meta.dirname, 'program/main.go'), 'utf8').split('\n');

/** Running, and not only waiting to be asked how it ended. */
const isThere = (pid: number): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));

const waitUntil = async (holds: () => boolean): Promise<void> => {
  const deadline = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error('not within 20 s');
    await delay(20);
  }
};

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(why !== '')(`a program counted under qemu${why}`, () => {
  let subject: CountedSubject;
  let binary = '';

  beforeAll(() => {
    binary = buildProgram(folder);
    subject = startCounted(engine, folder, binary);
  });
  afterAll(async () => subject?.stop());

  it('counts every instruction and entry of a hand-counted loop', async () => {
    const counts = await subject.count('spin 7');
    expect(instructionsIn(counts, 'main.spin')).toBe(7 * (2 * 1000 + 2));
    expect(callsOf(counts, 'main.spin')).toBe(7);
  });

  it('counts an instruction once that straddles the end of a page', async () => {
    const counts = await subject.count('straight 5');
    expect(instructionsIn(counts, 'main.straight')).toBe(5 * STRAIGHT_INSTRUCTIONS);
    expect(callsOf(counts, 'main.straight')).toBe(5);
  });

  it('names an inlined function at its own line, inside the one that was compiled', async () => {
    const counts = await subject.count('outer 11');
    const inlined = counts.stacks.filter(({ frames }) => frames[0]?.function === 'main.small');
    expect(callsOf(counts, 'main.outer')).toBe(11);
    expect(callsOf(counts, 'main.small')).toBe(0);
    expect(inlined.map(({ frames }) => frames.at(-1)?.function)).toEqual(inlined.map(() => 'main.outer'));
    expect(inlined.map(({ frames: [frame] }) => (frame?.line ?? 0) - (frame?.startLine ?? 0))).toContain(1);
    expect(inlined.every(({ instructions }) => instructions % 11 === 0 && instructions > 0)).toBe(true);
  });

  it('counts calls by where they were made, through a variable and from an inlined function, too', async () => {
    const counts = await subject.count('callers 7');
    const callersOf = (name: string): Record<string, number> =>
      Object.fromEntries(
        counts.stacks
          .filter(({ frames, calls }) => frames[0]?.function === name && calls > 0)
          .map(({ caller = [], calls }) => [
            caller.map((frame) => `${frame.function}+${frame.line - frame.startLine}`).join(' < '),
            calls,
          ]),
      );
    const line = (text: string): number => programLines().findIndex((each) => each.includes(text));
    const obey = line('func obey');
    const called = `main.obey+${line('call(i)') - obey}`;
    const outer = callersOf('main.outer');
    expect(outer[called]).toBe(7);
    expect(outer[`main.between+1 < main.obey+${line('between(i)') - obey}`]).toBe(7);
    expect(outer['main.twice+1']).toBe(14);
    expect(Object.keys(outer)).toHaveLength(3);
    expect(callersOf('main.twice')).toEqual({ [called]: 7 });
  });

  it('takes nobody for the caller of a goroutine, whoever gave way to it', async () => {
    const { stacks, lostCalls } = await subject.count('goroutines 9');
    const begun = stacks.filter(({ frames, calls }) => frames[0]?.function === 'main.obey.func1' && calls > 0);
    expect(begun.map(({ caller, calls }) => [caller, calls])).toEqual([[undefined, 9]]);
    expect(lostCalls).toBe(0);
  });

  it('knows the callers of nearly every call, and says how many found no place', async () => {
    const few = startCounted(engine, folder, binary, ',edges=4');
    try {
      expect((await few.count('callers 7')).lostCalls).toBeGreaterThan(0);
      const { stacks } = await subject.count('callers 700');
      const callsWhere = (has: (stack: (typeof stacks)[number]) => boolean): number =>
        stacks.filter(has).reduce((sum, { calls }) => sum + calls, 0);
      expect(callsWhere(({ caller }) => caller !== undefined)).toBeGreaterThan(0.99 * callsWhere(() => true));
    } finally {
      await few.stop();
    }
  });

  it('counts system calls by name', async () => {
    const counts = await subject.count('stat 9');
    expect(counts.syscalls['newfstatat'] ?? counts.syscalls['lstat']).toBe(9);
    expect(counts.syscalls['write']).toBe(1);
  });

  it('puts allocation into a group of its own', async () => {
    const few = await subject.count('allocate 10');
    const many = await subject.count('allocate 210');
    expect(callsOf(many, 'runtime.mallocgc') - callsOf(few, 'runtime.mallocgc')).toBe(200);
    expect(many.groups.allocator - few.groups.allocator).toBeGreaterThan(200 * 20);
  });

  it('gives twice the work twice the count, to the instruction', async () => {
    const once = instructionsIn(await subject.count('outer 100'), 'main.outer');
    const twice = instructionsIn(await subject.count('outer 200'), 'main.outer');
    expect(twice).toBe(2 * once);
    expect(once).toBeGreaterThan(0);
  });

  it('leaves out the runtime’s monitor, which runs by the clock', async () => {
    const counts = await subject.count('spin 20000');
    expect(counts.sysmonInstructions).toBeGreaterThan(0);
    expect(instructionsIn(counts, 'runtime.sysmon')).toBe(0);
    expect(counts.threads).toBeGreaterThan(1);
  });

  it('counts next to nothing while nothing is asked for', async () => {
    await subject.tell('spin 1');
    await delay(30);
    const before = subject.snapshot();
    await delay(100);
    const { groups } = countsBetween(before, subject.snapshot(), subject.program);
    expect(groups.user + groups.runtime + groups.allocator).toBe(0);
  });

  it('accounts for everything: stacks add up to the groups', async () => {
    const { stacks, groups } = await subject.count('stat 3');
    const sum = stacks.reduce((total, { instructions }) => total + instructions, 0);
    expect(Object.values(groups).reduce((total, count) => total + count, 0)).toBe(sum);
  });

  it('knows the total of a window without any names: all groups, and at most the monitor beside them', async () => {
    await subject.tell('stat 3');
    const before = subject.snapshot();
    await subject.tell('stat 300');
    const after = subject.snapshot();
    const { groups, sysmonInstructions } = countsBetween(before, after, subject.program);
    const named = Object.values(groups).reduce((total, count) => total + count, 0);
    const total = totalBetween(before, after);
    expect(named).toBeGreaterThan(300 * 100);
    expect(total).toBeGreaterThanOrEqual(named);
    expect(total).toBeLessThanOrEqual(named + sysmonInstructions);
  });

  it('ends when whoever started it is killed and could not stop it', async () => {
    const counts = path.join(folder, 'orphan.counts');
    const [program = '', ...args] = startOf(engine, counts).prefix;
    // The shell is our stand-in. The emulated program waits for a line that never comes, nor does the end of its input.
    const script = 'mkfifo "$0"; exec 3<>"$0"; "$@" <&3 & echo $!; wait';
    const words = ['-c', script, path.join(folder, 'orphan.fifo'), program, ...args, binary];
    const starter = spawn('sh', words, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [said] = (await once(starter.stdout, 'data')) as [Buffer];
    const pid = Number(said.toString());
    try {
      await waitUntil(() => existsSync(counts));
      expect(isThere(pid)).toBe(true);
      starter.kill('SIGKILL');
      await waitUntil(() => !isThere(pid));
    } finally {
      if (isThere(pid)) process.kill(pid, 'SIGKILL');
    }
  });

  it('repeats to the instruction in another launch, and where the linker put the code elsewhere', async () => {
    const others = [binary, buildProgram(folder, ['-ldflags=-randlayout=7'])];
    const here = await subject.count('straight 3');
    for (const other of others) {
      const again = startCounted(engine, folder, other);
      try {
        const there = await again.count('straight 3');
        expect(instructionsIn(there, 'main.straight')).toBe(instructionsIn(here, 'main.straight'));
      } finally {
        await again.stop();
      }
    }
  });

  it('resolves a position-independent program wherever it was loaded', async () => {
    const movable = startCounted(engine, folder, buildProgram(folder, ['-buildmode=pie']));
    try {
      const counts = await movable.count('spin 3');
      expect(instructionsIn(counts, 'main.spin')).toBe(3 * 2002);
      expect(callsOf(counts, 'main.spin')).toBe(3);
    } finally {
      await movable.stop();
    }
  });

  it('says when there were more blocks than fit', async () => {
    const crowded = startCounted(engine, folder, binary, ',blocks=50');
    try {
      await crowded.tell('spin 1');
      expect(crowded.snapshot().overflow).toBe('blocks');
      expect(subject.snapshot().overflow).toBeNull();
    } finally {
      await crowded.stop();
    }
  });

  it('says when there were more threads than fit, and counts on', async () => {
    const crowded = startCounted(engine, folder, binary, ',threads=4');
    try {
      await crowded.tell('threads 6');
      expect(crowded.snapshot().overflow).toBe('threads');
      expect(crowded.snapshot().executions).toHaveLength(4);
    } finally {
      await crowded.stop();
    }
  });
});

describe('a file of counters', () => {
  it('is refused when nothing has counted into it', () => {
    const file = path.join(folder, 'empty.counts');
    writeFileSync(file, '');
    expect(() => snapshot(file)).toThrow(/holds no instruction counts/);
  });
});
