/**
 * Counts the instructions a service executes: engines, the emulator's plugin, and from counted addresses to functions
 * and lines.
 *
 * In: a cache folder (for engines), the file into which an emulated service counts, its binary; a process whose
 * instructions the CPU counts; the data of Go's coverage counters. Out: snapshots, and the work between two of them by
 * function, kind of work and system call; totals; calls. Only counts: `service` starts the services, `load`
 * sends the requests, `compare` decides.
 */
export { chooseEngine, type CountingEngine, type Engines, isMissing, probeEngines } from './engines.ts';
export {
  callsBetween,
  type CoverageCounters,
  type CoverageMeta,
  type CoveredFunction,
  type FunctionCalls,
  readCoverageCounters,
  readCoverageMeta,
} from './coverage-counts.ts';
export { type PerfCounter, type PerfEngine, startPerfCounter } from './perf.ts';
export { emulatedCpu } from './emulated-cpu.ts';
export {
  COUNTED_GODEBUG,
  EMULATED_CPU,
  pluginDigest,
  probeQemu,
  startOf,
  type EmulatedStart,
  type Missing,
  type ProbeRequest,
  type QemuEngine,
} from './qemu.ts';
export { snapshot, type Overflow, type Snapshot } from './counts-file.ts';
export { goTablesIn, readGoTables, type GoTables } from './go-tables.ts';
export { countsBetween, groupsBetween, type InstructionCounts, type CountedProgram } from './counts-between.ts';
export { totalBetween } from './totals-between.ts';
export { isTriedGo, patchesDigest, steadyRuntime, type SteadyRuntime } from './steady-runtime.ts';
