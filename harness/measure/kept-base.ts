/** A base that is linked and started again from the bundles of its baselines, one for each scenario. */
import { join } from 'node:path';
import { type Bundle, type Unpacked, unpackBundle } from '../bundle/index.ts';
import type { SideTree } from '../run/index.ts';
import type { SourceTree } from '../source/index.ts';

/** One scenario's part of it. */
export interface KeptTree extends Unpacked {
  readonly bundle: Bundle;
}

/**
 * Its source lies in a folder whose path is as long as those of other sides (`base`, `head`): a working folder is in the
 * service's environment. `number`: of the scenario, from 0. Throws `BUNDLE_BROKEN`.
 */
export const unpackBase = async (bundle: Bundle, workDir: string, number: number): Promise<KeptTree> => {
  const source = join(workDir, `b${String(number).padStart(3, '0')}`);
  return { ...(await unpackBundle(bundle, { source, archives: `${source}-archives` })), bundle };
};

/** By scenario; all are of one revision. */
export const unpackBases = async (
  bundles: ReadonlyMap<string, Bundle>,
  workDir: string,
): Promise<ReadonlyMap<string, KeptTree>> => {
  const kept = new Map<string, KeptTree>();
  for (const [scenario, bundle] of bundles) kept.set(scenario, await unpackBase(bundle, workDir, kept.size));
  return kept;
};

export const keptSourceTree = ({ rootDir, bundle: { manifest } }: KeptTree): SourceTree => ({
  side: 'base',
  revision: manifest.revision,
  rootDir,
  ownDir: rootDir,
  commit: null,
  found: `linked again from its bundle, made when the baseline was recorded (${manifest.createdAt.slice(0, 10)})`,
  notes: [],
});

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
