/**
 * Starts, limits and stops programs; sole owner of execa.
 *
 * In: a program with its arguments, folder, environment, CPUs and deadline. Out: what it said and how it ended, or a
 * handle on it while it runs. Every program gets its own process group, is known to {@link stopAll} until it has
 * exited, and takes its descendants with it when it is stopped, when the signal aborts, and when we exit ourselves.
 */
export { runCommand, type Command, type CommandResult } from './command.ts';
export { startProcess, type ProcessSpec, type ProcessExit, type RunningProcess } from './running.ts';
export { type GoProgram, listedObjects, USERS_GO } from './go-program.ts';
export { usableCpus, coresOf, canPin, parseCpuList, type PinAbility } from './cpus.ts';
export { bindSelf } from './self.ts';
export { stopAll, runningCount } from './registry.ts';
export { abortError, type ProcessEnv } from './program.ts';
export { lastLines } from './last-lines.ts';
