/** Counted heads for tests: made-up launches of a program with a few functions, and the conditions they stand under. */
import { keepCounts } from '../../harness/compare/index.ts';
import { instructionsProfile } from '../../harness/compare/counts/profile.ts';
import type { CountConditions, CountedStack, ExactLaunch, ExactRun, StoredCounts } from '../../harness/model/index.ts';

export const CONDITIONS: CountConditions = {
  goVersion: 'go1.26.8',
  goos: 'linux',
  goarch: 'amd64',
  goSettings: { CGO_ENABLED: '1', GOAMD64: 'v1' },
  engine: 'qemu',
  engineVersion: '7.2.22',
  cpu: 'max',
  cpuFeatures: 'AuthenticAMD family 60fb1',
  plugin: 'p1',
  runtimePatches: 'r1',
  agent: 'a1',
  gomaxprocs: 1,
  gogc: 'off',
  gomemlimit: 'off',
  godebug: 'asyncpreemptoff=1',
  seed: 7,
  requests: 100,
  requestsDigest: 'd1',
};

/** Instructions per request by function. */
export type Work = Readonly<Record<string, number>>;

const frame = (name: string) => ({ function: name, file: `example.com/shop/${name}.go`, line: 12, startLine: 10 });

/** Calls of each function per request; 2 where nothing is said. */
const stacksOf = (work: Work, calls: Work): readonly CountedStack[] =>
  Object.entries(work).map(([name, instructions]) => ({
    frames: [frame(name)],
    group: 'user' as const,
    instructions: instructions * CONDITIONS.requests,
    calls: (calls[name] ?? 2) * CONDITIONS.requests,
  }));

const launchOf = (index: number, more: Partial<ExactLaunch>): ExactLaunch => ({
  index,
  side: 'head',
  linkSeed: null,
  requests: CONDITIONS.requests,
  groups: { user: 0, runtime: 0, allocator: 0, gc: 0, scheduler: 0 },
  windowSeconds: 1,
  idleSeconds: 0.5,
  syscalls: { write: CONDITIONS.requests },
  threads: 5,
  profile: '',
  wallSeconds: 2,
  ...more,
});

export interface CountedHead {
  readonly exact: ExactRun;
  readonly launches: readonly {
    readonly launch: ExactLaunch;
    readonly profile: ReturnType<typeof instructionsProfile>;
  }[];
  readonly counts: StoredCounts;
}

/** One launch for each `work`, with its own calls where there are some. */
export const countedHead = (
  works: readonly Work[],
  conditions: Partial<CountConditions> = {},
  more: Partial<ExactLaunch> = {},
  calls: readonly Work[] = [],
): CountedHead => {
  const launches = works.map((work, at) => ({
    launch: launchOf(at + 1, more),
    profile: instructionsProfile(stacksOf(work, calls[at] ?? {}), []),
  }));
  const exact: ExactRun = {
    engine: 'qemu',
    refusal: null,
    steady: true,
    unsteadyReason: null,
    launches: launches.map(({ launch }) => launch),
    conditions: { ...CONDITIONS, ...conditions },
    warnings: [],
  };
  const counts = keepCounts('demo', exact, launches);
  if (counts === null) throw new Error('nothing to keep');
  return { exact, launches, counts };
};
