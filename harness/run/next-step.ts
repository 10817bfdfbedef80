/**
 * The order of a scenario's launches, as one function of what is known so far. Judged launches come until every gate has
 * its answer, or until what is left of the budget is kept for others: a gate must not go without its own launch because
 * another one's took long. Then comes what the answers call for.
 */
import type { Look, MovedLatency } from '../compare/index.ts';
import type { Symptom } from '../metrics/index.ts';
import type { ExactMode, StopReason, TraceMode } from '../model/index.ts';
import type { GateState } from './counting/engine.ts';
import {
  type CaptureSeconds,
  isCalledFor,
  type NamesSoFar,
  type PerfSoFar,
  perfWanted,
  routesWanted,
} from './diagnosis.ts';
import type { RunPlan } from './session/plan.ts';

/** In a small budget costs come first, but one latency launch has its time. */
const LATENCY_MOST_SHARE = 0.25;

/** Who grows is known after so many requests; half of them at least. */
export const GROWTH_REQUESTS = { usual: 10_000, fewest: 5000 } as const;
/** One goroutine in 100 requests leaves ten; more than that only counts them better. */
const STUCK = { fewestRequests: 1000, seconds: 6 } as const;
/** Start, warm-up and two collections. */
const GROWTH_START_SECONDS = 4;
/** A service that answers so slowly that its growth launch takes more has none. */
const GROWTH_MOST_SHARE = 0.5;

/** Before the first look at counters nothing is decided: other launches wait. */
const FIRST_LOOK_LAUNCHES = 4;

/** 800 couples with every allocation sampled, which may cost several times as much. */
export const ALLOCATION_SECONDS = 10;

/** Start, warm-up, at most five seconds of trace, and reading it. */
export const TRACE_SECONDS = 10;
/** So many tell by how much launches differ; the interval of two has no end. */
const TRACED_LAUNCHES = 3;

/** Start, warm-up, five seconds of requests, and reading what perf sampled: seven for a small service. */
export const PERF_LAUNCH_SECONDS = 9;

const EXPLAIN_MOST_SECONDS = 120;
/** Start, warm-up and two windows of four seconds. */
export const EXPLAIN_LAUNCH_SECONDS = 11;

/** Launches that a baseline's record takes: its own noise, known well enough to be compared with. */
const RECORD_LAUNCHES = 12;
/**
 * Of a record, for launches that only sample, both sides of which are one program: some 6,000 CPU samples, which tell 40 % of a function that
 * holds a tenth of the CPU (docs/method.md).
 */
const RECORD_SAMPLING_SECONDS = 44;

export interface RunSoFar {
  readonly purpose: RunPlan['purpose'];
  readonly exact: ExactMode;
  readonly explain: boolean;
  readonly budgetSeconds: number;
  readonly secondsLeft: number;
  /** Launches that may run at the same time. */
  readonly lanes: number;
  /** Why judged launches ended; null: they have not. */
  readonly stop: StopReason | null;
  /** What they say so far; the last word on them once they ended. */
  readonly look: Look;
  /** The longest judged launch; 0 before the first. */
  readonly longestSeconds: number;
  /** What the next ones wait for their links. */
  readonly waitSeconds: number;
  /** All judged launches, with their waits for links; those at the same time count once. */
  readonly judgedSeconds: number;
  /** How often one of them was begun, or several at the same time. */
  readonly judgedTurns: number;
  /** Base and head together; null before the first launch. */
  readonly couplesPerSecond: number | null;
  /** Whether there is a latency phase, how many of its launches are done, and what each takes. */
  readonly latency: boolean;
  readonly latencyDone: number;
  readonly latencyLaunchSeconds: number;
  readonly growthDone: boolean;
  /** Both sides' Go finds goroutines that can never wake. */
  readonly tellsStuck: boolean;
  readonly captureDone: boolean;
  /** Whose latency moved, up or down; null: nobody's, or its phase is still to come. */
  readonly movedLatency: MovedLatency | null;
  /** Costs of single request names that moved, as far as these were measured by themselves. */
  readonly movedNames: readonly Symptom[];
  readonly traceDone: boolean;
  /** When launches are traced, and how many have been. */
  readonly traces: { readonly mode: TraceMode; readonly done: number };
  readonly names: NamesSoFar;
  readonly perf: PerfSoFar;
  /** Of one launch that measures each request name by itself. */
  readonly routesLaunchSeconds: number;
  /** Seconds that explaining took so far; launches at the same time count once. */
  readonly explainedSeconds: number;
  /** A function has a limit in CPU, or costs are told by labels, which only samples can tell. */
  readonly wantsSamples: boolean;
  readonly hasSamples: boolean;
  readonly isNamedExactly: boolean;
  /** `done`: it counted, or was refused; `waits`: a gate was open, but only calls can be counted here. */
  readonly counting: 'not yet' | 'waits' | 'done';
  readonly engine: 'unknown' | 'instructions' | 'calls' | 'none';
  /** What counting will take. */
  readonly exactSeconds: number;
}

