/**
 * The scenario file: this one schema is the source of the types, the validation, docs/scenario.schema.json and
 * docs/scenario.md. Every key carries its description; a default stands where the key is declared.
 */
import { z } from 'zod';
import { METRICS, metricDef, TIGHT_CPU } from '../metrics/index.ts';
import { METRIC_IDS, type MetricId } from '../model/index.ts';
import { formatPercent } from '../units/index.ts';
import { GO_CHOICE_EXPECTED, parseGoChoice } from './go-choice.ts';
import { flagsOfList, shellWords } from './flag-words.ts';
import { limitExpected, parseGate } from './gates.ts';
import {
  duration,
  environment,
  expected,
  gcPercent,
  memoryLimit,
  positiveNumber,
  rate,
  requestLine,
  status,
  text,
  wholeNumber,
  word,
} from './scalars.ts';

const yesNo = () => z.boolean(expected('true or false'));
const mapping = <S extends z.core.$ZodLooseShape>(shape: S, example?: string) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'invalid_type'
        ? `expected a mapping${example === undefined ? ' (keys with values)' : ` such as ${example}`}`
        : undefined,
  });
const texts = (what: string) => z.array(text(), expected(what));

const OWN_FLAGS: Readonly<Record<string, string>> = {
  '-o': 'godyno chooses where the binary goes',
  '-C': 'name the module folder in `target.module`',
};

const UNCLOSED_QUOTE =
  'a quote is never closed; write for example -ldflags "-s -w", or a list such as ["-ldflags", "-s -w"]';

const buildFlags = () =>
  z
    .union([texts('a list such as ["-tags", "sqlite"]'), z.string()], expected('a list such as ["-tags", "sqlite"]'))
    .transform((given, context) => {
      const flags = typeof given === 'string' ? shellWords(given) : flagsOfList(given);
      if (flags === null) context.issues.push({ code: 'custom', input: given, message: UNCLOSED_QUOTE });
      (flags ?? []).forEach((flag, index) => {
        const reason = OWN_FLAGS[/^-?(-[^=]+)/.exec(flag)?.[1] ?? ''];
        if (reason !== undefined) {
          context.issues.push({
            code: 'custom',
            input: flag,
            path: typeof given === 'string' ? [] : [Math.min(index, given.length - 1)],
            message: `${flag} cannot be a build flag: ${reason}`,
          });
        }
      });
      return flags ?? [];
    })
    .meta({ kind: 'list or text' });

const goOfSide = () =>
  text()
    .transform((given, context) => {
      const choice = parseGoChoice(given);
      if (choice !== undefined) return choice;
      context.issues.push({ code: 'custom', input: given, message: `expected ${GO_CHOICE_EXPECTED}` });
      return z.NEVER;
    })
    .meta({ kind: 'Go release or path', example: '1.27.3' });

const goChoice = () =>
  z
    .union(
      [
        goOfSide().transform((choice) => ({ base: choice, head: choice })),
        mapping({
          base: goOfSide().optional().describe('The Go that builds the base.'),
          head: goOfSide().optional().describe('The Go that builds the head.'),
        }),
      ],
      expected(GO_CHOICE_EXPECTED),
    )
    .meta({ kind: 'Go release, path or mapping' });

const setupCommand = () =>
  z.union(
    [
      word('a command'),
      texts('a command as a list').min(1, expected('a command as a list such as ["${binary}", "migrate"]')),
      mapping({
        command: word('a program').describe('The program; `${binary}` is the service as built for that side.'),
        args: texts('a list of arguments').prefault([]).describe('Its arguments.'),
        env: environment().prefault({}).describe('Environment of this command, on top of `target.env`.'),
        timeout: duration().prefault('1m').describe('How long it may take.'),
      }),
    ],
    expected('a command: a line for the shell, a list such as ["${binary}", "migrate"], or a mapping with `command`'),
  );

const globs = (what: string) =>
  z
    .union([texts(what), z.string()], expected(what))
    .transform((value) => (typeof value === 'string' ? [value] : value))
    .refine((patterns) => patterns.every((pattern) => pattern !== '' && !pattern.startsWith('/')), {
      error: 'a pattern is relative to the module folder, such as "web/dist/**"',
    });

