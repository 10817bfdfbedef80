/** Under which conditions a side is counted alone: with them counts are stored, and compared later, elsewhere. */
import { join } from 'node:path';
import {
  COUNTED_GODEBUG,
  EMULATED_CPU,
  emulatedCpu,
  patchesDigest,
  pluginDigest,
  type QemuEngine,
} from '../../exact/index.ts';
import { makeFolder } from '../../folders.ts';
import { requestsDigest } from '../../load/index.ts';
import type { CountConditions } from '../../model/index.ts';
import { agentDigest, type Binary, buildFacts } from '../../service/index.ts';
import { loadPlan } from '../launch/load-plan.ts';
import type { Session } from '../session/session.ts';
import { cacheFolder } from './engine.ts';

/** Settings of a build that choose other code, whoever set them. */
const CODE_SETTINGS = ['CGO_ENABLED', 'GOAMD64', 'GOARM64', 'GOEXPERIMENT', 'GOFIPS140', '-race'] as const;

interface CountedAlone {
  readonly engine: QemuEngine;
  readonly binary: Binary;
  readonly requests: number;
  readonly steady: boolean;
}

const featuresOf = async ({ plan }: Session, engine: QemuEngine): Promise<string> => {
  const workDir = join(plan.workDir, 'exact-probe');
  await makeFolder(workDir);
  const cacheDir = await cacheFolder(plan.workDir);
  return (await emulatedCpu(engine, { cacheDir, workDir, signal: plan.signal })) ?? 'unknown';
};

/** `session`: with the seed that its requests are drawn by. */
export const conditionsOf = async (
  session: Session,
  { engine, binary, requests, steady }: CountedAlone,
): Promise<CountConditions> => {
  const { goVersion, settings } = await buildFacts(binary, session.plan.signal);
  const goSettings = CODE_SETTINGS.flatMap((name): readonly (readonly [string, string])[] => {
    const value = settings[name];
    return value === undefined ? [] : [[name, value]];
  });
  // As it is replayed: by number from 0, warm-up first.
  const replayed = loadPlan(session, { launch: 1, timeoutSeconds: 0, connections: 1 });
  return {
    goVersion,
    goos: settings['GOOS'] ?? '',
    goarch: settings['GOARCH'] ?? '',
    goSettings: Object.fromEntries(goSettings),
    engine: engine.kind,
    engineVersion: engine.version,
    cpu: EMULATED_CPU,
    cpuFeatures: await featuresOf(session, engine),
    plugin: pluginDigest(),
    runtimePatches: steady ? patchesDigest() : 'none',
    agent: agentDigest().slice(0, 16),
    gomaxprocs: 1,
    gogc: 'off',
    gomemlimit: 'off',
    godebug: COUNTED_GODEBUG,
    seed: session.plan.seed,
    requests,
    requestsDigest: requestsDigest(replayed, 2 * requests),
  };
};
