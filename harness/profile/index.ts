/**
 * Profiles: pprof bytes in, costs by function, line, package and path out; merged, subtracted and diff profiles back
 * to bytes.
 *
 * Wings: `columns` is a profile as we hold it; `format` is bytes to columns and back; `costs` sums columns into tables,
 * trees and paths; `combine` merges, subtracts and compares.
 *
 * In: the bytes Go's runtime wrote (gzip or plain). Out: {@link Profile}, columns of whole numbers with interned ids,
 * and tables computed from it. Files that are broken or hostile end in a {@link ProfileError} that says what and where.
 * Sole owner of protobufjs and pako.
 */
export * from './columns/profile.ts';
export { ProfileError } from './columns/profile-error.ts';
export { sampleTotal } from './format/sample-total.ts';
export { decodeProfile } from './format/decode.ts';
export { locationsOf } from './columns/columns.ts';
export { profileOfStacks } from './columns/from-stacks.ts';
export { encodeProfile } from './format/encode.ts';
export { type CallPaths, withCallPaths } from './costs/call-paths.ts';
export { diffProfile, mergeProfiles, mergeWorkers, subtractProfile } from './combine/combine.ts';
export {
  type CallTree,
  callTree,
  nodesByName,
  pathTo,
  ROOT_NAME,
  type TreeSide,
  TRUNCATED_NAME,
} from './costs/call-tree.ts';
export {
  labelCosts,
  type LineCost,
  lineCosts,
  type PackageCost,
  packageCosts,
  type TableRequest,
} from './costs/cost-tables.ts';
export { byFrame, byLabel, labelOfFrame } from './costs/by-label.ts';
export { liveCounts, sampleCounts } from './costs/sample-counts.ts';
export { isTruncated } from './costs/truncated.ts';
export { valueColumn, valueIndex, valueTypes } from './columns/value-types.ts';
export type { Charging, FrameRole } from './costs/sum-stacks.ts';
export { pprofTotal } from './costs/exact-sums.ts';
export { type FlatCum, flatCum } from './costs/flat-cum.ts';
export {
  type CostRequest,
  type FunctionCost,
  type FunctionCosts,
  functionCosts,
  type FunctionSums,
  functionSums,
  RUNTIME_CHARGED,
} from './costs/function-costs.ts';
export {
  filterByLabel,
  sampleLabels,
  withOnlyLabel,
  withoutAgent,
} from './costs/filter.ts';
export {
  lockWaits,
  requestWaits,
  servingFunctions,
  type WaitApart,
  waitsApart,
} from './costs/waits.ts';
export { parseGoroutines } from './format/goroutine-text.ts';
export { leftBehind, stackKey } from './costs/left-behind.ts';
export {
  canonicalNames,
  canonicalPath,
  collapseGenerics,
  isAgent,
  isIn,
  isRuntime,
  isStandard,
  outerFunction,
  outerLines,
  packageOf,
  type PathRoots,
} from './columns/names.ts';
