/**
 * Builds `dist-action`, what `action.yml` starts: one file with everything in it, and beside it what must be a file of
 * its own: the two scripts that run in a process or thread of theirs, the agent's Go, the page's script and style.
 * Made on release and committed on the tag only. Prints the size.
 *
 * node test/helpers/build-action.ts [folder]
 */
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, copyFileSync } from 'node:fs';
import path from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundlePage, COMMON_JS, copyAssets } from './assets.ts';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'harness');
const target = path.resolve(process.argv[2] ?? path.join(root, 'dist-action'));
const fresh = `${target}.${process.pid}`;

/** Script in dist-action → the module it starts with. */
const SCRIPTS: Readonly<Record<string, string>> = {
  'index.js': 'action/main.ts',
  'load/loader-main.js': 'load/loader-main.ts',
  'load/traffic/pacer.js': 'load/traffic/pacer.ts',
};

/** A module looks for its files beside itself, so in a bundle it must know where it would lie. */
const keepPlaces = (outfile: string): Plugin => ({
  name: 'keep-places',
  setup: (building) => {
    building.onLoad({ filter: /\/harness\/.*\.ts$/ }, ({ path: file }) => {
      const place = path.relative(source, file).replace(/\.ts$/, '.js');
      const own = path.relative(path.dirname(outfile), place);
      const contents = readFileSync(file, 'utf8').replaceAll(
        'import.meta.url',
        `new URL(${JSON.stringify(own)}, import.meta.url).href`,
      );
      return { contents, loader: 'ts' };
    });
  },
});

const bundle = async (outfile: string, entry: string): Promise<void> => {
  await build({
    entryPoints: [path.join(source, entry)],
    outfile: path.join(fresh, outfile),
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: { js: COMMON_JS },
    plugins: [keepPlaces(outfile)],
    logLevel: 'warning',
    legalComments: 'linked',
  });
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(2)} MB`;

const folderBytes = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(path.join(entry.parentPath, entry.name)).size, 0);

try {
  copyAssets(source, fresh);
  bundlePage(source, fresh);
  for (const [outfile, entry] of Object.entries(SCRIPTS)) await bundle(outfile, entry);
  // The loader checks the version of its engine, which it looks up as any program does.
  mkdirSync(path.join(fresh, 'node_modules/autocannon'), { recursive: true });
  copyFileSync(
    path.join(root, 'node_modules/autocannon/package.json'),
    path.join(fresh, 'node_modules/autocannon/package.json'),
  );
  rmSync(target, { recursive: true, force: true });
  renameSync(fresh, target);
  console.log(
    `${path.relative(root, target) || target}: index.js ${megabytes(statSync(path.join(target, 'index.js')).size)}, all files ${megabytes(folderBytes(target))}`,
  );
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
