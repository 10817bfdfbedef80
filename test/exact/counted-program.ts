/** The Go program that the tests count: built once per flavour, and spoken to line by line. */
import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { countsBetween, probeQemu, readGoTables, snapshot, startOf } from '../../harness/exact/index.ts';
import type { InstructionCounts, Missing, CountedProgram, QemuEngine, Snapshot } from '../../harness/exact/index.ts';

/** Odd lengths of instructions, so that some straddle every page end; one instruction more returns. */
export const STRAIGHT_INSTRUCTIONS = 9001;

const INSTRUCTION = process.arch === 'arm64' ? 'ADD $1, R0, R0' : 'XORQ R8, R9';

/** Programs, counters and compiled plugins of one test file. */
export const testFolder = (): string => mkdtempSync(path.join(tmpdir(), 'exact-test-'));

export const probed = async (folder: string): Promise<QemuEngine | Missing> =>
  probeQemu({ cacheDir: path.join(folder, 'cache'), workDir: folder, signal: AbortSignal.timeout(60_000) });

/** Compiles the program with these flags of `go build`; `toolchain` as GOTOOLCHAIN has it. */
export const buildProgram = (folder: string, flags: readonly string[] = [], toolchain = 'local'): string => {
  const source = path.join(folder, 'source');
  if (!existsSync(source)) {
    cpSync(path.join(import.meta.dirname, 'program'), source, { recursive: true });
    const body = Array.from({ length: STRAIGHT_INSTRUCTIONS - 1 }, () => `\t${INSTRUCTION}`).join('\n');
    const text = `#include "textflag.h"\n\n// func straight()\nTEXT ·straight(SB), NOSPLIT, $0-0\n${body}\n\tRET\n`;
    writeFileSync(path.join(source, 'straight.s'), text);
  }
  const binary = path.join(folder, `program${[toolchain, ...flags].join('').replaceAll(/[^\w]/g, '')}`);
  const env = { ...process.env, GOFLAGS: '', GOWORK: 'off', GOTOOLCHAIN: toolchain };
  execFileSync('go', ['build', ...flags, '-o', binary, '.'], { cwd: source, env });
  return binary;
};

/** Where the Go lies that GOTOOLCHAIN names so. */
export const gorootOf = (toolchain = 'local'): string =>
  execFileSync('go', ['env', 'GOROOT'], {
    cwd: tmpdir(),
    env: { ...process.env, GOTOOLCHAIN: toolchain },
    encoding: 'utf8',
  }).trim();

/** The newest Go whose tables and runtime are known; the other one that is tested is the machine's own. */
export const NEWEST_GO = 'go1.27.3';

export interface Subject {
  /** Sends one line and returns what was printed before "done". */
  readonly tell: (line: string) => Promise<readonly string[]>;
  readonly stop: () => Promise<void>;
}

const converse = (child: ChildProcessWithoutNullStreams): Subject => {
  const waiting: ((lines: readonly string[]) => void)[] = [];
  let printed: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    if (line !== 'done') {
      printed.push(line);
      return;
    }
    waiting.shift()?.(printed);
    printed = [];
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    tell: async (line) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        void exited.then(() => reject(new Error(`the program ended: ${child.exitCode ?? child.signalCode}`)));
        child.stdin.write(`${line}\n`);
      }),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

export const startNative = (binary: string): Subject => converse(spawn(binary));

export interface CountedSubject extends Subject {
  readonly program: CountedProgram;
  readonly snapshot: () => Snapshot;
  /** Counts what one line makes it do; told twice before, so that translating and first growth are over. */
  readonly count: (line: string) => Promise<InstructionCounts>;
}

let launches = 0;

/** `capacities` go to the plugin, e.g. `,blocks=10`. */
export const startCounted = (engine: QemuEngine, folder: string, binary: string, capacities = ''): CountedSubject => {
  launches += 1;
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `launch,${launches}.counts`);
  const { prefix, godebug } = startOf(engine, file);
  const [program = '', ...args] = prefix.map((word, i) => (i === prefix.length - 1 ? `${word}${capacities}` : word));
  const env = { ...process.env, GOMAXPROCS: '1', GOGC: 'off', GODEBUG: godebug };
  const subject = converse(spawn(program, [...args, binary], { env }));
  const counted = { tables: readGoTables(binary), arch: process.arch };
  return {
    ...subject,
    program: counted,
    snapshot: () => snapshot(file),
    count: async (line) => {
      await subject.tell(line);
      await subject.tell(line);
      const before = snapshot(file);
      await subject.tell(line);
      return countsBetween(before, snapshot(file), counted);
    },
    stop: async () => {
      await subject.stop();
      rmSync(file, { force: true });
    },
  };
};
