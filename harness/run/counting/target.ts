/** A service whose work is counted: started alone and without collection, prepared, attached to the loader; gone after. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Side } from '../../model/index.ts';
import type { Binary, RunningTarget } from '../../service/index.ts';
import { folderOf } from '../../folders.ts';
import { loadPlan } from '../launch/load-plan.ts';
import type { Session } from '../session/session.ts';
import { prepareSide, startSide } from '../launch/start-side.ts';
import type { CountingPlace } from './places.ts';

export interface CountedStart {
  readonly binary: Binary;
  readonly side: Side;
  /** Of all starts of the pass. */
  readonly number: number;
  readonly place: CountingPlace;
  readonly godebug: string;
  /** Of the scenario's own time to get ready. */
  readonly readyTimes?: number;
  readonly requestTimeoutSeconds: number;
  /** Empty: the agent in the binary stays inert. */
  readonly agentSocketDir: string;
  /** Program and arguments in front of the binary. */
  readonly prefix?: readonly string[];
  /** Added to the scenario's environment. */
  readonly env?: (tmp: string) => Readonly<Record<string, string>>;
}

export interface CountedTarget {
  readonly target: RunningTarget;
  /** Prepares it and connects the loader. */
  readonly attach: () => Promise<void>;
}

const withDebug = (own: string | undefined, ours: string): string =>
  own === undefined || own === '' ? ours : `${own},${ours}`;

const attachTo = async (
  session: Session,
  { side, place: { loader }, requestTimeoutSeconds: timeoutSeconds }: CountedStart,
  target: RunningTarget,
): Promise<void> => {
  const users = await prepareSide(session, target, timeoutSeconds);
  await loader.attach({
    targets: { [side]: { ...target.endpoint, values: target.values, users } },
    plan: loadPlan(session, { launch: 1, timeoutSeconds, connections: 1 }),
  });
};

/** Stops it and removes its folder whatever `use` does. Throws what starting throws. */
export const withCountedTarget = async <T>(
  session: Session,
  start: CountedStart,
  use: (counted: CountedTarget) => Promise<T>,
): Promise<T> => {
  const { plan } = session;
  const { name } = plan.scenario;
  const { binary, side, number, place, readyTimes = 1, prefix } = start;
  const { loader, cpus, ports } = place;
  const { spec } = binary.build;
  const folder = join(plan.workDir, `x${number}`);
  const tmp = join(folder, side);
  await mkdir(tmp, { recursive: true });
  try {
    const target = await startSide(session, {
      binary,
      spec: {
        ...spec,
        gogc: 'off',
        gomemlimit: 'off',
        ready: { ...spec.ready, timeoutSeconds: readyTimes * spec.ready.timeoutSeconds },
        seed: spec.seed.map((command) => ({ ...command, timeoutSeconds: readyTimes * command.timeoutSeconds })),
        env: { ...spec.env, GODEBUG: withDebug(spec.env['GODEBUG'], start.godebug) },
      },
      side,
      ports,
      cpus,
      tmp,
      gomaxprocs: 1,
      logFile: join(plan.outDir, 'logs', folderOf(name), `${side}-exact-${number}.log`),
      agentSocketDir: start.agentSocketDir,
      ...(start.env !== undefined && { env: start.env(tmp) }),
      ...(prefix !== undefined && { prefix }),
    });
    try {
      return await use({ target, attach: async () => attachTo(session, start, target) });
    } finally {
      await loader.detach().catch(() => undefined);
      await session.upkeep.stop([target]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
