/** From a side's source to everything `go build` needs: facts, overlay, merged flags, and what may be cached. */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { BuildError, GodynoError } from '../../errors.ts';
import type { Revision, Side, TargetSpec } from '../../model/index.ts';
import type { GoProgram } from '../../process/index.ts';
import { readUserFlags, type UserFlags } from './build-flags.ts';
import { remedyFor } from './copied-module.ts';
import { type OnStage, watchListing } from './build-stages.ts';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import { inspectTarget, type TargetFacts } from './inspect.ts';
import { chosenGo, isPath, outsideModuleCache } from './toolchain.ts';
import type { LinkStep } from './link-step.ts';
import { movingPorts } from './moving-ports.ts';
import { type Overlay, shippedAgentDir, writeOverlay } from './overlay.ts';
import { repeatLine } from './repeat.ts';

export interface BuildRequest {
  readonly side: Side;
  /** The side's source tree; modules outside of it make a build uncacheable. */
  readonly sourceDir: string;
  readonly moduleDir: string;
  /** Where the service is started: the module folder, or a copy of it; left out, the module folder. */
  readonly runDir?: string;
  /** Identifies what was added to the revision's files; null: unknown, so nothing is cached; left out, nothing. */
  readonly added?: string | null;
  readonly revision: Revision;
  readonly spec: TargetSpec;
  /** Which Go: the one found for an earlier build of this side; that of `spec.go` when left out. */
  readonly go?: GoProgram;
  /** A further overlay, which wins over the user's own; null or left out: none. */
  readonly overlay?: string | null;
  /** The service's ports are to be moved when it is started (moving-ports.ts). */
  readonly movesPorts?: boolean;
  /** Ours to write into: each side’s overlay and binaries lie below `build/<side>`. */
  readonly workDir: string;
  /** Folder of the agent's Go files; the shipped ones when left out. */
  readonly agentDir?: string;
  /** Told what `go` is at; left out: nobody asks. */
  readonly onStage?: OnStage | undefined;
  readonly signal: AbortSignal;
}

export interface PreparedBuild {
  readonly side: Side;
  /** Build flags and environment are those used, remedies for copied modules included. */
  readonly spec: TargetSpec;
  /** The flags of the scenario alone: what a remedy adds lies in folders of ours, another one on each side. */
  readonly givenFlags: readonly string[];
  readonly facts: TargetFacts;
  /** A line with which people can see this build fail. */
  readonly repeat: string;
  /** Where the service is started, before `target.cwd`. */
  readonly runDir: string;
  readonly overlayFile: string;
  /** Import path of the agent's package: frames below it are ours. */
  readonly agentImportPath: string;
  /** Flags of `go build` in order, without linker flags, output and package. */
  readonly flags: readonly string[];
  /** Import paths of everything that is linked in, the main package too. */
  readonly packages: readonly string[];
  /** The user's linker flags for the main package. */
  readonly ldflags: string;
  readonly binFolder: string;
  /** Names this build in the link cache; null when it must not be cached (dirty tree, folder, modules from outside). */
  readonly cacheKey: string | null;
  /** Why its ports cannot be moved; null when they can, or nobody asked. */
  readonly unmovable: string | null;
  /** Said once in the report. */
  readonly notes: readonly string[];
  /** Where its packages were compiled before: what to call the linker with. Left out: `go build` makes it. */
  readonly compiled?: LinkStep;
}

interface Dependencies {
  readonly packages: readonly string[];
  /** Module folders of everything linked in. */
  readonly moduleDirs: readonly string[];
  /** Packages whose embedded files hold the overlay's. */
  readonly embedding: readonly string[];
}

const buildFlags = (user: UserFlags, overlay: Overlay): readonly string[] => [
  ...user.kept,
  `-overlay=${overlay.file}`,
  `-trimpath=${user.trimpath}`,
  '-buildvcs=false',
  ...user.otherLdflags.map((flags) => `-ldflags=${flags}`),
];

