import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { readUserFlags, splitGoflags } from '../../../harness/service/building/build-flags.ts';
import { parseBuildInfo } from '../../../harness/service/building/facts.ts';
import { goFailure } from '../../../harness/service/building/go-failure.ts';
import { keepLink, linkCacheFolder, takeLink } from '../../../harness/service/building/link-cache.ts';
import { makeFolder, removeFolders } from '../go-modules.ts';

afterAll(removeFolders);

const fails = (stderr: string, timedOut = false, stdout = '') =>
  goFailure(
    'go build .',
    { side: 'base', repeat: 'go build .' },
    { exitCode: 1, signal: null, stdout, stderr, timedOut },
  );

/** Word for word what Go 1.22 to 1.27 print. */
const SAID: readonly (readonly [string, string, string])[] = [
  [
    'MODULE_CACHE',
    'go: overlay contains a replacement for /m/x/zz_godyno.go. Files beneath GOMODCACHE (/m) must not be replaced.',
    'replaces /m/x/zz_godyno.go',
  ],
  [
    'GO_TOO_OLD_FOR_MODULE',
    'go: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=local)',
    'Go 1.27, this is Go 1.26.8',
  ],
  ['GO_TOO_OLD_FOR_MODULE', 'go: github.com/a/b@v1.0.0 requires go >= 1.27.1 (running go 1.26.8)', 'Go 1.27.1'],
  [
    'GO_TOO_OLD_FOR_MODULE',
    'go: go.mod requires go >= 1.27 (running go 1.26.8; GOTOOLCHAIN=go1.26.8)',
    'Go 1.27, this is Go 1.26.8',
  ],
  ['GO_TOO_OLD_FOR_MODULE', 'go: errors parsing go.mod:\ngo.mod:5: unknown directive: godebug', 'directive: godebug'],
  ['TOOLCHAIN_UNAVAILABLE', 'go: download go1.99 for linux/amd64: toolchain not available', 'go1.99'],
  [
    'TOOLCHAIN_UNAVAILABLE',
    'go: download go1.27.99: golang.org/toolchain@v0.0.1-go1.27.99.linux-amd64: reading https://proxy.example/golang.org/toolchain/@v/v0.0.1-go1.27.99.linux-amd64.zip: 404 Not Found',
    'go1.27.99 cannot be had: golang.org/toolchain@v0.0.1-go1.27.99.linux-amd64: reading',
  ],
  [
    'TOOLCHAIN_UNAVAILABLE',
    'go: download go1.26.7: golang.org/toolchain@v0.0.1-go1.26.7.linux-amd64: Get "https://proxy.example/x": dial tcp 192.0.2.1:443: connect: connection refused',
    'connection refused',
  ],
  ['TOOLCHAIN_UNAVAILABLE', 'go: invalid GOTOOLCHAIN "foo"', 'foo'],
  ['TOOLCHAIN_UNAVAILABLE', 'go: cannot find "go1.99.1" in PATH', 'go1.99.1'],
  [
    'GODEBUG_REMOVED',
    'go: error loading go.mod:\ngo.mod:5: removed GODEBUG "asynctimerchan" set to old value "1" (https://go.dev/doc/godebug#go-127)',
    'asynctimerchan=1, which go.mod:5 asks for',
  ],
  [
    'GODEBUG_REMOVED',
    '# example.com/t\n./main.go:1:1: invalid //go:debug: removed GODEBUG "asynctimerchan" set to old value "1" (https://go.dev/doc/godebug#go-127)',
    'asynctimerchan=1, which ./main.go:1:1 asks for',
  ],
  [
    'GODEBUG_REMOVED',
    'fatal error: removed GODEBUG "asynctimerchan" set to old value "1" in environment (https://go.dev/doc/godebug#go-127)',
    'asynctimerchan=1, which the environment asks for',
  ],
  [
    'GO_WORK_MEMBER_MISSING',
    'go: cannot load module compliance listed in go.work file: open compliance/go.mod: no such file or directory',
    'compliance',
  ],
  [
    'NOT_IN_GO_WORK',
    'current directory is contained in a module that is not one of the workspace modules listed in go.work. You can add the module to the workspace using:\n\tgo work use .',
    'go.work',
  ],
  [
    'REPLACEMENT_MISSING',
    'main.go:3:8: example.com/lib@v0.0.0: replacement directory ../lib does not exist',
    'example.com/lib',
  ],
  [
    'GO_SUM_MISSING',
    'main.go:4:2: missing go.sum entry for module providing package golang.org/x/net/html (imported by x); to add:\n\tgo get x',
    'go.sum',
  ],
  [
    'GO_SUM_MISSING',
    'go: golang.org/x/net@v0.1.0: missing go.sum entry for go.mod file; to add it:\n\tgo mod download golang.org/x/net',
    'go.sum',
  ],
  ['FLAG_UNKNOWN', 'flag provided but not defined: -w\nusage: go list [-f format]', 'no flag -w'],
  ['FLAG_UNKNOWN', 'go: parsing $GOFLAGS: unknown flag -w"', 'GOFLAGS holds -w'],
  ['FLAG_UNKNOWN', 'go: parsing $GOFLAGS: unterminated " string', 'unterminated'],
  ['GO_MOD_OUTDATED', 'go: updates to go.mod needed; to update it:\n\tgo mod tidy', 'go.mod'],
  [
    'GO_MOD_OUTDATED',
    'go: inconsistent vendoring in /src:\n\ta@v1: is explicitly required in go.mod, but not marked as explicit in vendor/modules.txt',
    'vendor',
  ],
  [
    'MODULE_REFUSED',
    'go: github.com/a/b@v1.2.3: reading https://proxy.example/github.com/a/b/@v/v1.2.3.zip: 403 Forbidden',
    '403 Forbidden',
  ],
  [
    'MODULE_UNREACHABLE',
    'go: github.com/a/b@v1.2.3: Get "https://proxy.example/x": dial tcp 192.0.2.1:443: connect: connection refused',
    'connection refused',
  ],
  [
    'DEPENDENCY_MISSING',
    'main.go:3:8: package example/none is not in std (/usr/local/go/src/example/none)',
    'main.go:3:8 imports example/none',
  ],
  [
    'DEPENDENCY_MISSING',
    'main.go:3:8: no required module provides package a.b/c; to add it:\n\tgo get a.b/c',
    'imports a.b/c',
  ],
  [
    'GO_MOD_MISSING',
    "go: go.mod file not found in current directory or any parent directory; see 'go help modules'",
    'no go.mod',
  ],
  ['MAIN_EXCLUDED', 'package example.com/t: build constraints exclude all Go files in /src', '/src'],
  ['NOT_MAIN', 'runtime.main_main·f: function main is undeclared in the main package', 'no function main'],
  [
    'C_COMPILER_MISSING',
    '# runtime/cgo\ncgo: C compiler "gcc" not found: exec: "gcc": executable file not found in $PATH',
    'gcc',
  ],
  ['RACE_NEEDS_CGO', 'go: -race requires cgo; enable cgo by setting CGO_ENABLED=1', '-race'],
  ['DISK_FULL', 'link: writing output: write /tmp/x: no space left on device', 'disk is full'],
  ['PACKAGE_MISSING', 'stat /src/cmd/none: directory not found', 'target.package'],
  ['PACKAGE_MISSING', 'no Go files in /src/cmd', 'target.package'],
  ['BUILD_FAILED', '# example.com/t\n./main.go:3:15: undefined: x', 'undefined: x'],
];

