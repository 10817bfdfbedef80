import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { bothSides, type BySide, type Side } from '../../../harness/model/index.ts';
import { type LinkPlan, type LinkedPair, withLinks } from '../../../harness/run/session/links.ts';
import { type PreparedBuild, prepareBuild } from '../../../harness/service/index.ts';
import { folderRevision, goMod, HELLO, makeFolder, makeSpec, never, removeFolders } from '../../service/go-modules.ts';

afterEach(removeFolders);

const prepareSides = async (main: string): Promise<BySide<PreparedBuild>> => {
  const moduleDir = makeFolder({ 'go.mod': goMod('example.com/hello'), 'main.go': main });
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
  return { base: await prepare('base'), head: await prepare('head') };
};

const planFor = async (lanes: LinkPlan['lanes'], main = HELLO): Promise<LinkPlan> => ({
  prepared: await prepareSides(main),
  seed: 5,
  lanes,
  signal: never,
});

const filesOf = ({ binaries }: LinkedPair): readonly string[] => {
  const { base, head } = bothSides((side) => binaries[side].path);
  return [base, head];
};

const areThere = (pair: LinkedPair): boolean => filesOf(pair).every((file) => existsSync(file));

// Builds of Go from an empty cache, on a machine that may be busy.
const PATIENCE = { timeout: 120_000 };

it('gives every launch a layout of its own, equal on both sides, and leaves no binary behind', PATIENCE, async () => {
  const seeds: (number | null)[] = [];
  const files: string[] = [];
  await withLinks(
    await planFor([null]),
    () => undefined,
    async (links) => {
      // Three launches where links take less than a launch; on a machine too busy for that, three of each layout.
      while (new Set(seeds).size < 3 && seeds.length < 9) {
        const pairs = await links.next(1);
        expect(pairs).toHaveLength(1);
        for (const pair of pairs) {
          const { base, head } = pair.binaries;
          seeds.push(pair.linkSeed);
          files.push(...filesOf(pair));
          expect(base.linkSeed).toBe(head.linkSeed);
          expect(path.basename(base.path)).toBe(path.basename(head.path));
          expect(areThere(pair)).toBe(true);
        }
      }
      const { base, head } = links.linkSeconds();
      const quick = base.every((seconds, index) => seconds + (head[index] ?? 0) < 4);
      if (quick) expect(seeds).toHaveLength(3);
    },
  );
  expect(new Set(seeds).size).toBe(3);
  expect(files.filter((file) => existsSync(file))).toEqual([]);
});

it('gives launches at the same time pairs that all stay until the next ones are asked for', PATIENCE, async () => {
  const files = new Set<string>();
  let earlier: readonly LinkedPair[] = [];
  const seeds: (number | null)[] = [];
  await withLinks(
    await planFor([null, null]),
    () => undefined,
    async (links) => {
      for (const launches of [1, 2, 2, 1, 2]) {
        const pairs = await links.next(launches);
        expect(pairs).toHaveLength(launches);
        expect(pairs.every(areThere)).toBe(true);
        expect(links.again()).toBe(pairs.at(-1));
        // Only the last one before may still have launches to come.
        expect(
          earlier
            .slice(0, -1)
            .filter((pair) => !pairs.includes(pair))
            .some(areThere),
        ).toBe(false);
        earlier = pairs;
        seeds.push(...pairs.map(({ linkSeed }) => linkSeed));
        for (const file of pairs.flatMap(filesOf)) files.add(file);
      }
    },
  );
  // Launches of one layout follow each other, however many it has.
  expect(seeds).toHaveLength(8);
  expect(seeds.filter((seed, at) => seed !== seeds[at - 1])).toHaveLength(new Set(seeds).size);
  expect([...files].filter((file) => existsSync(file))).toEqual([]);
});

it('begins head only when base is compiled, so a base that does not compile is alone and named', PATIENCE, async () => {
  const building: Side[] = [];
  const plan = await planFor([null], 'package main\n\nfunc main() { undefinedThing() }\n');
  const failed = withLinks(
    plan,
    (side) => {
      building.push(side);
      return undefined;
    },
    async () => Promise.resolve(),
  );
  await expect(failed).rejects.toThrow(/^base: go build \. failed:\n[^]*undefined: undefinedThing/);
  expect(building).toEqual(['base']);
});
