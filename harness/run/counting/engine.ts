/** Which engine counts for exact mode on this machine, probed where compiled helpers are kept. */
import { access, constants } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { makeFolder } from '../../folders.ts';
import { chooseEngine, type CountingEngine, isMissing, type Missing, probeEngines } from '../../exact/index.ts';
import type { GoProgram } from '../../process/index.ts';
import { linkCacheFolder, pruneFolder } from '../../service/index.ts';
import type { RunPlan } from '../session/plan.ts';

export interface FoundEngine {
  readonly engine: CountingEngine | Missing;
  /** Why the emulator is not it, with the line that installs it; null when it is. */
  readonly noEmulator: string | null;
}

/** How far the gates are: one is open after a look, has fired, or none has. */
export type GateState = 'open' | 'fired' | 'quiet';

/**
 * Instructions answer a gate that is open and one that has fired. Calls decide nothing: they wait for a gate that fires,
 * and when none does, the line that installs a better engine is all there is to say.
 */
export const stepFor = (engine: CountingEngine | Missing, state: GateState): 'count' | 'wait' | 'refuse' => {
  if (isMissing(engine)) return 'refuse';
  if (engine.kind !== 'cover' || state === 'fired') return 'count';
  return state === 'open' ? 'wait' : 'refuse';
};

const sentence = ({ reason, hint }: Missing): string => `${reason} (${hint})`;

/** Counting plugins of earlier versions; each is built in a second. */
const KEPT_BYTES = 50e6;

/** The user's cache; where it cannot be written, the run's own folder, and everything is compiled again next time. */
export const cacheFolder = async (workDir: string): Promise<string> => {
  const links = linkCacheFolder();
  const shared = links === null ? null : join(dirname(links), 'exact');
  try {
    if (shared !== null) {
      await makeFolder(shared);
      await access(shared, constants.W_OK);
      return shared;
    }
  } catch {
    // A home that is read-only, or none at all: what lacks is only the shortcut.
  }
  const own = join(workDir, 'exact-cache');
  await makeFolder(own);
  return own;
};

/** `go`: what builds the service. */
export const findEngine = async ({ workDir, signal }: RunPlan, go: GoProgram): Promise<FoundEngine> => {
  const cacheDir = await cacheFolder(workDir);
  const ours = join(workDir, 'exact-probe');
  await makeFolder(ours);
  await pruneFolder(cacheDir, KEPT_BYTES).catch(() => undefined); // a cache that cannot be tidied is none the worse
  const engines = await probeEngines({ cacheDir, workDir: ours, go, signal });
  return { engine: chooseEngine(engines), noEmulator: isMissing(engines.qemu) ? sentence(engines.qemu) : null };
};

/**
 * Where instructions are asked for and nothing here counts any, that is said before anything is built. Throws
 * {@link UsageError} `NO_COUNTING_ENGINE`.
 */
export const requireEngine = async (plan: RunPlan, go: GoProgram): Promise<void> => {
  const { exact } = plan.scenario.measure;
  if (plan.purpose === 'calibrate' || (exact !== 'only' && exact !== 'always')) return;
  const { engine, noEmulator } = await findEngine(plan, go);
  const counts = !isMissing(engine) && (plan.purpose === 'record' ? engine.kind === 'qemu' : engine.kind !== 'cover');
  if (counts) return;
  throw new UsageError(
    'NO_COUNTING_ENGINE',
    `${plan.scenario.name}: exact is "${exact}", and nothing on this machine counts instructions: ${noEmulator ?? ''}`,
    'Install what is missing, or use `--exact auto`; `godyno doctor` says what each engine lacks.',
  );
};
