import { chmodSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { probeCover } from '../../harness/exact/cover.ts';
import {
  chooseEngine,
  emulatedCpu,
  probeQemu,
  type ProbeRequest,
  type QemuEngine,
  startOf,
} from '../../harness/exact/index.ts';
import { probed, testFolder } from './counted-program.ts';

const folder = testFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const found = await probed(folder);
const why = 'reason' in found ? ` (SKIPPED: ${found.reason}; ${found.hint})` : '';

const request = (more: Partial<ProbeRequest>): ProbeRequest => ({
  cacheDir: path.join(folder, 'cache'),
  workDir: path.join(folder, 'work'),
  signal: AbortSignal.timeout(60_000),
  ...more,
});

/** A folder that alone is PATH, with programs that do as the script says. */
const pathWith = (name: string, programs: Readonly<Record<string, string>>): string => {
  const dir = path.join(folder, name);
  mkdirSync(dir, { recursive: true });
  for (const [program, script] of Object.entries(programs)) {
    writeFileSync(path.join(dir, program), `#!/bin/sh\n${script}\n`);
    chmodSync(path.join(dir, program), 0o755);
  }
  return dir;
};

const EMULATOR = process.arch === 'arm64' ? 'qemu-aarch64' : 'qemu-x86_64';

describe('looking for an emulator', () => {
  it('says which program is missing and how to install it', async () => {
    const missing = await probeQemu(request({ path: pathWith('nothing', {}) }));
    expect(missing).toMatchObject({ reason: `${EMULATOR} is not installed` });
    expect(missing).toMatchObject({ hint: expect.stringContaining('qemu-user') as string });
  });

  it('says that a C compiler is missing', async () => {
    const missing = await probeQemu(request({ path: pathWith('bare', { [EMULATOR]: 'echo qemu version 7.2.0' }) }));
    expect(missing).toMatchObject({ reason: expect.stringContaining('no C compiler') as string });
  });

  it('tells what a compiler says that cannot build the plugin', async () => {
    const tools = {
      [EMULATOR]: 'echo version 7.2.0',
      cc: '[ "$1" = --version ] || { echo no headers here >&2; exit 1; }',
    };
    const missing = await probeQemu(request({ path: pathWith('broken', tools), cacheDir: path.join(folder, 'c2') }));
    expect(missing).toMatchObject({ reason: expect.stringContaining('no headers here') as string });
  });

  it('does not look where there is nothing to find', async () => {
    const missing = await probeQemu(request({ arch: 's390x' }));
    expect(missing).toMatchObject({ reason: expect.stringContaining('s390x') as string });
  });

  it.skipIf(why !== '')(`does not take an emulator that runs without counting${why}`, async () => {
    const missing = await probeQemu(
      request({ path: `${pathWith('deaf', { [EMULATOR]: 'echo version 9.9' })}:/usr/bin:/bin` }),
    );
    expect(missing).toMatchObject({ reason: expect.stringContaining('it ran without counting') as string });
  });

  it.skipIf(why !== '')(`goes on to the next plugin API when qemu refuses one${why}`, async () => {
    const picky = `case "$*" in *api1-*) echo "plugin requires API version 1, but this QEMU supports only a minimum version of 2" >&2; exit 1;; esac
[ "$1" = --version ] && { echo version 9.0.0; exit 0; }
echo "tried API 2" >&2; exit 3`;
    const missing = await probeQemu(request({ path: `${pathWith('picky', { [EMULATOR]: picky })}:/usr/bin:/bin` }));
    expect(missing).toMatchObject({ reason: expect.stringContaining('tried API 2') as string });
  });

  it.skipIf(why !== '')(`compiles the plugin once and finds it again${why}`, async () => {
    const cacheDir = path.join(folder, 'again');
    const first = await probeQemu(request({ cacheDir }));
    const compiled = readdirSync(cacheDir);
    const second = await probeQemu(request({ cacheDir }));
    expect(first).toMatchObject({ kind: 'qemu', pluginApi: expect.any(Number) as number });
    expect(second).toEqual(first);
    expect(readdirSync(cacheDir)).toEqual(compiled);
    expect(compiled).toHaveLength(1);
  });
});

describe('the emulated CPU', () => {
  const engine = found as QemuEngine;

  it.skipIf(why !== '')(`is the same however often it is asked, and none of this machine’s${why}`, async () => {
    const asked = await emulatedCpu(engine, request({}));
    expect(asked).toMatch(/^\w+ .+:/);
    const cacheDir = path.join(folder, 'anew');
    mkdirSync(cacheDir);
    expect(await emulatedCpu(engine, request({ cacheDir }))).toBe(asked);
  });

  it.skipIf(why !== '')(`is another one where the emulator offers something else${why}`, async () => {
    const other = process.arch === 'arm64' ? 'cortex-a53' : 'qemu64';
    const dir = pathWith('other', { [EMULATOR]: `exec /usr/bin/env ${engine.program} -cpu ${other} "$3" 2>/dev/null` });
    const program = path.join(dir, EMULATOR);
    const [usual, asked] = [
      await emulatedCpu(engine, request({})),
      await emulatedCpu({ ...engine, program }, request({})),
    ];
    expect(asked).toMatch(/^\w+ .+:/);
    expect(asked).not.toBe(usual);
  });

  it.skipIf(why !== '')(`is unknown where it cannot be asked${why}`, async () => {
    const program = path.join(pathWith('mute', { [EMULATOR]: 'exit 1' }), EMULATOR);
    expect(await emulatedCpu({ ...engine, program }, request({}))).toBeNull();
  });
});

describe('choosing an engine', () => {
  const engines = {
    perf: { kind: 'perf', helper: '/helper' },
    qemu: { kind: 'qemu', program: 'qemu-x86_64', version: '7.2', pluginApi: 1, plugin: '/c.so' },
    cover: { kind: 'cover' },
  } as const;
  const missing = (reason: string) => ({ reason, hint: 'install it' });

  it('takes the one that tells most: the emulator, then the CPU’s counter, then calls', () => {
    expect(chooseEngine(engines)).toBe(engines.qemu);
    expect(chooseEngine({ ...engines, qemu: missing('q') })).toBe(engines.perf);
    expect(chooseEngine({ ...engines, qemu: missing('q'), perf: missing('p') })).toBe(engines.cover);
  });

  it('misses the emulator where there is none', () => {
    const none = { qemu: missing('q'), perf: missing('p'), cover: missing('c') };
    expect(chooseEngine(none)).toEqual(missing('q'));
  });

  it('finds coverage counters wherever Go has its tools, and says what is missing without Go', async () => {
    mkdirSync(path.join(folder, 'work'), { recursive: true });
    expect(await probeCover(request({}))).toEqual({ kind: 'cover' });
    expect(await probeCover(request({ path: pathWith('no go', {}) }))).toMatchObject({
      reason: expect.stringContaining('go') as string,
    });
    const lame = await probeCover(request({ path: pathWith('lame', { go: 'echo no such tool cover >&2; exit 2' }) }));
    expect(lame).toMatchObject({ reason: 'go has no cover tool: no such tool cover' });
  });
});

describe('starting a service under the emulator', () => {
  it('fixes the seed, and doubles commas, at which qemu would split a path', () => {
    const engine = { kind: 'qemu', program: 'qemu-x86_64', version: '7.2', pluginApi: 1, plugin: '/a,b/c.so' } as const;
    const { prefix, godebug } = startOf(engine, '/tmp/x,y');
    expect(prefix.join(' ')).toBe('qemu-x86_64 -cpu max -seed 1 -plugin file=/a,,b/c.so,path=/tmp/x,,y');
    expect(godebug).toContain('asyncpreemptoff=1');
  });
});
