import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseComparison, type ProfileKind, type RunFile, SIDES } from '../../harness/model/index.ts';
import { plantDemo } from '../helpers/plant-demo.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { comparisonIn, filesBelow, rowOf, runIn, unaccountedIn } from './results.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const DEMO = path.join(ROOT, 'test/targets/demo');

const KINDS = ['cpu', 'heap', 'allocs', 'mutex', 'block', 'goroutine'] as const satisfies readonly ProfileKind[];

/** Functions of the demo that a profile of this kind must hold; where few events are sampled, any of them. */
const OWN: Readonly<Record<(typeof KINDS)[number], RegExp>> = {
  cpu: /main\.(ask|nearness|\(\*index\)|render)/,
  heap: /main\./,
  allocs: /main\.(writeJSON|\(\*shop\)|render|seal)/,
  mutex: /main\.\(\*cache\)/,
  block: /main\.gather/,
  goroutine: /main\.(serve|main)/,
};

let place: Place;
let ended: Ended;
let run: RunFile;
beforeAll(async () => {
  place = makePlace();
  // A lock that is held for longer on both sides, or there would be nothing in a mutex profile.
  await plantDemo({ from: DEMO, to: path.join(place.dir, 'b'), fault: 'lock', size: 3 });
  await plantDemo({ from: path.join(place.dir, 'b'), to: path.join(place.dir, 'h'), fault: 'leak-goroutine', size: 5 });
  const scenario = readFileSync(path.join(ROOT, 'scenarios/demo.yml'), 'utf8')
    // Without debug information a link takes half the time, and a slow link would be shared by three launches.
    .replace(/^ {2}module: .*$/m, '  buildFlags: ["-ldflags=-s -w"]')
    .replace(/^measure:/m, '  latency: false\nmeasure:');
  place.file('scenarios/demo.yml', `${scenario}gates: { cpuNsPerRequest: false, heapGrowthBytesPerRequest: false }\n`);
  place.file('scenarios/demo.csv', readFileSync(path.join(ROOT, 'scenarios/demo.csv'), 'utf8'));
  // No scenario named and no --out: what a user types first.
  ended = await place.run(['run', '--base', './b', '--head', './h', '--budget', '100s', '--json']);
  run = runIn(latest());
});
afterAll(() => {
  removeClean(place);
});

const latest = (): string => path.join(place.dir, '.godyno/latest');

const topOf = (file: string): string =>
  execFileSync('go', ['tool', 'pprof', '-top', '-nodefraction=0', '-edgefraction=0', '-nodecount=100000', file], {
    encoding: 'utf8',
    stdio: 'pipe',
  });

