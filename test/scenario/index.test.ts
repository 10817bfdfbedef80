import { describe, expect, test } from 'vitest';
import {
  fixedReadyPorts,
  prepareOf,
  readyText,
  type Scenario,
  type Side,
  targetOf,
} from '../../harness/model/index.ts';
import { parseScenario, referencedFiles } from '../../harness/scenario/index.ts';
import { EXAMPLE_SCENARIO } from '../../harness/scenario/reference.ts';

const read = (text: string, contents: Readonly<Record<string, string | Uint8Array>> = {}): Scenario =>
  parseScenario(text, 'scenarios/shop.yml', new Map(Object.entries(contents)));

const MINIMAL = `
target: { ready: GET /healthz }
load: { requests: [{ http: GET /items }] }
`;

/** The minimal scenario with more keys in one of its parts. */
const withTarget = (more: string) => read(`target:\n  ready: GET /\n${more}\nload: { requests: [{ http: GET / }] }`);
const withRequest = (more: string, contents: Readonly<Record<string, string | Uint8Array>> = {}) =>
  read(`target: { ready: GET / }\nload:\n  requests:\n  - http: POST /\n${more}`, contents).load.requests[0]!;

describe('the example of the README and the reference', () => {
  test('means what it says', () => {
    const scenario = parseScenario(EXAMPLE_SCENARIO, 'scenarios/httpbin.yml', new Map());
    expect(scenario).toMatchObject({
      name: 'httpbin',
      target: {
        package: './cmd/go-httpbin',
        args: ['-host', '127.0.0.1', '-port', '${port}'],
        env: { LOG_LEVEL: 'error' },
        ready: { method: 'GET', path: '/status/200' },
      },
      measure: { budgetSeconds: 120, tight: false },
      gates: {
        cpuNsPerRequest: { failRatio: 0.02, failAbsolute: null },
        mallocsPerRequest: { failRatio: 0.01, failAbsolute: null },
      },
    });
    expect(scenario.load.latency).toEqual({ ratePerSecond: 200 });
    expect(scenario.load.requests.map(({ name, weight, method, path }) => [name, weight, method, path])).toEqual([
      ['json', 6, 'GET', '/json'],
      ['bytes', 3, 'GET', '/bytes/2048'],
      ['post', 1, 'POST', '/post'],
    ]);
    expect(scenario.load.requests[1]?.expect.status).toEqual([{ from: 200, to: 200 }]);
    expect(scenario.load.requests[2]).toMatchObject({
      headers: { 'content-type': 'application/json' },
      body: '{"a": [1, 2, 3]}',
    });
  });
});

