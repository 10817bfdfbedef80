/**
 * npm's `prepare`: builds `dist` where somebody else installs this package from git, from a folder, or by `npm link`.
 * A contributor's own `npm ci` goes without (what needs `dist` builds it), and so does packing (`prepack` has built).
 *
 * JavaScript, because `npm ci --omit=dev` runs it on the system's own Node.
 */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const calledInside = () => {
  const way = path.relative(root, process.env['INIT_CWD'] ?? '/');
  return way !== '..' && !way.startsWith(`..${path.sep}`);
};

const nobodyNeedsIt = () =>
  calledInside() &&
  ['ci', 'install', 'pack', 'publish'].includes(process.env['npm_command'] ?? '') &&
  process.env['npm_config_global'] !== 'true';

if (!nobodyNeedsIt()) execFileSync('node', ['test/helpers/build.ts'], { cwd: root, stdio: 'inherit' });
