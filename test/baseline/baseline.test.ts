import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  addSession,
  type BaselineToStore,
  findBaseline,
  listBaselines,
  loadBaseline,
  loadNoise,
  runOfScenario,
  storeBaseline,
  storeNoise,
} from '../../harness/baseline/index.ts';
import { type Migrations, migrate } from '../../harness/baseline/migrate.ts';
import { baselineName, folderName } from '../../harness/baseline/paths.ts';
import { InvalidMeasurementError, UsageError } from '../../harness/errors.ts';
import type { StoredLaunches } from '../../harness/model/index.ts';
import { countedHead } from '../builders/stored-counts.ts';
import { sessionOf } from '../builders/stored-launches.ts';
import { COMMIT, FINGERPRINT, type SampleChange, samplePair, sampleRun } from '../builders/recorded-run.ts';

let dir = '';
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gdb-'));
  dir = join(root, 'baselines');
});
afterEach(() => rmSync(root, { recursive: true }));

const CPU = gzipSync('a profile');
const PROFILES = new Map([['cpu', CPU]]);

const toStore = (change: SampleChange = {}, profiles: ReadonlyMap<string, Uint8Array> = PROFILES): BaselineToStore => ({
  dir,
  run: sampleRun(change),
  profiles,
  keep: 3,
});

const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

/** Every file and folder below, so that "nothing changed" can be said exactly. */
const tree = (folder: string): readonly string[] => readdirSync(folder, { recursive: true }).map(String).toSorted();

const bytesIn = (launches: StoredLaunches | null): unknown =>
  launches && { ...launches, profiles: new Map([...launches.profiles].map(([kind, bytes]) => [kind, [...bytes]])) };

describe('launches', () => {
  it('are kept beside the merged profiles, and one more session goes behind the others', async () => {
    const first = sessionOf({ costs: { 'main.a': 1 }, seed: 1, launches: 2 });
    const { path } = await storeBaseline({ ...toStore(), launches: first });
    const stored = await loadBaseline(path);
    expect(bytesIn(stored.launches)).toEqual(bytesIn(first));
    expect(stored.entry.profileKinds).toEqual(['cpu']);
    const both = sessionOf({ costs: { 'main.a': 1 }, seed: 2, launches: 3 }, stored.launches);
    await addSession(stored.entry, stored.run, both);
    const again = await loadBaseline(path);
    expect(bytesIn(again.launches)).toEqual(bytesIn(both));
    expect(again.launches?.costs.launches.map(({ session }) => session)).toEqual([0, 0, 1, 1, 1]);
    expect(again.run).toEqual(stored.run);
  });

  it('that are damaged are refused by the file’s name; without them a baseline has none', async () => {
    const { path } = await storeBaseline({
      ...toStore(),
      launches: sessionOf({ costs: { 'main.a': 1 }, seed: 1, launches: 2 }),
    });
    const file = join(path, 'launches.json');
    const whole = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...whole, sessions: [] }));
    await expect(loadBaseline(path)).rejects.toThrow('launches.json: $.launches[0].session');
    rmSync(file);
    expect((await loadBaseline(path)).launches).toBeNull();
  });
});

