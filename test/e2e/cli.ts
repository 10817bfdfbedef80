/** Runs the command line as a user would, in a folder of its own, and looks for what it left behind. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';

const BIN = path.resolve(import.meta.dirname, '../../harness/cli/bin.ts');
const MARK = 'GODYNO_E2E_MARK';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  /** Working folder of the command. */
  readonly dir: string;
  /** Everything the command may put into the system's temporary folder lands here. */
  readonly tmp: string;
  readonly file: (name: string, text: string) => string;
  readonly run: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
  /** Processes that still carry this place's mark, as `pid command`. */
  readonly processes: () => readonly string[];
  readonly leftInTmp: () => readonly string[];
  readonly remove: () => void;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** One after the other: sends `signal` once stderr or stdout has said `at`, or a file of that name is there. */
  readonly interrupts?: readonly { readonly at: RegExp | string; readonly signal: NodeJS.Signals }[];
  /** A program and its arguments in front of ours, e.g. `taskset -c 0`. */
  readonly prefix?: readonly string[];
}

const readOr = (file: string): string => {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
};

const marked = (mark: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && readOr(`/proc/${name}/environ`).includes(`${MARK}=${mark}\0`))
    .map((pid) => `${pid} ${readOr(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);

export const makePlace = (): Place => {
  // A short path: the agent's socket lies below it.
  const root = mkdtempSync(path.join(tmpdir(), 'e'));
  const dir = path.join(root, 'w');
  const tmp = path.join(root, 't');
  for (const folder of [dir, tmp]) mkdirSync(folder);
  const mark = path.basename(root);

  const run = async (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
    new Promise((resolve, reject) => {
      const [file = '', ...words] = [...(options.prefix ?? []), process.execPath, BIN, ...args];
      const child = spawn(file, words, {
        cwd: options.cwd ?? dir,
        env: { ...process.env, TMPDIR: tmp, NO_COLOR: '1', [MARK]: mark, ...options.env },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const said = { stdout: '', stderr: '' };
      const pending = [...(options.interrupts ?? [])];
      const isTime = (at: RegExp | string): boolean =>
        typeof at === 'string' ? existsSync(path.join(dir, at)) : at.test(said.stdout + said.stderr);
      const interrupt = (): void => {
        const [next] = pending;
        if (next === undefined || !isTime(next.at)) return;
        pending.shift();
        child.kill(next.signal);
      };
      const hear = (name: 'stdout' | 'stderr') => (chunk: Buffer) => {
        said[name] += chunk.toString();
        interrupt();
      };
      const watch = setInterval(interrupt, 20);
      child.stdout.on('data', hear('stdout'));
      child.stderr.on('data', hear('stderr'));
      child.on('error', reject);
      child.on('close', (code) => {
        clearInterval(watch);
        resolve({ code, ...said });
      });
    });

  return {
    dir,
    tmp,
    file: (name, text) => {
      const target = path.join(dir, name);
      mkdirSync(path.dirname(target), { recursive: true });
      writeFileSync(target, text);
      return target;
    },
    run,
    processes: () => marked(mark),
    leftInTmp: () => readdirSync(tmp).filter((name) => !name.startsWith('node-compile-cache')),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
};

/** Removes the place; fails where a command left a process or a file behind. */
export const removeClean = (place: Place): void => {
  const left = { processes: place.processes(), files: place.leftInTmp() };
  place.remove();
  expect(left, 'nothing is left running or lying about').toEqual({ processes: [], files: [] });
};
