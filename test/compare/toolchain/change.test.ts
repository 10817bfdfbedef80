import { describe, expect, it } from 'vitest';
import { compareRun, judgeSoFar } from '../../../harness/compare/index.ts';
import { toolchainChange, toolchainNotTaken } from '../../../harness/compare/toolchain/change.ts';
import type { FileDiff, GateSpec, GoLines, RunFile, ScenarioRun } from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';
import { cpuRun, fileOf, runOf } from '../../builders/synthetic-run.ts';
import { scenarioWith } from '../../builders/scenarios.ts';

const TWO = { base: buildOf('go1.26.8'), head: buildOf('go1.27.3') };
const ONE = { base: buildOf('go1.27.3'), head: buildOf('go1.27.3') };

const touched = (...files: readonly string[]): readonly FileDiff[] =>
  files.map((file) => ({ file, status: 'modified', renamedFrom: null, headLines: [[1, 1]], baseLines: [[1, 1]] }));
const lines = (go: string, toolchain: string | null = null, godebug: readonly string[] = []): GoLines => ({
  go,
  toolchain,
  godebug,
});

const changeOf = (builds: ScenarioRun['builds'], changes: Partial<RunFile> = {}) => {
  const run = runOf([], { builds });
  return toolchainChange(run, fileOf([run], { diff: touched('go.mod'), ...changes }), []);
};

describe('another Go', () => {
  it('is none where both sides have one, whatever else changed', () => {
    expect(changeOf(ONE, { diff: touched('main.go') })).toBeUndefined();
  });

  it.each([
    [['go.mod']],
    [['go.mod', 'go.sum', '.github/workflows/ci.yml', 'Dockerfile', 'README.md', 'store_test.go', '../.go-version']],
  ])('is all that changed where only %j differ', (files) => {
    expect(changeOf(TWO, { diff: touched(...files) })).toMatchObject({
      isOnly: true,
      versions: { base: 'go1.26.8', head: 'go1.27.3' },
    });
  });

  it.each([
    ['a source file', { diff: touched('go.mod', 'main.go') }],
    ['a file that may be embedded', { diff: touched('go.mod', 'templates/page.html') }],
    ['a dependency', { moduleChanges: [{ module: 'x.org/y', base: 'v1.0.0', head: 'v1.1.0' }] }],
    ['a godebug line', { goLines: { base: lines('1.22'), head: lines('1.22', null, ['asynctimerchan=1']) } }],
    ['what nobody could diff', { diff: [] }],
  ])('is not all where %s changed, too', (_, changes: Partial<RunFile>) => {
    expect(changeOf(TWO, changes)?.isOnly).toBe(false);
  });

  it('is not all where tags differ, but is where only the defaults of GODEBUG do, which follow it', () => {
    const head = (settings: Readonly<Record<string, string>>) => ({ ...TWO, head: buildOf('go1.27.3', settings) });
    expect(changeOf(head({ '-tags': 'sqlite' }))?.isOnly).toBe(false);
    expect(changeOf(head({ DefaultGODEBUG: 'tracebacklabels=0' }))?.isOnly).toBe(true);
  });

  it('is all that changed between two builds of one revision', () => {
    const side = { revision: 'a'.repeat(40), label: 'main', kind: 'git' } as const;
    expect(changeOf(TWO, { base: side, head: side, diff: [] })?.isOnly).toBe(true);
  });

  it('may be another go line alone', () => {
    const goLines = { base: lines('1.22'), head: lines('1.27') };
    expect(changeOf(ONE, { goLines })).toMatchObject({
      isOnly: true,
      goLines: { base: '1.22', head: '1.27' },
      known: [],
    });
  });

  it('is known for what a go line decides by itself', () => {
    const goLines = { base: lines('1.21'), head: lines('1.27.0') };
    expect(changeOf(ONE, { goLines })?.known).toEqual([
      expect.stringMatching(/^1\.22: a loop has variables of its own/),
    ]);
  });

  it('is known for everything between the two versions, the newest first, whichever side is older', () => {
    const known = changeOf({ base: buildOf('go1.21.13'), head: buildOf('go1.24.2') })?.known ?? [];
    expect(known.map((text) => text.slice(0, 4))).toEqual(['1.24', '1.23', '1.22']);
    expect(changeOf({ base: buildOf('go1.24.2'), head: buildOf('go1.21.13') })?.known).toEqual(known);
    expect(changeOf(TWO)?.known[0]).toMatch(/^1\.27: encoding\/json runs on .*GOEXPERIMENT=nojsonv2/);
    expect(changeOf({ base: buildOf('go1.26.8'), head: buildOf('devel go1.28-abc') })?.known).toEqual([]);
  });

  it('is not known for what this build has switched off', () => {
    const known = changeOf({ base: buildOf('go1.26.8'), head: buildOf('go1.27.3-X:nojsonv2') })?.known ?? [];
    expect(known.join()).not.toContain('json');
    expect(known.length).toBeGreaterThan(1);
  });
});