describe('counts', () => {
  const { counts } = countedHead([{ 'main.busy': 900 }, { 'main.busy': 901 }]);

  it('are stored beside the baseline, a function a line, and loaded as they were', async () => {
    const { path } = await storeBaseline({ ...toStore(), counts });
    expect(tree(path)).toEqual(['baseline.json', 'counts.json', 'cpu.pb.gz']);
    const text = readFileSync(join(path, 'counts.json'), 'utf8');
    expect(text.split('\n').filter((line) => line.includes('"name":"main.busy"'))).toHaveLength(1);
    const loaded = await loadBaseline(path);
    expect(loaded.counts).toEqual(counts);
    expect(loaded.entry.isCounted).toBe(true);
  });

  it('are gone where the commit is recorded again without, and null where there were none', async () => {
    await storeBaseline({ ...toStore(), counts });
    const { path } = await storeBaseline(toStore());
    expect((await loadBaseline(path)).counts).toBeNull();
  });

  it.each([
    ['is cut short', (text: string) => text.slice(0, -20), 'not complete JSON'],
    ['is of a later version', (text: string) => text.replace('"schemaVersion":1', '"schemaVersion":9'), 'version 9'],
    ['lacks a launch', (text: string) => text.replace('[90000,90100]', '[90000]'), 'functions[0].instructions'],
    ['names no file', (text: string) => text.replace('"file":0', '"file":7'), 'functions[0].file'],
    ['lacks its conditions', (text: string) => text.replace('"conditions"', '"other"'), 'conditions'],
  ])('of which the file %s are an error that names it', async (_, spoil, said) => {
    const { path } = await storeBaseline({ ...toStore(), counts });
    const file = join(path, 'counts.json');
    writeFileSync(file, spoil(readFileSync(file, 'utf8')));
    const error = await caught(loadBaseline(path));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(file);
    expect(String(error)).toContain(said);
  });
});

describe('storing', () => {
  it('and loading gives back the run with every counter, and the profiles byte by byte', async () => {
    const { path } = await storeBaseline(toStore());
    const { entry, run, scenarioRun, profiles } = await loadBaseline(path);
    const original = sampleRun();
    expect(run.runs[0]!.launches.map((launch) => launch.pairs.map((pair) => pair.head.counters))).toEqual(
      original.runs[0]!.launches.map((launch) => launch.pairs.map((pair) => pair.head.counters)),
    );
    expect(scenarioRun.launches[0]!.pairs[0]!.base.service).toEqual(
      original.runs[0]!.launches[0]!.pairs[0]!.base.service,
    );
    expect(Buffer.from(profiles.get('cpu')!)).toEqual(CPU);
    expect(entry).toEqual({
      path,
      scenario: 'demo',
      revision: original.head,
      commit: COMMIT,
      digest: 'd1',
      fingerprint: FINGERPRINT,
      createdAt: original.createdAt,
      goVersion: 'go1.26.8',
      profileKinds: ['cpu'],
      bundle: null,
      isCounted: false,
      hasLaunches: false,
      bytes: statSync(join(path, 'baseline.json')).size + CPU.byteLength,
    });
  });

  it('keeps which bundle it has, and a name that is none is refused', async () => {
    const bundle = { digest: 'a'.repeat(64), bytes: 12 };
    const { path } = await storeBaseline({ ...toStore(), bundle });
    expect((await loadBaseline(path)).entry.bundle).toEqual(bundle);
    writeFileSync(join(path, 'bundle.json'), '{"digest":"../../x","bytes":1}');
    await expect(loadBaseline(path)).rejects.toThrow(/bundle\.json: \$\.digest: expected a sha256/);
  });

  it('lays it down as scenario/commit-fingerprint with baseline.json and one file per profile, and nothing else', async () => {
    await storeBaseline(toStore({}, new Map([...PROFILES, ['allocs', CPU]])));
    const folder = `demo/${COMMIT.slice(0, 12)}-${FINGERPRINT}`;
    expect(tree(dir)).toEqual([
      'demo',
      folder,
      `${folder}/allocs.pb.gz`,
      `${folder}/baseline.json`,
      `${folder}/cpu.pb.gz`,
    ]);
  });

  it('the loaded folder and its baseline.json are the same baseline', async () => {
    const { path } = await storeBaseline(toStore());
    expect(await loadBaseline(join(path, 'baseline.json'))).toEqual(await loadBaseline(path));
  });

  it('the same commit again replaces it wholly, old profiles included', async () => {
    await storeBaseline(toStore({}, new Map([['heap', CPU]])));
    const { path } = await storeBaseline(toStore({ createdAt: '2026-09-02T10:00:00.000Z' }));
    expect(tree(path)).toEqual(['baseline.json', 'cpu.pb.gz']);
    expect(await listBaselines(dir)).toMatchObject([{ createdAt: '2026-09-02T10:00:00.000Z' }]);
  });

  it.each([
    [8, 3],
    [40, 3],
    [80, 0],
  ])(
    'a run of %i launches stays under 300 kB, with all counters and percentiles, of %i routes each',
    async (launches, routes) => {
      const { path } = await storeBaseline(toStore({ launches }));
      expect(statSync(join(path, 'baseline.json')).size).toBeLessThan(300_000);
      const { scenarioRun } = await loadBaseline(path);
      const pair = scenarioRun.launches.at(-1)!.pairs.at(-1);
      expect(pair!.head.routes.map(({ service }) => service!.p99Us)).toEqual(Array(routes).fill(1500));
      expect(pair!.head).toMatchObject({ service: { p50Us: 790 }, counters: { mallocs: 80_102 } });
    },
  );

  it('does not point at profiles of the run’s output folder, which will be gone', async () => {
    const { path } = await storeBaseline(toStore());
    const { scenarioRun } = await loadBaseline(path);
    expect(scenarioRun.launches.map((launch) => launch.sides.head.profiles)).toEqual(Array(8).fill({}));
    expect(scenarioRun.scenario.load.data).toEqual({ file: 'items.csv', columns: ['id'], rows: [] });
  });

  it('takes one scenario out of a run of several', async () => {
    const several = { ...sampleRun(), runs: [...sampleRun().runs, ...sampleRun({ scenario: 'other' }).runs] };
    expect(await caught(storeBaseline({ ...toStore(), run: several }))).toMatchObject({
      code: 'BASELINE_NOT_ONE_SCENARIO',
      exitCode: 2,
    });
    const { path } = await storeBaseline({ ...toStore(), run: runOfScenario(several, 'other') });
    expect((await loadBaseline(path)).entry.scenario).toBe('other');
  });
});

