/** The one place where a side's process is started, whatever it is started for. */
import type { Scenario, Side, TargetSpec } from '../model/index.ts';
import { freePorts, type RunningTarget, startTarget, type StartRequest } from '../target/index.ts';
import type { Session } from './session.ts';

export interface SidePorts {
  readonly main: number;
  /** By the scenario's names for them. */
  readonly more: Readonly<Record<string, number>>;
}

/** Free ports of five digits for one side; a service that insists on its main port has that. */
export const portsFor = async ({ target }: Scenario): Promise<SidePorts> => {
  const [main = 0, ...more] = await freePorts(1 + target.ports.length);
  return {
    main: target.port ?? main,
    more: Object.fromEntries(target.ports.map((name, index) => [name, more[index] ?? 0])),
  };
};

/** What differs between one start and another. */
export interface SideStart
  extends Pick<
    StartRequest,
    'binary' | 'tmp' | 'gomaxprocs' | 'logFile' | 'agentSocketDir' | 'env' | 'heapRateBytes' | 'prefix'
  > {
  readonly side: Side;
  readonly spec: TargetSpec;
  readonly ports: SidePorts;
}

export const startSide = async (session: Session, start: SideStart): Promise<RunningTarget> => {
  const { plan, prepared, settings } = session;
  const { ports, side, ...rest } = start;
  const { scenarioDir } = plan.trees[side];
  return startTarget({
    ...rest,
    side,
    port: ports.main,
    ports: ports.more,
    cpus: settings.pinned ? settings.targetCpus : null,
    moduleDir: prepared[side].runDir,
    setupDir: prepared.head.runDir,
    ...(scenarioDir === undefined ? {} : { values: { scenarioDir } }),
    signal: plan.signal,
  });
};
