/** `target`: how the service is built and started. */
import { z } from 'zod';
import { GO_CHOICE_EXPECTED, parseGoChoice } from './go-choice.ts';
import { flagsOfList, shellWords } from './flag-words.ts';
import {
  duration,
  environment,
  expected,
  gcPercent,
  memoryLimit,
  requestLine,
  text,
  wholeNumber,
  word,
} from './scalars.ts';
import { mapping, texts, yesNo } from './schema-words.ts';

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

export const target = () =>
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
