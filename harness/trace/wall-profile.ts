/** An execution trace → its requests' time as a pprof profile: by stack, with what it was spent on as the label `state`. */
import { type Profile, profileOfStacks } from '../profile/index.ts';
import { type Frame, generationsOf } from './generations.ts';
import { Goroutines } from './goroutines.ts';
import { Requests, type RequestTimes, type Served, type Spent } from './requests.ts';
import { type Stack, Stacks } from './stacks.ts';
import { STATES } from './states.ts';

export interface WallProfile {
  readonly profile: Profile;
  /** Requests that lie in the trace from begin to end. */
  readonly requests: number;
  readonly cpuSamples: number;
  readonly apart: RequestTimes['apart'];
  /** Of all requests, by what it was spent on. */
  readonly spentNs: Readonly<Record<string, number>>;
  /** In which the world stood still, whoever ran. */
  readonly pausedNs: number;
}

const SAMPLE_TYPES = [
  { type: 'intervals', unit: 'count' },
  { type: 'wall', unit: 'nanoseconds' },
] as const;

/** Where requests ran while nobody sampled the CPU. */
const NOT_SAMPLED: Frame = { function: '(running, not sampled)', file: '', line: 0 };

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(2)} s`;

/** What is not in the profile, for `go tool pprof -comments`. */
const commentsOf = ({ requests, apart }: RequestTimes): readonly string[] => [
  `${requests} requests, from the moment each had come until its answer was written`,
  `set apart: ${seconds(apart.idleNs)} of connections waiting for their next request, ${seconds(apart.backgroundReadNs)} of net/http reading ahead beside handlers, ${seconds(apart.aroundNs)} of servers around requests, ${apart.unfinished} requests that the trace does not hold to their end`,
];

const profileOf = (times: RequestTimes, stacks: readonly Stack[]): Profile => {
  const framesOf = ({ stack }: Spent): readonly Frame[] => {
    const { frames } = stacks[stack] as Stack;
    return frames.length > 0 ? frames : [NOT_SAMPLED];
  };
  const rows = times.spent.filter(({ ns }) => Math.round(ns) > 0);
  return profileOfStacks(
    { name: 'wall', sampleTypes: SAMPLE_TYPES, period: 1n, comments: commentsOf(times), label: 'state' },
    rows.map((row) => ({
      frames: framesOf(row),
      values: [row.count, Math.round(row.ns)],
      label: STATES[row.state] ?? '',
    })),
  );
};

const spentByState = ({ spent }: RequestTimes): Readonly<Record<string, number>> => {
  const sums: Record<string, number> = {};
  for (const { state, ns } of spent) sums[STATES[state] ?? ''] = (sums[STATES[state] ?? ''] ?? 0) + ns;
  return sums;
};

/** Throws {@link TraceError} for a trace that is damaged, cut short or none. */
export const wallProfile = (trace: Uint8Array): WallProfile => {
  const stacks = new Stacks();
  const requests = new Requests(stacks);
  const goroutines = new Goroutines<Served>(stacks, requests);
  for (const generation of generationsOf(trace)) {
    stacks.enter(generation);
    goroutines.read(generation);
    requests.sampled(generation);
  }
  const times = requests.times(goroutines.alive());
  return {
    profile: profileOf(times, stacks.all),
    requests: times.requests,
    cpuSamples: times.cpuSamples,
    apart: times.apart,
    spentNs: spentByState(times),
    pausedNs: goroutines.pausedNs(),
  };
};
