/**
 * The events of Go's trace format v2 (Go 1.22 and newer), by their numbers in internal/trace/tracev2/events.go. Later
 * versions have added events behind the others and changed none.
 */
export const EVENT = {
  eventBatch: 1,
  stacks: 2,
  stack: 3,
  strings: 4,
  string: 5,
  cpuSamples: 6,
  cpuSample: 7,
  frequency: 8,
  goCreate: 14,
  goCreateSyscall: 15,
  goStart: 16,
  goDestroy: 17,
  goDestroySyscall: 18,
  goStop: 19,
  goBlock: 20,
  goUnblock: 21,
  goSyscallBegin: 22,
  goSyscallEnd: 23,
  goSyscallEndBlocked: 24,
  goStatus: 25,
  stwBegin: 26,
  stwEnd: 27,
  gcMarkAssistActive: 34,
  gcMarkAssistBegin: 35,
  gcMarkAssistEnd: 36,
  goSwitch: 45,
  goSwitchDestroy: 46,
  goCreateBlocked: 47,
  goStatusStack: 48,
  experimentalBatch: 49,
  sync: 50,
  clockSnapshot: 51,
  endOfGeneration: 52,
} as const;

/** The first timed event and how many arguments each has behind its time; −1: no timed event. */
const FIRST_TIMED = 9;
const ARGUMENTS = [
  2, 2, 0, 3, 2, 3, 1, 2, 0, 0, 2, 2, 3, 2, 0, 0, 3, 2, 0, 1, 2, 1, 1, 1, 2, 1, 1, 0, 1, 1, 1, 4, 2, 3, 3, 4, 2, 2, 3,
  4,
];
/** Events of experiments (GODEBUG traceallocfree), which say nothing of waiting. */
const FIRST_EXPERIMENTAL = 128;
const EXPERIMENTAL_ARGUMENTS = [3, 3, 1, 2, 2, 1, 2, 2, 1];

/** By type: arguments behind the time, −1 where an event of this type cannot stand in a thread's stream. */
export const ARGUMENTS_OF: Int8Array = new Int8Array(256).fill(-1);
ARGUMENTS_OF.set(ARGUMENTS, FIRST_TIMED);
ARGUMENTS_OF.set(EXPERIMENTAL_ARGUMENTS, FIRST_EXPERIMENTAL);