export type NextStep =
  /** `launches` at the same time. */
  | { readonly kind: 'judged' | 'latency' | 'explain' | 'routes' | 'perf'; readonly launches: number }
  | { readonly kind: 'find engine' | 'find perf' | 'capture' }
  /** Of requests of one name; null: of all. */
  | { readonly kind: 'trace'; readonly route: string | null }
  /**
   * `uncounted`: CPU lacks its look, and there is no time to count instructions instead.
   */
  | { readonly kind: 'end'; readonly uncounted: boolean }
  | { readonly kind: 'growth'; readonly requests: number }
  | {
      readonly kind: 'count';
      readonly state: GateState;
      readonly leaveSeconds: number;
      /** Which way CPU was found to have moved; null: it was not. */
      readonly cpuMoved: 1 | -1 | null;
    }
  | { readonly kind: 'stop'; readonly why: StopReason }
  /** Not even one launch fits. */
  | { readonly kind: 'too little' };

const END: NextStep = { kind: 'end', uncounted: false };

export const nextStep = (soFar: RunSoFar): NextStep =>
  soFar.stop === null ? stepBeforeDecision(soFar) : stepAfterDecision(soFar);

const stepBeforeDecision = (soFar: RunSoFar): NextStep => {
  const enough = whyEnough(soFar);
  if (enough !== null) return { kind: 'stop', why: enough };
  if (isOpenAfterLook(soFar) && mayCount(soFar, 'open')) return countOnce(soFar, 'open');
  if (needsEngine(soFar)) return { kind: 'find engine' };
  if (soFar.secondsLeft > soFar.waitSeconds + soFar.longestSeconds + kept(soFar)) {
    return { kind: 'judged', launches: judgedAtOnce(soFar) };
  }
  return soFar.look.launches === 0 ? { kind: 'too little' } : { kind: 'stop', why: 'budget' };
};

/**
 * The first goes alone: it finds out what the service needs and what the machine carries. No launch is begun that the
 * next look may turn out to need no more.
 */
const judgedAtOnce = (soFar: RunSoFar): number => {
  const { look, purpose } = soFar;
  if (look.launches === 0) return 1;
  const wanted = Math.min(look.nextLook ?? Infinity, purpose === 'record' ? RECORD_LAUNCHES : Infinity);
  return atOnce(soFar, wanted - look.launches);
};

/** Of so many launches up to the next look. */
const atOnce = ({ lanes }: RunSoFar, wanted: number): number => Math.max(1, Math.min(lanes, wanted));

const whyEnough = ({ purpose, exact, look }: RunSoFar): StopReason | null => {
  if (exact === 'only') return 'decided';
  if (purpose === 'record') return look.launches >= RECORD_LAUNCHES ? 'recorded' : null;
  const isEnough = purpose === 'calibrate' ? look.nextLook === null : look.done;
  if (!isEnough) return null;
  return look.nextLook === null ? 'launches' : 'decided';
};

/** Every gate was looked at, and one of them wants more launches. */
const isOpenAfterLook = ({ look }: RunSoFar): boolean =>
  look.isLook &&
  look.firstCpuLook === null &&
  look.verdicts.some(({ metric, verdict }) => verdict === 'open' && !look.suspectGrowth.includes(metric));

