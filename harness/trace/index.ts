/**
 * Execution traces: what Go's runtime wrote about every goroutine, read for where the time of requests goes, on the CPU
 * and off it.
 *
 * In: the bytes of a trace in format v2 (Go 1.22 to 1.27). Out: a pprof profile of time by stack, with what it was spent
 * on as a label. It reads a generation (about a second) at a time, and keeps stacks and sums. Files that are broken or
 * hostile end in a {@link TraceError}.
 */
export { TraceError } from './trace-error.ts';
export { type WallProfile, wallProfile } from './wall-profile.ts';
