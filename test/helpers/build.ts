/**
 * Builds `dist`, the folder that is published: harness compiled to JavaScript, and beside it every file that is not
 * TypeScript (the agent's Go, sources, styles) at the same relative place. Go tests stay behind. What runs in a browser
 * (harness/report/page) becomes one script without imports, `report/page/page.js`; the publisher brings GitHub's client
 * along, so that users do not install it.
 *
 * `dist` is made in a folder of its own and put in place last, so a failed build leaves the old one.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { bundlePage, bundlePublish, copyAssets } from './assets.ts';

const root = path.resolve(import.meta.dirname, '../..');
const source = path.join(root, 'harness');
const fresh = path.join(root, `dist.${process.pid}`);
const old = `${fresh}.old`;
const tsc = path.join(root, 'node_modules/typescript/bin/tsc');

try {
  execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], {
    cwd: root,
    stdio: 'inherit',
  });
  copyAssets(source, fresh);
  bundlePage(source, fresh);
  await bundlePublish(fresh);
  // The Action's entry lives in a bundle of its own (build-action.ts), with libraries that users of npm do not need.
  rmSync(path.join(fresh, 'action'), { recursive: true });
  rmSync(path.join(fresh, 'cli/index.js'));
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
