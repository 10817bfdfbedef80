/** Profiles made of call paths with expected costs, sampled with a seeded Poisson source, for tests of attribution. */
import { compareFunctions } from '../../../harness/compare/functions/compare-functions.ts';
import type { CostProfile, FunctionsFound, FunctionsInput } from '../../../harness/compare/functions/input.ts';
import type { FileDiff } from '../../../harness/model/index.ts';
import { decodeProfile, type Profile } from '../../../harness/profile/index.ts';
import { randomFrom, type RandomSource } from '../../../harness/stats/index.ts';
import { encodePacked } from '../../profile/format/pprof.proto.ts';

/** `root;caller;leaf` → expected share of the samples (any unit). A frame is `name` or `name@startLine:line`. */
export type Costs = Readonly<Record<string, number>>;

const FRAME = /^(.*?)(?:@(\d+):(\d+))?$/;

export const poisson = (random: RandomSource, mean: number): number => {
  // Sums of unit-rate gaps, in parts so that exp(−part) never underflows.
  let left = mean;
  let count = 0;
  while (left > 0) {
    const part = Math.min(left, 200);
    const limit = Math.exp(-part);
    for (let product = random(); product > limit; product *= random()) count++;
    left -= part;
  }
  return count;
};

const TYPES: Readonly<Record<CostProfile, readonly (readonly [string, string])[]>> = {
  cpu: [
    ['samples', 'count'],
    ['cpu', 'nanoseconds'],
  ],
  alloc_space: [
    ['alloc_objects', 'count'],
    ['alloc_space', 'bytes'],
  ],
  alloc_objects: [
    ['alloc_objects', 'count'],
    ['alloc_space', 'bytes'],
  ],
  wall: [
    ['intervals', 'count'],
    ['wall', 'nanoseconds'],
  ],
  mutex: [
    ['contentions', 'count'],
    ['delay', 'nanoseconds'],
  ],
  block: [
    ['contentions', 'count'],
    ['delay', 'nanoseconds'],
  ],
  inuse_space: [
    ['inuse_objects', 'count'],
    ['inuse_space', 'bytes'],
  ],
  goroutine: [['goroutine', 'count']],
  goroutineleak: [['goroutineleak', 'count']],
};

/** A profile with exactly these numbers of events per path; one event is worth 10 ms (or 10 MB). */
export const profileOf = (events: Costs, kind: CostProfile = 'cpu'): Profile => {
  const strings = [''];
  const text = (value: string): number => {
    const known = strings.indexOf(value);
    return known >= 0 ? known : strings.push(value) - 1;
  };
  const functions = new Map<string, number>();
  const functionRows: object[] = [];
  const locations = new Map<string, number>();
  const locationRows: object[] = [];
  const locationOf = (frame: string): number => {
    const known = locations.get(frame);
    if (known !== undefined) return known;
    const [, name = '', start = '1', line = '2'] = FRAME.exec(frame) ?? [];
    let fn = functions.get(name);
    if (fn === undefined) {
      fn = functions.size + 1;
      functions.set(name, fn);
      const file = name.startsWith('main.') ? 'example.com/app/main.go' : `${name.replace(/\..*/, '')}/file.go`;
      functionRows.push({
        id: fn,
        name: text(name),
        systemName: text(name),
        filename: text(file),
        startLine: Number(start),
      });
    }
    locations.set(frame, locations.size + 1);
    locationRows.push({ id: locations.size, line: [{ functionId: fn, line: Number(line) }] });
    return locations.size;
  };
  const sample = Object.entries(events)
    .filter(([, count]) => count > 0)
    .map(([path, count]) => ({
      locationId: path.split(';').toReversed().map(locationOf),
      value: TYPES[kind].length === 1 ? [count] : [count, count * 10_000_000],
    }));
  const sampleType = TYPES[kind].map(([type, unit]) => ({ type: text(type), unit: text(unit) }));
  return decodeProfile(
    encodePacked({ sampleType, sample, function: functionRows, location: locationRows, stringTable: strings }),
    'made',
  );
};

export interface Plan {
  readonly base: Costs;
  readonly head: Costs;
  readonly launches?: number;
  /** Expected samples per side over all launches, at base's total cost. */
  readonly samples?: number;
  readonly seed?: number;
  readonly kind?: CostProfile;
  readonly diff?: readonly FileDiff[];
  readonly moduleChanges?: FunctionsInput['moduleChanges'];
  /** Spread (ratio) of each function's cost between launches, shared by nothing. */
  readonly jitter?: number;
}

export const total = (costs: Costs): number => Object.values(costs).reduce((sum, cost) => sum + cost, 0);

/** Counters never repeat exactly; totals that were equal would leave nothing to explain, and tests nothing to find. */
const HEAD_DRIFT = 1.0002;

/** Input with sampled profiles; exact totals are the expected costs, 1 unit of cost = 1 µs per request. */
export const inputOf = (plan: Plan): FunctionsInput => {
  const { launches = 8, samples = 6000, seed = 1, kind = 'cpu', jitter = 0 } = plan;
  const random = randomFrom(seed);
  const perLaunch = samples / launches / total(plan.base);
  const sideOf = (costs: Costs, drift: number) => ({
    profile: profileOf(
      Object.fromEntries(
        Object.entries(costs).map(([path, cost]) => [
          path,
          poisson(random, cost * perLaunch * (1 + jitter * (2 * random() - 1))),
        ]),
      ),
      kind,
    ),
    requests: 1000,
    exactTotalPerRequest: total(costs) * 1000 * drift,
  });
  return {
    kinds: [
      {
        profile: kind,
        practicalRatio: 0.01,
        launches: Array.from({ length: launches }, () => ({
          base: sideOf(plan.base, 1),
          head: sideOf(plan.head, HEAD_DRIFT),
        })),
      },
    ],
    source: 'explain',
    diff: plan.diff ?? [],
    moduleChanges: plan.moduleChanges ?? [],
    modulePath: 'example.com/app',
  };
};

export const compare = (plan: Plan): FunctionsFound => compareFunctions(inputOf(plan));

/** A change of `main.go` that touches these lines on both sides. */
export const diffLines = (...lines: readonly (readonly [number, number])[]): FileDiff => ({
  file: 'main.go',
  status: 'modified',
  renamedFrom: null,
  headLines: lines,
  baseLines: lines,
});