/** Seconds that judged launches leave to others. */
const kept = (soFar: RunSoFar): number => {
  if (soFar.purpose === 'record') return recordCountingSeconds(soFar);
  if (soFar.look.launches < FIRST_LOOK_LAUNCHES) return latencySeconds(soFar);
  const others = othersSeconds(soFar);
  const counting = reachesCpuLook(soFar, others) ? 0 : countingSeconds(soFar);
  // What does not fit any more keeps nobody waiting.
  return soFar.secondsLeft >= others + counting ? others + counting : others;
};

/** Of a record's budget, for counting it: where it takes longer, it needs a larger one. */
const RECORD_COUNTING_SHARE = 0.5;

const recordCountingSeconds = (soFar: RunSoFar): number =>
  isRecordToCount(soFar) ? Math.min(soFar.exactSeconds, RECORD_COUNTING_SHARE * soFar.budgetSeconds) : 0;

const isRecordToCount = ({ purpose, exact, counting, engine }: RunSoFar): boolean =>
  purpose === 'record' &&
  exact !== 'off' &&
  counting === 'not yet' &&
  (exact !== 'auto' || engine === 'unknown' || engine === 'instructions');

/** Of the launches that gates other than CPU have to themselves, and that name what moved. */
const othersSeconds = (soFar: RunSoFar): number =>
  latencySeconds(soFar) +
  growthSeconds(soFar) +
  captureSeconds(soFar) +
  traceSeconds(soFar) +
  tracesAskedFor(soFar) +
  (soFar.names.mode === 'always' ? routesSeconds(soFar) : 0) +
  (soFar.perf.mode === 'always' ? perfSeconds(soFar) : 0);

/** Of those that the scenario asks for whatever moves. */
const tracesAskedFor = ({ traces, purpose, latency }: RunSoFar): number =>
  traces.mode === 'always' && purpose === 'compare' && latency
    ? Math.max(0, TRACED_LAUNCHES - traces.done) * TRACE_SECONDS
    : 0;

/** Of the launches that measure each request name by itself, as far as they are still to come. */
export const routesSeconds = (soFar: RunSoFar): number => {
  if (soFar.purpose !== 'compare') return 0;
  const turns = Math.ceil(Math.max(0, routesWanted(soFar) - soFar.names.done) / soFar.lanes);
  return turns * soFar.routesLaunchSeconds;
};

/** Of the launches under Linux perf, as far as they are still to come. */
export const perfSeconds = (soFar: RunSoFar): number => {
  if (soFar.purpose !== 'compare') return 0;
  const turns = Math.ceil(Math.max(0, perfWanted(soFar) - soFar.perf.done) / soFar.lanes);
  return turns * PERF_LAUNCH_SECONDS;
};

/** As many as there is time for: one names what costs more, several say how far launches differ. */
const perfStep = (soFar: RunSoFar): NextStep | null => {
  if (perfSeconds(soFar) === 0 || soFar.secondsLeft < PERF_LAUNCH_SECONDS) return null;
  if (soFar.perf.tool === 'unknown') return { kind: 'find perf' };
  return { kind: 'perf', launches: atOnce(soFar, perfWanted(soFar) - soFar.perf.done) };
};

/** All of them or none; where nobody asked for them, what names the function comes before them. */
const isWorthNames = (soFar: RunSoFar): boolean => {
  const seconds = routesSeconds(soFar);
  // What the scenario asks for comes before what it does not.
  if (soFar.names.mode === 'auto' && soFar.wantsSamples && isWorthExplaining(soFar)) return false;
  const others = soFar.names.mode === 'always' ? 0 : explainingToCome(soFar);
  return seconds > 0 && soFar.secondsLeft >= seconds + others;
};

/** Of the launch that tells what requests wait for, where they are known to take longer, or less. */
export const traceSeconds = (soFar: RunSoFar): number => {
  const { explain, traceDone, purpose, traces } = soFar;
  const isOn = explain && traces.mode !== 'off' && purpose === 'compare';
  return isOn && !traceDone && isCalledFor('trace', soFar) ? TRACE_SECONDS : 0;
};

/** Further ones, and those that the scenario asks for, come last: how far launches differ is told by several. */
const tracesWanted = (soFar: RunSoFar): number => {
  const { explain, purpose, traces, latency } = soFar;
  if (purpose !== 'compare' || traces.mode === 'off' || !latency) return 0;
  if (traces.mode === 'always') return TRACED_LAUNCHES;
  return explain && soFar.traceDone && hasRegressedLatency(soFar) ? TRACED_LAUNCHES : 0;
};

