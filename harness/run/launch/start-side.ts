/** The one place where a side's process is started, whatever it is started for. */
import { TargetStartError } from '../../errors.ts';
import { capturedBy, encodedAlready, type LoadUser, sendPrepare } from '../../load/index.ts';
import { prepareOf, type Scenario, type Side, type TargetSpec } from '../../model/index.ts';
import { freePorts, type MovedPort, type RunningTarget, startTarget, type StartRequest } from '../../service/index.ts';
import type { Session } from '../session/session.ts';

export interface SidePorts {
  readonly main: number;
  /** By the scenario's names for them. */
  readonly more: Readonly<Record<string, number>>;
  /** Those it insists on, and where they are instead. */
  readonly moved: readonly MovedPort[];
}

/**
 * Free ports of five digits for one side. A service that insists on its main port has that, unless it is among the
 * ports to move.
 */
export const portsFor = async ({ target }: Scenario, movedPorts: readonly number[] = []): Promise<SidePorts> => {
  const others = movedPorts.filter((port) => port !== target.port);
  const free = await freePorts(1 + target.ports.length + others.length);
  const [first = 0, ...rest] = free;
  const isMoved = target.port !== null && movedPorts.includes(target.port);
  const main = isMoved ? first : (target.port ?? first);
  return {
    main,
    more: Object.fromEntries(target.ports.map((name, index) => [name, rest[index] ?? 0])),
    moved: [
      ...(isMoved && target.port !== null ? [{ from: target.port, to: main }] : []),
      ...others.map((from, index) => ({ from, to: rest[target.ports.length + index] ?? 0 })),
    ],
  };
};

/** What differs between one start and another. */
export interface SideStart
  extends Pick<
    StartRequest,
    'binary' | 'cpus' | 'tmp' | 'gomaxprocs' | 'logFile' | 'agentSocketDir' | 'env' | 'heapRateBytes' | 'prefix'
  > {
  readonly side: Side;
  readonly spec: TargetSpec;
  readonly ports: SidePorts;
}

export const startSide = async (session: Session, start: SideStart): Promise<RunningTarget> => {
  const { plan, prepared } = session;
  const { ports, side, ...rest } = start;
  const { scenarioDir } = plan.trees[side];
  return startTarget({
    ...rest,
    side,
    port: ports.main,
    ports: ports.more,
    moved: ports.moved,
    moduleDir: prepared[side].runDir,
    setupDir: prepared.head.runDir,
    ...(scenarioDir === undefined ? {} : { values: { scenarioDir } }),
    signal: plan.signal,
  });
};

const OTHER_ON_BASE =
  ' Where the change moves a route of load.prepare, give the request `side: head`, and base’s own one `side: base`.';

/** Sends what comes before the load, and returns what it left each user with. An error names the side. */
export const prepareSide = async (
  { plan, notes }: Session,
  target: RunningTarget,
  timeoutSeconds: number,
): Promise<readonly LoadUser[]> => {
  const { endpoint, values, side } = target;
  const { data, users = 1, cookies } = plan.scenario.load;
  const sent = { requests: prepareOf(plan.scenario, side), data, users, ...(cookies !== undefined && { cookies }) };
  try {
    const prepared = await sendPrepare({
      endpoint,
      values,
      ...sent,
      timeoutSeconds,
      onSent: (one) => plan.onProgress({ kind: 'prepared', side, sent: one }),
      signal: plan.signal,
    });
    for (const note of encodedAlready(plan.scenario.load.requests, [capturedBy(prepared)])) notes.add(note);
    return prepared;
  } catch (error) {
    if (!(error instanceof TargetStartError)) throw error;
    const hint = side === 'base' ? `${error.hint}${OTHER_ON_BASE}` : error.hint;
    throw new TargetStartError(error.code, `${side}: ${error.message}`, hint, { cause: error });
  }
};
