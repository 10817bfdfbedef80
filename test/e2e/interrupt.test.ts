import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place } from './cli.ts';
import { expectAllStopped, expectNothingLeft, type Interrupted, runInRepository, SCENARIO } from './interrupted-run.ts';
import { comparisonIn, filesBelow } from './results.ts';

const BIN = path.resolve(import.meta.dirname, '../../harness/cli/bin.ts');

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => expectNothingLeft(place));

const interrupted = async (...interrupts: Interrupted['interrupts']): Promise<Ended> =>
  runInRepository(place, { scenario: SCENARIO, budget: '5s', interrupts });

/** Written when the warm-up is over: the windows begin. */
const MEASURING = 'out/profiles/bad/head/launch-1/allocs-before.pb.gz';

describe('Ctrl-C', () => {
  it.each([
    ['while the sides are built', /building head/],
    ['in the middle of the windows', MEASURING],
  ] as const)('%s stops everything and exits 130', async (_when, at) => {
    expectAllStopped(place, await interrupted({ at, signal: 'SIGINT' }));
  });

  it('while results are written leaves whole files or none', async () => {
    const ended = await interrupted({ at: /✔ bad/, signal: 'SIGINT' });
    expect(ended.code).toBeOneOf([0, 130]);
    const files = filesBelow(path.join(place.dir, 'out'));
    expect(files.filter((file) => file.includes('.partial'))).toEqual([]);
    if (files.includes('comparison.json')) comparisonIn(path.join(place.dir, 'out'));
    if (ended.code === 0) expect(files).toContain('report.md');
  });

  it('twice ends at once, and still leaves nothing', async () => {
    const ended = await interrupted({ at: MEASURING, signal: 'SIGINT' }, { at: /Ctrl-C again/, signal: 'SIGINT' });
    expect(ended.code).toBe(130);
  });

  it('has a twin in SIGTERM, here while the first launch starts', async () => {
    const ended = await interrupted({ at: /launch 1/, signal: 'SIGTERM' });
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
