/** A full comparison of functions, measured in a process that does nothing else. */
import { readFileSync } from 'node:fs';
import { compareFunctions, type ProfiledKind } from '../../harness/compare/index.ts';
import { decodeProfile } from '../../harness/profile/index.ts';

const LAUNCHES = 5;

export interface ComparisonFiles {
  readonly cpu: string;
  readonly allocs: string;
  readonly mutex: string;
  readonly block: string;
}

const kindsOf = ({
  cpu,
  allocs,
  mutex,
  block,
}: ComparisonFiles): readonly (readonly [ProfiledKind['profile'], string])[] => [
  ['cpu', cpu],
  ['alloc_objects', allocs],
  ['alloc_space', allocs],
  ['mutex', mutex],
  ['block', block],
];

const sideOf = (file: string) => ({ profile: decodeProfile(readFileSync(file), file), requests: 10_000 });

/** What this process has taken in all, after 5 launches × 5 kinds × 2 sides were decoded and compared. */
export const fullComparison = (files: ComparisonFiles) => {
  const { functions } = compareFunctions({
    kinds: kindsOf(files).map(([profile, file]) => ({
      profile,
      practicalRatio: 0.01,
      launches: Array.from({ length: LAUNCHES }, () => ({ base: sideOf(file), head: sideOf(file) })),
    })),
    source: 'judged',
    diff: [],
    moduleChanges: [],
    modulePath: null,
  });
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: (userCPUTime + systemCPUTime) / 1000, peakMb: maxRSS / 1024, rows: functions.length };
};