describe('pruning', () => {
  const stamp = (day: number): string => `2026-09-${String(day).padStart(2, '0')}T00:00:00.000Z`;
  const commit = (n: number): string => String(n).padStart(2, '0').repeat(20);

  it('keeps the newest of this scenario and machine, and leaves other scenarios and machines alone', async () => {
    await storeBaseline(toStore({ scenario: 'other', revision: commit(90), createdAt: stamp(1) }));
    await storeBaseline(toStore({ fingerprint: 'f'.repeat(16), revision: commit(91), createdAt: stamp(1) }));
    // Not in the order of their dates: age counts, not the order of storing.
    for (const day of [4, 2, 3]) await storeBaseline(toStore({ revision: commit(day), createdAt: stamp(day) }));
    const { pruned } = await storeBaseline(toStore({ revision: commit(5), createdAt: stamp(5) }));
    expect(pruned).toEqual([join(dir, 'demo', `${commit(2).slice(0, 12)}-${FINGERPRINT}`)]);
    const left = await listBaselines(dir);
    expect(left.map(({ scenario, createdAt, fingerprint }) => [scenario, createdAt, fingerprint[0]])).toEqual([
      ['demo', stamp(1), 'f'],
      ['demo', stamp(3), '0'],
      ['demo', stamp(4), '0'],
      ['demo', stamp(5), '0'],
      ['other', stamp(1), '0'],
    ]);
  });

  it('never removes the one just stored, even when it is the oldest and one is kept', async () => {
    await storeBaseline(toStore({ revision: commit(9), createdAt: stamp(9) }));
    await storeBaseline({ ...toStore({ revision: commit(1), createdAt: stamp(1) }), keep: 1 });
    expect(await listBaselines(dir)).toMatchObject([{ createdAt: stamp(1) }]);
  });
});

