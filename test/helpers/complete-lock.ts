/**
 * Completes package-lock.json after `npm install`: where a registry lacks another platform's binary, npm leaves that
 * optional package out of the lock and a later `npm ci` refuses it ("Missing: … from lock file"). Each is pinned to an
 * exact version by its parent, so a stub entry without integrity says the same thing.
 *
 * node test/helpers/complete-lock.ts [--check]
 */
import { readFileSync, writeFileSync } from 'node:fs';

interface LockEntry {
  version?: string;
  dev?: boolean;
  optionalDependencies?: Record<string, string>;
  [key: string]: unknown;
}

const OS_BY_WORD: Record<string, string> = {
  android: 'android',
  darwin: 'darwin',
  macos: 'darwin',
  freebsd: 'freebsd',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  linux: 'linux',
  win32: 'win32',
  windows: 'win32',
  sunos: 'sunos',
  aix: 'aix',
  openharmony: 'openharmony',
};
const CPU_BY_WORD: Record<string, string> = {
  arm64: 'arm64',
  aarch64: 'arm64',
  arm: 'arm',
  x64: 'x64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  loong64: 'loong64',
  mips64el: 'mips64el',
};

const stub = (name: string, version: string, dev: boolean): LockEntry | undefined => {
  const words = (name.split('/').at(-1) ?? name).split(/[-.]/);
  const os = words.map((word) => OS_BY_WORD[word]).find(Boolean);
  const cpu = words.map((word) => CPU_BY_WORD[word]).find(Boolean);
  if (os === undefined) return undefined;
  return {
    version,
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(dev ? { dev: true } : {}),
    ...(os === 'linux' ? { libc: [words.includes('musl') ? 'musl' : 'glibc'] } : {}),
    optional: true,
    os: [os],
  };
};

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockEntry> };
const added: string[] = [];
for (const [place, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const pinned = /^\d+\.\d+\.\d+/.test(version);
    const present = lock.packages[`${place}/node_modules/${name}`] ?? lock.packages[`node_modules/${name}`];
    const missing = pinned && present === undefined ? stub(name, version, entry.dev === true) : undefined;
    if (missing === undefined) continue;
    lock.packages[`node_modules/${name}`] = missing;
    added.push(name);
  }
}

if (process.argv.includes('--check')) {
  if (added.length > 0)
    console.error(`package-lock.json lacks ${added.length} packages of other platforms; run: npm run lock:complete`);
  process.exitCode = added.length > 0 ? 1 : 0;
} else {
  lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
  console.error(`${added.length} added`);
}