const generateCommand = () =>
  z.union(
    [
      word('a command'),
      texts('a command as a list').min(1, expected('a command as a list such as ["go", "generate", "./..."]')),
      mapping({
        command: word('a program')
          .describe('The program, or with no `args` a line for the shell.')
          .meta({ example: 'npm ci && npm run build' }),
        args: texts('a list of arguments').optional().describe('Its arguments.'),
        env: environment().prefault({}).describe('Environment of this command, on top of `target.buildEnv`.'),
        timeout: duration().prefault('10m').describe('How long it may take.'),
        inputs: globs('a list of globs')
          .prefault([])
          .describe(
            'What it reads, with `outputs`: while these files are the same, what it made is taken from a cache.',
          )
          .meta({ example: ['web/src/**', 'web/package-lock.json'] }),
        outputs: globs('a list of globs')
          .prefault([])
          .describe('What it makes.')
          .meta({ example: ['web/dist/**'] }),
      }).refine(({ inputs, outputs }) => (inputs.length === 0) === (outputs.length === 0), {
        error: '`inputs` and `outputs` are given together, or neither',
      }),
    ],
    expected('a line for the shell such as "go generate ./...", a list of words, or a mapping with `command`'),
  );

const FOLDER_EXPECTED = 'an absolute folder such as /var/lib/app';

/** What the system or the service itself stands on cannot be another one. */
const NOT_PRIVATE = /^\/(?:(?:bin|boot|dev|etc|lib|lib64|proc|run|sbin|sys|tmp|usr|home|root|var|opt|srv)\/?)?$/;

const absoluteFolder = () =>
  word(FOLDER_EXPECTED)
    .refine((path) => path.startsWith('/') && !/\/\.{1,2}(?:\/|$)/.test(path), expected(FOLDER_EXPECTED))
    .refine((path) => !NOT_PRIVATE.test(path), {
      error: 'this folder holds what others need; name the one below it that the service writes to',
    });

/** Set and kept equal on both sides by godyno itself: a value in `env` would be overwritten without a word. */
const OWN_ENVIRONMENT: Readonly<Record<string, string>> = {
  GOGC: 'set `target.gogc`',
  GOMEMLIMIT: 'set `target.gomemlimit`',
  GOMAXPROCS: 'it follows `target.cpus`',
};

const serviceEnvironment = () =>
  environment().superRefine((values, context) => {
    for (const name of Object.keys(values)) {
      const reason = OWN_ENVIRONMENT[name];
      if (reason !== undefined)
        context.addIssue({ code: 'custom', path: [name], message: `leave ${name} out: ${reason}` });
    }
  });

const READY_PORT = 'expected ${port.admin} (any name), ${port}, or a port that the service insists on such as 9090';

const READY_EXPECTED =
  'expected a method and a path such as "GET /healthz", or a mapping with `http`, `port` or `socket`';

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;

/** An address is how people would name another port. */
const readyLine = () =>
  z
    .string({ error: READY_EXPECTED })
    .refine((line) => !/\shttps?:/i.test(line), {
      error: 'expected a path, not an address; another port is written as { http: …, port: … }',
    })
    .pipe(requestLine());

const readyCheck = () =>
  z.union(
    [
      readyLine(),
      mapping({
        http: requestLine()
          .optional()
          .describe('The request that answers 2xx. Left out: a connection that is taken is enough.')
          .meta({ example: 'GET /healthz' }),
        port: z
          .union([z.string(), z.number()], { error: READY_PORT })
          .transform(String)
          .refine((text) => isPort(text) || /^\$\{port(?:\.[A-Za-z_]\w*)?\}$/.test(text), { error: READY_PORT })
          .optional()
          .describe('Its port. Left out, with no `socket`: where the load goes.')
          .meta({ example: '${port.admin}', kind: 'port' }),
        socket: word('a path such as ${tmp}/admin.sock')
          .optional()
          .describe('Its unix socket, in place of a port.')
          .meta({ example: '${tmp}/admin.sock' }),
        tls: yesNo().prefault(false).describe('Whether it speaks TLS on that port or socket.'),
      })
        .refine(({ http, port, socket }) => http !== undefined || port !== undefined || socket !== undefined, {
          error: 'expected `http`, `port` or `socket`',
        })
        .refine(({ port, socket }) => port === undefined || socket === undefined, {
          error: '`port` and `socket` exclude each other; keep one',
        })
        .refine(({ tls, http, port, socket }) => !tls || (http !== undefined && (port ?? socket) !== undefined), {
          error: '`tls` goes with `http` and a `port` or `socket`; the service’s main port has `target.tls`',
        }),
    ],
    { error: READY_EXPECTED },
  );

