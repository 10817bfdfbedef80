/**
 * The Go service of one side: inspected, built with the agent laid over it, started, awaited and stopped.
 *
 * In: a module folder, the scenario's target, a work folder. Out: facts about the package, binaries (one per link
 * seed), and a running service with its port, process id and output. The user's folder is never written to: the agent
 * exists only in the overlay that `go build` reads. Decides nothing about the measurement.
 */
export { inspectTarget, type InspectRequest, type TargetFacts } from './build/inspect.ts';
export { prepareBuild, type PrepareRequest, type PreparedBuild } from './build/prepare.ts';
export { generate, type GeneratedDigest, type GenerateRequest } from './build/generate.ts';
export { MissingFilesError } from './build/go-failure.ts';
export { linkBinary, discardBinary, type Binary, type LinkRequest } from './build/link.ts';
export { linkedModules, type LinkedModule, modulesToCover, withCoverage } from './build/coverage.ts';
export { chosenGo, withChosenGo } from './build/toolchain.ts';
export { firstFault, whyGoIsFixed, whyRuntimeFails } from './build/goroot-overlay.ts';
export { buildFacts } from './build/facts.ts';
export { startTarget, type RunningTarget, type StartRequest } from './start/start.ts';
export { freePorts } from './start/ports.ts';
export { type MovedPort } from './build/moving-ports.ts';
export { listeningAddresses } from './start/listening.ts';
export { generatedCacheFolder, linkCacheFolder } from './build/link-cache.ts';
export { pruneFolder } from './build/prune.ts';
