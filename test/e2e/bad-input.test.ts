import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BadMode, makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn, rowOf } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

const SCENARIO = `name: bad
target:
  package: .
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
  readyTimeout: 3s
load:
  requests:
    - { name: work, http: GET /work }
  latency: false
`;

interface Sides {
  readonly base: BadMode;
  readonly head: BadMode;
  readonly at?: number;
  readonly scenario?: string;
  readonly args?: readonly string[];
}

/** One target per side, a scenario, one run. */
const runSides = async ({ base, head, at, scenario = SCENARIO, args = [] }: Sides): Promise<Ended> => {
  await makeBadTarget({ to: path.join(place.dir, 'b'), mode: base });
  await makeBadTarget({ to: path.join(place.dir, 'h'), mode: head, ...(at === undefined ? {} : { at }) });
  place.file('s.yml', scenario);
  return place.run(['run', 's.yml', '--base', './b', '--head', './h', '--out', 'out', '--budget', '40s', ...args]);
};

const comparison = () => comparisonIn(path.join(place.dir, 'out'));

const expectPlain = ({ stderr }: Ended): void => {
  expect(stderr).not.toMatch(/\n\s+at .*\(?.*:\d+:\d+\)?/);
};

/** An environment in which neither the emulator nor the CPU's counter works. */
const withoutEngines = (): Readonly<Record<string, string>> => {
  const programs = path.join(place.dir, 'programs');
  const source = readFileSync(path.resolve(import.meta.dirname, '../../harness/exact/perf/main.go'));
  const key = createHash('sha256').update(source).digest('hex').slice(0, 16);
  const broken = '#!/bin/sh\necho the event does not open >&2\nexit 1\n';
  for (const name of ['programs/qemu-x86_64', 'programs/qemu-aarch64', `cache/exact/perf-${process.arch}-${key}`]) {
    place.file(name, broken);
    chmodSync(path.join(place.dir, name), 0o755);
  }
  return { PATH: `${programs}:${process.env['PATH'] ?? ''}`, GODYNO_CACHE: path.join(place.dir, 'cache') };
};

describe('exact mode where nothing counts instructions', () => {
  it.each(['only', 'always'])(
    'exits 2 with the line that installs an engine when it is asked for as "%s"',
    async (mode) => {
      await makeBadTarget({ to: path.join(place.dir, 'b'), mode: 'ok' });
      place.file('s.yml', SCENARIO);
      const words = ['run', 's.yml', '--base', './b', '--head', './b', '--out', 'out', '--exact', mode];
      const ended = await place.run(words, { env: withoutEngines() });
      expect(ended.code).toBe(2);
      expect(ended.stderr).toMatch(/nothing on this machine counts instructions: qemu-\w+ is not installed/);
      expect(ended.stderr).toContain('apt-get install -y --no-install-recommends qemu-user');
      expect(ended.stderr).not.toMatch(/building base/);
      expectPlain(ended);
    },
  );
});

describe('a target that misbehaves', () => {
  it('exits 5 with the output of a service that ends at once', async () => {
    const ended = await runSides({ base: 'ok', head: 'exit-at-once' });
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/head: the service ended with exit code \d+ before it was ready/);
    expectPlain(ended);
  });

  it('exits 5 when a service never gets ready, saying what it answered', async () => {
    const ended = await runSides({ base: 'ok', head: 'never-ready' });
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/head: GET \/healthz on port \d+ was not ready within 3 s/);
  });

  it('exits 5 and names the address when a service listens elsewhere', async () => {
    const ended = await runSides({ base: 'listens-elsewhere', head: 'listens-elsewhere' });
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/it listens on .*127\.0\.0\.1:\d+/);
    expect(ended.stderr).toContain('${port}');
  });

  it('exits 5 with the compiler’s words when head does not compile', async () => {
    const ended = await runSides({ base: 'ok', head: 'does-not-compile' });
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/head.*go build/);
    expect(ended.stderr).toMatch(/does-not-compile\.go:\d+:\d+/);
  });

  it('calls a head that answers 500 regressed, without a verdict on its cost', async () => {
    const ended = await runSides({ base: 'ok', head: 'fails' });
    expect(ended.code).toBe(1);
    expect(rowOf(comparison(), 'errorRatio').verdict).toBe('regressed');
    expect(rowOf(comparison(), 'cpuNsPerRequest').verdict).toBe('notJudged');
  });

  it('calls a run in which both sides answer 500 invalid', async () => {
    const ended = await runSides({ base: 'fails', head: 'fails' });
    expect(ended.code).toBe(3);
    expect(comparison().scenarios[0]?.verdict).toBe('invalid');
  });

  it('calls a head that panics under load regressed: the dropped connections are counted', async () => {
    const ended = await runSides({ base: 'ok', head: 'panics', at: 50 });
    expect(ended.code).toBe(1);
    const row = rowOf(comparison(), 'errorRatio');
    expect(row).toMatchObject({ verdict: 'regressed', base: 0 });
    expect(row.head).toBeCloseTo(1 / 50, 3);
    expect(row.reason).toMatch(/^\d+ of \d+ requests \(connection lost × \d+\)/);
  });

  it('calls a head that stops answering regressed, and does not wait for each of its requests', async () => {
    const scenario = SCENARIO.replace('latency: false', 'latency: false\n  timeout: 1s');
    const ended = await runSides({ base: 'ok', head: 'hangs', at: 700, scenario });
    expect(ended.code).toBe(1);
    expect(rowOf(comparison(), 'errorRatio')).toMatchObject({
      verdict: 'regressed',
      reason: expect.stringContaining('timed out') as string,
    });
  });

  it('calls a head that dies half-way regressed and quotes its exit', async () => {
    const ended = await runSides({ base: 'ok', head: 'dies', at: 700 });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/head: the service ended with exit code 9 under load, .*out of disk space/);
    expect(rowOf(comparison(), 'errorRatio').verdict).toBe('regressed');
  });

  it('quotes the panic of a head that goes down with it, not its stack', async () => {
    const ended = await runSides({ base: 'ok', head: 'crashes', at: 700 });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/ended with exit code 2 under load, saying: panic: lost the index/);
  });

  it('calls it invalid when the base dies half-way', async () => {
    const ended = await runSides({ base: 'dies', head: 'ok' });
    expect(ended.code).toBe(3);
  });

  it('refuses a target that closes every connection, with the reason', async () => {
    const ended = await runSides({ base: 'closes', head: 'closes' });
    expect([2, 3, 5]).toContain(ended.code);
    expect(ended.stderr).toMatch(/Connection: close/i);
    expectPlain(ended);
  });
});