/** Keys of one side, for where a change renames a flag, moves a package, adds a file. */
const ofOneSide = (side: 'base' | 'head') =>
  mapping({
    package: word('a Go package such as ./cmd/server').optional().describe('In place of `target.package`.'),
    args: texts('a list such as ["-port", "${port}"]').optional().describe('In place of `target.args`.'),
    env: serviceEnvironment().optional().describe('On top of `target.env`.'),
    cwd: word('a folder').optional().describe('In place of `target.cwd`.'),
    generate: z
      .array(generateCommand(), expected('a list of commands'))
      .optional()
      .describe('In place of `target.generate`.')
      .meta({ kind: 'list' }),
    setup: z.array(setupCommand(), expected('a list of commands')).optional().describe('In place of `target.setup`.'),
    seed: z.array(setupCommand(), expected('a list of commands')).optional().describe('In place of `target.seed`.'),
    ready: readyCheck().optional().describe('In place of `target.ready`.').meta({ kind: 'request line or mapping' }),
  })
    .optional()
    .describe(`What ${side} alone is built and started with.`);

const target = () =>
  mapping({
    package: word('a Go package such as ./cmd/server')
      .prefault('.')
      .describe('The Go main package, relative to the module folder.')
      .meta({ example: './cmd/server' }),
    module: word('a folder')
      .prefault('.')
      .describe('The module folder (where go.mod is), relative to the repository root.'),
    args: texts('a list such as ["-port", "${port}"]')
      .prefault([])
      .describe(
        'Arguments of the service. `${port}` is the port to listen on, `${port.admin}` (any name) a further one, `${tmp}` an empty folder of its own, `${scenarioDir}` a copy of the scenario’s folder.',
      )
      .meta({ example: ['-port', '${port}'] }),
    env: serviceEnvironment()
      .prefault({})
      .describe(
        'Environment of the service, with the same placeholders. `PORT` (the main port), `TMPDIR` (the folder `${tmp}`) and `HOME` (see `home`) are set without asking. Values are recorded in run.json: no secrets.',
      )
      .meta({ example: { LOG_LEVEL: 'error' } }),
    envFile: z
      .union([z.string(), texts('a file name')], expected('a file name'))
      .transform((files) => (typeof files === 'string' ? [files] : files))
      .prefault([])
      .describe(
        'Files of `NAME=value` lines beside the scenario, taken literally; `env` wins over them, a later file over an earlier one.',
      )
      .meta({ example: 'service.env' }),
    buildFlags: buildFlags()
      .prefault([])
      .describe(
        'Flags for `go build`, for both sides; in one text, quotes mean what they mean to a shell. `-trimpath` is added unless `-trimpath=false` is here, which costs a compilation of the service’s packages in every run.',
      )
      .meta({ example: ['-tags', 'sqlite'] }),
    buildEnv: environment()
      .prefault({})
      .describe('Environment of `go build`, for both sides.')
      .meta({ example: { CGO_ENABLED: '0' } }),
    go: goChoice()
      .optional()
      .describe(
        'Which Go builds the service, for both sides or each: a release, which Go fetches, or the path of an unpacked one. Base and head may be the same commit then. Left out: the Go that you would call yourself; `--base-go` and `--head-go` win.',
      )
      .meta({ example: { base: '1.26.8', head: '1.27.3' } }),
    generate: z
      .array(generateCommand(), expected('a list of commands'))
      .prefault([])
      .describe(
        'Commands to run before the build, on each side in its own copy of the source, in the module folder: for code or files that git ignores. A text is run by `sh -c`, a list as it is.',
      )
      .meta({ example: ['go generate ./...'], kind: 'list' }),
    include: globs('a list such as ["web/dist/**"]')
      .prefault([])
      .describe(
        'Globs, relative to the module folder, of files that git ignores: carried from the working tree to both sides before the build. Files that a side has itself are kept.',
      )
      .meta({ example: ['web/dist/**'], kind: 'list or text' }),
    cwd: word('a folder')
      .prefault('.')
      .describe(
        'Working folder of the service, in the copy of its side’s source: relative to the module folder, or `${tmp}`, or `${scenarioDir}`.',
      )
      .meta({ example: 'deploy' }),
    home: z
      .enum(['own', 'user'], expected('own or user'))
      .prefault('own')
      .describe(
        'HOME of the service, of `setup` and of `seed`. own: an empty folder of its side’s own, with `XDG_CONFIG_HOME` and the like below it, so that nothing is written into yours and both sides do not meet there. user: yours, for a service that needs what lies there (credentials, a kubeconfig).',
      ),
    private: z
      .array(absoluteFolder(), expected('a list of absolute folders'))
      .prefault([])
      .describe(
        'Absolute folders that the service insists on: each side sees an empty one of its own in their place, at each launch, and nothing is written into yours. For what no argument moves below `${tmp}`. They must be there. Linux, as root or where user namespaces are allowed.',
      )
      .meta({ example: ['/var/lib/app'] }),
    setup: z
      .array(setupCommand(), expected('a list of commands'))
      .prefault([])
      .describe(
        'Commands to run before each start of the service, one after the other, with `${binary}`, `${port}` and `${tmp}`. A text is run by `sh -c`, a list as it is.',
      )
      .meta({ example: [['${binary}', 'migrate', '--dir', '${tmp}']] }),
    seed: z
      .array(setupCommand(), expected('a list of commands'))
      .prefault([])
      .describe(
        'Commands to run after each start, once the service is ready and before anything is sent to it, with the placeholders of `setup` and `PORT` in their environment.',
      )
      .meta({ example: [['./seed.sh', 'http://127.0.0.1:${port}']] }),
    ready: readyCheck()
      .describe(
        'The request that answers 2xx once the service is ready; as a mapping, on another port or socket than the load’s.',
      )
      .meta({ example: 'GET /healthz', kind: 'request line or mapping' }),
    tls: z
      .union(
        [
          yesNo(),
          mapping({
            serverName: word('a name').describe('The name to ask for (SNI), which is the Host header, too.'),
          }),
        ],
        expected('true, false or { serverName: … }'),
      )
      .optional()
      .describe(
        'It speaks TLS (HTTP/1.1 over it). Certificates are not checked, so a self-signed one will do; client certificates are not sent.',
      )
      .meta({ kind: 'true, false or mapping' }),
    socket: word('a path such as ${tmp}/api.sock')
      .optional()
      .describe('The unix socket on which it listens in place of a port.')
      .meta({ example: '${tmp}/api.sock' }),
    readyTimeout: duration().prefault('30s').describe('How long the service may take to get ready.'),
    stopTimeout: duration()
      .prefault('1s')
      .describe('How long it may take to stop after a launch before it is killed; not counted in the budget.'),
    cpus: wholeNumber(64)
      .prefault(1)
      .describe(
        'CPUs that the two sides share. 1 is the usual way (docs/method.md); more shows parallel behaviour, with wider limits.',
      ),
    gogc: gcPercent().prefault('100').describe('GOGC of both sides.'),
    gomemlimit: memoryLimit().prefault('off').describe('GOMEMLIMIT of both sides.').meta({ example: '512MiB' }),
    base: ofOneSide('base'),
    head: ofOneSide('head'),
    port: z
      .int(expected('a port from 1 to 65535'))
      .min(1, expected('a port from 1 to 65535'))
      .max(65_535, expected('a port from 1 to 65535'))
      .optional()
      .describe(
        'The port of a service that can listen on no other. Both sides still run at once: godyno builds them so that what they ask for is moved to free ports (see docs/method.md, fixed ports). Left out: `${port}` is chosen for each start.',
      ),
    sides: z
      .enum(['auto', 'together', 'alternate'], expected('auto, together or alternate'))
      .prefault('auto')
      .describe(
        'together: both sides alive at once. alternate: one after the other, for a service that cannot run twice, with wider limits. auto: together if it can.',
      ),
  });

