import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../harness/errors.ts';
import { parseScenario } from '../../harness/scenario/index.ts';
import { EXAMPLE_SCENARIO } from '../../harness/scenario/reference.ts';

const refusal = (text: string, contents: Readonly<Record<string, string | Uint8Array>> = {}): UsageError => {
  try {
    parseScenario(text, 'scenarios/shop.yml', new Map(Object.entries(contents)));
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error('this scenario was accepted');
};

/** The first line of each problem, without the file when it is the scenario's. */
const said = (text: string, contents: Readonly<Record<string, string | Uint8Array>> = {}): readonly string[] =>
  refusal(text, contents)
    .message.split('\n\n')
    .map((problem) => (problem.split('\n')[0] ?? '').replace('scenarios/shop.yml:', ''));

const request = (keys: string) => `target: { ready: GET / }\nload: { requests: [{ ${keys} }] }`;
const target = (keys: string) => `target: { ready: GET /, ${keys} }\nload: { requests: [{ http: GET / }] }`;
const gates = (keys: string, more = '') =>
  `target: { ready: GET / }\nload: { requests: [{ http: GET / }] }\n${more}gates: { ${keys} }`;

describe('the form of a refusal', () => {
  test('shows place, path, sentence, source line and a caret under the value', () => {
    const text = `target:
  ready: GET /
load:
  requests:
    - { name: json, weight: six, http: GET /json }
`;
    expect(refusal(text).message).toBe(
      `scenarios/shop.yml:5:29  load.requests[0].weight: expected a number above 0, got "six"
   5 |     - { name: json, weight: six, http: GET /json }
     |                             ^`,
    );
    expect(refusal(text)).toMatchObject({
      code: 'SCENARIO_INVALID',
      exitCode: 2,
      // Where it lies for whoever installed the package.
      hint: expect.stringContaining('node_modules/godyno/docs/scenario.md') as string,
    });
  });

  test('all mistakes of a file come at once, in its order, the first ten shown', () => {
    const names = Array.from({ length: 13 }, (_, index) => `nonsense${index}: 1`);
    const problems = said(`${names.join('\n')}\n${EXAMPLE_SCENARIO}`);
    expect(problems).toHaveLength(11);
    expect(problems.slice(0, 10).map((line) => line.split(' ')[0])).toEqual(
      Array.from({ length: 10 }, (_, index) => `${index + 1}:1`),
    );
    expect(problems.at(-1)).toBe('… and 3 more');
  });

  test('mistakes of different kinds are reported together', () => {
    const text = `target: { ready: LOCK /, agrs: [] }
load:
  data: none.csv
  requests:
    - { name: a, http: "GET /\${nn}" }
    - { name: a, http: GET / }
gates: { cpuNsPerRequest: { fail: "0.7%" } }`;
    expect(said(text).map((line) => line.replace(/: .*/, ''))).toEqual([
      '1:18  target.ready',
      '1:26  target.agrs',
      '3:9  load.data',
      '5:30  load.requests[0].http',
      '6:15  load.requests[1].name',
      '7:35  gates.cpuNsPerRequest.fail',
    ]);
  });

  test('a long line is cut around the caret, and control characters never reach the terminal', () => {
    const { message } = refusal(
      `{ "description": "\u001b[31m${'x'.repeat(300)}", "nope": 1, "target": {"ready": "GET /"} }`,
    );
    expect(message).not.toContain('\u001b');
    for (const line of message.split('\n')) if (line.includes(' | ')) expect(line.length).toBeLessThan(130);
    const lines = message.split('\n');
    const caretLine = lines.findIndex((line) => line.includes('"nope"')) + 1;
    const caret = lines[caretLine]?.indexOf('^') ?? -1;
    expect(lines[caretLine - 1]?.slice(caret, caret + 6)).toBe('"nope"');
  });

  test('whatever the text, the answer is a scenario or a UsageError whose caret lies in the file', () => {
    const pieces = fc.constantFrom(
      'target',
      'load',
      ':',
      ' ',
      '\n',
      '  ',
      '- ',
      '{',
      '}',
      '[',
      ']',
      'GET /',
      '"',
      '${',
      '*a',
      '&a',
      '#',
      '1',
      'requests',
      '\t',
      'ready',
      '!',
      '|',
      '>',
      '<<',
      ',',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
        const text = parts.join('');
        const { message } = refusal(text);
        const [, line = 0] = /^scenarios\/shop\.yml:(\d+):\d+ {2}/.exec(message) ?? [];
        expect(Number(line)).toBeGreaterThan(0);
        expect(Number(line)).toBeLessThanOrEqual(text.split('\n').length);
      }),
      { numRuns: 500 },
    );
  });
});