test.each(SAID)('%s has a message of its own: %s', (code, said, mentions) => {
  const error = fails(said);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^base: /);
  expect(error.message.split('\n')[0] + (code === 'BUILD_FAILED' ? error.message : '')).toContain(mentions);
  expect(error.message).toContain(said.split('\n')[0]);
  expect(error.hint).not.toBe('');
  expect(error.exitCode).toBe(5);
});

test('the compiler’s output is cut to 60 lines, with the number of lines left out', () => {
  const said = Array.from({ length: 100 }, (_, line) => `main.go:${line}: wrong`).join('\n');
  expect(fails(said).message.split('\n').slice(-2)).toEqual(['main.go:59: wrong', '… 40 more lines']);
});

test('the cause comes first and once, without the names of packages that go had listed before', () => {
  const listed = Array.from({ length: 120 }, (_, index) => `example.com/dep/p${index}`).join('\n');
  const cause = 'main.go:3:8: no required module provides package a.b/c; to add it:\n\tgo get a.b/c';
  const { message, hint } = fails(cause, false, listed);
  expect(message.split('\n')[0]).toContain('main.go:3:8 imports a.b/c');
  expect(`${message}\n${hint}`.split('no required module provides').length).toBe(2);
  expect(message).not.toContain('example.com/dep');
  const broken = fails('# example.com/t\n./main.go:3:15: undefined: x', false, listed);
  expect(`${broken.message}\n${broken.hint}`.split('undefined: x').length).toBe(2);
});

test('a build that does not end says so, whatever it printed', () => {
  expect(fails('go: downloading x', true).code).toBe('BUILD_TIMEOUT');
});

test('GOFLAGS are split as go splits them, quotes around whole entries', () => {
  expect(splitGoflags(`-mod=vendor '-ldflags=-s -w'  "-tags=a b" -trimpath`)).toEqual([
    '-mod=vendor',
    '-ldflags=-s -w',
    '-tags=a b',
    '-trimpath',
  ]);
});

