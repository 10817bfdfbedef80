/**
 * From a measured run to verdicts: validity first, then errors, then costs, launch by launch.
 *
 * In: a ScenarioRun or RunFile (raw counters), and what profiles found. Out: the stopping rule for the conductor
 * (`look`), the Comparison for everyone else. Pure: the same data give the same verdict whenever it is asked, and the
 * sides exchanged give the mirrored one.
 */
export { compareRun, type FindingsOf } from './comparison.ts';
export { compareStored, type StoredFindingsOf } from './stored.ts';
export { NO_FINDINGS, type ScenarioFindings } from './scenario.ts';
export { familyOf, judgedGates, looksOf, type Family, type JudgedMetric, withToolchainGates } from './gates.ts';
export { lastLook, look, type Look, type LookVerdict } from './look.ts';
export { discardReason, invalidity, notCounted } from './validity.ts';
export { compareFunctions } from './functions.ts';
export type { FunctionsFound, FunctionsInput, ProfiledKind, ProfiledSide } from './functions-input.ts';
export { noiseOf, type NoiseRequest } from './noise.ts';
export { judgeExact, type ExactFindings, type ExactInput } from './exact.ts';
export { FIRST_LAUNCHES } from './exact-launches.ts';
export { withPaths } from './exact-paths.ts';
export { isTotals, judgeTotals, type TotalsInput } from './exact-totals.ts';
export { type CallsFindings, type CallsInput, explainCalls, type ProfiledCalls } from './exact-calls.ts';
export { type CalledFunction, callsProfile } from './calls-profile.ts';
export { instructionsProfile } from './exact-profile.ts';
export { exactRequests, type ExactTrouble, refusalText } from './exact-refusals.ts';
export { describeAgreement } from './exact-agreement.ts';
export { applyWaivers, parseWaiver, parseWaivers, WAIVER_TRAILER, type Waiver } from './waivers.ts';