const UNTRIMMED =
  'built with the paths of its sources in it (-trimpath=false): its own packages are compiled anew in every run, and links are not cached';

const LIST_FORMAT = '{{.ImportPath}}\t{{with .Module}}{{.Dir}}{{end}}\t{{range .EmbedFiles}}{{.}}|{{end}}';

/** Also the proof that `go` sees the overlay: an overlay key that it does not recognise is silently ignored. */
const listDependencies = async (
  { side, onStage, signal }: BuildRequest,
  spec: TargetSpec,
  facts: TargetFacts,
  overlay: Overlay,
  flags: readonly string[],
  repeat: string,
): Promise<Dependencies> => {
  const args = ['list', '-deps', ...flags, '-f', LIST_FORMAT, spec.package];
  const listed = await callGo(
    { cwd: facts.moduleDir, go: facts.go, env: spec.buildEnv, args, ...watchListing(onStage) },
    signal,
  );
  if (listed.exitCode !== 0) throw goFailure(`go list -deps ${spec.package}`, { side, repeat }, listed);
  const rows = listed.stdout
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  if (!rows.some(([importPath]) => importPath === overlay.agentImportPath)) {
    throw new BuildError(
      'OVERLAY_IGNORED',
      `${side}: go does not see the agent laid over ${facts.dir}`,
      'Please report this with the output of `go env` and of `go list -json` for the package.',
    );
  }
  const ours = [basename(overlay.importFile), basename(overlay.agentImportPath)];
  return {
    packages: rows.map(([importPath = '']) => importPath),
    moduleDirs: [...new Set(rows.flatMap(([, dir = '']) => (dir === '' ? [] : [dir])))],
    embedding: rows
      .filter(([, , files = '']) =>
        files.split('|').some((file) => file.split('/').some((part) => ours.includes(part))),
      )
      .map(([importPath = '']) => importPath),
  };
};

const isBelow = (path: string, folder: string): boolean =>
  folder !== '' && `${path}${sep}`.startsWith(`${folder}${sep}`);

/** Of the environment, what changes the bytes that are built. */
const BUILD_ENV = (
  'GOVERSION GOFLAGS GOOS GOARCH GOEXPERIMENT CGO_ENABLED CC CXX CGO_CFLAGS CGO_CPPFLAGS CGO_CXXFLAGS CGO_LDFLAGS ' +
  'GOAMD64 GOARM64'
).split(' ');

