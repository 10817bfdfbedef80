/**
 * `npm run prove:links`: a small service under every Go that can seed its links, in every build shape: what the linker
 * makes when it is called alone is compared, section by section, with what `go build` makes of the same seed, with debug
 * information. Prints a table of how long the one takes beside the other; exits 1 when a section differs, or when
 * `go build` was called all the same.
 *
 *   node test/prove/links.ts [go1.23.12 go1.24.13 …] [--shapes='plain;PIE'] [--rounds=3]
 *
 * Toolchains are fetched by Go itself (GOTOOLCHAIN); each compiles the standard library several times.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopAll } from '../../harness/process/index.ts';
import { type Binary, linkBinary, linkerOf, prepareBuild, type PreparedBuild } from '../../harness/service/index.ts';
import { median } from '../../harness/stats/index.ts';
import { differingSections } from '../helpers/elf-sections.ts';
import { folderRevision, makeFolder, makeSpec, never, removeFolders } from '../service/go-modules.ts';
import { LINKED_SHAPES, type Shape, SHAPES } from './build-shapes.ts';
import { toolchainTable } from './evidence-table.ts';

const prepare = async ({ files, module, spec }: Shape, toolchain: string): Promise<PreparedBuild> => {
  const folder = makeFolder(files);
  return prepareBuild({
    side: 'head',
    sourceDir: folder,
    moduleDir: join(folder, module),
    revision: folderRevision('prove'),
    spec: makeSpec({ ...spec, buildEnv: { ...spec.buildEnv, GOTOOLCHAIN: toolchain } }),
    workDir: makeFolder(),
    signal: never,
  });
};

/** Seconds of one and the same link, both ways; throws where they differ. */
const linkBothWays = async (
  byGo: PreparedBuild,
  build: PreparedBuild,
  further: (linkSeed: number) => Promise<Binary>,
  linkSeed: number,
): Promise<readonly [alone: number, byGo: number]> => {
  const alone = await further(linkSeed);
  const whole = await linkBinary(byGo, { linkSeed, cpus: null }, never);
  const differing = differingSections(whole.path, alone.path);
  if (differing.length > 0) throw new Error(`${differing.join(', ')} differ`);
  // Of C code Go leaves its debug information in, up to 1.25.
  if (!/-[ws]/.test(build.ldflags) && alone.bytes >= whole.bytes) throw new Error('debug information is still there');
  if (alone.by !== 'linker alone') throw new Error(`linked by ${alone.by}`);
  return [alone.seconds, whole.seconds];
};

const ratioOf = async (shape: Shape, toolchain: string, rounds: number): Promise<string> => {
  const build = await prepare(shape, toolchain);
  const byGo = { ...build, binFolder: makeFolder() };
  const linker = linkerOf(build);
  await linker.first({ linkSeed: 1_234_567, cpus: null }, never);
  const further = async (linkSeed: number) => linker.further({ linkSeed, cpus: null }, never);
  const seconds: (readonly [number, number])[] = [];
  // Seeds of other lengths than the first: an untrimmed binary holds its own.
  for (let round = 1; round <= rounds; round++) seconds.push(await linkBothWays(byGo, build, further, 10 ** round));
  const [alone, whole] = [0, 1].map((way) => median(seconds.map((pair) => pair[way] ?? 0)));
  return `${alone?.toFixed(2)} of ${whole?.toFixed(2)} s`;
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { shapes: { type: 'string' }, rounds: { type: 'string', default: '3' } },
});
const toolchains =
  positionals.length > 0 ? positionals : ['go1.23.12', 'go1.24.13', 'go1.25.11', 'go1.26.8', 'go1.27.3'];
const wanted = values.shapes?.split(';');
const shapes = [...SHAPES, ...LINKED_SHAPES].filter(({ name }) => wanted === undefined || wanted.includes(name));
process.env['GODYNO_CACHE'] = 'off';
const cells = new Map<string, string>();
let failures = 0;
for (const toolchain of toolchains) {
  for (const shape of shapes) {
    const said = await ratioOf(shape, toolchain, Number(values.rounds)).catch((cause: unknown) => {
      failures += 1;
      return `FAILED ${cause instanceof Error ? cause.message : String(cause)}`;
    });
    cells.set(`${toolchain} ${shape.name}`, said);
    console.log(`${toolchain.padEnd(10)} ${shape.name.padEnd(22)} ${said}`);
  }
}
await stopAll();
removeFolders();
console.log(`\n${toolchainTable(shapes, toolchains, cells)}\n`);
console.log(`${cells.size - failures} the same, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
