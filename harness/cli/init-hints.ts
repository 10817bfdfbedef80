/**
 * What a service's source says about how it is told where to listen, and which paths it answers: guesses, each tried
 * before it is proposed (init-trial.ts).
 */
export interface StartGuess {
  /** For people, e.g. `flag -addr`. */
  readonly found: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A port it cannot be talked out of; null when it takes ours. */
  readonly port: number | null;
}

export interface SourceHints {
  /** Likeliest first; at least one. */
  readonly starts: readonly StartGuess[];
  /** Paths of GET routes, parameters filled with 1, in the order of the source. */
  readonly paths: readonly string[];
}

const LOOPBACK = '127.0.0.1:${port}';

/** `"-name"` or, for pflag and its relatives, `"--name"`. */
const FLAG =
  /\b(flag|fs|flags|flagSet|Flags\(\)|PersistentFlags\(\)|pflag|kingpin)\.(?:\w*(?:String|Int|Uint)\w*|Flag)\(\s*(?:&[\w.]+,\s*)?"([\w.-]+)"\s*,\s*(?:"\w?"\s*,\s*)?("[^"]*"|\d+)?/g;
const ENV = /(?:Getenv|LookupEnv|[Ee]nv(?:Or)?(?:Default)?|[Gg]et[Ee]nv\w*|BindEnv)\(\s*"([A-Z][A-Z0-9_]*)"/g;
const ENV_TAG = /\b(?:env|envconfig):"([A-Z][A-Z0-9_]*)/g;
const FIXED =
  /\b(?:ListenAndServe|Listen|Run|Start)\(\s*(?:"tcp4?"\s*,\s*)?"[\w.]*:(\d{2,5})"|\bAddr:\s*"[\w.]*:(\d{2,5})"/g;

const isAddressName = (name: string): boolean => /addr|listen|bind|^http$|^server$|endpoint/i.test(name);
const isPortName = (name: string): boolean =>
  /port/i.test(name) && !/export|report|support|import|transport/i.test(name);
/** Other listeners of the same program. */
const isSide = (name: string): boolean =>
  /metric|debug|pprof|admin|grpc|redis|db|database|postgres|mysql|mongo|proxy|smtp|otel|trace|health/i.test(name);

const flagGuess = (owner: string, name: string, fallback: string): StartGuess | null => {
  const dashes = /^(?:flag|fs|flagSet)$/.test(owner) ? '-' : '--';
  const found = `flag ${dashes}${name}`;
  const guess = (value: string): StartGuess => ({ found, args: [`${dashes}${name}`, value], env: {}, port: null });
  if (isPortName(name)) return guess(fallback.startsWith('":') ? ':${port}' : '${port}');
  return isAddressName(name) && (fallback.includes(':') || fallback === '""') ? guess(LOOPBACK) : null;
};

const envGuess = (name: string): StartGuess | null => {
  const found = `environment variable ${name}`;
  if (isPortName(name)) return { found, args: [], env: name === 'PORT' ? {} : { [name]: '${port}' }, port: null };
  return isAddressName(name) ? { found, args: [], env: { [name]: LOOPBACK }, port: null } : null;
};

const distinct = <T>(items: readonly T[], key: (item: T) => string): readonly T[] =>
  [...new Map(items.toReversed().map((item) => [key(item), item])).values()].toReversed();

/** A host flag beside a port flag wants the loopback address; most do without. */
const startGuesses = (source: string): readonly StartGuess[] => {
  const flags = [...source.matchAll(FLAG)].flatMap(([, owner = '', name = '', fallback = '']) =>
    isSide(name) ? [] : (flagGuess(owner, name, fallback) ?? []),
  );
  const variables = [...source.matchAll(ENV), ...source.matchAll(ENV_TAG)].flatMap(([, name = '']) =>
    isSide(name) ? [] : (envGuess(name) ?? []),
  );
  const fixed = [...source.matchAll(FIXED)].map(([, one, other]): StartGuess => {
    const port = Number(one ?? other);
    return { found: `port ${port} in the source`, args: [], env: {}, port };
  });
  const port: StartGuess = { found: 'environment variable PORT', args: [], env: {}, port: null };
  return distinct([...flags, ...variables, port, ...fixed], (guess) =>
    JSON.stringify([guess.args, guess.env, guess.port]),
  );
};

const NET_HTTP = /\.Handle(?:Func)?\(\s*"(?:([A-Z]+) )?[\w.-]*(\/[^"\s]*)"/g;
/** gin, echo, fiber, chi, httprouter, … */
const ROUTER = /\.(GET|Get|HandleFunc|Any|All)\(\s*"(\/[^"\s]*)"/g;

/** `{id}`, `{id...}`, `{id:[0-9]+}`, `:id`, `*rest`, `{$}`. */
const fillParameters = (path: string): string =>
  path
    .replaceAll('{$}', '')
    .replaceAll(/\{[^}]*\}/g, '1')
    .replaceAll(/(?<=\/):\w+/g, '1')
    .replaceAll(/(?<=\/)\*\w*/g, '1');

const getPaths = (source: string): readonly string[] => {
  const found = [
    ...[...source.matchAll(NET_HTTP)].flatMap(([, method, path = '']) =>
      method === undefined || method === 'GET' ? [path] : [],
    ),
    ...[...source.matchAll(ROUTER)].map(([, , path = '']) => path),
  ];
  return [...new Set(found.map(fillParameters))];
};

/** Reads `source`, the text of all Go files of the program's own module. */
export const hintsIn = (source: string): SourceHints => ({ starts: startGuesses(source), paths: getPaths(source) });
