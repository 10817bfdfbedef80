/**
 * A build whose functions count their calls: Go's own coverage counters, in the modules that matter, with an agent that
 * can read them.
 */
import { chmodSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join, resolve, sep } from 'node:path';
import { BuildError } from '../../errors.ts';
import type { BySide } from '../../model/index.ts';
import { splitGoflags } from './build-flags.ts';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import type { PreparedBuild } from './prepare.ts';

/** A module with packages in the binary. */
export interface LinkedModule {
  readonly path: string;
  /** Its version, and what it is replaced by: another text is other code. */
  readonly version: string;
  /** The user's own: a main module, or one that lies in the source tree. */
  readonly isOwn: boolean;
}

/** Turns on the agent's file that links runtime/coverage. */
const AGENT_TAG = 'godyno_coverage';

const MODULE_FORMAT =
  '{{with .Module}}{{.Path}}\t{{.Version}}{{with .Replace}} => {{.Path}} {{.Version}}{{end}}\t{{.Main}}\t{{.Dir}}{{end}}';

/** `sourceDir`: root of the side's source tree. Throws a {@link BuildError} with what `go list` says. */
export const linkedModules = async (
  build: PreparedBuild,
  sourceDir: string,
  signal: AbortSignal,
): Promise<readonly LinkedModule[]> => {
  const { spec, facts } = build;
  const args = ['list', '-deps', ...build.flags, '-f', MODULE_FORMAT, spec.package];
  const listed = await callGo({ cwd: facts.moduleDir, go: facts.go, env: spec.buildEnv, args }, signal);
  if (listed.exitCode !== 0) throw goFailure(`go list -deps ${spec.package}`, build, listed);
  const source = `${realpathSync(sourceDir)}${sep}`;
  const lines = new Set(listed.stdout.split('\n').filter((line) => line !== ''));
  return [...lines].map((line) => {
    const [path = '', version = '', main = '', dir = ''] = line.split('\t');
    return { path, version, isOwn: main === 'true' || `${dir}${sep}`.startsWith(source) };
  });
};

/** Whose functions are counted on both sides: the user's own modules, and those that the sides have in other versions. */
export const modulesToCover = ({ base, head }: BySide<readonly LinkedModule[]>): readonly string[] => {
  const versions = new Map(base.map(({ path, version }) => [path, version]));
  const own = [...base, ...head].filter(({ isOwn }) => isOwn);
  const changed = head.filter(({ path, version }) => versions.get(path) !== version);
  const gone = base.filter(({ path }) => !head.some((module) => module.path === path));
  return [...new Set([...own, ...changed, ...gone].map(({ path }) => path))].toSorted();
};

/** A later `-tags` replaces an earlier one whole, and one on the command line those of GOFLAGS. */
const tagsOf = (flags: readonly string[], goflags: string): string => {
  const tags = [...splitGoflags(goflags), ...flags].flatMap((flag) => /^--?tags=(.*)$/s.exec(flag)?.[1] ?? []);
  return [...(tags.at(-1) ?? '').split(/[\s,]+/).filter((tag) => tag !== ''), AGENT_TAG].join(',');
};

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/**
 * `go build -cover` hands the cover tool the paths of files as they would be without the overlay (Go 1.22 to 1.27), so
 * laid-over files are missing, or read as they were. This stands before every tool and gives cover the right ones,
 * under their own names, which its data hold.
 */
const writeToolWrapper = (overlayFile: string, cwd: string, folder: string): string => {
  const { Replace } = JSON.parse(readFileSync(overlayFile, 'utf8')) as { Replace: Readonly<Record<string, string>> };
  const cases = Object.entries(Replace)
    .filter(([, to]) => to !== '')
    .map(([path, to], index) => {
      const place = join(folder, String(index));
      mkdirSync(place, { recursive: true });
      const link = join(place, basename(path));
      symlinkSync(resolve(cwd, to), link);
      return `    ${quoted(path)}) argument=${quoted(link)} ;;\n`;
    });
  const script = `#!/bin/sh
tool=$1
shift
case "$tool" in */cover) ;; *) exec "$tool" "$@" ;; esac
for argument; do
  shift
  case "$argument" in
${cases.join('')}  esac
  set -- "$@" "$argument"
done
exec "$tool" "$@"
`;
  const file = join(folder, 'tool.sh');
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  return file;
};

const requireNoToolexec = ({ flags, facts, side }: PreparedBuild): void => {
  const all = [...flags, ...splitGoflags(facts.goEnv['GOFLAGS'] ?? '')];
  if (!all.some((flag) => /^--?toolexec\b/.test(flag))) return;
  throw new BuildError(
    'TOOLEXEC_TAKEN',
    `${side}: -toolexec of target.buildFlags or GOFLAGS is needed for coverage counters`,
    'Install qemu-user, with which exact mode needs no such build, or build without -toolexec.',
  );
};

/**
 * The same build with a counter in every block of these modules' functions; the main package's module must be one of
 * them, since its init readies the counters. Throws a {@link BuildError} `TOOLEXEC_TAKEN`.
 */
export const withCoverage = (build: PreparedBuild, modules: readonly string[]): PreparedBuild => {
  requireNoToolexec(build);
  const { facts, flags } = build;
  const wrapper = writeToolWrapper(build.overlayFile, facts.moduleDir, join(build.binFolder, 'cover'));
  return {
    ...build,
    flags: [
      ...flags,
      `-tags=${tagsOf(flags, facts.goEnv['GOFLAGS'] ?? '')}`,
      '-cover',
      '-covermode=atomic',
      `-coverpkg=${modules.map((path) => `${path}/...`).join(',')}`,
      `-toolexec=${quoted(wrapper)}`,
    ],
    cacheKey: null,
  };
};
