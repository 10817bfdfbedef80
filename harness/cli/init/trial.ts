/** Tries what the source suggests: starts the built program, looks where it listens, and asks it for its paths. */
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fillTemplate } from '../../model/index.ts';
import { type RunningProcess, startProcess } from '../../process/index.ts';
import type { Survey } from '../../survey/index.ts';
import { freePorts, listeningAddresses, makeOwnHome } from '../../service/index.ts';
import {
  argsOf,
  configGuesses,
  describeStart,
  envOf,
  getPaths,
  hostsBeside,
  isReadyPath,
  movesFor,
  portIn,
  READY_PATHS,
  readyAmong,
  type StartGuess,
  startGuesses,
} from './hints.ts';

export interface PassedOver {
  readonly path: string;
  /** `answered 401`, `took 1.2 s`. */
  readonly why: string;
}

export interface Answers {
  /** Answers 2xx. */
  readonly ready: string;
  /** `${port.admin}` or a number, where `ready` answers on another port than the load; null: on the same. */
  readonly readyPort: string | null;
  /** Paths that answered 2xx at once, in the order of the source. */
  readonly paths: readonly string[];
  /** Other paths of the source. */
  readonly passedOver: readonly PassedOver[];
}

export interface Works extends Answers {
  readonly start: StartGuess;
  /** Ports it opens besides, and that no flag or variable of the source moves. */
  readonly fixedPorts: readonly number[];
  /** It listens on all interfaces, however it was asked. */
  readonly exposed: boolean;
}

export type Trial =
  | { readonly kind: 'works'; readonly found: Works }
  /** What its last try printed. */
  | { readonly kind: 'silent'; readonly output: string };

export interface BuiltProgram {
  readonly binary: string;
  /** Module folder of a copy: what it writes there is removed with it. */
  readonly cwd: string;
  /** An empty folder of ours, `${tmp}`. */
  readonly folder: string;
  /** Removes what a start left in both, so that the next is a first one, too. */
  readonly refresh: () => Promise<void>;
  readonly survey: Survey;
  /** Configuration files of the source, relative to the module. */
  readonly configs: readonly string[];
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Until it listens; most need a tenth of a second. */
const LISTEN_TIMEOUT_MS = 8_000;
/** Once it listens somewhere else, until it is believed that this is all it does. */
const ELSEWHERE_MS = 1_200;
/** Between its first listener and the last. */
const SETTLE_MS = 400;
const ANSWER_TIMEOUT_MS = 3_000;
const POLL_MS = 50;
const STOP_SECONDS = 3;
const MOST_PATHS = 80;
const MOST_STARTS = 16;

const connects = async (port: number): Promise<boolean> =>
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

/** From here on the system gives ports to whoever asks for any (ip_local_port_range of Linux). */
const FIRST_ANY_PORT = 32_768;

const isGood = (status: number): boolean => status >= 200 && status < 300;

const whyNot = (status: number | null, tookMs: number): string => {
  if (status === null) return `did not answer within ${ANSWER_TIMEOUT_MS / 1000} s`;
  return isGood(status) ? `took ${(tookMs / 1000).toFixed(1)} s` : `answered ${status}`;
};

/** Where a start listens, and what its placeholders stood for. */
interface Opened {
  readonly port: number;
  readonly others: readonly number[];
  readonly values: Readonly<Record<string, string>>;
}

/** null: nothing it was asked for answers 2xx. */
const probe = async ({ port, others, values }: Opened, { survey, signal }: BuiltProgram): Promise<Answers | null> => {
  const known = getPaths(survey);
  const good: string[] = [];
  const passedOver: PassedOver[] = [];
  for (const path of [...new Set([...known, ...READY_PATHS])].slice(0, MOST_PATHS)) {
    const askedAt = performance.now();
    const status = await ask(port, path, signal);
    const tookMs = performance.now() - askedAt;
    if (status !== null && isGood(status) && tookMs <= SLOW_MS) good.push(path);
    else if (known.includes(path)) passedOver.push({ path, why: whyNot(status, tookMs) });
  }
  const here = readyAmong(good);
  if (here === undefined) return null;
  // Where the main port has no health route, that of another one: a route of the load says less about a start.
  const there = isReadyPath(here) ? null : await healthAt(others, signal);
  const load = good.filter((path) => known.includes(path) && (there !== null || path !== here || path === '/'));
  return {
    ready: there?.path ?? here,
    readyPort: there === null ? null : portText(there.port, values),
    paths: load.length > 0 ? load : [here],
    passedOver: passedOver.filter(({ path }) => path !== there?.path),
  };
};

interface Health {
  readonly port: number;
  readonly path: string;
}

/** A usual health route among other ports; one that does not answer HTTP is not asked on. */
const healthAt = async (ports: readonly number[], signal: AbortSignal): Promise<Health | null> => {
  for (const port of ports) {
    for (const path of READY_PATHS.filter(isReadyPath)) {
      const status = await ask(port, path, signal);
      if (status === null) break;
      if (isGood(status)) return { port, path };
    }
  }
  return null;
};

const PORT_NAME = /^port\.(.+)$/;

/** As the scenario names it. */
const portText = (port: number, values: Readonly<Record<string, string>>): string => {
  const name = Object.keys(values).find((key) => PORT_NAME.test(key) && values[key] === String(port));
  return name === undefined ? String(port) : `\${${name}}`;
};

/** What one start came to. */
interface StartAttempt {
  /** null: it did not listen on the port it was told, or answered nothing there. */
  readonly answers: Answers | null;
  /** Where it listened, as /proc has it; empty where there is no /proc. */
  readonly addresses: readonly string[];
  readonly output: string;
  readonly port: number;
}

const portsOf = (addresses: readonly string[]): readonly number[] => [
  ...new Set(addresses.flatMap((address) => portIn(address) ?? [])),
];

/** Free ports for `${port}` and each `${port.NAME}`, as text. */
const valuesFor = async (guess: StartGuess, folder: string): Promise<Readonly<Record<string, string>>> => {
  const texts = [...argsOf(guess), ...Object.values(envOf(guess))];
  const names = new Set(
    texts.flatMap((text) => [...text.matchAll(/\$\{(port(?:\.[^}]+)?)\}/g)].map(([, name = '']) => name)),
  );
  const extra = [...names].filter((name) => PORT_NAME.test(name));
  const [first = 0, ...others] = await freePorts(1 + extra.length);
  return {
    tmp: folder,
    port: String(guess.port ?? first),
    ...Object.fromEntries(extra.map((name, index) => [name, String(others[index] ?? 0)])),
  };
};