describe('unknown keys', () => {
  test.each([
    ['lod: 1', '1:1  lod: unknown key, did you mean `load`?'],
    ['gate: {}', '1:1  gate: unknown key, did you mean `gates`?'],
    ['measure: { bugdet: 1m }', '1:12  measure.bugdet: unknown key, did you mean `budget`?'],
    [
      'measure: { xyz: 1 }',
      '1:12  measure.xyz: unknown key; known here: budget, tight, exact, lanes, routes, trace, perf, labels, explain',
    ],
    ['gates: { cpuPerRequest: true }', '1:10  gates.cpuPerRequest: unknown key, did you mean `cpuNsPerRequest`?'],
  ])('%j', (text, message) => expect(said(`${text}\n${request('http: GET /')}`)).toEqual([message]));

  test('another tool’s word for a required key is one mistake, not two', () => {
    expect(said(request('url: /'))).toEqual(['2:22  load.requests[0].url: unknown key, did you mean `http`?']);
  });
});

describe('YAML that cannot be read', () => {
  test.each([
    ['', '1:1  the file is empty; `npx godyno init` writes a scenario that runs'],
    [
      'a: b: c',
      '1:4  a `key: value` inside another value; put quotes around text that holds `: `, or start a new line',
    ],
    ['target:\n\tready: GET /', '2:1  a tab cannot indent YAML; use spaces'],
    ['load: {}\nload: {}', '2:1  this key stands here twice; keep one of them'],
    ['a: 1\n---\nb: 1', '2:1  one scenario per file; move what follows `---` into a file of its own'],
    ['load: *nope', '1:7  no anchor &nope stands before this alias; put quotes around text that starts with *'],
    ['a: &a [*a]', '1:8  an alias stands inside its own anchor'],
    ['load: !secret x', '1:7  not valid YAML: unresolved tag: !secret'],
    ['7', '1:1  expected a mapping (keys with values), got 7'],
  ])('%j', (text, message) => expect(said(text)[0]).toBe(message));

  test('aliases that would fill the memory are refused', () => {
    const levels = Array.from(
      { length: 12 },
      (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(', ')}]`,
    );
    expect(said(`l0: &l0 x\n${levels.join('\n')}`)[0]).toMatch(/aliases cannot be resolved/);
  });
});

describe('requests', () => {
  test.each([
    ['http: TRACE /', /TRACE cannot be measured; use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS/],
    ['http: /json', /expected a method and a path such as "GET \/json", got "\/json"$/],
    ['http: GET json', /expected a path that starts with "\/", got "GET json"$/],
    ['http: "GET http://a/b"', /expected a path, not an address/],
    ['http: GET /a b', /write a space in a path as %20/],
    ['http: GET /ä', /percent-encoded/],
    ['http: GET /a#b', /fragment/],
    ['http: GET /, weight: 0', /weight: expected a number above 0, got 0$/],
    ['http: GET /, weight: .inf', /weight: expected a number above 0, got Infinity$/],
    [
      'http: GET /, expect: { status: 99 }',
      /expect.status: expected a status such as 200, "3xx" or "200-204", got 99$/,
    ],
    ['http: GET /, expect: { status: [200, 204-200] }', /expect.status\[1\]: expected a status .*, got "204-200"$/],
    ['http: GET /, expect: { status: [] }', /expect.status: expected at least one status, got an empty list$/],
    ['http: GET /, headers: { Content-Length: 1 }', /set by the connection engine/],
    ['http: GET /, headers: { "a b": c }', /headers\["a b"\]: a header name/],
    ['http: GET /, headers: { a: "b\\nc" }', /a header value is one line$/],
    ['http: GET /, body: a, bodyFile: b', /`body` and `bodyFile` exclude each other/],
    ['http: POST /, form: { a: b }, multipart: { a: b }', /`form` and `multipart` exclude each other/],
    ['http: POST /, multipart: { a: b }, headers: { Content-Type: x/y }', /leave content-type out/],
    ['http: GET /, capture: { x: $.x }', /capture x in load\.prepare, too/],
    ['http: GET /, capture: { x: token }', /expected a JSON path such as "\$\.token", \{ header/],
    ['http: GET /, expect: { body: { matches: "(" } }', /matches: not a regular expression/],
    ['http: GET /, expect: { body: { contains: "${n}" } }', /placeholders are not filled in here/],
    ['http: GET /, expect: { body: { json: { id: 1 } } }', /expected a JSON path/],
    ['http: HEAD /, expect: { body: { contains: x } }', /the answer to HEAD has no body/],
    ['http: GET https://h/x', /target\.tls: true/],
    ['http: GET /, body: { id: 0x1FFFFFFFFFFFFFF }', /body.id: JSON would not carry this number/],
    ['http: GET /, body: [.inf]', /body\[0\]: JSON would not carry this number/],
    ['http: GET /, body: 7', /body: expected text, or a mapping or list to send as JSON, got 7$/],
  ])('%s is refused', (keys, message) => expect(said(request(keys), { b: '' })[0]).toMatch(message));

  test('no request, or two of one name, is a mistake', () => {
    expect(said('target: { ready: GET / }\nload: { requests: [] }')).toEqual([
      '2:19  load.requests: expected at least one request, got an empty list',
    ]);
    expect(said('target: { ready: GET / }\nload: { requests: [{ http: GET / }, { http: GET / }] }')).toEqual([
      '2:37  load.requests[1].name: load.requests[0] is named "GET /" too; give each request a `name` of its own',
    ]);
  });

  test.each([
    ['capture: { n: $.x }', /capture.n: a captured name is/],
    ['capture: { id: token }', /capture.id: expected a JSON path such as "\$.token", \{ header.*, got "token"$/],
    ['repeat: 0', /repeat: expected a whole number from 1 to 100000, got 0$/],
    ['weight: 2', /weight: unknown key; known here: name, http/],
  ])('a prepare request with %s is refused', (keys, message) => {
    const text = `target: { ready: GET / }\nload: { prepare: [{ http: GET /, ${keys} }], requests: [{ http: GET / }] }`;
    expect(said(text)[0]).toMatch(message);
  });

  test.each([
    ['latency: { rate: 200 }', /latency.rate: expected a rate such as "200\/s" or "12000\/m", got 200$/],
    ['latency: true', /latency: expected { rate: 200\/s }, auto or false, got true$/],
    ['timeout: 30', /timeout: expected a length of time such as "30s" or "1m30s", got 30$/],
    ['timeout: 0s', /timeout: expected a length of time .*, got "0s"$/],
    ['inFlight: 1.5', /inFlight: expected a whole number from 1 to 256, got 1.5$/],
  ])('load with %s is refused', (keys, message) => {
    expect(said(`target: { ready: GET / }\nload: { requests: [{ http: GET / }], ${keys} }`)[0]).toMatch(message);
  });
});

describe('target', () => {
  test.each([
    ['gogc: 0', /gogc: expected "off" or a whole number such as 100, got "0"$/],
    ['gomemlimit: 1GB', /gomemlimit: expected "off" or a size such as "512MiB"/],
    ['env: { A: }', /env.A: expected text, got nothing$/],
    ['env: { "A=B": 1 }', /an environment name holds neither/],
    ['env: { GOGC: 50 }', /env.GOGC: leave GOGC out: set `target.gogc`$/],
    ['env: [A]', /env: expected names with their values such as \{ LOG_LEVEL: error \}, got a list$/],
    ['setup: [""]', /setup\[0\]: expected a command, got ""$/],
    ['seed: [7]', /seed\[0\]: expected a command: a line for the shell, a list .*, got 7$/],
    ['setup: [[]]', /setup\[0\]: expected a command.*, got an empty list$/],
    ['buildFlags: [-o, x]', /buildFlags\[0\]: -o cannot be a build flag/],
    ['go: 1.30', /go: expected a Go release such as 1.27.3 .*, got "1.30"$/],
    ['go: { head: stable }', /go.head: expected a Go release such as 1.27.3 .*, got "stable"$/],
    ['go: [1.27.3]', /go: expected a Go release such as 1.27.3 .*, got a list$/],
    ['go: 1.27.3, buildEnv: { GOTOOLCHAIN: local }', /buildEnv.GOTOOLCHAIN: leave it out: `target.go` chooses the Go$/],
    ['sides: both', /sides: expected auto, together or alternate, got "both"$/],
    ['sides: alternat', /sides: expected .*, got "alternat", did you mean `alternate`\?$/],
    ['cpus: 0', /cpus: expected a whole number from 1 to 64, got 0$/],
  ])('%s is refused', (keys, message) => expect(said(target(keys))[0]).toMatch(message));

  test('a missing key says what it is for', () => {
    expect(said('target: {}\nload: { requests: [{ http: GET / }] }')).toEqual([
      '1:1  target.ready: missing. The request that answers 2xx once the service is ready; as a mapping, on another port or socket than the load’s; for example `ready: GET /healthz`',
    ]);
  });
});

describe('gates', () => {
  test.each([
    [
      'cpuNsPerRequest: { fail: "+0.7%" }',
      /a change of 0.7 %: the smallest limit here is 1 %; with `measure: \{ tight: true \}` it is 0.5 %$/,
    ],
    ['cpuNsPerRequest: { fail: "+0.4%" }', /the smallest limit here is 0.5 %$/],
    ['mallocsPerRequest: { fail: "0.4%" }', /smallest limit here is 0.5 %$/],
    ['allocBytesPerRequest: { fail: "0.4%" }', /smallest limit here is 0.5 %$/],
    ['latencyP99Ms: { fail: "4%" }', /smallest limit here is 10 %$/],
    ['instructionsPerRequest: { fail: "0.05%" }', /smallest limit here is 0.1 %$/],
    ['goroutines: { fail: "0%" }', /expected a percentage above 0 such as "\+2%", got "0%"$/],
    ['goroutines: { fail: "-2%" }', /expected a percentage above 0/],
    ['goroutines: { fail: 0.02 }', /expected a percentage above 0 such as "\+2%", got 0.02$/],
    ['goroutineGrowthPerRequest: { fail: "2%" }', /expected a number above 0 such as "0.01"/],
    ['errorRatio: { fail: 0.01 }', /expected percentage points above 0 such as "0.1%"/],
    ['goroutines: "2%"', /goroutines: expected \{ fail: "\+2%" \}, true, false or default, got "2%"$/],
    ['goroutineGrowthPerRequest: 1', /expected \{ fail: "0.01" \}, true, false or default, got 1$/],
    [
      'functions: { main.encode: "+5%" }',
      /gates\.functions\["main\.encode"\]: expected a mapping such as \{ cpu: "\+20%" \}/,
    ],
    [
      'functions: { main.encode: {} }',
      /functions\["main\.encode"\]: expected cpu, alloc_objects, alloc_space or several of them/,
    ],
    [
      'functions: { main.encode: { cpu: "-5%" } }',
      /encode"\]\.cpu: expected a percentage above 0 such as "\+20%", got "-5%"$/,
    ],
    [
      'functions: { main.encode: { gpu: "+5%" } }',
      /functions\["main\.encode"\]\.gpu: unknown key, did you mean `cpu`\?$/,
    ],
    ['functions: { "": { cpu: "+5%" } }', /expected the name of a function/],
    ['functions: [main.encode]', /functions: expected function names with limits such as/],
    ['goroutines: {}', /goroutines: expected `fail`, `toolchain` or both, got a mapping$/],
  ])('%s is refused', (keys, message) => expect(said(gates(keys))[0]).toMatch(message));

  test('the floors themselves are accepted, and tight mode halves that of CPU', () => {
    const floors =
      'cpuNsPerRequest: { fail: 1% }, mallocsPerRequest: { fail: 0.5% }, latencyP50Ms: { fail: 5% }, instructionsPerRequest: { fail: 0.1% }';
    expect(() => parseScenario(gates(floors), 'a.yml', new Map())).not.toThrow();
    const tight = gates('cpuNsPerRequest: { fail: 0.5% }', 'measure: { tight: true }\n');
    expect(() => parseScenario(tight, 'a.yml', new Map())).not.toThrow();
  });
});

describe('placeholders', () => {
  test('an unknown one is shown where it stands, with what is known there', () => {
    const { message } = refusal(target('args: [-p, "x=${prot}"]'));
    expect(message).toBe(
      `scenarios/shop.yml:1:39  target.args[1]: unknown placeholder \${prot}, did you mean \`port\`? (known here: port, tmp, scenarioDir; \`$\${…}\` stands for a literal \`\${…}\`)
   1 | target: { ready: GET /, args: [-p, "x=\${prot}"] }
     |                                       ^`,
    );
  });

  test.each([
    [target('env: { A: "${binary}" }'), /\$\{binary\} is known in `target.setup` and `target.seed` only$/],
    [target('env: { A: "${env.HOME}" }'), /environment variables are not filled in/],
    [target('setup: [["${binary}", "${n}"]]'), /known here: binary, port, tmp/],
    [target('buildEnv: { A: "${tmp}" }'), /none is known here/],
    [request('http: "GET /${data.id}"'), /no data here; `load.data` names a CSV file/],
    [request('http: GET /, body: { deep: [{ "${who}": 1 }] }'), /unknown placeholder \$\{who\}/],
    [request('http: GET /, headers: { a: "${n" }'), /a placeholder is never closed/],
    [
      'target: { ready: GET / }\nload: { prepare: [{ http: "GET /${id}", capture: { id: $.id } }], requests: [{ http: GET / }] }',
      /prepare\[0\].http: unknown placeholder \$\{id\}/,
    ],
    [
      'target: { ready: GET / }\nload: { prepare: [{ side: base, http: GET /, capture: { id: $.id } }], requests: [{ http: "GET /${id}" }] }',
      /requests\[0\].http: \$\{id\} is captured on base only; let a request of load.prepare that the other side gets/,
    ],
    [
      'target: { ready: GET / }\nload: { prepare: [{ side: head, http: GET /, capture: { id: $.id } }, { http: "GET /${id}" }], requests: [{ http: GET / }] }',
      /prepare\[1\].http: \$\{id\} is captured on head only/,
    ],
    [
      'target: { ready: GET / }\nload: { prepare: [{ side: base, http: GET /, capture: { id: $.id } }, { http: GET /, capture: { id: $.id } }], requests: [{ http: GET / }] }',
      /prepare\[1\].capture.id: load.prepare\[0\] captures "id" already$/,
    ],
    [
      'target: { ready: GET / }\nload: { prepare: [{ side: both, http: GET / }], requests: [{ http: GET / }] }',
      /prepare\[0\].side: expected base or head/,
    ],
    [
      'target: { ready: GET / }\nload: { prepare: [{ http: GET /, capture: { id: $.a } }, { http: GET /, capture: { id: $.b } }], requests: [{ http: GET / }] }',
      /prepare\[1\].capture.id: load.prepare\[0\] captures "id" already$/,
    ],
  ])('%j', (text, message) => expect(said(text)[0]).toMatch(message));

  test('$${…} is a literal', () => {
    expect(() => parseScenario(target('env: { A: "$${HOME} $$${a}" }'), 'a.yml', new Map())).not.toThrow();
  });
});

