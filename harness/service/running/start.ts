/** One side's service, from its setup commands to the moment it is ready, and to its end. */
import { mkdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { TargetStartError, UsageError } from '../../errors.ts';
import {
  type Endpoint,
  fillTemplate,
  placeholdersOf,
  type ReadyCheck,
  type SetupCommand,
  type Side,
  type TargetSpec,
} from '../../model/index.ts';
import {
  abortError,
  lastLines,
  type ProcessExit,
  runCommand,
  type RunningProcess,
  startProcess,
} from '../../process/index.ts';
import type { Binary } from '../building/link.ts';
import { type MovedPort, movedPortsEnv } from '../building/moving-ports.ts';
import { type Asked, notReady, type Unmet } from './not-ready.ts';
import { ownFoldersPrefix } from './own-folders.ts';
import { makeOwnHome, ownHomeOf, userGoEnv } from './own-home.ts';
import { isPortFree } from './ports.ts';
import { untilReady } from './readiness.ts';
import { requireOnlyThese, type Served, servingProcesses, stillRuns } from './serving.ts';

export interface StartRequest {
  /** What to start; the path alone where the binary was not built here. */
  readonly binary: Pick<Binary, 'path'>;
  readonly spec: TargetSpec;
  readonly side: Side;
  /** Where it is reached. */
  readonly port: number;
  /** Further ports by the name that the scenario uses them under, `${port.name}`; left out, none. */
  readonly ports?: Readonly<Record<string, number>>;
  /** Ports it insists on, and where they are instead; its main port, if it insists on that, first. Left out: none. */
  readonly moved?: readonly MovedPort[];
  /** The side's own temporary folder; made when missing, removed by the caller. */
  readonly tmp: string;
  /** CPUs to bind it to; null: not bound. */
  readonly cpus: readonly number[] | null;
  readonly gomaxprocs: number;
  readonly logFile: string;
  /** Folder (mode 0700, short path) in which the agent opens its socket. */
  readonly agentSocketDir: string;
  /** Added to the scenario's `target.env`, e.g. for an emulator. */
  readonly env?: Readonly<Record<string, string>>;
  /** The side's module folder, in which `target.cwd` is looked for; not the user's own. */
  readonly moduleDir: string;
  /** Working folder of setup and seed commands: the head's module folder on both sides; `moduleDir` when left out. */
  readonly setupDir?: string;
  /** More placeholders than `${port}`, `${tmp}` and `${binary}`. */
  readonly values?: Readonly<Record<string, string>>;
  /** Bytes between heap samples (GODEBUG memprofilerate, which also covers early inits); Go's 512 KiB when left out. */
  readonly heapRateBytes?: number;
  /** Program and arguments in front of the binary, e.g. an emulator. */
  readonly prefix?: readonly string[];
  readonly signal: AbortSignal;
}

export interface RunningTarget {
  readonly side: Side;
  /** The process that was started. */
  readonly pid: number;
  /** The processes that take the requests: the one that was started, or one below it, or several. */
  readonly servingPids: readonly [number, ...number[]];
  readonly port: number;
  /** Free ports that it was given: named ones, and those in place of what it insists on. */
  readonly given: readonly number[];
  /** Where it takes requests. */
  readonly endpoint: Endpoint;
  readonly tmp: string;
  /** What `${tmp}` and `${port.name}` stand for on this side. */
  readonly values: Readonly<Record<string, string>>;
  /** Never rejects; `asked` tells our stop from its own end. */
  readonly exited: Promise<ProcessExit>;
  /** Whether all that take the requests are still there; a parent may outlive them. */
  readonly stillServes: () => Promise<boolean>;
  /** Throws SEVERAL_SERVE when another process of the service has taken requests by now. */
  readonly requireOnlyThese: () => Promise<void>;
  /** SIGTERM, after `target.stopTimeout` SIGKILL; resolves when it and its children are gone. */
  readonly stop: () => Promise<void>;
  /** The last 4 KiB of what it wrote. */
  readonly outputTail: () => string;
  /** What it wrote beyond what its log may hold, in bytes. */
  readonly cutBytes: () => number;
}

/**
 * 1 in 10 mutex events and blocking of 10 µs and more: both cost less than can be measured, and are equal on both
 * sides.
 */
const AGENT_RATES = 'mutex=10 block=10000';

type Fill = (text: string) => string;

/** Values that requests may hold, too. */
const valuesOf = ({ tmp, ports = {} }: StartRequest): Readonly<Record<string, string>> => ({
  tmp,
  ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [`port.${name}`, String(port)])),
});