describe('a run of the demo whose head leaves five goroutines behind in 100 requests', () => {
  it('ends with 1 and names the gate on the terminal, in report.md and in comparison.json', () => {
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/`demo`: .*goroutine growth per request/);
    expect(readFileSync(path.join(latest(), 'report.md'), 'utf8')).toMatch(/Regressed.*goroutine growth per request/);
    const comparison = comparisonIn(latest());
    expect(comparison.verdict).toBe('regressed');
    const row = rowOf(comparison, 'goroutineGrowthPerRequest');
    expect(row).toMatchObject({ verdict: 'regressed', gate: true });
    expect(row.effectAbsolute).toBeCloseTo(0.05, 2);
  });

  it('names the function in which they wait', () => {
    const [scenario] = comparisonIn(latest()).scenarios;
    const row = scenario?.functions.find(({ profile, kind }) => profile === 'goroutine' && kind === 'new');
    expect(row?.function).toMatch(/\(\*visits\)\.record/);
    expect((row?.held?.head ?? 0) - (row?.held?.base ?? 0)).toBeGreaterThan(10);
    expect(ended.stderr).toMatch(/`demo`: \d+ goroutines still waiting .*started by `main\.\(\*visits\)\.record`/);
  });

  it('accounts for every request, as many on base as on head', () => {
    expect(unaccountedIn(run)).toEqual([]);
    const judged = run.runs[0]?.launches.filter(({ stage }) => stage === 'judged') ?? [];
    expect(judged.length).toBeGreaterThanOrEqual(4);
    expect(judged.every(({ pairs }) => pairs.filter(({ phase }) => phase === 'cost').length === 3)).toBe(true);
  });

  it('counts growth up to where requests at once begin: the goroutines of those are never given back', () => {
    const [first] = run.runs[0]?.launches ?? [];
    expect(first?.pairs.map(({ phase }) => phase)).toEqual(['cost', 'cost', 'cost', 'contention']);
    for (const side of SIDES)
      expect(first?.sides[side].growth?.requests).toBe(first?.sides[side].profiles.cpu?.requests);
  });

  it('prints one JSON document on stdout, the one it left as comparison.json', () => {
    const text = readFileSync(path.join(latest(), 'comparison.json'), 'utf8');
    expect(ended.stdout).toBe(text);
    expect(parseComparison(ended.stdout, 'stdout').seed).toBe(run.seed);
  });

  it('keeps the promise of comparison.json', () => {
    const written = JSON.parse(readFileSync(path.join(latest(), 'comparison.json'), 'utf8')) as Written;
    expect(Object.keys(written)).toEqual(expect.arrayContaining([...PROMISED.comparison]));
    const [scenario] = written.scenarios;
    expect(Object.keys(scenario ?? {})).toEqual(expect.arrayContaining([...PROMISED.scenario]));
    for (const row of scenario?.metrics ?? []) {
      expect(Object.keys(row)).toEqual(expect.arrayContaining([...PROMISED.metric]));
    }
    const metrics = scenario?.metrics.map(({ metric }) => metric);
    expect(metrics).toEqual(expect.arrayContaining(['cpuNsPerRequest', 'mallocsPerRequest', 'errorRatio']));
    expect(new Set(metrics).size).toBe(metrics?.length);
  });

  it('says where the time went: named parts are nearly all of it', () => {
    const { took, scenarios } = comparisonIn(latest());
    const [time] = scenarios.flatMap((scenario) => scenario.took ?? []);
    expect(time?.otherSeconds).toBeLessThan((time?.wholeSeconds ?? 0) / 5);
    const { wholeSeconds = 0, sourcesSeconds = 0, readingSeconds = 0, reportingSeconds = 0 } = took ?? {};
    const named = sourcesSeconds + (time?.wholeSeconds ?? 0) + readingSeconds + reportingSeconds;
    expect(named).toBeLessThanOrEqual(wholeSeconds);
    expect(named).toBeGreaterThan(0.8 * wholeSeconds);
    expect(ended.stderr).toMatch(/^Took .* launches \(.* warming up, .*\n+Report: /m);
  });

  it.each(SIDES)('leaves every profile of %s, merged and original, readable by go tool pprof', (side) => {
    const folder = path.join(latest(), 'profiles/demo', side);
    for (const kind of KINDS) {
      const merged = topOf(path.join(folder, `${kind}.pb.gz`));
      const original = topOf(path.join(folder, `launch-1/${kind}.pb.gz`));
      for (const top of [merged, original]) {
        expect(top, kind).toMatch(/flat%/);
        expect(top, kind).toMatch(OWN[kind]);
      }
      expect(merged, kind).not.toContain('zzgodyno');
    }
    expect(filesBelow(folder)).toEqual(expect.arrayContaining(KINDS.map((kind) => `launch-2/${kind}.pb.gz`)));
  });

  it('gives the same comparison and the same exit code when the report is made again, and on --quiet only the verdict', async () => {
    const first = readFileSync(path.join(latest(), 'comparison.json'), 'utf8');
    const markdown = readFileSync(path.join(latest(), 'report.md'), 'utf8');
    const again = await place.run(['report', '.godyno/latest', '--quiet']);
    expect(again.code).toBe(1);
    expect(again.stdout).toBe('');
    expect(again.stderr).toMatch(/^`demo`: .*goroutine growth/);
    expect(readFileSync(path.join(latest(), 'comparison.json'), 'utf8')).toBe(first);
    // To the letter, the lines that repeat the run included.
    expect(readFileSync(path.join(latest(), 'report.md'), 'utf8')).toBe(markdown);
  });

  it.each([
    ['none', 0],
    ['invalid', 0],
    ['regressed', 1],
    ['unchanged,regressed', 1],
  ])('ends as --fail-on %s says', async (words, code) => {
    expect((await place.run(['report', '.godyno/latest', '--quiet', '--fail-on', words])).code).toBe(code);
  });
});

interface Written {
  readonly scenarios: readonly { readonly metrics: readonly { readonly metric: string }[] }[];
}

/** docs/files.md: what other programs may rely on. */
const PROMISED = {
  comparison: ['schemaVersion', 'verdict', 'base', 'head', 'seed', 'scenarios'],
  scenario:
    'scenario verdict reason pairs launches linkSeeds discardedPairs durationSeconds exact metrics functions loader environment'.split(
      ' ',
    ),
  metric: (
    'metric unit better gate base head effectRatio ciRatio ciLevel pValue practicalRatio smallestDetectableRatio ' +
    'verdict reason decidedBy unitsNeeded warnings'
  ).split(' '),
} as const;
