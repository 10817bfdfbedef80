/** What a binary says about its own build. */
import type { BuildInfo } from '../../model/index.ts';
import { callGo } from './go-command.ts';
import { goFailure } from './go-failure.ts';
import type { Binary } from './link.ts';

export interface BinaryFacts {
  readonly goVersion: string;
  readonly settings: Readonly<Record<string, string>>;
}

const unquote = (value: string): string => {
  if (!value.startsWith('"')) return value;
  try {
    return String(JSON.parse(value));
  } catch {
    // Go quotes with its own escapes; where JSON knows them not, the text as printed says as much.
    return value;
  }
};

/**
 * Reads the output of `go version -m`: `<file>: go1.26.8`, then tab-separated rows; settings are `build\tname=value`,
 * name and value quoted where they hold blanks (runtime/debug.ParseBuildInfo).
 */
export const parseBuildInfo = (text: string): BinaryFacts => {
  const lines = text.split('\n');
  const settings: Record<string, string> = {};
  for (const line of lines) {
    const found = /^\tbuild\t("(?:[^"\\]|\\.)*"|[^=]*)=([\s\S]*)$/.exec(line);
    if (found !== null) settings[unquote(found[1] ?? '')] = unquote(found[2] ?? '');
  }
  return { goVersion: /: (.+)$/.exec(lines[0] ?? '')?.[1] ?? 'unknown', settings };
};

/** Both sides are linked in one order where one of them cannot vary it. */
const ONE_ORDER = 'linked in one order, as the other side, whose Go cannot vary it';

/** `linkSeconds` holds this binary's time; the run adds those of its later links. */
export const buildFacts = async (binary: Binary, signal: AbortSignal): Promise<BuildInfo> => {
  const { build } = binary;
  const { facts, spec } = build;
  const shown = await callGo(
    {
      cwd: facts.moduleDir,
      go: facts.go,
      env: spec.buildEnv,
      args: ['version', '-m', binary.path],
      timeoutSeconds: 60,
    },
    signal,
  );
  if (shown.exitCode !== 0) throw goFailure('go version -m', build, shown);
  const { goVersion, settings } = parseBuildInfo(shown.stdout);
  return {
    package: spec.package,
    importPath: facts.importPath,
    modulePath: facts.modulePath,
    moduleDir: facts.moduleDir,
    goVersion,
    buildFlags: build.givenFlags,
    settings,
    binaryBytes: binary.bytes,
    seededLinks: binary.linkSeed !== null,
    unseededReason: binary.linkSeed === null ? (facts.unseededReason ?? ONE_ORDER) : null,
    linkSeconds: [binary.seconds],
  };
};
