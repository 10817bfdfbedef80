/** What has to be known before a fault can be sized: what a request costs, which functions run, how often. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidMeasurementError, UsageError } from '../../errors.ts';
import { countedPairs, readWindow, serviceP50Ms } from '../../metrics/index.ts';
import { type MetricId, type Pair, type RunFile, type Scenario, type Side, targetOf } from '../../model/index.ts';
import {
  burnRoundNs,
  type Candidate,
  COUNTING_DOSE,
  doseFor,
  type Dose,
  type CostsWithoutFault,
  type Planted,
  type Planter,
  withPlanter,
} from '../../plant/index.ts';
import { type FunctionCost, functionCosts, mergeProfiles, type Profile } from '../../profile/index.ts';
import type { SideTree } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import { chosenGo, prepareBuild } from '../../service/index.ts';
import { layOut, measure, type MeasureRequest, type PlantHead } from '../../measure/index.ts';
import { folderReader, openProfile } from '../../results/index.ts';

/** Three launches: some 300 CPU samples a side, and exact counters. */
const SURVEY_SECONDS = 12;
/** One launch: allocations repeat to a thousandth. */
const COUNT_SECONDS = 3;

/** A burn large enough to be seen in two launches, small enough to run as the planted one will. */
const TRIAL_RATIO = 0.2;
const TRIAL_SECONDS = 7;

/** Functions tried before the last is taken as it is. */
const MOST_CANDIDATES = 4;
/** What stands around the loop costs as much as four or five rounds of it, and was not sized. */
const FEWEST_ROUNDS = 100;

export type Base = Omit<MeasureRequest, 'scenarios' | 'outDir' | 'purpose' | 'budgetSeconds' | 'base'>;

/** What short runs need besides a scenario: they measure, and are no proof yet. */
export interface ShortRuns {
  readonly base: Base;
  readonly planting: FaultPlanting;
  /** Output folder. */
  readonly dir: string;
}

export interface CostSurvey {
  readonly scenario: Scenario;
  readonly costs: Omit<CostsWithoutFault, 'callsPerRequest'>;
  readonly serviceNs: number;
  /** Functions by what they cost themselves, dearest first. */
  readonly hottest: readonly Known[];
  /** Functions by what they cost with all they call: those that every request runs come first. */
  readonly outermost: readonly Known[];
}

/** A function with all names that profiles give to copies of it. */
export interface Known extends Candidate {
  readonly names: readonly string[];
}

export interface PlantSite {
  readonly function: string;
  readonly candidate: Candidate;
  /** What profiles may call it. */
  readonly names: readonly string[];
  readonly callsPerRequest: number;
}

/** Plants for one invocation; the planter is built once, by the Go of the service. */
export interface FaultPlanting {
  readonly plantInHead: (candidates: readonly Candidate[], dose: Dose, seen: (planted: Planted) => void) => PlantHead;
  readonly roundNs: (scenario: Scenario) => Promise<number>;
}

export const withFaultPlanting = async <T>(
  signal: AbortSignal,
  use: (planting: FaultPlanting) => Promise<T>,
): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'gdp-'));
  let planter: Promise<Planter> | null = null;
  const plantInHead =
    (candidates: readonly Candidate[], dose: Dose, seen: (planted: Planted) => void): PlantHead =>
    async (head: SideTree, scenario, workDir) => {
      const own = join(workDir, 'plant');
      const { facts, spec, flags, overlayFile, agentImportPath } = await prepareBuild({
        side: 'head',
        sourceDir: head.rootDir,
        moduleDir: head.moduleDir,
        revision: head.revision,
        spec: targetOf(scenario.target, 'head'),
        workDir: own,
        signal,
      });
      planter ??= withPlanter(folder, facts.go, signal);
      const source = {
        moduleDir: facts.moduleDir,
        package: spec.package,
        flags,
        env: spec.buildEnv,
        go: facts.go,
        overlayFile,
        foreign: agentImportPath,
      };
      const planted = await (await planter).plant({ source, candidates, dose, folder: join(own, 'overlay') });
      seen(planted);
      return planted.overlayFile;
    };
  const roundNs = async (scenario: Scenario): Promise<number> => {
    const [lane] = (await layOut(scenario)).lanes;
    return burnRoundNs(folder, chosenGo(scenario.target.go?.head, 'head: '), lane?.targetCpus ?? null, signal);
  };
  try {
    return await use({ plantInHead, roundNs });
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
};

interface Weighed extends Known {
  readonly own: number;
  readonly cum: number;
}

