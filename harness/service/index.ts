/**
 * The Go service of one side: inspected, built with the agent laid over it, started, awaited and stopped.
 *
 * In: a module folder, the scenario's target, a work folder. Out: facts about the package, binaries (one per link
 * seed), and a running service with its port, process id and output. The user's folder is never written to: the agent
 * exists only in the overlay that `go build` reads. Decides nothing about the measurement.
 */
export { inspectTarget, type InspectRequest, type TargetFacts } from './building/inspect.ts';
export { prepareBuild, type BuildRequest, type PreparedBuild } from './building/prepare.ts';
export { generate, type GeneratedDigest, type GenerateRequest } from './building/generate.ts';
export { MissingFilesError } from './building/go-failure.ts';
export type { BuildStage, OnStage } from './building/build-stages.ts';
export { linkBinary, discardBinary, type Binary, type LinkRequest } from './building/link.ts';
export { linkerOf, type Linker } from './building/linker.ts';
export { type PreparedTests, prepareTests, type TestBuild, type TestPackage } from './building/prepare-tests.ts';
export { benchEnv, type BenchTurns } from './building/testing-hook.ts';
export { compileToKeep, type CompiledBuild, prepareRelink, whyNotRelinked } from './building/compiled.ts';
export { linkUnlessSame } from './building/same-program.ts';
export { linkedModules, type LinkedModule, modulesToCover, withCoverage } from './building/coverage.ts';
export { chosenGo, withChosenGo } from './building/toolchain.ts';
export { firstFault, whyGoIsFixed, whyRuntimeFails } from './building/goroot-overlay.ts';
export { buildFacts } from './building/facts.ts';
export { agentDigest } from './building/overlay.ts';
export { startTarget, type RunningTarget, type StartRequest } from './running/start.ts';
export { freePorts } from './running/ports.ts';
export { makeOwnHome, ownHomeOf } from './running/own-home.ts';
export { type MovedPort } from './building/moving-ports.ts';
export { writtenFiles } from './running/open-files.ts';
export { listeningAddresses } from './running/listening.ts';
export { generatedCacheFolder, linkCacheFolder } from './building/link-cache.ts';
export { pruneFolder } from './building/prune.ts';
export type { LinkStep } from './building/link-step.ts';
