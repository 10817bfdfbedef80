/**
 * Keeps runs of a commit against itself, for later comparison: `<dir>/<scenario>/<commit>-<fingerprint>/` with
 * `baseline.json` (a run of one scenario, its own noise included) and `<kind>.pb.gz` profiles. In: a run and merged
 * profile bytes. Out: entries, whole baselines, or the one sentence why there is none. It owns the file format, its
 * migration, atomic writing and pruning; it compares nothing. A damaged file is always an error, never "none yet".
 */
export { type BaselineQuery, type BaselineSearch, findBaseline } from './find.ts';
export { loadNoise, type NoiseKey, storeNoise } from './noise.ts';
export {
  type Baseline,
  type BaselineEntry,
  listBaselines,
  loadBaseline,
  RUN_FILE as BASELINE_FILE,
} from './read.ts';
export { addSession, type BaselineToStore, storeBaseline, type StoredBaseline } from './store.ts';
export { runOfScenario } from './stored-run.ts';
export { checkWritable } from './write.ts';
