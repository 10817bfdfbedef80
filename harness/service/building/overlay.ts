/** The overlay that adds the agent to the main package without a file being written into the user's folder. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf, UsageError } from '../../errors.ts';
import type { Replacements } from './moving-ports.ts';

export interface Overlay {
  readonly file: string;
  /** Path of the blank import's file, as an overlay key. */
  readonly importFile: string;
  /** Import path of the agent package, `…/internal/zzgodyno`. */
  readonly agentImportPath: string;
  /** sha256 (hex) over everything the overlay puts into the build. */
  readonly digest: string;
}

interface OverlayRequest {
  /** The main package's folder exactly as `go list` prints it. */
  readonly dir: string;
  readonly importPath: string;
  /** The user's own overlay file, relative to `cwd`; null: none. */
  readonly userOverlay: string | null;
  /** One more, which wins over the user's; null: none. */
  readonly furtherOverlay: string | null;
  /** Files of Go's own that are replaced; left out: none. */
  readonly ownReplacements?: Replacements;
  readonly cwd: string;
  readonly agentDir: string;
  /** Where overlay and agent files are written. */
  readonly folder: string;
}

/** The agent's Go files as they are shipped: beside this module. */
export const shippedAgentDir = (): string => fileURLToPath(new URL('../agent/', import.meta.url));

/** sha256 (hex) of the agent's Go files as they are shipped. */
export const agentDigest = (): string => {
  const folder = shippedAgentDir();
  const hash = createHash('sha256');
  for (const name of agentFiles(folder)) hash.update(`${name}\0`).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
};

/** Replacements of the user's overlay, keys made absolute. Throws {@link UsageError} `OVERLAY_BROKEN`. */
export const readUserOverlay = (file: string | null, cwd: string): Replacements => {
  if (file === null) return {};
  const path = resolve(cwd, file);
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const replace = typeof value === 'object' && value !== null && 'Replace' in value ? value.Replace : {};
    if (typeof replace !== 'object' || replace === null) return {};
    return Object.fromEntries(Object.entries(replace).map(([key, to]) => [resolve(cwd, key), String(to)]));
  } catch (cause) {
    throw new UsageError(
      'OVERLAY_BROKEN',
      `The overlay ${path} of target.buildFlags or GOFLAGS cannot be read: ${reasonOf(cause)}`,
      'Correct the file, or remove the -overlay flag.',
      { cause },
    );
  }
};

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/**
 * `go` replaces files silently, so a name the user has is never taken: the second choice is numbered.
 * `taken` asks disk and user overlay.
 */
const freeName = (name: (number: string) => string, taken: (path: string) => boolean): string => {
  for (let number = 1; ; number++) {
    const path = name(number === 1 ? '' : String(number));
    if (!taken(path)) return path;
  }
};

/** A nested module, or a plain file, in the place of `internal` puts the agent beside it. */
const agentParent = (dir: string): string => {
  const internal = join(dir, 'internal');
  const usable = !existsSync(internal) || (isFolder(internal) && !existsSync(join(internal, 'go.mod')));
  return usable ? internal : dir;
};

const agentFiles = (agentDir: string): readonly string[] =>
  readdirSync(agentDir)
    .filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'))
    .toSorted();

/** Writes overlay and agent into `folder`. Throws {@link UsageError} `OVERLAY_BROKEN` for an unreadable user overlay. */
export const writeOverlay = (request: OverlayRequest): Overlay => {
  const { dir, importPath, cwd, agentDir, folder } = request;
  const user = {
    ...request.ownReplacements,
    ...readUserOverlay(request.userOverlay, cwd),
    ...readUserOverlay(request.furtherOverlay, cwd),
  };
  const keys = Object.keys(user);
  const taken = (path: string): boolean =>
    existsSync(path) || keys.some((key) => key === path || key.startsWith(`${path}${sep}`));
  const importFile = freeName((number) => join(dir, `zz_godyno${number}.go`), taken);
  const agentPackage = freeName((number) => join(agentParent(dir), `zzgodyno${number}`), taken);
  const agentImportPath = `${importPath}${agentPackage.slice(dir.length).replaceAll(sep, '/')}`;

  mkdirSync(folder, { recursive: true });
  const wiring = `// Added by godyno for measuring; exists only in this build.\npackage main\n\nimport _ ${JSON.stringify(agentImportPath)}\n`;
  writeFileSync(join(folder, 'wiring.go'), wiring);
  const digest = createHash('sha256').update(wiring);
  const replace: Record<string, string> = { ...user, [importFile]: join(folder, 'wiring.go') };
  for (const name of agentFiles(agentDir)) {
    cpSync(join(agentDir, name), join(folder, name));
    replace[join(agentPackage, name)] = join(folder, name);
    digest.update(`\0${name}\0`).update(readFileSync(join(agentDir, name)));
  }
  for (const [key, to] of Object.entries(user)) {
    digest.update(`\0${key}\0`).update(to === '' ? '' : readFileSync(resolve(cwd, to)));
  }
  const file = join(folder, 'overlay.json');
  writeFileSync(file, JSON.stringify({ Replace: replace }, null, 2));
  return { file, importFile, agentImportPath, digest: digest.digest('hex') };
};
