import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apportion } from '../../../harness/profile/costs/call-paths.ts';
import {
  callTree,
  decodeProfile,
  encodeProfile,
  pathTo,
  type Profile,
  withCallPaths,
} from '../../../harness/profile/index.ts';
import { instructionsProfile } from '../../../harness/compare/counts/profile.ts';
import type { CountedStack } from '../../../harness/model/index.ts';
import { profileOf, type Stack } from '../../builders/profiles.ts';
import { flatCumRows } from '../top-table.ts';

const frameOf = (name: string) => ({ function: name, file: 'a.go', line: 12, startLine: 10 });

/** Innermost first, as counted: `['main.inlined', 'main.compiled']`. */
const stackOf = (frames: readonly string[], instructions: number, calls = 0): CountedStack => ({
  frames: frames.map(frameOf),
  group: 'user',
  instructions,
  calls,
});

const countedOf = (...stacks: readonly CountedStack[]): Profile => instructionsProfile(stacks, []);

const cpuOf = (...stacks: readonly Stack[]): Profile => profileOf(stacks);

/** `root → … → leaf` → instructions that end there. */
const pathsOf = (profile: Profile): Readonly<Record<string, number>> => {
  const tree = callTree([{ profile, scale: 1, valueType: 'instructions' }], []);
  const own = Array.from(tree.base);
  tree.base.forEach((value, node) => {
    if (node > 0) own[tree.parent[node] ?? 0] = (own[tree.parent[node] ?? 0] ?? 0) - value;
  });
  return Object.fromEntries(
    own.flatMap((value, node) => (node > 0 && value !== 0 ? [[pathTo(tree, node).join(' → '), value]] : [])),
  );
};

describe('counted functions get the callers that samples met them under', () => {
  it('divided as the samples are where there are several', () => {
    const counted = countedOf(stackOf(['main.leaf'], 1000), stackOf(['main.rest'], 7));
    const sampled = cpuOf(
      { frames: ['main.main', 'main.one', 'main.leaf'], value: 30 },
      { frames: ['main.main', 'main.two', 'main.leaf'], value: 10 },
    );
    const { profile, samples } = withCallPaths(counted, sampled);
    expect(samples).toBe(40);
    expect(pathsOf(profile)).toEqual({
      'main.main → main.one → main.leaf': 750,
      'main.main → main.two → main.leaf': 250,
      'main.rest': 7,
    });
    expect(profile.comments).toEqual([
      'Callers are joined from 40 CPU samples of the same program; functions without a sample have none.',
    ]);
  });

  it('by their own samples, not by those of what they call', () => {
    const counted = countedOf(stackOf(['main.leaf'], 100), stackOf(['main.mid'], 60));
    const sampled = cpuOf(
      { frames: ['main.a', 'main.mid', 'main.leaf'], value: 90 },
      { frames: ['main.b', 'main.mid'], value: 1 },
    );
    expect(pathsOf(withCallPaths(counted, sampled).profile)).toEqual({
      'main.a → main.mid → main.leaf': 100,
      'main.b → main.mid': 60,
    });
  });

  it('by what they call where they were never met themselves', () => {
    const sampled = cpuOf({ frames: ['main.a', 'main.mid', 'main.leaf'], value: 90 });
    const counted = countedOf(stackOf(['main.mid'], 60));
    expect(pathsOf(withCallPaths(counted, sampled).profile)).toEqual({ 'main.a → main.mid': 60 });
  });

  it('with what was inlined into them still inside', () => {
    const counted = countedOf(stackOf(['main.small', 'main.leaf'], 5), stackOf(['main.leaf'], 3));
    const sampled = cpuOf({ frames: ['main.a', 'main.leaf'], value: 1 });
    expect(pathsOf(withCallPaths(counted, sampled).profile)).toEqual({
      'main.a → main.leaf → main.small': 5,
      'main.a → main.leaf': 3,
    });
  });

  it('under the name of their source, of which instances have many', () => {
    const counted = countedOf(stackOf(['main.F[go.shape.int]'], 4), stackOf(['main.G[go.shape.string]'], 8));
    const sampled = cpuOf({ frames: ['main.G[...]', 'main.F[...]'], value: 1 });
    const { profile } = withCallPaths(counted, sampled);
    expect(pathsOf(profile)).toEqual({ 'main.G[...] → main.F[...]': 4, 'main.G[...]': 8 });
    expect(profile.functions.count).toBe(2);
  });

  it('without the harness’s own samples', () => {
    const sampled = cpuOf(
      { frames: ['main.main', 'main.leaf'], value: 2 },
      { frames: ['example.com/api/internal/zzgodyno.serve', 'main.leaf'], value: 7 },
    );
    const { samples } = withCallPaths(countedOf(stackOf(['main.leaf'], 5)), sampled);
    expect(samples).toBe(2);
    const none = withCallPaths(countedOf(stackOf(['main.leaf'], 5)), cpuOf());
    expect(none.samples).toBe(0);
    expect(pathsOf(none.profile)).toEqual({ 'main.leaf': 5 });
  });
});

