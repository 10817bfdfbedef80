import { readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { type Dose, withPlanter } from '../../harness/plant/index.ts';
import { linkBinary, type PreparedBuild, prepareBuild } from '../../harness/service/index.ts';
import { folderRevision, goMod, makeFolder, makeSpec, never, removeFolders } from '../service/go-modules.ts';

afterAll(removeFolders);

const MAIN = `package main

import "runtime"

func work() string { return "disk" }

func main() {
	println(work(), runtime.NumGoroutine())
}
`;

const STRAND: Dose = { kind: 'leak-goroutine', every: 1, rounds: 0, objects: 0, bytes: 0, nanoseconds: 0 };

const said = async (build: PreparedBuild): Promise<string> => {
  const { path } = await linkBinary(build, { linkSeed: null, cpus: null }, never);
  return execFileSync('sh', ['-c', '"$0" 2>&1', path], { encoding: 'utf8' }).trim();
};

test('a side is built with the agent, the user’s own overlay, and the fault on top of it; the other without the fault', async () => {
  const moduleDir = makeFolder({ 'go.mod': goMod('layered'), 'main.go': MAIN });
  const users = makeFolder({ 'other.go': MAIN.replace('"disk"', '"overlay"') });
  const overlay = join(users, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: { [join(moduleDir, 'main.go')]: join(users, 'other.go') } }));
  const prepare = async (planted: string | null): Promise<PreparedBuild> =>
    prepareBuild({
      side: planted === null ? 'base' : 'head',
      sourceDir: moduleDir,
      moduleDir,
      revision: folderRevision('layered'),
      spec: makeSpec({ buildFlags: [`-overlay=${overlay}`] }),
      overlay: planted,
      workDir: makeFolder(),
      signal: never,
    });
  const base = await prepare(null);
  const planter = await withPlanter(makeFolder(), base.facts.go, never);
  const { overlayFile, refused } = await planter.plant({
    source: {
      moduleDir: base.facts.moduleDir,
      package: base.spec.package,
      flags: base.flags,
      env: base.spec.buildEnv,
      go: base.facts.go,
      overlayFile: base.overlayFile,
      foreign: base.agentImportPath,
    },
    candidates: [{ name: `${base.agentImportPath}.start` }, { name: 'main.work' }],
    dose: STRAND,
    folder: makeFolder(),
  });
  // The agent is in the build, but it is not the user's to be edited.
  expect(refused.map(({ reason }) => reason)).toEqual([expect.stringContaining('own packages')]);
  const head = await prepare(overlayFile);
  const keys = (build: PreparedBuild): readonly string[] =>
    Object.keys((JSON.parse(readFileSync(build.overlayFile, 'utf8')) as { Replace: object }).Replace);
  expect(keys(head).filter((key) => !keys(base).includes(key))).toEqual([expect.stringContaining('zz_godyno_plant')]);
  expect(await said(base)).toBe('overlay 1');
  expect(await said(head)).toBe('overlay 2');
});
