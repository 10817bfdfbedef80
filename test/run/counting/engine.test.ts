import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { cacheFolder, stepFor } from '../../../harness/run/counting/engine.ts';

const QEMU = { kind: 'qemu', program: 'qemu-x86_64', version: '7.2', pluginApi: 1, plugin: '/p.so' } as const;
const PERF = { kind: 'perf', helper: '/h' } as const;
const COVER = { kind: 'cover' } as const;
const MISSING = { reason: 'nothing is installed', hint: 'install it' };

describe('what an engine does about the gates', () => {
  it.each([QEMU, PERF])('counts with $kind for a gate that is open as for one that has fired', (engine) => {
    expect(stepFor(engine, 'open')).toBe('count');
    expect(stepFor(engine, 'fired')).toBe('count');
  });

  it('lets calls wait until a gate has fired, and does without them when none does', () => {
    expect(stepFor(COVER, 'open')).toBe('wait');
    expect(stepFor(COVER, 'fired')).toBe('count');
    expect(stepFor(COVER, 'quiet')).toBe('refuse');
  });

  it('refuses at once where nothing counts', () => {
    expect(stepFor(MISSING, 'open')).toBe('refuse');
    expect(stepFor(MISSING, 'fired')).toBe('refuse');
  });
});

describe('the folder of compiled helpers', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is the cache, or where that cannot be made the run’s own', async () => {
    const workDir = mkdtempSync(path.join(tmpdir(), 'engine-'));
    try {
      vi.stubEnv('GODYNO_CACHE', path.join(workDir, 'cache'));
      expect(await cacheFolder(workDir)).toBe(path.join(workDir, 'cache/exact'));
      for (const nowhere of ['/proc/nope', '/dev/null/nope', 'off']) {
        vi.stubEnv('GODYNO_CACHE', nowhere);
        expect(await cacheFolder(workDir)).toBe(path.join(workDir, 'exact-cache'));
      }
    } finally {
      rmSync(workDir, { recursive: true, force: true });
    }
  });
});
