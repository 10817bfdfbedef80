/** What the table of diagnosis calls for in a run so far, and what became of each call once the run is over. */
import { callersOf, type Symptom } from '../metrics/index.ts';
import {
  type CaptureId,
  CAPTURE_IDS,
  type Diagnosed,
  type ExactMode,
  type MetricId,
  type PerfMode,
  type RoutesMode,
  type TraceMode,
} from '../model/index.ts';
import type { Look, MovedLatency } from '../compare/index.ts';

const isMoved = (verdict: string): verdict is 'regressed' | 'improved' | 'changed' =>
  verdict === 'regressed' || verdict === 'improved' || verdict === 'changed';

/** What a run knows of what moved. */
interface Seen {
  readonly look: Pick<Look, 'verdicts' | 'latencyFired'>;
  /** Whose latency moved, up or down; null: nobody's, or its phase is still to come. */
  readonly movedLatency: MovedLatency | null;
  /** Costs of single request names that moved, as far as these were measured by themselves. */
  readonly movedNames: readonly Symptom[];
}

/** What became of the captures so far. */
interface SoFar extends Seen {
  readonly purpose: 'compare' | 'calibrate' | 'record';
  readonly look: Pick<Look, 'verdicts' | 'latencyFired' | 'headFails'>;
  readonly budgetSeconds: number;
  readonly secondsLeft: number;
  readonly exact: ExactMode;
  readonly explain: boolean;
  readonly counting: 'not yet' | 'waits' | 'done';
  readonly engine: 'unknown' | 'instructions' | 'calls' | 'none';
  readonly growthDone: boolean;
  readonly tellsStuck: boolean;
  readonly captureDone: boolean;
  readonly traceDone: boolean;
  readonly traces: { readonly mode: TraceMode };
  readonly explainedSeconds: number;
  readonly isNamedExactly: boolean;
  readonly hasSamples: boolean;
  readonly names: NamesSoFar;
  readonly perf: PerfSoFar;
}

/** Of the launches under Linux perf. */
export interface PerfSoFar {
  readonly mode: PerfMode;
  /** `unknown`: nobody has looked. */
  readonly tool: 'unknown' | 'found' | 'missing';
  readonly done: number;
  /** C or the kernel has a part in what became slower, as far as Go's own samples show. */
  readonly isHidden: boolean;
}

/** Of the launches that measure each request name by itself. */
export interface NamesSoFar {
  readonly mode: RoutesMode;
  /** Request names that can be measured by themselves; fewer than two: there is nothing to tell. */
  readonly count: number;
  readonly done: number;
  /** Counted instructions say in which names the change is. */
  readonly areKnown: boolean;
}

/** What is exact shows a name that is little of the mix; in samples it drowns, and it has been measured by itself already. */
const SEES_NAMES: readonly CaptureId[] = ['counts', 'allocations'];

const symptomsFor = (capture: CaptureId, { look, movedLatency, movedNames }: Seen): readonly Symptom[] => [
  ...look.verdicts.flatMap(({ metric, verdict }): readonly Symptom[] =>
    isMoved(verdict) ? [{ metric, verdict }] : [],
  ),
  ...(look.latencyFired ? [{ metric: 'latencyP50Ms', verdict: 'regressed' } as const] : []),
  ...(movedLatency?.symptoms ?? []),
  ...(SEES_NAMES.includes(capture) ? movedNames : []),
];

/** Whether something that moved is explained by this capture. */
export const isCalledFor = (capture: CaptureId, soFar: Seen): boolean =>
  callersOf(capture, symptomsFor(capture, soFar)).length > 0;

/**
 * Launches differ in CPU for their whole life: eight of them tell 8 % of one name in ten (docs/method.md). Where CPU of all
 * moved, that of the name did so by more, and four will do; counters repeat, and two tell them.
 */
const ROUTES_LAUNCHES = { always: 8, cpu: 4, counters: 2 } as const;

/** What each takes; where it is not called for, nothing is asked. */
export type CaptureSeconds = Readonly<Record<CaptureId, number>>;

