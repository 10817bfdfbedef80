/** What `go` says when it refuses, in plain words: one case, one message, one thing to do. */
import { BuildError, type GodynoError } from '../../errors.ts';
import type { Side } from '../../model/index.ts';
import type { CommandResult } from '../../process/index.ts';

/** Files that the sources name and the tree that was built does not have. */
export class MissingFilesError extends BuildError {
  readonly side: Side;
  /** `embed`: a pattern of go:embed; `package`: an import path; `name`: what the compiler does not know. */
  readonly wanted: { readonly kind: 'embed' | 'package' | 'name'; readonly text: string; readonly file: string };

  constructor(side: Side, wanted: MissingFilesError['wanted'], error: BuildError) {
    super(error.code, error.message, error.hint);
    this.side = side;
    this.wanted = wanted;
  }
}

/** Whose `go` failed. */
export interface FailedBuild {
  readonly side: Side | null;
  /** A line that people can run to see it. */
  readonly repeat: string;
}

interface GoFailureCase {
  readonly code: string;
  readonly pattern: RegExp;
  readonly say: (found: readonly (string | undefined)[]) => readonly [message: string, hint: string];
}

const releaseOf = (version: string): string => `go${version}${/^1\.\d+$/.test(version) ? '.0' : ''}`;

/** First match wins. The texts are those of Go 1.22 to 1.27; each stands for one case that was seen. */
const CASES: readonly GoFailureCase[] = [
  {
    code: 'MODULE_CACHE',
    pattern: /overlay contains a replacement for (.*?)\. Files beneath GOMODCACHE \(([^)]*)\) must not be replaced/,
    say: ([file = '', cache = '']) => [
      `an overlay replaces ${file}, and \`go\` replaces nothing in its module cache (${cache})`,
      'Take the file out of the -overlay in target.buildFlags or GOFLAGS; to change a dependency, copy its module out and name the copy in a replace line of go.mod.',
    ],
  },
  {
    code: 'GO_TOO_OLD_FOR_MODULE',
    pattern: /requires go >= (\S+) \(running go ([^;)]+)(?:; GOTOOLCHAIN=(go[^)]+))?/,
    say: ([wanted = '', running = '', chosen]) => [
      `the module asks for Go ${wanted}, this is Go ${running}`,
      chosen === undefined
        ? `Install Go ${wanted} or newer, or let Go fetch it: GOTOOLCHAIN=${releaseOf(wanted)} (or GOTOOLCHAIN=auto).`
        : `${chosen} was chosen, by target.go, --base-go, --head-go or GOTOOLCHAIN: choose ${releaseOf(wanted)} or newer.`,
    ],
  },
  {
    code: 'GO_TOO_OLD_FOR_MODULE',
    pattern: /(go\.(?:mod|work)):\d+: (unknown directive: \S+|invalid go version '[^']*')/,
    say: ([file = '', what = '']) => [
      `this Go is too old for ${file}: ${what}`,
      'Build with the Go that the file was written for: install it, or choose it with target.go.',
    ],
  },
  {
    code: 'GODEBUG_REMOVED',
    pattern: /(?:(\S+:\d+(?::\d+)?): (?:invalid \/\/go:debug: )?)?removed GODEBUG "([^"]+)" set to old value "([^"]*)"/,
    say: ([place = 'the environment', name = '', value = '']) => [
      `this Go no longer has the setting ${name}=${value}, which ${place} asks for`,
      `Take ${name} out of ${place === 'the environment' ? 'GODEBUG' : place}: what it kept away is now always on (https://go.dev/doc/godebug). To measure what it costs, compare with a Go that still has it: --base-go.`,
    ],
  },
  {
    code: 'TOOLCHAIN_UNAVAILABLE',
    pattern:
      /(?:go: download (go[\w.]+)(?: for \S+)?: ([^\n]*)|(invalid GOTOOLCHAIN "?[^"\s]+"?)|(cannot find "go[\w.]+" in PATH))/,
    say: ([release, why, invalid, absent]) => [
      release === undefined
        ? `the Go toolchain that is asked for cannot be had: ${invalid ?? absent ?? ''}`
        : `${release} cannot be had: ${why ?? ''}`,
      'Where go.mod or GOTOOLCHAIN asks for it: check its name, GOPROXY and the network, install that Go, or set GOTOOLCHAIN=local to build with the installed one.',
    ],
  },
  {
    code: 'GO_WORK_MEMBER_MISSING',
    pattern: /cannot load module (\S+) listed in go\.work file/,
    say: ([member = '']) => [
      `go.work lists the module ${member}, which is not there`,
      'Add the missing folder, remove it from go.work, or set target.buildEnv: { GOWORK: "off" }.',
    ],
  },
  {
    code: 'NOT_IN_GO_WORK',
    pattern: /(?:current directory|directory \S+) is contained in a module that is not one of the workspace modules/,
    say: () => [
      'a go.work is active that does not list this module',
      'Add the module with `go work use`, or set target.buildEnv: { GOWORK: "off" }.',
    ],
  },
  {
    code: 'REPLACEMENT_MISSING',
    pattern: /(\S+): (?:reading \S+: )?replacement directory (\S+) does not exist/,
    say: ([module = '', folder = '']) => [
      `go.mod replaces ${module} by the folder ${folder}, which does not exist here`,
      'Make the folder part of the repository, or remove that replace line.',
    ],
  },
  {
    code: 'GO_SUM_MISSING',
    pattern: /missing go\.sum entry (?:for|needed)[^\n]*?(?:package|module|go\.mod file:?) ?(\S*)/,
    say: () => ['go.sum does not cover every dependency', 'Run `go mod tidy` in the module folder and commit go.sum.'],
  },
  {
    code: 'GO_MOD_OUTDATED',
    pattern: /updates to go\.mod needed|inconsistent vendoring/,
    say: () => [
      'go.mod does not fit the code or the vendor folder',
      'Run `go mod tidy`, then `go mod vendor` where there is a vendor folder, and commit the result.',
    ],
  },
  {
    code: 'MODULE_REFUSED',
    pattern: /(?:reading|verifying) (\S+?): (40[134]|410|5\d\d) ([^\n]*)/,
    say: ([address = '', status = '', text = '']) => [
      `a dependency cannot be fetched: ${address} answered ${status} ${text}`,
      'Check GOPROXY, GOPRIVATE and the access to it; build tags (target.buildFlags) may leave the dependency out.',
    ],
  },
  {
    code: 'MODULE_UNREACHABLE',
    pattern: /(dial tcp[^\n]*|module lookup disabled by GOPROXY=off|lookup \S+: no such host|TLS handshake timeout)/,
    say: ([what = '']) => [
      `a dependency cannot be fetched: ${what}`,
      'Run `go mod download` where there is a network, or vendor the dependencies.',
    ],
  },
  {
    code: 'EMBED_MISSING',
    pattern:
      /^(\S+\.go):\d+:\d+: pattern (\S+): (?:no matching files found|cannot embed directory \S+: contains no embeddable files)/m,
    say: ([file = '', pattern = '']) => [
      `${file} embeds ${pattern}, which matches no file`,
      'Make the files before the build with target.generate, or carry them with target.include.',
    ],
  },
  {
    code: 'DEPENDENCY_MISSING',
    pattern: /^(\S+\.go:\d+:\d+): (?:no required module provides package|package|cannot find package) "?([^\s;"]+)/m,
    say: ([place = '', name = '']) => [
      `${place} imports ${name}, which cannot be found`,
      'Add it with `go get` and commit go.mod and go.sum, or fix the import.',
    ],
  },
  {
    code: 'GO_MOD_MISSING',
    pattern: /go\.mod file not found in current directory|cannot find main module/,
    say: () => [
      'there is no go.mod in this folder or above it',
      'Set target.module to the folder that holds go.mod, relative to the repository.',
    ],
  },
  {
    code: 'MAIN_EXCLUDED',
    pattern: /build constraints exclude all Go files in (\S+)/,
    say: ([folder = '']) => [
      `build constraints exclude every Go file in ${folder}`,
      'Give the tags it needs in target.buildFlags, e.g. ["-tags", "server"]; files marked `ignore` cannot be built so.',
    ],
  },
  {
    code: 'NOT_MAIN',
    pattern: /function main is undeclared in the main package/,
    say: () => ['the package has no function main', 'Set target.package to the folder of the service’s main package.'],
  },
  {
    code: 'C_COMPILER_MISSING',
    pattern: /C compiler "([^"]*)" not found/,
    say: ([compiler = '']) => [
      `the service uses cgo, and the C compiler ${compiler} is missing`,
      'Install it, or build without cgo: target.buildEnv: { CGO_ENABLED: "0" }.',
    ],
  },
  {
    code: 'RACE_NEEDS_CGO',
    pattern: /-race requires cgo/,
    say: () => ['-race needs cgo', 'Set target.buildEnv: { CGO_ENABLED: "1" } and install a C compiler.'],
  },
  {
    code: 'LINKER_FLAGS',
    pattern: /^(?:flag provided but not defined: (\S+)\n)?usage: link \[options\]/m,
    say: ([flag]) => [
      flag === undefined ? 'the linker cannot read the flags after -ldflags' : `the linker has no flag ${flag}`,
      `A value with spaces has quotes of its own inside of -ldflags: '-ldflags=-s -X "main.version=a b"'.`,
    ],
  },
  {
    code: 'FLAG_UNKNOWN',
    pattern: /flag provided but not defined: (\S+)|parsing \$GOFLAGS: (?:unknown flag|non-flag) "?([^\s"]+)/,
    say: ([flag, inEnvironment]) =>
      flag === undefined
        ? [
            `GOFLAGS holds ${inEnvironment ?? ''}, which go does not know as a flag`,
            'In GOFLAGS, quotes stand around a whole flag: GOFLAGS="\'-ldflags=-s -w\'".',
          ]
        : [
            `go build has no flag ${flag}`,
            'A value with spaces stands in quotes: buildFlags: \'-ldflags "-s -w"\', or ["-ldflags", "-s -w"].',
          ],
  },
  {
    code: 'FLAG_UNKNOWN',
    pattern: /parsing \$GOFLAGS: (unterminated [^\n]*)/,
    say: ([what = '']) => [`GOFLAGS cannot be read: ${what}`, 'Close the quote in GOFLAGS.'],
  },
  {
    code: 'DISK_FULL',
    pattern: /no space left on device/,
    say: () => ['the disk is full', 'Free some space, e.g. `go clean -cache`, or point GOCACHE and --out elsewhere.'],
  },
  {
    code: 'PACKAGE_MISSING',
    pattern:
      /directory not found|no required module provides package|is not in std|no such file or directory\n?$|cannot find package|does not contain package|no Go files in|outside (?:main module|modules listed)/,
    say: () => [
      'the package of target.package was not found or holds no Go files',
      'Check target.package, a folder relative to target.module such as ./cmd/server.',
    ],
  },
];

