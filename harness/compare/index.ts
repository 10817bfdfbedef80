/**
 * From a measured run to verdicts: validity first, then errors, then costs, launch by launch.
 *
 * In: a ScenarioRun or RunFile (raw counters), and what profiles found. Out: the stopping rule for the conductor
 * (`judgeSoFar`), the Comparison for everyone else. Pure: the same data give the same verdict whenever it is asked, and
 * the sides exchanged give the mirrored one.
 *
 * Wings: `verdict` decides each metric from launches; `toolchain` says what another Go or other settings change;
 * `functions` explains by sampled profiles; `counts` is what was counted, `callers` who caused it, `instructions` judges
 * and explains it; `stored` compares with a baseline.
 */
export { assemble, compareRun, type FindingsOf } from './comparison.ts';
export { compareStored, type StoredFindingsOf } from './stored/compare-stored.ts';
export { requireComparable } from './stored/comparable.ts';
export { type SessionsKnown, sessionsOf } from './stored/sessions.ts';
export { whyOtherCounts } from './stored/count-conditions.ts';
export { judgeStoredCounts } from './stored/judge-counts.ts';
export { keepCounts } from './stored/keep-counts.ts';
export { compareStoredProfiles, KEPT_FILES, KEPT_KINDS } from './stored/compare-profiles.ts';
export { keepLaunches, type LaunchToKeep } from './stored/keep-launches.ts';
export { assembleScenario, type JudgedScenario, judgeScenario } from './scenario.ts';
export { type MovedLatency, type WhatMoved, whatMoved } from './what-moved.ts';
export { type Counted, type Explanation, NO_FINDINGS, type ScenarioFindings } from './verdict/findings.ts';
export { familyOf, judgedGates, looksOf, type Family, type JudgedMetric, withToolchainGates } from './verdict/gates.ts';
export { judgeAtEnd, judgeSoFar, type Look, type LookVerdict } from './verdict/stopping-rule.ts';
export { discardReason, invalidity, notCounted } from './verdict/validity.ts';
export { compareFunctions, compareKind, explainByKinds, type KindCompared } from './functions/compare-functions.ts';
export { compareLabel } from './functions/labels.ts';
export { comparePerf } from './functions/below.ts';
export { isNamedForSure } from './functions/sure-name.ts';
export { judgeFunctionGates } from './functions/function-gates.ts';
export { overheadOf } from './overhead.ts';
export { apartIn, servingIn, withCountedStacks } from './functions/counted-stacks.ts';
export { costFactors } from './functions/costs.ts';
export type {
  CostProfile,
  FunctionsContext,
  FunctionsFound,
  FunctionsInput,
  ProfiledKind,
  ProfiledSide,
} from './functions/input.ts';
export { noiseOf, type NoiseRequest } from './noise.ts';
export {
  type CountsLook,
  doAgree,
  type ExactFindings,
  type ExactReading,
  judgeExact,
  judgeReading,
  lookAtCounts,
  readExact,
} from './instructions/judge.ts';
export { mergeCounts, type MergedCounts } from './counts/merged.ts';
export { CONFIRMED_LAUNCHES, FIRST_LAUNCHES } from './instructions/launches.ts';
export { withPaths } from './callers/paths.ts';
export { countedRoutes } from './instructions/routes.ts';
export { isTotals, judgeTotals, type TotalsInput } from './instructions/totals.ts';
export { type CallsFindings, type CallsInput, explainCalls, type ProfiledCalls } from './instructions/calls.ts';
export { type CalledFunction, callsProfile } from './instructions/calls-profile.ts';
export { instructionsProfile } from './counts/profile.ts';
export { exactRequests, type ExactTrouble, refusalText } from './instructions/refusals.ts';
export { describeAgreement } from './instructions/agreement.ts';
export { applyWaivers, parseWaiver, parseWaivers, WAIVER_TRAILER, type Waiver } from './waivers.ts';
