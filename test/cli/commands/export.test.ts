/** Exports as their consumers take them: Go's own tools where Go is enough, benchstat where it is installed. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPORT_FORMATS } from '../../../harness/cli/commands/export.ts';
import { type Ended, makePlace, type Place } from '../../e2e/cli.ts';
import { makeRunFolder, type RunFolder } from '../../builders/run-folder.ts';

let run: RunFolder;
let place: Place;
let exported: Ended;
beforeAll(async () => {
  run = makeRunFolder();
  place = makePlace();
  exported = await place.run(['export', run.dir, '--format', 'all', '--out', 'x']);
});
afterAll(() => {
  run.remove();
  place.remove();
});

const at = (name: string): string => path.join(place.dir, 'x', name);
const pprofTop = (file: string): string =>
  execFileSync('go', ['tool', 'pprof', '-top', '-nodecount=5', file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const totalMs = (text: string): number => {
  const [, amount = '', unit = ''] = /of ([\d.]+)(ms|s) total/.exec(text) ?? [];
  return Number(amount) * (unit === 's' ? 1000 : 1);
};

test('every format is written, and every path printed exists', () => {
  expect(exported.stderr).toBe('');
  expect(exported.code).toBe(0);
  const paths = exported.stdout.trim().split('\n');
  expect(paths.filter((file) => !existsSync(path.join(place.dir, file)))).toEqual([]);
  for (const name of [
    'benchstat/base.txt',
    'bencher.json',
    'benchmark-action.json',
    'junit.xml',
    'pairs.csv',
    'speedscope/demo.json',
    'folded/demo/head/cpu.txt',
    'pprof/demo/diff/cpu.pb.gz',
  ])
    expect(paths).toContain(`x/${name}`);
  expect(EXPORT_FORMATS).toHaveLength(8);
});

test('the merged profile of two equal launches has twice the total of one, for go tool pprof as for us', () => {
  const once = pprofTop(path.join(run.dir, 'profiles/demo/head/launch-0/cpu.pb.gz'));
  const twice = pprofTop(at('pprof/demo/head/cpu.pb.gz'));
  expect(totalMs(once)).toBeGreaterThan(0);
  expect(totalMs(twice) / totalMs(once)).toBeCloseTo(2, 1);
});

test('the difference of equal sides is nothing, for go tool pprof', () => {
  expect(pprofTop(at('pprof/demo/diff/cpu.pb.gz'))).toMatch(/Showing nodes accounting for 0, 0%/);
});

test('a single format can be asked for, and goes beside the run when no folder is named', async () => {
  const { code, stdout } = await place.run(['export', run.dir, '--format', 'junit']);
  expect(code).toBe(0);
  expect(stdout.trim()).toBe(path.join(run.dir, 'exports/junit.xml'));
  expect(readFileSync(stdout.trim(), 'utf8')).toContain('<testsuite name="demo"');
});

test('an unknown format is named, with all there are', async () => {
  const { code, stderr } = await place.run(['export', run.dir, '--format', 'junit,excel']);
  expect(code).toBe(2);
  expect(stderr).toContain('"excel" is no format');
  for (const format of EXPORT_FORMATS) expect(stderr).toContain(format);
});

test('a run whose profiles are gone still exports its figures, and says what is missing', async () => {
  const bare = makeRunFolder((file) => ({
    ...file,
    runs: file.runs.map((one) => ({ ...one, launches: one.launches.slice(2) })),
  }));
  try {
    const { code, stderr, stdout } = await place.run(['export', bare.dir, '--format', 'pprof,csv', '--out', 'y']);
    expect(code).toBe(0);
    expect(stderr).toContain('pprof: the run holds no profiles');
    expect(stdout.trim()).toBe('y/pairs.csv');
  } finally {
    bare.remove();
  }
});

const BENCHSTAT = [path.resolve('.tools/benchstat'), 'benchstat'].find(
  (file) => spawnSync(file, ['-h']).error === undefined,
);

describe.skipIf(BENCHSTAT === undefined)(
  'benchstat (go install golang.org/x/perf/cmd/benchstat@latest into .tools)',
  () => {
    test('finds the 2 % that the head costs more, over ten launches', () => {
      const text = execFileSync(
        BENCHSTAT ?? '',
        [`base=${at('benchstat/base.txt')}`, `head=${at('benchstat/head.txt')}`],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      );
      const cpu = text.slice(text.indexOf('cpu-sec/op'));
      expect(cpu.split('\n').find((line) => line.startsWith('Demo-1'))).toMatch(/\+[12]\.\d+% \(p=0\.\d+ n=1[04]\)/);
    });
  },
);

describe('pgo', () => {
  test('is a profile that the compiler’s own reader accepts, with what both launches had', async () => {
    const { code, stderr } = await place.run(['pgo', run.dir]);
    expect(code).toBe(0);
    expect(stderr).toContain('2 CPU profiles of example.com/demo');
    const file = path.join(place.dir, 'default.pgo');
    execFileSync('go', ['tool', 'preprofile', '-i', file, '-o', path.join(place.dir, 'out.preprofile')]);
    expect(readFileSync(path.join(place.dir, 'out.preprofile'), 'utf8')).toMatch(/^GO PREPROFILE V1/);
    expect(totalMs(pprofTop(file))).toBe(totalMs(pprofTop(at('pprof/demo/head/cpu.pb.gz'))));
  });

  test('of two programs is refused, unless one is chosen', async () => {
    const two = makeRunFolder((file) => {
      const [first] = file.runs;
      if (first === undefined) return file;
      const head = { ...first.builds.head, importPath: 'example.com/other' };
      const other = { ...first, scenario: { ...first.scenario, name: 'other' }, builds: { ...first.builds, head } };
      return { ...file, runs: [first, other] };
    });
    try {
      const refused = await place.run(['pgo', two.dir]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('2 programs: example.com/demo, example.com/other');
      expect((await place.run(['pgo', two.dir, '--scenario', 'other', '--out', 'other.pgo'])).code).toBe(0);
      expect((await place.run(['pgo', two.dir, '--scenario', 'third'])).stderr).toContain('It has demo, other');
    } finally {
      two.remove();
    }
  });

  test('without CPU profiles says so', async () => {
    const bare = makeRunFolder((file) => ({
      ...file,
      runs: file.runs.map((one) => ({ ...one, launches: one.launches.slice(2) })),
    }));
    try {
      const { code, stderr } = await place.run(['pgo', bare.dir]);
      expect(code).toBe(2);
      expect(stderr).toContain('no CPU profile of the head');
    } finally {
      bare.remove();
    }
  });
});