/** Set by the connection engine; a scenario's own value would break the framing of requests. */
const ENGINE_HEADERS = ['content-length', 'transfer-encoding', 'connection'];

const headers = () =>
  z
    .record(
      z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, { error: 'a header name holds only letters, digits and -' })
        .refine((name) => !ENGINE_HEADERS.includes(name.toLowerCase()), {
          error: 'this header is set by the connection engine; leave it out',
        }),
      text().refine((value) => !/[\r\n\0]/.test(value), { error: 'a header value is one line' }),
      expected('header names with their values such as { accept: text/html }'),
    )
    .prefault({})
    .describe('Request headers.')
    .meta({ example: { 'content-type': 'application/json' }, kind: 'names to text' });

const CAPTURE_NAME = /^(?!(?:n|port|tmp|binary|data|env)$)[A-Za-z_]\w*$/;
const JSON_PATH = /^\$(?:\.[A-Za-z_][\w-]*|\[\d+\]|\["[^"]*"\]|\['[^']*'\])*$/;

const jsonPath = (error = 'expected a JSON path such as "$.token" or "$.items[0].id"') =>
  z.string({ error }).regex(JSON_PATH, { error });

const regex = () =>
  word('a regular expression').refine(isRegex, { error: 'not a regular expression (JavaScript notation)' });

const isRegex = (text: string): boolean => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};

