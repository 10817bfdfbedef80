import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Side } from '../../../harness/model/index.ts';
import { withLinks } from '../../../harness/run/session/links.ts';
import { type PreparedBuild, prepareBuild } from '../../../harness/service/index.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from '../../service/go-modules.ts';

afterEach(removeFolders);

// Builds of Go from an empty cache, on a machine that may be busy.
it('gives every launch a layout of its own, equal on both sides, and leaves no binary behind', {
  timeout: 120_000,
}, async () => {
  const moduleDir = makeFolder({ 'go.mod': goMod('example.com/hello'), 'main.go': HELLO });
  const workDir = makeFolder();
  const prepare = async (side: Side): Promise<PreparedBuild> =>
    prepareBuild({
      side,
      sourceDir: moduleDir,
      moduleDir,
      revision: folderRevision(side),
      spec: makeSpec(),
      workDir,
      signal: never,
    });
  const prepared = { base: await prepare('base'), head: await prepare('head') };
  const seeds: (number | null)[] = [];
  const files: string[] = [];
  const plan = { prepared, seed: 5, cpus: null, signal: never };
  await withLinks(
    plan,
    () => undefined,
    async (links) => {
      // Three launches where links take less than a launch; on a machine too busy for that, three of each layout.
      while (new Set(seeds).size < 3 && seeds.length < 9) {
        const { linkSeed, binaries } = await links.next();
        seeds.push(linkSeed);
        files.push(binaries.base.path, binaries.head.path);
        expect(binaries.base.linkSeed).toBe(binaries.head.linkSeed);
        expect(path.basename(binaries.base.path)).toBe(path.basename(binaries.head.path));
        expect([binaries.base, binaries.head].every((binary) => existsSync(binary.path))).toBe(true);
      }
      const { base, head } = links.linkSeconds();
      const quick = base.every((seconds, index) => seconds + (head[index] ?? 0) < 4);
      if (quick) expect(seeds).toHaveLength(3);
    },
  );
  expect(new Set(seeds).size).toBe(3);
  expect(files.filter((file) => existsSync(file))).toEqual([]);
});