type Fate = 'ran' | Exclude<Diagnosed['leftOut'], null>;

const FATES: Readonly<Record<CaptureId, (soFar: SoFar) => Fate>> = {
  growth: ({ growthDone, tellsStuck }) => (growthDone ? 'ran' : tellsStuck ? 'time' : 'impossible'),
  counts: ({ counting, exact, engine }) => {
    if (counting === 'done') return 'ran';
    if (exact === 'off') return 'off';
    return engine === 'none' ? 'impossible' : 'time';
  },
  allocations: ({ captureDone }) => (captureDone ? 'ran' : 'time'),
  trace: ({ traceDone, explain, traces }) => (traceDone ? 'ran' : explain && traces.mode !== 'off' ? 'time' : 'off'),
  samples: ({ explainedSeconds, explain, isNamedExactly, hasSamples }) => {
    if (explainedSeconds > 0) return 'ran';
    if (!explain) return 'off';
    if (isNamedExactly) return 'named';
    return hasSamples ? 'sampled' : 'time';
  },
  routes: ({ names }) => {
    if (names.done > 0) return 'ran';
    if (names.mode === 'off') return 'off';
    return names.areKnown && names.mode === 'auto' ? 'named' : 'time';
  },
  perf: ({ perf, explain }) => {
    if (perf.done > 0) return 'ran';
    if (perf.mode === 'off' || (perf.mode === 'auto' && !explain)) return 'off';
    if (perf.mode === 'auto' && !perf.isHidden) return 'seen';
    return perf.tool === 'missing' ? 'impossible' : 'time';
  },
};

/** Launches of one request name after the other that are wanted in all. */
export const routesWanted = (soFar: Seen & Pick<SoFar, 'names'>): number => {
  const { mode, count, areKnown } = soFar.names;
  if (count < 2 || mode === 'off') return 0;
  if (mode === 'always') return ROUTES_LAUNCHES.always;
  const callers = areKnown ? [] : callersOf('routes', symptomsFor('routes', soFar));
  if (callers.length === 0) return 0;
  return callers.includes('cpuNsPerRequest') ? ROUTES_LAUNCHES.cpu : ROUTES_LAUNCHES.counters;
};

/** So many tell by how much launches differ; the interval of two has no end. */
const PERF_LAUNCHES = 3;

/** Launches under Linux perf that are wanted in all. */
export const perfWanted = (soFar: Seen & Pick<SoFar, 'perf' | 'explain'>): number => {
  const { mode, tool, isHidden } = soFar.perf;
  if (mode === 'off' || tool === 'missing') return 0;
  if (mode === 'always') return PERF_LAUNCHES;
  return soFar.explain && isHidden && isCalledFor('perf', soFar) ? PERF_LAUNCHES : 0;
};

const isToTell = (capture: CaptureId, because: readonly MetricId[], { names, perf }: SoFar): boolean => {
  if (capture === 'routes') return names.count > 1 && (because.length > 0 || names.mode === 'always');
  return because.length > 0 || (capture === 'perf' && perf.mode === 'always');
};

/** Of all that moved; empty where nothing did, or nothing is compared. `seconds`: what each capture would have taken. */
export const diagnose = (soFar: SoFar, seconds: CaptureSeconds): readonly Diagnosed[] => {
  if (soFar.purpose !== 'compare' || soFar.look.headFails) return [];
  return CAPTURE_IDS.flatMap((capture): readonly Diagnosed[] => {
    const because = callersOf(capture, symptomsFor(capture, soFar));
    if (!isToTell(capture, because, soFar)) return [];
    const fate = FATES[capture](soFar);
    if (fate === 'ran') return [{ capture, because, leftOut: null }];
    const spentSeconds = soFar.budgetSeconds - soFar.secondsLeft;
    const budgetMinutes = Math.ceil((spentSeconds + seconds[capture]) / 60);
    return [{ capture, because, leftOut: fate, ...(fate === 'time' && { budgetMinutes }) }];
  });
};
