import { describe, expect, it } from 'vitest';
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import { compareToolchains } from '../../../harness/compare/toolchain/build-settings.ts';
import type { BuildInfo, BySide } from '../../../harness/model/index.ts';
import { buildOf } from '../../builders/builds.ts';
import { inputOf, profileOf } from '../functions/fixture.ts';

const sides = (base: BuildInfo, head: BuildInfo): BySide<BuildInfo> => ({ base, head });
const exchanged = ({ base, head }: BySide<BuildInfo>): BySide<BuildInfo> => ({ base: head, head: base });

const warningsOf = (base: Readonly<Record<string, string>>, head: Readonly<Record<string, string>>) =>
  compareToolchains(sides(buildOf('go1.26.8', base), buildOf('go1.26.8', head))).warnings;

describe('two versions of Go', () => {
  it('forbid functions of mutex and block profiles, whichever is older, and nothing else', () => {
    const builds = sides(buildOf('go1.21.13'), buildOf('go1.24.2'));
    for (const each of [builds, exchanged(builds)]) {
      expect([...compareToolchains(each).forbidden]).toEqual(['mutex', 'block']);
    }
  });

  it('differ in a patch release, too, or without a number', () => {
    expect(compareToolchains(sides(buildOf('go1.26.1'), buildOf('go1.26.2'))).forbidden.has('mutex')).toBe(true);
    const development = sides(buildOf('go1.26.1'), buildOf('devel go1.28-abcdef'));
    expect(compareToolchains(development).forbidden.has('mutex')).toBe(true);
  });
});

describe('settings of the two builds', () => {
  it('that are equal say and forbid nothing, though folders, seeds and revisions differ', () => {
    const base = { '-pgo': '/tmp/base/default.pgo', '-ldflags': '-randlayout=1', 'vcs.revision': 'a' };
    const head = { '-pgo': '/tmp/head/default.pgo', '-ldflags': '-randlayout=2', 'vcs.revision': 'b' };
    const found = compareToolchains(sides(buildOf('go1.26.8', base), buildOf('go1.26.8', head)));
    expect(found).toEqual({ warnings: [], forbidden: new Set() });
  });

  it('with a profile on one side are said, with its name; -pgo=off is none', () => {
    expect(warningsOf({ '-pgo': 'off' }, { '-pgo': '/src/default.pgo' })).toEqual([
      expect.stringMatching(/^Only head was built with a profile \(default\.pgo\)/),
    ]);
    expect(warningsOf({ '-pgo': 'a.pgo' }, { '-pgo': 'b.pgo' })[0]).toContain('a.pgo and head with b.pgo');
  });

  it('with other GODEBUG defaults are named one by one, and forbid what these make incomparable', () => {
    const base = { DefaultGODEBUG: 'asynctimerchan=1,profstackdepth=32,httpmuxgo121=1' };
    const head = { DefaultGODEBUG: 'profstackdepth=128,httpmuxgo121=1' };
    const found = compareToolchains(sides(buildOf('go1.26.8', base), buildOf('go1.26.8', head)));
    expect(found.warnings[0]).toContain('asynctimerchan 1 → new, profstackdepth 32 → 128.');
    expect(found.warnings[0]).not.toContain('httpmuxgo121');
    expect(found.forbidden).toEqual(new Set(['alloc_space', 'alloc_objects', 'inuse_space', 'mutex', 'block']));
  });

  it('for the race detector, the architecture or tags are said', () => {
    expect(warningsOf({ GOAMD64: 'v1' }, { GOAMD64: 'v3', '-race': 'true' })).toEqual([
      'The sides were built differently: -race unset → true, GOAMD64 v1 → v3.',
    ]);
  });
});

describe('an experiment of Go', () => {
  const json = { GOEXPERIMENT: 'nojsonv2' };

  it('is said where one Go built a side with it, and is no difference where it is only the newer one’s to record', () => {
    expect(warningsOf({}, json)).toEqual(['The sides were built differently: GOEXPERIMENT unset → nojsonv2.']);
    expect(compareToolchains(sides(buildOf('go1.26.8'), buildOf('go1.27.3', json))).warnings).toEqual([]);
  });
});

describe('functions of two Go versions', () => {
  const waits = {
    'net/http.(*conn).serve;main.handle;main.lock': 400,
    'net/http.(*conn).serve;main.handle;main.io': 100,
  };
  const more = { ...waits, 'net/http.(*conn).serve;main.handle;main.lock': 900 };
  const input = {
    ...inputOf({ base: waits, head: more }),
    kinds: [
      ...inputOf({ base: waits, head: more }).kinds,
      ...inputOf({ base: waits, head: more, kind: 'mutex' }).kinds,
    ],
  };

  it('are compared by CPU but not by waiting, and the reason is said first', () => {
    const { functions, attribution } = compareFunctions({
      ...input,
      builds: sides(buildOf('go1.24.2'), buildOf('go1.26.8')),
    });
    expect(new Set(functions.map(({ profile }) => profile))).toEqual(new Set(['cpu']));
    expect(attribution.warnings[0]).toBe(
      'Functions are not compared by lock wait: the two builds count it differently.',
    );
    expect(attribution.culprit).toBe('main.lock');
  });

  it('are compared by waiting as well when the toolchain is one', () => {
    const builds = sides(buildOf('go1.26.8'), buildOf('go1.26.8'));
    const { functions, attribution } = compareFunctions({ ...input, builds });
    expect(new Set(functions.map(({ profile }) => profile))).toEqual(new Set(['cpu', 'mutex']));
    expect(attribution.warnings.join()).not.toContain('not compared');
  });

  it('explain nothing when only waiting was profiled', () => {
    const builds = sides(buildOf('go1.24.2'), buildOf('go1.26.8'));
    const only = { ...input, kinds: input.kinds.slice(1), builds };
    expect(compareFunctions(only)).toMatchObject({ functions: [], attribution: { culprit: null, samples: null } });
    expect(profileOf(waits, 'mutex').samples.count).toBe(2);
  });
});