const headerName = () => word('a header name').regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, expected('a header name'));

const CAPTURE_EXPECTED =
  'expected a JSON path such as "$.token", { header: Location }, { cookie: sid }, { json: $.url } or, from the body, { regex: "token=(\\w+)" }; the others take a `regex`, too';

const capture = () =>
  z
    .record(
      z.string().regex(CAPTURE_NAME, {
        error: 'a captured name is letters, digits and _, and not n, port, tmp, binary, data or env',
      }),
      z.union(
        [
          jsonPath(CAPTURE_EXPECTED),
          mapping({ header: headerName(), regex: regex().optional() }),
          mapping({ cookie: word('a cookie name'), regex: regex().optional() }),
          mapping({ json: jsonPath(), regex: regex().optional() }),
          mapping({ regex: regex() }),
        ],
        { error: CAPTURE_EXPECTED },
      ),
      expected('names with what to capture'),
    )
    .prefault({})
    .describe(
      'Values to take out of the answer, then `${name}` in later requests: name → a JSON path, `{ header: … }`, `{ cookie: … }`, `{ json: … }` or `{ regex: … }` (of the body); with a `regex` its first group.',
    )
    .meta({ example: { token: '$.token', csrf: { regex: 'csrf" value="([^"]+)' } }, kind: 'names to captures' });

const commonRequest = () => ({
  http: requestLine()
    .describe('Method (GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS) and path.')
    .meta({ example: 'GET /items/${n}?limit=10' }),
  headers: headers(),
  body: z
    .union(
      [z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())],
      expected('text, or a mapping or list to send as JSON'),
    )
    .optional()
    .describe(
      'Text to send as it is, or a mapping or list to send as JSON, then with `content-type: application/json`.',
    )
    .meta({ example: { id: '${n}' }, kind: 'text, mapping or list' }),
  form: z
    .record(z.string(), text(), expected('names with texts'))
    .optional()
    .describe('Fields to send as `application/x-www-form-urlencoded`.')
    .meta({ example: { user: 'ann', password: 'secret' }, kind: 'names to text' }),
  multipart: z
    .record(
      z.string().refine((name) => !/[\r\n\0"]/.test(name), { error: 'a field name is one line without quotes' }),
      z.union(
        [
          text(),
          mapping({
            file: word('a file name').describe('A file beside the scenario, sent byte for byte.'),
            type: word('a media type').prefault('application/octet-stream').describe('Its content-type.'),
            filename: word('a file name').optional().describe('The name to send; left out, that of the file.'),
          }),
        ],
        expected('text or { file: … }'),
      ),
      expected('field names with texts or { file: … }'),
    )
    .optional()
    .describe('Fields and files to send as `multipart/form-data`: text, or `{ file: photo.png, type: image/png }`.')
    .meta({
      example: { title: 'cat ${n}', photo: { file: 'cat.png', type: 'image/png' } },
      kind: 'names to text or files',
    }),
  bodyFile: z
    .union(
      [
        word('a file name'),
        mapping({
          file: word('a file name').describe('A file beside the scenario.'),
          placeholders: yesNo().prefault(true).describe('false: `${…}` in it is text like any other.'),
        }),
      ],
      expected('a file name, or { file: …, placeholders: false }'),
    )
    .optional()
    .describe(
      'A file beside the scenario to send as the body, byte for byte. Where it is UTF-8 text, placeholders are filled in; `{ file: app.js, placeholders: false }` leaves them alone.',
    )
    .meta({ kind: 'text or mapping' }),
  expect: mapping(
    {
      status: z
        .union([z.array(status()).min(1, expected('at least one status')), status().transform((range) => [range])], {
          error: 'expected a status such as 200, "3xx" or "200-204", or a list of them',
        })
        .prefault('2xx')
        .describe('Statuses that count as success: one or a list of `200`, `"3xx"`, `"200-204"`.')
        .meta({ example: [200, 201, '3xx'], kind: 'status or list' }),
      body: mapping({
        contains: z
          .union([texts('text'), text()], expected('text or a list of texts'))
          .transform((value) => (typeof value === 'string' ? [value] : value))
          .optional()
          .describe('Text that is in the body, or a list of texts that all are.')
          .meta({ kind: 'text or list' }),
        matches: regex().optional().describe('A regular expression that the body matches.'),
        json: z
          .record(
            jsonPath(),
            z.unknown().transform((value) => JSON.stringify(value ?? null)),
            expected('JSON paths with values'),
          )
          .optional()
          .describe('JSON path → the value that stands there, numbers to the last digit.')
          .meta({ example: { '$.total': 3 }, kind: 'JSON paths to values' }),
      })
        .optional()
        .describe(
          'What the body must hold. A body that is the last good one byte for byte is not read again; of longer ones than 16 KiB that differ, one in 16 is.',
        ),
    },
    '{ status: 200 }',
  )
    .prefault({})
    .describe('What a good answer is; any other is a failed request.'),
  cookies: yesNo()
    .prefault(true)
    .describe('Whether the cookies of its user go with it. A `cookie` header of its own takes their place.'),
});

const BODIES = ['body', 'bodyFile', 'form', 'multipart'] as const;

type Bodies = { readonly [key in (typeof BODIES)[number]]?: unknown } & {
  readonly headers: Readonly<Record<string, string>>;
};

const checkBodies = (
  request: Bodies,
  context: { addIssue: (issue: { code: 'custom'; path: string[]; message: string }) => void },
): void => {
  const [first, second] = BODIES.filter((key) => request[key] !== undefined);
  if (first !== undefined && second !== undefined) {
    context.addIssue({
      code: 'custom',
      path: [second],
      message: `\`${first}\` and \`${second}\` exclude each other; keep one`,
    });
  }
  const type = Object.keys(request.headers).find((name) => name.toLowerCase() === 'content-type');
  if (request.multipart !== undefined && type !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['headers', type],
      message: 'leave content-type out: `multipart` sets it, with the boundary',
    });
  }
};

