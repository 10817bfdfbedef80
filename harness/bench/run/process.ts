/** One process of a test program: it runs benchmarks, and what they left is read. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BySide, Side } from '../../model/index.ts';
import { type CommandResult, lastLines, runCommand } from '../../process/index.ts';
import { benchEnv, type BenchTurns } from '../../service/index.ts';
import { type BenchLine, readBenchLines } from './results-file.ts';

/** A test program of one side, where it may be run. */
export interface TestProgram {
  readonly binary: string;
  /** The package's folder, of the side's own copy. */
  readonly dir: string;
  /** Ours to write into: results, and what the benchmarks make for themselves. */
  readonly scratch: string;
}

export interface BenchCall {
  /** Of -test.bench. */
  readonly pattern: string;
  /** Of -test.benchtime: iterations (`100x`), or a time. */
  readonly benchtime: string;
  /** GOMAXPROCS. */
  readonly procs: number;
  /** null: all usable ones. */
  readonly cpus: readonly number[] | null;
  readonly timeoutSeconds: number;
  /** Where the program, built with coverage counters, leaves them; left out: it has none. */
  readonly coverProfile?: string;
  /** Beside the other side; left out: alone. */
  readonly turns?: BenchTurns | null;
}

export interface BenchAnswer {
  readonly lines: readonly BenchLine[];
  /** Why it did not end well; null when it did. */
  readonly trouble: string | null;
  /** The last lines it wrote. */
  readonly output: string;
}

/** Go's own deadline comes first: it tells where every goroutine was. */
const GRACE_SECONDS = 3;

/** One line that says how a process ended. */
const troubleOf = (result: CommandResult, timeoutSeconds: number): string | null => {
  if (result.exitCode === 0) return null;
  const said = `${result.stdout}\n${result.stderr}`;
  if (result.timedOut || said.includes('panic: test timed out after')) {
    return `it did not end within ${timeoutSeconds} s`;
  }
  const panic = /^(?:panic: |fatal error: ).*$/m.exec(said)?.[0];
  if (panic !== undefined) return panic.trim();
  if (result.signal !== null) return `it was ended by ${result.signal}`;
  const failed = /^\s*(?:--- FAIL: .*\n)?\s+(\S+\.go:\d+: .*)$/m.exec(said)?.[1];
  return failed ?? `its process ended with exit code ${result.exitCode ?? '?'}`;
};

const called = async (
  { binary, dir, scratch }: TestProgram,
  args: readonly string[],
  { cpus, timeoutSeconds, turns = null }: Pick<BenchCall, 'cpus' | 'timeoutSeconds' | 'turns'>,
  signal: AbortSignal,
): Promise<CommandResult> =>
  runCommand(
    {
      file: binary,
      args: ['-test.run=^$', '-test.paniconexit0', `-test.timeout=${timeoutSeconds}s`, ...args],
      cwd: dir,
      env: { ...benchEnv(join(scratch, 'results'), turns), TMPDIR: scratch, PWD: dir },
      timeoutSeconds: timeoutSeconds + GRACE_SECONDS,
      cpus,
    },
    signal,
  );

/** Throws only the abort's reason, and where the program cannot even be started. */
export const runBenchmarks = async (
  program: TestProgram,
  call: BenchCall,
  signal: AbortSignal,
): Promise<BenchAnswer> => {
  const results = join(program.scratch, 'results');
  rmSync(results, { force: true });
  const { pattern, benchtime, procs, timeoutSeconds } = call;
  const args = [`-test.bench=${pattern}`, `-test.benchtime=${benchtime}`, '-test.count=1', `-test.cpu=${procs}`];
  if (call.coverProfile !== undefined) args.push(`-test.coverprofile=${call.coverProfile}`);
  const result = await called(program, args, call, signal);
  const lines = existsSync(results) ? readBenchLines(readFileSync(results, 'utf8')) : [];
  const trouble = troubleOf(result, timeoutSeconds);
  return { lines, trouble, output: lastLines(`${result.stdout}\n${result.stderr}`) };
};

/** Both sides take turns in one CPU's time. */
export interface TurnsCall extends Omit<BenchCall, 'turns'> {
  /** For each couple, which side begins. */
  readonly firstSides: readonly Side[];
}

const LETTER = { base: 'b', head: 'h' } as const;

const orderOf = (firstSides: readonly Side[]): string =>
  firstSides.map((first) => (first === 'base' ? 'bh' : 'hb')).join('');

/** Two named pipes. They are empty whenever nobody has them open, whatever a side that was ended has left in one. */
const turnPipes = async ({ scratch }: TestProgram, signal: AbortSignal): Promise<BySide<string>> => {
  const pipes = { base: join(scratch, 'b.pipe'), head: join(scratch, 'h.pipe') };
  if (existsSync(pipes.head)) return pipes;
  await runCommand({ file: 'mkfifo', args: Object.values(pipes), cwd: '/', timeoutSeconds: 10 }, signal);
  return pipes;
};

const ENDED_FOR_OTHER = Symbol('the other side has ended');

/** Both at once. A side that fails leaves the other waiting for its turn for ever, so that is ended, and has no answer. */
export const runInTurns = async (
  programs: BySide<TestProgram>,
  call: TurnsCall,
  signal: AbortSignal,
): Promise<Partial<BySide<BenchAnswer>>> => {
  const pipes = await turnPipes(programs.base, signal);
  const order = orderOf(call.firstSides);
  const end = new AbortController();
  const either = AbortSignal.any([signal, end.signal]);
  const answers: Partial<Record<Side, BenchAnswer>> = {};
  const run = async (side: Side): Promise<void> => {
    const other = side === 'base' ? 'head' : 'base';
    const turns = { order, side: LETTER[side], ownPipe: pipes[side], otherPipe: pipes[other] };
    try {
      const answer = await runBenchmarks(programs[side], { ...call, turns }, either);
      answers[side] = answer;
      const measured = answer.lines.filter(({ kind }) => kind === 'measured').length;
      if (answer.trouble !== null || measured < call.firstSides.length) end.abort(ENDED_FOR_OTHER);
    } catch (error) {
      if (signal.aborted || !end.signal.aborted) throw error;
    }
  };
  await Promise.all([run('base'), run('head')]);
  return answers;
};

/** Top-level benchmarks in the order of the source; null where the program fails even at that, with what it says. */
export const listBenchmarks = async (
  program: TestProgram,
  pattern: string,
  timeoutSeconds: number,
  signal: AbortSignal,
): Promise<{ readonly names: readonly string[] } | { readonly trouble: string; readonly output: string }> => {
  const limits = { cpus: null, timeoutSeconds };
  const result = await called(program, [`-test.list=${pattern}`], limits, signal);
  const trouble = troubleOf(result, timeoutSeconds);
  if (trouble !== null) return { trouble, output: lastLines(`${result.stdout}\n${result.stderr}`) };
  return { names: result.stdout.split('\n').filter((line) => /^Benchmark\S*$/.test(line)) };
};
