/** What a build adds to compiled TypeScript: files of other kinds, and the report page's script. */
import { cpSync, globSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { build, buildSync, type Plugin } from 'esbuild';

const isAsset = (file: string): boolean => !/\.ts$|_test\.go$|(^|\/)testdata\//.test(file);

/** Every file of `source` that is not TypeScript, at the same relative place in `target`; Go tests stay behind. */
export const copyAssets = (source: string, target: string): void => {
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    const file = path.relative(source, path.join(entry.parentPath, entry.name));
    if (!entry.isFile() || !isAsset(file)) continue;
    mkdirSync(path.dirname(path.join(target, file)), { recursive: true });
    cpSync(path.join(source, file), path.join(target, file));
  }
};

/** `report/page/page.js`: the page's script without imports, in place of the modules it is made of. */
export const bundlePage = (source: string, target: string): void => {
  const folder = path.join(target, 'report/page');
  for (const file of globSync('*.js', { cwd: folder })) rmSync(path.join(folder, file));
  buildSync({
    entryPoints: [path.join(source, 'report/page/main.ts')],
    outfile: path.join(folder, 'page.js'),
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2024',
  });
};

/**
 * `publish/index.js`: the publisher with GitHub's client inside, in place of its modules: 0.5 MB, where the client
 * with its type packages would be 24 MB in every user's node_modules. Errors, model and zod stay shared.
 */
export const bundlePublish = async (target: string): Promise<void> => {
  const folder = path.join(target, 'publish');
  const fresh = path.join(target, 'publish.bundle.js');
  await build({
    entryPoints: [path.join(folder, 'index.js')],
    outfile: fresh,
    bundle: true,
    minifySyntax: true,
    minifyWhitespace: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    external: ['zod'],
    banner: { js: COMMON_JS },
    plugins: [sharedWithOthers(folder)],
    legalComments: 'linked',
  });
  rmSync(folder, { recursive: true });
  mkdirSync(folder);
  renameSync(fresh, path.join(folder, 'index.js'));
  renameSync(`${fresh}.LEGAL.txt`, path.join(folder, 'index.js.LEGAL.txt'));
};

/** What lies outside of the folder is imported, not taken in: an error must be of one class everywhere. */
const sharedWithOthers = (folder: string): Plugin => ({
  name: 'shared-with-others',
  setup: (building) => {
    building.onResolve({ filter: /^\.\.\// }, ({ path: wanted, importer }) =>
      path.dirname(importer) === folder ? { path: wanted, external: true } : null,
    );
  },
});

/** Libraries in CommonJS want these names in a bundle that is an ES module. */
export const COMMON_JS =
  "import { createRequire as createRequireOfBundle } from 'node:module';" +
  "import { fileURLToPath as pathOfBundle } from 'node:url';" +
  'const require = createRequireOfBundle(import.meta.url);' +
  'const __filename = pathOfBundle(import.meta.url);' +
  "const __dirname = pathOfBundle(new URL('.', import.meta.url));";