describe('two toolchain lines that one Go has built', () => {
  const warned = (builds: ScenarioRun['builds'], base: GoLines, head: GoLines) => {
    const run = runOf([], { builds });
    return toolchainNotTaken(run, fileOf([run], { goLines: { base, head } }));
  };

  it('are said, since what was compared is not what the change is about', () => {
    expect(warned(ONE, lines('1.22', 'go1.26.8'), lines('1.22', 'go1.28.0'))).toEqual([
      'go.mod asks for go1.26.8 on base and go1.28.0 on head, but go1.27.3 has built both: set GOTOOLCHAIN=auto to compare the two.',
    ]);
  });

  it('are nothing to say where each had its own, or where a side has no such line', () => {
    expect(warned(TWO, lines('1.22', 'go1.26.8'), lines('1.22', 'go1.27.3'))).toEqual([]);
    expect(warned(ONE, lines('1.22'), lines('1.22', 'go1.27.3'))).toEqual([]);
  });
});

describe('a gate with a limit of its own for changes of Go', () => {
  const limit = (failRatio: number) => ({ failRatio, failAbsolute: null });
  const slower = (builds: ScenarioRun['builds'], cpuNsPerRequest: GateSpec) =>
    cpuRun(
      Array.from({ length: 12 }, (_, index) => 0.05 + 0.0005 * (index % 3)),
      {
        builds: { base: { ...builds.base, seededLinks: true }, head: { ...builds.head, seededLinks: true } },
        scenario: scenarioWith({ latency: null, gates: { cpuNsPerRequest } }),
      },
    );
  const verdictOf = (run: ScenarioRun) =>
    compareRun(fileOf([run])).scenarios[0]?.metrics.find(({ metric }) => metric === 'cpuNsPerRequest');

  it('fails from there on between two Gos, and from the usual limit on between equal ones', () => {
    const gate: GateSpec = { ...limit(0.02), toolchain: limit(0.1) };
    expect(verdictOf(slower(TWO, gate))).toMatchObject({ practicalRatio: 0.1 });
    expect(verdictOf(slower(TWO, gate))?.verdict).not.toBe('regressed');
    expect(verdictOf(slower(ONE, gate))).toMatchObject({ verdict: 'regressed', practicalRatio: 0.02 });
    const looked = (sides: typeof TWO) => judgeSoFar(slower(sides, gate), { gates: 1 }).verdicts[0]?.verdict;
    expect(looked(TWO)).not.toBe('regressed');
    expect(looked(ONE)).toBe('regressed');
  });

  it('does not fail between two Gos where it is false, and the comparison names it', () => {
    const run = slower(TWO, { ...limit(0.02), toolchain: false });
    expect(verdictOf(run)?.gate).toBe(false);
    const [scenario] = compareRun(fileOf([run])).scenarios;
    expect(scenario?.toolchain?.gates).toEqual(['cpuNsPerRequest']);
    expect(scenario?.verdict).not.toBe('regressed');
  });
});