const NAMES = ['main.a', 'main.b', 'main.c', 'runtime.d', 'lib.E[go.shape.int]'];

describe('whatever was sampled', () => {
  const stacks = fc.array(
    fc.record({
      frames: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 6 }),
      value: fc.nat(50),
    }),
    { maxLength: 20 },
  );
  const counted = fc.array(
    fc.record({ name: fc.constantFrom(...NAMES), instructions: fc.nat(1e9), calls: fc.nat(1e6) }),
    { minLength: 1, maxLength: 8 },
  );

  it('each function keeps its own instructions and calls to the last one, through pprof’s bytes', () => {
    fc.assert(
      fc.property(counted, stacks, (rows, sampled) => {
        const before = countedOf(...rows.map(({ name, instructions, calls }) => stackOf([name], instructions, calls)));
        const after = decodeProfile(encodeProfile(withCallPaths(before, cpuOf(...sampled)).profile), 'joined');
        const flat = (profile: Profile, valueType: string) =>
          flatCumRows(profile, valueType)
            .filter((each) => each.flat !== 0)
            .map((each) => `${each.name} ${each.flat}`)
            .toSorted();
        for (const type of ['instructions', 'calls']) expect(flat(after, type)).toEqual(flat(before, type));
      }),
      { numRuns: 100 },
    );
  });

  it('parts are whole, never negative, and sum to what was divided', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 10 });
    fc.assert(
      fc.property(fc.nat(2 ** 40), weights, (value, each) => {
        const parts = apportion(value, each);
        expect(parts.every((part) => Number.isSafeInteger(part) && part >= 0)).toBe(true);
        expect(parts.reduce((sum, part) => sum + part, 0)).toBe(value);
      }),
    );
  });
});

it('go tool pprof shows the joined paths, and says where they come from', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'paths-'));
  try {
    const counted = countedOf(stackOf(['main.leaf'], 1000), stackOf(['main.leaf'], 0, 3));
    const { profile } = withCallPaths(counted, cpuOf({ frames: ['main.main', 'main.leaf'], value: 9 }));
    const file = path.join(folder, 'instructions.pb.gz');
    writeFileSync(file, encodeProfile(profile));
    const pprof = (...words: readonly string[]): string =>
      execFileSync('go', ['tool', 'pprof', ...words, file], { encoding: 'utf8' });
    expect(pprof('-traces', '-sample_index=instructions')).toMatch(/1000\s+main\.leaf\s+main\.main/);
    expect(pprof('-top', '-sample_index=calls')).toMatch(/3\s+100%\s+100%\s+3\s+100%\s+main\.leaf/);
    expect(pprof('-comments')).toContain('joined from 9 CPU samples');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
