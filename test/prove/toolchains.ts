/**
 * Builds, starts and shakes hands with a small service under every supported Go, and in every build shape that has
 * broken an overlay before. Prints a table; exits 1 when a cell fails.
 *
 *   node test/prove/toolchains.ts [go1.22.12 go1.23.12 …]
 *
 * Older toolchains are fetched by Go itself (GOTOOLCHAIN); each compiles the standard library once.
 */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAgent } from '../../harness/capture/index.ts';
import { buildFacts, freePorts, linkBinary, prepareBuild, startTarget } from '../../harness/target/index.ts';
import type { TargetSpec } from '../../harness/model/index.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders, SERVICE } from '../target/go-modules.ts';

interface Shape {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Module folder below the made one. */
  readonly module: string;
  readonly spec: Partial<TargetSpec>;
}

const plain = { 'go.mod': goMod('example.com/service'), 'main.go': SERVICE };
const cgo = SERVICE.replace('import (', '// int twice(int x) { return 2 * x; }\nimport "C"\n\nimport (').replace(
  'fmt.Println("listening")',
  'fmt.Println("listening", C.twice(21))',
);

const shape = (
  name: string,
  spec: Partial<TargetSpec> = {},
  files: Readonly<Record<string, string>> = plain,
): Shape => ({
  name,
  files,
  module: '.',
  spec,
});

const PLAIN = shape('plain');

const SHAPES: readonly Shape[] = [
  shape('CGO_ENABLED=0', { buildEnv: { CGO_ENABLED: '0' } }),
  shape('-race', { buildFlags: ['-race'] }),
  shape('-buildmode=pie', { buildFlags: ['-buildmode=pie'] }),
  shape('user -ldflags', { buildFlags: ['-ldflags', '-s -w'] }),
  shape('cgo main', {}, { ...plain, 'main.go': cgo }),
  shape('go 1.12 module', {}, { ...plain, 'go.mod': 'module old\n\ngo 1.12\n' }),
  {
    name: 'go.work',
    module: 'app',
    spec: {},
    files: { 'go.work': 'go 1.22\n\nuse ./app\n', 'app/go.mod': goMod('app'), 'app/main.go': SERVICE },
  },
];

const tryShape = async ({ files, module, spec }: Shape, toolchain: string): Promise<string> => {
  const folder = makeFolder(files);
  const moduleDir = join(folder, module);
  const prepared = await prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir,
    revision: folderRevision('prove'),
    spec: makeSpec({ ...spec, buildEnv: { ...spec.buildEnv, GOTOOLCHAIN: toolchain } }),
    workDir: makeFolder(),
    signal: never,
  });
  const seed = prepared.facts.unseededReason === null ? 7 : null;
  const binary = await linkBinary(prepared, { linkSeed: seed, cpus: null }, never);
  const info = await buildFacts(binary, never);
  const socketDir = await mkdtemp(join(tmpdir(), 'gd-'));
  const [port = 0] = await freePorts(1);
  try {
    const target = await startTarget({
      binary,
      spec: prepared.spec,
      side: 'head',
      port,
      tmp: join(socketDir, 'tmp'),
      cpus: null,
      gomaxprocs: 1,
      logFile: join(socketDir, 'log'),
      agentSocketDir: socketDir,
      moduleDir,
      signal: never,
    });
    try {
      const agent = await connectAgent({ socketDir, pid: target.pid, timeoutSeconds: 10, signal: never });
      const counters = await agent.counters();
      agent.close();
      if (!(Number(counters.mallocs) > 0)) throw new Error('the agent counted no allocation');
      return `${info.goVersion.padEnd(12)} ${seed === null ? 'one layout' : 'seeded    '} ${(binary.bytes / 1e6).toFixed(1)} MB, ${agent.hello.profiles.length} profiles`;
    } finally {
      await target.stop();
    }
  } finally {
    rmSync(socketDir, { recursive: true, force: true });
  }
};

const given = process.argv.slice(2);
const toolchains = given.length > 0 ? given : ['go1.22.12', 'go1.23.12', 'go1.24.11', 'go1.25.5', 'local'];
process.env['GODYNO_CACHE'] = 'off';
let failures = 0;
for (const toolchain of toolchains) {
  for (const each of toolchain === toolchains.at(-1) ? [PLAIN, ...SHAPES] : [PLAIN]) {
    const startMs = performance.now();
    const told = await tryShape(each, toolchain).catch((cause: unknown) => {
      failures += 1;
      return `FAILED ${cause instanceof Error ? cause.message : String(cause)}`;
    });
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1);
    console.log(`${toolchain.padEnd(10)} ${each.name.padEnd(16)} ${seconds.padStart(6)} s  ${told}`);
  }
}
removeFolders();
process.exitCode = failures > 0 ? 1 : 0;