describe('defaults', () => {
  test('the smallest scenario is complete', () => {
    expect(read(MINIMAL)).toEqual({
      name: 'shop',
      description: null,
      file: 'scenarios/shop.yml',
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      target: {
        package: '.',
        module: '.',
        args: [],
        env: {},
        buildFlags: [],
        buildEnv: {},
        generate: [],
        include: [],
        cwd: '.',
        ports: [],
        setup: [],
        seed: [],
        ready: { method: 'GET', path: '/healthz', timeoutSeconds: 30 },
        stopTimeoutSeconds: 1,
        cpus: 1,
        gogc: '100',
        gomemlimit: 'off',
        sides: 'auto',
        port: null,
      },
      load: {
        requests: [
          {
            name: 'GET /items',
            weight: 1,
            method: 'GET',
            path: '/items',
            headers: {},
            body: null,
            expect: { status: [{ from: 200, to: 299 }] },
          },
        ],
        prepare: [],
        data: null,
        inFlight: 1,
        timeoutSeconds: 10,
        latency: 'auto',
      },
      measure: { budgetSeconds: 120, tight: false, exact: 'auto', explain: true },
      gates: {},
    });
  });

  test('launches go beside each other as the machine and the service allow, unless a number is given', () => {
    expect(read(`${MINIMAL}measure: { routes: auto }`).measure).not.toHaveProperty('routes');
    expect(read(`${MINIMAL}measure: { routes: always }`).measure.routes).toBe('always');
    expect(read(`${MINIMAL}measure: { perf: auto }`).measure).not.toHaveProperty('perf');
    expect(read(`${MINIMAL}measure: { perf: always }`).measure.perf).toBe('always');
    expect(read(`${MINIMAL}measure: { lanes: auto }`).measure).not.toHaveProperty('lanes');
    expect(read(`${MINIMAL}measure: { lanes: 1 }`).measure.lanes).toBe(1);
    expect(read(`${MINIMAL}measure: { lanes: 2 }`).measure.lanes).toBe(2);
    expect(() => read(`${MINIMAL}measure: { lanes: 3 }`)).toThrow(/measure\.lanes: .*auto, 1 or 2/);
  });

  test('tight mode has twice the budget unless one is given', () => {
    expect(read(`${MINIMAL}measure: { tight: true }`).measure.budgetSeconds).toBe(240);
    expect(read(`${MINIMAL}measure: { tight: true, budget: 1m30s }`).measure.budgetSeconds).toBe(90);
  });

  test('a key without a value counts as left out', () => {
    expect(read(`${MINIMAL}gates:\n  # cpuNsPerRequest: { fail: "+2%" }\nmeasure:\n  budget:\n`)).toEqual(
      read(MINIMAL),
    );
  });

  test.each([
    ['scenarios/big shop.yaml', 'big-shop'],
    ['C:\\work\\api.v2.json', 'api.v2'],
    ['.yml', 'scenario'],
  ])('a scenario without a name, read from %j, is called %j', (file, name) => {
    expect(parseScenario(MINIMAL, file, new Map()).name).toBe(name);
  });

  test('JSON, tabs and a byte-order mark included, reads as YAML does', () => {
    const json =
      '\uFEFF{\n\t"target": { "ready": "GET /healthz" },\n\t"load": { "requests": [{ "http": "GET /items" }] }\n}';
    expect(read(json)).toEqual(read(MINIMAL));
  });

  test('merge keys carry shared parts', () => {
    const scenario = read(`
target: { ready: GET / }
load:
  requests:
    - &first { name: a, http: GET /a, headers: { x-version: 1.10 } }
    - { <<: *first, name: b }
`);
    expect(scenario.load.requests.map(({ name, path }) => [name, path])).toEqual([
      ['a', '/a'],
      ['b', '/a'],
    ]);
  });
});

