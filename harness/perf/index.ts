/**
 * Linux perf: what it sampled of a service, Go's code, C's and the kernel's in one stack each.
 *
 * In: the text of `perf script`, the file that served and Go's names of its functions. Out: a pprof profile, with whose
 * code ran as the label `where`. It keeps frames and stacks of bounded number. Text that is damaged or hostile ends in a
 * {@link PerfError}.
 */
export type { GoProgram } from './frames.ts';
export { PerfError } from './perf-error.ts';
export { perfProfile, type PerfReading, type PerfRequest } from './perf-profile.ts';