const attempt = async (program: BuiltProgram, guess: StartGuess): Promise<StartAttempt> => {
  const values = await valuesFor(guess, program.folder);
  const fill = (text: string): string => fillTemplate(text, (name) => values[name]);
  const env = Object.fromEntries(Object.entries(envOf(guess)).map(([name, value]) => [name, fill(value)]));
  const port = Number(values['port']);
  const running = await startProcess(
    {
      file: program.binary,
      args: argsOf(guess).map(fill),
      cwd: program.cwd,
      env: { PORT: String(port), PWD: program.cwd, TMPDIR: program.folder, ...makeOwnHome(program.folder), ...env },
    },
    program.signal,
  );
  try {
    const listening = await untilListening(running, port, program.signal);
    const addresses = await listeningAddresses(running.pid);
    const others = portsOf(addresses).filter((one) => one !== port && one < FIRST_ANY_PORT);
    const answers = listening ? await probe({ port, others, values }, program) : null;
    return { answers, addresses, output: running.tail(), port };
  } finally {
    await running.stop(STOP_SECONDS);
    await program.refresh();
  }
};

/** False when it ended, listened elsewhere only, or not in time. */
const untilListening = async (running: RunningProcess, port: number, signal: AbortSignal): Promise<boolean> => {
  let alive = true;
  void running.exited.then(() => {
    alive = false;
  });
  const deadline = performance.now() + LISTEN_TIMEOUT_MS;
  let elsewhereMs: number | null = null;
  while (alive && performance.now() < deadline) {
    if (await connects(port)) {
      await delay(SETTLE_MS, undefined, { signal });
      return alive;
    }
    if (elsewhereMs === null && (await listeningAddresses(running.pid)).length > 0) elsewhereMs = performance.now();
    if (elsewhereMs !== null && performance.now() - elsewhereMs > ELSEWHERE_MS) return false;
    await delay(POLL_MS, undefined, { signal });
  }
  return false;
};

