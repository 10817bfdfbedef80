/** The agents of all processes of a side that take requests, as one. */
import { type Agent, connectAgent, joinAgents } from '../../capture/index.ts';
import { decodeProfile, encodeProfile, mergeWorkers } from '../../profile/index.ts';
import type { RunningTarget } from '../../service/index.ts';

/** The agent answers within milliseconds; this covers a machine that is starved for a while. */
const HANDSHAKE_SECONDS = 15;

const mergeBytes = (profiles: readonly Uint8Array[], name: string): Uint8Array =>
  encodeProfile(mergeWorkers(profiles.map((bytes) => decodeProfile(bytes, name))));

/** Throws what {@link connectAgent} throws for the first process without one; no connection is left open then. */
export const connectAll = async (
  { servingPids }: RunningTarget,
  socketDir: string,
  signal: AbortSignal,
): Promise<Agent> => {
  const connected: Agent[] = [];
  try {
    for (const pid of servingPids) {
      connected.push(await connectAgent({ socketDir, pid, timeoutSeconds: HANDSHAKE_SECONDS, signal }));
    }
  } catch (error) {
    for (const agent of connected) agent.close();
    throw error;
  }
  const [first, second, ...others] = connected;
  if (first === undefined) throw new Error('a side is served by one process at least');
  return second === undefined ? first : joinAgents([first, second, ...others], mergeBytes);
};

/** For the report; null: one process takes them all. */
export const workersNote = ({ side, servingPids }: RunningTarget): string | null =>
  servingPids.length === 1
    ? null
    : `${side}: ${servingPids.length} processes of the service take the requests; their counters are added up and their profiles merged. Exact mode cannot count them.`;