describe('runs that are not stored', () => {
  const part = sampleRun().runs[0]!;
  const withPair = (change: Parameters<typeof samplePair>[1]): SampleChange => ({
    part: { launches: [{ ...part.launches[0]!, pairs: [samplePair(0, change), samplePair(1)] }] },
  });
  const window = samplePair(0).head;

  it.each<[string, SampleChange, RegExp]>([
    [
      'invalid',
      { part: { invalid: { code: 'target-died', message: 'head died after 12 s', side: 'head' } } },
      /head died after 12 s/,
    ],
    ['stopped as invalid', { part: { stop: 'invalid' } }, /invalid/],
    ['without a launch', { launches: 0 }, /no valid pair/],
    ['with lost requests', withPair({ head: { ...window, lost: 2 } }), /2 of its 1200 requests were lost/],
    ['with failed requests', withPair({ base: { ...window, failed: 1 } }), /1 of its 1200 requests failed/],
    ['with timeouts', withPair({ base: { ...window, timedOut: 3 } }), /3 of its 1200 requests timed out/],
    [
      'mostly discarded',
      {
        part: {
          launches: [
            {
              ...part.launches[0]!,
              pairs: [samplePair(0), samplePair(1, { discarded: 'steal' }), samplePair(2, { discarded: 'steal' })],
            },
          ],
        },
      },
      /2 of its 3 pairs were discarded/,
    ],
  ])('%s: exit 3 with the reason, and nothing is written', async (_, change, reason) => {
    const error = await caught(storeBaseline(toStore(change)));
    expect(error).toBeInstanceOf(InvalidMeasurementError);
    expect(error).toMatchObject({ exitCode: 3, message: expect.stringMatching(reason) });
    expect(tree(root)).toEqual([]);
  });

  it('of two revisions: exit 2', async () => {
    const run = { ...sampleRun(), base: { revision: 'a'.repeat(40), label: 'old', kind: 'git' as const } };
    expect(await caught(storeBaseline({ ...toStore(), run }))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('old with main'),
    });
  });
});

describe('finding', () => {
  const other = 'b'.repeat(40);

  it('no folder at all means none yet, and says so', async () => {
    expect(await listBaselines(dir)).toEqual([]);
    const search = await findBaseline({ dir, scenario: 'demo', digest: 'd1' });
    expect(search).toEqual({ kind: 'none', reason: `no baseline of demo is stored in ${dir}` });
  });

  it('prefers this machine’s own, then the newest, and takes an abbreviated commit', async () => {
    await storeBaseline(toStore({ createdAt: '2026-09-01T00:00:00.000Z' }));
    const fingerprint = 'f'.repeat(16);
    await storeBaseline(toStore({ revision: other, fingerprint, createdAt: '2026-09-05T00:00:00.000Z' }));
    const found = async (query: object): Promise<unknown> =>
      findBaseline({ dir, scenario: 'demo', digest: 'd1', ...query });
    expect(await found({})).toMatchObject({ kind: 'found', entry: { commit: other } });
    expect(await found({ fingerprint: FINGERPRINT })).toMatchObject({ entry: { commit: COMMIT } });
    expect(await found({ fingerprint: 'nobody' })).toMatchObject({ entry: { commit: other } });
    expect(await found({ commit: 'c0ffee' })).toMatchObject({ entry: { commit: COMMIT } });
    expect(await found({ commit: 'd'.repeat(40) })).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining('dddddddddddd'),
    });
  });

  it('does not offer a baseline of another scenario file, and says that the scenario changed', async () => {
    await storeBaseline(toStore());
    expect(await findBaseline({ dir, scenario: 'demo', digest: 'd2' })).toMatchObject({
      kind: 'none',
      reason: expect.stringContaining('has changed since'),
    });
  });

  it.each([
    ['sha256:0123', null, /^folder-[0-9a-f]{12}-/],
    [`${COMMIT}+dirty:abcdef`, null, /^c0ffee000000-dirty-[0-9a-f]{8}-/],
    [COMMIT, COMMIT, /^c0ffee000000-0123/],
  ])('revision %s is rebuilt from %s', async (revision, commit, name) => {
    const { path } = await storeBaseline(toStore({ revision }));
    expect((await loadBaseline(path)).entry.commit).toBe(commit);
    expect(baselineName({ revision, label: '', kind: 'git' }, FINGERPRINT)).toMatch(name);
  });

  it('folders of scenarios are never shared, nested, hidden or the one for noise, whatever the names', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (one, two) => {
        for (const name of [one, two, one.toUpperCase(), 'noise', '..', 'a/b']) {
          expect(folderName(name)).toMatch(/^(?!noise$)[A-Za-z0-9_-][A-Za-z0-9._-]*$/);
        }
        if (one !== two) expect(folderName(one).toLowerCase()).not.toBe(folderName(two).toLowerCase());
      }),
    );
  });
});

