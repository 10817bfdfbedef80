/** What the profiles of a run explain, for the comparison: which function carries the difference. */
import {
  compareFunctions,
  compareRun,
  type FindingsOf,
  type ProfiledKind,
  type ProfiledSide,
} from '../compare/index.ts';
import { countedPairs, counterPerRequest, METRICS } from '../metrics/index.ts';
import {
  type BySide,
  type Launch,
  type MetricId,
  type Pair,
  type ProfileKind,
  type RunFile,
  type ScenarioComparison,
  type ScenarioRun,
  type Side,
} from '../model/index.ts';
import { belowRequests, type Profile } from '../profile/index.ts';
import { launchesExplaining } from './profiles.ts';
import { openProfile, type ReadFile } from './read-profile.ts';

/** Where a kind of cost is read from, and the metrics whose regression it explains. */
interface Source {
  readonly kind: ProfiledKind['profile'];
  readonly file: ProfileKind;
  readonly metrics: readonly MetricId[];
  /** The exact total per request, where a counter knows it. */
  readonly total: (pairs: readonly Pair[], side: Side) => number | undefined;
  readonly choose: (profile: Profile) => Profile;
}

const whole = (profile: Profile): Profile => profile;

const perRequest =
  (counter: 'cpuNs' | 'mallocs' | 'allocBytes') =>
  (pairs: readonly Pair[], side: Side): number | undefined =>
    counterPerRequest(pairs, side, counter);

const unknown = (): undefined => undefined;

/** In the order in which they explain when none of their metrics moved. */
const SOURCES: readonly Source[] = [
  { kind: 'cpu', file: 'cpu', metrics: ['cpuNsPerRequest'], total: perRequest('cpuNs'), choose: whole },
  {
    kind: 'alloc_objects',
    file: 'allocs',
    metrics: ['mallocsPerRequest'],
    total: perRequest('mallocs'),
    choose: whole,
  },
  {
    kind: 'alloc_space',
    file: 'allocs',
    metrics: ['allocBytesPerRequest'],
    total: perRequest('allocBytes'),
    choose: whole,
  },
  { kind: 'mutex', file: 'mutex', metrics: ['mutexWaitNsPerRequest'], total: unknown, choose: whole },
  { kind: 'block', file: 'block', metrics: ['blockWaitNsPerRequest'], total: unknown, choose: belowRequests },
  // Before the heap: a goroutine that never ends keeps its own memory, so its leak moves both.
  {
    kind: 'goroutine',
    file: 'goroutine',
    metrics: ['goroutineGrowthPerRequest', 'goroutines'],
    total: unknown,
    choose: whole,
  },
  {
    kind: 'goroutineleak',
    file: 'goroutineleak',
    metrics: ['goroutineGrowthPerRequest', 'goroutines'],
    total: unknown,
    choose: whole,
  },
  {
    kind: 'inuse_space',
    file: 'heap',
    metrics: ['heapGrowthBytesPerRequest', 'liveHeapBytes'],
    total: unknown,
    choose: whole,
  },
];

/** The gate that fired leads: its function is the one the sentence names. */
const ordered = (scenario: ScenarioComparison | undefined): readonly Source[] => {
  const weightOf = (metric: MetricId): number => {
    const row = scenario?.metrics.find((each) => each.metric === metric);
    if (row?.verdict === 'regressed') return row.gate ? 0 : 2;
    return row?.verdict === 'improved' ? 1 : 3;
  };
  const weight = ({ metrics }: Source): number => Math.min(...metrics.map(weightOf));
  return SOURCES.toSorted((a, b) => weight(a) - weight(b));
};

const sideOf = async (launch: Launch, side: Side, source: Source, read: ReadFile): Promise<ProfiledSide | null> => {
  const ref = launch.sides[side].profiles[source.file];
  const profile = ref === undefined ? null : await openProfile(ref, source.file, read);
  if (ref === undefined || profile === null) return null;
  const total = source.total(countedPairs(launch, 'cost'), side);
  return {
    profile: source.choose(profile),
    requests: ref.requests,
    ...(total === undefined ? {} : { exactTotalPerRequest: total }),
  };
};

const practicalRatioOf = (metrics: readonly MetricId[]): number =>
  Math.min(...metrics.map((metric) => METRICS[metric].practicalRatio ?? 0));

const kindOf = async (run: ScenarioRun, source: Source, read: ReadFile): Promise<ProfiledKind> => {
  const launches: BySide<ProfiledSide>[] = [];
  for (const launch of launchesExplaining(run, source.file)) {
    const base = await sideOf(launch, 'base', source, read);
    const head = await sideOf(launch, 'head', source, read);
    if (base !== null && head !== null) launches.push({ base, head });
  }
  return { profile: source.kind, launches, practicalRatio: practicalRatioOf(source.metrics) };
};

/** Profiles that are gone (a run's folder copied without them) or broken explain nothing. */
export const findingsIn = async (file: RunFile, read: ReadFile): Promise<FindingsOf> => {
  const verdicts = compareRun(file).scenarios;
  const found = new Map<string, ReturnType<typeof compareFunctions>>();
  for (const run of file.runs) {
    const { name } = run.scenario;
    const kinds: ProfiledKind[] = [];
    for (const source of ordered(verdicts.find(({ scenario }) => scenario === name))) {
      kinds.push(await kindOf(run, source, read));
    }
    const explained = run.launches.some(({ stage }) => stage === 'explain');
    found.set(
      name,
      compareFunctions({
        kinds,
        source: explained ? 'explain' : 'judged',
        diff: file.diff,
        moduleChanges: file.moduleChanges,
        modulePath: run.builds.head.modulePath || null,
        builds: run.builds,
      }),
    );
  }
  return ({ scenario }) => found.get(scenario.name) ?? {};
};
