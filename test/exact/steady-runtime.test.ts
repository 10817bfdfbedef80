import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { steadyRuntime } from '../../harness/exact/index.ts';
import { testFolder } from './counted-program.ts';

const folder = testFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const goroot = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();

/** A GOROOT that holds only what is patched. */
const copyOfRuntime = (name: string): string => {
  const copy = path.join(folder, name);
  for (const file of ['runtime/iface.go', 'runtime/rand.go', 'runtime/proc.go']) {
    mkdirSync(path.dirname(path.join(copy, 'src', file)), { recursive: true });
    cpSync(path.join(goroot, 'src', file), path.join(copy, 'src', file));
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

describe('a runtime without dice', () => {
  it('compiles with this Go', () => {
    const steady = steadyRuntime(goroot, path.join(folder, 'real'));
    if (typeof steady === 'string') throw new Error(steady);
    const env = { ...process.env, GOFLAGS: '', GOWORK: 'off' };
    const listed = execFileSync('go', ['build', `-overlay=${steady.overlayFile}`, 'runtime'], { cwd: folder, env });
    expect(listed.toString()).toBe('');
  }, 60_000);

  it('fills a cache at every miss, and draws nothing for maps', () => {
    const texts = patched(copyOfRuntime('copy'), 'patched');
    expect(texts['runtime/iface.go']).not.toMatch(/cheaprand\(\)&(?!0 )/);
    expect(texts['runtime/iface.go']?.split('cheaprand()&0 != 0')).toHaveLength(5);
    expect(texts['runtime/rand.go']).toMatch(/func maps_rand\(\) uint64 \{\n\treturn 0x/);
    expect(texts['runtime/rand.go']).not.toContain('mp.cheaprand = rand()');
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

  it('is not had from a Go that reads differently, and says which line it missed', () => {
    const root = copyOfRuntime('other');
    const file = path.join(root, 'src/runtime/iface.go');
    writeFileSync(file, readFileSync(file, 'utf8').replace('cheaprand()&1023', 'cheaprand()&2047'));
    expect(steadyRuntime(root, path.join(folder, 'none'))).toBe(
      'runtime/iface.go of this Go holds "cheaprand()&1023 != 0" 1 times, not 2',
    );
  });

  it('is not had from a folder that holds no Go', () => {
    expect(steadyRuntime(folder, path.join(folder, 'none'))).toContain('there is no runtime/iface.go');
  });
});
