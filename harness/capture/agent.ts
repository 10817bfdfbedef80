import { readdir } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TargetStartError } from '../errors.ts';
import { AgentConnection, AgentLostError, openSocket } from './agent-connection.ts';
import {
  type AgentCounters,
  type AgentHello,
  type CpuProfile,
  type Fields,
  fieldsOf,
  type GoroutinePeak,
  parseCounters,
  parseHello,
  parsePeak,
  parseProtocol,
  parseSpanNs,
  parseTraceBytes,
} from './agent-replies.ts';

/** The protocol of harness/service/agent/agent.go. */
const PROTOCOL = 1;

/** A service under heavy load may leave the agent waiting for a while; a dead one is noticed at once anyway. */
const COMMAND_SECONDS = 20;

/** Between two looks for the socket; the handshake costs this much at worst. */
const POLL_MS = 5;

/** `sun_path` holds 104 bytes on Apple's systems, 108 on Linux, the final zero included. */
const MAX_SOCKET_PATH_BYTES = 103;

export interface AgentAddress {
  /** The folder given to the service as GODYNO_AGENT. */
  readonly socketDir: string;
  readonly pid: number;
  /** How long the service may take until its agent answers. */
  readonly timeoutSeconds: number;
  /** How long a command may take before the service counts as lost; 20 s when left out. */
  readonly commandSeconds?: number;
  /** Ends the wait and, later, the connection; abort it when the service exits. */
  readonly signal: AbortSignal;
}

/** `mutex`: one contention in n is recorded; `blockNs`: waits shorter than this are sampled. 0 switches off. */
export interface ProfileRates {
  readonly mutex?: number;
  readonly blockNs?: number;
}

/**
 * The agent inside one process. Commands run one after the other in the order they were asked. Every method throws
 * {@link AgentLostError} when the service is gone, {@link AgentRefusedError} when the agent says no, and the signal's
 * reason after an abort.
 */
export interface Agent {
  readonly hello: AgentHello;
  /** Exact counters; stops the service for about 5 µs on one CPU. */
  counters(): Promise<AgentCounters>;
  /** Two collections, then the counters: the live heap as it is. */
  collectGarbage(): Promise<AgentCounters>;
  setRates(rates: ProfileRates): Promise<void>;
  /** At Go's 100 samples per second of CPU, or as many as asked for (and the kernel's tick delivers). */
  startCpuProfile(hz?: number): Promise<void>;
  /** Takes up to 200 ms (Go's profile writer polls); the span ended when the command arrived. */
  stopCpuProfile(): Promise<CpuProfile>;
  /** A named profile (`heap`, `allocs`, `mutex`, `block`, `goroutine`, …) as gzipped pprof. */
  snapshot(name: string): Promise<Uint8Array>;
  /** The same after two collections, which bring heap profiles up to now. */
  snapshotAfterGc(name: string): Promise<Uint8Array>;
  /** Every goroutine's stack as Go's text (`debug=2`); refused where it comes to more than `maxBytes`. */
  stacks(maxBytes: number): Promise<string>;
  /** Looks at the number of goroutines in this interval until `goroutinePeak` ends it. */
  watchGoroutines(intervalMs: number): Promise<void>;
  goroutinePeak(): Promise<GoroutinePeak>;
  /** Refused at its end where it grew beyond `maxBytes`. */
  startTrace(maxBytes: number): Promise<void>;
  /** Bytes so far; what the runtime still holds in its buffers is not among them. */
  traceBytes(): Promise<number>;
  stopTrace(): Promise<Uint8Array>;
  /** Go 1.25 and newer. */
  startFlightRecorder(ageMs: number, maxBytes: number): Promise<void>;
  flightSnapshot(): Promise<Uint8Array>;
  stopFlightRecorder(): Promise<void>;
  /** Of a service that was built for it (target's `withCoverage`), in the formats of Go's coverage files. */
  coverage(data: 'meta' | 'counters'): Promise<Uint8Array>;
  close(): void;
}

/** The agent is alive and says no: an unknown profile, a CPU profile the service itself runs, an old Go version. */
export class AgentRefusedError extends TargetStartError {
  constructor(asked: string, answer: string) {
    super('AGENT_REFUSED', `The agent inside the service refused "${asked}": ${answer}`, hintFor(answer));
  }
}

const hintFor = (answer: string): string =>
  answer.includes('already in use')
    ? 'The service runs a CPU profiler of its own, and Go allows one at a time; switch it off for the measurement.'
    : 'This is a limit of the service or its Go version, or a mistake in godyno; please report it with the log.';

/** Waits for the agent's socket and shakes hands. Throws {@link TargetStartError} (exit 5) when none answers in time. */
export const connectAgent = async (address: AgentAddress): Promise<Agent> => {
  const deadlineMs = performance.now() + address.timeoutSeconds * 1000;
  const connection = new AgentConnection(await reachSocket(address, deadlineMs), address.signal);
  try {
    const remainingSeconds = Math.max(0.05, (deadlineMs - performance.now()) / 1000);
    const { head } = await connection.ask('hello', remainingSeconds);
    const fields = believed('hello', () => fieldsOf(head));
    checkProtocol(
      believed('hello', () => parseProtocol(fields)),
      address,
    );
    const hello = believed('hello', () => parseHello(fields));
    return makeAgent(hello, connection, address.commandSeconds ?? COMMAND_SECONDS);
  } catch (error) {
    connection.close();
    throw error instanceof AgentLostError ? await notReached(address, error) : error;
  }
};

const socketPathOf = ({ socketDir, pid }: AgentAddress): string => join(socketDir, `${pid}.sock`);

