import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usableCpus } from '../../harness/process/index.ts';
import { plantDemo } from '../helpers/plant-demo.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, rowOf, runIn, unaccountedIn } from './results.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DEMO = path.join(ROOT, 'test/targets/demo');
const TINY = path.join(ROOT, 'test/targets/tiny');

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

const out = (): string => path.join(place.dir, 'out');

describe('with a single CPU', () => {
  it('a run completes, shows CPU without judging it, says why, and allocations still fail it', async () => {
    await plantDemo({ from: DEMO, to: path.join(place.dir, 'b'), fault: 'none', size: 0 });
    await plantDemo({ from: DEMO, to: path.join(place.dir, 'h'), fault: 'alloc', size: 4 });
    const scenario = readFileSync(path.join(ROOT, 'scenarios/demo.yml'), 'utf8')
      .replace(/^ {2}module: .*$/m, '  buildFlags: ["-ldflags=-s -w"]')
      .replace(/^measure:/m, '  latency: auto\nmeasure:');
    place.file('s.yml', scenario);
    place.file('demo.csv', readFileSync(path.join(ROOT, 'scenarios/demo.csv'), 'utf8'));
    const args = [
      'run',
      's.yml',
      '--base',
      './b',
      '--head',
      './h',
      '--out',
      'out',
      '--budget',
      '130s',
      '--exact',
      'off',
    ];
    const [cpu = 0] = usableCpus() ?? [];
    const ended = await place.run(args, { prefix: ['taskset', '-c', String(cpu)] });

    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/`demo`: allocations per request \+\d/);
    expect(ended.stderr).toMatch(/only one CPU is usable/);
    const comparison = comparisonIn(out());
    expect(rowOf(comparison, 'mallocsPerRequest')).toMatchObject({ verdict: 'regressed', gate: true });
    const row = rowOf(comparison, 'cpuNsPerRequest');
    expect(row).toMatchObject({ verdict: 'notJudged', gate: true });
    expect(row.reason).toMatch(/only one CPU is usable/);
    expect(row.base).toBeGreaterThan(0);
    expect(row.head).toBeGreaterThan(0);
    expect(row.ciRatio?.every(Number.isFinite)).toBe(true);
    expect(unaccountedIn(runIn(out()))).toEqual([]);
    expect(readFileSync(path.join(out(), 'report.md'), 'utf8')).toMatch(/only one CPU is usable/);
  });
});

/** A folder with everything of PATH except taskset. */
const pathWithoutTaskset = (): string => {
  const bin = path.join(place.dir, 'bin');
  mkdirSync(bin);
  for (const folder of (process.env['PATH'] ?? '').split(path.delimiter)) {
    for (const name of namesIn(folder)) {
      if (name !== 'taskset') linkOnce(path.join(folder, name), path.join(bin, name));
    }
  }
  return bin;
};

const namesIn = (folder: string): readonly string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** As in PATH, the first of a name wins. */
const linkOnce = (target: string, at: string): void => {
  try {
    symlinkSync(target, at);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

const refusingTaskset = (bin: string): void => {
  const file = path.join(bin, 'taskset');
  writeFileSync(file, '#!/bin/sh\necho "taskset: failed to set affinity: Operation not permitted" >&2\nexit 1\n');
  chmodSync(file, 0o755);
};

describe('where programs cannot be bound to a CPU', () => {
  it.each([
    ['without taskset', () => undefined, /taskset.*not installed/],
    ['where taskset is refused', refusingTaskset, /refuses CPU affinity: .*Operation not permitted/],
  ] as const)('%s a run completes unpinned, and CPU is not judged for that reason', async (_how, change, reason) => {
    const bin = pathWithoutTaskset();
    change(bin);
    place.file(
      's.yml',
      [
        'name: tiny',
        'target:',
        '  args: ["-addr", "127.0.0.1:${port}"]',
        '  ready: GET /healthz',
        'load:',
        '  requests: [{ http: GET /work }]',
        '  latency: false',
      ].join('\n'),
    );
    const args = ['run', 's.yml', '--base', TINY, '--head', TINY, '--out', 'out', '--budget', '5s'];
    const ended = await place.run(args, { env: { PATH: bin } });
    expect(ended.code).toBe(0);
    const [run] = runIn(out()).runs;
    expect(run?.settings).toMatchObject({ pinned: false, targetCpus: [], loaderCpus: [] });
    expect(run?.settings.unpinnedReason).toMatch(reason);
    const row = rowOf(comparisonIn(out()), 'cpuNsPerRequest');
    expect(row).toMatchObject({ verdict: 'notJudged' });
    expect(row.reason).toMatch(reason);
    expect(ended.stderr).toMatch(reason);
  });
});
