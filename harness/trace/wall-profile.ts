/** An execution trace → its requests' time as a pprof profile: by stack, with what it was spent on as the label `state`. */
import { locationsOf, type Profile } from '../profile/index.ts';
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

/** Gives every text or row one number, in the order they come. */
class Numbers<Row> {
  readonly rows: Row[] = [];
  readonly #known = new Map<string, number>();

  of(key: string, row: () => Row): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, this.rows.length);
    return this.rows.push(row()) - 1;
  }
}

interface FunctionRow {
  readonly name: number;
  readonly file: number;
}

interface LocationRow {
  readonly function: number;
  readonly line: number;
}

class Tables {
  readonly strings = new Numbers<string>();
  readonly functions = new Numbers<FunctionRow>();
  readonly locations = new Numbers<LocationRow>();

  constructor() {
    this.text('');
  }

  text(value: string): number {
    return this.strings.of(value, () => value);
  }

  location({ function: name, file, line }: Frame): number {
    const fn = this.functions.of(`${name}\0${file}`, () => ({ name: this.text(name), file: this.text(file) }));
    return this.locations.of(`${fn} ${line}`, () => ({ function: fn, line }));
  }
}

const startsOf = (lengths: readonly number[]): Uint32Array => {
  const starts = new Uint32Array(lengths.length + 1);
  lengths.forEach((length, at) => (starts[at + 1] = (starts[at] ?? 0) + length));
  return starts;
};

const functionTable = (rows: readonly FunctionRow[]): Profile['functions'] => ({
  count: rows.length,
  name: Uint32Array.from(rows, ({ name }) => name),
  systemName: Uint32Array.from(rows, ({ name }) => name),
  file: Uint32Array.from(rows, ({ file }) => file),
  startLine: new Uint32Array(rows.length),
});

const locationTable = (rows: readonly LocationRow[]): Profile['locations'] => ({
  count: rows.length,
  mapping: new Uint32Array(rows.length),
  address: new BigUint64Array(rows.length),
  isFolded: new Uint8Array(rows.length),
  lineStart: startsOf(rows.map(() => 1)),
  lineFunction: Uint32Array.from(rows, (row) => row.function),
  lineNumber: Int32Array.from(rows, ({ line }) => Math.min(line, 0x7fff_ffff)),
  lineColumn: new Uint32Array(rows.length),
});

const seconds = (ns: number): string => `${(ns / 1e9).toFixed(2)} s`;

/** What is not in the profile, for `go tool pprof -comments`. */
const commentsOf = ({ requests, apart }: RequestTimes): readonly string[] => [
  `${requests} requests, from the moment each had come until its answer was written`,
  `set apart: ${seconds(apart.idleNs)} of connections waiting for their next request, ${seconds(apart.backgroundReadNs)} of net/http reading ahead beside handlers, ${seconds(apart.aroundNs)} of servers around requests, ${apart.unfinished} requests that the trace does not hold to their end`,
];

const profileOf = (times: RequestTimes, stacks: readonly Stack[]): Profile => {
  const tables = new Tables();
  const rows = times.spent.filter(({ ns }) => Math.round(ns) > 0);
  const framesOf = ({ stack }: Spent): readonly Frame[] => {
    const { frames } = stacks[stack] as Stack;
    return frames.length > 0 ? frames : [NOT_SAMPLED];
  };
  const located = rows.map((row) => framesOf(row).map((frame) => tables.location(frame)));
  const key = tables.text('state');
  const states = rows.map(({ state }) => tables.text(STATES[state] ?? ''));
  return {
    name: 'wall',
    sampleTypes: SAMPLE_TYPES,
    defaultSampleType: 'wall',
    periodType: SAMPLE_TYPES[1],
    period: 1n,
    timeNs: 0n,
    durationNs: 0n,
    comments: commentsOf(times),
    dropFrames: '',
    keepFrames: '',
    docUrl: '',
    mappings: [],
    functions: functionTable(tables.functions.rows),
    locations: locationTable(tables.locations.rows),
    samples: {
      count: rows.length,
      values: Float64Array.from(rows.flatMap(({ count, ns }) => [count, Math.round(ns)])),
      stackStart: startsOf(located.map(({ length }) => length)),
      stack: locationsOf(located.flat()),
      labelStart: startsOf(rows.map(() => 1)),
    },
    labels: {
      count: rows.length,
      key: new Uint32Array(rows.length).fill(key),
      text: Uint32Array.from(states),
      number: new BigInt64Array(rows.length),
      unit: new Uint32Array(rows.length),
    },
    strings: tables.strings.rows,
  };
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