/** The agent listens before `main` begins: where a process that already serves has no socket, none will come. */
const ABSENT_SECONDS = 2;

const isAbsent = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT';

const reachSocket = async (address: AgentAddress, deadlineMs: number): Promise<Socket> => {
  const path = socketPathOf(address);
  checkPathLength(path);
  const absentMs = Math.min(deadlineMs, performance.now() + ABSENT_SECONDS * 1000);
  for (;;) {
    address.signal.throwIfAborted();
    try {
      return await openSocket(path);
    } catch (error) {
      if (performance.now() >= (isAbsent(error) ? absentMs : deadlineMs)) throw await notReached(address, error);
    }
    await delay(POLL_MS, undefined, { signal: address.signal }).catch(() => address.signal.throwIfAborted());
  }
};

const checkPathLength = (path: string): void => {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return;
  throw new TargetStartError(
    'AGENT_PATH_TOO_LONG',
    `The agent's socket ${path} has a path of ${bytes} bytes; the system allows ${MAX_SOCKET_PATH_BYTES}`,
    'Set TMPDIR to a folder with a shorter path.',
  );
};

const checkProtocol = (protocol: number, { pid }: AgentAddress): void => {
  if (protocol === PROTOCOL) return;
  throw new TargetStartError(
    'AGENT_PROTOCOL',
    `The agent in process ${pid} speaks protocol ${protocol}, this godyno speaks ${PROTOCOL}`,
    'The binary was built by another version of godyno; build it again.',
  );
};

const notReached = async (address: AgentAddress, cause: unknown): Promise<TargetStartError> =>
  new TargetStartError(
    'AGENT_NOT_REACHED',
    `No agent answered in process ${address.pid}, which takes the requests (${socketPathOf(address)})`,
    `${await guessWhy(address)} \`godyno doctor\` tries the handshake on its own.`,
    { cause },
  );

const guessWhy = async ({ socketDir, pid }: AgentAddress): Promise<string> => {
  const why =
    'The overlay did not reach the binary, or the service ended before it began. Look for: a list of .go files instead ' +
    'of a package in target.package, an -overlay flag in GOFLAGS or target.buildFlags, a module folder reached through ' +
    'a symlink, a service that replaces itself or clears its environment.';
  // Sockets of processes that were killed stay behind.
  const others = (await readdir(socketDir).catch(() => []))
    .map((name) => Number(name.replace(/\.sock$/, '')))
    .filter((other) => other !== pid && isThere(other));
  if (others.length === 0) return why;
  const pids = others.join(', ');
  return (
    `The agent is in other processes of the service (${pids}), but not in the one that takes the requests: it was started ` +
    'with an environment of its own, or from another binary. Pass GODYNO_AGENT and GODYNO_RATES on to it.'
  );
};

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false; // ended, or no number at all
  }
};

/** A reply without what it should hold is as bad as none. */
const believed = <T>(asked: string, parse: () => T): T => {
  try {
    return parse();
  } catch (cause) {
    throw new AgentLostError(asked, `its reply makes no sense (${String(cause)})`, { cause });
  }
};

const makeAgent = (hello: AgentHello, connection: AgentConnection, commandSeconds: number): Agent => {
  const ask = async <T>(request: string, parse: (fields: Fields, payload: Uint8Array) => T): Promise<T> => {
    const { head, payload } = await connection.ask(request, commandSeconds);
    const fields = believed(request, () => fieldsOf(head));
    if (fields['ok'] !== true) throw new AgentRefusedError(request, String(fields['error']));
    return believed(request, () => parse(fields, payload));
  };
  const counted = (request: string): Promise<AgentCounters> => ask(request, parseCounters);
  const bytes = (request: string): Promise<Uint8Array> => ask(request, (_, payload) => payload);
  const done = (request: string): Promise<void> => ask(request, () => undefined);
  return {
    hello,
    counters: () => counted('counters'),
    collectGarbage: () => counted('gc'),
    setRates: (rates) => done(ratesRequest(rates)),
    startCpuProfile: (hz) => done(hz === undefined ? 'cpu.start' : `cpu.start hz=${hz}`),
    stopCpuProfile: () => ask('cpu.stop', (fields, payload) => ({ bytes: payload, spanNs: parseSpanNs(fields) })),
    snapshot: (name) => bytes(`snapshot name=${name}`),
    snapshotAfterGc: (name) => bytes(`snapshot name=${name} gc=1`),
    stacks: async (maxBytes) => new TextDecoder().decode(await bytes(`stacks maxBytes=${maxBytes}`)),
    watchGoroutines: (intervalMs) => done(`peak.start intervalUs=${Math.round(intervalMs * 1000)}`),
    goroutinePeak: () => ask('peak.stop', parsePeak),
    startTrace: (maxBytes) => done(`trace.start maxBytes=${maxBytes}`),
    traceBytes: () => ask('trace.size', parseTraceBytes),
    stopTrace: () => bytes('trace.stop'),
    startFlightRecorder: (ageMs, maxBytes) => done(`flight.start ageMs=${Math.round(ageMs)} maxBytes=${maxBytes}`),
    flightSnapshot: () => bytes('flight.snapshot'),
    stopFlightRecorder: () => done('flight.stop'),
    coverage: (data) => bytes(`coverage data=${data}`),
    close: () => connection.close(),
  };
};

const ratesRequest = ({ mutex, blockNs }: ProfileRates): string =>
  ['rates', mutex === undefined ? '' : `mutex=${mutex}`, blockNs === undefined ? '' : `block=${blockNs}`]
    .filter((word) => word !== '')
    .join(' ');
