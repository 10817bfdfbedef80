import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { decodeProfile, functionCosts, type Profile } from '../../../harness/profile/index.ts';
import {
  exportBencher,
  exportBenchmarkAction,
  exportBenchstat,
  exportCsv,
  exportFolded,
  exportJunit,
  exportSpeedscope,
} from '../../../harness/report/index.ts';
import { comparisonOf, scenarioOf, STORIES } from '../../builders/comparisons.ts';
import { HOSTILE } from '../hostile.ts';
import { launchOf, pairOf, RUN, runFileOf, scenarioRunOf, windowOf } from '../../builders/demo-run.ts';

const fixture = (file: string): Profile =>
  decodeProfile(readFileSync(new URL(`../../fixtures/profiles/go1.26//${file}`, import.meta.url)), file);

/** Ships with speedscope itself. */
const SPEEDSCOPE_SCHEMA = new URL(
  '../../../node_modules/speedscope/dist/release/file-format-schema.json',
  import.meta.url,
);

describe('benchstat text', () => {
  it('has one line per launch in the benchmark format, with the launch mean in each unit', () => {
    const run = runFileOf([
      scenarioRunOf('my shop', [
        launchOf(0, 'judged', [
          pairOf(0, 'cost', windowOf(800), windowOf(900)),
          pairOf(1, 'cost', windowOf(810), windowOf(910)),
          pairOf(2, 'cost', windowOf(5000), windowOf(5000), 'steal'),
        ]),
        launchOf(1, 'explain', [pairOf(0, 'cost', windowOf(1), windowOf(1))]),
      ]),
    ]);
    const lines = exportBenchstat(run, 'base')
      .split('\n')
      .filter((line) => line.startsWith('Benchmark'));
    expect(lines).toEqual(['BenchmarkMy_shop-1 2000 805000 cpu-ns/op 412 allocs/op 38120 B/op 0 errors/op']);
  });

  it('has the same header on both sides, since benchstat keeps tables of different headers apart', () => {
    const header = (side: 'base' | 'head') =>
      exportBenchstat(RUN, side)
        .split('\n')
        .filter((line) => /^\w+: /.test(line));
    expect(header('base')).toEqual(header('head'));
    expect(header('base')).toContain('goarch: amd64');
  });

  it('keeps a hostile scenario name inside its first field', () => {
    for (const name of HOSTILE) {
      const text = exportBenchstat(runFileOf([scenarioRunOf(name, RUN.runs[0]!.launches.slice(0, 1))]), 'head');
      const lines = text.split('\n').filter((line) => line.startsWith('Benchmark'));
      expect(lines).toHaveLength(1);
      expect(lines[0]).toMatch(/^Benchmark[^\sa-z][\w./=:]*-1 \d+( \S+ \S+)+$/);
    }
  });
});

describe('Bencher metric format', () => {
  it('has value and bounds in order, latency in nanoseconds', () => {
    const text = exportBencher(STORIES['regressed-latency-sleep']!);
    const bmf = JSON.parse(text) as Record<string, Record<string, Record<string, number>>>;
    expect(bmf['demo']!['latencyP50Ns']!['value']).toBeCloseTo(5_140_000);
    for (const measure of Object.values(bmf['demo']!)) {
      expect(measure['lower_value']!).toBeLessThanOrEqual(measure['value']!);
      expect(measure['upper_value']!).toBeGreaterThanOrEqual(measure['value']!);
    }
  });

  it('leaves out what was invalid', () => {
    expect(JSON.parse(exportBencher(STORIES['invalid']!))).toEqual({});
  });
});

describe('github-action-benchmark entries', () => {
  it('have name, unit, value and the interval as text', () => {
    const entries = JSON.parse(exportBenchmarkAction(STORIES['regressed-cpu']!)) as Record<string, unknown>[];
    expect(entries[0]).toEqual({
      name: 'demo: CPU per request',
      unit: 'ns',
      value: 830_112,
      range: '1.2…3.1 %',
      extra: 'base 812345 ns\n+2.2 % (1.2…3.1 %)\n✗ regressed',
    });
  });
});

