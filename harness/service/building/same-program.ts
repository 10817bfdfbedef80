/** Whether two builds make one program, which is then linked once. */
import { isDeepStrictEqual } from 'node:util';
import { callGo } from './go-command.ts';
import { type Binary, BUILD_TIMEOUT_SECONDS, linkBinary, type LinkRequest, scratchOf } from './link.ts';
import type { PreparedBuild } from './prepare.ts';

/** The linker adds to packages only the defaults of GODEBUG, which follow the go line of go.mod. */
const ID_FORMAT = '{{.ImportPath}} {{.BuildID}} {{.DefaultGODEBUG}}';

/** Go's own ids of all that is linked in, of what went in and what came out; null where it does not compile. */
const packageIds = async (build: PreparedBuild, signal: AbortSignal): Promise<string | null> => {
  const { facts, flags, spec } = build;
  const listed = await callGo(
    {
      cwd: facts.moduleDir,
      go: facts.go,
      env: { ...scratchOf(build), ...spec.buildEnv },
      args: ['list', '-deps', '-export', ...flags, '-f', ID_FORMAT, spec.package],
      timeoutSeconds: BUILD_TIMEOUT_SECONDS,
    },
    signal,
  );
  return listed.exitCode === 0 ? listed.stdout : null;
};

/** What else a link depends on. An overlay lies in another place on each side; what is in it, the ids tell. */
const linkedWith = ({ facts, flags, spec, ldflags }: PreparedBuild): unknown => [
  facts.goVersion,
  facts.goEnv['GOROOT'],
  flags.filter((flag) => !flag.startsWith('-overlay=')),
  ldflags,
  spec.buildEnv,
  spec.package,
];

const isSameProgram = async (one: PreparedBuild, other: PreparedBuild, signal: AbortSignal): Promise<boolean> => {
  if (!isDeepStrictEqual(linkedWith(one), linkedWith(other))) return false;
  const ids = await packageIds(one, signal);
  return ids !== null && ids === (await packageIds(other, signal));
};

/**
 * As {@link linkBinary}, which may take longer than all else; where `other` is the same program, linked with the same
 * seed, it is that file. `other`: null where there is none.
 */
export const linkUnlessSame = async (
  build: PreparedBuild,
  request: LinkRequest,
  other: Binary | null,
  signal: AbortSignal,
): Promise<Binary> => {
  if (other === null || other.linkSeed !== request.linkSeed) return linkBinary(build, request, signal);
  const startMs = performance.now();
  if (!(await isSameProgram(build, other.build, signal))) return linkBinary(build, request, signal);
  return { ...other, build, seconds: (performance.now() - startMs) / 1000 };
};
