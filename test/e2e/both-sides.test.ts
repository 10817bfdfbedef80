/** Pull requests that change how their service is built, started and asked. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePlace, type Place, removeClean } from './cli.ts';
import { commitAll, git } from './git.ts';
import { comparisonIn } from './results.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => {
  removeClean(place);
});

/** Wants an ignored file, an admin port, a seed; writes into its working folder; takes its address by `flag`. */
const serviceWith = (flag: string, routes: string): string => `package main

import (
	_ "embed"
	"flag"
	"fmt"
	"net/http"
	"os"
)

//go:embed dist/page.html
var page []byte

func main() {
	addr := flag.String("${flag}", "", "where to listen")
	admin := flag.String("admin", "", "where the operator listens")
	flag.Parse()
	os.WriteFile("written-here", nil, 0o644)
	seeds := 0
	http.HandleFunc("POST /seed", func(w http.ResponseWriter, r *http.Request) { seeds++ })
	http.HandleFunc("GET /old", func(w http.ResponseWriter, r *http.Request) {
		if seeds != 1 {
			http.Error(w, "not seeded once", 500)
		}
		w.Write(page)
	})
	${routes}
	go http.ListenAndServe(*admin, nil)
	fmt.Println(http.ListenAndServe(*addr, nil))
}
`;

const SEED =
  'exec 3<>/dev/tcp/127.0.0.1/$PORT; printf "POST /seed HTTP/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n" >&3; cat <&3';

const scenarioWith = (flag: string, requests: string): string => `target:
  args: ["-${flag}", "127.0.0.1:\${port}", "-admin", "127.0.0.1:\${port.admin}"]
  ready: GET /healthz
  include: dist/**
  seed: [[bash, -c, '${SEED}']]
load: { prepare: [{ name: first, http: GET /old }], requests: [ { http: GET /old }, ${requests} ], latency: false }
measure: { exact: off }
`;

const HEALTHZ = 'http.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {})';
const NEW = 'http.HandleFunc("GET /new", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("new")) })';

/** The change renames a flag, adds a route and its request; `requests` are head's beyond those. */
const makeChange = (requests = ''): string => {
  place.file('go.mod', 'module example.com/case\n\ngo 1.22\n');
  place.file('.gitignore', 'dist\n.godyno\nout\n');
  place.file('dist/page.html', '<p>page</p>');
  place.file('main.go', serviceWith('listen', HEALTHZ));
  place.file('scenarios/s.yml', scenarioWith('listen', ''));
  git(place.dir, 'init', '-q', '-b', 'main');
  const base = commitAll(place.dir, 'base');
  git(place.dir, 'checkout', '-q', '-b', 'feature');
  place.file('main.go', serviceWith('addr', `${HEALTHZ}\n\t${NEW}`));
  place.file('scenarios/s.yml', scenarioWith('addr', `{ http: GET /new }${requests}`));
  commitAll(place.dir, 'head');
  return base;
};

interface Check {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly advice: string;
}

test('doctor tries both sides as a run does: what base lacks, what fails on head, and where; the folder stays as it was', async () => {
  const base = makeChange(', { name: wrong, http: GET /nowhere }').slice(0, 7);
  const before = readdirSync(place.dir, { recursive: true }).filter((name) => !String(name).startsWith('.git/'));
  const ended = await place.run(['doctor', '--json']);
  const checks = JSON.parse(ended.stdout) as readonly Check[];
  const of = (name: string): readonly Check[] => checks.filter((check) => check.name === `target s: ${name}`);
  expect(of('head: GET /old')).toMatchObject([
    { state: 'ok', found: expect.stringMatching(/^200, 11 B in /) as string },
  ]);
  expect(of('head: GET /new')[0]?.state).toBe('ok');
  expect(of('head: prepare first')).toMatchObject([
    { state: 'ok', found: expect.stringMatching(/^GET \/old: 200, 11 B in /) as string },
  ]);
  expect(of('head: wrong')).toMatchObject([
    { state: 'fail', found: expect.stringMatching(/404.*not expected/) as string },
  ]);
  expect(of('head: working folder')[0]?.found).toBe('the module folder, in a copy of the source');
  const onBase = `base (${base})`;
  expect(of(`${onBase}: GET /new`)).toMatchObject([{ state: 'warn', found: 'status 404: new on head' }]);
  expect(of(onBase).map(({ found }) => found)).toEqual([
    expect.stringContaining('ready in'),
    expect.stringMatching(/started by scenarios\/s\.yml of its own commit .* differs in target\.args/),
  ]);
  expect(of('both sides')).toMatchObject([
    { state: 'ok', found: expect.stringMatching(/^run side by side; both ready in /) as string },
  ]);
  expect(ended.code).toBe(2);
  expect(readdirSync(place.dir, { recursive: true }).filter((name) => !String(name).startsWith('.git/'))).toEqual(
    before,
  );
});

