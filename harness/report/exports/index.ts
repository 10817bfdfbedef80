/** Files for other tools, each a pure function from our values to a string. */
export { exportBencher } from './bencher.ts';
export { exportBenchmarkAction } from './benchmark-action.ts';
export { exportBenchstat } from './benchstat.ts';
export { exportCsv } from './csv.ts';
export { exportFolded } from './folded.ts';
export { exportJunit } from './junit.ts';
export { exportSpeedscope, type NamedStacks } from './speedscope.ts';