const request = () =>
  mapping({
    name: word('a name').optional().describe('Name in reports; left out, the `http` line.').meta({ example: 'list' }),
    weight: positiveNumber().prefault(1).describe('Share of this request in the mix, relative to the others.'),
    ...commonRequest(),
    capture: capture().describe(
      'As in `load.prepare`, for the later requests of the same user. The name must be captured in `load.prepare`, too, so that the first request has a value.',
    ),
  }).superRefine(checkBodies);

const prepareRequest = () =>
  mapping({
    name: word('a name').optional().describe('Name in messages; left out, the `http` line.'),
    ...commonRequest(),
    capture: capture(),
    repeat: wholeNumber(100_000)
      .prefault(1)
      .describe('How often to send it; `${n}` counts from 0. Captures hold the last answer.'),
    side: z
      .enum(['base', 'head'], expected('base or head'))
      .optional()
      .describe(
        'Send it to this side only, where base and head need different ones (a sign-in that the change moves). Both may capture the same name.',
      ),
    once: yesNo()
      .prefault(false)
      .describe('With `load.users`: send it for the first user only; what it captures, all users know.'),
    followRedirects: yesNo()
      .prefault(false)
      .describe('Follow redirects to the service itself; what counts is the last answer. Under load none is followed.'),
  }).superRefine(checkBodies);

const load = () =>
  mapping({
    requests: z
      .array(request(), expected('a list of requests'))
      .min(1, expected('at least one request'))
      .describe(
        'The requests of the mix, in random order by weight from one seeded schedule; both sides get the same.',
      ),
    prepare: z
      .array(prepareRequest(), expected('a list of requests'))
      .prefault([])
      .describe(
        'Requests sent in order after each start, before the load: sign-in, test data. The cookies they set go with all later requests.',
      ),
    users: wholeNumber(1000)
      .prefault(1)
      .describe(
        'Users that take turns: `prepare` is sent for each, each keeps its own cookies and captured values; `${user}` counts from 0.',
      ),
    cookies: z
      .enum(['auto', 'all', 'prepare', 'off'], expected('auto, all, prepare or off'))
      .prefault('auto')
      .describe(
        'auto: cookies that answers to `prepare` set go with all requests, and answers under load change them; where `prepare` set none, none are kept. all: kept in any case. prepare: answers under load change nothing. off: none.',
      ),
    data: word('a file name')
      .optional()
      .describe('A CSV file beside the scenario, first row the column names, for `${data.column}`.')
      .meta({ example: 'items.csv' }),
    inFlight: wholeNumber(256)
      .prefault(1)
      .describe('Requests in flight per side while cost is measured; above 1 for services that batch.'),
    timeout: duration().prefault('10s').describe('How long one request may take.'),
    latency: z
      .union(
        [
          z.literal(false),
          z.literal('auto'),
          mapping({
            rate: rate().describe('Requests per second and side.').meta({ example: '200/s' }),
          }),
        ],
        expected('{ rate: 200/s }, auto or false'),
      )
      .prefault('auto')
      .describe(
        'The latency phase: requests at a fixed rate, whether or not earlier ones were answered. auto: 40 % of the measured capacity; false: no such phase.',
      )
      .meta({ kind: 'mapping, "auto" or false' }),
  });