describe('target', () => {
  test('unquoted numbers and true/false are taken as they are written where text is meant', () => {
    const { target } = withTarget(
      '  args: [-v, 0755, 1.10, true]\n  env: { VERSION: 1.10, MODE: 0o17, ON: True }\n  gogc: 50\n  setup: [[tool, 007]]',
    );
    expect(target.args).toEqual(['-v', '0755', '1.10', 'true']);
    expect(target.env).toEqual({ VERSION: '1.10', MODE: '0o17', ON: 'True' });
    expect(target.gogc).toBe('50');
    expect(target.setup[0]?.args).toEqual(['007']);
  });

  test('setup commands are lines for the shell, lists or mappings', () => {
    const { target } = withTarget(`  setup:
    - "\${binary} migrate && ls \${tmp}"
    - ["\${binary}", superuser, upsert, --dir, "\${tmp}"]
    - { command: ./seed.sh, args: ["\${port}"], env: { A: b }, timeout: 5m }`);
    expect(target.setup).toEqual([
      { command: 'sh', args: ['-c', '${binary} migrate && ls ${tmp}'], env: {}, timeoutSeconds: 60 },
      { command: '${binary}', args: ['superuser', 'upsert', '--dir', '${tmp}'], env: {}, timeoutSeconds: 60 },
      { command: './seed.sh', args: ['${port}'], env: { A: 'b' }, timeoutSeconds: 300 },
    ]);
  });

  test('a Go release is named as GOTOOLCHAIN names it, for both sides or each; a path stays as it is', () => {
    const go = (text: string) => withTarget(`  go: ${text}`).target.go;
    expect(go('1.27.3')).toEqual({ base: 'go1.27.3', head: 'go1.27.3' });
    expect(go('{ base: go1.26.8, head: 1.28rc1 }')).toEqual({ base: 'go1.26.8', head: 'go1.28rc1' });
    expect(go('{ head: ../sdk/go1.27 }')).toEqual({ head: '../sdk/go1.27' });
    expect(withTarget('  cpus: 1').target).not.toHaveProperty('go');
  });

  test('commands before the build are lines for the shell, lists, or mappings with what they read and make', () => {
    const { target } = withTarget(`  generate:
    - npm ci && npm run build
    - [go, generate, ./...]
    - { command: make web, timeout: 2m, inputs: "web/**", outputs: [web/dist] }
    - { command: protoc, args: [-I, .], env: { A: b } }`);
    const plain = { env: {}, timeoutSeconds: 600, inputs: [], outputs: [] };
    expect(target.generate).toEqual([
      { ...plain, command: 'sh', args: ['-c', 'npm ci && npm run build'] },
      { ...plain, command: 'go', args: ['generate', './...'] },
      {
        ...plain,
        command: 'sh',
        args: ['-c', 'make web'],
        timeoutSeconds: 120,
        inputs: ['web/**'],
        outputs: ['web/dist'],
      },
      { ...plain, command: 'protoc', args: ['-I', '.'], env: { A: 'b' } },
    ]);
    expect(() => withTarget('  generate: [{ command: x, inputs: a }]')).toThrow(
      /`inputs` and `outputs` are given together/,
    );
    expect(() => withTarget('  include: /etc/passwd')).toThrow(/relative to the module folder/);
  });

  test('keys that say nothing leave the digest as it was, and those that say something change it', () => {
    const plain = withTarget('  args: []').digest;
    expect(withTarget('  generate: []\n  include: []\n  seed: []\n  cwd: .').digest).toBe(plain);
    for (const key of ['generate: [make]', 'include: dist', 'seed: [[make]]', 'cwd: web'])
      expect(withTarget(`  ${key}`).digest).not.toBe(plain);
  });

  test('further ports are named where they are used: arguments, environment, bodies, each once', () => {
    const text = `target: { ready: GET /, args: ["\${port.metrics}", "\${port}"], env: { A: "\${port.admin}:\${port.metrics}" } }
load: { requests: [{ http: POST /hook, body: { to: "http://127.0.0.1:\${port.sink}/" } }, { http: "GET /$\${port.no}" }] }`;
    expect(read(text).target.ports).toEqual(['admin', 'metrics', 'sink']);
    expect(() => withTarget('  args: ["${port.my-port}"]')).toThrow(/letters, digits and _/);
    expect(() => withTarget('  buildFlags: ["-tags=${port.x}"]')).toThrow(/port\.x/);
  });

  test('one side may have arguments and more of its own, variables on top of the common ones', () => {
    const { target } = withTarget(`  args: [-addr]
  env: { A: 1, B: 2 }
  base: { args: [-listen, 007], env: { B: 3 }, package: ./old, seed: [[x]], ready: GET /health }
  head: { cwd: web, setup: [[y]], generate: [make] }`);
    const [base, head] = [targetOf(target, 'base'), targetOf(target, 'head')];
    expect(base).toMatchObject({ args: ['-listen', '007'], env: { A: '1', B: '3' }, package: './old', cwd: '.' });
    expect(base.ready).toEqual({ method: 'GET', path: '/health', timeoutSeconds: 30 });
    expect(head).toMatchObject({ args: ['-addr'], env: { A: '1', B: '2' }, package: '.', cwd: 'web' });
    expect([base.seed.length, base.setup.length, head.setup.length, head.generate.length]).toEqual([1, 0, 1, 1]);
    expect(() => withTarget('  base: { args: ["${prot}"] }')).toThrow(/target\.base\.args\[0\]: unknown placeholder/);
    expect(withTarget('  base: { args: [x] }').digest).not.toBe(withTarget('  head: { args: [x] }').digest);
  });

  test('the home folder of each side is its own unless the user’s is asked for, which is measured as another thing', () => {
    expect(withTarget('  home: own').target).not.toHaveProperty('home');
    expect(withTarget('  home: own').digest).toBe(withTarget('').digest);
    expect(withTarget('  home: user').target.home).toBe('user');
    expect(withTarget('  home: user').digest).not.toBe(withTarget('').digest);
    expect(() => withTarget('  home: mine')).toThrow(/target\.home: expected own or user, got "mine"/);
  });

  test('folders of fixed names may be each side’s own, those of the system may not', () => {
    expect(withTarget('').target).not.toHaveProperty('private');
    expect(withTarget('  private: [/var/lib/app]').target.private).toEqual(['/var/lib/app']);
    expect(() => withTarget('  private: [data]')).toThrow(/target\.private\[0\]: expected an absolute folder/);
    expect(() => withTarget('  private: [/var/../etc]')).toThrow(/expected an absolute folder/);
    for (const folder of ['/', '/etc', '/usr/', '/tmp']) {
      expect(() => withTarget(`  private: [${folder}]`)).toThrow(/this folder holds what others need/);
    }
  });

  test('readiness may be asked on another port or socket, or be a connection that is taken', () => {
    const ready = (text: string) => withTarget(`  readyTimeout: 5s\n  base: { ready: ${text} }`).target;
    const plain = { method: 'GET', path: '/', timeoutSeconds: 5 };
    const up = { ...plain, path: '/up' };
    const checks = [
      ['{ http: GET /up, port: "${port.admin}" }', { ...up, at: { port: '${port.admin}' } }],
      ['{ http: GET /up, port: 9090, tls: true }', { ...up, at: { port: '9090', tls: true } }],
      ['{ http: GET /up, socket: "${tmp}/a.sock" }', { ...up, at: { socket: '${tmp}/a.sock' } }],
      ['{ http: GET /up, port: "${port}" }', up],
      ['{ http: GET /up }', up],
      ['{ port: "${port}" }', { ...plain, connects: true }],
      ['{ port: "${port.rpc}" }', { ...plain, at: { port: '${port.rpc}' }, connects: true }],
    ] as const;
    for (const [text, meant] of checks) expect(targetOf(ready(text), 'base').ready).toEqual(meant);
    const admin = withTarget('  base: { ready: { port: "${port.admin}" } }\n  head: { ready: { port: 9090 } }');
    expect(admin.target.ports).toEqual(['admin']);
    expect(fixedReadyPorts(admin)).toEqual([9090]);
    expect([readyText(targetOf(admin.target, 'base').ready), readyText(admin.target.ready)]).toEqual([
      'a connection to ${port.admin}',
      'GET /',
    ]);
    expect(admin.digest).not.toBe(withTarget('').digest);
  });

  test.each([
    ['{}', /target\.ready: expected `http`, `port` or `socket`/],
    ['{ port: "${port.a}", socket: "${tmp}/s" }', /`port` and `socket` exclude each other/],
    ['{ http: GET /, tls: true }', /`tls` goes with `http` and a `port` or `socket`/],
    ['{ port: admin }', /target\.ready\.port: expected \$\{port\.admin\}/],
    ['{ port: 99999 }', /target\.ready\.port: expected/],
    ['{ http: "GET /${tmp}", port: 1 }', /target\.ready\.http: unknown placeholder/],
    ['{ http: GET /, socket: /run/a.sock }', /target\.ready\.socket: base and head would share this socket/],
    ['GET http://127.0.0.1:9090/up', /target\.ready: expected a path, not an address.*\{ http: …, port: … \}/s],
    ['7', /target\.ready: expected a method and a path such as "GET \/healthz", or a mapping/],
  ])('a readiness check that says %s is refused', (text, message) => {
    expect(() => read(`target: { ready: ${text} }\nload: { requests: [{ http: GET / }] }`)).toThrow(message);
  });

  test('build flags may be one line', () => {
    expect(withTarget('  buildFlags: -tags sqlite,json1').target.buildFlags).toEqual(['-tags', 'sqlite,json1']);
    expect(withTarget('  buildFlags: ["-ldflags=-X main.v=1 -s"]').target.buildFlags).toEqual([
      '-ldflags=-X main.v=1 -s',
    ]);
  });

  test('quotes in build flags are a shell’s, and one that is never closed is shown at its line', () => {
    const flags = `-ldflags "-s -X 'main.v=a b'" -gcflags='all=-N -l'`;
    expect(withTarget(`  buildFlags: |-\n    ${flags}`).target.buildFlags).toEqual([
      '-ldflags',
      "-s -X 'main.v=a b'",
      '-gcflags=all=-N -l',
    ]);
    expect(withTarget(`  buildFlags: ['-ldflags "-s -w"']`).target.buildFlags).toEqual(['-ldflags', '-s -w']);
    expect(() => withTarget(`  buildFlags: '-ldflags "-s'`)).toThrow(/a quote is never closed/);
  });

  test('env wins over environment files, a later file over an earlier one, and files are literal', () => {
    const text = `target: { ready: GET /, envFile: [a.env, b.env], env: { THREE: "\${port}" } }
load: { requests: [{ http: GET / }] }`;
    const scenario = read(text, { 'a.env': 'ONE=1\nTWO=1\nTHREE=1', 'b.env': 'TWO=${HOME}' });
    expect(scenario.target.env).toEqual({ ONE: '1', TWO: '$${HOME}', THREE: '${port}' });
  });
});

