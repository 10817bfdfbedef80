/** How long it will still take, as far as that is known when a step is taken: what people who wait are told. */
import {
  ALLOCATION_SECONDS,
  captureSeconds,
  countingIfFired,
  EXPLAIN_LAUNCH_SECONDS,
  explainingToCome,
  growthLaunchSeconds,
  growthSeconds,
  latencySeconds,
  perfSeconds,
  routesSeconds,
  type NextStep,
  type RunSoFar,
  TRACE_SECONDS,
  traceSeconds,
} from './next-step.ts';
import type { Outlook } from './session/plan.ts';

/** What `step` and all after it take, if nothing turns up that is not known yet; null: nobody can tell. */
const aboutSeconds = (soFar: RunSoFar, step: NextStep): number | null => {
  const [latency, growth, capture] = [latencySeconds(soFar), growthSeconds(soFar), captureSeconds(soFar)];
  const counting = countingIfFired(soFar);
  switch (step.kind) {
    case 'judged': {
      const { look, lanes, judgedSeconds, judgedTurns } = soFar;
      if (judgedTurns === 0) return null;
      const last = decisionOf(soFar)?.launches ?? look.launches + 1;
      const turns = Math.ceil((last - look.launches) / lanes);
      return (
        (turns * judgedSeconds) / judgedTurns +
        growth +
        counting +
        capture +
        latency +
        traceSeconds(soFar) +
        routesAskedFor(soFar)
      );
    }
    case 'growth':
      return growthLaunchSeconds(soFar.couplesPerSecond ?? Infinity, step.requests) + counting + capture + latency;
    case 'count':
      return soFar.exactSeconds + capture + latency;
    case 'capture':
      return ALLOCATION_SECONDS + latency + explainingToCome(soFar);
    case 'latency':
      return latencyTurns(soFar) * soFar.latencyLaunchSeconds + routesAskedFor(soFar) + explainingToCome(soFar);
    case 'routes':
      return routesSeconds(soFar) + explainingToCome(soFar);
    case 'trace':
      return TRACE_SECONDS + growth + counting + capture + latency;
    case 'explain':
      return EXPLAIN_LAUNCH_SECONDS + latency;
    case 'perf':
      return perfSeconds(soFar) + explainingToCome(soFar);
    case 'find engine':
    case 'find perf':
    case 'stop':
    case 'too little':
    case 'end':
      return null;
  }
};

/** Where nobody asked for them it is not known yet whether they will be wanted. */
const routesAskedFor = (soFar: RunSoFar): number => (soFar.names.mode === 'always' ? routesSeconds(soFar) : 0);

/** Up to the phase's next look. */
const latencyTurns = ({ look, latencyDone, lanes }: RunSoFar): number =>
  Math.max(1, Math.ceil(((look.nextLatencyLook ?? 0) - latencyDone) / lanes));

/** CPU's own first look, where it is still to come: before it the run seldom ends. */
const decisionOf = ({ purpose, look }: RunSoFar): Outlook['decision'] => {
  if (purpose !== 'compare') return null;
  if (look.firstCpuLook !== null) return { launches: look.firstCpuLook, isFirstOfCpu: true };
  return look.nextLook === null ? null : { launches: look.nextLook, isFirstOfCpu: false };
};

export const outlookOf = (soFar: RunSoFar, step: NextStep): Outlook => ({
  aboutSeconds: aboutSeconds(soFar, step),
  decision: step.kind === 'judged' ? decisionOf(soFar) : null,
  part: null,
});