const hasRegressedLatency = ({ look, movedLatency }: RunSoFar): boolean =>
  look.latencyFired || (movedLatency?.symptoms ?? []).some(({ verdict }) => verdict === 'regressed');

/** Of the latency phase up to its first look. */
export const latencySeconds = (soFar: RunSoFar): number => {
  const { latency, latencyDone, latencyLaunchSeconds, lanes, look, purpose, budgetSeconds } = soFar;
  if (!latency || latencyDone > 0 || purpose === 'record') return 0;
  const most = Math.max(latencyLaunchSeconds, LATENCY_MOST_SHARE * budgetSeconds);
  return Math.min(Math.ceil((look.nextLatencyLook ?? 0) / lanes) * latencyLaunchSeconds, most);
};

export const growthLaunchSeconds = (couplesPerSecond: number, requests: number): number =>
  requests / couplesPerSecond + GROWTH_START_SECONDS;

/** Of the growth launch as long as the heap has not been acquitted. */
export const growthSeconds = ({ growthDone, purpose, look, couplesPerSecond, budgetSeconds }: RunSoFar): number => {
  if (growthDone || purpose !== 'compare' || couplesPerSecond === null || look.suspectGrowth.length === 0) return 0;
  const [usual, fewest] = [GROWTH_REQUESTS.usual, GROWTH_REQUESTS.fewest].map((requests) =>
    growthLaunchSeconds(couplesPerSecond, requests),
  ) as [number, number];
  const most = GROWTH_MOST_SHARE * budgetSeconds;
  if (usual <= most / 2) return usual;
  return fewest <= most ? fewest : 0;
};

const requestsWithin = (seconds: number, couplesPerSecond: number): number | null => {
  const fitting = Math.floor((seconds - GROWTH_START_SECONDS) * couplesPerSecond);
  return fitting < GROWTH_REQUESTS.fewest ? null : Math.min(GROWTH_REQUESTS.usual, fitting);
};

/** As many requests as there is time for, beside the counting that is to follow where both fit; null: too few. */
const growthRequests = (soFar: RunSoFar): number | null => {
  const { couplesPerSecond, secondsLeft } = soFar;
  if (couplesPerSecond === null) return null;
  return (
    requestsWithin(secondsLeft - countingToCome(soFar), couplesPerSecond) ??
    requestsWithin(secondsLeft, couplesPerSecond)
  );
};

/** What counting takes once the growth launch is done, and what it leaves to others; 0 where it will not be asked for. */
const countingToCome = (soFar: RunSoFar): number => {
  const state = stateAtEnd(soFar);
  const isAsked = state !== 'quiet' && wantsCount(soFar, state);
  if (!isAsked || soFar.engine === 'calls' || soFar.engine === 'none') return 0;
  return soFar.exactSeconds + latencySeconds(soFar) + captureSeconds(soFar);
};

/**
 * Goroutines that grow for certain need no growth launch, but where they are stuck is told by its snapshot: as many
 * requests as leave some to look at. Null: there is nothing to tell, or no time.
 */
const stuckRequests = ({ tellsStuck, look, couplesPerSecond, secondsLeft }: RunSoFar): number | null => {
  if (!tellsStuck || couplesPerSecond === null || !hasGoroutineLeak(look)) return null;
  const enough = Math.round(Math.max(STUCK.fewestRequests, STUCK.seconds * couplesPerSecond));
  const requests = Math.min(GROWTH_REQUESTS.usual, enough);
  return growthLaunchSeconds(couplesPerSecond, requests) < secondsLeft ? requests : null;
};

const hasGoroutineLeak = ({ verdicts }: Look): boolean =>
  verdicts.some(({ metric, verdict }) => metric === 'goroutineGrowthPerRequest' && verdict === 'regressed');

/** Sites are worth counting once the exact counters say that they differ. */
export const captureSeconds = (soFar: RunSoFar): number =>
  !soFar.captureDone && isCalledFor('allocations', soFar) ? ALLOCATION_SECONDS : 0;

