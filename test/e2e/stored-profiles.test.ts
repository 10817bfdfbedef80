/** A baseline whose commit, bundle and counts are gone: functions are compared with its profiles, session by session. */
import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { goMod } from '../service/go-modules.ts';
import { makePlace, type Place, removeClean } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn } from './results.ts';

const SCENARIO = `name: api
target:
  args: ["127.0.0.1:\${port}"]
  ready: GET /ready
load:
  latency: false
  requests:
    - { name: work, http: GET /work }
gates:
  functions:
    main.add: { cpu: "+20%" }
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

//go:noinline
func other(steps int) {
	for i := 0; i < steps; i++ {
		sum -= i
	}
}

func main() {
	http.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/work", func(w http.ResponseWriter, r *http.Request) {
		add(${steps})
		other(300000)
	})
	panic(http.ListenAndServe(os.Args[1], nil))
}
`;

const STEPS = 100_000;
const BUDGET = ['--budget', '30s', '--exact', 'off'];

describe('stored profiles', { timeout: 300_000 }, () => {
  let place: Place;
  let base = '';

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

  beforeAll(async () => {
    place = makePlace();
    base = repository('base', STEPS);
    const ended = await place.run(['baseline', 'record', ...BUDGET, '-q'], { cwd: base });
    expect(`${ended.code} ${ended.stderr}`).toBe('0 ');
  }, 200_000);
  afterAll(() => {
    removeClean(place);
  });

  it('lie beside the baseline, and a second session goes behind the first', async () => {
    const [recorded = ''] = readdirSync(path.join(base, 'baselines/api'));
    expect(readdirSync(path.join(base, 'baselines/api', recorded))).toContain('launches-cpu.pb.gz');
    expect((await place.run(['baseline', 'show', 'api'], { cwd: base })).stdout).toContain('noise       1 session (');
    const again = await place.run(['baseline', 'record', '--again', '--budget', '20s'], { cwd: base });
    expect(again.stderr).toContain('2 sessions now');
    expect(again.code).toBe(0);
    expect((await place.run(['baseline', 'show', 'api'], { cwd: base })).stdout).toContain('noise       2 sessions (');
  });

  it('name who costs twice as much and fail its limit, or say why nothing can be said in a busy hour', async () => {
    const dir = repository('dearer', 2 * STEPS);
    cpSync(path.join(base, 'baselines'), path.join(dir, 'baselines'), { recursive: true });
    const out = path.join(place.dir, 'dearer-out');
    const ended = await place.run(['run', '--base', 'baseline', ...BUDGET, '--out', out], { cwd: dir });
    const [scenario] = comparisonIn(out).scenarios;
    expect(scenario?.attribution).toMatchObject({ source: 'stored' });
    expect(scenario?.attribution?.culprit).toBeOneOf(['main.add', null]);
    const [gate] = scenario?.functionGates ?? [];
    expect(gate).toMatchObject({ pattern: 'main.add', matched: 1 });
    // A busy hour takes the certainty away, and says so; it never makes it cheaper.
    for (const { effectRatio } of gate?.functions ?? []) expect(effectRatio).toBeGreaterThan(0.3);
    expect(gate?.verdict).toBeOneOf(['regressed', 'notJudged']);
    if (gate?.verdict === 'regressed') expect(ended.code).toBe(1);
    else expect(gate?.reason).toBeTruthy();
  });

  it('takes no session of another revision', async () => {
    const dir = repository('another', STEPS + 1);
    cpSync(path.join(base, 'baselines'), path.join(dir, 'baselines'), { recursive: true });
    const ended = await place.run(['baseline', 'record', '--again', '--head', 'HEAD', '--budget', '10s'], { cwd: dir });
    expect(ended.stderr).toContain('is of');
    expect(ended.code).toBe(2);
  });
});