describe('files', () => {
  const withData = 'target: { ready: GET / }\nload: { data: d.csv, requests: [{ http: "GET /${data.id}" }] }';

  test('one that could not be read is told once', () => {
    expect(said(withData)).toEqual([
      "2:15  load.data: there is no readable file d.csv beside the scenario (paths are relative to the scenario's folder)",
    ]);
  });

  test('a mistake inside one is shown at its own line', () => {
    expect(refusal(withData, { 'd.csv': 'id,name\n1,a\n2\n' }).message).toBe(
      'd.csv:3:1  load.data: expected 2 cells as in the first row, got 1\n   3 | 2\n     | ^',
    );
    expect(said(target('envFile: a.env'), { 'a.env': 'A=1\n\nnonsense\nB="x\n' })).toEqual([
      'a.env:3:1  target.envFile: expected a line such as NAME=value',
      'a.env:4:1  target.envFile: the quotes of B do not match',
    ]);
    expect(said(request('http: POST /, bodyFile: b.txt'), { 'b.txt': 'x\n y ${who}' })).toEqual([
      expect.stringMatching(
        /^b.txt:2:4 {2}load.requests\[0\].bodyFile: unknown placeholder \$\{who\}.*placeholders: false/,
      ),
    ]);
  });

  test('one that is no UTF-8 text is refused where text is read', () => {
    const latin1 = Buffer.from('id\ncaf\xe9\n', 'latin1');
    expect(said(withData, { 'd.csv': latin1 })).toEqual(['2:15  load.data: d.csv is not UTF-8 text; save it as UTF-8']);
    expect(said(target('envFile: a.env'), { 'a.env': latin1 })[0]).toContain('a.env is not UTF-8 text');
  });

  test('an encoding before a name is no other name, and only in requests', () => {
    expect(said(request('http: "GET /${raw:who}"'))[0]).toMatch(/unknown placeholder \$\{who\}/);
    expect(said(request('http: "GET /${upper:n}"'))[0]).toMatch(/unknown placeholder \$\{upper:n\}/);
    expect(said(target('args: ["${raw:port}"]'))[0]).toMatch(/unknown placeholder \$\{raw:port\}/);
  });

  test('a socket that both sides would share is refused where both are alive at once', () => {
    expect(said(target('socket: /run/x.sock'))[0]).toMatch(/target.socket: base and head would share this socket/);
    const alternate = target('socket: /run/x.sock, sides: alternate');
    expect(parseScenario(alternate, 's.yml', new Map()).target.socket).toBe('/run/x.sock');
  });

  test('a column that the data does not have is named with those it has', () => {
    expect(said(withData, { 'd.csv': 'ident,name\n1,a\n' })[0]).toMatch(
      /known here: n, user, port, tmp, data.ident, data.name/,
    );
  });
});
