import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Launch } from '../../harness/model/index.ts';
import { encodeProfile, type Profile } from '../../harness/profile/index.ts';
import { hasHiddenGrowth, hiddenSamples } from '../../harness/run/hidden-cpu.ts';
import { profileOf } from '../builders/profiles.ts';

const sampled = (parts: Readonly<Record<string, number>>): Profile => {
  const made = profileOf(Object.entries(parts).map(([leaf, value]) => ({ frames: ['main.serve', leaf], value })));
  const counts = Object.values(parts);
  return {
    ...made,
    sampleTypes: [
      { type: 'samples', unit: 'count' },
      { type: 'cpu', unit: 'nanoseconds' },
    ],
    samples: { ...made.samples, values: Float64Array.from(counts.flatMap((count) => [count, count * 1e7])) },
  };
};

const SYSCALL = 'internal/runtime/syscall/linux.Syscall6';

test('hidden is what Go’s profiler shows no further than the call', () => {
  const parts = { [SYSCALL]: 5, 'runtime.cgocall': 7, 'syscall.write': 2, 'main.work': 80, 'runtime.mallocgc': 6 };
  expect(hiddenSamples(sampled(parts))).toEqual({ all: 100, hidden: 14 });
});

const grows = (base: Readonly<Record<string, number>>, head: Readonly<Record<string, number>>): boolean => {
  const dir = mkdtempSync(path.join(tmpdir(), 'hidden-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const side = (name: string, parts: Readonly<Record<string, number>>) => {
    writeFileSync(path.join(dir, `${name}.pb.gz`), encodeProfile(sampled(parts)));
    const cpuNs = 1e7 * Object.values(parts).reduce((sum, count) => sum + count, 0);
    const profiles = { cpu: { file: `${name}.pb.gz`, before: null, requests: 1000 } };
    return { pid: 1, growth: null, profiles, profiled: { requests: 1000, cpuNs } };
  };
  const launch = { stage: 'judged', sides: { base: side('base', base), head: side('head', head) } };
  return hasHiddenGrowth([launch as unknown as Launch], dir);
};

test('perf is worth asking where calls into C or the kernel have a part in what CPU grew by', () => {
  expect(grows({ 'main.work': 800, [SYSCALL]: 200 }, { 'main.work': 800, [SYSCALL]: 400 })).toBe(true);
  expect(grows({ 'main.work': 800, 'runtime.cgocall': 200 }, { 'main.work': 900, 'runtime.cgocall': 300 })).toBe(true);
});

test('and not where Go itself grew, where nothing did, or where it may be chance', () => {
  expect(grows({ 'main.work': 800, [SYSCALL]: 200 }, { 'main.work': 1000, [SYSCALL]: 200 })).toBe(false);
  expect(grows({ 'main.work': 800, [SYSCALL]: 400 }, { 'main.work': 800, [SYSCALL]: 200 })).toBe(false);
  expect(grows({ 'main.work': 800, [SYSCALL]: 200 }, { 'main.work': 805, [SYSCALL]: 205 })).toBe(false);
});
