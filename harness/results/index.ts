/**
 * The folder that a run leaves: its layout, opening it, and what is read from it.
 *
 * In: a RunFile and the profile files beside it. Out: the comparison with what explains it, the graphs of the page, and
 * the profiles merged over launches. Each profile is opened and decoded once, kind by kind; one that cannot be read costs
 * what it would have explained, never a verdict.
 */
export { COMPARISON_FILE, PAGE_FILE, REPORT_FILE, RUN_FILE } from './layout.ts';
export { openOutput, type OutputFolder } from './output.ts';
export { baselineNamed, openRun, openStored, type StoredRun } from './stored.ts';
export { folderReader, openProfile, type ReadFile } from './profile-files.ts';
export type { CountsRead } from './counts.ts';
export { type Explained, explainRun, explainSamples } from './explain.ts';
export { type MergedProfile, mergedProfiles } from './merged.ts';
export { pageOf } from './page.ts';
export { SamplesReader } from './samples.ts';
export { type ReadAlong, readAlong, storeAndExplain, storeRun, writeRun } from './store.ts';
export { headLaunches } from './stored-launches.ts';
export { compareCounts, type CountedRun, headCounts, whyNotKept } from './stored-counts.ts';