describe('damage', () => {
  const stored = async (): Promise<string> => (await storeBaseline(toStore())).path;

  it.each<[string, (path: string) => void, string, RegExp]>([
    [
      'a truncated run',
      (path) => truncateSync(join(path, 'baseline.json'), 5000),
      'baseline.json',
      /not complete JSON/,
    ],
    ['an empty run', (path) => truncateSync(join(path, 'baseline.json'), 0), 'baseline.json', /not complete JSON/],
    ['a foreign file', (path) => writeFileSync(join(path, 'baseline.json'), '[]'), 'baseline.json', /JSON object/],
    [
      'a missing part',
      (path) => {
        const file = join(path, 'baseline.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"launches":', '"lunches":'));
      },
      'baseline.json',
      /runs\[0\]\.launches/,
    ],
    [
      'a newer version',
      (path) => {
        const file = join(path, 'baseline.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace('"schemaVersion":1', '"schemaVersion":99'));
      },
      'baseline.json',
      /version 99/,
    ],
    ['a run that is gone', (path) => rmSync(join(path, 'baseline.json')), 'baseline.json', /missing/],
  ])('%s: exit 2, naming file and fault', async (_, damage, file, fault) => {
    const path = await stored();
    damage(path);
    const error = await caught(loadBaseline(path));
    expect(error).toBeInstanceOf(UsageError);
    expect(String(error)).toContain(join(path, file));
    expect(String(error)).toMatch(fault);
  });

  it.each<[string, (path: string) => void]>([
    ['truncated', (path) => truncateSync(join(path, 'cpu.pb.gz'), 15)],
    ['of other bytes', (path) => writeFileSync(join(path, 'cpu.pb.gz'), 'x')],
  ])('a profile that is %s costs itself alone, not the baseline', async (_, damage) => {
    const path = await stored();
    damage(path);
    const { run, profiles } = await loadBaseline(path);
    expect(run.runs).toHaveLength(1);
    expect([...profiles.keys()]).toEqual([]);
  });

  it('a broken baseline is neither "none" in a search or list, nor overwritten by storing another', async () => {
    const path = await stored();
    truncateSync(join(path, 'baseline.json'), 100);
    const before = tree(root);
    const next = toStore({ revision: 'e'.repeat(40) });
    for (const attempt of [
      () => findBaseline({ dir, scenario: 'demo', digest: 'd1' }),
      () => listBaselines(dir),
      () => storeBaseline(next),
    ]) {
      expect(String(await caught(attempt()))).toContain(join(path, 'baseline.json'));
    }
    expect(tree(root)).toEqual(before);
  });

  it('an empty folder that git left behind is no baseline', async () => {
    mkdirSync(join(dir, 'demo', 'abc-def'), { recursive: true });
    expect(await listBaselines(dir)).toEqual([]);
  });

  it('a path that is not there is an error, not an empty baseline', async () => {
    expect(await caught(loadBaseline(join(dir, 'nothing')))).toMatchObject({ exitCode: 2 });
  });

  it('a file where the folder of baselines should be is an error for readers and writers', async () => {
    writeFileSync(dir, '');
    for (const attempt of [
      () => listBaselines(dir),
      () => storeBaseline(toStore()),
      () => storeNoise({ dir, scenario: 'demo', fingerprint: 'f' }, 1),
    ]) {
      const error = await caught(attempt());
      expect(error).toMatchObject({ exitCode: 2 });
      expect(String(error)).toMatch(/a file stands where a folder is needed|a file of that name is there/);
    }
    expect(readFileSync(dir, 'utf8')).toBe('');
  });
});

