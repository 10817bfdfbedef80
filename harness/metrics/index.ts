/**
 * What is measured: the table of metrics with their limits, and how a window's or a launch's raw counters become values
 * per request.
 *
 * In: Window, Launch. Out: numbers in the metric's unit; `undefined` when the machine, the Go version or the window has
 * no such value, never 0 for missing. Decides nothing.
 */
export * from './table.ts';
export * from './limits-text.ts';
export * from './profile-kinds.ts';
export * from './diagnosis.ts';
export * from './measure.ts';
export { counterPerRequest } from './counter-per-request.ts';