/** The main port as the service knows it: its own where it was moved. */
const ownPort = ({ moved = [], port }: StartRequest): number => moved.find(({ to }) => to === port)?.from ?? port;

/** `port`: as the reader of the text knows it. */
const filler = (request: StartRequest, port: number): Fill => {
  const values: Readonly<Record<string, string>> = {
    ...request.values,
    ...valuesOf(request),
    port: String(port),
    binary: request.binary.path,
  };
  const known = (name: string): string | undefined => (Object.hasOwn(values, name) ? values[name] : undefined);
  return (text) => {
    const unknown = placeholdersOf(text).find((name) => known(name) === undefined);
    if (unknown === undefined) return fillTemplate(text, known);
    throw new UsageError(
      'UNKNOWN_PLACEHOLDER',
      `The target’s settings use \${${unknown}}, which has no value here (in "${text}")`,
      `Known are ${Object.keys(values)
        .map((name) => `\${${name}}`)
        .join(', ')}; write $\${ for a literal \${.`,
    );
  };
};

const fillAll = (values: Readonly<Record<string, string>>, fill: Fill): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value)]));

const serviceEnv = (request: StartRequest, port: number, fill: Fill): Record<string, string> => {
  const { spec } = request;
  const own = fillAll(spec.env, fill);
  const godebug = own['GODEBUG'] ?? process.env['GODEBUG'] ?? '';
  const heapRate = request.heapRateBytes === undefined ? '' : `memprofilerate=${request.heapRateBytes}`;
  const debug = [godebug, heapRate].filter((part) => part !== '').join(',');
  return {
    PORT: String(port),
    // Locks and files of fixed names in the system's temporary folder are each side's own.
    TMPDIR: request.tmp,
    ...(spec.home === 'user' ? {} : makeOwnHome(request.tmp)),
    ...own,
    ...request.env,
    GOMAXPROCS: String(request.gomaxprocs),
    GOGC: spec.gogc,
    GOMEMLIMIT: spec.gomemlimit,
    ...(debug === '' ? {} : { GODEBUG: debug }),
  };
};

const ITS_OWN_HOME =
  ' Its HOME is an empty folder of its own: where it reads something of yours there, set target.home: user.';

const homeHint = (said: string, { spec, tmp }: StartRequest): string =>
  spec.home !== 'user' && said.includes(ownHomeOf(tmp)) ? ITS_OWN_HOME : '';

/** How the commands beside the service are run. */
interface Aside {
  readonly fill: Fill;
  /** Words in front of them. */
  readonly within: readonly string[];
}

const runAside = async (
  key: 'setup' | 'seed',
  command: SetupCommand,
  request: StartRequest,
  { fill, within }: Aside,
): Promise<void> => {
  const words = [command.command, ...command.args].map(fill);
  const [file = '', ...args] = [...within, ...words];
  const result = await runCommand(
    {
      file,
      args,
      cwd: request.setupDir ?? request.moduleDir,
      env: {
        ...(request.spec.home === 'user' ? {} : userGoEnv()),
        ...serviceEnv(request, request.port, fill),
        ...fillAll(command.env, fill),
      },
      timeoutSeconds: command.timeoutSeconds,
    },
    request.signal,
  );
  if (result.exitCode === 0) return;
  const how = result.timedOut
    ? `did not end within ${command.timeoutSeconds} s`
    : `ended with ${result.exitCode === null ? `signal ${result.signal ?? '?'}` : `exit code ${result.exitCode}`}`;
  const said = `${result.stdout}${result.stderr}`;
  throw new TargetStartError(
    key === 'setup' ? 'SETUP_FAILED' : 'SEED_FAILED',
    `${request.side}: the ${key} command "${words.join(' ')}" ${how}:\n${lastLines(said)}`,
    `Run it by hand; see target.${key} in the scenario. It runs in the module folder of the head’s source.${homeHint(said, request)}`,
  );
};

const describeExit = ({ exitCode, signal }: ProcessExit): string =>
  exitCode === null ? `was ended by signal ${signal ?? '?'}` : `ended with exit code ${exitCode}`;

