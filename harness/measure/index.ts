/**
 * From scenario files and two revisions to a finished RunFile, scenario by scenario: which sources each side is, which
 * scenario starts it, which Go builds it, what its builds need; and what is read beside it before anything is measured
 * (baselines, waivers, the noise of this machine).
 *
 * In: files, revisions, a budget, a seed. Out: the RunFile. What measures one scenario is `run`.
 */
export { verifyBundle, type VerifyRequest } from './verify-bundle.ts';
export { baselineOf, type BaselinePlan, bundleOf, planAgainstBaseline } from './against-baseline.ts';
export { goFlagsFrom, withGoFlags } from './go-choice.ts';
export { defaultSeed, LOADER, type MeasureRequest, measure } from './measure.ts';
export { whyNewOnHead } from './new-on-head.ts';
export { noiseSentence, noiseWarnings, withNoiseNotes } from './noise-notes.ts';
export { isBasesStart, keepVariables, orAsBefore, ownScenarioNote, ownWayOf } from './own-scenario.ts';
export {
  type ScenarioAttempt,
  type PlantHead,
  type MeasureSetting,
  layOut,
  placeInRepository,
  provisioned,
  sideTrees,
} from './provisioned.ts';
export { withSeconds } from './progress-lines.ts';
export { loadScenarios } from './scenarios.ts';
export type { Meanwhile, Say, Step } from './step.ts';
export { todayUtc, waiversInCommits, waiversInFile } from './waivers.ts';
export { withSources } from './with-sources.ts';
export { withWorkFolder } from './work-folder.ts';
