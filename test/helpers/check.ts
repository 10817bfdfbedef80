/**
 * `npm run check`: everything that must hold before a change goes in, in one command, and exactly what CI runs.
 *
 * Cheap checks run two at a time, then the build, then the tests. The last line is `N passed, N failed`: every check
 * counts as one, every test of vitest as one. A test that was skipped because this machine lacks a tool is named; with
 * GODYNO_NO_SKIPS=1 (CI sets it, after installing the tools) it counts as failed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Tally, tallyOf } from './vitest-result.ts';

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Relative to the repository. */
  readonly cwd?: string;
  /** The step also fails when it prints anything (gofmt -l). */
  readonly mustBeSilent?: true;
}

type Count = Pick<Tally, 'passed' | 'failed'>;

const root = path.resolve(import.meta.dirname, '../..');
const GO_MODULES = [
  'harness/service/agent',
  'harness/plant/planter',
  'harness/survey/reader',
  ...['demo', 'bad', 'tiny', 'ledger'].map((target) => `test/targets/${target}`),
];

const node = (script: string, ...args: string[]): readonly [string, ...string[]] => [process.execPath, script, ...args];
const tool = (name: string, ...args: string[]): readonly [string, ...string[]] =>
  node(path.join(root, 'node_modules/.bin', name), ...args);

const CHECKS: readonly Step[] = [
  { name: 'lock file complete', command: node('test/helpers/complete-lock.ts', '--check') },
  { name: 'types', command: tool('tsc', '--noEmit') },
  { name: 'lint', command: tool('oxlint', '--type-aware', '--deny-warnings') },
  { name: 'format', command: tool('biome', 'format', '.') },
  { name: 'layers', command: node('test/helpers/layers.ts') },
  { name: 'unused files, exports and packages', command: tool('knip') },
  { name: 'generated docs up to date', command: node('test/helpers/docs-check.ts') },
  { name: 'gofmt', command: ['gofmt', '-l', ...GO_MODULES], mustBeSilent: true },
  ...GO_MODULES.flatMap((cwd): Step[] => [
    { name: `go vet ${cwd}`, command: ['go', 'vet', './...'], cwd },
    { name: `go test ${cwd}`, command: ['go', 'test', './...'], cwd },
  ]),
];
/** One after the other: the second looks at what the first made. */
const BUILD: readonly Step[] = [
  { name: 'build', command: node('test/helpers/build.ts') },
  { name: 'package', command: tool('publint', '--strict') },
];

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

const run = (step: Step, show: 'at the end' | 'live'): Promise<Ended> =>
  new Promise((resolve) => {
    const [program, ...args] = step.command;
    const output: Buffer[] = [];
    const child = spawn(program, args, {
      cwd: path.join(root, step.cwd ?? '.'),
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0', NO_COLOR: '1' },
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (show === 'live' ? process.stdout.write(chunk) : output.push(chunk)));
    }
    child.on('error', (error) => resolve({ code: null, output: error.message }));
    child.on('close', (code) => resolve({ code, output: Buffer.concat(output).toString() }));
  });

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const perform = async (step: Step): Promise<Count> => {
  const since = Date.now();
  const { code, output } = await run(step, 'at the end');
  const passed = code === 0 && (step.mustBeSilent === undefined || output.trim() === '');
  console.log(`${passed ? '✓' : '✗'} ${step.name} (${seconds(since)})${passed ? '' : `\n${output.trimEnd()}`}`);
  return passed ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
};

/** Works through `steps`, at most `width` at a time. */
const performSideBySide = async (steps: readonly Step[], width: number): Promise<Count> => {
  const waiting = [...steps];
  const tallies: Count[] = [];
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) tallies.push(await perform(step));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return sum(tallies);
};

const sum = (tallies: readonly Count[]): Count =>
  tallies.reduce((a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed }), { passed: 0, failed: 0 });

const performTests = async (): Promise<Count> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'check-'));
  try {
    const file = path.join(folder, 'tests.json');
    const command = tool('vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`);
    const { code } = await run({ name: 'tests', command }, 'live');
    const skips = process.env['GODYNO_NO_SKIPS'] === '1' ? 'fail' : 'pass';
    const tally = tallyOf(readFileSync(file, 'utf8'), code, skips);
    for (const line of tally.remarks) console.log(line);
    return tally;
  } catch (error) {
    console.log(`✗ tests: vitest left no result (${error instanceof Error ? error.message : String(error)})`);
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const since = Date.now();
const checked = await performSideBySide(CHECKS, 2);
const built = await performSideBySide(BUILD, 1);
const tested = await performTests();
const { passed, failed } = sum([checked, built, tested]);
console.log(`\nin ${seconds(since)}\n${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
