/**
 * A full comparison of functions as a process of its own, for profile-bench.ts: 5 launches × 5 kinds × 2 sides decoded
 * and compared. Usage: node test/bench/full-comparison.ts CPU.pb.gz ALLOCS.pb.gz MUTEX.pb.gz BLOCK.pb.gz
 * Prints {"cpuMs", "peakMb", "rows"}.
 */
import { readFileSync } from 'node:fs';
import { compareFunctions, type ProfiledKind } from '../../harness/compare/index.ts';
import { decodeProfile } from '../../harness/profile/index.ts';

const LAUNCHES = 5;
const [cpu = '', allocs = '', mutex = '', block = ''] = process.argv.slice(2);

const KINDS: readonly (readonly [ProfiledKind['profile'], string])[] = [
  ['cpu', cpu],
  ['alloc_objects', allocs],
  ['alloc_space', allocs],
  ['mutex', mutex],
  ['block', block],
];

const sideOf = (file: string) => ({ profile: decodeProfile(readFileSync(file), file), requests: 10_000 });

const kinds = KINDS.map(([profile, file]) => ({
  profile,
  practicalRatio: 0.01,
  launches: Array.from({ length: LAUNCHES }, () => ({ base: sideOf(file), head: sideOf(file) })),
}));
const { functions } = compareFunctions({
  kinds,
  source: 'judged',
  diff: [],
  moduleChanges: [],
  modulePath: null,
});
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({ cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: maxRSS / 1024, rows: functions.length }),
);
