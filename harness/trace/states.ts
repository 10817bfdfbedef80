/** What a goroutine does at a moment, in the words of the wall profile's label `state`. */
import type { Frame } from './generations.ts';

export const STATES = [
  'running',
  'runnable',
  'syscall',
  'network',
  'channel',
  'lock',
  'wait group',
  'condition',
  'sleep',
  'select',
  'GC assist',
  'GC',
  'for ever',
  'other',
  'unknown',
] as const;

export type StateName = (typeof STATES)[number];

/** A state by its place in {@link STATES}. */
export type State = number;

const stateOf = (name: StateName): State => STATES.indexOf(name);

export const RUNNING = stateOf('running');
export const RUNNABLE = stateOf('runnable');
export const SYSCALL = stateOf('syscall');
export const GC_ASSIST = stateOf('GC assist');
/** Began before the trace, which then does not say why. */
export const UNKNOWN = stateOf('unknown');

/** The runtime's reasons, by its own words (runtime/traceruntime.go, traceBlockReasonStrings). */
const REASONS: Readonly<Record<string, StateName>> = {
  network: 'network',
  'chan send': 'channel',
  'chan receive': 'channel',
  'sync.(*Cond).Wait': 'condition',
  sleep: 'sleep',
  select: 'select',
  forever: 'for ever',
  preempted: 'runnable',
  'GC mark assist wait for work': 'GC assist',
  'GC background sweeper wait': 'GC',
  'wait until GC ends': 'GC',
  'GC weak to strong wait': 'GC',
};

/** Mutexes and wait groups have one reason; the frame says which. */
const WAIT_GROUP = 'sync.(*WaitGroup).';

export const waitingFor = (reason: string, stack: readonly Frame[]): State => {
  if (reason === 'sync')
    return stateOf(stack.some((frame) => frame.function.startsWith(WAIT_GROUP)) ? 'wait group' : 'lock');
  return stateOf(REASONS[reason] ?? 'other');
};
