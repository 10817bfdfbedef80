/** A baseline whose commit is gone: its counts decide, name the function, and are refused under another emulated CPU. */
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseCounts } from '../../harness/model/index.ts';
import { probed, testFolder } from '../exact/counted-program.ts';
import { goMod } from '../service/go-modules.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn, rowOf } from './results.ts';

const SCENARIO = `name: api
target:
  args: ["127.0.0.1:\${port}"]
  ready: GET /ready
load:
  latency: false
  requests:
    - { name: work, http: "GET /work?n=\${n}" }
    - { name: rest, http: GET /ready }
gates:
  instructionsPerRequest: { fail: "+0.25%" }
`;

const service = (steps: number): string => `package main

import (
	"net/http"
	"os"
)

var sum int

//go:noinline
func add(steps int) {
	for i := 0; i < steps; i++ {
		sum += i
	}
}

func main() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) { add(${steps}) })
	panic(http.ListenAndServe(os.Args[1], nil))
}
`;

const STEPS = 20_000;

const folder = testFolder();
const found = await probed(folder);
const why = 'reason' in found ? ` (SKIPPED: ${found.reason}; ${found.hint})` : '';

describe.skipIf(why !== '')(`stored counts${why}`, { timeout: 600_000 }, () => {
  let place: Place;

  /** A repository of its own with one commit. */
  const repository = (name: string, steps: number): string => {
    const dir = path.join(place.dir, name);
    mkdirSync(path.join(dir, 'scenarios'), { recursive: true });
    writeFileSync(path.join(dir, 'go.mod'), goMod('example.com/api'));
    writeFileSync(path.join(dir, 'main.go'), service(steps));
    writeFileSync(path.join(dir, 'scenarios/api.yml'), SCENARIO);
    git(dir, 'init', '-q');
    commitAll(dir, name);
    return dir;
  };

  let baselines = '';
  beforeAll(async () => {
    place = makePlace();
    const dir = repository('base', STEPS);
    baselines = path.join(dir, 'baselines');
    const ended = await place.run(['baseline', 'record', '--budget', '90s', '--exact', 'always', '-q'], { cwd: dir });
    // Quiet, its bundle and its place included.
    expect(`${ended.code} ${ended.stderr}`).toBe('0 ');
  }, 300_000);
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    removeClean(place);
  });

  /** Head alone in a repository of its own, with nothing but the stored baseline. */
  const compare = async (name: string, steps: number, env: Readonly<Record<string, string>> = {}) => {
    const dir = repository(name, steps);
    cpSync(baselines, path.join(dir, 'baselines'), { recursive: true });
    const out = path.join(place.dir, `${name}-out`);
    const words = ['run', '--base', 'baseline', '--exact', 'only', '--out', out];
    const ended = await place.run(words, { cwd: dir, env });
    return { ...ended, comparison: comparisonIn(out) };
  };

  const seed = (): number => {
    const [recorded = ''] = readdirSync(path.join(baselines, 'api'));
    const file = path.join(baselines, 'api', recorded, 'counts.json');
    return parseCounts(readFileSync(file, 'utf8'), file).conditions.seed;
  };

  it('lie beside the baseline: five launches, their conditions, the function among others', () => {
    const [recorded = ''] = readdirSync(path.join(baselines, 'api'));
    const file = path.join(baselines, 'api', recorded, 'counts.json');
    const counts = parseCounts(readFileSync(file, 'utf8'), file);
    expect(counts.launches.length).toBeGreaterThanOrEqual(5);
    expect(counts.conditions).toMatchObject({ cpu: 'max', requests: 100, gogc: 'off' });
    expect(counts.functions.map(({ name }) => name)).toContain('main.add');
    expect(readdirSync(path.join(baselines, 'api', recorded))).toContain('instructions.pb.gz');
  });

  it('say nothing of the same code', async () => {
    const { code, comparison } = await compare('same', STEPS);
    expect(code).toBe(0);
    expect(rowOf(comparison, 'instructionsPerRequest')).toMatchObject({ verdict: 'unchanged', reason: null });
    expect(comparison.scenarios[0]?.attribution?.culprit ?? null).toBeNull();
    expect(rowOf(comparison, 'mallocsPerRequest')).toMatchObject({
      verdict: 'unchanged',
      decidedBy: { stage: 'exact' },
    });
    expect(rowOf(comparison, 'allocBytesPerRequest').reason).toContain('counts hold no sizes');
  });

  it('call what executes 1 % more, by name', async () => {
    const { code, comparison, stderr } = await compare('more', Math.round(STEPS * 1.03));
    expect(rowOf(comparison, 'instructionsPerRequest')).toMatchObject({ verdict: 'regressed' });
    expect(comparison.scenarios[0]?.attribution).toMatchObject({ source: 'exact', culprit: 'main.add' });
    expect(stderr).toContain('main.add');
    expect(code).toBe(1);
  });

  it('of two baselines call what executes 0.5 % more, by name, without measuring anything', async () => {
    const dir = repository('later', Math.round(STEPS * 1.0075));
    const counted = ['--seed', String(seed()), '--exact', 'always', '--bundles', path.join(place.dir, 'none')];
    const recorded = await place.run(['baseline', 'record', '--budget', '45s', ...counted, '-q'], { cwd: dir });
    expect(`${recorded.code} ${recorded.stderr}`).toBe('0 ');
    const folders = [baselines, path.join(dir, 'baselines')].map((folder) => {
      const [name = ''] = readdirSync(path.join(folder, 'api'));
      return path.join(folder, 'api', name);
    });
    const out = path.join(place.dir, 'compared');
    const ended = await place.run(['compare', ...folders, '--out', out], { cwd: dir });
    const comparison = comparisonIn(out);
    expect(rowOf(comparison, 'instructionsPerRequest')).toMatchObject({ verdict: 'regressed', reason: null });
    expect(rowOf(comparison, 'instructionsPerRequest').effectRatio).toBeLessThan(0.01);
    expect(comparison.scenarios[0]?.attribution).toMatchObject({ source: 'exact', culprit: 'main.add' });
    expect(ended.stderr).toContain('main.add');
    expect(ended.code).toBe(1);
  });

  it('are refused by an emulator whose CPU offers something else, in one sentence', async () => {
    const bin = path.join(place.dir, 'bin');
    mkdirSync(bin);
    const other = process.arch === 'arm64' ? 'cortex-a53' : 'Haswell';
    const [emulator] = 'program' in found ? [found.program] : [''];
    const script = `#!/bin/bash\nPATH=\${PATH#*:}\nexec ${emulator} "\${@/#max/${other}}" 2> >(grep -v ^qemu >&2)\n`;
    writeFileSync(path.join(bin, emulator), script);
    chmodSync(path.join(bin, emulator), 0o755);
    const { code, comparison } = await compare('elsewhere', STEPS, { PATH: `${bin}:${process.env['PATH'] ?? ''}` });
    expect(comparison.scenarios[0]?.exact?.refusal).toBe(
      'the baseline was counted under other conditions: features of the emulated CPU; record it again',
    );
    expect(code).toBe(3);
  });
});