/** Copies of a closure begin on one line and are one function, whatever their names. */
const knownFunctions = (functions: readonly FunctionCost[]): readonly Weighed[] => {
  const groups = Map.groupBy(functions, ({ name, file, startLine }) => (startLine > 0 ? `${file}:${startLine}` : name));
  return [...groups.values()].flatMap((group): readonly Weighed[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { name, file, startLine } = first;
    return [
      {
        name,
        ...(startLine > 0 ? { file, line: startLine } : {}),
        names: group.map((one) => one.name),
        own: group.reduce((sum, one) => sum + one.own, 0),
        cum: group.reduce((sum, one) => sum + one.cum, 0),
      },
    ];
  });
};

/** Nothing that explains. */
const shortened = (scenario: Scenario, budgetSeconds: number): Scenario => ({
  ...scenario,
  measure: { ...scenario.measure, budgetSeconds, exact: 'off', routes: 'off', explain: false },
});

/** `plant`: what head differs by; left out, nothing. */
const measureShort = async (
  { base, dir }: ShortRuns,
  scenario: Scenario,
  budgetSeconds: number,
  plant?: PlantHead,
): Promise<RunFile> =>
  measure({
    ...base,
    ...(plant !== undefined && { plant }),
    base: undefined,
    scenarios: [shortened(scenario, budgetSeconds)],
    outDir: dir,
    budgetSeconds: null,
    purpose: 'record',
  });

const costPairs = (run: RunFile): readonly Pair[] =>
  run.runs.flatMap(({ launches }) => launches.flatMap((launch) => countedPairs(launch, 'cost')));

const meanOf = (run: RunFile, metric: MetricId, side: Side): number | null => {
  const values = costPairs(run).flatMap((pair) => readWindow(metric, pair[side]) ?? []);
  return values.length === 0 ? null : mean(values);
};

const required = (run: RunFile, metric: MetricId): number => {
  const value = meanOf(run, metric, 'base');
  if (value !== null && value > 0) return value;
  const invalid = run.runs[0]?.invalid?.message;
  throw new InvalidMeasurementError(
    'SURVEY_FAILED',
    `A first short run could not measure ${metric}, so no fault can be sized${invalid === undefined ? '' : `: ${invalid}`}`,
    'Run `godyno doctor` and `godyno run` with this scenario; they say what is missing.',
  );
};

const cpuProfile = async (run: RunFile, dir: string): Promise<Profile | null> => {
  const parts: Profile[] = [];
  for (const { launches } of run.runs) {
    for (const { sides } of launches) {
      for (const side of [sides.base, sides.head]) {
        const ref = side.profiles.cpu;
        const profile = ref === undefined ? null : await openProfile(ref, 'cpu', folderReader(dir));
        if (profile !== null) parts.push(profile);
      }
    }
  }
  return parts.length === 0 ? null : mergeProfiles(parts);
};

/** Plants into a function that the user named and lays nothing: a name that does not fit is refused before the builds. */
const tryNamed =
  ({ plantInHead }: FaultPlanting, name: string): PlantHead =>
  async (...at) => {
    await plantInHead([{ name }], COUNTING_DOSE, () => undefined)(...at);
    return null;
  };

/**
 * Measures the scenario as it is. `named`: where the user wants a fault. Throws {@link InvalidMeasurementError}
 * `SURVEY_FAILED`, and what the planter throws for a name that it does not find.
 */
export const survey = async (runs: ShortRuns, scenario: Scenario, named: string | undefined): Promise<CostSurvey> => {
  const plant = named === undefined ? undefined : tryNamed(runs.planting, named);
  const run = await measureShort(runs, scenario, SURVEY_SECONDS, plant);
  const profile = await cpuProfile(run, runs.dir);
  const functions = knownFunctions(profile === null ? [] : functionCosts(profile).functions);
  const services = costPairs(run).flatMap((pair) => serviceP50Ms(pair.base) ?? []);
  return {
    scenario,
    costs: {
      cpuNsPerRequest: required(run, 'cpuNsPerRequest'),
      mallocsPerRequest: required(run, 'mallocsPerRequest'),
      allocBytesPerRequest: required(run, 'allocBytesPerRequest'),
      burnRoundNs: await runs.planting.roundNs(scenario),
    },
    serviceNs: services.length === 0 ? 0 : mean(services) * 1e6,
    hottest: functions.toSorted((a, b) => b.own - a.own),
    outermost: functions.toSorted((a, b) => b.cum - a.cum),
  };
};