describe('requests', () => {
  test('a mapping or list as body is sent as JSON, with its content-type unless one is given', () => {
    expect(withRequest('    body: { a: [1, "${n}"], none: null }')).toMatchObject({
      body: '{"a":[1,"${n}"],"none":null}',
      headers: { 'content-type': 'application/json' },
    });
    expect(withRequest('    body: [1]\n    headers: { Content-Type: text/x }').headers).toEqual({
      'Content-Type': 'text/x',
    });
    expect(withRequest('    body: "[1]"').headers).toEqual({});
  });

  test('a form is encoded but for its placeholders, which are when they are filled', () => {
    expect(withRequest('    form: { user: "a&b ${user}", "x[]": 1.10 }')).toMatchObject({
      body: 'user=a%26b%20${user}&x%5B%5D=1.10',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  test('fields and files are parts with a boundary of their own, the same every time', () => {
    const more =
      '    multipart: { title: "cat ${n}", photo: { file: p/cat.png, type: image/png }, raw: { file: x, filename: \'a"b\' } }';
    const contents = { 'p/cat.png': Uint8Array.from([0, 255]), x: '${n}' };
    const { body, headers } = withRequest(more, contents);
    const boundary = /^multipart\/form-data; boundary=(godyno-[0-9a-f]{32})$/.exec(headers['content-type'] ?? '')?.[1];
    const bytes = (text: string) => ({ base64: Buffer.from(text, 'latin1').toString('base64') });
    expect(body).toEqual([
      `--${boundary}\r\nContent-Disposition: form-data; name="title"\r\n\r\n`,
      'cat ${n}',
      '\r\n',
      `--${boundary}\r\nContent-Disposition: form-data; name="photo"; filename="cat.png"\r\nContent-Type: image/png\r\n\r\n`,
      bytes('\0\xff'),
      '\r\n',
      `--${boundary}\r\nContent-Disposition: form-data; name="raw"; filename="a%22b"\r\nContent-Type: application/octet-stream\r\n\r\n`,
      bytes('${n}'),
      '\r\n',
      `--${boundary}--\r\n`,
    ]);
    expect(withRequest(more, contents).body).toEqual(body);
    expect(withRequest(more, { ...contents, x: 'other' }).headers).not.toEqual(headers);
  });

  test('Node’s own parser reads such a form back', async () => {
    const { body, headers } = withRequest('    multipart: { title: "c\\"\\n🐈", photo: { file: f } }', {
      f: 'x\r\n--y',
    });
    const pieces = (body as readonly (string | { base64: string })[]).map((piece) =>
      typeof piece === 'string' ? Buffer.from(piece) : Buffer.from(piece.base64, 'base64'),
    );
    const form = await new Response(Buffer.concat(pieces), { headers }).formData();
    expect(form.get('title')).toBe('c"\n🐈');
    expect(await (form.get('photo') as File).text()).toBe('x\r\n--y');
  });

  test('numbers of a JSON body keep their digits, in YAML and in JSON scenarios', () => {
    const numbers = '[12345678901234567890, -9007199254740993, 0.12345678901234567890, 1.5, 7]';
    expect(withRequest(`    body: { a: ${numbers} }`).body).toBe(`{"a":${numbers.replaceAll(' ', '')}}`);
    const json = `{"target": {"ready": "GET /"}, "load": {"requests": [{"http": "POST /", "body": ${numbers}}]}}`;
    expect(read(json).load.requests[0]?.body).toBe(numbers.replaceAll(' ', ''));
  });

  test('expected bodies hold texts, an expression and JSON values to the last digit', () => {
    const body =
      'contains: a, matches: "^b+$", json: { $.id: 12345678901234567890, "$.s": "1", $.n: null, $.l: [1, x] }';
    expect(withRequest(`    expect: { body: { ${body} } }`).expect.body).toEqual({
      contains: ['a'],
      matches: '^b+$',
      json: { '$.id': '12345678901234567890', '$.s': '"1"', '$.n': 'null', '$.l': '[1,"x"]' },
    });
    expect(withRequest('    expect: { body: { contains: [1.10, b] } }').expect.body).toEqual({
      contains: ['1.10', 'b'],
    });
  });

  test('what is captured says from where', () => {
    const capture = '{ a: $.a, b: { header: Location, regex: "(\\\\d+)" }, c: { cookie: sid }, d: { regex: "x=(.)" } }';
    const { load } = read(`
target: { ready: GET / }
load:
  users: 3
  cookies: all
  prepare: [{ http: POST /login, capture: ${capture}, once: true, followRedirects: true, cookies: false }]
  requests: [{ http: "GET \${b}", capture: { b: { header: location } } }, { http: HEAD / }, { http: OPTIONS / }]
`);
    expect(load).toMatchObject({ users: 3, cookies: 'all' });
    expect(load.prepare[0]).toMatchObject({
      capture: {
        a: '$.a',
        b: { header: 'Location', regex: '(\\d+)' },
        c: { cookie: 'sid' },
        d: { regex: 'x=(.)' },
      },
      once: true,
      followRedirects: true,
      cookies: false,
    });
    expect(load.requests[0]?.capture).toEqual({ b: { header: 'location' } });
    expect(load.requests.map(({ method }) => method)).toEqual(['GET', 'HEAD', 'OPTIONS']);
  });

  test('a bodyFile that is not text is kept byte for byte, text and its byte-order mark too', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const read = (content: Uint8Array) => withRequest('    bodyFile: a.bin', { 'a.bin': content }).body;
    expect(read(bytes)).toEqual([{ base64: Buffer.from(bytes).toString('base64') }]);
    expect(read(Buffer.from('a\0b'))).toEqual([{ base64: 'YQBi' }]);
    expect(read(Buffer.from('\uFEFFž\r\n'))).toBe('\uFEFFž\r\n');
    expect(read(Buffer.from('${no} \xff', 'latin1'))).toEqual([{ base64: 'JHtub30g/w==' }]);
  });

  test('a text bodyFile may keep what looks like placeholders', () => {
    const kept = withRequest('    bodyFile: { file: a.sh, placeholders: false }', { 'a.sh': 'echo ${HOME} ${' });
    expect(kept.body).toEqual([{ base64: Buffer.from('echo ${HOME} ${').toString('base64') }]);
    expect(withRequest('    bodyFile: { file: a.sh }', { 'a.sh': '${n}' }).body).toBe('${n}');
  });

  test('bodyFile is read from what the caller read', () => {
    expect(withRequest('    bodyFile: q.json', { 'q.json': '{"q": "${n}"}' }).body).toBe('{"q": "${n}"}');
  });

  test.each([
    ['200', [[200, 200]]],
    ['2xx', [[200, 299]]],
    [
      '[200, 201, "3xx", "200-204"]',
      [
        [200, 204],
        [300, 399],
      ],
    ],
    [
      '["4xx", 304, "2xx", "300-303"]',
      [
        [200, 304],
        [400, 499],
      ],
    ],
  ])('the expected status %s means %j', (status, ranges) => {
    expect(withRequest(`    expect: { status: ${status} }`).expect.status).toEqual(
      ranges.map(([from, to]) => ({ from, to })),
    );
  });

  test('prepare requests capture values for what follows', () => {
    const { load } = read(
      `
target: { ready: GET / }
load:
  prepare:
    - { http: POST /login, capture: { token: "$.token", first: "$.items[0].id", odd: '$["x y"]' } }
    - { http: POST /items, headers: { authorization: "Bearer \${token}" }, body: { id: "\${n}" }, repeat: 50 }
  requests: [{ http: "GET /items/\${first}?q=\${data.the word}" }]
  data: words.csv
  timeout: 1m
  inFlight: 4
  latency: false
`,
      { 'words.csv': 'id,the word\r\n1,"a, b"\r\n2,c\r\n' },
    );
    expect(load.prepare[0]?.capture).toEqual({ token: '$.token', first: '$.items[0].id', odd: '$["x y"]' });
    expect(load.prepare[1]?.repeat).toBe(50);
    expect(load.requests[0]?.path).toBe('/items/${first}?q=${data.the word}');
    expect(load.data).toEqual({
      file: 'words.csv',
      columns: ['id', 'the word'],
      rows: [
        ['1', 'a, b'],
        ['2', 'c'],
      ],
    });
    expect([load.timeoutSeconds, load.inFlight, load.latency]).toEqual([60, 4, null]);
  });
});

describe('requests of one side', () => {
  const scenario = read(`
target: { ready: GET / }
load:
  prepare:
    - { side: base, http: POST /login, capture: { token: $.token } }
    - { side: head, http: POST /sessions, capture: { token: $.session.token, extra: $.extra } }
    - { http: "GET /me/\${token}" }
  requests: [{ http: "GET /\${token}" }, { http: "GET /\${extra}" }]
`);

  test('go to it alone, those of no side to both, in the order in which they are written', () => {
    const paths = (side: Side) => prepareOf(scenario, side).map(({ path }) => path);
    expect(paths('base')).toEqual(['/login', '/me/${token}']);
    expect(paths('head')).toEqual(['/sessions', '/me/${token}']);
  });

  test('change what is measured, and so the digest', () => {
    const without = read(
      'target: { ready: GET / }\nload: { prepare: [{ http: GET /a }], requests: [{ http: GET / }] }',
    );
    const own = read(
      'target: { ready: GET / }\nload: { prepare: [{ side: head, http: GET /a }], requests: [{ http: GET / }] }',
    );
    expect(own.digest).not.toBe(without.digest);
  });
});

describe('gates', () => {
  const gatesOf = (gates: string) => read(`${MINIMAL}gates: ${gates}`).gates;

  test('may have another limit where Go itself changes, beside their own or the default one', () => {
    const limit = (failRatio: number | null) => ({ failRatio, failAbsolute: null });
    expect(
      gatesOf('{ cpuNsPerRequest: { fail: "+2%", toolchain: "+5%" }, allocBytesPerRequest: { toolchain: "20%" } }'),
    ).toEqual({
      cpuNsPerRequest: { ...limit(0.02), toolchain: limit(0.05) },
      allocBytesPerRequest: { ...limit(null), toolchain: limit(0.2) },
    });
    expect(gatesOf('{ mallocsPerRequest: { toolchain: false } }')).toEqual({
      mallocsPerRequest: { ...limit(null), toolchain: false },
    });
  });

  test.each([
    ['{ cpuNsPerRequest: {} }', /gates\.cpuNsPerRequest.*expected `fail`, `toolchain` or both/],
    ['{ cpuNsPerRequest: { toolchain: "+0.1%" } }', /gates\.cpuNsPerRequest\.toolchain.*no run can decide/],
    ['{ cpuNsPerRequest: { toolchain: "+0.7%" } }', /gates\.cpuNsPerRequest\.toolchain.*measure: \{ tight: true \}/],
    ['{ cpuNsPerRequest: { toolchain: true } }', /gates\.cpuNsPerRequest\.toolchain/],
  ])('are refused with %s', (gates, message) => {
    expect(() => gatesOf(gates)).toThrow(message);
  });

  test('a limit is a ratio, or an amount where the metric is compared by difference', () => {
    expect(gatesOf('{ latencyP50Ms: { fail: "+10%" }, goroutineGrowthPerRequest: { fail: "0.01" } }')).toEqual({
      latencyP50Ms: { failRatio: 0.1, failAbsolute: null },
      goroutineGrowthPerRequest: { failRatio: null, failAbsolute: 0.01 },
    });
    expect(gatesOf('{ heapGrowthBytesPerRequest: { fail: 1KiB }, errorRatio: { fail: "0.1%" } }')).toEqual({
      heapGrowthBytesPerRequest: { failRatio: null, failAbsolute: 1024 },
      errorRatio: { failRatio: null, failAbsolute: 0.001 },
    });
  });

  test('of functions are the scenario’s own, none where it names none, and no part of its digest', () => {
    const gates =
      '{ functions: { main.encode: { alloc_space: "50%", cpu: "+5%" }, "main.(*cache).*": { cpu: "+20%" } } }';
    const scenario = read(`${MINIMAL}gates: ${gates}`);
    expect(scenario.functionGates).toEqual([
      { pattern: 'main.encode', profile: 'cpu', failRatio: 0.05 },
      { pattern: 'main.encode', profile: 'alloc_space', failRatio: 0.5 },
      { pattern: 'main.(*cache).*', profile: 'cpu', failRatio: 0.2 },
    ]);
    expect(scenario.gates).toEqual({});
    expect(read(MINIMAL)).not.toHaveProperty('functionGates');
    expect(scenario.digest).toBe(read(MINIMAL).digest);
  });

  test('true and default keep the default limit, false removes the gate', () => {
    expect(gatesOf('{ goroutines: true, latencyP99Ms: default, mallocsPerRequest: false }')).toEqual({
      goroutines: true,
      latencyP99Ms: true,
      mallocsPerRequest: false,
    });
  });
});

describe('the digest', () => {
  const base = read(MINIMAL).digest;
  const changed = (from: string | RegExp, to: string) => read(MINIMAL.replace(from, to)).digest;

  test('stays when only the name, the gates, the budget or the patience change', () => {
    expect(
      read(`name: other\n${MINIMAL}gates: { goroutines: false }\nmeasure: { budget: 5m, exact: off }`).digest,
    ).toBe(base);
    expect(changed('/healthz }', '/healthz, readyTimeout: 2m, stopTimeout: 1s }')).toBe(base);
  });

  test('stays when keys stand in another order or defaults are spelt out', () => {
    const reordered =
      'load: { timeout: 10s, requests: [{ weight: 1, http: GET /items }] }\ntarget: { cpus: 1, ready: GET /healthz }';
    expect(read(reordered).digest).toBe(base);
    const headers = (order: string) => withRequestDigest(`    headers: { ${order} }`);
    expect(headers('a: 1, b: 2')).toBe(headers('b: 2, a: 1'));
  });

  const withRequestDigest = (more: string) =>
    read(`target: { ready: GET / }\nload:\n  requests:\n  - http: POST /\n${more}`).digest;

  test.each([
    ['the service environment', '/healthz }', '/healthz, env: { A: b } }'],
    ['the build flags', '/healthz }', '/healthz, buildFlags: [-race] }'],
    ['a path', '/items', '/item'],
    ['the rate', '}] }', '}], latency: { rate: 10/s } }'],
    ['the requests in flight', '}] }', '}], inFlight: 2 }'],
  ])('changes with %s', (_, from, to) => expect(changed(from, to)).not.toBe(base));

  test('changes with the rows of the data, not with the name of their file', () => {
    const digest = (file: string, rows: string) =>
      read(MINIMAL.replace('}] }', `}], data: ${file} }`), { [file]: rows }).digest;
    expect(digest('a.csv', 'x\n1\n')).toBe(digest('b.csv', 'x\r\n1\r\n'));
    expect(digest('a.csv', 'x\n1\n')).not.toBe(digest('a.csv', 'x\n2\n'));
  });
});

describe('files a scenario names', () => {
  test('are listed once each, as written, even when the rest is invalid', () => {
    const text = `
target: { envFile: ../service.env, nonsense: 1 }
load:
  data: items.csv
  prepare: [{ bodyFile: login.json }]
  requests: [{ bodyFile: q.json }, { bodyFile: q.json }, 7, { multipart: { a: b, c: { file: cat.png } } }]
`;
    expect(referencedFiles(text, 'scenarios/shop.yml').toSorted()).toEqual([
      '../service.env',
      'cat.png',
      'items.csv',
      'login.json',
      'q.json',
    ]);
  });

  test.each(['', 'a: [', '7', '- a', 'load: 3\ntarget: [1]'])('are none in %j, and that is no error', (text) => {
    expect(referencedFiles(text, 'x.yml')).toEqual([]);
  });
});
