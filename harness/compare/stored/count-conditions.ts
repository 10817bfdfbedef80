/** Whether counts of two days may be compared: where anything differs that moves them beside the code, they are not. */
import type { CountConditions } from '../../model/index.ts';

/** Debian mends an emulator without giving it other instructions to emulate; `7.2.22` is a 7.2. */
const minorOf = (version: string): string => /^\d+\.\d+/.exec(version)?.[0] ?? version;

const settingsText = (settings: CountConditions['goSettings']): string =>
  Object.entries(settings)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ') || 'none';

interface Condition {
  /** As people call it. */
  readonly name: string;
  readonly of: (conditions: CountConditions) => string | number;
  /** Whether the two values say something to people. */
  readonly shown: boolean;
}

const CONDITIONS: readonly Condition[] = [
  { name: 'Go version', of: ({ goVersion }) => goVersion, shown: true },
  { name: 'platform', of: ({ goos, goarch }) => `${goos}/${goarch}`, shown: true },
  { name: 'Go settings', of: ({ goSettings }) => settingsText(goSettings), shown: true },
  { name: 'engine', of: ({ engine, engineVersion }) => `${engine} ${minorOf(engineVersion)}`, shown: true },
  { name: 'emulated CPU', of: ({ cpu }) => cpu, shown: true },
  { name: 'features of the emulated CPU', of: ({ cpuFeatures }) => cpuFeatures, shown: false },
  { name: 'counting plugin', of: ({ plugin }) => plugin, shown: false },
  { name: 'patches of Go’s runtime', of: ({ runtimePatches }) => runtimePatches, shown: false },
  { name: 'agent', of: ({ agent }) => agent, shown: false },
  { name: 'GOMAXPROCS', of: ({ gomaxprocs }) => gomaxprocs, shown: true },
  { name: 'GOGC', of: ({ gogc }) => gogc, shown: true },
  { name: 'GOMEMLIMIT', of: ({ gomemlimit }) => gomemlimit, shown: true },
  { name: 'GODEBUG', of: ({ godebug }) => godebug, shown: true },
  { name: 'seed', of: ({ seed }) => seed, shown: true },
  { name: 'number of requests', of: ({ requests }) => requests, shown: true },
  { name: 'requests', of: ({ requestsDigest }) => requestsDigest, shown: false },
];

/** One sentence without a full stop that names all that differs; null: the counts may be compared. */
export const whyOtherCounts = (before: CountConditions, after: CountConditions): string | null => {
  const differing = CONDITIONS.filter(({ of }) => of(before) !== of(after)).map(({ name, of, shown }) =>
    shown ? `${name} (${of(before)} → ${of(after)})` : name,
  );
  return differing.length === 0
    ? null
    : `the baseline was counted under other conditions: ${differing.join(', ')}; record it again`;
};