describe('a disk that takes no more', () => {
  // A limit on the size of files fails a write half-way as a full disk does, without being root.
  const storeLimited = (kilobytes: number): { readonly status: number | null; readonly stderr: string } => {
    const script = `
      import { storeBaseline } from ${JSON.stringify(join(import.meta.dirname, '../../harness/baseline/index.ts'))};
      import { sampleRun } from ${JSON.stringify(join(import.meta.dirname, '../builders/recorded-run.ts'))};
      const run = sampleRun({ createdAt: '2026-10-01T00:00:00.000Z' });
      try {
        await storeBaseline({ dir: process.argv[1], run, profiles: new Map([['cpu', new Uint8Array(300000)]]), keep: 3 });
      } catch (error) {
        process.stderr.write(error.code + ': ' + error.message);
        process.exitCode = error.exitCode;
      }`;
    return spawnSync(
      'bash',
      ['-c', `ulimit -f ${kilobytes} && exec "$0" "$@"`, process.execPath, '--input-type=module', '-e', script, dir],
      { encoding: 'utf8' },
    );
  };

  it.each([
    ['in the run', 20],
    ['in a profile', 250],
  ])('%s: one clear message, the old baseline untouched, nothing half-written left', async (_, kilobytes) => {
    const { path } = await storeBaseline(toStore());
    const before = tree(root);
    const { status, stderr } = storeLimited(kilobytes);
    expect(stderr).toMatch(/^BASELINE_UNWRITABLE: Cannot write .*: (it would be larger than|the disk is full)/);
    expect(status).toBe(2);
    expect(tree(root)).toEqual(before);
    expect((await loadBaseline(path)).entry.createdAt).toBe('2026-09-01T10:00:00.000Z');
  });

  it('with enough room the same program stores it', () => {
    expect(storeLimited(1000)).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('migration', () => {
  const old = JSON.stringify({ schemaVersion: 1, name: 'x' });

  it('applies each step in turn and counts the version up', () => {
    type Stored = Readonly<Record<string, unknown>>;
    const steps: Migrations = new Map<number, (stored: Stored) => Stored>([
      [1, (stored: Stored) => ({ ...stored, two: true })],
      [2, (stored: Stored) => ({ ...stored, three: 'two' in stored })],
    ]);
    expect(JSON.parse(migrate(old, 'f', 3, steps))).toEqual({ schemaVersion: 3, name: 'x', two: true, three: true });
  });

  it('leaves the current version, newer ones and damaged text to the parser', () => {
    for (const text of [old, JSON.stringify({ schemaVersion: 7 }), '{"schemaVersion":1', 'null']) {
      expect(migrate(text, 'f', 1, new Map())).toBe(text);
    }
  });

  it('says when there is no way from an old version', () => {
    expect(() => migrate(old, 'some/baseline.json', 3, new Map())).toThrow(/some\/baseline.json has schema version 1/);
  });
});

describe('noise', () => {
  const key = { scenario: 'demo', fingerprint: FINGERPRINT };

  it('comes back as stored, per scenario and machine, and is no baseline', async () => {
    await storeNoise({ dir, ...key }, { cpuNsPerRequest: { sdRatio: 0.004 } });
    await storeNoise({ dir, ...key, scenario: 'other' }, 2);
    expect(await loadNoise({ dir, ...key })).toEqual({ cpuNsPerRequest: { sdRatio: 0.004 } });
    expect(await loadNoise({ dir, ...key, fingerprint: 'f'.repeat(16) })).toBeUndefined();
    expect(await listBaselines(dir)).toEqual([]);
  });

  it.each([['{"schemaVersion":1'], ['{"schemaVersion":2,"noise":1}'], ['{"schemaVersion":1}']])(
    'a file that holds %s is an error, never "not calibrated"',
    async (text) => {
      const path = await storeNoise({ dir, ...key }, 1);
      writeFileSync(path, text);
      expect(await caught(loadNoise({ dir, ...key }))).toMatchObject({
        code: 'NOISE_BROKEN',
        message: expect.stringContaining(path),
      });
    },
  );
});
