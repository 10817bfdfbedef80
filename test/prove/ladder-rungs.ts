/**
 * The rungs of the ladder: what is planted into a copy of the demo, and what has to catch it. Sizes that are a share of
 * CPU are calibrated on the machine before they are planted (see ladder.ts), so a rung of that kind says what a dose
 * does, not how large it is.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { MetricId } from '../../harness/model/index.ts';
import { DEMO_FAULTS, type DemoFaultName, plantDemo } from '../helpers/plant-demo.ts';
import { root, type ScenarioChanges, type Sides } from './campaign.ts';
import { type DemoCosts, measureDemo } from './demo-calls.ts';
import { applyEdits, makeVariant, plantFencedBurn, type Site, SITES } from './demo-variant.ts';
import { demoScenario } from './explain-pass.ts';

export interface Rung {
  /** Of these one has to fail; the effect of the first is held against what was planted. */
  readonly watched: readonly MetricId[];
  /** Gates that are none by default. */
  readonly gates?: ScenarioChanges['gates'];
  /** Functions that may be named; none: nobody can tell. */
  readonly functions: readonly string[];
  /** How the size is read: a share of CPU needs a dose, a share of allocations is exact, others are no share. */
  readonly size: 'CPU share' | 'allocation share' | 'count';
  /** A dose for the calibration. */
  readonly trialDose?: number;
  /** Runs of the calibration, where the dose is small because larger ones cost more than in proportion. */
  readonly trialRuns?: number;
  /** Fills both folders, which do not exist; returns the dose that was really planted, since code counts whole rounds. */
  readonly plant: (sides: Sides, dose: number) => Promise<number>;
}

const demo = path.join(root, 'test/targets/demo');

const planted =
  (fault: DemoFaultName | 'none') =>
  async ({ base, head }: Sides, size: number): Promise<number> => {
    await plantDemo({ from: demo, to: base, fault: 'none', size: 0 });
    await plantDemo({ from: demo, to: head, fault: size === 0 ? 'none' : fault, size });
    return size;
  };

/** Of both sides, besides what is planted in head: behind these hides what waiting for the atomic operations costs. */
const BASE_ROUNDS = 30;

/** Rounds in main.nearness, at each of its calls. */
const burnt = async ({ base, head }: Sides, rounds: number): Promise<number> => {
  const whole = Math.round(rounds);
  for (const [folder, count] of [
    [base, BASE_ROUNDS],
    [head, BASE_ROUNDS + whole],
  ] as const) {
    makeVariant(folder);
    plantFencedBurn(folder, SITES['hot-leaf'], count, 'Hot');
  }
  return whole;
};

/** Called 500 and 900 times a request: their share would be less than a round a call. */
const CALLED_TOO_OFTEN: readonly Site[] = [SITES.closure, SITES['map-closure']];
/** Functions of the variant that may burn: leaves, a generic, one in a dependency, a template's caller. */
const SPREAD: readonly Site[] = Object.values(SITES).filter(
  (site) => site.fault === 'burn' && !CALLED_TOO_OFTEN.includes(site),
);

let counted: DemoCosts | null = null;
const callsOf = async (beside: string): Promise<readonly number[]> => {
  const folder = path.join(beside, 'counted');
  rmSync(folder, { recursive: true, force: true });
  counted ??= await measureDemo(folder, demoScenario(), SPREAD);
  return counted.callsPerRequest;
};

/**
 * `dose`: rounds per request in all, an equal part of them in each function. Base has the loops, too: a function with a
 * loop is no longer inlined, and that alone would cost more than what is planted.
 */
const spread = async ({ base, head }: Sides, dose: number): Promise<number> => {
  const calls = await callsOf(path.dirname(base));
  makeVariant(base);
  cpSync(base, head, { recursive: true });
  let real = 0;
  for (const [index, site] of SPREAD.entries()) {
    const perRequest = calls[index] ?? 0;
    const more = perRequest > 0 ? Math.round(dose / SPREAD.length / perRequest) : 0;
    plantFencedBurn(base, site, BASE_ROUNDS, String(index));
    plantFencedBurn(head, site, BASE_ROUNDS + more, String(index));
    real += more * perRequest;
  }
  return real;
};

