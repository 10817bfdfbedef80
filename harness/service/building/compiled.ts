/**
 * A build as it is kept to be linked again later, elsewhere, without its source: the archives of its packages and what the
 * linker was called with. Such a build prepares and lists nothing; `callGoBuild` calls the linker for it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BuildError, reasonOf } from '../../errors.ts';
import type { Side, TargetSpec } from '../../model/index.ts';
import type { GoProgram } from '../../process/index.ts';
import { callGoBuild, type LinkRequest } from './link.ts';
import { type LinkStep, makeRecorder, recordedStep, whyOnlyByGo } from './link-step.ts';
import { goSettings, type TargetFacts } from './inspect.ts';
import type { PreparedBuild } from './prepare.ts';
import { chosenGo, outsideModuleCache } from './toolchain.ts';

/** Archive of one package. */
export interface PackageArchive {
  readonly importPath: string;
  readonly file: string;
}

/** All that a build is, without the place where it was compiled. */
export interface CompiledBuild {
  readonly importPath: string;
  readonly modulePath: string;
  readonly agentImportPath: string;
  readonly goVersion: string;
  /** `linux/amd64`. */
  readonly platform: string;
  /** sha256 (hex) of the linker's program: another one of the same version may link otherwise. */
  readonly linkerDigest: string;
  readonly givenFlags: readonly string[];
  readonly ldflags: string;
  /** Import paths of everything that is linked in. */
  readonly packages: readonly string[];
  readonly unseededReason: string | null;
  readonly unmovable: string | null;
  /** Its ports can be moved when it is started. */
  readonly movesPorts: boolean;
  readonly link: {
    /** Of the linker, in order, without output and import configuration. */
    readonly flags: readonly string[];
    /** Among the flags; null: linked in Go's own order. */
    readonly linkSeed: number | null;
    /** The line of the import configuration with what the binary says of its build; '' without one. */
    readonly modinfo: string;
    readonly env: Readonly<Record<string, string>>;
    readonly main: string;
    readonly archives: readonly PackageArchive[];
  };
}

/** Of what `go` gives its linker, what decides how it links. GOROOT is written into the binary, empty where paths are trimmed. */
const LINKER_ENV = /^(?:GOROOT|GOOS|GOARCH|GOAMD64|GOARM64|GOEXPERIMENT|GOFIPS140|CC|CXX|CGO_\w+)$/;

const archivesOf = (importConfig: string): readonly PackageArchive[] =>
  importConfig.split('\n').flatMap((line) => {
    const [, importPath, file] = /^packagefile ([^=]+)=(.+)$/.exec(line) ?? [];
    return importPath === undefined || file === undefined ? [] : [{ importPath, file }];
  });

const modinfoOf = (importConfig: string): string =>
  importConfig.split('\n').find((line) => line.startsWith('modinfo ')) ?? '';

const digestOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

const platformOf = (goEnv: TargetFacts['goEnv']): string => `${goEnv['GOOS'] ?? '?'}/${goEnv['GOARCH'] ?? '?'}`;

/** `go build` once more, which says what it calls its linker with. */
const recordLink = async (build: PreparedBuild, linkSeed: number | null, signal: AbortSignal): Promise<LinkStep> => {
  const refuse = (why: string): BuildError => new BuildError('LINK_NOT_KEPT', `${build.side}: ${why}`, '');
  const onlyByGo = whyOnlyByGo(build.flags, build.facts);
  if (onlyByGo !== null) throw refuse(onlyByGo);
  const folder = join(build.binFolder, 'kept');
  await mkdir(folder, { recursive: true });
  const recorder = await makeRecorder(folder);
  if (recorder === null) throw refuse('its folder has a name that `go` does not take');
  const request: LinkRequest = { linkSeed, cpus: null };
  const output = join(recorder.folder, 'binary');
  const { exitCode } = await callGoBuild(build, { ...request, output, flags: [recorder.flag] }, signal);
  const step = exitCode === 0 ? await recordedStep(recorder, linkSeed) : null;
  if (step === null) throw refuse('what `go build` called its linker with could not be seen');
  return step;
};

export interface ToKeep {
  readonly linkSeed: number | null;
  readonly movesPorts: boolean;
  /** What a `go build` of it called its linker with; null: it is built once more to see that. */
  readonly step: LinkStep | null;
}

/**
 * Compiles what is not compiled yet, and tells where it all lies, until the run's work folder goes. Throws a
 * {@link BuildError} `LINK_NOT_KEPT` where more than the linker makes the binary.
 */
export const compileToKeep = async (
  build: PreparedBuild,
  { linkSeed: wanted, movesPorts, step: seen }: ToKeep,
  signal: AbortSignal,
): Promise<CompiledBuild> => {
  const step = seen ?? (await recordLink(build, wanted, signal));
  const { facts, agentImportPath, givenFlags, ldflags, packages, unmovable } = build;
  const env = Object.entries(step.env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && LINKER_ENV.test(entry[0]),
  );
  return {
    importPath: facts.importPath,
    modulePath: facts.modulePath,
    agentImportPath,
    goVersion: facts.goVersion,
    platform: platformOf(facts.goEnv),
    linkerDigest: await digestOf(step.linker),
    givenFlags,
    ldflags,
    packages,
    unseededReason: facts.unseededReason,
    unmovable,
    movesPorts,
    link: {
      flags: step.flags,
      linkSeed: step.linkSeed,
      modinfo: modinfoOf(step.importConfig),
      env: Object.fromEntries(env),
      main: step.main,
      archives: archivesOf(step.importConfig),
    },
  };
};

