import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { isTriedGo, steadyRuntime } from '../../harness/exact/index.ts';
import { gorootOf, NEWEST_GO, testFolder } from './counted-program.ts';

const folder = testFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const goroot = gorootOf();

const PATCHED = ['runtime/iface.go', 'runtime/rand.go', 'runtime/proc.go'] as const;

/** Every Go that lies on this machine: its own, the newest we know, and those that were fetched through GOTOOLCHAIN. */
const gosHere = (): readonly string[] => {
  const newest = gorootOf(NEWEST_GO);
  const modules = execFileSync('go', ['env', 'GOMODCACHE'], { encoding: 'utf8' }).trim();
  const fetched = existsSync(path.join(modules, 'golang.org'))
    ? readdirSync(path.join(modules, 'golang.org')).flatMap((name) =>
        name.startsWith('toolchain@') ? [path.join(modules, 'golang.org', name)] : [],
      )
    : [];
  return [...new Set([goroot, newest, ...fetched])];
};

/** The go command refuses overlays below the module cache, where fetched toolchains lie; by another name it is outside. */
const outsideModules = (root: string): string => {
  if (!root.includes('/toolchain@')) return root;
  const link = path.join(folder, path.basename(root).replace('@', '-'));
  symlinkSync(root, link);
  return link;
};

/** A GOROOT that holds only what is patched. */
const copyOfRuntime = (name: string, from = goroot): string => {
  const copy = path.join(folder, name);
  for (const file of PATCHED) {
    mkdirSync(path.dirname(path.join(copy, 'src', file)), { recursive: true });
    cpSync(path.join(from, 'src', file), path.join(copy, 'src', file));
  }
  mkdirSync(path.join(copy, 'src/internal/runtime/maps'), { recursive: true });
  return copy;
};

const patched = (root: string, name: string): Readonly<Record<string, string>> => {
  const steady = steadyRuntime(root, path.join(folder, name));
  if (typeof steady === 'string') throw new Error(steady);
  return Object.fromEntries(
    Object.entries(steady.replace).map(([from, to]) => [
      path.relative(path.join(root, 'src'), from),
      readFileSync(to, 'utf8'),
    ]),
  );
};

describe('a runtime without random choices', () => {
  it.each([
    ['this machine’s own', 'local'],
    ['the newest', NEWEST_GO],
  ])(
    'compiles: %s Go',
    (_, toolchain) => {
      const root = outsideModules(gorootOf(toolchain));
      const steady = steadyRuntime(root, path.join(folder, `real-${toolchain}`));
      if (typeof steady === 'string') throw new Error(steady);
      const env = { ...process.env, GOFLAGS: '', GOWORK: 'off', GOROOT: root, GOTOOLCHAIN: 'local' };
      const go = path.join(root, 'bin/go');
      const built = execFileSync(go, ['build', `-overlay=${steady.overlayFile}`, 'runtime'], { cwd: folder, env });
      expect(built.toString()).toBe('');
    },
    120_000,
  );

  it.each(gosHere())('fits %s', (root) => {
    expect(steadyRuntime(root, path.join(folder, path.basename(root)))).toMatchObject({ replace: expect.any(Object) });
  });

  it('fills a cache at every miss, and draws nothing for maps', () => {
    const texts = patched(copyOfRuntime('copy', gorootOf(NEWEST_GO)), 'patched');
    expect(texts['runtime/iface.go']).not.toMatch(/cheaprand\(\)&(?!0 )/);
    expect(texts['runtime/iface.go']?.split('cheaprand()&0 != 0')).toHaveLength(5);
    expect(texts['runtime/rand.go']).toMatch(/func maps_rand\(\) uint64 \{\n\treturn 0x/);
  });

  it.each(gosHere())('takes nothing for a new thread from the sequence of the process: %s', (root) => {
    const texts = patched(root, `threads-${path.basename(root)}`);
    const seeding = /^func mrandinit[^]*?^}$/m.exec(texts['runtime/rand.go'] ?? '')?.[0];
    expect(seeding).toMatch(/mp\.cheaprand = .*seed\[0\]/);
    expect(seeding).not.toMatch(/\brand\(/);
  });

  it('lets a goroutine run for as long as a request takes under the emulator', () => {
    expect(patched(copyOfRuntime('slice'), 'slice-patched')['runtime/proc.go']).toContain(
      'const forcePreemptNS = 200 * 1000 * 1000',
    );
  });

  it('leaves every other line of the runtime as it is', () => {
    const root = copyOfRuntime('same');
    const text = patched(root, 'same-patched')['runtime/iface.go'] ?? '';
    const before = readFileSync(path.join(root, 'src/runtime/iface.go'), 'utf8').split('\n');
    const changed = text.split('\n').filter((line, i) => line !== before[i]);
    expect(changed).toHaveLength(4);
  });

  it('is not had from a Go that reads differently, and says which place it missed', () => {
    const root = copyOfRuntime('other');
    const file = path.join(root, 'src/runtime/iface.go');
    writeFileSync(file, readFileSync(file, 'utf8').replace('cheaprand()&1023', 'cheaprand()&2047'));
    expect(steadyRuntime(root, path.join(folder, 'none'))).toBe(
      'runtime/iface.go of this Go reads differently where a cache of type assertions is filled at random (3 places fit, not 4)',
    );
  });

  it('was tried with Go 1.22 to 1.27, and with nothing that comes after', () => {
    const tried = ['go1.22', 'go1.26.8', 'go1.27.3', 'go1.27rc1'];
    const not = ['go1.21.5', 'go1.28.0', 'devel go1.28-0123456', 'go2.24'];
    expect([...tried, ...not].filter((version) => isTriedGo(version))).toEqual(tried);
  });

  it('is not had from a folder that holds no Go', () => {
    expect(steadyRuntime(folder, path.join(folder, 'none'))).toContain('there is no runtime/iface.go');
  });
});
