/** docs/scenario.md, from the schema's own descriptions. */
import { METRICS, metricDef } from '../metrics/index.ts';
import { formatPercent, formatQuantity } from '../units/index.ts';
import type { MetricId } from '../model/index.ts';
import { annotatedSchema, type JsonSchema } from './json-schema.ts';

export const EXAMPLE_SCENARIO = `name: httpbin
target:
  package: ./cmd/go-httpbin          # Go main package, relative to the module folder
  args: ["-host", "127.0.0.1", "-port", "\${port}"]
  env: { LOG_LEVEL: error }
  ready: GET /status/200
load:
  requests:
    - { name: json,  weight: 6, http: GET /json }
    - { name: bytes, weight: 3, http: GET /bytes/2048, expect: { status: 200 } }
    - { name: post,  weight: 1, http: POST /post, headers: { content-type: application/json }, body: '{"a": [1, 2, 3]}' }
  latency: { rate: 200/s }           # open-model phase, rate per side; left out: 40 % of the measured capacity; false: none
measure:
  budget: 2m                         # wall clock for this scenario, builds excluded
gates:                               # left out: the defaults
  cpuNsPerRequest: { fail: "+2%" }
  mallocsPerRequest: { fail: "+1%" }
`;

const INTRODUCTION = `# Scenario reference

A scenario is one YAML (or JSON) file: the service, the load it gets, what to measure and what fails the run. godyno
reads \`scenarios/*.yml\` (\`.yaml\`, \`.json\`) unless it is given paths. This page is generated from the schema.

\`\`\`yaml
# yaml-language-server: $schema=../node_modules/godyno/docs/scenario.schema.json
${EXAMPLE_SCENARIO}\`\`\`

Only \`target.ready\`, \`load.requests\` and the \`http\` line of each request are required. An unknown key is an error. A key
without a value counts as left out.

- **Lengths of time** in Go's notation: \`250us\`, \`10ms\`, \`30s\`, \`1m30s\`. **Sizes**: \`512\`, \`64KiB\`, \`10MB\`. **Rates**:
  \`200/s\`, \`12000/m\`.
- **Text** may be an unquoted number or true/false where text is meant; it is taken as written (\`1.10\` stays \`1.10\`).
- **Files** that a scenario names are relative to its folder.

**Words used below.** *Base* and *head* are the two sides: what the change is compared with, and the change. A *launch* is
one fresh start of both, measured for a few seconds; a run has eight or so, each linked anew. A *gate* is a metric with a
limit that fails the run.

## What happens in a launch

1. Once a run, for each side in a copy of its source: \`target.include\`, \`target.generate\`, the build. Your folders are not
   written into.
2. At each launch, for each side: \`target.setup\`, the start with \`target.args\` and \`target.env\` in \`target.cwd\`, waiting for
   \`target.ready\`, \`target.seed\`, then \`load.prepare\`.
3. A warm-up, then \`load.requests\`, to both sides at the same time. At the end the service is stopped.

\`\${tmp}\` is empty at the beginning of each launch. The service sees the environment of godyno, but for \`HOME\`,
which is an empty folder of its side's own (\`target.home\`), and \`TMPDIR\`; \`target.env\` wins.

## Where base needs something else than head

A change that renames a flag or moves a sign-in changes the scenario with it. A base that does not build, start or answer
\`load.prepare\` by head's scenario is started, and prepared, by the scenario of its own commit; the report says so. Where
that commit has none, or for more than that, say what each side needs: keys in \`target.base\` and \`target.head\`, and
\`side\` in \`load.prepare\`:

\`\`\`yaml
load:
  prepare:
    - { side: base, http: POST /login, form: { user: ann }, capture: { token: $.token } }
    - { side: head, http: POST /sessions, form: { user: ann }, capture: { token: $.session.token } }
  requests:
    - { http: GET /me, headers: { authorization: "Bearer \${token}" } }
\`\`\`

A request of the load that only head answers is left out on both sides, and reported.

## A database, or another service

Start it before godyno (in GitHub Actions as \`services:\`); what the service calls on this machine is within reach, and only the
CPU of the service itself is counted. Both sides run at once, so give each start data of its own. \`\${port}\` differs between
them:

\`\`\`yaml
target:
  env: { DATABASE_URL: "postgres://postgres@127.0.0.1/app_\${port}?sslmode=disable" }
  setup:
    - dropdb -h 127.0.0.1 -U postgres --if-exists app_\${port} && createdb -h 127.0.0.1 -U postgres app_\${port}
    - ["\${binary}", migrate]
  seed:
    - ["./seed.sh", "http://127.0.0.1:\${port}"]
\`\`\`

SQLite and the like need less: a file below \`\${tmp}\`.

## Placeholders

| Placeholder | Stands for | Known in |
|---|---|---|
| \`\${port}\` | the port of this side | \`target.args\`, \`env\`, \`cwd\`, \`setup\` and \`seed\`, requests |
| \`\${port.name}\` | a further port of this side, of as many digits; the name is yours: \`\${port.admin}\` | as \`\${port}\` |
| \`\${tmp}\` | an empty folder of this side's own | \`target.args\`, \`env\`, \`cwd\`, \`setup\` and \`seed\`, requests |
| \`\${scenarioDir}\` | a copy of the scenario's folder, of this side's own | \`target.args\`, \`env\`, \`cwd\`, \`generate\`, \`setup\` and \`seed\` |
| \`\${binary}\` | the service as built for this side | \`target.setup\` and \`seed\` |
| \`\${n}\` | the request's number in the schedule, the same on both sides; in \`prepare\` the repetition, from 0 | requests |
| \`\${user}\` | the number of the user whose turn it is, from 0 (\`load.users\`) | requests |
| \`\${data.column}\` | a cell of the row that comes with this request from \`load.data\`; in \`prepare\` row by row, each user from its own number on | requests |
| \`\${name}\` | a value that an earlier request captured | later requests |

"Requests" means paths, header values and bodies (\`bodyFile\` too, where it is text). \`$\${…}\` stands for a literal
\`\${…}\`. Environment variables are not filled in, so that a scenario means the same on every machine.

In requests a value is encoded for where it stands; what you typed around it is sent as typed:

| Where | Becomes |
|---|---|
| a path segment, a query name or value, a form (\`application/x-www-form-urlencoded\`) | percent-encoded: \`a/b & c\` → \`a%2Fb%20%26%20c\` |
| the whole path (\`GET \${location}\`), whole pairs of a query or form (\`GET /search?\${data.query}\`) | as it is, but for what a URL cannot hold |
| a string of a JSON body | escaped: \`say "hi"\` → \`say \\"hi\\"\` |
| a JSON body outside of a string, a header, any other body | as it is |
| an XML body | \`&\`, \`<\`, \`>\` and quotes as entities |

\`content-type\` tells what a body is; without one, text that is JSON counts as JSON. \`\${raw:name}\` is sent as it is,
\`\${url:name}\` percent-encoded and \`\${json:name}\` escaped as in a JSON string, wherever it stands.

## Requests that need more than a path

\`\`\`yaml
load:
  users: 3                           # three visitors take turns, each signed in by itself
  data: users.csv                    # name,password
  prepare:
    - http: POST /login              # the cookie it sets goes with all later requests
      form: { user: "\${data.name}", password: "\${data.password}" }
      expect: { status: 303 }        # or followRedirects: true
    - http: GET /items/new
      capture: { csrf: { regex: 'name="csrf" value="([^"]+)"' } }
    - { http: POST /items, headers: { x-csrf: "\${csrf}" }, body: { name: lamp }, expect: { status: 201 }, capture: { item: { header: Location } } }
  requests:
    - { name: item, weight: 6, http: "GET \${item}", expect: { body: { json: { $.name: lamp } } } }
    - { name: photo, http: POST /photos, multipart: { title: "no. \${n}", photo: { file: cat.png, type: image/png } } }
    - { name: public, http: GET /, cookies: false }
\`\`\`

Cookies follow RFC 6265 by path and lifetime; Domain, Secure and SameSite do not count, since there is one service, on this
machine. Redirects are answers like any other: where a 2xx is expected, a redirect is a failed request, and the report
shows where it leads. What the first failed requests of each name were answered stands in the report.
`;

