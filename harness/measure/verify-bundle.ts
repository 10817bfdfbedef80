/** Whether a bundle gives back a service that works: it is unpacked, linked, started and asked each request once. */
import { dirname, join, resolve } from 'node:path';
import type { Bundle } from '../bundle/index.ts';
import type { Scenario } from '../model/index.ts';
import { type Rehearsal, rehearse } from '../run/index.ts';
import { keptSourceTree, unpackBase } from './kept-base.ts';
import { provisioned } from './provisioned.ts';
import type { Say } from './step.ts';
import { withWorkFolder } from './work-folder.ts';

export interface VerifyRequest {
  readonly scenario: Scenario;
  readonly bundle: Bundle;
  readonly say: Say;
  readonly signal: AbortSignal;
}

/** Any would do: what is linked is not measured. */
const SEED = 1;

/** Throws `BUNDLE_BROKEN`, a BuildError for one that cannot be linked, and what starting it throws. */
export const verifyBundle = async ({ scenario, bundle, say, signal }: VerifyRequest): Promise<Rehearsal> =>
  withWorkFolder(async (workDir) => {
    const own = await unpackBase(bundle, workDir, 0);
    const tree = keptSourceTree(own);
    const folder = resolve(dirname(scenario.file));
    const as = {
      scenario,
      folders: { base: folder, head: folder },
      trees: { base: tree, head: { ...tree, side: 'head' } },
      given: { seed: SEED, workDir, budgetSeconds: scenario.measure.budgetSeconds },
      say,
      kept: { base: own, head: own },
    } as const;
    const setting = { scenarios: [scenario], outDir: join(workDir, 'out'), purpose: 'compare', signal } as const;
    return provisioned(setting, as, async ({ plan }) => rehearse(plan, 'base'));
  });