const intoEveryRequest = (statement: string, imported: string, declared: string) => ({
  edits: [
    {
      file: 'visits.go',
      from: 'func (v *visits) record(route string) int64 {\n',
      to: `func (v *visits) record(route string) int64 {\n\t${statement}\n`,
    },
    { file: 'visits.go', from: 'import (\n', to: `import (\n${imported}` },
  ],
  declared,
});

const plantInto = async (
  { base, head }: Sides,
  { edits, declared }: ReturnType<typeof intoEveryRequest>,
): Promise<void> => {
  await plantDemo({ from: demo, to: base, fault: 'none', size: 0 });
  await plantDemo({ from: demo, to: head, fault: 'none', size: 0 });
  applyEdits(head, edits);
  const file = path.join(head, 'visits.go');
  writeFileSync(file, readFileSync(file, 'utf8') + declared);
};

/** Large enough to be few objects, and all of one size: twice the bytes are twice the work. */
const GARBAGE_BYTES = 1024;

/** So many bytes more per request, of no use to anybody: hardly more code, and all the more collections. */
const collected = async (sides: Sides, bytes: number): Promise<number> => {
  const buffers = Math.round(bytes / GARBAGE_BYTES);
  const statement = `for range ${buffers} {\n\t\tscratch = make([]byte, ${GARBAGE_BYTES})\n\t}`;
  await plantInto(sides, intoEveryRequest(statement, '', '\nvar scratch []byte\n'));
  return buffers * GARBAGE_BYTES;
};

/** So many µs asleep in every request. */
const asleep = async (sides: Sides, micros: number): Promise<number> => {
  await plantInto(sides, intoEveryRequest(`time.Sleep(${Math.round(micros)} * time.Microsecond)`, '\t"time"\n', ''));
  return micros;
};

const CPU = ['cpuNsPerRequest', 'instructionsPerRequest'] as const;

/** More work in one hot function. */
export const HOT_FUNCTION = {
  watched: CPU,
  functions: [DEMO_FAULTS.cpu.function],
  size: 'CPU share',
  trialDose: 700,
  plant: burnt,
} as const satisfies Rung;

export const RUNGS: Readonly<Record<string, Rung>> = {
  none: { watched: ['cpuNsPerRequest'], functions: [], size: 'count', plant: planted('none') },
  cpu: HOT_FUNCTION,
  spread: {
    watched: CPU,
    functions: SPREAD.map((site) => site.function),
    size: 'CPU share',
    trialDose: 36_000,
    trialRuns: 2,
    plant: spread,
  },
  gc: {
    watched: ['cpuNsPerRequest', 'allocBytesPerRequest'],
    functions: ['main.(*visits).record'],
    size: 'CPU share',
    trialDose: 26 * 1024,
    trialRuns: 3,
    plant: collected,
  },
  alloc: {
    watched: ['mallocsPerRequest', 'allocBytesPerRequest'],
    functions: [DEMO_FAULTS.alloc.function],
    size: 'allocation share',
    plant: planted('alloc'),
  },
  lock: {
    watched: ['mutexWaitNsPerRequest', 'latencyP50Ms'],
    gates: { mutexWaitNsPerRequest: true },
    functions: [DEMO_FAULTS.lock.function],
    size: 'count',
    plant: planted('lock'),
  },
  sleep: {
    watched: ['latencyP50Ms'],
    gates: { latencyP50Ms: true },
    functions: [],
    size: 'count',
    plant: asleep,
  },
  'leak-heap': {
    watched: ['heapGrowthBytesPerRequest'],
    functions: [DEMO_FAULTS['leak-heap'].function],
    size: 'count',
    plant: planted('leak-heap'),
  },
  'leak-goroutine': {
    watched: ['goroutineGrowthPerRequest'],
    // The goroutine waits in the closure.
    functions: [`${DEMO_FAULTS['leak-goroutine'].function}.func1`],
    size: 'count',
    plant: planted('leak-goroutine'),
  },
};

/** Empty folders of equal path length, always at the same places, so that Go's build cache knows them. */
export const emptySides = (folder: string): Sides => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return { base: path.join(folder, 'b'), head: path.join(folder, 'h') };
};
