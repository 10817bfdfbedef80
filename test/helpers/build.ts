/**
 * Builds `dist`, the folder that is published: harness compiled to JavaScript, and beside it every file that is not
 * TypeScript (the agent's Go, sources, styles) at the same relative place. Go tests stay behind. What runs in a browser
 * (harness/report/page) becomes one script without imports, `report/page/page.js`.
 *
 * `dist` is made in a folder of its own and put in place last, so a failed build leaves the old one.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'harness');
const fresh = path.join(root, `dist.${process.pid}`);
const old = `${fresh}.old`;
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');

const isAsset = (file: string): boolean => !/\.ts$|_test\.go$|(^|\/)testdata\//.test(file);

/** The page's script in place of the modules it is made of. */
const bundlePage = (): void => {
  const folder = path.join(fresh, 'report/page');
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

try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  for (const entry of readdirSync(source, { recursive: true, withFileTypes: true })) {
    const file = path.relative(source, path.join(entry.parentPath, entry.name));
    if (!entry.isFile() || !isAsset(file)) continue;
    mkdirSync(path.dirname(path.join(fresh, file)), { recursive: true });
    cpSync(path.join(source, file), path.join(fresh, file));
  }
  bundlePage();
  chmodSync(path.join(fresh, 'cli/bin.js'), 0o755);
  if (existsSync(path.join(root, 'dist'))) renameSync(path.join(root, 'dist'), old);
  renameSync(fresh, path.join(root, 'dist'));
} catch (error) {
  // The compiler has said what is wrong; only a failure of our own steps needs words.
  if (!(error instanceof Error && 'status' in error)) console.error(error);
  process.exitCode = 1;
} finally {
  rmSync(fresh, { recursive: true, force: true });
  rmSync(old, { recursive: true, force: true });
}
