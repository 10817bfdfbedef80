/**
 * Conducts one scenario: builds, launches, pairs → {@link ScenarioRun}. It owns the order of things and the time they
 * may take; counting, deciding and statistics are its neighbours' work.
 *
 * Wings: `session` is what a run has at hand (plan, clock, seeds, links, ports); `launch` starts both sides and measures
 * them; `counting` counts instructions and calls. `conduct.ts` takes the steps that `next-step.ts` chooses.
 *
 * In: a scenario, both sides' sources, a seed, a budget, CPUs. Out: everything that was measured, raw.
 */
export { type CpuLayout, layOutCpus } from './session/cpus.ts';
export { lanesFor } from './session/one-at-a-time.ts';
export type { GateProgress, KeptBuilds, RunPlan, RunProgress, SideTree } from './session/plan.ts';
export { provision, type Provisioned } from './provision.ts';
export { NothingToCompareError, UNKNOWN_TO_BASE } from './launch/trial.ts';
export type { Rehearsal } from './launch/rehearsal.ts';
export { coin, linkSeedOf, mixSeed } from './session/seeds.ts';
export { findPerf, isPerfMissing, type PerfTool } from './launch/perf-tool.ts';
export { steadyGo } from './counting/build.ts';
export { rehearse, runScenario } from './run-scenario.ts';
export { wayOfSides, type WayOfSides } from './way-of-sides.ts';