test('a run is not stopped by a renamed flag, an ignored file, a seed or a new route: the rest is judged', async () => {
  makeChange();
  const ended = await place.run(['run', '--out', 'out', '--budget', '14s']);
  expect(ended.code).toBe(0);
  const report = readFileSync(path.join(place.dir, 'out/report.md'), 'utf8').replaceAll('\u200b', '');
  expect(report).toMatch(/own commit/);
  expect(report).toMatch(/GET \/new is new on head \(base answers 404; head answered 200, 3 bytes/);
  expect(report).toMatch(/1 file that git ignores/);
  expect(ended.stderr).not.toMatch(/invalid/);
  expect(existsSync(path.join(place.dir, 'written-here'))).toBe(false);
});

test('a service in folders is started in copies of them', async () => {
  place.file('b/go.mod', 'module example.com/case\n\ngo 1.22\n');
  place.file('b/main.go', serviceWith('addr', HEALTHZ));
  place.file('b/dist/page.html', '<p>page</p>');
  const prepare =
    'prepare: [{ side: base, http: GET /old }, { side: head, http: GET /nowhere, expect: { status: 404 } }]';
  const text = scenarioWith('addr', '').replace('  include: dist/**\n', '');
  place.file('s.yml', text.replace(/prepare: \[.*?\]/, prepare));
  const ended = await place.run(['doctor', 's.yml', '--base', './b', '--head', './b', '--json']);
  const checks = JSON.parse(ended.stdout) as readonly Check[];
  expect(checks.filter(({ name, state }) => name.startsWith('target s') && state === 'fail')).toEqual([]);
  expect(checks.some(({ name }) => name === 'target s: head: GET /old')).toBe(true);
  expect(checks.find(({ name }) => /^target s: base \([^)]*\)$/.test(name))?.found).toMatch(
    /^the same program as head’s/,
  );
  expect(checks.filter(({ name }) => name.includes('prepare')).map(({ name }) => name)).toEqual([
    'target s: head: prepare GET /nowhere',
    expect.stringMatching(/^target s: base \(.*\): prepare$/),
  ]);
  expect(readdirSync(path.join(place.dir, 'b')).toSorted()).toEqual(['dist', 'go.mod', 'main.go']);
});

test('doctor in a folder without a scenario names init, and fails nothing for want of one', async () => {
  const ended = await place.run(['doctor', '--json']);
  const checks = JSON.parse(ended.stdout) as readonly Check[];
  expect(checks.find(({ name }) => name === 'scenario')).toMatchObject({
    state: 'warn',
    advice: expect.stringContaining('godyno init') as string,
  });
  expect(ended.code).toBe(0);
});

test('a service that the change adds ends with 0: nothing to compare with yet, and what one look at head gave', async () => {
  makeChange();
  place.file('cmd/fresh/main.go', serviceWith('addr', HEALTHZ));
  place.file('cmd/fresh/dist/page.html', '<p>new page</p>');
  place.file(
    'fresh.yml',
    scenarioWith('addr', '')
      .replace('include: dist/**', 'include: cmd/fresh/dist/**')
      .replace('target:', 'target:\n  package: ./cmd/fresh'),
  );
  const ended = await place.run(['run', 'fresh.yml', '--out', 'out']);
  expect(ended.code, ended.stderr).toBe(0);
  const { scenarios, newOnHead, verdict } = comparisonIn(path.join(place.dir, 'out'));
  expect({ scenarios, verdict }).toEqual({ scenarios: [], verdict: 'unchanged' });
  expect(newOnHead).toMatchObject([
    {
      scenario: 'fresh',
      reason: 'base has no package ./cmd/fresh',
      figures: [
        expect.stringMatching(/^built to .* and ready in /) as string,
        expect.stringMatching(/^GET \/old answered 200 with 15 B in /) as string,
      ],
    },
  ]);
  const sentence = 'is new on head (base has no package ./cmd/fresh): there is nothing to compare with yet';
  expect(ended.stderr + ended.stdout).toContain(sentence);
  expect(readFileSync(path.join(place.dir, 'out/report.md'), 'utf8').replaceAll('\u200b', '')).toContain(sentence);
});
