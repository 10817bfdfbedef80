/**
 * The Go service of one side: inspected, built with the agent laid over it, started, awaited and stopped.
 *
 * In: a module folder, the scenario's target, a work folder. Out: facts about the package, binaries (one per link
 * seed), and a running service with its port, process id and output. The user's folder is never written to: the agent
 * exists only in the overlay that `go build` reads. Decides nothing about the measurement.
 */
export { inspectTarget, type InspectRequest, type TargetFacts } from './inspect.ts';
export { prepareBuild, type PrepareRequest, type PreparedBuild } from './prepare.ts';
export { generate, type GeneratedDigest, type GenerateRequest } from './generate.ts';
export { MissingFilesError } from './go-failure.ts';
export { linkBinary, discardBinary, type Binary, type LinkRequest } from './link.ts';
export { linkedModules, type LinkedModule, modulesToCover, withCoverage } from './coverage.ts';
export { chosenGo, withChosenGo } from './toolchain.ts';
export { firstFault, whyGoIsFixed, whyRuntimeFails } from './goroot-overlay.ts';
export { buildFacts } from './facts.ts';
export { startTarget, type RunningTarget, type StartRequest } from './start.ts';
export { freePorts } from './ports.ts';
export { type MovedPort } from './moving-ports.ts';
export { listeningAddresses } from './listening.ts';
export { generatedCacheFolder, linkCacheFolder } from './link-cache.ts';
export { pruneFolder } from './prune.ts';