test('linker flags: the command line hides GOFLAGS, the last pattern that fits main wins, others are kept', () => {
  const read = (flags: readonly string[], goflags = '') => readUserFlags(flags, goflags, 'example.com/t');
  expect(read(['-ldflags=-s'], '-ldflags=-w').ldflags).toBe('-s');
  expect(read(['-race'], "'-ldflags=-s -w'")).toMatchObject({ ldflags: '-s -w', kept: ['-race'] });
  expect(read(['-ldflags=all=-s', '-ldflags', 'other/pkg=-w']).ldflags).toBe('-s');
  expect(read(['-ldflags=-X a=b', '-ldflags=other/pkg=-w']).otherLdflags).toEqual(['other/pkg=-w']);
  expect(read(['-ldflags', '-X main.v=a=b']).ldflags).toBe('-X main.v=a=b');
});

test('what is no flag is said to be where it stands, with how it is written there', () => {
  const read = (flags: readonly string[], goflags: string) => () => readUserFlags(flags, goflags, 'example.com/t');
  expect(read([], '-ldflags="-s -w"')).toThrow(/^GOFLAGS: "-w"" is not a flag/);
  expect(read(['sqlite'], '')).toThrow(/^target\.buildFlags: "sqlite" is not a flag/);
});

test('paths are trimmed unless the last word on it says no; the command line hides GOFLAGS', () => {
  const trims = (flags: readonly string[], goflags = '') => readUserFlags(flags, goflags, 'example.com/t').trimpath;
  expect(trims([])).toBe(true);
  expect(trims(['-trimpath=false'])).toBe(false);
  expect(trims([], '-trimpath=0')).toBe(false);
  expect(trims(['-trimpath'], '-trimpath=false')).toBe(true);
  expect(trims(['-trimpath=false', '-trimpath'])).toBe(true);
});

test('flags survive in order and number, however they were written', () => {
  const flag = fc.record({
    name: fc.constantFrom('tags', 'pgo', 'mod', 'gcflags'),
    value: fc.string({ minLength: 1 }),
  });
  fc.assert(
    fc.property(fc.array(flag), (flags) => {
      const apart = flags.flatMap(({ name, value }) => [`-${name}`, value]);
      const joined = flags.map(({ name, value }) => `--${name}=${value}`);
      const expected = flags.map(({ name, value }) => `-${name}=${value}`);
      expect(readUserFlags(apart, '', '').kept).toEqual(expected);
      expect(readUserFlags(joined, '', '').kept).toEqual(expected);
    }),
  );
});

test('build info is read with quoted settings', () => {
  const text =
    '/tmp/x: go1.26.8\n\tpath\texample.com/t\n\tbuild\t-tags=a\n\tbuild\t"CGO_CFLAGS"="-O2 -g"\n\tbuild\tDefaultGODEBUG=a=1,b=0\n';
  expect(parseBuildInfo(text)).toEqual({
    goVersion: 'go1.26.8',
    settings: { '-tags': 'a', CGO_CFLAGS: '-O2 -g', DefaultGODEBUG: 'a=1,b=0' },
  });
});

test('the link cache gives back what was kept, and drops the least recently used above its limit', async () => {
  const folder = join(makeFolder(), 'links');
  const source = makeFolder();
  const target = join(source, 'out');
  const keep = async (key: string, usedSeconds: number) => {
    writeFileSync(join(source, key), key.repeat(100), { mode: 0o755 });
    await keepLink(folder, key, join(source, key), 250);
    utimesSync(join(folder, key), usedSeconds, usedSeconds);
  };
  expect(await takeLink(folder, 'a', target)).toBe(false);
  await keep('a', 1000);
  await keep('b', 2000);
  expect(await takeLink(folder, 'a', target)).toBe(true);
  expect(readFileSync(target, 'utf8')).toBe('a'.repeat(100));
  await keep('c', 3000);
  expect(readdirSync(folder).toSorted()).toEqual(['a', 'c']);
});

test('a cache that cannot be written costs nothing but itself', async () => {
  const blocked = join(makeFolder({ links: 'a file where the folder should be' }), 'links');
  const source = makeFolder({ x: 'binary' });
  mkdirSync(join(source, 'sub'));
  await keepLink(blocked, 'k', join(source, 'x'));
  expect(await takeLink(blocked, 'k', join(source, 'sub', 'y'))).toBe(false);
});

test('the cache folder follows GODYNO_CACHE, then XDG_CACHE_HOME, and can be switched off', () => {
  expect(linkCacheFolder({ GODYNO_CACHE: '/c', XDG_CACHE_HOME: '/x' })).toBe('/c/links');
  expect(linkCacheFolder({ XDG_CACHE_HOME: '/x' })).toBe('/x/godyno/links');
  expect(linkCacheFolder({ GODYNO_CACHE: 'off' })).toBeNull();
});