/** What each capture takes once it is called for, as far as that is known. */
export const captureTimes = (soFar: RunSoFar): CaptureSeconds => ({
  growth: growthLaunchSeconds(soFar.couplesPerSecond ?? Infinity, GROWTH_REQUESTS.usual),
  counts: soFar.exactSeconds,
  allocations: ALLOCATION_SECONDS,
  trace: TRACE_SECONDS,
  samples: EXPLAIN_LAUNCH_SECONDS,
  routes: routesSeconds(soFar),
  perf: PERF_LAUNCH_SECONDS,
});

/** What counting takes where a gate has fired and instructions are to be counted for it; else 0. */
export const countingIfFired = (soFar: RunSoFar): number =>
  isCalledFor('counts', soFar) && wantsCount(soFar, 'fired') && soFar.engine !== 'none' ? soFar.exactSeconds : 0;

/** One launch that names who made CPU fail, where that is still to be done. */
export const explainingToCome = (soFar: RunSoFar): number => (isWorthExplaining(soFar) ? EXPLAIN_LAUNCH_SECONDS : 0);

/** Whether CPU's first look is still ahead and comes in time, beside what `others` keep. */
const reachesCpuLook = (soFar: RunSoFar, others: number): boolean => {
  const { look, lanes, judgedSeconds, judgedTurns, secondsLeft } = soFar;
  if (look.firstCpuLook === null || judgedTurns === 0) return false;
  const turns = Math.ceil((look.firstCpuLook - look.launches) / lanes);
  return (turns * judgedSeconds) / judgedTurns <= secondsLeft - others;
};

/** Where CPU cannot have its look, instructions are the only word on what requests compute. */
const countingSeconds = (soFar: RunSoFar): number =>
  soFar.engine === 'instructions' && isCountingAhead(soFar) && soFar.look.firstCpuLook !== null
    ? soFar.exactSeconds
    : 0;

const isCountingAhead = ({ purpose, exact, counting }: RunSoFar): boolean =>
  purpose === 'compare' && exact !== 'off' && counting !== 'done';

/** What counting takes has to be kept, if anything counts here. */
const needsEngine = (soFar: RunSoFar): boolean =>
  soFar.engine === 'unknown' &&
  isCountingAhead(soFar) &&
  soFar.look.launches >= FIRST_LOOK_LAUNCHES &&
  soFar.look.firstCpuLook !== null &&
  !reachesCpuLook(soFar, othersSeconds(soFar));

/** By itself only where a gate is open or has fired, and when there is time for it. */
const mayCount = (soFar: RunSoFar, state: GateState): boolean => {
  const { exact, secondsLeft, exactSeconds } = soFar;
  return wantsCount(soFar, state) && (exact !== 'auto' || secondsLeft >= exactSeconds + othersSeconds(soFar));
};

/** Whether counting is called for, as far as time allows. */
const wantsCount = (soFar: RunSoFar, state: GateState): boolean => {
  const { exact, counting } = soFar;
  if (!isCountingAhead(soFar)) return false;
  if (state === 'open') return counting === 'not yet';
  return exact !== 'auto' || state === 'fired' || counting === 'waits';
};

const countOnce = (soFar: RunSoFar, state: GateState): NextStep =>
  soFar.engine === 'unknown'
    ? { kind: 'find engine' }
    : {
        kind: 'count',
        state,
        leaveSeconds: soFar.exact === 'only' ? 0 : othersSeconds(soFar),
        cpuMoved: directionOfCpu(soFar),
      };

const CPU_DIRECTIONS: Readonly<Record<string, 1 | -1>> = { regressed: 1, improved: -1 };

const directionOfCpu = ({ look }: RunSoFar): 1 | -1 | null => {
  const cpu = look.verdicts.find(({ metric }) => metric === 'cpuNsPerRequest');
  return CPU_DIRECTIONS[cpu?.verdict ?? ''] ?? null;
};

