/** Tries what the source suggests: builds the program as it is, starts it, and asks it for its paths. */
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BuildError } from '../errors.ts';
import { fillTemplate } from '../model/index.ts';
import { runCommand, startProcess } from '../process/index.ts';
import { freePorts } from '../target/index.ts';
import type { SourceHints, StartGuess } from './init-hints.ts';

export interface Proposal {
  readonly start: StartGuess;
  /** Answers 2xx. */
  readonly ready: string;
  /** Paths that answered 2xx at once, in the order of the source. */
  readonly paths: readonly string[];
  /** Other paths of the source, and why they are no load: `answered 401`, `took 1.2 s`. */
  readonly passedOver: readonly { readonly path: string; readonly why: string }[];
}

export type Trial =
  | { readonly kind: 'works'; readonly proposal: Proposal }
  /** What its last try said. */
  | { readonly kind: 'silent'; readonly output: string };

const BUILD_TIMEOUT_SECONDS = 1800;
/** Until it listens; most need a tenth of a second. */
const LISTEN_TIMEOUT_MS = 8_000;
const ANSWER_TIMEOUT_MS = 3_000;
const POLL_MS = 50;
const STOP_SECONDS = 3;
const MOST_PATHS = 60;
const MOST_STARTS = 6;

/** Where services tell that they are up, the most usual first. */
const READY_PATHS = ['/healthz', '/health', '/readyz', '/ready', '/livez', '/ping', '/status', '/api/health', '/'];

export const buildProgram = async (
  cwd: string,
  packagePath: string,
  folder: string,
  signal: AbortSignal,
): Promise<string> => {
  const binary = join(folder, 'program');
  const built = await runCommand(
    { file: 'go', args: ['build', '-o', binary, packagePath], cwd, timeoutSeconds: BUILD_TIMEOUT_SECONDS },
    signal,
  );
  if (built.exitCode === 0) return binary;
  throw new BuildError(
    'BUILD_FAILED',
    `go build ${packagePath} failed:\n${built.stderr.trimEnd().split('\n').slice(0, 20).join('\n')}`,
    'Make it build first, or write the scenario without a trial: godyno init --no-try.',
  );
};

const listens = async (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, end(false)).once('connect', end(true)).once('error', end(false));
  });

const ask = async (port: number, path: string, signal: AbortSignal): Promise<number | null> => {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
    });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    signal.throwIfAborted();
    return null;
  }
};

/** A route that waits on purpose, or for another service, measures that and keeps everything else from being asked. */
const SLOW_MS = 500;

const whyNot = (status: number | null, tookMs: number): string =>
  status !== null && !isGood(status) ? `answered ${status}` : `took ${(tookMs / 1000).toFixed(1)} s`;

const isGood = (status: number): boolean => status >= 200 && status < 300;

const probe = async (
  port: number,
  start: StartGuess,
  hints: SourceHints,
  signal: AbortSignal,
): Promise<Proposal | null> => {
  const good: string[] = [];
  const passedOver: { path: string; why: string }[] = [];
  for (const path of [...new Set([...hints.paths, ...READY_PATHS])].slice(0, MOST_PATHS)) {
    const askedAt = performance.now();
    const status = await ask(port, path, signal);
    const tookMs = performance.now() - askedAt;
    if (status !== null && isGood(status) && tookMs <= SLOW_MS) good.push(path);
    else if (hints.paths.includes(path)) passedOver.push({ path, why: whyNot(status, tookMs) });
  }
  const ready = READY_PATHS.find((path) => good.includes(path)) ?? good[0];
  if (ready === undefined) return null;
  const load = good.filter((path) => hints.paths.includes(path) && (path !== ready || path === '/'));
  return { start, ready, paths: load.length > 0 ? load : [ready], passedOver };
};

interface Program {
  readonly binary: string;
  readonly cwd: string;
  /** An empty folder of ours. */
  readonly folder: string;
}

const tryStart = async (
  program: Program,
  start: StartGuess,
  hints: SourceHints,
  signal: AbortSignal,
): Promise<Trial> => {
  const [free = 0] = start.port === null ? await freePorts(1) : [];
  const port = start.port ?? free;
  const fill = (text: string): string =>
    fillTemplate(text, (name) => ({ port: String(port), tmp: program.folder })[name]);
  const env = Object.fromEntries(Object.entries(start.env).map(([name, value]) => [name, fill(value)]));
  const running = await startProcess(
    { file: program.binary, args: start.args.map(fill), cwd: program.cwd, env: { PORT: String(port), ...env } },
    signal,
  );
  try {
    let alive = true;
    void running.exited.then(() => {
      alive = false;
    });
    const deadline = performance.now() + LISTEN_TIMEOUT_MS;
    while (alive && performance.now() < deadline) {
      if (await listens(port)) {
        const proposal = await probe(port, start, hints, signal);
        return proposal === null ? { kind: 'silent', output: running.tail() } : { kind: 'works', proposal };
      }
      await delay(POLL_MS, undefined, { signal });
    }
    return { kind: 'silent', output: running.tail() };
  } finally {
    await running.stop(STOP_SECONDS);
  }
};

/** The first way to start it with which it answers anything 2xx. A fixed port that somebody else holds is passed over. */
export const tryStarts = async (
  program: Program,
  hints: SourceHints,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<Trial> => {
  let last: Trial = { kind: 'silent', output: '' };
  for (const start of hints.starts.slice(0, MOST_STARTS)) {
    if (start.port !== null && (await listens(start.port))) continue;
    say(`starting it with ${start.found}`);
    const trial = await tryStart(program, start, hints, signal);
    if (trial.kind === 'works') return trial;
    if (trial.output !== '') last = trial;
  }
  return last;
};
