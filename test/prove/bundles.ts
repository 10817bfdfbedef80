/**
 * `npm run prove:bundles`: a service in every build shape, under every Go that can seed its links, goes through a bundle:
 * its source is removed, and what is linked from the bundle alone is compared, section by section, with what `go build`
 * made of the same seed. Exits 1 when a section differs. Prints how large bundles are, and what a second commit adds.
 *
 *   node test/prove/bundles.ts [go1.24.13 …] [--shapes='plain;go.work']
 */
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stopAll } from '../../harness/process/index.ts';
import { linkBinary, linkerOf, prepareBuild, type PreparedBuild } from '../../harness/service/index.ts';
import { differingSections } from '../helpers/elf-sections.ts';
import { type Relinked, throughBundle } from '../helpers/relinked.ts';
import { folderRevision, makeFolder, makeSpec, never, removeFolders } from '../service/go-modules.ts';
import { LINKED_SHAPES, type Shape, SHAPES } from './build-shapes.ts';
import { root } from './campaign.ts';
import { toolchainTable } from './evidence-table.ts';

const SEED = 1_234_567;
const OTHER_SEED = 89;

interface Source {
  readonly folder: string;
  readonly module: string;
  readonly spec: Shape['spec'];
}

const prepare = async ({ folder, module, spec }: Source, toolchain: string): Promise<PreparedBuild> =>
  prepareBuild({
    side: 'base',
    sourceDir: folder,
    moduleDir: join(folder, module),
    revision: folderRevision('prove'),
    spec: makeSpec({ ...spec, buildEnv: { ...spec.buildEnv, GOTOOLCHAIN: toolchain } }),
    workDir: makeFolder(),
    signal: never,
  });

/** Throws where what is linked from the bundle differs from what `go build` makes. */
const compared = async (source: Source, toolchain: string, store: string): Promise<Relinked> => {
  const build = await prepare(source, toolchain);
  const first = await linkBinary(build, { linkSeed: SEED, cpus: null }, never);
  const other = await linkBinary(build, { linkSeed: OTHER_SEED, cpus: null }, never);
  const relinked = await throughBundle(build, source.folder, { linkSeed: SEED, store });
  const linker = linkerOf(relinked.build);
  const again = await linker.first({ linkSeed: SEED, cpus: null }, never);
  const further = await linker.further({ linkSeed: OTHER_SEED, cpus: null }, never);
  const differing = [...differingSections(first.path, again.path), ...differingSections(other.path, further.path)];
  if (differing.length > 0) throw new Error(`${[...new Set(differing)].join(', ')} differ`);
  if (further.by !== 'linker alone') throw new Error(`linked by ${further.by}`);
  return relinked;
};

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

/** A commit of the demo, and the next one: what the store grows by. */
const demoSizes = async (): Promise<string> => {
  const store = makeFolder();
  const commit = async (change: string): Promise<Relinked> => {
    const folder = makeFolder();
    cpSync(join(root, 'test/targets/demo'), folder, { recursive: true });
    const file = join(folder, 'search.go');
    writeFileSync(file, `${readFileSync(file, 'utf8')}${change}`);
    return compared({ folder, module: '.', spec: {} }, 'local', store);
  };
  const first = await commit('');
  const second = await commit('\nfunc added(n int) int { return n + 1 }\n');
  return `demo, one build: ${mb(first.bytes)} unpacked, ${mb(first.addedBytes)} stored; its next commit adds ${mb(second.addedBytes)}`;
};

const { values, positionals } = parseArgs({ allowPositionals: true, options: { shapes: { type: 'string' } } });
const toolchains = positionals.length > 0 ? positionals : ['go1.24.13', 'go1.25.11', 'go1.26.8', 'go1.27.3'];
const wanted = values.shapes?.split(';');
const shapes = [...SHAPES, ...LINKED_SHAPES].filter(({ name }) => wanted === undefined || wanted.includes(name));
process.env['GODYNO_CACHE'] = 'off';
const cells = new Map<string, string>();
let failures = 0;
for (const toolchain of toolchains) {
  for (const { name, files, module, spec } of shapes) {
    const said = await compared({ folder: makeFolder(files), module, spec }, toolchain, makeFolder())
      .then(({ addedBytes }) => `same, ${mb(addedBytes)}`)
      .catch((cause: unknown) => {
        failures += 1;
        return `FAILED ${cause instanceof Error ? cause.message : String(cause)}`;
      });
    cells.set(`${toolchain} ${name}`, said);
    console.log(`${toolchain.padEnd(10)} ${name.padEnd(22)} ${said}`);
  }
}
if (wanted === undefined) console.log(await demoSizes());
await stopAll();
removeFolders();
console.log(`\n${toolchainTable(shapes, toolchains, cells)}\n`);
console.log(`${cells.size - failures} the same, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
