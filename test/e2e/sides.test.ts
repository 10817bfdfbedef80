import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeBadTarget } from '../helpers/bad-target.ts';
import { type Ended, makePlace, type Place, removeClean } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn, filesBelow, rowOf, runIn } from './results.ts';

const SCENARIO = `name: api
target:
  module: api
  buildFlags: ["-ldflags=-s -w"]
  args: ["-addr", "127.0.0.1:\${port}"]
  ready: GET /healthz
load:
  requests: [{ http: GET /work }]
  latency: false
`;

/** One launch. */
const BUDGET = '5s';

/** Two launches, so that every value has an interval, and nothing else: counting would take up to half of it. */
const RECORD = ['--budget', '16s', '--exact', 'off'];

let place: Place;
let services: string;
let first: string;
let second: string;

/** A repository whose module lies two folders down; its service greets with the name of its version. */
beforeAll(async () => {
  place = makePlace();
  services = path.join(place.dir, 'r/services');
  mkdirSync(services, { recursive: true });
  await makeBadTarget({ to: path.join(services, 'api'), mode: 'ok' });
  place.file('r/services/scenarios/api.yml', SCENARIO);
  git(place.dir, 'init', '-q', '-b', 'main', 'r');
  writeVersion('first');
  first = commitAll(path.join(place.dir, 'r'), 'first');
  writeVersion('second');
  second = commitAll(path.join(place.dir, 'r'), 'second');
});
afterAll(() => {
  removeClean(place);
});

const writeVersion = (name: string): void => {
  const text = `package main\n\nimport "fmt"\n\nfunc init() { fmt.Println("this is ${name}") }\n`;
  writeFileSync(path.join(services, 'api/version.go'), text);
};

const run = async (words: readonly string[], out: string, cwd = services): Promise<Ended> =>
  place.run([...words, '--out', path.join(place.dir, out)], { cwd });

const results = (out: string): string => path.join(place.dir, out);

/** The version that served as base and as head, by the services' own words. */
const versionsIn = (out: string): readonly string[] =>
  ['base', 'head'].map((side) => {
    const log = readFileSync(path.join(results(out), `logs/api/${side}-launch-1.log`), 'utf8');
    return /this is (.*)/.exec(log)?.[1] ?? 'unknown';
  });