/** What the answers so far call for, each as long as its time is there. */
const stepAfterDecision = (soFar: RunSoFar): NextStep => {
  const { look, purpose, secondsLeft } = soFar;
  if (look.headFails) return END;
  if (purpose === 'record') return stepOfRecord(soFar);
  // What is known by now to take longer is explained before others take the time for it.
  if (isWorthTracing(soFar) && soFar.secondsLeft >= TRACE_SECONDS + latencySeconds(soFar)) return traceOf(soFar);
  const requests = growthRequests(soFar);
  if (look.suspectGrowth.length > 0 && !soFar.growthDone && requests !== null) return { kind: 'growth', requests };
  const stuck = stuckRequests(soFar);
  if (!soFar.growthDone && stuck !== null) return { kind: 'growth', requests: stuck };
  const state = stateAtEnd(soFar);
  if (mayCount(soFar, state)) return countOnce(soFar, state);
  if (soFar.exact === 'only') return END;
  if (captureSeconds(soFar) > 0 && secondsLeft > ALLOCATION_SECONDS) return { kind: 'capture' };
  if (explainsFirst(soFar)) return { kind: 'explain', launches: soFar.lanes };
  if (soFar.latency && look.nextLatencyLook !== null && secondsLeft >= soFar.latencyLaunchSeconds) {
    return { kind: 'latency', launches: atOnce(soFar, look.nextLatencyLook - soFar.latencyDone) };
  }
  if (isWorthTracing(soFar)) return traceOf(soFar);
  const perf = perfStep(soFar);
  if (perf !== null) return perf;
  if (isWorthNames(soFar)) return { kind: 'routes', launches: atOnce(soFar, routesWanted(soFar) - soFar.names.done) };
  const hasSeenSamples = soFar.explainedSeconds > 0 || !isWorthExplaining(soFar);
  if (hasSeenSamples && soFar.traces.done < tracesWanted(soFar) && secondsLeft >= TRACE_SECONDS) return traceOf(soFar);
  if (isWorthExplaining(soFar)) return { kind: 'explain', launches: soFar.lanes };
  return {
    kind: 'end',
    uncounted: state === 'open' && soFar.engine === 'instructions' && isCountingAhead(soFar),
  };
};

/** Its instructions first: they decide anywhere. What is sampled besides is for where they cannot. */
const stepOfRecord = (soFar: RunSoFar): NextStep => {
  if (isRecordToCount(soFar)) return countOnce(soFar, 'fired');
  return isRecordToSample(soFar) ? { kind: 'explain', launches: soFar.lanes } : END;
};

const isRecordToSample = ({ explain, exact, explainedSeconds, secondsLeft }: RunSoFar): boolean =>
  explain &&
  exact !== 'only' &&
  explainedSeconds + EXPLAIN_LAUNCH_SECONDS <= RECORD_SAMPLING_SECONDS &&
  secondsLeft >= EXPLAIN_LAUNCH_SECONDS;

/** A gate that launches left open is never decided now: what counts calls has nothing left to wait for. */
const stateAtEnd = (soFar: RunSoFar): GateState => {
  if (isCalledFor('counts', soFar)) return 'fired';
  return soFar.look.firstCpuLook !== null && soFar.engine !== 'calls' ? 'open' : 'quiet';
};

/** Where there is no time for both, whoever made CPU fail is worth more than one more figure: one launch goes first. */
const explainsFirst = (soFar: RunSoFar): boolean =>
  isCalledFor('samples', soFar) &&
  isWorthExplaining(soFar) &&
  soFar.explainedSeconds === 0 &&
  soFar.secondsLeft < latencySeconds(soFar) + EXPLAIN_LAUNCH_SECONDS;

const traceOf = ({ movedLatency }: RunSoFar): NextStep => ({ kind: 'trace', route: movedLatency?.route ?? null });

/** Requests that take longer are followed through one trace: what they wait for is in no other profile. */
const isWorthTracing = (soFar: RunSoFar): boolean => traceSeconds(soFar) > 0 && soFar.secondsLeft >= TRACE_SECONDS;

const isWorthExplaining = (soFar: RunSoFar): boolean =>
  soFar.explain &&
  (soFar.wantsSamples || (isCalledFor('samples', soFar) && !soFar.isNamedExactly)) &&
  !soFar.hasSamples &&
  soFar.explainedSeconds + EXPLAIN_LAUNCH_SECONDS <= EXPLAIN_MOST_SECONDS &&
  soFar.secondsLeft >= EXPLAIN_LAUNCH_SECONDS;
