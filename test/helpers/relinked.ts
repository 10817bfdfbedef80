/** A build that went through a bundle: packed, and prepared again from what was unpacked, as another machine would. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { findBundle, packBundle, unpackBundle } from '../../harness/bundle/index.ts';
import { compileToKeep, type LinkStep, type PreparedBuild, prepareRelink } from '../../harness/service/index.ts';
import { makeFolder, never } from '../service/go-modules.ts';

export interface Relinked {
  readonly build: PreparedBuild;
  /** Of the bundle, unpacked, and what the store grew by. */
  readonly bytes: number;
  readonly addedBytes: number;
}

/** `rootDir` is removed once it is packed: nothing of the source is there when it is linked again. */
export const throughBundle = async (
  build: PreparedBuild,
  rootDir: string,
  {
    linkSeed,
    store = makeFolder(),
    step = null,
  }: { readonly linkSeed: number | null; readonly store?: string; readonly step?: LinkStep | null },
): Promise<Relinked> => {
  const judged = await compileToKeep(build, { linkSeed, movesPorts: false, step }, never);
  const revision = { revision: 'a'.repeat(40), label: 'base', kind: 'git' } as const;
  const kept = { scenario: 's', revision, rootDir, module: '', judged, counted: null, countedReason: 'not asked for' };
  const packed = await packBundle(store, kept, new Date(0));
  rmSync(rootDir, { recursive: true });
  const bundle = await findBundle(store, packed);
  if (bundle === null) throw new Error('the bundle was not found again');
  const place = makeFolder();
  const unpacked = await unpackBundle(bundle, { source: join(place, 'base'), archives: join(place, 'archives') });
  const relinked = await prepareRelink(unpacked.judged, {
    side: 'base',
    spec: build.spec,
    moduleDir: unpacked.rootDir,
    runDir: unpacked.rootDir,
    workDir: place,
    cacheKey: bundle.digest,
    signal: never,
  });
  return { build: relinked, bytes: packed.bytes, addedBytes: packed.addedBytes };
};
