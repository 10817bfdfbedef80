import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { linkBinary, prepareBuild, type PreparedBuild, type PrepareRequest } from '../../harness/target/index.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from './go-modules.ts';

afterAll(removeFolders);

const local = execFileSync('go', ['env', 'GOVERSION'], { cwd: '/', encoding: 'utf8' }).trim();

/** One that `go` has to fetch, and keeps in the module cache. */
const fetched = local === 'go1.27.3' ? 'go1.26.8' : 'go1.27.3';

const agentDir = makeFolder({ 'agent.go': 'package zzgodyno\n' });

const request = (moduleDir: string, buildEnv: Readonly<Record<string, string>>): PrepareRequest => ({
  side: 'head',
  sourceDir: moduleDir,
  moduleDir,
  revision: folderRevision('a'),
  spec: makeSpec({ buildEnv }),
  workDir: makeFolder(),
  agentDir,
  signal: never,
});

/** What the compiler says where a file of Go's own runtime is replaced by one that is no Go. */
const withBrokenRuntime = async (given: PrepareRequest, { facts }: PreparedBuild): Promise<unknown> => {
  const folder = makeFolder({ 'iface.go': 'package runtime\n\nthis is no Go\n' });
  const replaced = join(facts.goEnv['GOROOT'] ?? '', 'src/runtime/iface.go');
  const overlay = join(folder, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: { [replaced]: join(folder, 'iface.go') } }));
  const build = await prepareBuild({ ...given, go: facts.go, overlay });
  return linkBinary(build, { linkSeed: null, cpus: null }, never).catch((error: unknown) => error);
};

test('the files of a Go that was fetched into the module cache can be replaced, as those of an unpacked one', async () => {
  const folder = makeFolder({ 'go.mod': goMod('example.com/t'), 'main.go': HELLO });
  for (const buildEnv of [{ GOTOOLCHAIN: fetched }, {}]) {
    const given = request(folder, buildEnv);
    const build = await prepareBuild(given);
    expect(build.facts.goVersion).toBe('GOTOOLCHAIN' in buildEnv ? fetched : local);
    expect(await withBrokenRuntime(given, build)).toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/iface\.go:3:1: syntax error/),
    });
  }
});