/** Reached from other machines. */
const isOpen = (address: string): boolean => /^(?:0\.0\.0\.0|\[::\]):/.test(address);

const isExposed = ({ addresses, port }: StartAttempt): boolean =>
  addresses.some((address) => isOpen(address) && portIn(address) === port);

const MOST_HOSTS = 3;

/** Asks it to stay on loopback, and to give up the ports it opens besides; what does not help is taken back. */
const refine = async (program: BuiltProgram, start: StartGuess, first: StartAttempt): Promise<Works | null> => {
  let best = { start, tried: first };
  const improve = async (next: StartGuess, isBetter: (tried: StartAttempt) => boolean): Promise<boolean> => {
    const tried = await attempt(program, next);
    if (tried.answers === null || !isBetter(tried)) return false;
    best = { start: next, tried };
    return true;
  };
  const { settings } = program.survey;
  if (isExposed(first) && start.port === null) {
    for (const host of hostsBeside(start, settings).slice(0, MOST_HOSTS)) {
      const kept = await improve({ ...start, given: [...start.given, host] }, (tried) => !isExposed(tried));
      if (kept) break;
    }
  }
  const besides = portsOf(best.tried.addresses).filter((port) => port !== best.tried.port);
  const moves = movesFor(besides, settings).filter(
    ({ setting }) => !best.start.given.some((given) => given.setting === setting),
  );
  if (moves.length > 0) {
    program.say(
      `it also listens on ${besides.join(', ')}; moving that with ${moves.map(({ setting }) => setting.name).join(', ')}`,
    );
    await improve(
      { ...best.start, given: [...best.start.given, ...moves] },
      ({ addresses }) => portsOf(addresses).filter((port) => besides.includes(port)).length < besides.length,
    );
  }
  const { answers, addresses, port } = best.tried;
  if (answers === null) return null;
  const others = portsOf(addresses).filter((one) => one !== port && besides.includes(one));
  return { ...answers, start: best.start, fixedPorts: others, exposed: isExposed(best.tried) };
};

/** What a start was seen to listen on instead of the port it was told. */
const guessesFrom = (
  seen: readonly number[],
  { command, given }: StartGuess,
  program: BuiltProgram,
): readonly StartGuess[] => [
  ...seen.flatMap((port) => {
    const moves = program.survey.settings.filter(({ fallback }) => portIn(fallback) === port);
    return startGuesses({ ...program.survey, settings: moves, listens: [], commands: [] })
      .filter((guess) => guess.given.length > 0)
      .map((guess) => ({ ...guess, command }));
  }),
  ...seen.map((port): StartGuess => ({ command, given, port })),
];

const keyOf = (guess: StartGuess): string => JSON.stringify([argsOf(guess), envOf(guess), guess.port]);

/** The first way to start it with which it answers anything 2xx. A fixed port that somebody else holds is passed over. */
export const tryStarts = async (program: BuiltProgram): Promise<Trial> => {
  const waiting = [...startGuesses(program.survey), ...configGuesses(program.configs, program.survey)];
  const tried = new Set<string>();
  let output = '';
  while (tried.size < MOST_STARTS) {
    const guess = waiting.shift();
    if (guess === undefined) break;
    if (tried.has(keyOf(guess))) continue;
    tried.add(keyOf(guess));
    if (guess.port !== null && (await connects(guess.port))) {
      program.say(`port ${guess.port} is taken on this machine; not tried`);
      continue;
    }
    program.say(`starting it with ${describeStart(guess)}`);
    const seen = await attempt(program, guess);
    if (seen.answers !== null) {
      const found = await refine(program, guess, seen);
      if (found !== null) return { kind: 'works', found };
    }
    if (seen.output.trim() !== '') ({ output } = seen);
    const elsewhere = portsOf(seen.addresses).filter((port) => port !== seen.port);
    waiting.unshift(...guessesFrom(elsewhere, guess, program));
  }
  return { kind: 'silent', output };
};
