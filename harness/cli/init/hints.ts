/** From what the source says to ways to start the service and paths to ask it for: guesses, each tried (trial.ts). */
import type { Setting, Survey } from '../../survey/index.ts';

/** A setting and the value it gets; `${port}` and `${port.NAME}` stand for ports of ours. */
export interface GivenSetting {
  readonly setting: Setting;
  readonly value: string;
}

export interface StartGuess {
  /** Subcommand; empty for none. */
  readonly command: readonly string[];
  readonly given: readonly GivenSetting[];
  /** A port it cannot be talked out of; null when it takes ours. */
  readonly port: number | null;
}

export const argsOf = ({ command, given }: StartGuess): readonly string[] => [
  ...command,
  ...given.flatMap(({ setting, value }) => (setting.kind === 'flag' ? [setting.name, value] : [])),
];

/** Without `PORT`, which every service gets anyway. */
export const envOf = ({ given }: StartGuess): Readonly<Record<string, string>> =>
  Object.fromEntries(
    given
      .filter(({ setting, value }) => setting.kind === 'variable' && !(setting.name === 'PORT' && value === '${port}'))
      .map(({ setting, value }) => [setting.name, value]),
  );

/** For people: `-addr 127.0.0.1:${port}`, `HTTP_PORT=${port}`. */
export const describeStart = (guess: StartGuess): string => {
  const words = [
    ...guess.command,
    ...guess.given.map(({ setting, value }) => `${setting.name}${setting.kind === 'flag' ? ' ' : '='}${value}`),
  ];
  const port = guess.port === null ? 'the environment variable PORT' : `its own port ${guess.port}`;
  return words.length > 0 ? words.join(' ') : port;
};

/** Words of a name: `-listen-client-urls`, `HTTP_LISTEN_ADDR`, `httpAddr`. */
const wordsOf = (name: string): readonly string[] =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');

/** Other listeners of the same program, and addresses of other programs. */
const SIDE =
  /metric|debug|pprof|admin|grpc|rpc|redis|db|database|postgres|mysql|mongo|proxy|smtp|pop3|imap|ftp|ldap|mqtt|amqp|kafka|nats|raft|cluster|gossip|peer|statsd|syslog|otel|otlp|trac|zipkin|jaeger|ssl|tls|https|cipher|cert|discovery|whitelist|advertise|external|public-?url|upstream|remote|forward|probe|health/i;
const isSide = ({ name }: Setting): boolean => SIDE.test(name);

const isPortName = (name: string): boolean =>
  /port/i.test(name) && !/export|report|support|import|transport|portal|portfolio/i.test(name);
const isAddressName = (name: string): boolean =>
  /addr|listen|bind|endpoint/i.test(name) || /^-*(?:https?|server)$/i.test(name);

const URL_WITH_PORT = /^([a-z][a-z0-9+.-]*:\/\/)(\[[^\]]*\]|[^/:]*):\d{2,5}(.*)$/i;
const HOST_WITH_PORT = /^(?:\[[^\]]*\]|[\w.*-]*):(\d{2,5})$/;

/** The port that a default names; null: none. */
export const portIn = (fallback: string | null): number | null => {
  const found = /(?:^|:)(\d{2,5})(?:\/.*)?$/.exec(fallback ?? '')?.[1];
  return found === undefined ? null : Number(found);
};

/** The setting's value for a port of ours, in the form of its default; null when it is about no port. */
export const valueFor = ({ name, fallback }: Setting, port = '${port}'): string | null => {
  const text = fallback ?? '';
  const url = URL_WITH_PORT.exec(text);
  if (url !== null) return `${url[1] ?? ''}127.0.0.1:${port}${url[3] ?? ''}`;
  if (/^\d{2,5}$/.test(text)) return port;
  if (HOST_WITH_PORT.test(text)) return isPortName(name) && text.startsWith(':') ? `:${port}` : `127.0.0.1:${port}`;
  if (isPortName(name)) return /^0?$/.test(text) ? port : null;
  return isAddressName(name) && text === '' ? `127.0.0.1:${port}` : null;
};

const MAIN_WORDS = new Set(['http', 'web', 'server', 'api', 'app', 'listen', 'addr', 'address', 'port', 'bind']);

const likelihood = (setting: Setting): number =>
  (portIn(setting.fallback) === null ? 0 : 4) +
  Math.min(2, wordsOf(setting.name).filter((word) => MAIN_WORDS.has(word)).length) +
  (setting.kind === 'flag' ? 1 : 0);

const isMain = (setting: Setting): boolean =>
  !isSide(setting) && (isPortName(setting.name) || isAddressName(setting.name)) && valueFor(setting) !== null;

/** Settings with the same default are told the same: an advertised address beside the one that is listened on. */
const withTwins = (setting: Setting, settings: readonly Setting[]): readonly GivenSetting[] => {
  const port = portIn(setting.fallback);
  const twins = port === null ? [] : settings.filter((other) => other !== setting && portIn(other.fallback) === port);
  return [setting, ...twins.filter(({ kind }) => kind === setting.kind)].flatMap((one) => {
    const value = valueFor(one);
    return value === null ? [] : [{ setting: one, value }];
  });
};

const SERVE = /^(?:serve|server|start|run|web|http|httpd|api|daemon|up|listen|standalone)$/i;

