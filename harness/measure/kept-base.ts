/** A base that is linked and started again from the bundles of its baselines, one for each scenario. */
import { join } from 'node:path';
import { type Bundle, type Unpacked, unpackBundle } from '../bundle/index.ts';
import type { SideTree } from '../run/index.ts';
import type { SourceTree } from '../source/index.ts';

/** One scenario's part of it. */
export interface KeptTree extends Unpacked {
  readonly bundle: Bundle;
}

export type KeptBases = ReadonlyMap<string, KeptTree>;

type MadeTree = Omit<SourceTree, 'side' | 'commit'>;

/** Unpacks each scenario's bundle; the tree is the first one's, all are of one revision. Throws `BUNDLE_BROKEN`. */
export const unpackBases = async (
  bundles: ReadonlyMap<string, Bundle>,
  { source, workDir }: { readonly source: string; readonly workDir: string },
): Promise<{ readonly tree: MadeTree; readonly kept: KeptBases }> => {
  const kept = new Map<string, KeptTree>();
  for (const [scenario, bundle] of bundles) {
    const number = kept.size;
    const folder = join(workDir, 'kept', String(number));
    const folders = { source: number === 0 ? source : join(folder, 'source'), archives: join(folder, 'archives') };
    kept.set(scenario, { ...(await unpackBundle(bundle, folders)), bundle });
  }
  const [first] = kept.values();
  if (first === undefined) throw new Error('no bundle was given');
  const { rootDir, bundle } = first;
  const { revision, createdAt } = bundle.manifest;
  const notes = [`base: linked again from its bundle, made when the baseline was recorded (${createdAt.slice(0, 10)})`];
  return { tree: { revision, rootDir, ownDir: rootDir, notes }, kept };
};

export const keptSideTree = ({ revision }: SourceTree, { rootDir, judged, counted, bundle }: KeptTree): SideTree => {
  const moduleDir = join(rootDir, bundle.manifest.module);
  return {
    rootDir,
    moduleDir,
    runRoot: rootDir,
    runDir: moduleDir,
    added: '',
    revision,
    compiled: { judged, counted, key: bundle.digest },
  };
};