/** As many lines of compiler output as people read. */
const OUTPUT_LINES = 60;

const firstLines = (text: string): string => {
  // How a command is used is no news.
  const lines = text
    .replace(/^usage: [\s\S]*/m, '')
    .trim()
    .split('\n');
  const more = lines.length - OUTPUT_LINES;
  return more > 0 ? [...lines.slice(0, OUTPUT_LINES), `… ${more} more lines`].join('\n') : lines.join('\n');
};

/** What went wrong, without what the command had printed before that: names of packages. */
const complaintOf = ({ stderr, stdout }: CommandResult): string => (stderr.trim() === '' ? stdout : stderr).trim();

/** What the sources want and the tree lacks, where `go` says so. */
const wantedIn = (complaint: string): MissingFilesError['wanted'] | null => {
  const embed = /^(\S+\.go):\d+:\d+: pattern (\S+): (?:no matching files found|cannot embed directory)/m.exec(
    complaint,
  );
  if (embed !== null) return { kind: 'embed', file: embed[1] ?? '', text: embed[2] ?? '' };
  const imported =
    /^(\S+\.go):\d+:\d+: (?:no required module provides package|package|cannot find package) "?([^\s;"]+)/m.exec(
      complaint,
    );
  if (imported !== null) return { kind: 'package', file: imported[1] ?? '', text: imported[2] ?? '' };
  const name = /^(\S+\.go):\d+:\d+: undefined: (\S+)/m.exec(complaint);
  return name === null ? null : { kind: 'name', file: name[1] ?? '', text: name[2] ?? '' };
};

