import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place, type RunOptions } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn, filesBelow } from './results.ts';

const BIN = path.resolve(import.meta.dirname, '../../harness/cli/bin.ts');

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  const left = { processes: place.processes(), files: place.leftInTmp() };
  place.remove();
  expect(left, 'nothing is left running or lying about').toEqual({ processes: [], files: [] });
});

const SCENARIO = `name: bad
target:
  buildFlags: ["-ldflags=-s -w"]
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests:
    - { name: work, http: GET /work }
  latency: false
`;

/** A few judged launches, then the latency phase with what is kept for it. */
const WITH_LATENCY = { scenario: SCENARIO.replace('latency: false', 'latency: auto'), budget: '16s' };
const SHORT = { scenario: SCENARIO, budget: '5s' };

/** Base and head are commits of a repository, so that checkouts, too, may be left behind. */
const runInRepository = async (
  { scenario, budget }: { readonly scenario: string; readonly budget: string },
  interrupts: RunOptions['interrupts'],
): Promise<Ended> => {
  await makeBadTarget({ to: path.join(place.dir, 'r'), mode: 'ok' });
  place.file('r/s.yml', scenario);
  const cwd = path.join(place.dir, 'r');
  git(cwd, 'init', '-q', '-b', 'main');
  commitAll(cwd, 'one');
  git(cwd, 'commit', '-q', '-m', 'two', '--allow-empty');
  const ended = await place.run(['run', 's.yml', '--base', 'HEAD~1', '--out', '../out', '--budget', budget], {
    cwd,
    ...(interrupts === undefined ? {} : { interrupts }),
    // Links of a commit are cached, and a cache that is there would leave nothing to interrupt.
    env: { GODYNO_CACHE: 'off' },
  });
  expect(git(cwd, 'status', '--porcelain')).toBe('');
  expect(git(cwd, 'worktree', 'list').split('\n')).toHaveLength(1);
  expect(filesBelow(path.join(cwd, '.git')).filter((file) => file.endsWith('.lock'))).toEqual([]);
  return ended;
};

/** Written when the warm-up is over: the windows begin. */
const MEASURING = 'out/profiles/bad/head/launch-1/allocs-before.pb.gz';

describe('Ctrl-C', () => {
  it.each([
    ['while the sides are built', SHORT, /building head/],
    ['in the middle of the windows', SHORT, MEASURING],
    ['in the latency phase', WITH_LATENCY, /launch \d+: latency/],
  ] as const)('%s stops everything and exits 130', async (_when, what, at) => {
    const ended = await runInRepository(what, [{ at, signal: 'SIGINT' }]);
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain('Everything that was started has been stopped.');
    expect(ended.stderr).not.toMatch(/\n\s+at .*:\d+:\d+/);
    expect(existsSync(path.join(place.dir, 'out/comparison.json'))).toBe(false);
  });

  it('while results are written leaves whole files or none', async () => {
    const ended = await runInRepository(SHORT, [{ at: /✔ bad/, signal: 'SIGINT' }]);
    expect(ended.code).toBeOneOf([0, 130]);
    const files = filesBelow(path.join(place.dir, 'out'));
    expect(files.filter((file) => file.includes('.partial'))).toEqual([]);
    if (files.includes('comparison.json')) comparisonIn(path.join(place.dir, 'out'));
    if (ended.code === 0) expect(files).toContain('report.md');
  });

  it('twice ends at once, and still leaves nothing', async () => {
    const ended = await runInRepository(SHORT, [
      { at: MEASURING, signal: 'SIGINT' },
      { at: /Ctrl-C again/, signal: 'SIGINT' },
    ]);
    expect(ended.code).toBe(130);
  });

  it('has a twin in SIGTERM, here while the first launch starts', async () => {
    const ended = await runInRepository(SHORT, [{ at: /launch 1/, signal: 'SIGTERM' }]);
    expect(ended.code).toBe(130);
  });
});

describe('a reader that closes the pipe', () => {
  /** Through a shell, because `head` must really go away. */
  const piped = (command: string) =>
    spawnSync('bash', ['-c', `set -o pipefail; ${command}`], {
      cwd: place.dir,
      encoding: 'utf8',
      env: { ...process.env, NO_COLOR: '1', NODE: process.execPath, BIN, TMPDIR: place.tmp },
    });

  it('gets what it wanted of --help, without an error behind it', () => {
    const { status, stdout, stderr } = piped('"$NODE" "$BIN" --help | head -1');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: godyno/);
  });

  it('does not end the run behind it: the results are written', async () => {
    await makeBadTarget({ to: path.join(place.dir, 'b'), mode: 'ok' });
    place.file('s.yml', SCENARIO);
    mkdirSync(path.join(place.dir, 'out'));
    const run = '"$NODE" "$BIN" run s.yml --base ./b --head ./b --out out --budget 5s --json';
    const { stdout } = piped(`{ ${run} 2>&1; echo $? >code; } | head -1`);
    expect(stdout.split('\n')).toHaveLength(2);
    expect(readFileSync(path.join(place.dir, 'code'), 'utf8')).toBe('0\n');
    expect(filesBelow(path.join(place.dir, 'out'))).toEqual(expect.arrayContaining(['comparison.json', 'report.md']));
  });

  it('is told apart from a disk that is full', () => {
    const { status, stderr } = piped('"$NODE" "$BIN" --help >/dev/full');
    expect(status).toBe(2);
    expect(stderr).toMatch(/the disk is full\n.*free/i);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
