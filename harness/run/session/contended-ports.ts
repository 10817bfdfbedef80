/** Ports that both sides ask for: found at the first launch, and moved from then on. */
import { TargetStartError } from '../../errors.ts';
import { listeningAddresses, type RunningTarget } from '../../service/index.ts';
import type { Session } from './session.ts';

/** The service asks for these ports on both sides: it is built anew so that they can be moved. */
export class ContendedPortsError extends TargetStartError {
  readonly ports: readonly number[];

  constructor(ports: readonly number[]) {
    const what = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(', ')}`;
    super(
      'PORTS_CONTENDED',
      `Both sides listen on ${what}, whatever the scenario asks for: building again, so that each gets ports of its own`,
      'Nothing to do.',
    );
    this.ports = ports;
  }
}

/** As package net words it: `listen tcp :9090: bind: address already in use`. */
const IN_USE = /listen (?:tcp|udp)[46]? \S*?:(\d{1,5}): bind: address already in use/g;

/** Ports that a service which did not start found taken, as far as it says so in Go's words. */
export const takenPortsIn = (output: string): readonly number[] => [
  ...new Set([...output.matchAll(IN_USE)].map(([, port]) => Number(port))),
];

/** From here on the system gives ports to whoever asks for any (ip_local_port_range of Linux). */
const FIRST_ANY_PORT = 32_768;

const portsOf = async ({ pid, port }: RunningTarget): Promise<readonly number[]> => {
  const addresses = await listeningAddresses(pid);
  const ports = addresses.map((address) => Number(address.slice(address.lastIndexOf(':') + 1)));
  return [...new Set(ports)].filter((one) => one !== port && one < FIRST_ANY_PORT);
};

/** Where it may still be done something about; later launches are started as the first one. */
const isFirst = ({ launches, settings, plan }: Session): boolean =>
  launches.length === 0 && settings.mode === 'together' && plan.scenario.target.sides === 'auto';

/** More than this are not a service's own ports but something that changes from start to start. */
const MOST_MOVED = 12;

/** Throws {@link ContendedPortsError} where moving `ports` is still to be tried. */
export const moveIfNew = (session: Session, ports: readonly number[]): void => {
  const added = ports.filter((port) => port > 0 && !session.movedPorts.includes(port));
  const { base, head } = session.prepared;
  if (session.movedPorts.length + added.length > MOST_MOVED) return;
  if (added.length > 0 && isFirst(session) && base.unmovable === null && head.unmovable === null)
    throw new ContendedPortsError(added);
};

/**
 * A service may go on without a listener that it did not get, with a line in its log: then one side serves less than
 * the other. Ports of which only one side holds what is no free port of ours are moved.
 */
export const requireSamePorts = async (session: Session, started: readonly RunningTarget[]): Promise<void> => {
  const [one, other] = started;
  if (one === undefined || other === undefined || !isFirst(session)) return;
  const [left, right] = [await portsOf(one), await portsOf(other)];
  const given = new Set(started.flatMap(({ given: ports }) => ports));
  const apart = [...left.filter((port) => !right.includes(port)), ...right.filter((port) => !left.includes(port))];
  moveIfNew(
    session,
    apart.filter((port) => !given.has(port)),
  );
};

/** For the report. */
export const movingNotes = (ports: readonly number[], unmovable: string | null): readonly string[] => {
  if (ports.length === 0) return [];
  const what = ports.length === 1 ? `port ${ports[0]}` : `ports ${ports.join(', ')}`;
  return [
    unmovable === null
      ? `The service insists on ${what}; side by side each side had free ones instead (package net of the measured builds moves them).`
      : `The service insists on ${what}, which cannot be moved: ${unmovable}.`,
  ];
};