const errorOf = (doing: string, { side, repeat }: FailedBuild, complaint: string): BuildError => {
  const whose = side === null ? '' : `${side}: `;
  for (const { code, pattern, say } of CASES) {
    const found = pattern.exec(complaint);
    if (found === null) continue;
    const [message, hint] = say(found.slice(1));
    return new BuildError(code, `${whose}${message}\n${doing} said:\n${firstLines(complaint)}`, hint);
  }
  return new BuildError(
    'BUILD_FAILED',
    `${whose}${doing} failed:\n${firstLines(complaint)}`,
    `Make it build, then run again: ${repeat}`,
  );
};

/**
 * The error for a failed `go` command. `doing` says what was tried, e.g. `go build ./cmd/server`. What `go` said follows
 * the message, cut to 60 lines.
 */
export const goFailure = (doing: string, failed: FailedBuild, result: CommandResult): GodynoError => {
  const { side, repeat } = failed;
  if (result.timedOut) {
    return new BuildError(
      'BUILD_TIMEOUT',
      `${side === null ? '' : `${side}: `}${doing} did not end in time`,
      `Run it by hand (a stuck download or a very slow disk is the usual cause): ${repeat}`,
    );
  }
  const complaint = complaintOf(result);
  const error = errorOf(doing, failed, complaint);
  const wanted = wantedIn(complaint);
  return side === null || wanted === null ? error : new MissingFilesError(side, wanted, error);
};