describe('JUnit', () => {
  it('fails regressed gates, skips undecided ones and counts both', () => {
    const xml = exportJunit(
      comparisonOf([...STORIES['regressed-cpu']!.scenarios, ...STORIES['inconclusive']!.scenarios]),
    );
    expect(xml).toContain('<testsuites name="godyno" tests="14" failures="1" errors="0" skipped="1">');
    expect(xml).toContain('<failure message="+2.2 % (1.2…3.1 %), ✗ regressed"/>');
  });

  it('is an error where nothing could be judged', () => {
    expect(exportJunit(STORIES['invalid']!)).toContain('tests="1" failures="0" errors="1" skipped="0"');
  });

  it('stays well-formed with hostile names', () => {
    for (const name of HOSTILE) {
      const xml = exportJunit(comparisonOf([scenarioOf(name, 'invalid', { reason: name })]));
      const tags = xml.replace(/"[^"<>]*"/g, '""');
      expect(tags.replace(/<\/?[a-z]+( [a-z]+="")*\/?>|<\?xml version="" encoding=""\?>|\s/g, '')).toBe('');
      // oxlint-disable-next-line no-control-regex -- XML 1.0 forbids exactly these
      expect(xml).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|&(?!amp;|lt;|gt;|quot;)/);
    }
  });
});

describe('CSV of pairs', () => {
  it('has a row per side of every pair, discarded ones with their reason', () => {
    const rows = exportCsv(RUN).trimEnd().split('\r\n');
    const pairs = RUN.runs[0]!.launches.flatMap((launch) => launch.pairs);
    expect(rows).toHaveLength(1 + 2 * pairs.length);
    expect(rows.filter((row) => row.includes('steal 31 %'))).toHaveLength(8);
    expect(rows[1]).toMatch(/^demo,0,judged,100,0,cost,,base,1000,1000,0,0,0,800000,/);
    const columns = rows[0]!.split(',').length;
    expect(rows.every((row) => row.split(',').length === columns)).toBe(true);
  });

  it('never starts a cell like a formula', () => {
    for (const name of ['=HYPERLINK("x")', '+1', '-1', '@SUM(A1)']) {
      const text = exportCsv(runFileOf([scenarioRunOf(name, RUN.runs[0]!.launches.slice(0, 1))]));
      expect(text.split('\r\n')[1]).toMatch(/^"?'[=+\-@]/);
    }
  });
});

describe('folded stacks', () => {
  const profile = fixture('cpu.pb.gz');
  const lines = exportFolded({ profile, valueType: 'samples', scale: 1 }).trimEnd().split('\n');

  it('add up to the profile, and each stack occurs once', () => {
    const total = lines.reduce((sum, line) => sum + Number(/ (\d+)$/.exec(line)![1]), 0);
    expect(total).toBe(functionCosts(profile, { valueType: 'samples' }).total);
    expect(new Set(lines.map((line) => line.replace(/ \d+$/, ''))).size).toBe(lines.length);
  });

  it('give every function the flat cost that the profile gives it', () => {
    const flat = new Map<string, number>();
    for (const line of lines) {
      const [, leaf, value] = /([^;]+) (\d+)$/.exec(line)!;
      flat.set(leaf!, (flat.get(leaf!) ?? 0) + Number(value));
    }
    for (const cost of functionCosts(profile, { valueType: 'samples' }).functions)
      expect(flat.get(cost.name.replaceAll(' ', '_').replaceAll(';', ':')) ?? 0).toBe(cost.flat);
  });
});

describe('speedscope', () => {
  it('is what speedscope’s own schema asks for, and a file with a hole in it is not', () => {
    const schema = JSON.parse(readFileSync(SPEEDSCOPE_SCHEMA, 'utf8')) as object;
    const validate = new Ajv({ strict: false }).compile(schema);
    const profile = fixture('cpu.pb.gz');
    const file = JSON.parse(
      exportSpeedscope('demo', [{ title: 'head', profile, valueType: 'cpu', scale: 1 }]),
    ) as object;
    expect(validate(file), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ ...file, shared: {} })).toBe(false);
  });

  it('has sides that add up and stacks that point at frames', () => {
    const profile = fixture('cpu.pb.gz');
    const text = exportSpeedscope('demo', [
      { title: 'base', profile, valueType: 'cpu', scale: 1 },
      { title: 'head', profile, valueType: 'cpu', scale: 0.5 },
    ]);
    const file = JSON.parse(text) as {
      shared: { frames: { name: string }[] };
      profiles: { unit: string; endValue: number; samples: number[][]; weights: number[] }[];
    };
    const total = functionCosts(profile, { valueType: 'cpu' }).total;
    expect(file.profiles.map((one) => one.endValue)).toEqual([total, total / 2]);
    for (const one of file.profiles) {
      expect(one.unit).toBe('nanoseconds');
      expect(one.weights).toHaveLength(one.samples.length);
      expect(one.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(one.endValue, 3);
      expect(one.samples.flat().every((frame) => file.shared.frames[frame] !== undefined)).toBe(true);
    }
  });
});