describe('sides from git, called below the top folder of the repository', () => {
  it('--base HEAD~1 measures the commit before against the clean tree', async () => {
    const ended = await run(['run', '--base', 'HEAD~1', '--budget', BUDGET], 'commits');
    expect(ended.code).toBeOneOf([0, 1]);
    expect(versionsIn('commits')).toEqual(['first', 'second']);
    const { base, head, diff } = runIn(results('commits'));
    expect(base).toMatchObject({ kind: 'git', revision: first });
    expect(head).toMatchObject({ kind: 'git', revision: second });
    expect(diff.map(({ file }) => file)).toEqual(['version.go']);
  });

  it('one commit is measured against itself when only the Go differs, and the line to reproduce it says so', async () => {
    const own = execFileSync('go', ['env', 'GOVERSION'], { cwd: '/', encoding: 'utf8' }).trim();
    const other = own === 'go1.27.3' ? '1.26.8' : '1.27.3';
    const ended = await run(['run', '--base', 'HEAD', '--head-go', other, '--budget', BUDGET], 'go');
    expect(ended.code).toBeOneOf([0, 1]);
    const { base, head, runs } = runIn(results('go'));
    expect([base.revision, head.revision]).toEqual([second, second]);
    expect([runs[0]?.builds.base.goVersion, runs[0]?.builds.head.goVersion]).toEqual([own, `go${other}`]);
    expect(runs[0]?.launches[0]?.pairs.length).toBeGreaterThan(0);
    const report = readFileSync(path.join(results('go'), 'report.md'), 'utf8');
    expect(report).toMatch(new RegExp(`npx godyno run .*--head-go ${other}`));
  });

  it('by default measures what is uncommitted against the last commit', async () => {
    writeVersion('uncommitted');
    appendFileSync(path.join(services, 'api/untracked.go'), 'package main\n');
    try {
      const ended = await run(['run', '--budget', BUDGET], 'dirty');
      expect(ended.code).toBeOneOf([0, 1]);
      expect(ended.stderr).toMatch(/base: the last commit/);
      expect(versionsIn('dirty')).toEqual(['second', 'uncommitted']);
      const { base, head, diff } = runIn(results('dirty'));
      expect(base.revision).toBe(second);
      expect(head).toMatchObject({ kind: 'worktree' });
      expect(head.revision).toMatch(new RegExp(`^${second}\\+dirty:[0-9a-f]+$`));
      expect(diff.map(({ file, status }) => `${status} ${file}`).toSorted()).toEqual([
        'added untracked.go',
        'modified version.go',
      ]);
    } finally {
      git(services, 'checkout', '-q', '--', '.');
      git(services, 'clean', '-qfd');
    }
  });

  it('compares the heads of two runs, says that nothing cancels, and refuses a run of something else', async () => {
    const ended = await place.run(['compare', results('commits'), results('dirty'), '--json']);
    expect(ended.code).toBeOneOf([0, 1]);
    const comparison = JSON.parse(ended.stdout) as { method: string; base: { revision: string } };
    expect(comparison).toMatchObject({ method: 'same-machine', base: { revision: second } });
    const other = results('other');
    cpSync(results('commits'), other, { recursive: true });
    const text = readFileSync(path.join(other, 'run.json'), 'utf8');
    writeFileSync(path.join(other, 'run.json'), text.replaceAll('"gomaxprocs":1', '"gomaxprocs":2'));
    const refused = await place.run(['compare', results('commits'), other]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toMatch(/GOMAXPROCS/i);
  });
});

describe('a baseline', () => {
  it('is recorded from the commit against itself, listed and shown', async () => {
    const recorded = await run(['baseline', 'record', ...RECORD], 'recorded');
    expect(recorded.code).toBe(0);
    expect(recorded.stderr).toMatch(/Stored baselines\/api\//);
    expect(versionsIn('recorded')).toEqual(['second', 'second']);
    const [name] = filesBelow(path.join(services, 'baselines')).map((file) => path.basename(path.dirname(file)));
    const listed = await place.run(['baseline', 'list'], { cwd: services });
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining(name ?? 'none') as string });
    expect(listed.stdout).toMatch(
      / \((just now|.* ago)\) {2}go1\S+ {2}commit, bundle, (?:profiles, )?figures, [\d.]+ [KM]iB {2}/,
    );
    const elsewhere = await place.run(['baseline', 'list', '--bundles', 'nowhere'], { cwd: services });
    expect(elsewhere.stdout).toContain('commit, bundle elsewhere, ');
    const shown = await place.run(['baseline', 'show', second.slice(0, 10)], { cwd: services });
    expect(shown.stdout).toMatch(/profiles {4}.*cpu/);
    expect(shown.code).toBe(0);
    commitAll(path.join(place.dir, 'r'), 'the baseline');
  });

  it('is a pointer where the history has its commit: that is built again and measured side by side', async () => {
    const ended = await run(['run', '--base', 'baseline', '--budget', BUDGET], 'rebuilt');
    expect(ended.code).toBeOneOf([0, 1]);
    expect(runIn(results('rebuilt')).base.revision).toBe(second);
    expect(comparisonIn(results('rebuilt')).method).toBe('duet');
  });

  it('decides by its stored figures what they can decide where the commit is missing, and says how to fetch it', async () => {
    git(place.dir, 'clone', '-q', '--depth', '1', `file://${path.join(place.dir, 'r')}`, 'clone');
    const clone = path.join(place.dir, 'clone/services');
    const ended = await run(['run', '--base', 'baseline', ...RECORD], 'stored', clone);
    expect(ended.code).toBeOneOf([0, 1]);
    expect(ended.stderr).toMatch(new RegExp(`commit ${second.slice(0, 12)} is not in this history; fetch it with`));
    expect(ended.stderr).toContain(`git fetch --depth=1 origin ${second}`);
    const comparison = comparisonIn(results('stored'));
    expect(comparison).toMatchObject({ method: 'same-machine', base: { revision: second } });
    expect(rowOf(comparison, 'cpuNsPerRequest').verdict).toBeOneOf(['notJudged', 'regressed', 'improved']);
    expect(rowOf(comparison, 'mallocsPerRequest').base).toBeGreaterThan(0);

    const required = await run(['run', '--base', 'baseline', '--base-required'], 'required', clone);
    expect(required.code).toBe(2);
    expect(required.stderr).toContain(`git fetch --depth=1 origin ${second}`);
  });

  it('is linked and started again from its bundle where the commit is missing, and measured side by side', async () => {
    const clone = path.join(place.dir, 'clone/services');
    cpSync(path.join(services, '.godyno/bundles'), path.join(clone, '.godyno/bundles'), { recursive: true });
    const version = readFileSync(path.join(clone, 'api/version.go'), 'utf8');
    writeFileSync(path.join(clone, 'api/version.go'), version.replace('second', 'third'));
    const ended = await run(['run', '--base', 'baseline', '--budget', BUDGET], 'relinked', clone);
    expect(ended.code).toBeOneOf([0, 1]);
    expect(ended.stderr).toContain('Linking the baseline from its bundle: commit');
    expect(versionsIn('relinked')).toEqual(['second', 'third']);
    expect(runIn(results('relinked')).base).toMatchObject({ revision: second, kind: 'baseline' });
    expect(comparisonIn(results('relinked')).method).toBe('duet');
    const report = readFileSync(path.join(results('relinked'), 'report.md'), 'utf8');
    expect(report).toContain('\n- Base: linked again from its bundle, made when the baseline was recorded');
    expect(report).toContain(' --base baseline ');
  });

  it('whose bundle was changed is refused, and nothing of it is started', async () => {
    const clone = path.join(place.dir, 'clone/services');
    const files = path.join(clone, '.godyno/bundles/files');
    const file = path.join(files, filesBelow(files).find((name) => name.endsWith('.zst')) ?? '');
    writeFileSync(file, readFileSync(file).subarray(8));
    const ended = await run(['run', '--base', 'baseline', '--budget', BUDGET], 'broken', clone);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toMatch(/The bundle .* is not used: .* cannot be unpacked/);
    expect(existsSync(results('broken')) ? filesBelow(results('broken')) : []).toEqual([]);
  });
});