/** Go 1.27 and later end at once where GODEBUG asks for what is no longer there. */
const REMOVED_SETTING = /removed GODEBUG "([^"]+)" set to old value "([^"]*)"/;

const ONLY_HEADS =
  ' A file that only head has can be named below ${scenarioDir}, and what base needs instead goes into target.base.';

const exitHint = (said: string, request: StartRequest): string => {
  const [, name, value] = REMOVED_SETTING.exec(said) ?? [];
  return name === undefined
    ? 'Check target.args and target.env in the scenario; ${port} and ${tmp} must be used where it takes a port and a data folder.' +
        homeHint(said, request) +
        (request.side === 'base' ? ONLY_HEADS : '')
    : `This Go no longer has the setting ${name}=${value}: take it out of GODEBUG in target.env, or out of the environment. What it kept away is now always on (https://go.dev/doc/godebug).`;
};

const exitedEarly = (request: StartRequest, exit: ProcessExit, running: RunningProcess): TargetStartError =>
  new TargetStartError(
    'TARGET_EXITED',
    `${request.side}: the service ${describeExit(exit)} before it was ready. Its last output:\n${lastLines(running.tail())}`,
    exitHint(running.tail(), request),
  );

/** No load ever leaves this machine. */
const LOOPBACK = '127.0.0.1';

const endpointOf = ({ spec, port }: StartRequest, fill: Fill): Endpoint => ({
  host: LOOPBACK,
  port,
  ...(spec.socket !== undefined && { socket: fill(spec.socket) }),
  ...(spec.tls !== undefined && { tls: spec.tls }),
});

/** Where `target.ready` is asked: a port that the service insists on may have been moved. */
const readyPlaceOf = (request: StartRequest, { at }: ReadyCheck, main: Endpoint, fill: Fill): Endpoint => {
  if (at === undefined) return main;
  const tls = at.tls === true ? { tls: { serverName: null } } : {};
  if (at.socket !== undefined) return { host: LOOPBACK, port: main.port, socket: fill(at.socket), ...tls };
  const asked = Number(fill(at.port ?? '${port}'));
  const { to = asked } = request.moved?.find(({ from }) => from === asked) ?? {};
  return { host: LOOPBACK, port: to, ...tls };
};

/** In turn: what says that the service is ready, and where that is elsewhere, that it takes connections for the load. */
const readyChecks = (request: StartRequest, main: Endpoint, fill: Fill): readonly Asked[] => {
  const ready = { ...request.spec.ready, path: fill(request.spec.ready.path) };
  const asked = { ready, endpoint: readyPlaceOf(request, ready, main, fill) };
  const { at, ...rest } = ready;
  return at === undefined ? [asked] : [asked, { ready: { ...rest, connects: true }, endpoint: main }];
};

/** Returns when the service answers; throws, with the service stopped, when it ends first or its time is up. */
const awaitReady = async (
  request: StartRequest,
  main: Endpoint,
  running: RunningProcess,
  fill: Fill,
): Promise<void> => {
  const { ready } = request.spec;
  const ended = new AbortController();
  let exit: ProcessExit | null = null;
  void running.exited.then((how) => {
    exit = how;
    ended.abort();
  });
  const signal = AbortSignal.any([request.signal, ended.signal, AbortSignal.timeout(ready.timeoutSeconds * 1000)]);
  const failed = await firstUnmet(readyChecks(request, main, fill), signal);
  if (request.signal.aborted) {
    await running.stop(request.spec.stopTimeoutSeconds);
    throw abortError(request.signal);
  }
  if (exit !== null) throw exitedEarly(request, exit, running);
  if (failed === null) return;
  const error = await notReady(request, failed, running);
  await running.stop(request.spec.stopTimeoutSeconds);
  throw error;
};

/** The check that the service has not met when its time is up; null: it has met them all. */
const firstUnmet = async (checks: readonly Asked[], signal: AbortSignal): Promise<Unmet | null> => {
  for (const asked of checks) {
    const answer = await untilReady(asked.endpoint, asked.ready, signal);
    if (answer !== null) return { ...asked, answer };
  }
  return null;
};

/** `target.cwd`, which may be a folder of our own or one of the source. */
const workingFolder = (request: StartRequest, fill: Fill): string => {
  const folder = resolve(request.moduleDir, fill(request.spec.cwd));
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder;
  throw new TargetStartError(
    'CWD_MISSING',
    `${request.side}: there is no folder ${request.spec.cwd} in the module folder of this side to start the service in`,
    'Check target.cwd: relative to the module folder, and in git on both sides, or made by target.generate or target.include.',
  );
};

/** What the service needs to hold before anything is measured; a service that cannot be seeded is stopped. */
const seed = async (request: StartRequest, running: RunningProcess, aside: Aside): Promise<void> => {
  try {
    for (const command of request.spec.seed) await runAside('seed', command, request, aside);
  } catch (error) {
    await running.stop(request.spec.stopTimeoutSeconds);
    throw error;
  }
};

/** sun_path of unix(7), without the NUL at its end. */
const LONGEST_SOCKET = process.platform === 'linux' ? 107 : 103;

const requireShortSocket = ({ socket = '' }: Endpoint, side: Side): void => {
  if (Buffer.byteLength(socket) <= LONGEST_SOCKET) return;
  throw new UsageError(
    'SOCKET_TOO_LONG',
    `${side}: target.socket is ${Buffer.byteLength(socket)} bytes long, the system takes ${LONGEST_SOCKET}: ${socket}`,
    'Choose a shorter name under ${tmp}; TMPDIR=/tmp makes ${tmp} itself shorter.',
  );
};

const requireFreePorts = async ({ side, port, ports = {} }: StartRequest): Promise<void> => {
  for (const each of [port, ...Object.values(ports)]) {
    if (await isPortFree(each)) continue;
    throw new TargetStartError(
      'PORT_TAKEN',
      `${side}: port ${each} is taken by another program`,
      `Stop that program (ss -ltnp 'sport = :${each}' names it), or run again: ports are chosen anew.`,
    );
  }
};

/**
 * Runs the setup commands, starts the service bound to its CPUs, waits until `target.ready` answers with a 2xx and runs
 * the seed commands. Throws PORT_TAKEN, CWD_MISSING, PRIVATE_FOLDER_MISSING, PRIVATE_FOLDER_REFUSED, SETUP_FAILED, TARGET_EXITED, TARGET_NOT_READY or SEED_FAILED (exit
 * 5), UNKNOWN_PLACEHOLDER (exit 2), or the abort's reason; nothing of the service is left running
 * then.
 */
export const startTarget = async (request: StartRequest): Promise<RunningTarget> => {
  const { spec, side, port, tmp, signal } = request;
  const fill = filler(request, request.port);
  const endpoint = endpointOf(request, fill);
  for (const place of [endpoint, ...readyChecks(request, endpoint, fill).map((asked) => asked.endpoint)]) {
    requireShortSocket(place, side);
  }
  mkdirSync(tmp, { recursive: true, mode: 0o700 });
  await requireFreePorts(request);
  const cwd = workingFolder(request, fill);
  const within = await ownFoldersPrefix(spec.private ?? [], request);
  for (const command of spec.setup) await runAside('setup', command, request, { fill, within });
  const told = ownPort(request);
  const fillOwn = filler(request, told);
  const words = [...within, ...(request.prefix ?? []), request.binary.path, ...spec.args.map(fillOwn)];
  const [file = '', ...args] = words;
  const running = await startProcess(
    {
      file,
      args,
      cwd,
      env: {
        ...serviceEnv(request, told, fillOwn),
        ...movedPortsEnv(request.moved ?? []),
        GODYNO_AGENT: request.agentSocketDir,
        GODYNO_RATES: AGENT_RATES,
      },
      cpus: request.cpus,
      logFile: request.logFile,
    },
    signal,
  );
  await awaitReady(request, endpoint, running, fill);
  await seed(request, running, { fill, within });
  const served: Served = { side, pid: running.pid, endpoint };
  const stop = async (): Promise<void> => running.stop(spec.stopTimeoutSeconds);
  const serving = await servingProcesses(served);
  const [first = running.pid, ...workers] = serving;
  return {
    side,
    pid: running.pid,
    servingPids: [first, ...workers],
    stillServes: async () => (await Promise.all([first, ...workers].map(stillRuns))).every(Boolean),
    requireOnlyThese: async () => {
      if (serving.length > 0) await requireOnlyThese(served, serving);
    },
    port,
    given: [...Object.values(request.ports ?? {}), ...(request.moved ?? []).map(({ to }) => to)],
    endpoint,
    tmp,
    values: valuesOf(request),
    exited: running.exited,
    stop,
    outputTail: running.tail,
    cutBytes: running.cutBytes,
  };
};