/** Likeliest first; the last ones leave the port to the service. */
export const startGuesses = ({ settings, listens, commands }: Survey): readonly StartGuess[] => {
  const main = settings.filter(isMain).toSorted((left, right) => likelihood(right) - likelihood(left));
  const serving = [...new Set(commands)].filter((name) => SERVE.test(name)).map((name) => [name]);
  const ways: readonly (readonly string[])[] = commands.length > 0 ? [...serving, []] : [[]];
  const taking = ways.flatMap((command): readonly StartGuess[] => [
    ...main.map((setting) => ({ command, given: withTwins(setting, settings), port: null })),
    { command, given: [], port: null },
  ]);
  const ports = new Set(listens.flatMap(({ address }) => portIn(address) ?? []));
  const fixed = ways.flatMap((command) => [...ports].map((port): StartGuess => ({ command, given: [], port })));
  return [...taking, ...fixed];
};

/** `-config`, `APP_CONFIG_PATH`: where the service is told its configuration file. */
const isConfigName = (name: string): boolean => {
  const words = wordsOf(name);
  return (
    words.some((word) => /^conf(?:ig)?$/.test(word)) &&
    !words.some((word) => /^(?:dir|url|format|type|reload|check|test)$/.test(word))
  );
};

/** Ways to hand it one of the configuration files that lie in its source, the shallowest first. */
export const configGuesses = (files: readonly string[], { settings, commands }: Survey): readonly StartGuess[] => {
  const serving = [...new Set(commands)].find((name) => SERVE.test(name));
  return settings
    .filter(({ name, fallback }) => isConfigName(name) && portIn(fallback) === null)
    .flatMap((setting) => files.map((value) => ({ setting, value })))
    .map((given) => ({ command: serving === undefined ? [] : [serving], given: [given], port: null }));
};

/** How the service may be kept off an interface that others reach: `HOST=127.0.0.1` beside `PORT`. */
export const hostsBeside = ({ given }: StartGuess, settings: readonly Setting[]): readonly GivenSetting[] => {
  const [main] = given;
  const isHost = (one: Setting): boolean =>
    !isSide(one) &&
    /host|addr|bind|listen|interface|^-*ip$/i.test(one.name) &&
    !isPortName(one.name) &&
    /^(?:0\.0\.0\.0|localhost|127\.0\.0\.1|\[?::\]?|)$/.test(one.fallback ?? '');
  const shared = (one: Setting): number => commonStart(one.name, main?.setting.name ?? '');
  return settings
    .filter((one) => isHost(one) && !given.some(({ setting }) => setting === one))
    .toSorted((left, right) => shared(right) - shared(left))
    .map((setting) => ({ setting, value: '127.0.0.1' }));
};

const commonStart = (left: string, right: string): number => {
  let length = 0;
  while (length < left.length && left[length] === right[length]) length++;
  return length;
};

/** Ports that the service opens besides, moved by the settings whose default they are. */
export const movesFor = (ports: readonly number[], settings: readonly Setting[]): readonly GivenSetting[] => {
  const names = new Set<string>();
  return ports.flatMap((port) => {
    const about = settings.filter(({ fallback }) => portIn(fallback) === port);
    const wanted = portName(about[0]?.name ?? '', port);
    const name = names.has(wanted) ? `${wanted}${port}` : wanted;
    names.add(name);
    return about.flatMap((setting) => {
      const value = valueFor(setting, `\${port.${name}}`);
      return value === null ? [] : [{ setting, value }];
    });
  });
};

const COMMON_WORDS = new Set([...MAIN_WORDS, 'url', 'urls', 'host', 'initial', 'advertise', 'default']);

/** What tells the port apart in its setting's name: `smtp` of `INBUCKET_SMTP_ADDR`. */
const portName = (setting: string, port: number): string =>
  wordsOf(setting)
    .filter((word) => !COMMON_WORDS.has(word))
    .at(-1) ?? `p${port}`;

/** `{id}`, `{id...}`, `{id:[0-9]+}`, `:id`, `:id?`, `:id<int>`, `*rest`, `{$}`. */
export const fillParameters = (path: string): string =>
  path
    .replaceAll('{$}', '')
    .replaceAll(/\{[^}]*\}/g, '1')
    .replaceAll(/(?<=\/):\w+(?:<[^>]*>)?\??/g, '1')
    .replaceAll(/(?<=\/)[*+]\w*/g, '1');

/** Never load: profiles that take half a minute, the service's own figures. */
const NOT_LOAD = /^\/(?:debug|metrics)\b/;

/** Where services report that they are up, the most usual first. */
export const READY_PATHS = [
  '/healthz',
  '/health',
  '/readyz',
  '/ready',
  '/livez',
  '/ping',
  '/status',
  '/api/health',
  '/api/v1/health',
  '/',
];

const READY_NAME = /(?:health|ready|live|ping|status)[a-z]*$/i;

/** Whether it is a path where services report that they are up. */
export const isReadyPath = (path: string): boolean =>
  path !== '/' && (READY_PATHS.includes(path) || READY_NAME.test(path));

/** Of paths that answer, where to ask whether it is ready: a usual name, one that sounds like it, or the first. */
export const readyAmong = (paths: readonly string[]): string | undefined =>
  READY_PATHS.find((path) => path !== '/' && paths.includes(path)) ??
  paths.find((path) => READY_NAME.test(path)) ??
  paths[0];

/** Paths to ask with GET, in the order of the source. */
export const getPaths = ({ routes }: Survey): readonly string[] => [
  ...new Set(
    routes
      .filter(({ method, path }) => (method === '' || method === 'GET') && !NOT_LOAD.test(path))
      .map(({ path }) => fillParameters(path)),
  ),
];

/** `POST /orders`: routes that need a body or change something, for people to choose from. */
export const otherRoutes = ({ routes }: Survey): readonly string[] => [
  ...new Set(
    routes
      .filter(({ method }) => method !== '' && method !== 'GET' && method !== 'OPTIONS' && method !== 'HEAD')
      .map(({ method, path }) => `${method} ${fillParameters(path)}`),
  ),
];