const code = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

const kindOf = (schema: JsonSchema): string => {
  if (schema.kind !== undefined) return schema.kind;
  if (schema.enum !== undefined) return schema.enum.map(String).join(', ');
  if (schema.properties !== undefined) return 'mapping';
  if (schema.type === 'array') return 'list';
  if (schema.type === 'boolean') return 'true or false';
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(kindOf))].join(' or ');
  return schema.type === 'integer' ? 'whole number' : schema.type === 'string' ? 'text' : (schema.type ?? 'any');
};

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length === 0;

const row = (key: string, schema: JsonSchema, required: boolean): string => {
  const standard = required
    ? '**required**'
    : schema.default === undefined || isEmpty(schema.default)
      ? ''
      : code(schema.default);
  const example = schema.example;
  const said = `${schema.description ?? ''}${example === undefined ? '' : ` Example: ${code(example)}`}`;
  return `| ${[code(key), kindOf(schema), standard, said].map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
};

const table = (schema: JsonSchema): string =>
  [
    '| Key | Kind | Default | Meaning |',
    '|---|---|---|---|',
    ...Object.entries(schema.properties ?? {}).map(([key, inner]) =>
      row(key, inner, schema.required?.includes(key) ?? false),
    ),
  ].join('\n');

interface ReferenceSection {
  readonly path: string;
  readonly schema: JsonSchema;
}

/** Every mapping with keys of ours, outermost first. The metrics of `gates` share one table. */
const sections = (path: string, schema: JsonSchema): readonly ReferenceSection[] => {
  const own = schema.properties === undefined ? [] : [{ path, schema }];
  const keys = path === 'gates' ? [] : Object.entries(schema.properties ?? {});
  return [
    ...own,
    ...keys.flatMap(([key, inner]) => sections(path === '' ? key : `${path}.${key}`, inner)),
    ...(schema.items === undefined ? [] : sections(`${path}[]`, schema.items)),
    ...(schema.anyOf ?? []).flatMap((branch) => sections(path, branch)),
  ];
};

const failsAt = (metric: MetricId): string => `\`${metric}\` +${formatPercent(METRICS[metric].practicalRatio ?? 0)}`;
const failsFrom = (metric: MetricId): string =>
  `\`${metric}\` ${formatQuantity(METRICS[metric].practicalAbsolute, METRICS[metric].unit)}`;
const finest = (metric: MetricId): string => formatPercent(metricDef(metric).finestRatio ?? 0);

const gatesNote = `Gates without being named, each with its limit: ${failsAt('cpuNsPerRequest')}, ${failsAt('mallocsPerRequest')}, \`allocBytesPerRequest\`
+${formatPercent(METRICS.allocBytesPerRequest.practicalRatio)}, \`instructionsPerRequest\` where exact mode counts, ${failsFrom('heapGrowthBytesPerRequest')}, ${failsFrom('goroutineGrowthPerRequest')},
${failsFrom('errorRatio')}, ${failsAt('latencyP50Ms')} and ${METRICS.latencyP50Ms.practicalAbsolute} ms. The others are shown, and fail only where they are named
([method.md](method.md#deciding-on-the-rest)).

\`fail\` is the smallest worsening that fails the run: a percentage where head is compared with base as a ratio, an
amount where the difference counts (growth, errors). A limit that no run can decide is refused: CPU below ${formatPercent(METRICS.cpuNsPerRequest.untightFinestRatio)} (${finest('cpuNsPerRequest')} in
tight mode), allocations and bytes below ${finest('allocBytesPerRequest')}, latency below ${finest('latencyP50Ms')}, instructions below ${finest('instructionsPerRequest')}.

\`toolchain\` is the limit instead of it where two versions of Go built the sides (a pull request that bumps Go, whether or
not it changes code, too): \`allocBytesPerRequest: { fail: "+2%", toolchain: "+20%" }\`; without \`fail\` the default holds
otherwise, and \`toolchain: false\` lets such a change pass.

\`functions\` gives single functions a limit, without which none has one: the smallest worsening of what a function costs
itself (\`cpu\`, \`alloc_objects\`, \`alloc_space\`; with what Go's runtime does for it, without what it calls) that fails
the run, when the samples of the profiles leave no doubt ([method.md](method.md#functions-with-a-limit)). What they cannot
tell is reported as not judged and fails nothing.

\`\`\`yaml
gates:
  functions:
    main.encode: { cpu: "+20%" }
    "main.(*cache).*": { alloc_space: "+50%" }         # every method of *cache, each by itself
    "*/store.Find[...]": { cpu: "+30%" }               # type arguments do not count
\`\`\`

`;

/** Places that take the same keys are listed above one table, at the first of them. */
const section = ([path = '', ...others]: readonly string[], keys: string): string => {
  const alike = others.length === 0 ? '' : `Likewise ${others.map(code).join(', ')}.\n\n`;
  return `## ${path === '' ? 'The file' : code(path)}\n\n${path === 'gates' ? gatesNote : ''}${alike}${keys}\n`;
};

const allSections = (): readonly string[] => {
  const byTable = Map.groupBy(sections('', annotatedSchema()), ({ schema }) => table(schema));
  return [...byTable].map(([keys, places]) =>
    section(
      places.map(({ path }) => path),
      keys,
    ),
  );
};

/** The reference of the scenario file, as markdown. */
export const scenarioReference = (): string => [INTRODUCTION, ...allSections()].join('\n');