/** How often a request calls the first of `candidates` that can be edited: by allocations added to each call, counted. */
const countCalls = async (
  runs: ShortRuns,
  { scenario }: CostSurvey,
  candidates: readonly Known[],
): Promise<PlantSite> => {
  let planted: Planted | null = null;
  const plant = runs.planting.plantInHead(candidates, COUNTING_DOSE, (one) => {
    planted = one;
  });
  const run = await measureShort(runs, scenario, COUNT_SECONDS, plant);
  const found = planted as Planted | null;
  const name = found?.function ?? '';
  const { names, ...candidate } = candidates[found?.candidate ?? 0] ?? { name, names: [] };
  const [before, after] = [meanOf(run, 'mallocsPerRequest', 'base'), meanOf(run, 'mallocsPerRequest', 'head')];
  const grown = before === null || after === null ? 0 : Math.max(0, after - before);
  const callsPerRequest = grown / COUNTING_DOSE.objects;
  return { function: name, candidate, names: [...new Set([name, ...names])], callsPerRequest };
};

/** A function that one request in a hundred calls is not worth a fault. */
const FEWEST_CALLS = 0.01;
/** Between two windows of identical code allocations differ by up to this. */
const COUNT_NOISE_RATIO = 5e-4;

/** From so many calls per request on they are calls and not noise. */
const fewestCalls = ({ costs }: CostSurvey): number =>
  Math.max(FEWEST_CALLS, (COUNT_NOISE_RATIO * costs.mallocsPerRequest) / COUNTING_DOSE.objects);

export interface Demand {
  readonly candidates: readonly Known[];
  /** The user's own choice is taken as it is. */
  readonly chosen: 'by the user' | 'by us';
  /**
   * `burns`: called rarely enough that a call can burn `burnNsPerRequest` in rounds worth counting; `waits`: called by
   * most requests, since a median does not move for those of a few.
   */
  readonly for: 'burns' | 'waits';
  readonly burnNsPerRequest: number;
}

/** Of all requests, that a median moves. */
const MOST_REQUESTS = 0.8;

const isGood = ({ callsPerRequest }: PlantSite, { costs }: CostSurvey, demand: Demand): boolean =>
  demand.for === 'waits'
    ? callsPerRequest >= MOST_REQUESTS
    : demand.burnNsPerRequest / callsPerRequest >= FEWEST_ROUNDS * costs.burnRoundNs;

/** Of two that are not good, the one that is less so. */
const isBetter = (place: PlantSite, than: PlantSite | null, demand: Demand): boolean => {
  if (than === null) return true;
  const more = place.callsPerRequest > than.callsPerRequest;
  return demand.for === 'waits' ? more : !more;
};

/**
 * The function to plant in, with its calls per request. A function that is called too often for the fault to be sized
 * well gives way to the next. Throws {@link UsageError} `FUNCTION_NOT_CALLED` and what the planter throws.
 */
export const choosePlantSite = async (runs: ShortRuns, surveyed: CostSurvey, demand: Demand): Promise<PlantSite> => {
  let candidates = demand.candidates;
  let best: PlantSite | null = null;
  for (let tried = 0; tried < MOST_CANDIDATES; tried++) {
    const place = await countCalls(runs, surveyed, candidates);
    const called = place.callsPerRequest >= fewestCalls(surveyed);
    if (called && (demand.chosen === 'by the user' || isGood(place, surveyed, demand))) return place;
    if (called && isBetter(place, best, demand)) best = place;
    if (demand.chosen === 'by the user') throw notCalled(place.function);
    candidates = candidates.slice(candidates.findIndex(({ name }) => name === place.candidate.name) + 1);
    if (candidates.length === 0) break;
  }
  if (best !== null) return best;
  throw notCalled(`any of the ${MOST_CANDIDATES} most expensive functions of the service’s own code`);
};

/**
 * What a round of the burning loop costs inside the service, beside its other work and this hour's neighbours: up to
 * 1.8 times what it takes alone on an idle core. Falls back to the latter where two launches do not show it.
 */
export const roundNsInPlace = async (
  runs: ShortRuns,
  { scenario, costs }: CostSurvey,
  place: PlantSite,
): Promise<number> => {
  const measured = { ...costs, callsPerRequest: place.callsPerRequest };
  const dose = doseFor({ kind: 'cpu', size: TRIAL_RATIO, measured });
  const plant = runs.planting.plantInHead([place.candidate], dose, () => undefined);
  const run = await measureShort(runs, scenario, TRIAL_SECONDS, plant);
  const [before, after] = [meanOf(run, 'cpuNsPerRequest', 'base'), meanOf(run, 'cpuNsPerRequest', 'head')];
  if (before === null || after === null) return costs.burnRoundNs;
  const grownNs = (after / before - 1) * costs.cpuNsPerRequest;
  const roundNs = grownNs / (dose.rounds * place.callsPerRequest);
  // A trial that noise swallowed says nothing.
  return roundNs > costs.burnRoundNs / 2 ? roundNs : costs.burnRoundNs;
};

const notCalled = (name: string): UsageError =>
  new UsageError(
    'FUNCTION_NOT_CALLED',
    `The requests of this scenario do not call ${name}`,
    'Name a function that they do call with --function, as a profile names it.',
  );