export interface RelinkRequest {
  readonly side: Side;
  readonly spec: TargetSpec;
  readonly moduleDir: string;
  readonly runDir: string;
  /** Ours to write into. */
  readonly workDir: string;
  /** Names the build in the link cache. */
  readonly cacheKey: string;
  readonly signal: AbortSignal;
}

/** The release's name as GOTOOLCHAIN takes it: experiments and a distributor's words stand behind it. */
const releaseOf = (goVersion: string): string => goVersion.split(' ')[0] ?? goVersion;

/**
 * The Go that links what `goVersion` compiled: the one that is called in `folder` where it is of that version, else that
 * release, fetched. Throws {@link BuildError} `RELINK_GO`.
 */
const goToRelink = async (
  goVersion: string,
  folder: string,
  env: TargetSpec['buildEnv'],
  signal: AbortSignal,
): Promise<Pick<TargetFacts, 'go' | 'goEnv'>> => {
  const tried: string[] = [];
  for (const go of [chosenGo(undefined, ''), chosenGo(releaseOf(goVersion), '')]) {
    const goEnv = await settingsOf(go, folder, env, signal);
    if (typeof goEnv !== 'string' && goEnv['GOVERSION'] === goVersion) return { go, goEnv };
    tried.push(typeof goEnv === 'string' ? goEnv : `${goEnv['GOVERSION'] ?? 'unknown'} is here`);
  }
  throw new BuildError('RELINK_GO', `it was compiled by ${goVersion}, which is not to be had: ${tried.join('; ')}`, '');
};

/** Why it cannot be linked here, as a clause; null when it can. `folder`: any that is there. */
export const whyNotRelinked = async (
  { goVersion, platform }: Pick<CompiledBuild, 'goVersion' | 'platform'>,
  folder: string,
  signal: AbortSignal,
): Promise<string | null> => {
  try {
    const { goEnv } = await goToRelink(goVersion, folder, {}, signal);
    return platformOf(goEnv) === platform ? null : `it is of ${platform}, this is ${platformOf(goEnv)}`;
  } catch (error) {
    if (error instanceof BuildError) return error.message;
    throw error;
  }
};

const settingsOf = async (
  go: GoProgram,
  cwd: string,
  env: TargetSpec['buildEnv'],
  signal: AbortSignal,
): Promise<TargetFacts['goEnv'] | string> => {
  try {
    return await goSettings({ cwd, go, env }, { side: null, repeat: `cd ${cwd} && go env` }, signal);
  } catch (error) {
    signal.throwIfAborted();
    return reasonOf(error).split('\n')[0] ?? '';
  }
};

/**
 * As {@link prepareBuild}, from what was compiled before; nothing of it is compiled or listed. Throws a
 * {@link BuildError} where its Go is not to be had.
 */
export const prepareRelink = async (compiled: CompiledBuild, request: RelinkRequest): Promise<PreparedBuild> => {
  const { side, spec, moduleDir, runDir, workDir, cacheKey, signal } = request;
  const { goVersion, link, importPath, modulePath } = compiled;
  const found = await goToRelink(goVersion, moduleDir, spec.buildEnv, signal);
  const go = outsideModuleCache(found.go, found.goEnv, join(workDir, 'go'));
  const { goEnv } = found;
  const binFolder = join(workDir, 'build', side, 'bin');
  await mkdir(binFolder, { recursive: true });
  const folder = await mkdtemp(join(binFolder, 'step-'));
  const linker = join(goEnv['GOTOOLDIR'] ?? '', 'link');
  const packages = link.archives.map(({ importPath: name, file }) => `packagefile ${name}=${file}`);
  const another = (await digestOf(linker)) === compiled.linkerDigest ? [] : [anotherLinker(side, goVersion)];
  return {
    side,
    spec,
    givenFlags: compiled.givenFlags,
    facts: {
      moduleDir,
      dir: moduleDir,
      importPath,
      modulePath,
      go,
      goVersion,
      goMinor: Number(/^go1\.(\d+)/.exec(goVersion)?.[1] ?? 0),
      goEnv,
      unseededReason: compiled.unseededReason,
    },
    repeat: `${linker} -importcfg <its packages> ${link.main}`,
    runDir,
    overlayFile: '',
    agentImportPath: compiled.agentImportPath,
    flags: [],
    packages: compiled.packages,
    ldflags: compiled.ldflags,
    binFolder,
    cacheKey,
    unmovable: compiled.unmovable,
    notes: another,
    compiled: {
      linker,
      flags: link.flags,
      main: link.main,
      importConfig: `${[...packages, ...(link.modinfo === '' ? [] : [link.modinfo])].join('\n')}\n`,
      env: { ...spec.buildEnv, ...link.env },
      cwd: folder,
      folder,
      linkSeed: link.linkSeed,
    },
  };
};

const anotherLinker = (side: Side, goVersion: string): string =>
  `${side}: linked by another build of ${goVersion} than it was recorded with`;