const cacheKeyOf = (
  request: BuildRequest,
  facts: TargetFacts,
  overlay: Overlay,
  user: UserFlags,
  dependencies: Dependencies,
): string | null => {
  if (request.revision.kind !== 'git' && request.revision.kind !== 'baseline') return null;
  const choice = request.spec.go?.[request.side];
  if (choice !== undefined && isPath(choice)) return null;
  // Its folder, a new one for every run, is in the binary, and the service may look for it there.
  if (!user.trimpath || request.added === null) return null;
  const source = realpathSync(request.sourceDir);
  const cache = facts.goEnv['GOMODCACHE'] ?? '';
  // A module from elsewhere may change under the same commit.
  if (!dependencies.moduleDirs.every((dir) => isBelow(dir, source) || isBelow(dir, cache))) return null;
  const parts = [
    request.revision.revision,
    ...(request.added === undefined || request.added === '' ? [] : [request.added]),
    relative(source, facts.dir),
    overlay.digest,
    user.kept,
    user.ldflags,
    user.otherLdflags,
    Object.entries(request.spec.buildEnv).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    BUILD_ENV.map((name) => facts.goEnv[name] ?? ''),
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
};

/** Never below a side's source, which may lie in the same work folder: embedded patterns would take it in. */
const buildFolder = ({ workDir, side }: BuildRequest): string => join(workDir, 'build', side);

type SideRequest = BuildRequest & { readonly go: GoProgram };

/** With a Go whose own files can be replaced: runtime patches are laid over it. */
const inspectSide = async (request: SideRequest, spec: TargetSpec): Promise<TargetFacts> => {
  const { side, moduleDir, go, onStage, signal } = request;
  const asked = { moduleDir, spec, side, repeat: repeatLine(request), onStage, signal };
  const found = await inspectTarget({ ...asked, go });
  const replaceable = outsideModuleCache(found.go, found.goEnv, join(request.workDir, 'go'));
  return replaceable === found.go ? found : inspectTarget({ ...asked, go: replaceable });
};

const prepareOnce = async (
  request: SideRequest,
  spec: TargetSpec,
  notes: readonly string[],
): Promise<PreparedBuild> => {
  const { side } = request;
  const facts = await inspectSide(request, spec);
  const repeat = repeatLine(request);
  const user = readUserFlags(spec.buildFlags, facts.goEnv['GOFLAGS'] ?? '', facts.importPath);
  const folder = buildFolder(request);
  const binFolder = join(folder, 'bin');
  mkdirSync(binFolder, { recursive: true });
  const moving = request.movesPorts === true ? movingPorts(facts.goEnv['GOROOT'] ?? '', join(folder, 'net')) : {};
  const overlay = writeOverlay({
    dir: facts.dir,
    importPath: facts.importPath,
    userOverlay: user.overlay,
    furtherOverlay: request.overlay ?? null,
    ownReplacements: typeof moving === 'string' ? {} : moving,
    cwd: facts.moduleDir,
    agentDir: request.agentDir ?? shippedAgentDir(),
    folder: join(folder, 'overlay'),
  });
  const flags = buildFlags(user, overlay);
  const dependencies = await listDependencies(request, spec, facts, overlay, flags, repeat);
  const embedded = dependencies.embedding.map(
    (name) =>
      `${side}: ${name} embeds files by a pattern that takes in the agent’s source; its embedded files differ from a plain build`,
  );
  return {
    side,
    spec,
    givenFlags: request.spec.buildFlags,
    facts,
    repeat,
    runDir: request.runDir ?? facts.moduleDir,
    overlayFile: overlay.file,
    packages: dependencies.packages,
    agentImportPath: overlay.agentImportPath,
    flags,
    ldflags: user.ldflags,
    binFolder,
    cacheKey: cacheKeyOf({ ...request, spec }, facts, overlay, user, dependencies),
    unmovable: typeof moving === 'string' ? `${facts.goVersion}: ${moving}` : null,
    notes: [...notes, ...(user.trimpath ? [] : [`${side}: ${UNTRIMMED}`]), ...embedded],
  };
};

/** Workspace, replaces, go.sum: no folder needs more remedies than there are. */
const MOST_REMEDIES = 3;

/**
 * Throws what {@link inspectTarget} throws, `OVERLAY_BROKEN`, `BUILD_FLAGS` (exit 2), and a {@link BuildError} naming
 * the side for what Go says about its code. Builds nothing yet: the first {@link linkBinary} compiles.
 */
export const prepareBuild = async (given: BuildRequest): Promise<PreparedBuild> => {
  const go = given.go ?? chosenGo(given.spec.go?.[given.side], `${given.side}: `);
  const request = { ...given, go };
  let spec = request.spec;
  const notes: string[] = [];
  for (;;) {
    try {
      return await prepareOnce(request, spec, notes);
    } catch (cause) {
      if (!(cause instanceof GodynoError) || request.revision.kind !== 'folder' || notes.length === MOST_REMEDIES)
        throw cause;
      const folder = join(buildFolder(request), 'module');
      const remedy = await remedyFor(cause.code, spec, go, request.moduleDir, folder, request.signal);
      if (remedy === null) throw cause;
      spec = remedy.spec;
      notes.push(`${request.side}: ${remedy.note}`);
    }
  }
};
