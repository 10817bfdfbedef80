/** The Go program that edits, built and asked. */
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, UsageError } from '../errors.ts';
import { type GoProgram, listedObjects, runCommand } from '../process/index.ts';
import type { Dose } from './doses.ts';

export interface PlantSource {
  /** Real path of the module's folder, as `go list` prints it. */
  readonly moduleDir: string;
  /** Main package, relative to the module's folder. */
  readonly package: string;
  /** Flags of `go build`, the user's own, with the overlay they build with. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The Go that builds it. */
  readonly go: GoProgram;
  /** The overlay among the flags; its texts are what is edited. null: none. */
  readonly overlayFile: string | null;
  /** Import path whose package is not the user's (the agent); null: none. */
  readonly foreign: string | null;
}

/** A function as a profile tells it. */
export interface Candidate {
  readonly name: string;
  /** Where it begins; finds closures whose inlined copies have names of their own. Absent: unknown. */
  readonly file?: string;
  readonly line?: number;
}

export interface PlantRequest {
  readonly source: PlantSource;
  /** The first that can be edited is. Ignored by the `shift` dose. */
  readonly candidates: readonly Candidate[];
  readonly dose: Dose;
  /** A fresh folder for the overlay. */
  readonly folder: string;
}

export interface PlantRefusal {
  readonly function: string;
  readonly reason: string;
}

export interface Planted {
  /** As a profile names it; null for `shift`, which edits none. */
  readonly function: string | null;
  /** Its number among the candidates. */
  readonly candidate: number;
  /** In the module's folder as `go list` prints it. */
  readonly file: string | null;
  readonly line: number;
  /** Holds what was planted only: to be laid over whatever else is laid over the build. */
  readonly overlayFile: string;
  /** Candidates that could not be edited. */
  readonly refused: readonly PlantRefusal[];
}

export interface Planter {
  /**
   * Throws {@link UsageError} `PLANT_NOWHERE` when no candidate can be edited, with the reason of each, and
   * {@link BuildError} `PLANT_FAILED` when the sources cannot be listed or parsed.
   */
  readonly plant: (request: PlantRequest) => Promise<Planted>;
}

/** Compiling the planter from an empty Go cache takes most of a minute on two busy cores. */
const BUILD_SECONDS = 300;
const LIST_SECONDS = 600;
const PLANT_SECONDS = 60;

/** Nothing of the user's module may decide how the planter is built. */
const OWN_ENV = { GOFLAGS: '', GOWORK: 'off', CGO_ENABLED: '0' } as const;

const sourceFolder = (): string => fileURLToPath(new URL('./planter/', import.meta.url));

interface ListedPackage {
  readonly Dir: string;
  readonly ImportPath: string;
  readonly Name: string;
  readonly Standard?: boolean;
  readonly Module?: { readonly Main?: boolean };
  readonly GoFiles?: readonly string[];
  readonly CgoFiles?: readonly string[];
}

const LIST_FIELDS = 'Dir,ImportPath,Name,Standard,Module,GoFiles,CgoFiles';

const parseListed = (text: string): readonly ListedPackage[] => listedObjects(text) as readonly ListedPackage[];

/** Packages of the module itself (all modules of a workspace): whatever else is linked in is somebody else's code. */
const ownPackages = async (source: PlantSource, signal: AbortSignal): Promise<readonly ListedPackage[]> => {
  const args = ['list', '-deps', ...source.flags, `-json=${LIST_FIELDS}`, source.package];
  const listed = await runCommand(
    {
      file: source.go.file,
      args,
      cwd: source.moduleDir,
      env: { ...source.env, ...source.go.env, PWD: source.moduleDir },
      timeoutSeconds: LIST_SECONDS,
    },
    signal,
  );
  if (listed.exitCode !== 0) {
    throw new BuildError(
      'PLANT_FAILED',
      `go list -deps ${source.package} failed in ${source.moduleDir}:\n${listed.stderr.trim()}`,
      'Make it build with `go build` there, then run again.',
    );
  }
  return parseListed(listed.stdout).filter(
    ({ ImportPath, Standard, Module }) =>
      Standard !== true && (Module === undefined || Module.Main === true) && ImportPath !== source.foreign,
  );
};

