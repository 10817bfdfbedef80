import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkExactTarget } from '../../../harness/cli/doctor/exact.ts';
import { linkBinary, prepareBuild, type PreparedBuild, whyRuntimeFails } from '../../../harness/service/index.ts';
import { spoilModuleData } from '../../exact/spoiled-tables.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from '../../service/go-modules.ts';

afterAll(removeFolders);

let build: PreparedBuild;
let file = '';
beforeAll(async () => {
  const sourceDir = makeFolder({ 'go.mod': goMod('example.com/hello'), 'main.go': HELLO });
  build = await prepareBuild({
    side: 'head',
    sourceDir,
    moduleDir: sourceDir,
    revision: folderRevision('hello'),
    spec: makeSpec(),
    workDir: makeFolder(),
    signal: never,
  });
  file = (await linkBinary(build, { linkSeed: null, cpus: null }, never)).path;
}, 120_000);

const check = async (changed: Partial<{ readonly build: PreparedBuild; readonly path: string }> = {}) =>
  checkExactTarget({ build, path: file, folder: makeFolder(), signal: never, ...changed });

const version = (): string => build.facts.goVersion;

/** The same Go, but for one line of its runtime. */
const otherGo = (): PreparedBuild => {
  const goroot = makeFolder();
  for (const name of ['iface.go', 'rand.go', 'proc.go']) {
    mkdirSync(path.join(goroot, 'src/runtime'), { recursive: true });
    const text = readFileSync(path.join(build.facts.goEnv['GOROOT'] ?? '', 'src/runtime', name), 'utf8');
    writeFileSync(path.join(goroot, 'src/runtime', name), text.replace('forcePreemptNS =', 'forcePreemptNanos ='));
  }
  mkdirSync(path.join(goroot, 'src/internal/runtime/maps'), { recursive: true });
  return { ...build, facts: { ...build.facts, goEnv: { ...build.facts.goEnv, GOROOT: goroot } } };
};

/** The program, its tables as nobody lays them out. */
const spoiled = (): string => {
  const copy = path.join(makeFolder(), 'spoiled');
  writeFileSync(copy, spoilModuleData(readFileSync(file)));
  return copy;
};

describe.runIf(process.platform === 'linux')('what the doctor says of exact mode on the target', () => {
  it('is fine where its functions are read and its runtime can be patched', async () => {
    expect(await check()).toEqual({
      state: 'ok',
      found: `${version()}: its functions are read and its runtime can be patched, changes from 0.1 % on`,
      advice: '',
    });
  });

  it('warns of a runtime that reads differently, and which changes are called then', async () => {
    expect(await check({ build: otherGo() })).toEqual({
      state: 'warn',
      found: `its runtime cannot be patched (${version()}: runtime/proc.go of this Go reads differently where the time slice of a goroutine is set (0 places fit, not 1))`,
      advice: 'Exact mode then calls changes from 0.3 % on, not from 0.1 %.',
    });
  });

  it('warns of tables that are not understood, and that no function will be named', async () => {
    expect(await check({ path: spoiled() })).toEqual({
      state: 'warn',
      found: `${version()}: the tables of its functions are not understood (the record of its main module (moduledata) was not found or is laid out in another way)`,
      advice: 'Exact mode then counts totals: it calls changes from 2 % on and names no function.',
    });
    expect((await check({ path: spoiled(), build: otherGo() }))?.found).toMatch(/not understood.*; its runtime cannot/);
  });

  it('compiles the runtime of a Go that nobody tried before it says that it can be patched', async () => {
    const newer = { ...build, facts: { ...build.facts, goVersion: 'go1.99rc1' } };
    expect(await check({ build: newer })).toMatchObject({ state: 'ok' });
  }, 120_000);

  it('says what the compiler has against a runtime that was changed', async () => {
    const file = path.join(build.facts.goEnv['GOROOT'] ?? '', 'src/runtime/rand.go');
    const folder = makeFolder({ 'rand.go': `${readFileSync(file, 'utf8')}\nvar steady int = "dice"\n` });
    const overlay = path.join(folder, 'overlay.json');
    writeFileSync(overlay, JSON.stringify({ Replace: { [file]: path.join(folder, 'rand.go') } }));
    expect(await whyRuntimeFails(build, overlay, never)).toMatch(/^rand\.go:\d+:\d+: cannot use "dice"/);
  }, 120_000);

  it('is the truth of a file that is no program, too', async () => {
    const text = path.join(makeFolder({ text: 'hello' }), 'text');
    expect((await check({ path: text }))?.found).toMatch(/is not an ELF file/);
    rmSync(text);
  });
});