describe('input that is wrong', () => {
  it('shows an unknown key with its line, a caret and the nearest one, and exits 2', async () => {
    place.file('s.yml', SCENARIO.replace('requests:', 'reqests:'));
    const ended = await place.run(['run', 's.yml']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/s\.yml:8:3/);
    expect(ended.stderr).toContain('^');
    expect(ended.stderr).toContain('requests');
  });

  it('shows a wrong type with its place and exits 2', async () => {
    place.file('s.yml', SCENARIO.replace('Timeout: 3s', 'Timeout: soon'));
    const ended = await place.run(['run', 's.yml']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/s\.yml:6:\d+/);
    expect(ended.stderr).toContain('soon');
  });

  it('says that there is no Go and exits 2', async () => {
    await makeBadTarget({ to: path.join(place.dir, 'b'), mode: 'ok' });
    place.file('s.yml', SCENARIO);
    const ended = await place.run(['run', 's.yml', '--base', './b', '--head', './b', '--out', 'out'], {
      env: { PATH: path.dirname(process.execPath) },
    });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/\bgo\b.*(not installed|not found|PATH)/i);
  });

  it('exits 5 when the package does not exist on one side', async () => {
    const ended = await runSides({
      base: 'ok',
      head: 'ok',
      scenario: SCENARIO.replace('package: .', 'package: ./cmd/none'),
    });
    expect(ended.code).toBeOneOf([2, 5]);
    expect(ended.stderr).toContain('./cmd/none');
    expect(ended.stderr).toMatch(/base|head/);
  });

  it('exits 2 when the base ref is unknown, with the nearest names', async () => {
    git(place.dir, 'init', '-q', '-b', 'main');
    place.file('a.txt', 'a');
    commitAll(place.dir, 'a');
    place.file('s.yml', SCENARIO);
    const ended = await place.run(['run', 's.yml', '--base', 'mian', '--out', 'out']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('main');
  });

  it('exits 2 outside of a git repository', async () => {
    place.file('s.yml', SCENARIO);
    const ended = await place.run(['run', 's.yml', '--out', 'out'], { env: { GIT_CEILING_DIRECTORIES: place.dir } });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/not in a git repository/);
  });

  it('prints the fetch line in a shallow clone', async () => {
    const origin = path.join(place.dir, 'origin');
    mkdirSync(origin);
    git(origin, 'init', '-q', '-b', 'main');
    for (const name of ['a', 'b', 'c']) {
      place.file(`origin/${name}.txt`, name);
      commitAll(origin, name);
    }
    git(place.dir, 'clone', '-q', '--depth', '1', `file://${origin}`, 'clone');
    place.file('clone/s.yml', SCENARIO);
    const ended = await place.run(['run', 's.yml', '--base', 'HEAD~2', '--out', 'out'], {
      cwd: path.join(place.dir, 'clone'),
    });
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/git fetch .*(--unshallow|--deepen|--depth)/);
  });

  it('finds an unwritable --out before anything is built', async () => {
    place.file('s.yml', SCENARIO);
    place.file('taken', 'a file');
    const ended = await place.run(['run', 's.yml', '--base', '.', '--head', '.', '--out', 'taken/below']);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain('taken/below');
    expect(ended.stderr).toContain('--out');
  });

  it('refuses a truncated run file, a broken baseline and a file that is no run, each with its name', async () => {
    mkdirSync(path.join(place.dir, 'r'));
    writeFileSync(path.join(place.dir, 'r/run.json'), '{"schemaVersion": 1, "seed": 1');
    const truncated = await place.run(['report', 'r']);
    expect(truncated).toMatchObject({ code: 2, stderr: expect.stringContaining('r/run.json') as string });
    writeFileSync(path.join(place.dir, 'r/run.json'), '{"schemaVersion": 99}');
    const newer = await place.run(['compare', 'r', 'r']);
    expect(newer).toMatchObject({ code: 2, stderr: expect.stringContaining('schema version 99') as string });
    mkdirSync(path.join(place.dir, 'baselines/bad/abc-def'), { recursive: true });
    writeFileSync(path.join(place.dir, 'baselines/bad/abc-def/baseline.json'), 'not json');
    const broken = await place.run(['baseline', 'list']);
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('baseline.json') as string });
  });
});