const replacementsIn = (overlayFile: string | null): Readonly<Record<string, string>> => {
  if (overlayFile === null) return {};
  const overlay = JSON.parse(readFileSync(overlayFile, 'utf8')) as { readonly Replace?: Record<string, string> };
  return overlay.Replace ?? {};
};

interface PlanterAnswer {
  readonly planted: {
    readonly candidate: number;
    readonly function: string;
    readonly file: string;
    readonly line: number;
  } | null;
  readonly refused: readonly PlantRefusal[];
  readonly replace: Readonly<Record<string, string>>;
}

const nowhere = ({ candidates }: PlantRequest, refused: readonly PlantRefusal[]): UsageError =>
  new UsageError(
    'PLANT_NOWHERE',
    `No fault can be planted in ${candidates.length === 1 ? candidates[0]?.name : `any of ${candidates.length} functions`}: ${refused
      .map((one) => (candidates.length === 1 ? one.reason : `${one.function}: ${one.reason}`))
      .join('; ')}`,
    'Name a function of the service’s own Go code as a profile names it, e.g. --function main.handler or "main.(*store).find".',
  );

const ask = async (program: string, request: PlantRequest, signal: AbortSignal): Promise<Planted> => {
  const { source, candidates, dose, folder } = request;
  const packages = await ownPackages(source, signal);
  await mkdir(folder, { recursive: true });
  const asked = {
    packages: packages.map(({ ImportPath, Name, Dir, GoFiles = [], CgoFiles = [] }) => ({
      importPath: ImportPath,
      name: Name,
      dir: Dir,
      files: [...GoFiles, ...CgoFiles],
    })),
    replace: replacementsIn(source.overlayFile),
    candidates,
    fault: dose,
    out: folder,
  };
  const told = await runCommand(
    { file: program, args: [], cwd: folder, input: JSON.stringify(asked), timeoutSeconds: PLANT_SECONDS },
    signal,
  );
  if (told.exitCode !== 0) {
    throw new BuildError(
      'PLANT_FAILED',
      `The fault could not be planted: ${told.stderr.trim()}`,
      'Make the service build with `go build`, then run again.',
    );
  }
  const { planted, refused, replace } = JSON.parse(told.stdout) as PlanterAnswer;
  if (planted === null && dose.kind !== 'shift') throw nowhere(request, refused);
  const overlayFile = join(folder, 'overlay.json');
  await writeFile(overlayFile, JSON.stringify({ Replace: replace }, null, 2));
  return {
    function: planted?.function ?? null,
    candidate: planted?.candidate ?? 0,
    file: planted?.file ?? null,
    line: planted?.line ?? 0,
    overlayFile,
    refused,
  };
};

/**
 * Builds the planter below `folder`. Pass the Go that builds the service: the planter can parse whatever that Go can. Throws {@link BuildError} `PLANT_FAILED`.
 */
export const withPlanter = async (folder: string, go: GoProgram, signal: AbortSignal): Promise<Planter> => {
  const source = join(folder, 'planter');
  await mkdir(source, { recursive: true });
  await cp(sourceFolder(), source, { recursive: true });
  const program = join(folder, 'zzgodynoplanter');
  const built = await runCommand(
    {
      file: go.file,
      args: ['build', '-o', program, '.'],
      cwd: source,
      env: { ...OWN_ENV, ...go.env, PWD: source },
      timeoutSeconds: BUILD_SECONDS,
    },
    signal,
  );
  if (built.exitCode !== 0) {
    throw new BuildError(
      'PLANT_FAILED',
      `The program that plants faults does not build:\n${built.stderr.trim()}`,
      'Check that `go build` works on this machine; godyno needs Go 1.22 or newer.',
    );
  }
  return { plant: async (request) => ask(program, request, signal) };
};