const measure = () =>
  mapping({
    budget: duration()
      .optional()
      .describe('Wall clock for this scenario, builds excluded. Default 2m, in tight mode 4m.')
      .meta({ example: '2m' }),
    tight: yesNo()
      .prefault(false)
      .describe(
        `Look for CPU changes from ${formatPercent(TIGHT_CPU.practicalRatio)} on instead of ${formatPercent(METRICS.cpuNsPerRequest.practicalRatio)}; takes longer.`,
      ),
    exact: z
      .enum(['auto', 'always', 'only', 'off'], expected('auto, always, only or off'))
      .prefault('auto')
      .describe(
        'Exact mode, instructions counted under emulation. auto: where it can run, else calls are counted to explain a gate that has fired; always: an error where it cannot; only: nothing else; off: never.',
      ),
    explain: yesNo()
      .prefault(true)
      .describe('After a CPU regression, collect enough profile samples to name the function.'),
  });

const limit = (metric: MetricId) =>
  z.union([z.string(), z.number()], { error: limitExpected(metric) }).transform((written, context) => {
    const parsed = parseGate(metric, written);
    if (typeof parsed !== 'string') return parsed;
    context.issues.push({ code: 'custom', input: written, message: parsed });
    return z.NEVER;
  });

const gateExample = (metric: MetricId): string => `{ fail: ${/"[^"]*"/.exec(limitExpected(metric))?.[0] ?? '…'} }`;

const gate = (metric: MetricId) =>
  z
    .union(
      [
        z.boolean(),
        z.literal('default'),
        mapping({
          fail: limit(metric).optional().describe('The smallest worsening that fails.'),
          toolchain: z
            .union([limit(metric), z.literal(false)])
            .optional()
            .describe('The same where two versions of Go built the sides; false: it does not fail then.'),
        }).refine(({ fail, toolchain }) => fail !== undefined || toolchain !== undefined, {
          error: 'expected `fail`, `toolchain` or both',
        }),
      ],
      expected(`${gateExample(metric)}, true, false or default`),
    )
    .optional()
    .describe(`${metricDef(metric).about}. \`fail\`: ${limitExpected(metric).slice('expected '.length)}.`)
    .meta({ kind: 'gate' });

const gates = () => mapping(Object.fromEntries(METRIC_IDS.map((metric) => [metric, gate(metric)])));

export const scenarioSchema = mapping({
  $schema: z.string().optional().describe('Address of the JSON schema, for editors; ignored.'),
  name: z
    .string(expected('a name'))
    .regex(/^[A-Za-z0-9][\w.-]{0,63}$/, expected('a name of at most 64 letters, digits, ".", "-" and "_"'))
    .optional()
    .describe('Name in reports and file paths; left out, the file name without its ending.')
    .meta({ example: 'httpbin' }),
  description: text().optional().describe('What this scenario stands for, for people.'),
  target: target().describe('The Go service: how to build, start and stop it.'),
  load: load().describe('The requests that it gets.'),
  measure: measure().prefault({}).describe('How long and how closely to measure.'),
  gates: gates()
    .prefault({})
    .describe(
      'Which metrics fail the run, and from which worsening on. Named here, a metric must be judged; `true` or `default` keeps its default limit, `false` removes it; unnamed ones keep the defaults. `toolchain` is the limit for changes of Go itself.',
    ),
});

/** A scenario file after validation, defaults filled, before files are read in. */
export type ScenarioInput = z.output<typeof scenarioSchema>;
